// Command tabulate reads the sources of one release after the other of Kubernetes and writes what each accepts, flags,
// configuration fields and feature gates, as the tables of package release. It is run by hand, make versions-table,
// when a release is added: it downloads each release's modules to a folder of its own and deletes it after reading.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// releases are the last patches of the minor releases, in order.
var releases = []string{"1.12.10", "1.13.12", "1.14.10", "1.15.12", "1.16.15", "1.17.17", "1.18.20", "1.19.16", "1.20.15", "1.21.14", "1.22.17", "1.23.17",
	"1.24.17", "1.25.16", "1.26.15", "1.27.16", "1.28.15", "1.29.15", "1.30.14", "1.31.14", "1.32.13", "1.33.13", "1.34.10", "1.35.8", "1.36.4"}

func main() {
	out := flag.String("out", "internal/release", "folder of the files to write")
	only := flag.String("only", "", "read just this release, and print what it accepts")
	cache := flag.String("cache", "", "keep modules in this folder instead of deleting them")
	flag.Parse()
	if err := tabulate(*out, *only, *cache); err != nil {
		fmt.Fprintln(os.Stderr, "tabulate:", err)
		os.Exit(1)
	}
}

func tabulate(out, only, cache string) error {
	var all []accepted
	for _, version := range releases {
		if only != "" && version != only {
			continue
		}
		a, err := read(version, cache)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: kubelet %d flags, %d fields, %d gates; kube-proxy %d flags, %d gates\n", version,
			len(a.kubeletFlags), len(a.fields), len(a.kubeletGates), len(a.proxyFlags), len(a.proxyGates))
		for _, note := range a.notes {
			fmt.Fprintln(os.Stderr, "  read", note)
		}
		all = append(all, a)
	}
	if only != "" {
		for _, a := range all {
			a.print()
		}
		return nil
	}
	return write(out, all)
}

// accepted is what one release knows.
type accepted struct {
	version                  string
	notes                    []string // modules that were not to be had in this version
	kubeletFlags, proxyFlags []*flagValue
	kubeletGates, proxyGates map[string]string
	fields                   []field
}

// read gathers what a release accepts.
func read(version, cache string) (a accepted, err error) {
	folder := cache
	if cache == "" {
		if folder, err = os.MkdirTemp("", "tabulate-"); err != nil {
			return a, err
		}
	}
	t, err := newTree(version, folder)
	if err != nil {
		return a, err
	}
	if cache == "" {
		defer func() { err = errors.Join(err, t.remove()) }()
	}
	a.version = version
	if a.kubeletFlags, a.kubeletGates, err = kubelet(t); err != nil {
		return a, err
	}
	if a.proxyFlags, a.proxyGates, err = kubeProxy(t); err != nil {
		return a, err
	}
	a.fields, err = configuration(t)
	a.notes = t.notes
	return a, err
}

const (
	kubeletOptions = "k8s.io/kubernetes/cmd/kubelet/app/options"
	kubeletMain    = "k8s.io/kubernetes/cmd/kubelet"
	proxyApp       = "k8s.io/kubernetes/cmd/kube-proxy/app"
	proxyMain      = "k8s.io/kubernetes/cmd/kube-proxy"
)

// kubelet fills the set that the kubelet parses its arguments with, as NewKubeletCommand does.
func kubelet(t *tree) ([]*flagValue, map[string]string, error) {
	p := newProgram(t)
	if err := p.initialise(kubeletMain); err != nil {
		return nil, nil, err
	}
	options, err := t.load(kubeletOptions)
	if err != nil {
		return nil, nil, err
	}
	set := newSet()
	p.run(options, pick(options, "AddFlags", "KubeletFlags"), nil, []any{set})
	p.run(options, pick(options, "AddKubeletConfigFlags", ""), nil, []any{set})
	p.run(options, pick(options, "AddGlobalFlags", ""), nil, []any{set})
	set.add("help")
	return p.finish(set)
}

// kubeProxy fills the set of kube-proxy's command, to which the library for commands adds that of the process and help.
func kubeProxy(t *tree) ([]*flagValue, map[string]string, error) {
	p := newProgram(t)
	if err := p.initialise(proxyMain); err != nil {
		return nil, nil, err
	}
	app, err := t.load(proxyApp)
	if err != nil {
		return nil, nil, err
	}
	start, err := t.load(proxyMain)
	if err != nil {
		return nil, nil, err
	}
	p.run(app, pick(app, "NewProxyCommand", ""), nil, nil)
	p.run(start, pick(start, "main", ""), nil, nil)
	p.command.union(p.pflags)
	p.command.add("help")
	return p.finish(p.command)
}

// finish normalises the names as the programs do, adds the gates that stand for whole classes, and refuses a reading
// in which something could not be followed.
func (p *program) finish(set *flagSet) ([]*flagValue, map[string]string, error) {
	normal := newSet()
	for _, f := range set.sorted() {
		f.name = strings.ReplaceAll(f.name, "_", "-")
		normal.flags[f.name] = f
	}
	for _, path := range []string{"k8s.io/component-base/featuregate", "k8s.io/apiserver/pkg/util/feature"} {
		own, err := p.tree.load(path)
		if err != nil {
			return nil, nil, err
		}
		if classes, ok := p.global(own, "defaultFeatures").(*list); ok {
			for name := range classes.by {
				p.gates[name] = ""
			}
		}
	}
	if len(p.faults) > 0 {
		return nil, nil, fmt.Errorf("cannot follow %s:\n\t%s", p.tree.version, strings.Join(p.faults, "\n\t"))
	}
	return normal.sorted(), p.gates, nil
}
