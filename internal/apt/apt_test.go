package apt_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/apt"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/host/hosttest"
)

const (
	common  = "apt-get --assume-yes --option=Dpkg::Options::=--force-confold --option=DPkg::Lock::Timeout=60 "
	dpkg    = "dpkg --force-confold --configure -a"
	status  = "/var/lib/dpkg/status"
	lists   = "/var/lib/apt/lists/archive_dists_jammy_main_binary-amd64_Packages"
	curl    = "Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.81.0-1\n\n"
	docker  = "Package: docker.io\nStatus: install ok installed\nArchitecture: amd64\nVersion: 20.10.12-0ubuntu4\n\n"
	lockLog = "Couldn't acquire DPKG lock. Will retry in 10 seconds"
	netLog  = "Couldn't reach a package server. Will retry in 10 seconds"
)

// machine is a tree with package lists and curl, a runner and what was logged and waited.
type machine struct {
	*apt.Apt
	runner *hosttest.Runner
	log    []string
	waited []time.Duration
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	h := hosttest.Tree(t, map[string]string{status: curl, lists: "", "/var/lib/apt/lists/partial/": ""})
	m := &machine{runner: hosttest.NewRunner()}
	m.Apt = &apt.Apt{
		Host:   h,
		Runner: m.runner,
		Log:    func(message string) { m.log = append(m.log, message) },
		Now:    time.Now,
		Sleep: func(_ context.Context, d time.Duration) error {
			m.waited = append(m.waited, d)
			return nil
		},
	}
	return m
}

// installs is an answer that has the effect of a successful installation of docker.io.
func (m *machine) installs(t *testing.T) hosttest.Answer {
	return hosttest.Answer{Do: func(host.Command) { m.write(t, curl+docker) }}
}

func (m *machine) write(t *testing.T, text string) {
	t.Helper()
	if err := m.Host.WriteFile(status, []byte(text), host.FileMeta{Mode: 0o644}); err != nil {
		t.Error(err)
	}
}

func fails(t *testing.T, text string) hosttest.Answer {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata/texts", text+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return hosttest.Answer{Code: 100, Stderr: string(content)}
}

