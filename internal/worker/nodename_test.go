package worker_test

import (
	"testing"

	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/relation/cloud"
	"kubernetes-worker/internal/worker"
)

func TestNodeNameIsTheFullOneWhereAWSLooksForIt(t *testing.T) {
	const short, full = "juju-1", "juju-1.ec2.internal"
	old, late := kubeversion.Version{Major: 1, Minor: 26}, kubeversion.Version{Major: 1, Minor: 28}
	inAWS := func(f *worker.Facts) { f.Cloud.Name = cloud.AWS }
	outside := func(f *worker.Facts) { f.Cluster.XCP = true }
	made := func(by string) func(*worker.Facts) { return func(f *worker.Facts) { f.Cloud.Maker = by } }
	argument := func(f *worker.Facts) {
		f.Options, _ = options.Parse(map[string]any{"kubelet-extra-args": "cloud-provider=aws"})
	}
	for name, c := range map[string]struct {
		is        []func(*worker.Facts)
		before    string
		installed kubeversion.Version
		want      string
	}{
		"no cloud":                                         {nil, "", old, short},
		"the kubelet's own provider":                       {[]func(*worker.Facts){inAWS}, "", old, full},
		"related before the integrator is ready":           {[]func(*worker.Facts){inAWS}, short, old, full},
		"which kubelet is not known yet":                   {[]func(*worker.Facts){inAWS}, "", kubeversion.Version{}, full},
		"no provider at all":                               {[]func(*worker.Facts){inAWS}, "", late, short},
		"no provider any more":                             {[]func(*worker.Facts){inAWS}, full, late, full},
		"a provider outside":                               {[]func(*worker.Facts){inAWS, outside}, "", late, full},
		"a provider outside, no relation":                  {[]func(*worker.Facts){outside, made("Amazon EC2")}, "", late, full},
		"a provider outside, elsewhere":                    {[]func(*worker.Facts){outside, made("VMware, Inc.")}, "", late, short},
		"an Amazon machine, no provider":                   {[]func(*worker.Facts){made("Amazon EC2")}, "", late, short},
		"another cloud":                                    {[]func(*worker.Facts){func(f *worker.Facts) { f.Cloud.Name = cloud.GCP }}, "", old, short},
		"a person's argument":                              {[]func(*worker.Facts){argument}, "", old, full},
		"a person's argument, and a relation knows better": {[]func(*worker.Facts){argument, func(f *worker.Facts) { f.Cloud.Name = cloud.GCP }}, "", old, short},
		"the relation is gone":                             {nil, full, old, short},
	} {
		f := joined()
		f.Hostname, f.FQDN = "Juju-1", "Juju-1.EC2.internal"
		for _, change := range c.is {
			change(&f)
		}
		if got := worker.NodeName(f, c.before, c.installed); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
