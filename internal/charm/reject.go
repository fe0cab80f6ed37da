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

// reject notices that the kubelet which this invocation has started with new options does not live with them, so that the
// ones before come back into force at once, and stays aware of it until the options or the kubelet change.
func (r *run) reject(ctx context.Context, f *worker.Facts) {
	present, before := kubeletOptions(r.session.Snapshot().Config, *f), kubeletOptions(r.state.GoodOptions, *f)
	unit := r.seen.Units[worker.KubeletUnit]
	known := r.state.Rejected.Options == present
	if !known && r.system.Restarts[worker.KubeletUnit] > 0 && unit.Crashing() && f.LastGood != nil && present != before {
		r.state.Rejected = state.Rejection{Options: present, Reason: r.lastWords(ctx, unit)}
		known = true
	}
	if known {
		f.Rejected = r.state.Rejected.Reason
	}
}

// kubeletOptions tells apart all that an operator can make a kubelet of one version end with.
func kubeletOptions(config map[string]any, f worker.Facts) string {
	return state.Fingerprint(fmt.Appendf(nil, "%q %q %s",
		config[string(options.KubeletExtraArgs)], config[string(options.KubeletExtraConfig)], f.KubeletVersion))
}

// lastWords is the line that says most of what a daemon printed before it ended: the last that speaks of an error.
func (r *run) lastWords(ctx context.Context, unit systemd.Unit) string {
	reason := fmt.Sprintf("exit status %d", unit.ExitStatus)
	lines, err := systemd.Journal{Runner: unitRunner{r.machine.runner}}.Last(ctx, worker.KubeletUnit, 20)
	if err != nil {
		return reason
	}
	for _, line := range lines {
		if strings.Contains(line, "err=") || strings.HasPrefix(line, "Error") || strings.Contains(line, "rror:") {
			reason = line
		}
	}
	const longest = 200 // a status is read in one line
	if len(reason) > longest {
		reason = strings.ToValidUTF8(reason[:longest], "") + "…"
	}
	return reason
}
