package resource

import (
	"context"
	"errors"
	"io/fs"
)

// TakenOver is a daemon that runs already when the charm meets it for the first time, configured by the charm's forerunner.
// If it was started with files that mean the same as those that are wanted, it is noted as started with the wanted ones:
// they can be written then, and the daemon reads them when it starts the next time. Otherwise nothing is done, and Service
// decides by what it finds.
type TakenOver struct {
	Service Service
	// Reads are the files that it was started with.
	Reads []string
	// Differs tells in what they differ from what is wanted, by what they mean. A file that is not there is not in have.
	Differs func(have map[string][]byte) []string
	// Adopt notes what else is known then, before it is noted.
	Adopt func(sys *System)
}

// ID is taken-over:UNIT.
func (t TakenOver) ID() string { return "taken-over:" + t.Service.Unit }

// Stage is Sources: before anything of the forerunner's is replaced.
func (t TakenOver) Stage() Stage { return Sources }

// Equal compares the service.
func (t TakenOver) Equal(other any) bool {
	o, ok := other.(TakenOver)
	return ok && o.Service.Equal(t.Service)
}

// Plan looks at a daemon of which nothing is known but that it runs.
func (t TakenOver) Plan(ctx context.Context, sys *System) (*Change, error) {
	if _, known := sys.State.Services[t.Service.Unit]; known {
		return nil, nil
	}
	unit, err := sys.unit(ctx, t.Service.Unit)
	if err != nil || !unit.Running() || unit.StartedAt.IsZero() {
		return nil, err
	}
	have := map[string][]byte{}
	for _, path := range t.Reads {
		info, err := sys.Host.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if info.ModTime().After(unit.StartedAt) {
			return nil, nil // it has not read that
		}
		if have[path], err = sys.Host.ReadFile(path); err != nil {
			return nil, err
		}
	}
	if differences := t.Differs(have); len(differences) > 0 {
		return nil, nil
	}
	return &Change{Cause: "runs on: the charm before has configured it in the same way", Apply: func(context.Context) error {
		if t.Adopt != nil {
			t.Adopt(sys)
		}
		return t.Service.record(sys)
	}}, nil
}
