package kube

// DecodeNode is for the fuzz target.
var DecodeNode = decodeNode
