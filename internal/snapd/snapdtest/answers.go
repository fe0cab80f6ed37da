package snapdtest

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// noHost is what the daemon reports when the store's name cannot be resolved.
const noHost = "dial tcp: lookup store.example on 10.0.0.1:53: no such host"

// reply sends an answer with the fields that every answer has.
func reply(w http.ResponseWriter, status int, document map[string]any) {
	document["status-code"], document["status"] = status, http.StatusText(status)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that has left misses the answer.
	_ = json.NewEncoder(w).Encode(document)
}

func answer(w http.ResponseWriter, result any) {
	reply(w, http.StatusOK, map[string]any{"type": "sync", "result": result})
}

func fail(w http.ResponseWriter, status int, kind, message string, value any) {
	result := map[string]any{"message": message}
	if kind != "" {
		result["kind"] = kind
	}
	if value != nil {
		result["value"] = value
	}
	reply(w, status, map[string]any{"type": "error", "result": result})
}

// storeAway answers as the daemon does when it cannot reach the store.
func storeAway(w http.ResponseWriter, f Faults, verb, name string) bool {
	if f.StoreAway {
		fail(w, http.StatusBadRequest, "", fmt.Sprintf("cannot %s %q: Post %q: %s", verb, name, "https://store.example/v2/snaps/refresh", noHost), nil)
	}
	return f.StoreAway
}
