package resource

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kubernetes-worker/internal/host"
)

// groupFile lists groups and their members, see group(5).
const groupFile = "/etc/group"

// Member is that a user belongs to a group. It is made so once: a person who takes the user out again is not contradicted.
type Member struct {
	User, Group string
	Needs       []string
}

// ID is member:USER:GROUP.
func (m Member) ID() string { return "member:" + m.User + ":" + m.Group }

// Stage is FileStage.
func (m Member) Stage() Stage { return FileStage }

// Requires names the resources that must be in place.
func (m Member) Requires() []string { return m.Needs }

// Equal compares user and group.
func (m Member) Equal(other any) bool {
	o, ok := other.(Member)
	return ok && o.User == m.User && o.Group == m.Group
}

// Plan looks into the list of groups, unless it was done before. A group that is not there cannot be joined.
func (m Member) Plan(_ context.Context, sys *System) (*Change, error) {
	if slices.Contains(sys.State.Members, m.ID()) {
		return nil, nil
	}
	file, err := readFile(sys.Host, groupFile)
	if err != nil {
		return nil, err
	}
	members, found := membersOf(string(file.content), m.Group)
	if !found {
		return nil, nil
	}
	note := func(context.Context) error {
		sys.State.Members = append(sys.State.Members, m.ID())
		return sys.State.Save()
	}
	if slices.Contains(members, m.User) {
		return &Change{Silent: true, Apply: note}, nil
	}
	return &Change{Cause: fmt.Sprintf("%s may use %s", m.User, m.Group), Apply: func(ctx context.Context) error {
		if _, err := sys.Run.Run(ctx, host.Command{Name: "usermod", Args: []string{"-aG", m.Group, m.User}}); err != nil {
			return wrap("add "+m.User+" to the group "+m.Group, err)
		}
		return note(ctx)
	}}, nil
}

func membersOf(groups, name string) (members []string, found bool) {
	for line := range strings.Lines(groups) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) == 4 && fields[0] == name {
			return strings.Split(fields[3], ","), true
		}
	}
	return nil, false
}
