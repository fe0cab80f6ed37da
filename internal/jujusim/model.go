package jujusim

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	charm "github.com/juju/charm/v12"
)

// Options says how a model runs. Only Dir and, for New, Juju are required.
type Options struct {
	// Dir is the model directory. Everything the model knows is in it.
	Dir string
	// Juju is the release to imitate: 2.9, 3.6, 4.0 or a full version that starts so. Open ignores it.
	Juju string
	// Name is the model's name; "default" when empty.
	Name string
	// Binary is a program whose main calls RunHelper: it serves as the hook tools and starts the hooks. Empty means the
	// running program. It has to be static where a machine has a root of its own.
	Binary string
	// Progress receives one line for each thing that happens; nil drops them.
	Progress func(line string)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Retries is how often a failed hook is run again by Settle before the unit is left in error.
	Retries int
	// RetryDelay is the wait before the given attempt (from 1); nil means none. JujuRetryDelay is what Juju does.
	RetryDelay func(attempt int) time.Duration
	// HookTimeout ends a hook that never ends; 30 minutes when zero.
	HookTimeout time.Duration
	// MaxHooks bounds the hooks of one Settle; 500 when zero.
	MaxHooks int
	// Together has units on different machines run their hooks at the same time, as their agents do; Progress is then
	// called by several goroutines. Without it each hook sees what the one before it did, and a run can be repeated.
	Together bool
}

// JujuRetryDelay is the real agent's growing delay: 5 seconds, doubled each time, at most 5 minutes.
func JujuRetryDelay(attempt int) time.Duration {
	delay := 5 * time.Second
	for ; attempt > 1 && delay < 5*time.Minute; attempt-- {
		delay *= 2
	}
	return min(delay, 5*time.Minute)
}

// Model is one simulated Juju model. Its methods may be called from several goroutines, but those that run hooks
// (Settle, Step, RunAction) take turns.
type Model struct {
	options    Options
	generation Generation
	store      *store
	running    sync.Mutex // held while a hook runs

	mu     sync.Mutex // guards what follows
	state  *modelState
	charms map[string]charm.Charm // by application and revision
	log    *logFile
}

// New bootstraps a model in an empty directory.
func New(options Options) (*Model, error) {
	generation, err := ParseGeneration(options.Juju)
	if err != nil {
		return nil, err
	}
	m, err := prepare(options)
	if err != nil {
		return nil, err
	}
	if m.store.exists() {
		m.store.close()
		return nil, fmt.Errorf("cannot bootstrap: %s holds a model already", m.store.dir)
	}
	name := options.Name
	if name == "" {
		name = "default"
	}
	uuid, err := newUUID()
	if err != nil {
		m.store.close()
		return nil, err
	}
	m.generation = generation
	m.state = &modelState{
		Juju: generation.Version, Name: name, UUID: uuid, Config: map[string]string{}, NextAction: 1,
		Machines: map[string]*machineState{}, Apps: map[string]*appState{}, Units: map[string]*unitState{},
		Relations: map[string]*relationState{}, Secrets: map[string]*secretState{},
	}
	return m, m.start()
}

// Open continues a model that New made.
func Open(options Options) (*Model, error) {
	m, err := prepare(options)
	if err != nil {
		return nil, err
	}
	if m.state, err = m.store.load(); err == nil {
		m.generation, err = ParseGeneration(m.state.Juju)
	}
	if err != nil {
		m.store.close()
		return nil, err
	}
	return m, m.start()
}

func prepare(options Options) (*Model, error) {
	if options.Dir == "" {
		return nil, errors.New("cannot open a model without a directory")
	}
	if options.Binary == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("cannot find the running program: %w", err)
		}
		options.Binary = self
	}
	if options.Progress == nil {
		options.Progress = func(string) {}
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.RetryDelay == nil {
		options.RetryDelay = func(int) time.Duration { return 0 }
	}
	if options.HookTimeout == 0 {
		options.HookTimeout = 30 * time.Minute
	}
	if options.MaxHooks == 0 {
		options.MaxHooks = 500
	}
	store, err := openStore(options.Dir)
	if err != nil {
		return nil, err
	}
	return &Model{options: options, store: store, charms: map[string]charm.Charm{}}, nil
}

func (m *Model) start() error {
	log, err := openLog(m.store.path("debug.log"), m.options.Now)
	if err != nil {
		m.store.close()
		return err
	}
	m.log = log
	if err := m.save(); err != nil {
		m.Close()
		return err
	}
	return nil
}

// Close saves nothing: every change is saved when it is made. It gives the directory's lock back.
func (m *Model) Close() {
	m.log.close()
	m.store.close()
}

// Generation is the Juju release that the model imitates.
func (m *Model) Generation() Generation { return m.generation }

// Dir is the model directory.
func (m *Model) Dir() string { return m.store.dir }

// save writes the model. The caller holds m.mu or is alone.
func (m *Model) save() error { return m.store.save(m.state) }

// change runs an edit of the model under its lock and saves it when it succeeded.
func (m *Model) change(edit func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := edit(); err != nil {
		return err
	}
	return m.save()
}

func (m *Model) progress(format string, args ...any) {
	m.options.Progress(fmt.Sprintf(format, args...))
}

// SetModelConfig sets model options: http-proxy, https-proxy, ftp-proxy, no-proxy, their juju- forms, and
// automatically-retry-hooks. An empty value unsets.
func (m *Model) SetModelConfig(values map[string]string) error {
	return m.change(func() error {
		for key, value := range values {
			switch key {
			case "http-proxy", "https-proxy", "ftp-proxy", "no-proxy",
				"juju-http-proxy", "juju-https-proxy", "juju-ftp-proxy", "juju-no-proxy", "automatically-retry-hooks":
			default:
				return fmt.Errorf("cannot set model option %q: not simulated", key)
			}
			if value == "" {
				delete(m.state.Config, key)
			} else {
				m.state.Config[key] = value
			}
		}
		return nil
	})
}

func newUUID() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("cannot make a UUID: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
