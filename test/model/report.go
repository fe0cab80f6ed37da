package model

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"

	"kubernetes-worker/internal/charm"
)

// Reports are what the hooks and actions so far said of their cost, oldest first.
func (w *World) Reports() []charm.Report {
	w.T.Helper()
	file, err := os.Open(filepath.Join(w.dir(), "report"))
	w.must(err)
	defer file.Close()
	var all []charm.Report
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r charm.Report
		w.must(json.Unmarshal(lines.Bytes(), &r))
		all = append(all, r)
	}
	return all
}

func (w *World) lastReport() charm.Report {
	w.T.Helper()
	all := w.Reports()
	return all[len(all)-1]
}

// apiRequests is what the API servers were asked since the last call.
func (w *World) apiRequests() []string {
	var all []string
	for _, a := range w.API {
		all = append(all, a.Requests()...)
	}
	return all
}
