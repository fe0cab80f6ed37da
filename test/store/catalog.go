package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Catalog is channels.json.
type Catalog struct {
	// Down is the HTTP status of every answer; 0: the store works.
	Down int `json:"down"`
	// HoldDownloads lets downloads come to a halt in the middle until it is false again.
	HoldDownloads bool            `json:"hold-downloads"`
	Snaps         map[string]Snap `json:"snaps"`
}

// Snap is what the store has of one snap. The snap's id is its name and "-id".
type Snap struct {
	Type        string         `json:"type"`        // default app
	Confinement string         `json:"confinement"` // default classic
	Base        string         `json:"base"`
	Revisions   map[int]string `json:"revisions"` // their versions
	Channels    map[string]int `json:"channels"`  // by full name, track/risk
}

// LoadCatalog reads channels.json in a directory.
func LoadCatalog(dir string) (Catalog, error) {
	var c Catalog
	text, err := os.ReadFile(filepath.Join(dir, "channels.json"))
	if err != nil {
		return c, fmt.Errorf("cannot read the catalog: %w", err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("cannot read the catalog: %w", err)
	}
	for name, s := range c.Snaps {
		if s.Type == "" {
			s.Type = "app"
		}
		if s.Confinement == "" {
			s.Confinement = "classic"
		}
		c.Snaps[name] = s
	}
	return c, nil
}

// risks from the safest on. Who follows a risk gets what a safer one has where its own has nothing.
var risks = [...]string{"stable", "candidate", "beta", "edge"}

// Released gives the revision on a channel and the channel that has it: the one asked for or a safer one of its track.
func (s Snap) Released(channel string) (revision int, from string, ok bool) {
	track, risk := splitChannel(channel)
	for i := slices.Index(risks[:], risk); i >= 0; i-- {
		from = track + "/" + risks[i]
		if revision, ok = s.Channels[from]; ok {
			return revision, from, true
		}
	}
	return 0, "", false
}

// ChannelNames are those with a release, sorted.
func (s Snap) ChannelNames() []string { return slices.Sorted(maps.Keys(s.Channels)) }

// splitChannel completes a channel's name as the store does: "" is latest/stable, "edge" latest/edge, "1.28" 1.28/stable.
func splitChannel(channel string) (track, risk string) {
	track, risk, found := strings.Cut(channel, "/")
	switch {
	case found:
		return track, risk
	case track == "":
		return "latest", "stable"
	case slices.Contains(risks[:], track):
		return "latest", track
	}
	return track, "stable"
}
