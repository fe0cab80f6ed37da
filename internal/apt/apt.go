package apt

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/host"
)

const (
	retries    = 3                // of what may pass by itself
	retryPause = 10 * time.Second // between them; operators know the number from the log
	lockWait   = "60"             // seconds that apt itself waits for its lock, where it knows how to (2.0 and newer)
	listsAge   = 24 * time.Hour   // after which the package lists are fetched anew before an installation
	listsPath  = "/var/lib/apt/lists"

	installTime   = 30 * time.Minute // a slow mirror and a large package
	updateTime    = 10 * time.Minute
	configureTime = 15 * time.Minute
	markTime      = time.Minute
)

// Apt changes packages. Its methods must not run at the same time as each other.
type Apt struct {
	Host   *host.Host
	Runner host.Runner
	Log    func(message string)                             // told about each retry and each step that takes long
	Now    func() time.Time                                 // to tell the age of the package lists
	Sleep  func(ctx context.Context, d time.Duration) error // waits, or ends sooner with ctx's error

	waits int // retries so far
}

// Options are choices of one installation.
type Options struct {
	NoRecommends bool // leave out packages that are merely recommended
}

// Install installs those of the packages that are not yet there, keeping the configuration files that are. A name may
// carry a version ("docker.io=20.10*"); another version is then changed to it. Nothing is run if all are installed.
//
// The package lists are fetched first if there are none or they are older than a day, and once if a package is unknown
// or gone from the server. An interrupted dpkg is mended once. Locks and faults of the network are retried, 10 seconds
// apart, three times in the life of an Apt, which is one hook: the next hook goes on. What then stays is an *Error, which
// is also given for a package that is not installed although apt-get reported success.
func (a *Apt) Install(ctx context.Context, names []string, options Options) error {
	for _, name := range names {
		if !validName(name) {
			return &Error{Kind: UnknownPackage, Names: names, Message: fmt.Sprintf("cannot install %q: that is no name of a package", name)}
		}
	}
	missing, err := a.missing(names)
	if err != nil || len(missing) == 0 {
		return err
	}
	run := attempt{apt: a}
	if a.listsOld() {
		run.update(ctx)
	}
	args := []string{"install"}
	if options.NoRecommends {
		args = []string{"--no-install-recommends", "install"}
	}
	if err := run.do(ctx, append(args, missing...), missing, installTime); err != nil {
		return err
	}
	left, err := a.missing(missing)
	if err == nil && len(left) > 0 {
		err = &Error{Names: left, Message: fmt.Sprintf("cannot install %s: apt-get reports success but dpkg does not list it as installed", strings.Join(left, " "))}
	}
	return err
}

// Update fetches the package lists, with the retries of Install. That single repositories fail is no error to apt-get
// as long as it has an older list of theirs.
func (a *Apt) Update(ctx context.Context) error {
	run := attempt{apt: a, updated: true}
	err := run.do(ctx, []string{"update"}, nil, updateTime)
	if err == nil && run.partial != nil {
		a.Log(run.partial.Error())
	}
	return err
}

// Hold keeps the packages at the version they have. Those not installed or held already are passed over.
func (a *Apt) Hold(ctx context.Context, names ...string) error {
	return a.mark(ctx, "hold", false, names)
}

// Unhold lets the packages be upgraded again. Those not held are passed over.
func (a *Apt) Unhold(ctx context.Context, names ...string) error {
	return a.mark(ctx, "unhold", true, names)
}

func (a *Apt) mark(ctx context.Context, verb string, held bool, names []string) error {
	packages, err := Packages(a.Host, names...)
	if err != nil {
		return err
	}
	args := []string{verb}
	for _, name := range names {
		if pkg := packages[name]; pkg.Held == held && (held || pkg.State != StateAbsent) {
			args = append(args, name)
		}
	}
	if len(args) == 1 {
		return nil
	}
	output, err := a.Runner.Run(ctx, host.Command{Name: "apt-mark", Args: args, Timeout: markTime})
	if err != nil {
		return &Error{Kind: classify(output), Names: args[1:], Message: err.Error(), Err: err}
	}
	return nil
}

// missing returns the packages that are not installed, or not in the version their name carries.
func (a *Apt) missing(names []string) ([]string, error) {
	var plain []string
	for _, name := range names {
		bare, _, _ := strings.Cut(name, "=")
		plain = append(plain, bare)
	}
	packages, err := Packages(a.Host, plain...)
	if err != nil {
		return nil, err
	}
	var missing []string
	for i, name := range names {
		pkg := packages[plain[i]]
		_, version, pinned := strings.Cut(name, "=")
		if pkg.State != StateInstalled || (pinned && !versionFits(version, pkg.Version)) {
			missing = append(missing, name)
		}
	}
	return missing, nil
}

// versionFits compares as apt-get does: the wanted version may end in "*".
func versionFits(want, has string) bool {
	if prefix, ok := strings.CutSuffix(want, "*"); ok {
		return strings.HasPrefix(has, prefix)
	}
	return want == has
}

// validName reports whether text is a package name of Debian policy 5.6.1, perhaps with an architecture and a version.
// apt-get takes "-x" for an option, "name-" for a request to remove and "/file" for a package file.
func validName(text string) bool {
	name, version, pinned := strings.Cut(text, "=")
	if pinned && (version == "" || strings.Trim(version, versionCharacters) != "") {
		return false
	}
	name, architecture, foreign := strings.Cut(name, ":")
	if foreign && (architecture == "" || strings.Trim(architecture, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || architecture[0] == '-') {
		return false
	}
	const alphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789"
	return len(name) >= 2 && strings.IndexByte(alphanumeric, name[0]) >= 0 && !strings.HasSuffix(name, "-") &&
		strings.Trim(name, alphanumeric+"+-.") == ""
}

const versionCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-~:*"

// listsOld reports whether there are no package lists or the last fetching is longer ago than a day. Fetching leaves
// unchanged lists their date but always touches one of the directories.
func (a *Apt) listsOld() bool {
	entries, err := a.Host.ReadDir(listsPath)
	if err != nil || !slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return strings.Contains(e.Name(), "_Packages")
	}) {
		return true
	}
	var fetched time.Time
	for _, p := range []string{listsPath, path.Join(listsPath, "partial")} {
		if info, err := a.Host.Stat(p); err == nil && info.ModTime().After(fetched) {
			fetched = info.ModTime()
		}
	}
	return a.Now().Sub(fetched) > listsAge
}
