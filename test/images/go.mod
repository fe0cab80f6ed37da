module kubernetes-worker/test/images

go 1.26.0
