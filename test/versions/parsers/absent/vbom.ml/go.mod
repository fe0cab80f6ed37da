// Kubernetes 1.16 names a module vbom.ml/util that no proxy has any more. Nothing of it is linked.
module vbom.ml/util

go 1.12
