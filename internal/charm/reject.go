package charm

import (
	"context"
	"fmt"
	"strings"

	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/systemd"
	"kubernetes-worker/internal/worker"
)

// reject notices that a daemon which this invocation has started with new options does not live with them, so that the
// ones before come back into force at once, and stays aware of it until the options or the kubelet change.
func (r *run) reject(ctx context.Context, f *worker.Facts) {
	f.Rejected = map[string]string{}
	for name, judged := range worker.Judged() {
		present, before := fingerprint(r.session.Snapshot().Config, judged, *f), fingerprint(r.state.GoodOptions, judged, *f)
		unit := r.seen.Units[name]
		known := r.rejection(name).Options == present
		// docker's start is only done when docker says so, and fails otherwise.
		ended := unit.Crashing() && (r.system.Restarts[name] > 0 || name == worker.DockerUnit && r.system.Tried(name) && unit.Result == "exit-code")
		if !known && ended && f.LastGood != nil && present != before {
			r.noteRejection(name, state.Rejection{Options: present, Reason: r.lastWords(ctx, unit)})
			known = true
		}
		if known {
			f.Rejected[name] = r.rejection(name).Reason
		}
	}
}

func (r *run) rejection(unit string) state.Rejection {
	if unit == worker.KubeletUnit {
		return r.state.Rejected
	}
	return r.state.RejectedBy[unit]
}

func (r *run) noteRejection(unit string, rejection state.Rejection) {
	switch {
	case unit == worker.KubeletUnit:
		r.state.Rejected = rejection
	case r.state.RejectedBy == nil:
		r.state.RejectedBy = map[string]state.Rejection{unit: rejection}
	default:
		r.state.RejectedBy[unit] = rejection
	}
}

// fingerprint tells apart all that an operator can make a daemon end with, which comes with a kubelet of one version.
func fingerprint(config map[string]any, judged []options.Option, f worker.Facts) string {
	var text []byte
	for _, option := range judged {
		text = fmt.Appendf(text, "%q ", config[string(option)])
	}
	return state.Fingerprint(fmt.Appendf(text, "%s", f.KubeletVersion))
}

// lastWords is the line that says most of what a daemon printed before it ended: the last that speaks of an error.
func (r *run) lastWords(ctx context.Context, unit systemd.Unit) string {
	reason := fmt.Sprintf("exit status %d", unit.ExitStatus)
	lines, err := systemd.Journal{Runner: unitRunner{r.machine.runner}}.Last(ctx, unit.Name, 20)
	if err != nil {
		return reason
	}
	for _, line := range lines {
		if strings.Contains(line, "err=") || strings.HasPrefix(line, "Error") || strings.Contains(line, "rror:") || strings.Contains(line, "unknown flag: ") ||
			strings.Contains(line, "failed to start daemon: ") {
			reason = line
		}
	}
	const longest = 200 // a status is read in one line
	if len(reason) > longest {
		reason = strings.ToValidUTF8(reason[:longest], "") + "…"
	}
	return reason
}
