package options

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Defaults of the options that name packages. They are names of 2018: what NVIDIA's come to today is decided where the
// packages are chosen.
const (
	DefaultDockerPackage        = "docker-ce"
	DefaultNvidiaDockerPackage  = "nvidia-docker2"
	DefaultNvidiaRuntimePackage = "nvidia-container-runtime"
	defaultCUDARepo             = "10.0.130-1"
	defaultKeyServer            = "http://keyserver.ubuntu.com:80"
)

// RuntimePackages are the options about where docker and the NVIDIA runtime come from.
type RuntimePackages struct {
	Docker        string // docker-ce-package, as apt takes it: a name, perhaps with =VERSION
	NvidiaDocker  string // nvidia-docker-package
	NvidiaRuntime string // nvidia-container-runtime-package
	CUDARepo      string // cuda_repo; empty: no drivers from NVIDIA's repository
	KeyServer     string // apt-key-server as the URL that it stands for; empty: none
}

func defaultRuntimePackages() RuntimePackages {
	return RuntimePackages{
		Docker: DefaultDockerPackage, NvidiaDocker: DefaultNvidiaDockerPackage, NvidiaRuntime: DefaultNvidiaRuntimePackage,
		CUDARepo: defaultCUDARepo, KeyServer: defaultKeyServer,
	}
}

func readPackage(into func(*Options) *string) func(*reader) error {
	return func(r *reader) error {
		text, ok, err := r.text()
		if err != nil || !ok {
			return err
		}
		text = strings.TrimSpace(text)
		name, version, pinned := strings.Cut(text, "=")
		const alphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789"
		if len(name) < 2 || !strings.Contains(alphanumeric, name[:1]) || strings.HasSuffix(name, "-") || strings.Trim(name, alphanumeric+"+-.") != "" ||
			pinned && !isVersion(strings.TrimSuffix(version, "*")) {
			return fmt.Errorf("%q is no name of a package; write NAME or NAME=VERSION", shorten(text))
		}
		*into(r.into) = text
		return nil
	}
}

// isVersion goes by Debian policy 5.6.12, without its finer points.
func isVersion(text string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return text != "" && strings.Trim(text, letters+"0123456789.+-~:") == "" && strings.Contains("0123456789", text[:1])
}

func readCUDARepo(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	text = strings.TrimSpace(text)
	if text != "" && !isVersion(text) {
		return fmt.Errorf("%q is no version of a package; write one such as %s, or nothing for a machine with drivers of its own", shorten(text), defaultCUDARepo)
	}
	r.into.Packages.CUDARepo = text
	return nil
}

// readKeyServer takes what gpg takes: hkp is HTTP at a port of its own, hkps is HTTPS.
func readKeyServer(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	text = strings.TrimSpace(text)
	if text == "" {
		r.into.Packages.KeyServer = ""
		return nil
	}
	advice := errors.New("it is no address of a key server; write it as hkp://host:port or https://host")
	if !strings.Contains(text, "://") {
		text = "hkp://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || strings.ContainsAny(text, " \"'\\") || hasControl(text) {
		return advice // the parser's own message repeats the value, which may hold a password
	}
	if u.User != nil {
		return errors.New("it holds a user name or a password, which key servers do not take; write it as hkp://host:port or https://host")
	}
	if u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return advice
	}
	server := url.URL{Scheme: u.Scheme, Host: u.Host}
	switch u.Scheme {
	case "http", "https":
	case "hkps":
		server.Scheme = "https"
	case "hkp":
		server.Scheme = "http"
		if u.Port() == "" {
			server.Host = net.JoinHostPort(u.Hostname(), "11371")
		}
	default:
		return advice
	}
	r.into.Packages.KeyServer = server.String()
	return nil
}
