package resource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/state"
)

// Logins are the logins at registries in docker's configuration file of a user. Those of others in the same file stay.
// Which ones are ours is kept in the state file, by the registry's name.
type Logins struct {
	Path string
	Want []Login  // each server once
	Keep []string // origins of which is not known what is wanted: what we have of them stays
}

// Login is a login with where it comes from.
type Login struct {
	registry.Login
	From string
}

// ID is logins:PATH.
func (l Logins) ID() string { return "logins:" + l.Path }

// Stage is FileStage.
func (l Logins) Stage() Stage { return FileStage }

// Equal compares all fields.
func (l Logins) Equal(other any) bool {
	o, ok := other.(Logins)
	return ok && o.Path == l.Path && slices.Equal(o.Want, l.Want) && slices.Equal(o.Keep, l.Keep)
}

// Plan compares the file with what is wanted, and our notes with both.
func (l Logins) Plan(_ context.Context, sys *System) (*Change, error) {
	gone := l.gone(sys.State.Logins)
	if len(l.Want) == 0 && len(gone) == 0 {
		return nil, nil
	}
	have, err := readFile(sys.Host, l.Path)
	if err != nil {
		return nil, l.damaged(err)
	}
	info, err := sys.Host.Lstat(l.Path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return nil, l.damaged(errors.New("it is a link"))
	}
	file, err := registry.ParseLogins(have.content)
	if err != nil {
		return nil, l.damaged(err)
	}
	put, note, drop := l.compare(sys.State.Logins, file, gone)
	var causes []string
	for _, login := range put {
		causes = append(causes, "login at "+login.Server+" of "+login.From)
	}
	for _, server := range drop {
		causes = append(causes, "no login at "+server+" any more")
	}
	if len(causes) == 0 && have.exists && len(l.Want) > 0 && have.mode != 0o600 {
		causes = append(causes, fmt.Sprintf("mode %04o, wanted 0600", have.mode))
	}
	if len(causes) == 0 && len(note) == 0 && len(gone) == 0 {
		return nil, nil
	}
	return &Change{Cause: sentence(causes), Silent: len(causes) == 0, Apply: func(context.Context) error {
		for _, login := range note {
			sys.State.Logins[login.Server] = state.Login{From: login.From, Trouble: state.LoginDue}
		}
		if len(causes) > 0 {
			// Ours before it is there: a kill in between must not leave a login that nobody takes away.
			if err := sys.State.Save(); err != nil {
				return err
			}
			if err := l.write(sys.Host, file, have, put, drop); err != nil {
				return err
			}
		}
		for _, server := range gone {
			delete(sys.State.Logins, server)
		}
		return nil
	}}, nil
}

// gone lists the servers with a login of ours that nobody wants any more.
func (l Logins) gone(ours map[string]state.Login) []string {
	var gone []string
	for _, server := range slices.Sorted(maps.Keys(ours)) {
		wanted := slices.ContainsFunc(l.Want, func(w Login) bool { return w.Server == server })
		if !wanted && !slices.Contains(l.Keep, ours[server].From) {
			gone = append(gone, server)
		}
	}
	return gone
}

// compare tells which logins have to be written, which of them have to be noted as ours and asked about, and which are
// there and have to go. A server that keeps its login while another origin asks for it is noted, too.
func (l Logins) compare(ours map[string]state.Login, file registry.Logins, gone []string) (put, note []Login, drop []string) {
	for _, login := range l.Want {
		has := file.Has(login.Login)
		if !has {
			put = append(put, login)
		}
		if !has || ours[login.Server].From != login.From {
			note = append(note, login)
		}
	}
	for _, server := range gone {
		if file.Knows(server) {
			drop = append(drop, server)
		}
	}
	return put, note, drop
}

func (l Logins) write(h Host, file registry.Logins, have fileOnDisk, put []Login, drop []string) error {
	for _, login := range put {
		if err := file.Put(login.Login); err != nil {
			return err
		}
	}
	for _, server := range drop {
		file.Drop(server)
	}
	if file.Empty() {
		return h.Remove(l.Path)
	}
	content, err := file.Content()
	if err != nil {
		return fmt.Errorf("cannot encode %s: %w", l.Path, err)
	}
	if err := h.MkdirAll(path.Dir(l.Path), 0o700); err != nil {
		return err
	}
	return h.WriteFile(l.Path, content, host.FileMeta{Mode: 0o600, UID: have.uid, GID: have.gid})
}

// damaged says that the file is not touched. Whose logins are in it nobody can know.
func (l Logins) damaged(err error) error {
	var origins []string
	for _, login := range l.Want {
		origins = append(origins, login.From)
	}
	slices.Sort(origins)
	whose := cmp.Or(strings.Join(slices.Compact(origins), " and "), "logins that are not wanted any more")
	return condition.NewBlocked(fmt.Sprintf("%s: cannot change %s: %v; mend the file or move it away", whose, l.Path, err))
}
