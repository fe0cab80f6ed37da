package jujusim

import (
	"time"
)

// The types of this file are the model as it lies on the disk, in model.json.

type modelState struct {
	Juju         string                    `json:"juju"`
	Name         string                    `json:"name"`
	UUID         string                    `json:"uuid"`
	Config       map[string]string         `json:"config"`
	NextMachine  int                       `json:"next_machine"`
	NextRelation int                       `json:"next_relation"`
	NextAction   int                       `json:"next_action"`
	NextHook     int                       `json:"next_hook"`
	Machines     map[string]*machineState  `json:"machines"`
	Apps         map[string]*appState      `json:"applications"`
	Units        map[string]*unitState     `json:"units"`
	Relations    map[string]*relationState `json:"relations"`
	Secrets      map[string]*secretState   `json:"secrets"`
}

type machineState struct {
	Spec MachineSpec `json:"spec"`
	Boot int         `json:"boot"`
}

type appState struct {
	Name           string                   `json:"name"`
	Companion      string                   `json:"companion,omitempty"` // kind, when it is one
	Revision       int                      `json:"revision"`
	Modified       int                      `json:"modified"` // counts what makes upgrade-charm run: charm and resources
	Subordinate    bool                     `json:"subordinate,omitempty"`
	Settings       map[string]any           `json:"settings"` // options a person set; companions: strings
	NextUnit       int                      `json:"next_unit"`
	Leader         string                   `json:"leader,omitempty"`
	LeaderSettings map[string]string        `json:"leader_settings"`
	LeaderVersion  int                      `json:"leader_version"`
	Resources      map[string]resourceState `json:"resources"`
	Status         statusState              `json:"status"` // companions and status-set --application
}

type resourceState struct {
	File     string `json:"file"` // below the model directory
	Revision int    `json:"revision"`
}

type statusState struct {
	State   string    `json:"state"`
	Message string    `json:"message"`
	Since   time.Time `json:"since"`
}

type unitState struct {
	Name      string `json:"name"`
	App       string `json:"application"`
	Number    int    `json:"number"`
	Machine   string `json:"machine"`
	Principal string `json:"principal,omitempty"`
	Dying     bool   `json:"dying,omitempty"`

	// What the charm has been told. The next hook follows from comparing these with the model.
	Installed      bool                      `json:"installed"`
	Started        bool                      `json:"started"`
	Stopped        bool                      `json:"stopped"`
	Revision       int                       `json:"revision"` // charm on the machine
	Files          []string                  `json:"files,omitempty"`
	ModifiedSeen   int                       `json:"modified_seen"`
	ConfigForced   bool                      `json:"config_forced"`
	ConfigSeen     string                    `json:"config_seen"`
	LeaderTold     bool                      `json:"leader_told"`
	LeaderSeen     int                       `json:"leader_seen"`
	BootSeen       int                       `json:"boot_seen"`
	ConfigBoot     int                       `json:"config_boot"` // boot that config-changed has run in
	Relations      map[string]*relationLocal `json:"relations"`
	Secrets        map[string]*secretLocal   `json:"secrets"`
	Asked          []string                  `json:"asked,omitempty"` // hooks asked for by a person
	Pending        *hook                     `json:"pending,omitempty"`
	Failed         bool                      `json:"failed,omitempty"`
	Attempts       int                       `json:"attempts,omitempty"`
	Status         statusState               `json:"status"`
	Version        string                    `json:"workload_version,omitempty"`
	Ports          []portRange               `json:"ports,omitempty"`
	KeyValues      map[string]string         `json:"key_values"`
	ContextCounter int                       `json:"context_counter"`
}

// relationLocal is what one unit's charm knows of one relation.
type relationLocal struct {
	Created        bool           `json:"created"`
	Members        map[string]int `json:"members"` // remote unit → version of its bag last told
	AppVersion     int            `json:"app_version"`
	ChangedPending string         `json:"changed_pending,omitempty"` // joined was told, changed must follow
}

type secretLocal struct {
	Label   string `json:"label,omitempty"`
	Tracked int    `json:"tracked"`
	Told    int    `json:"told"`
}

type relationState struct {
	ID        int             `json:"id"`
	Interface string          `json:"interface"`
	Container bool            `json:"container,omitempty"`
	Dying     bool            `json:"dying,omitempty"`
	Ends      []relationEnd   `json:"ends"`
	Bags      map[string]*bag `json:"bags"` // by unit, kept after the unit has left
	InScope   map[string]bool `json:"in_scope"`
	AppBags   map[string]*bag `json:"application_bags"`
	// Overrides are keys that a person put into a companion's bag; an empty value hides the key.
	Overrides map[string]map[string]string `json:"overrides,omitempty"`
}

type relationEnd struct {
	App      string `json:"application"`
	Endpoint string `json:"endpoint"`
	Role     string `json:"role"`
}

type bag struct {
	Data    map[string]string `json:"data"`
	Version int               `json:"version"`
}

type secretState struct {
	ID        string                    `json:"id"`
	Owner     string                    `json:"owner"`
	Label     string                    `json:"label"`
	Revisions map[int]map[string]string `json:"revisions"`
	Latest    int                       `json:"latest"`
	Grants    map[string]bool           `json:"grants"` // unit names
}

// hook is one event for one unit: a hook that has run, runs, or waits to run again.
type hook struct {
	Name       string `json:"name"` // config-changed, kube-control-relation-joined
	Kind       string `json:"kind"` // the name without the endpoint: relation-joined
	RelationID int    `json:"relation_id,omitempty"`
	InRelation bool   `json:"in_relation,omitempty"`
	RemoteUnit string `json:"remote_unit,omitempty"`
	RemoteApp  string `json:"remote_application,omitempty"`
	Departing  string `json:"departing_unit,omitempty"`
	SecretID   string `json:"secret_id,omitempty"`
}

// write merges changes into the bag ("" deletes) and reports whether anything became different. Only a difference
// counts as a change for the other end.
func (b *bag) write(changes map[string]string) bool {
	different := false
	for key, value := range changes {
		old, present := b.Data[key]
		switch {
		case value == "" && present:
			delete(b.Data, key)
		case value != "" && old != value:
			b.Data[key] = value
		default:
			continue
		}
		different = true
	}
	if different {
		b.Version++
	}
	return different
}
