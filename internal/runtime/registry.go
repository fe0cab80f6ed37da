package runtime

import "fmt"

// Where docker looks for what it needs to reach a registry; containerd's place is RegistryHostsDir. Both read it at each
// pull, so nothing restarts for it.
const (
	DockerCertsDir = "/etc/docker/certs.d"
	// RegistryCAFile is the name of our file with a registry's authority, beside whatever others put there.
	RegistryCAFile = "juju-docker-registry.crt"
	// RegistryHostsFile is containerd's description of one registry.
	RegistryHostsFile = "hosts.toml"
)

// RegistryNames are all names of files that the functions below give, what names another one first.
func RegistryNames() []string {
	return []string{RegistryHostsFile, RegistryCAFile, "client.cert", "client.key"}
}

// Registry is a registry that another charm runs.
type Registry struct {
	Netloc     string // host or host:port
	CA         []byte // PEM; empty: there is nothing to check it by
	ClientCert string // path of the certificate to show to a registry that asks for one; empty: none
	ClientKey  string
}

// RegistryFile is a file, or with a target a link, in the directory of one registry.
type RegistryFile struct {
	Name    string
	Content []byte
	Target  string
}

// DockerRegistryFiles is what docker needs to reach a registry over TLS. One without is an option of the daemon.
func DockerRegistryFiles(r Registry) []RegistryFile {
	if len(r.CA) == 0 {
		return nil
	}
	files := []RegistryFile{{Name: RegistryCAFile, Content: r.CA}}
	if r.ClientCert != "" {
		files = append(files, RegistryFile{Name: "client.cert", Target: r.ClientCert}, RegistryFile{Name: "client.key", Target: r.ClientKey})
	}
	return files
}

// ContainerdRegistryFiles is what containerd needs to reach a registry: with TLS its authority, without it leave to do as
// docker does with an insecure registry, TLS with any certificate first and plain HTTP after that.
func ContainerdRegistryFiles(r Registry) []RegistryFile {
	if len(r.CA) == 0 {
		return []RegistryFile{{Name: RegistryHostsFile, Content: fmt.Appendf(nil, `%sserver = %s

[host.%s]
  capabilities = ["pull", "resolve"]
  skip_verify = true

[host.%s]
  capabilities = ["pull", "resolve"]
`, generated, tomlString("http://"+r.Netloc), tomlString("https://"+r.Netloc), tomlString("http://"+r.Netloc))}}
	}
	hosts := fmt.Appendf(nil, `%sserver = %s

[host.%s]
  capabilities = ["pull", "resolve"]
  ca = %s
`, generated, tomlString("https://"+r.Netloc), tomlString("https://"+r.Netloc), tomlString(RegistryHostsDir+"/"+r.Netloc+"/"+RegistryCAFile))
	if r.ClientCert != "" {
		hosts = fmt.Appendf(hosts, "  client = [[%s, %s]]\n", tomlString(r.ClientCert), tomlString(r.ClientKey))
	}
	// The authority first: containerd must not find a description that names a file which is not there.
	return []RegistryFile{{Name: RegistryCAFile, Content: r.CA}, {Name: RegistryHostsFile, Content: hosts}}
}
