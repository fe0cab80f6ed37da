package options

import (
	"errors"
	"strings"

	"kubernetes-worker/internal/arguments"
)

func readKubeletExtraArgs(r *reader) error { return r.extraArgs(&r.into.KubeletExtraArgs) }

func readProxyExtraArgs(r *reader) error { return r.extraArgs(&r.into.ProxyExtraArgs) }

// extraArgs takes all items or none: half of a person's arguments may be worse than the last good ones.
func (r *reader) extraArgs(into *[]arguments.Argument) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	args, problems := arguments.Parse(string(r.option), text)
	if len(problems) > 0 {
		reasons := make([]string, 0, len(problems))
		for _, p := range problems {
			reasons = append(reasons, strings.TrimPrefix(p.Error(), p.Option+": "))
		}
		return errors.New(strings.Join(reasons, "; "))
	}
	*into = args
	return nil
}
