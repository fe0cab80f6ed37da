// The programs of this directory are built once for each release, with the go.mod and go.sum of ../modules/1.N. This file
// only keeps them out of the module around them.
module kubernetes-worker/test/versions/parsers

go 1.26
