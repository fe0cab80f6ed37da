package charm

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// Report is what one invocation cost.
type Report struct {
	Event      string  `json:"event"`
	WallMillis float64 `json:"wall-ms"`
	CPUMillis  float64 `json:"cpu-ms"` // of this process, user and system
	// ChildCPUMillis is the CPU of the processes that it started and waited for.
	ChildCPUMillis float64        `json:"child-cpu-ms"`
	PeakKiB        int64          `json:"peak-kib"`
	Transport      string         `json:"transport"`
	Tools          map[string]int `json:"tools"` // calls by tool
	Forks          int            `json:"forks"` // processes started, tools included
	FilesWrote     int            `json:"files-written"`
	Restarts       map[string]int `json:"restarts"`
	APIRequests    int            `json:"api-requests"`
}

// report appends what the invocation cost to the file that the environment names, if it names one. What goes wrong there
// must not fail a hook.
func (r *run) report() {
	path := r.invocation.Getenv(ReportSwitch)
	if path == "" || r.session == nil || r.system == nil {
		return
	}
	var usage, children syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	_ = syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children)
	out := Report{
		Event: r.event.Name, WallMillis: millis(r.clock().Sub(r.began)),
		CPUMillis: cpu(usage), ChildCPUMillis: cpu(children), PeakKiB: peak(),
		Transport: r.session.TransportName(), Tools: r.session.Counts(),
		Forks:      r.machine.runner.Forks() + r.transport.Processes(),
		FilesWrote: r.machine.host.Writes(), Restarts: r.system.Restarts,
	}
	if r.cluster != nil {
		out.APIRequests = r.cluster.Requests()
	}
	line, err := json.Marshal(out)
	if err != nil {
		return
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer file.Close()
	_, _ = file.Write(append(line, '\n'))
}

// peak is the largest resident memory of this process, in KiB. What getrusage says of it begins with the memory of whoever
// started the process.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	_, _ = fmt.Sscan(line, &kib)
	return kib
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func cpu(u syscall.Rusage) float64 { return millis(time.Duration(u.Utime.Nano() + u.Stime.Nano())) }
