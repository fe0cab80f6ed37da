// Command bench turns what the charm reported of its hooks on a real machine into docs/performance.md. It measures
// nothing itself: test/bench/measure ran the hooks, the charm wrote a line for each (see charm.Report), and a test of
// test/api the section on ten units.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"kubernetes-worker/internal/charm"
)

// The limits of the design; the figures are held against them by a reader, never by a test.
const (
	noopCPUMillis = 25
	noopExecForks = 12
	residentMB    = 40
	binaryMB      = 32
	packedMB      = 12
)

func main() {
	log.SetFlags(0)
	dir := flag.String("in", "", "directory with socket/report.jsonl, exec/report.jsonl and fleet.md")
	binary := flag.String("binary", "", "the stripped program")
	packed := flag.String("charm", "", "the packed charm")
	machine := flag.String("machine", "", "what ran it")
	out := flag.String("out", "docs/performance.md", "file to write")
	flag.Parse()
	page, err := render(*dir, *binary, *packed, *machine)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*out, page, 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", page)
}

// phase is a kind of work that the benchmark speaks of.
type phase struct {
	name    string
	reports []charm.Report
	total   bool // the hooks of the phase add up; else each is one sample
}

// phases sorts the reports of one run: the installation, the hooks until the worker has joined, and then the samples of
// single hooks, in the order of test/bench/measure.
func phases(reports []charm.Report) []phase {
	install := phase{name: "install", total: true}
	join := phase{name: "join (all hooks from the first relation to active)", total: true}
	noop := phase{name: "update-status, nothing new"}
	option := phase{name: "config-changed, one kubelet option"}
	full := phase{name: "update-status, nothing new, every relation"}
	settled, related, wrote := false, false, true
	for _, r := range reports {
		update := r.Event == "update-status"
		switch {
		case r.Event == "install":
			install.reports = append(install.reports, r)
		case update && wrote: // it reads back what the hook before wrote
			settled = true
		case update && related:
			full.reports = append(full.reports, r)
		case update:
			noop.reports = append(noop.reports, r)
		case settled && r.Event == "config-changed":
			option.reports = append(option.reports, r)
		case settled:
			related = true
		default:
			join.reports = append(join.reports, r)
		}
		wrote = !update
	}
	return []phase{install, join, noop, option, full}
}

func render(dir, binary, packed, machine string) ([]byte, error) {
	var page bytes.Buffer
	fmt.Fprintf(&page, `# Performance

Written by `+"`make bench`"+`: the charm's own account of its hooks on the machine of the test bed (real systemd, snapd, apt,
containerd, kubelet and API server, simulated Juju), once over the agent's socket and once with a process for each hook tool.
Figures of single hooks are medians; install and join are sums over their hooks. Times depend on the machine, counts do not.
Files written are those of the machine; the charm's own state file, which a hook writes when it has something to remember, is
not among them, and a no-op hook does not write it either. "Every relation" is each endpoint but the container runtime, which
the charm keeps itself here, and four of the five clouds; the model layer counts such a hook with a runtime of another charm, too.

Machine: %s, %s, %d cores.

`, machine, runtime.Version(), runtime.NumCPU())
	for _, transport := range []string{"socket", "exec"} {
		reports, err := read(filepath.Join(dir, transport, "report.jsonl"))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&page, "## Over %s\n\n", map[string]string{"socket": "the agent's socket", "exec": "processes"}[transport])
		writeTable(&page, phases(reports))
		writeTools(&page, phases(reports))
		writeBudget(&page, transport, phases(reports))
	}
	fleet, err := os.ReadFile(filepath.Join(dir, "fleet.md"))
	if err != nil {
		return nil, err
	}
	page.Write(fleet)
	if err := writeSizes(&page, binary, packed); err != nil {
		return nil, err
	}
	page.WriteString(peer)
	return page.Bytes(), nil
}

// peer is the original charm, for comparison.
const peer = `## The original charm

Run hook by hook by a real unit agent of Juju 3.6 on 2 cores, with the host's commands stubbed, so a lower bound (medians):
update-status with nothing changed 0.70 s of wall time and CPU, 64 hook tools and 10 other processes; config-changed with one
kubelet argument 2.1 s, 70 and 44, both services restarted; a deployment until settled 19 hooks, 18 s of CPU, 1008 hook tools,
each service restarted twice.
`

