//go:build kube1.12 && !kube1.16

package main

import (
	"github.com/spf13/pflag"
	"k8s.io/apiserver/pkg/util/flag"
)

func normalize(set *pflag.FlagSet, name string) pflag.NormalizedName {
	return flag.WordSepNormalizeFunc(set, name)
}
