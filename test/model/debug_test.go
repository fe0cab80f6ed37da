package model

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unpacked is what is in an archive of the machine, by name.
func (w *World) unpacked(name string) map[string]string {
	w.T.Helper()
	file, err := os.Open(filepath.Join(w.Root, name))
	w.must(err)
	defer file.Close()
	plain, err := gzip.NewReader(file)
	w.must(err)
	files := map[string]string{}
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		w.must(err)
		content, err := io.ReadAll(archive)
		w.must(err)
		files[header.Name] = string(content)
	}
}

func (w *World) script(name, content string) {
	w.T.Helper()
	dir := filepath.Join(w.Root, charmPath, "debug-scripts")
	w.must(os.MkdirAll(dir, 0o755))
	w.must(os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+content), 0o755))
}

func TestDebugCollectsWithoutSecrets(t *testing.T) {
	t.Parallel()
	const loginPassword = "L0ginPassw0rdCanary"
	w := Joined(t, Options{Config: map[string]string{
		"http_proxy":    "http://user:" + proxyPassword + "@proxy.test:3128",
		"docker-logins": `[{"server": "registry.test", "username": "u", "password": "` + loginPassword + `"}]`,
	}})
	secrets := append(w.secrets(), loginPassword)
	all := strings.Join(secrets, "\n")
	w.put("var/log/juju/unit-kubernetes-worker-0.log", "seen: "+all+"\nall the rest\n")
	w.put("standin/journal", "told: "+all+"\n")
	w.put("var/log/pods/default_web_uid/app/0.log", "the app says "+all+"\n")
	w.put("tmp/.keep", "")
	w.script("own", `echo "where: $(pwd) $DEBUG_SCRIPT_DIR"; cat "`+w.Root+`/root/cdk/kubeconfig" >"$DEBUG_SCRIPT_DIR/kubeconfig"; cat "`+w.Root+`/root/cdk/server.key"; exit 3`)

	result := w.completes("debug", nil)
	archive, _ := result.Results["path"].(string)
	if !strings.HasPrefix(archive, "/home/ubuntu/debug-2") || !strings.HasSuffix(archive, ".tar.gz") ||
		result.Results["command"] != "juju scp kubernetes-worker/0:"+archive+" ." ||
		result.Results["message"] != "Archive has been created on unit kubernetes-worker/0. Use the juju scp command to copy it to your local machine." {
		t.Fatalf("results %v", result.Results)
	}
	info, err := os.Stat(filepath.Join(w.Root, archive))
	w.must(err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %04o", info.Mode().Perm())
	}
	files := w.unpacked(archive)
	top := strings.TrimSuffix(filepath.Base(archive), ".tar.gz")
	for name, want := range map[string]string{
		"charm-unitdata/unitdata.json":                        `"node-name": "worker-0"`,
		"juju-logs/unit-kubernetes-worker-0.log":              "all the rest",
		"juju-network-get/relations/kube-control":             "ingress-addresses",
		"filesystem/df-hT":                                    "Filesystem",
		"tls-certs/server.crt":                                "BEGIN CERTIFICATE",
		"kubernetes-worker-services/kubelet-journal":          "standin: the last words of a daemon",
		"containerd/ctr-images":                               "",
		"containerd/container-logs/default_web_uid/app/0.log": "the app says",
		"own/stdout":     "where: " + filepath.Join(w.Root, charmPath) + " " + w.Root + "/tmp/kubernetes-worker-debug-",
		"own/kubeconfig": "token: ",
		"debug.log":      "| ERROR: own failed with exit code 3\n",
	} {
		if content, there := files[top+"/"+name]; !there && name != "containerd/ctr-images" || !strings.Contains(content, want) {
			t.Errorf("%s: %v %q, want it with %q", name, there, content, want)
		}
	}
	if !strings.Contains(files[top+"/debug.log"], "| Running script: filesystem\n") {
		t.Errorf("debug.log:\n%s", files[top+"/debug.log"])
	}
	// There is no kubectl here, as if no API server answered it: that is found out once.
	if n := strings.Count(files[top+"/debug.log"], "| ERROR: kubectl failed"); n != 2 || !strings.Contains(files[top+"/debug.log"], "kubectl failed: it is asked nothing else") {
		t.Errorf("debug.log has %d lines about kubectl:\n%s", n, files[top+"/debug.log"])
	}
	for name, content := range files {
		for _, secret := range secrets {
			if strings.Contains(content, secret) {
				t.Errorf("%s holds a secret (%.4s…)", name, secret)
			}
		}
		if !strings.HasPrefix(name, top+"/") {
			t.Errorf("%s is beside the top", name)
		}
	}
	if left, err := filepath.Glob(filepath.Join(w.Root, "tmp/kubernetes-worker-debug-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	w.WantStatus("active", running)
	w.must(os.Remove(filepath.Join(w.Root, "var/log/juju/unit-kubernetes-worker-0.log")))
	w.must(os.RemoveAll(filepath.Join(w.Root, "var/log/pods")))
}

func TestDebugWorksWhereNothingElseDoes(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	w.DeployWorker()
	w.Settle()
	w.must(os.Remove(filepath.Join(w.Root, "var/lib/dpkg/status")))
	w.put("var/lib/dpkg/status/.keep", "") // which no package can be read from
	archive := w.completes("debug", nil).Results["path"].(string)
	files := w.unpacked(archive)
	if !slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(name string) bool { return strings.HasSuffix(name, "/charm-unitdata/unitdata.json") }) {
		t.Errorf("%d files", len(files))
	}
}

func TestADebugThatIsKilledLeavesNothingThatTheNextDoesNotRemove(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.put("tmp/.keep", "")
	w.script("own", "kill -9 $PPID")
	if result := w.act("debug", nil); result.Status != "failed" {
		t.Fatalf("%+v", result)
	}
	left := func() []string {
		var all []string
		for _, pattern := range []string{"home/ubuntu/.debug-*", "tmp/kubernetes-worker-debug-*"} {
			found, err := filepath.Glob(filepath.Join(w.Root, pattern))
			w.must(err)
			all = append(all, found...)
		}
		return all
	}
	if len(left()) != 2 {
		t.Fatalf("the killed one left %q", left())
	}
	w.must(os.RemoveAll(filepath.Join(w.Root, charmPath, "debug-scripts")))
	w.completes("debug", nil)
	if all := left(); len(all) > 0 {
		t.Errorf("the next one left %q", all)
	}
}

func TestDebugKnowsDocker(t *testing.T) {
	t.Parallel()
	w := cleanable(t, DockerChannel)
	archive := w.completes("debug", nil).Results["path"].(string)
	files := w.unpacked(archive)
	top := strings.TrimSuffix(filepath.Base(archive), ".tar.gz")
	for name, want := range map[string]string{
		"docker/docker-ps": "web", "docker/docker-images": "registry.test/web", "docker/docker-version": "", "docker/docker-info": "",
		"docker/container-logs/web": "web says that its password is",
	} {
		if content, there := files[top+"/"+name]; !there || !strings.Contains(content, want) {
			t.Errorf("%s: %v %q, want it with %q", name, there, content, want)
		}
	}
	for name, content := range files {
		if strings.Contains(name, "/containerd/") {
			t.Errorf("%s is of no use", name)
		}
		if strings.Contains(content, EnginePassword) {
			t.Errorf("%s holds a password", name)
		}
	}
}

func TestDebugWithoutRoomFailsWithTheReason(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.must(os.RemoveAll(filepath.Join(w.Root, "home/ubuntu")))
	w.fails("debug", nil, "home/ubuntu")
}
