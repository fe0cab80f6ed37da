package apt

import (
	"context"
	"strings"
	"time"

	"kubernetes-worker/internal/host"
)

// attempt is one request with its remedies, each of which is used once.
type attempt struct {
	apt       *Apt
	updated   bool  // the lists were fetched, or their fetching is the request itself
	updateErr error // why they could not be
	mended    bool  // an interrupted dpkg was told to finish
	partial   error // what a successful run said it could not fetch
}

// do runs apt-get with args until it succeeds, no remedy is left or ctx ends.
func (t *attempt) do(ctx context.Context, args, names []string, limit time.Duration) error {
	for {
		output, failure := t.apt.run(ctx, args, names, limit)
		if failure == nil {
			t.partial = partialUpdate(output)
			return nil
		}
		if ctx.Err() != nil {
			return failure
		}
		switch kind := failure.Kind; {
		case failure.Transient() && t.apt.waits < retries:
			t.apt.waits++
			t.apt.Log(retryMessage(kind))
			if err := t.apt.Sleep(ctx, retryPause); err != nil {
				return failure
			}
		case (kind == UnknownPackage || kind == Stale) && !t.updated:
			t.update(ctx)
		case kind == Interrupted && !t.mended:
			t.mended = true
			t.apt.Log("An earlier installation was interrupted. Finishing it")
			if _, failure := t.apt.configure(ctx); failure != nil {
				return failure
			}
		case (kind == UnknownPackage || kind == Stale) && t.updateErr != nil:
			// With fresh lists the package might be there: what kept them from being fetched is the cause.
			return t.updateErr
		default:
			return failure
		}
	}
}

// update fetches the lists once. Its failure counts only if a package is not found with the lists there are.
func (t *attempt) update(ctx context.Context) {
	t.updated = true
	inner := attempt{apt: t.apt, updated: true, mended: t.mended}
	if t.updateErr = inner.do(ctx, []string{"update"}, nil, updateTime); t.updateErr == nil {
		t.updateErr = inner.partial
	}
	t.mended = inner.mended
	if t.updateErr != nil {
		t.apt.Log(t.updateErr.Error())
	}
}

// partialUpdate returns what `apt-get update` could not fetch although it reports success: it does so when it is left
// with the lists it had, be they empty. nil if there is nothing.
func partialUpdate(output host.Output) error {
	for line := range strings.Lines(string(output.Stderr)) {
		if cause, ok := strings.CutPrefix(line, "W: Failed to fetch "); ok {
			return &Error{Kind: classify(output), Message: "cannot fetch all package lists: " + strings.TrimSpace(cause)}
		}
	}
	return nil
}

func retryMessage(kind Kind) string {
	if kind == Locked {
		return "Couldn't acquire DPKG lock. Will retry in 10 seconds"
	}
	return "Couldn't reach a package server. Will retry in 10 seconds"
}

// run runs apt-get once.
func (a *Apt) run(ctx context.Context, args, names []string, limit time.Duration) (host.Output, *Error) {
	common := []string{
		"--assume-yes",
		"--option=Dpkg::Options::=--force-confold",
		"--option=DPkg::Lock::Timeout=" + lockWait,
	}
	return a.command(ctx, "apt-get", append(common, args...), names, limit)
}

// configure lets dpkg finish what was interrupted.
func (a *Apt) configure(ctx context.Context) (host.Output, *Error) {
	return a.command(ctx, "dpkg", []string{"--force-confold", "--configure", "-a"}, nil, configureTime)
}

func (a *Apt) command(ctx context.Context, name string, args, names []string, limit time.Duration) (host.Output, *Error) {
	output, err := a.Runner.Run(ctx, host.Command{
		Name: name,
		Args: args,
		Env: []string{
			"DEBIAN_FRONTEND=noninteractive",
			// Ubuntu's needrestart would restart daemons after an installation, ours among them; a restart needs a cause.
			"NEEDRESTART_SUSPEND=1",
		},
		Timeout: limit,
	})
	if err == nil {
		return output, nil
	}
	return output, &Error{Kind: classify(output), Names: names, Message: err.Error(), Err: err}
}
