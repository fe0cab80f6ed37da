package apt_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"kubernetes-worker/internal/apt"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/host/hosttest"
)

const (
	download = "--option=Acquire::http::Timeout=20 --option=Acquire::http::Dl-Limit=256 --option=Acquire::https::Timeout=20 " +
		"--option=Acquire::https::Dl-Limit=256 --option=Acquire::Retries=1 download-file "
	containerd = "Package: containerd\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 1.7\n\n"
)

func TestAChangeNamesWhatGoesAndIsOneStep(t *testing.T) {
	m := newMachine(t)
	m.write(t, curl+containerd)
	m.runner.On("install docker.io containerd-", m.installs(t))
	if err := m.Change(context.Background(), []string{"docker.io"}, []string{"containerd"}, apt.Options{NoRecommends: true}); err != nil {
		t.Fatal(err)
	}
	m.wantRuns(t, common+"--no-install-recommends --allow-change-held-packages install docker.io containerd-")
}

func TestAPinnedVersionMayBeAnOlderOne(t *testing.T) {
	m := newMachine(t)
	m.runner.On("install docker.io=20.10*", m.installs(t))
	if err := m.Change(context.Background(), []string{"docker.io=20.10*"}, nil, apt.Options{}); err != nil {
		t.Fatal(err)
	}
	m.wantRuns(t, common+"--allow-change-held-packages --allow-downgrades install docker.io=20.10*")
}

func TestAvailableFetchesListsAndPackagesAndChangesNothing(t *testing.T) {
	m := newMachine(t)
	m.runner.On("update").On("install docker.io curl-")
	if err := m.Available(context.Background(), []string{"docker.io"}, []string{"curl"}, apt.Options{}); err != nil {
		t.Fatal(err)
	}
	m.wantRuns(t, common+"update", common+"--download-only --allow-change-held-packages install docker.io curl-")
}

// With a repository away apt-get knows no such package; what is to be told is that it is away.
func TestARepositoryThatIsAwayIsTheReason(t *testing.T) {
	m := newMachine(t)
	m.runner.On("update", hosttest.Answer{Stderr: "W: Failed to fetch https://repo.test/InRelease  Could not resolve 'repo.test'\n"}).
		On("install docker.io", fails(t, "unknown"))
	err := m.Available(context.Background(), []string{"docker.io"}, nil, apt.Options{})
	if apt.KindOf(err) != apt.Network || !strings.Contains(err.Error(), "repo.test") {
		t.Errorf("kind %d of %v", apt.KindOf(err), err)
	}
}

func TestWhatIsNoNameIsNotAskedForInAChange(t *testing.T) {
	for _, names := range [][2]string{{"-o", "curl"}, {"docker.io", "--purge"}, {"docker.io", "curl-"}} {
		m := newMachine(t)
		if err := m.Change(context.Background(), names[:1], names[1:], apt.Options{}); apt.KindOf(err) != apt.UnknownPackage {
			t.Errorf("%v: %v", names, err)
		}
		m.wantRuns(t)
	}
}

func TestAChangeThatAptOnlyClaimsIsNotBelieved(t *testing.T) {
	m := newMachine(t)
	m.runner.On("install docker.io")
	if err := m.Change(context.Background(), []string{"docker.io"}, nil, apt.Options{}); err == nil {
		t.Error("a package that is not there passes for installed")
	}
}

func TestADownloadGoesThroughAptAndLeavesNothingBehind(t *testing.T) {
	const file = "/etc/apt/keyrings/x.download"
	m := newMachine(t)
	line := m.Host.Path("/usr/lib/apt/apt-helper") + " " + download + "https://repo.test/gpg " + m.Host.Path(file)
	m.runner.On("download-file https://repo.test/gpg "+m.Host.Path(file), hosttest.Answer{Do: func(host.Command) {
		if err := m.Host.WriteFile(file, []byte("key"), host.FileMeta{Mode: 0o644}); err != nil {
			t.Error(err)
		}
	}})
	content, err := m.Download(context.Background(), "https://repo.test/gpg", file)
	if err != nil || string(content) != "key" {
		t.Errorf("%q, %v", content, err)
	}
	m.wantRuns(t, line)
	if _, err := m.Host.Stat(file); err == nil {
		t.Error("the file is left behind")
	}
}

func TestADownloadThatFailsSaysWhyInShort(t *testing.T) {
	for stderr, want := range map[string]struct {
		kind   apt.Kind
		reason string
	}{
		"Err:1 https://repo.test/gpg\n  404  Not Found [IP: 192.0.2.1 443]\nE: Failed to fetch https://repo.test/gpg  404  Not Found [IP: 192.0.2.1 443]\nE: Download Failed\n": {
			apt.Other, "cannot fetch https://repo.test/gpg: 404  Not Found [IP: 192.0.2.1 443]"},
		"E: Failed to fetch https://repo.test/gpg  Could not resolve 'repo.test'\nE: Download Failed\n": {
			apt.Network, "cannot fetch https://repo.test/gpg: Could not resolve 'repo.test'"},
		"E: The method driver /usr/lib/apt/methods/https could not be found.\n": {
			apt.Other, "cannot fetch https://repo.test/gpg: The method driver /usr/lib/apt/methods/https could not be found."},
	} {
		m := newMachine(t)
		m.runner.On("download-file", hosttest.Answer{Code: 100, Stderr: stderr}).On("", hosttest.Answer{Code: 100, Stderr: stderr})
		_, err := m.Download(context.Background(), "https://repo.test/gpg", "/etc/apt/keyrings/x.download")
		var failure *apt.Error
		if !errors.As(err, &failure) || failure.Kind != want.kind || err.Error() != want.reason {
			t.Errorf("kind %d of %v, want %d of %s", apt.KindOf(err), err, want.kind, want.reason)
		}
	}
}

func TestAFileThatIsTooLargeForAKeyIsNotRead(t *testing.T) {
	const file = "/etc/apt/keyrings/x.download"
	m := newMachine(t)
	m.runner.On(m.Host.Path(file), hosttest.Answer{Do: func(host.Command) {
		if err := m.Host.WriteFile(file, make([]byte, 1<<20+1), host.FileMeta{Mode: 0o644}); err != nil {
			t.Error(err)
		}
	}})
	if _, err := m.Download(context.Background(), "https://repo.test/gpg", file); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Error(err)
	}
}