func (m *machine) wantRuns(t *testing.T, want ...string) {
	t.Helper()
	if got := m.runner.Lines(); !slices.Equal(got, want) {
		t.Errorf("ran\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestInstallRunsAptOnceWithoutQuestions(t *testing.T) {
	m := newMachine(t)
	m.runner.On("install docker.io", m.installs(t))
	if err := m.Install(context.Background(), []string{"curl", "docker.io"}, apt.Options{}); err != nil {
		t.Fatal(err)
	}
	m.wantRuns(t, common+"install docker.io")
	command := m.runner.Commands()[0]
	if want := []string{"DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_SUSPEND=1"}; !slices.Equal(command.Env, want) {
		t.Errorf("environment %q, want %q", command.Env, want)
	}
	if command.Timeout < time.Minute || command.Stdin != nil {
		t.Errorf("timeout %v, input %q", command.Timeout, command.Stdin)
	}
	if err := m.Install(context.Background(), []string{"docker.io"}, apt.Options{}); err != nil {
		t.Fatal(err)
	}
	m.wantRuns(t, common+"install docker.io")
}

func TestRecommendedPackagesAreLeftOutOnlyWhenAsked(t *testing.T) {
	m := newMachine(t)
	m.runner.On("install docker.io", m.installs(t))
	if err := m.Install(context.Background(), []string{"docker.io"}, apt.Options{NoRecommends: true}); err != nil {
		t.Fatal(err)
	}
	m.wantRuns(t, common+"--no-install-recommends install docker.io")
}

func TestWantedVersionIsCompared(t *testing.T) {
	for _, test := range []struct {
		name string
		runs int
	}{{"curl=7.81.0-1", 0}, {"curl=7.81*", 0}, {"curl=7.82*", 1}, {"curl=7.81", 1}} {
		m := newMachine(t)
		m.runner.On("install curl")
		err := m.Install(context.Background(), []string{test.name}, apt.Options{})
		if len(m.runner.Lines()) != test.runs || (err != nil) != (test.runs == 1) {
			t.Errorf("%s: ran %q, %v", test.name, m.runner.Lines(), err)
		}
	}
}

func TestWhatIsNoPackageNameNeverReachesApt(t *testing.T) {
	for _, name := range []string{"", "a", "-o", "--yes", "docker-", "/tmp/x.deb", "./x", "Docker", "a b", "docker.io/jammy", "docker.io=", "x1=1 2", "x1:", "x1:-a", "x1=1;y", "é1"} {
		m := newMachine(t)
		err := m.Install(context.Background(), []string{"docker.io", name}, apt.Options{})
		if apt.KindOf(err) != apt.UnknownPackage || len(m.runner.Lines()) != 0 {
			t.Errorf("%q: %v, ran %q", name, err, m.runner.Lines())
		}
	}
	m := newMachine(t)
	m.runner.On("install g++ libc6:i386 x1=1:2.3~rc1+b-4*")
	if err := m.Install(context.Background(), []string{"g++", "libc6:i386", "x1=1:2.3~rc1+b-4*"}, apt.Options{}); len(m.runner.Lines()) != 1 {
		t.Error(err)
	}
}

func TestPassingFaultsAreRetriedThreeTimes(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		kind apt.Kind
		log  string
	}{
		"lock of dpkg":    {"locked-frontend", apt.Locked, lockLog},
		"lock of lists":   {"locked-lists", apt.Locked, lockLog},
		"server is away":  {"network-refused", apt.Network, netLog},
		"server is busy":  {"network-503", apt.Network, netLog},
		"no name service": {"network-resolve", apt.Network, netLog},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.runner.On("install docker.io", fails(t, test.text), fails(t, test.text), fails(t, test.text), m.installs(t))
			if err := m.Install(context.Background(), []string{"docker.io"}, apt.Options{}); err != nil {
				t.Error(err)
			}
			pause := 10 * time.Second
			if !slices.Equal(m.waited, []time.Duration{pause, pause, pause}) || !slices.Equal(m.log, []string{test.log, test.log, test.log}) {
				t.Errorf("waited %v, logged %q", m.waited, m.log)
			}

			m = newMachine(t)
			m.runner.On("install docker.io", fails(t, test.text))
			err := m.Install(context.Background(), []string{"docker.io"}, apt.Options{})
			var failure *apt.Error
			if !errors.As(err, &failure) || failure.Kind != test.kind || !failure.Transient() || len(m.runner.Lines()) != 4 {
				t.Errorf("%v after %d runs", err, len(m.runner.Lines()))
			}
			var command *host.CommandError
			if !errors.As(err, &command) || command.Code != 100 || !strings.HasPrefix(err.Error(), "cannot run apt-get install: exit status 100: ") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestFaultsThatStayAreNotRetried(t *testing.T) {
	for text, kind := range map[string]apt.Kind{"broken-unmet": apt.Broken, "full-cache": apt.DiskFull, "full-unpack": apt.DiskFull} {
		m := newMachine(t)
		m.runner.On("install docker.io", fails(t, text))
		err := m.Install(context.Background(), []string{"docker.io"}, apt.Options{})
		var failure *apt.Error
		if !errors.As(err, &failure) || failure.Kind != kind || failure.Transient() || len(m.runner.Lines()) != 1 || len(m.waited) != 0 {
			t.Errorf("%s: %v, ran %q", text, err, m.runner.Lines())
		}
	}
}

func TestListsAreFetchedOnceForAPackageThatIsUnknownOrGone(t *testing.T) {
	for _, text := range []string{"unknown", "version", "stale-404"} {
		m := newMachine(t)
		m.runner.On("install docker.io", fails(t, text), m.installs(t)).On("update")
		if err := m.Install(context.Background(), []string{"docker.io"}, apt.Options{}); err != nil {
			t.Error(err)
		}
		m.wantRuns(t, common+"install docker.io", common+"update", common+"install docker.io")

		m = newMachine(t)
		m.runner.On("install docker.io", fails(t, text)).On("update")
		err := m.Install(context.Background(), []string{"docker.io"}, apt.Options{})
		if kind := apt.KindOf(err); kind != apt.UnknownPackage && kind != apt.Stale {
			t.Error(err)
		}
		m.wantRuns(t, common+"install docker.io", common+"update", common+"install docker.io")
	}
}

func TestListsThatAreMissingOrOldAreFetchedFirst(t *testing.T) {
	for name, prepare := range map[string]func(*machine) error{
		"no directory": func(m *machine) error { return m.Host.RemoveAll("/var/lib/apt/lists") },
		"no lists":     func(m *machine) error { return m.Host.Remove(lists) },
		"old lists": func(m *machine) error {
			m.Now = func() time.Time { return time.Now().Add(25 * time.Hour) }
			return nil
		},
	} {
		m := newMachine(t)
		if err := prepare(m); err != nil {
			t.Fatal(err)
		}
		m.runner.On("install docker.io", m.installs(t)).On("update")
		if err := m.Install(context.Background(), []string{"docker.io"}, apt.Options{}); err != nil {
			t.Error(err)
		}
		if got, want := m.runner.Lines(), []string{common + "update", common + "install docker.io"}; !slices.Equal(got, want) {
			t.Errorf("%s: ran %q, want %q", name, got, want)
		}
	}
}

// With the servers away apt-get update succeeds with a warning and the package is then unknown: the network is to blame.
func TestUnknownPackageBehindAnUnreachableServerIsAFaultOfTheNetwork(t *testing.T) {
	warning := strings.ReplaceAll(fails(t, "network-refused").Stderr, "E: ", "W: ")
	for name, update := range map[string]hosttest.Answer{"update warns": {Stderr: warning}, "update fails": fails(t, "network-refused")} {
		m := newMachine(t)
		m.runner.On("install docker.io", fails(t, "unknown")).On("update", update)
		err := m.Install(context.Background(), []string{"docker.io"}, apt.Options{})
		if apt.KindOf(err) != apt.Network || !strings.Contains(err.Error(), "Connection refused") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInterruptedDpkgIsMendedOnce(t *testing.T) {
	m := newMachine(t)
	m.runner.On("install docker.io", fails(t, "interrupted"), m.installs(t)).On(dpkg)
	if err := m.Install(context.Background(), []string{"docker.io"}, apt.Options{}); err != nil {
		t.Error(err)
	}
	m.wantRuns(t, common+"install docker.io", dpkg, common+"install docker.io")

	m = newMachine(t)
	m.runner.On("install docker.io", fails(t, "interrupted")).On(dpkg)
	if err := m.Install(context.Background(), []string{"docker.io"}, apt.Options{}); apt.KindOf(err) != apt.Interrupted {
		t.Error(err)
	}
	m.wantRuns(t, common+"install docker.io", dpkg, common+"install docker.io")

	m = newMachine(t)
	m.runner.On("install docker.io", fails(t, "interrupted")).On(dpkg, fails(t, "full-unpack"))
	if err := m.Install(context.Background(), []string{"docker.io"}, apt.Options{}); apt.KindOf(err) != apt.DiskFull {
		t.Error(err)
	}
	m.wantRuns(t, common+"install docker.io", dpkg)
}

func TestEndOfTheHookEndsTheRetries(t *testing.T) {
	m := newMachine(t)
	ctx, cancel := context.WithCancel(context.Background())
	m.Sleep = func(ctx context.Context, _ time.Duration) error {
		cancel()
		return host.Wait(ctx, time.Hour)
	}
	m.runner.On("install docker.io", fails(t, "locked-frontend"))
	if err := m.Install(ctx, []string{"docker.io"}, apt.Options{}); apt.KindOf(err) != apt.Locked || len(m.runner.Lines()) != 1 {
		t.Errorf("%v, ran %q", err, m.runner.Lines())
	}
	m = newMachine(t)
	m.runner.On("install docker.io", fails(t, "unknown"))
	if err := m.Install(ctx, []string{"docker.io"}, apt.Options{}); !errors.Is(err, context.Canceled) || len(m.runner.Lines()) != 1 {
		t.Errorf("%v, ran %q", err, m.runner.Lines())
	}
}

func TestWaitEndsByItself(t *testing.T) {
	if err := host.Wait(context.Background(), time.Nanosecond); err != nil {
		t.Error(err)
	}
}

func TestSuccessThatInstalledNothingIsAnError(t *testing.T) {
	m := newMachine(t)
	m.runner.On("install docker.io")
	err := m.Install(context.Background(), []string{"curl", "docker.io"}, apt.Options{})
	if err == nil || err.Error() != "cannot install docker.io: apt-get reports success but dpkg does not list it as installed" {
		t.Error(err)
	}
}

func TestUpdateSaysWhatCouldNotBeFetched(t *testing.T) {
	m := newMachine(t)
	m.runner.On("update", hosttest.Answer{Stderr: "W: Failed to fetch http://a/InRelease  Could not resolve 'a'\nW: Some index files failed to download."})
	if err := m.Update(context.Background()); err != nil {
		t.Error(err)
	}
	if want := []string{"cannot fetch all package lists: http://a/InRelease  Could not resolve 'a'"}; !slices.Equal(m.log, want) {
		t.Errorf("logged %q, want %q", m.log, want)
	}
	m = newMachine(t)
	m.runner.On("update", fails(t, "network-503"), hosttest.Answer{})
	if err := m.Update(context.Background()); err != nil || len(m.waited) != 1 {
		t.Errorf("%v, waited %v", err, m.waited)
	}
}

func TestHoldActsOnlyOnWhatIsNotHeldYet(t *testing.T) {
	m := newMachine(t)
	held := strings.Replace(docker, "install ok", "hold ok", 1)
	m.write(t, curl+held)
	m.runner.On("apt-mark hold").On("apt-mark unhold")
	if err := m.Hold(context.Background(), "docker.io", "absent"); err != nil {
		t.Error(err)
	}
	if err := m.Unhold(context.Background(), "curl", "absent"); err != nil {
		t.Error(err)
	}
	m.wantRuns(t)
	if err := m.Hold(context.Background(), "docker.io", "curl"); err != nil {
		t.Error(err)
	}
	if err := m.Unhold(context.Background(), "docker.io", "curl"); err != nil {
		t.Error(err)
	}
	m.wantRuns(t, "apt-mark hold curl", "apt-mark unhold docker.io")
	m.runner.On("apt-mark unhold", fails(t, "locked-frontend"))
	if err := m.Unhold(context.Background(), "docker.io"); apt.KindOf(err) != apt.Locked {
		t.Error(err)
	}
}
