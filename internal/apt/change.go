package apt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/host"
)

const (
	downloadTime = time.Minute
	// helper is apt's own downloader: it goes through the proxies that apt is set up with.
	helper = "/usr/lib/apt/apt-helper"
	// keyLimit is far above the size of any key, in KiB a second and in bytes.
	keyRate, keyLimit = "256", 1 << 20
)

// Available makes sure that Change can be made: the lists are fetched anew, apt-get agrees to the whole change, and all
// that it takes is downloaded. Nothing is installed or removed.
func (a *Apt) Available(ctx context.Context, install, remove []string, options Options) error {
	args, err := changeArgs(install, remove, options)
	if err != nil {
		return err
	}
	run := attempt{apt: a}
	run.update(ctx)
	return run.do(ctx, append([]string{"--download-only"}, args...), install, installTime)
}

// Change installs packages in the place of others in one step, so that what was there stays if what is wanted cannot be
// had. Configuration files and data of the removed ones stay, and packages that are held are changed, too.
func (a *Apt) Change(ctx context.Context, install, remove []string, options Options) error {
	args, err := changeArgs(install, remove, options)
	if err != nil {
		return err
	}
	run := attempt{apt: a}
	if err := run.do(ctx, args, install, installTime); err != nil {
		return err
	}
	left, err := a.missing(install)
	if err == nil && len(left) > 0 {
		err = &Error{Names: left, Message: fmt.Sprintf("cannot install %s: apt-get reports success but dpkg does not list it as installed", strings.Join(left, " "))}
	}
	return err
}

// changeArgs asks for the removals by name, so that it is not apt that chooses what goes.
func changeArgs(install, remove []string, options Options) ([]string, error) {
	var args []string
	if options.NoRecommends {
		args = append(args, "--no-install-recommends")
	}
	args = append(args, "--allow-change-held-packages")
	if slices.ContainsFunc(install, func(name string) bool { return strings.Contains(name, "=") }) {
		args = append(args, "--allow-downgrades")
	}
	args = append(append(args, "install"), install...)
	for _, name := range slices.Concat(install, remove) {
		if !validName(name) {
			return nil, &Error{Kind: UnknownPackage, Names: install, Message: fmt.Sprintf("cannot install %q: that is no name of a package", name)}
		}
	}
	for _, name := range remove {
		args = append(args, name+"-")
	}
	return args, nil
}

// Download gives what is at a URL, by way of a file of that name, which is removed again. It is meant for what is small.
func (a *Apt) Download(ctx context.Context, url, file string) ([]byte, error) {
	if err := a.Host.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	defer func() { _ = a.Host.Remove(file) }()
	if err := a.Host.MkdirAll(path.Dir(file), 0o755); err != nil { // older releases have no /etc/apt/keyrings
		return nil, err
	}
	var args []string
	for _, scheme := range []string{"http", "https"} {
		args = append(args, "--option=Acquire::"+scheme+"::Timeout=20", "--option=Acquire::"+scheme+"::Dl-Limit="+keyRate)
	}
	output, err := a.Runner.Run(ctx, host.Command{
		Name: a.Host.Path(helper), Args: append(args, "--option=Acquire::Retries=1", "download-file", url, a.Host.Path(file)), Timeout: downloadTime,
	})
	if err != nil {
		kind := classify(output)
		if kind == Stale { // of a package it would say that the lists are old
			kind = Other
		}
		return nil, &Error{Kind: kind, Message: fmt.Sprintf("cannot fetch %s: %s", url, lastError(output, err)), Err: err}
	}
	info, err := a.Host.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("cannot fetch %s: %w", url, err)
	}
	if info.Size() > keyLimit {
		return nil, &Error{Message: fmt.Sprintf("cannot fetch %s: it is larger than %d bytes", url, keyLimit)}
	}
	return a.Host.ReadFile(file)
}

// lastError is the last line of apt's own that says what is wrong, without the address, which the caller knows.
func lastError(output host.Output, err error) string {
	for _, line := range slices.Backward(strings.Split(string(output.Stderr), "\n")) {
		if text, ok := strings.CutPrefix(line, "E: "); ok && text != "" && text != "Download Failed" {
			if words := strings.SplitN(text, "  ", 2); strings.HasPrefix(text, "Failed to fetch ") && len(words) == 2 {
				return strings.TrimSpace(words[1])
			}
			return text
		}
	}
	return err.Error()
}