func read(path string) ([]charm.Report, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var reports []charm.Report
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r charm.Report
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", path, err)
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// figure is one column of the table.
type figure struct {
	head  string
	of    func(charm.Report) float64
	peak  bool // of several hooks the largest counts, not the sum
	count bool // a whole number
}

func figures() []figure {
	restarts := func(r charm.Report) float64 {
		n := 0
		for _, c := range r.Restarts {
			n += c
		}
		return float64(n)
	}
	tools := func(r charm.Report) float64 {
		n := 0
		for _, c := range r.Tools {
			n += c
		}
		return float64(n)
	}
	return []figure{
		{head: "wall ms", of: func(r charm.Report) float64 { return r.WallMillis }},
		{head: "CPU ms", of: func(r charm.Report) float64 { return r.CPUMillis }},
		{head: "CPU of children ms", of: func(r charm.Report) float64 { return r.ChildCPUMillis }},
		{head: "peak MB", of: func(r charm.Report) float64 { return float64(r.PeakKiB) / 1024 }, peak: true},
		{head: "tool calls", of: tools, count: true},
		{head: "forks", of: func(r charm.Report) float64 { return float64(r.Forks) }, count: true},
		{head: "files written", of: func(r charm.Report) float64 { return float64(r.FilesWrote) }, count: true},
		{head: "restarts", of: restarts, count: true},
		{head: "API requests", of: func(r charm.Report) float64 { return float64(r.APIRequests) }, count: true},
	}
}

func (f figure) value(p phase) float64 {
	values := make([]float64, 0, len(p.reports))
	for _, r := range p.reports {
		values = append(values, f.of(r))
	}
	switch {
	case len(values) == 0:
		return 0
	case f.peak:
		return slices.Max(values)
	case p.total:
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		return sum
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func (f figure) text(p phase) string {
	if f.count {
		return fmt.Sprintf("%.0f", f.value(p))
	}
	return fmt.Sprintf("%.1f", f.value(p))
}

func writeTable(page *bytes.Buffer, all []phase) {
	heads := []string{"", "hooks"}
	rules := []string{"---", "---:"}
	for _, f := range figures() {
		heads, rules = append(heads, f.head), append(rules, "---:")
	}
	fmt.Fprintf(page, "| %s |\n| %s |\n", strings.Join(heads, " | "), strings.Join(rules, " | "))
	for _, p := range all {
		cells := []string{p.name, fmt.Sprint(len(p.reports))}
		for _, f := range figures() {
			cells = append(cells, f.text(p))
		}
		fmt.Fprintf(page, "| %s |\n", strings.Join(cells, " | "))
	}
	page.WriteString("\n")
}

// writeTools lists the calls by tool.
func writeTools(page *bytes.Buffer, all []phase) {
	page.WriteString("Hook tools:\n\n")
	table := tabwriter.NewWriter(page, 0, 0, 1, ' ', 0)
	for _, p := range all {
		counts := map[string]int{}
		for _, r := range p.reports {
			if !p.total {
				counts = map[string]int{}
			}
			for tool, n := range r.Tools {
				counts[tool] += n
			}
		}
		var parts []string
		for _, tool := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
			return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
		}) {
			parts = append(parts, fmt.Sprintf("%s %d", tool, counts[tool]))
		}
		fmt.Fprintf(table, "- %s: %s\n", p.name, strings.Join(parts, ", "))
	}
	table.Flush()
	page.WriteString("\n")
}

func writeBudget(page *bytes.Buffer, transport string, all []phase) {
	option := all[3]
	f := figures()
	forks := "0"
	if transport == "exec" {
		forks = fmt.Sprint(noopExecForks)
	}
	var rows [][3]string
	for _, noop := range []phase{all[2], all[4]} {
		rows = append(rows,
			[3]string{noop.name + ": CPU ms", f[1].text(noop), fmt.Sprint(noopCPUMillis)},
			[3]string{noop.name + ": forks", f[5].text(noop), forks},
			[3]string{noop.name + ": files written", f[6].text(noop), "0"},
			[3]string{noop.name + ": restarts", f[7].text(noop), "0"})
	}
	rows = append(rows,
		[3]string{"one kubelet option: files written", f[6].text(option), "1"},
		[3]string{"one kubelet option: restarts", f[7].text(option), "1"},
		[3]string{"resident memory of a hook, MB", fmt.Sprintf("%.1f", max(f[3].value(all[0]), f[3].value(all[1]), f[3].value(all[2]), f[3].value(option), f[3].value(all[4]))), fmt.Sprint(residentMB)})
	page.WriteString("| budget | measured | limit |\n| --- | ---: | ---: |\n")
	for _, r := range rows {
		fmt.Fprintf(page, "| %s | %s | %s |\n", r[0], r[1], r[2])
	}
	page.WriteString("\n")
}

func writeSizes(page *bytes.Buffer, binary, packed string) error {
	page.WriteString("## Sizes\n\n| | MB | limit |\n| --- | ---: | ---: |\n")
	for _, row := range []struct {
		name, path string
		limit      int
	}{{"program, stripped", binary, binaryMB}, {"packed charm", packed, packedMB}} {
		info, err := os.Stat(row.path)
		if err != nil {
			return err
		}
		fmt.Fprintf(page, "| %s | %.1f | %d |\n", row.name, float64(info.Size())/1e6, row.limit)
	}
	page.WriteString("\n")
	return nil
}
