package main

import (
	"bytes"
	"crypto/sha3"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Store answers snapd.
type Store struct {
	dir  string
	log  *log.Logger
	mux  *http.ServeMux
	mu   sync.Mutex
	sums map[string]string // SHA3-384 of files already read, by name, size and time
}

// NewStore gives a store of what is in dir.
func NewStore(dir string, log *log.Logger) *Store {
	s := &Store{dir: dir, log: log, mux: http.NewServeMux(), sums: map[string]string{}}
	s.handle("GET /v2/snaps/info/{name}", s.info)
	s.handle("POST /v2/snaps/refresh", s.refresh)
	s.handle("POST /v2/cohorts", s.cohorts)
	s.handle("GET /v2/assertions/{path...}", s.assertion)
	s.handle("GET /v2/auth/store/assertions", s.itself)
	s.handle("GET /download/{file}", s.download)
	s.handle("/", func(w http.ResponseWriter, r *http.Request, _ Catalog) error {
		return notFound("nothing at " + r.URL.Path)
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// handle adds a handler that works with the catalog of the moment, and not at all while the store is down.
func (s *Store) handle(pattern string, h func(http.ResponseWriter, *http.Request, Catalog) error) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		c, err := LoadCatalog(s.dir)
		switch {
		case err != nil:
		case c.Down != 0:
			err = &refusal{c.Down, "store-down", "the store is down"}
		default:
			err = h(w, r, c)
		}
		if err == nil {
			s.log.Printf("%s %s", r.Method, r.URL.Path)
			return
		}
		s.log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
		refused := &refusal{http.StatusInternalServerError, "internal", err.Error()}
		errors.As(err, &refused)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(refused.status)
		json.NewEncoder(w).Encode(map[string]any{"error-list": []any{failure{Code: refused.code, Message: refused.message}}})
	})
}

// refusal is an error with an HTTP status.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.message }

func notFound(message string) error {
	return &refusal{http.StatusNotFound, "resource-not-found", message}
}

func answer(w http.ResponseWriter, value any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(value)
}

// defaultProvenance ends the primary key of a snap revision; snapd leaves it out when it asks.
const defaultProvenance = "global-upload"

func (s *Store) assertion(w http.ResponseWriter, r *http.Request, _ Catalog) error {
	path := filepath.Join(s.dir, "assertions", filepath.FromSlash(r.PathValue("path")))
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, defaultProvenance)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &refusal{http.StatusNotFound, "not-found", "no such assertion"}
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x.ubuntu.assertion")
	_, err = w.Write(text)
	return err
}

// itself answers as a store proxy does, of which there is one for each assertion about a store: with who it is, and with
// the keys by which that can be believed.
func (s *Store) itself(w http.ResponseWriter, _ *http.Request, _ Catalog) error {
	stores, err := filepath.Glob(filepath.Join(s.dir, "assertions/store/*"))
	if err != nil || len(stores) == 0 {
		return notFound("this is no store proxy")
	}
	keys, err := filepath.Glob(filepath.Join(s.dir, "assertions/account-key/*"))
	if err != nil {
		return err
	}
	var all []byte
	for _, path := range append(keys, stores[0]) {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all = append(append(all, bytes.TrimRight(text, "\n")...), "\n\n"...)
	}
	w.Header().Set("Content-Type", "application/x.ubuntu.assertion")
	w.Header().Set("X-Assertion-Store-Id", filepath.Base(stores[0]))
	_, err = w.Write(all)
	return err
}

// download sends a snap. While downloads are held it keeps back the second half.
func (s *Store) download(w http.ResponseWriter, r *http.Request, _ Catalog) error {
	file, err := os.Open(filepath.Join(s.dir, filepath.Base(r.PathValue("file"))))
	if errors.Is(err, fs.ErrNotExist) {
		return notFound("no such snap")
	}
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Length", fmt.Sprint(info.Size()))
	if _, err := io.CopyN(w, file, info.Size()/2); err != nil {
		return err
	}
	if err := s.held(w, r); err != nil {
		return err
	}
	_, err = io.Copy(w, file)
	return err
}

// held waits until downloads are not held, or nobody waits for this one any more.
func (s *Store) held(w http.ResponseWriter, r *http.Request) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := LoadCatalog(s.dir)
		if err != nil || !c.HoldDownloads {
			return err
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return err
		}
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-tick.C:
		}
	}
}

// sum is the SHA3-384 of a file in hexadecimal digits, and its size. Each state of a file is read once.
func (s *Store) sum(name string) (digits string, size int64, err error) {
	path := filepath.Join(s.dir, name)
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, err
	}
	key := fmt.Sprintf("%s %d %s", name, info.Size(), info.ModTime())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sums[key] == "" {
		file, err := os.Open(path)
		if err != nil {
			return "", 0, err
		}
		defer file.Close()
		h := sha3.New384()
		if _, err := io.Copy(h, file); err != nil {
			return "", 0, err
		}
		s.sums[key] = hex.EncodeToString(h.Sum(nil))
	}
	return s.sums[key], info.Size(), nil
}
