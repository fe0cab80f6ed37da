package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// architectureHeader is where snapd says for which architecture it asks.
const architectureHeader = "Snap-Device-Architecture"

type failure struct {
	Code    string         `json:"code"`
	Message string         `json:"message"`
	Extra   map[string]any `json:"extra,omitempty"`
}

// action is one wish of a refresh request: install, refresh, download or fetch-assertions.
type action struct {
	Action      string `json:"action"`
	InstanceKey string `json:"instance-key"`
	Name        string `json:"name"`
	SnapID      string `json:"snap-id"`
	Channel     string `json:"channel"`
	Revision    int    `json:"revision"`
	Key         string `json:"key"`
	Assertions  []struct {
		Type        string   `json:"type"`
		PrimaryKey  []string `json:"primary-key"`
		IfNewerThan *int     `json:"if-newer-than"`
	} `json:"assertions"`
}

type result struct {
	Result           string         `json:"result"`
	InstanceKey      string         `json:"instance-key,omitempty"`
	Name             string         `json:"name,omitempty"`
	SnapID           string         `json:"snap-id,omitempty"`
	EffectiveChannel string         `json:"effective-channel,omitempty"`
	Snap             map[string]any `json:"snap,omitempty"`
	Error            *failure       `json:"error,omitempty"`
	Key              string         `json:"key,omitempty"`
	AssertionURLs    []string       `json:"assertion-stream-urls,omitempty"`
}

type installed struct {
	InstanceKey     string `json:"instance-key"`
	SnapID          string `json:"snap-id"`
	Revision        int    `json:"revision"`
	TrackingChannel string `json:"tracking-channel"`
}

// refresh answers what snapd asks for whenever it installs or refreshes.
func (s *Store) refresh(w http.ResponseWriter, r *http.Request, c Catalog) error {
	var request struct {
		Context []installed `json:"context"`
		Actions []action    `json:"actions"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		return &refusal{http.StatusBadRequest, "bad-request", err.Error()}
	}
	current := map[string]installed{}
	for _, i := range request.Context {
		current[i.InstanceKey] = i
	}
	results := []result{}
	for _, a := range request.Actions {
		s.log.Printf("%s %s%s from %q", a.Action, a.Name, a.SnapID, a.Channel)
		switch a.Action {
		case "fetch-assertions":
			results = append(results, newerAssertions(r, a))
		case "refresh-all": // only what has something newer gets an answer
			for _, i := range request.Context {
				one, err := s.offer(r, c, action{Action: "refresh", InstanceKey: i.InstanceKey, SnapID: i.SnapID}, i)
				if err != nil {
					return err
				}
				if one.Snap != nil && one.Snap["revision"] != i.Revision {
					results = append(results, one)
				}
			}
		default:
			one, err := s.offer(r, c, a, current[a.InstanceKey])
			if err != nil {
				return err
			}
			results = append(results, one)
		}
	}
	return answer(w, map[string]any{"results": results, "error-list": []any{}})
}

// offer is the revision that an action gets, or why it gets none.
func (s *Store) offer(r *http.Request, c Catalog, a action, have installed) (result, error) {
	name := a.Name
	if name == "" {
		name = strings.TrimSuffix(a.SnapID, "-id")
	}
	snap, known := c.Snaps[name]
	if !known {
		code := "name-not-found"
		if a.Action == "refresh" {
			code = "id-not-found"
		}
		return refused(a, name, failure{Code: code, Message: fmt.Sprintf("No snap named %q found in series \"16\".", name)}), nil
	}
	channel, revision, from := a.Channel, a.Revision, ""
	if channel == "" {
		channel = have.TrackingChannel
	}
	if revision == 0 {
		revision, from, _ = snap.Released(channel)
	}
	if _, published := snap.Revisions[revision]; !published {
		releases := []map[string]string{}
		for _, channel := range snap.ChannelNames() {
			releases = append(releases, map[string]string{"architecture": r.Header.Get(architectureHeader), "channel": channel})
		}
		return refused(a, name, failure{Code: "revision-not-found", Message: "No revision was found in the Store.", Extra: map[string]any{"releases": releases}}), nil
	}
	details, err := s.details(r, name, snap, revision)
	return result{Result: a.Action, InstanceKey: a.InstanceKey, Name: name, SnapID: name + "-id", EffectiveChannel: from, Snap: details}, err
}

func refused(a action, name string, f failure) result {
	return result{Result: "error", InstanceKey: a.InstanceKey, Name: name, SnapID: a.SnapID, Error: &f}
}

// newerAssertions says where to get what snapd has not. No assertion is ever revised here.
func newerAssertions(r *http.Request, a action) result {
	urls := []string{}
	for _, wanted := range a.Assertions {
		if wanted.IfNewerThan == nil {
			urls = append(urls, "http://"+r.Host+"/v2/assertions/"+strings.Join(append([]string{wanted.Type}, wanted.PrimaryKey...), "/"))
		}
	}
	return result{Result: a.Action, Key: a.Key, AssertionURLs: urls}
}

// publisher of all snaps is the account of the test keys.
var publisher = map[string]string{"id": "testrootorg", "username": "testrootorg", "display-name": "Test", "validation": "unproven"}

// details describe one revision of a snap.
func (s *Store) details(r *http.Request, name string, snap Snap, revision int) (map[string]any, error) {
	file := fmt.Sprintf("%s_%d.snap", name, revision)
	sum, size, err := s.sum(file)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"name": name, "snap-id": name + "-id", "publisher": publisher, "architectures": []string{"all"},
		"type": snap.Type, "confinement": snap.Confinement, "base": snap.Base,
		"version": snap.Revisions[revision], "revision": revision, "epoch": map[string][]int{"read": {0}, "write": {0}},
		"download": map[string]any{"url": "http://" + r.Host + "/download/" + file, "sha3-384": sum, "size": size},
	}, nil
}

// info answers "snap info NAME".
func (s *Store) info(w http.ResponseWriter, r *http.Request, c Catalog) error {
	name := r.PathValue("name")
	snap, known := c.Snaps[name]
	if !known {
		return notFound(fmt.Sprintf("No snap named %q found in series 16.", name))
	}
	channels := []map[string]any{}
	for _, channel := range snap.ChannelNames() {
		one, err := s.details(r, name, snap, snap.Channels[channel])
		if err != nil {
			return err
		}
		track, risk := splitChannel(channel)
		one["channel"] = map[string]string{"architecture": r.Header.Get(architectureHeader), "name": strings.TrimPrefix(channel, "latest/"),
			"released-at": "2026-01-01T00:00:00+00:00", "risk": risk, "track": track}
		channels = append(channels, one)
	}
	return answer(w, map[string]any{"name": name, "snap-id": name + "-id", "channel-map": channels, "default-track": nil,
		"snap": map[string]any{"name": name, "snap-id": name + "-id", "title": name, "summary": name, "description": name, "publisher": publisher,
			"license": "Apache-2.0", "media": []any{}, "prices": map[string]any{}, "private": false, "contact": "", "website": ""}})
}

// cohorts gives a key for each snap named.
func (s *Store) cohorts(w http.ResponseWriter, r *http.Request, _ Catalog) error {
	var request struct {
		Snaps []string `json:"snaps"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		return &refusal{http.StatusBadRequest, "bad-request", err.Error()}
	}
	keys := map[string]string{}
	for _, name := range request.Snaps {
		keys[name] = base64.StdEncoding.EncodeToString([]byte("cohort-" + name))
	}
	return answer(w, map[string]any{"cohort-keys": keys})
}
