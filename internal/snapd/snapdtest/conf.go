package snapdtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func (s *Server) getConf(w http.ResponseWriter, r *http.Request, st *state, _ Faults) {
	name := confName(r.PathValue("name"))
	if _, ok := st.Snaps[name]; !ok && name != "core" {
		fail(w, http.StatusNotFound, "snap-not-found", fmt.Sprintf("snap %q is not installed", name), name)
		return
	}
	conf := st.Conf[name]
	if conf == nil {
		conf = map[string]any{}
	}
	if r.FormValue("keys") == "" {
		answer(w, conf)
		return
	}
	chosen := map[string]any{}
	for _, key := range strings.Split(r.FormValue("keys"), ",") {
		value, missing := getPath(conf, strings.Split(key, "."))
		if missing > 0 {
			// The daemon names the highest level that lacks.
			at := strings.Join(strings.Split(key, ".")[:missing], ".")
			fail(w, http.StatusBadRequest, "option-not-found", fmt.Sprintf("snap %q has no %q configuration option", name, at),
				map[string]any{"SnapName": name, "Key": at})
			return
		}
		chosen[key] = value
	}
	answer(w, chosen)
}

// getPath looks a nested key up; missing is the number of the level that lacks, counted from 1, or 0.
func getPath(conf map[string]any, path []string) (value any, missing int) {
	for i, part := range path {
		next, ok := conf[part]
		if !ok {
			return nil, i + 1
		}
		if i == len(path)-1 {
			return next, 0
		}
		if conf, ok = next.(map[string]any); !ok {
			return nil, i + 2
		}
	}
	return nil, 1
}

func (s *Server) putConf(w http.ResponseWriter, r *http.Request, st *state, f Faults) {
	name := confName(r.PathValue("name"))
	values := map[string]any{}
	d := json.NewDecoder(r.Body)
	d.UseNumber()
	if d.Decode(&values) != nil {
		fail(w, http.StatusBadRequest, "", "cannot decode request body into patch values", nil)
		return
	}
	if _, ok := st.Snaps[name]; !ok && name != "core" {
		fail(w, http.StatusNotFound, "snap-not-found", fmt.Sprintf("snap %q is not installed", name), name)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		for _, part := range strings.Split(key, ".") {
			if !isOptionName(part) {
				fail(w, http.StatusBadRequest, "", fmt.Sprintf("invalid option name: %q", part), nil)
				return
			}
		}
	}
	if s.busy(w, st, f, name) {
		return
	}
	s.begin(w, st, f, change{Kind: "configure-snap", Snap: name, Set: values,
		Task:    fmt.Sprintf("Run configure hook of %q snap", name),
		Summary: fmt.Sprintf("Change configuration of %q snap", name)})
}

// confName: snapd keeps its own configuration under either name.
func confName(name string) string {
	if name == "system" {
		return "core"
	}
	return name
}

// isOptionName is snapd's rule: lower-case letters, digits and single dashes, at least one letter, no dash at an end.
func isOptionName(part string) bool {
	letter := false
	for _, r := range part {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
		letter = letter || (r >= 'a' && r <= 'z')
	}
	return letter && !strings.HasPrefix(part, "-") && !strings.HasSuffix(part, "-") && !strings.Contains(part, "--")
}

// configure changes the configuration of a snap and runs its hook; a text is the hook's failure, and then nothing has
// changed.
func (s *Server) configure(st *state, name string, values map[string]any) string {
	conf := map[string]any{}
	// Through JSON, so that nested maps are not shared with the old configuration.
	if text, err := json.Marshal(st.Conf[name]); err == nil {
		_ = decode(text, &conf)
	}
	if conf == nil {
		conf = map[string]any{}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		setPath(conf, strings.Split(key, "."), values[key])
	}
	if name == "core" {
		if text := systemHook(st, conf); text != "" {
			return `run hook "configure": ` + text
		}
	} else if _, installed := st.Snaps[name]; installed {
		if text := s.configureHook(name, conf); text != "" {
			return text
		}
	}
	st.Conf[name] = conf
	return ""
}

func setPath(conf map[string]any, path []string, value any) {
	if len(path) == 1 {
		if value == nil {
			delete(conf, path[0])
		} else {
			conf[path[0]] = value
		}
		return
	}
	inner, ok := conf[path[0]].(map[string]any)
	if !ok {
		inner = map[string]any{}
		conf[path[0]] = inner
	}
	setPath(inner, path[1:], value)
	if len(inner) == 0 {
		delete(conf, path[0])
	}
}

// configureHook writes the file of arguments as the hooks of the Kubernetes snaps do: the raw text of the key "args" first,
// then a line for every other option; options that are known to be boolean accept nothing else.
func (s *Server) configureHook(name string, conf map[string]any) string {
	var b strings.Builder
	if raw, ok := conf["args"]; ok {
		fmt.Fprintln(&b, raw)
	}
	for _, key := range slices.Sorted(maps.Keys(conf)) {
		value := fmt.Sprint(conf[key])
		if nested, ok := conf[key].(map[string]any); ok {
			text, _ := json.Marshal(nested)
			value = string(text)
		}
		switch {
		case key == "args":
		case isBoolean(key) && value == "true":
			fmt.Fprintf(&b, "--%s\n", key)
		case isBoolean(key) && value == "false":
			fmt.Fprintf(&b, "--%s=false\n", key)
		case isBoolean(key):
			return fmt.Sprintf("run hook \"configure\": \n-----\nInvalid value for %s: %s, expected true or false\n-----", key, value)
		default:
			fmt.Fprintf(&b, "--%s=\"%s\"\n", key, value)
		}
	}
	path := filepath.Join(s.root, "var/snap", name, "current/args")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		return fmt.Sprintf("run hook \"configure\": %v", err)
	}
	return ""
}

// isBoolean names the boolean options of kubelet and kube-proxy that the charm may set.
func isBoolean(key string) bool {
	switch key {
	case "allow-privileged", "anonymous-auth", "fail-swap-on", "logtostderr", "require-kubeconfig", "alsologtostderr",
		"masquerade-all", "protect-kernel-defaults", "register-node", "make-iptables-util-chains", "rotate-certificates":
		return true
	}
	return false
}
