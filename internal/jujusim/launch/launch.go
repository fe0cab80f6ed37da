// Package launch starts one hook process exactly as a unit agent would, inside whatever namespaces it finds itself, and
// measures it. The simulated Juju runs it as a process of its own where a machine is entered with a command prefix, so
// that the figures are those of the hook alone.
package launch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Name is the program name under which the binary acts as the launcher.
const Name = "jujusim-launch"

// The hook's peak memory is read this often. The kernel keeps the peak itself, so this only bounds what the last moments
// before the exit can hide.
const samplePeriod = 4 * time.Millisecond

// Spec is the process to start.
type Spec struct {
	Argv []string `json:"argv"`
	Env  []string `json:"env"`
	Dir  string   `json:"dir"`
}

// Report is how the process ended and what it cost.
type Report struct {
	Exit      int           `json:"exit"`
	Signal    int           `json:"signal,omitempty"`
	Wall      time.Duration `json:"wall"`
	CPU       time.Duration `json:"cpu"`         // user and system time of the process and the descendants it waited for
	PeakKB    int64         `json:"peak_kb"`     // the hook process alone
	TreePeak  int64         `json:"tree_peak"`   // the largest process of the tree, KiB
	StartFail string        `json:"start_error"` // why it could not be started
}

// ReportPath is where the report of a spec file lies.
func ReportPath(spec string) string { return spec + ".report" }

// Main runs the spec file named by its only argument and writes the report beside it. Its own exit status is 0 when a
// report was written.
func Main(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, Name+": expected one argument, a spec file")
		return 2
	}
	if err := run(args[0]); err != nil {
		fmt.Fprintln(os.Stderr, Name+":", err)
		return 1
	}
	return 0
}

func run(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read the spec: %w", err)
	}
	var spec Spec
	if err := json.Unmarshal(text, &spec); err != nil {
		return fmt.Errorf("cannot parse the spec: %w", err)
	}
	if len(spec.Argv) == 0 {
		return errors.New("cannot run an empty command")
	}
	syscall.Umask(0o022)
	report := start(spec)
	out, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("cannot encode the report: %w", err)
	}
	final := ReportPath(path)
	temporary := filepath.Join(filepath.Dir(final), "."+filepath.Base(final))
	if err := os.WriteFile(temporary, out, 0o600); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	return os.Rename(temporary, final)
}

func start(spec Spec) Report {
	cmd := exec.Command(spec.Argv[0])
	cmd.Args, cmd.Env, cmd.Dir = spec.Argv, spec.Env, spec.Dir
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return Measure(cmd, func() {})
}

// Measure runs a command and says how it ended and what it cost. It calls started as soon as there is a process.
func Measure(cmd *exec.Cmd, started func()) Report {
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return Report{Exit: 127, StartFail: err.Error()}
	}
	started()
	done, sampled := make(chan struct{}), make(chan int64)
	go func() { sampled <- samplePeak(cmd.Process.Pid, done) }()
	err := cmd.Wait()
	wall := time.Since(begin)
	close(done)
	report := Report{Wall: wall, PeakKB: <-sampled}
	state := cmd.ProcessState
	if state == nil {
		return Report{Exit: 127, StartFail: fmt.Sprint(err)}
	}
	report.Exit = state.ExitCode()
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		report.Signal = int(status.Signal())
	}
	report.CPU = state.UserTime() + state.SystemTime()
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		report.TreePeak = usage.Maxrss
	}
	return report
}

// samplePeak follows VmHWM of one process, in KiB. The rusage figure is no use for this: it includes the children, and
// the launcher itself from before the exec.
func samplePeak(pid int, done <-chan struct{}) int64 {
	file, err := os.Open("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	defer file.Close()
	ticker := time.NewTicker(samplePeriod)
	defer ticker.Stop()
	var peak int64
	buffer := make([]byte, 4096)
	for {
		if n, _ := file.ReadAt(buffer, 0); n > 0 {
			peak = max(peak, highWater(buffer[:n]))
		}
		select {
		case <-done:
			return peak
		case <-ticker.C:
		}
	}
}

func highWater(status []byte) int64 {
	_, rest, found := bytes.Cut(status, []byte("VmHWM:"))
	if !found {
		return 0
	}
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return kb
}
