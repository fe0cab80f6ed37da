package runtime_test

import (
	"testing"

	"kubernetes-worker/internal/runtime"
)

func TestRegistryFiles(t *testing.T) {
	show := func(base string, files []runtime.RegistryFile) []runtime.File {
		var all []runtime.File
		for _, f := range files {
			content := f.Content
			if f.Target != "" {
				content = []byte("leads to " + f.Target + "\n")
			}
			all = append(all, runtime.File{Path: base + "/" + f.Name, Content: content})
		}
		return all
	}
	for name, r := range map[string]runtime.Registry{
		"registry-tls":    {Netloc: "registry.test:5000", CA: []byte("PEM\n")},
		"registry-client": {Netloc: "[fd00::9]:5000", CA: []byte("PEM\n"), ClientCert: "/root/cdk/client.crt", ClientKey: "/root/cdk/client.key"},
		"registry-plain":  {Netloc: "registry.test:5000", ClientCert: "/root/cdk/client.crt", ClientKey: "/root/cdk/client.key"},
	} {
		golden(t, name, append(show(runtime.DockerCertsDir+"/"+r.Netloc, runtime.DockerRegistryFiles(r)),
			show(runtime.RegistryHostsDir+"/"+r.Netloc, runtime.ContainerdRegistryFiles(r))...))
	}
}
