module kubernetes-worker/test/snaps

go 1.26.0
