package options

import (
	"errors"
	"strings"

	"kubernetes-worker/internal/nagios"
)

// readNagiosContext takes what can stand at the beginning of a host's name.
func readNagiosContext(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	text = strings.TrimSpace(text)
	if reason := nagios.CheckName(text); text != "" && reason != "" {
		return errors.New("it " + reason + "; set it to a name such as juju")
	}
	r.into.NagiosContext = text
	return nil
}

func readNagiosServicegroups(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	text = strings.TrimSpace(text)
	if reason := nagios.CheckGroups(text); reason != "" {
		return errors.New("it " + reason + "; write the groups' names, separated by commas")
	}
	r.into.NagiosServicegroups = text
	return nil
}

// ServiceGroups are the groups that checks belong to.
func (o Options) ServiceGroups() string {
	if o.NagiosServicegroups == "" {
		return o.NagiosContext
	}
	return o.NagiosServicegroups
}
