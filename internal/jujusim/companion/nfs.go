package companion

import (
	"context"
	"fmt"
)

// nfsServer plays the charm of an NFS server, which exports a directory for each application related to it. It serves
// nothing.
type nfsServer struct{}

func (nfsServer) Subordinate() bool { return false }

func (nfsServer) Options() map[string]string {
	return map[string]string{
		"hostname":      "", // empty: not sent, so that the unit's address counts
		"storage-root":  "/srv/data",
		"mount-options": "rsize=8192,wsize=8192,timeo=14,intr",
		"fstype":        "nfs",
		"say":           "all", // what it publishes: all, half (no options yet) or nothing
	}
}

func (nfsServer) Endpoints(map[string]string) []Endpoint {
	return []Endpoint{{Name: "nfs", Interface: "mount", Role: Provider}}
}

func (nfsServer) Reconcile(_ context.Context, w World) (Outcome, error) {
	out := Outcome{Message: "Exporting " + w.Options["storage-root"]}
	for _, u := range w.Units {
		for _, r := range w.Relations {
			data := map[string]string{
				"mountpoint": w.Options["storage-root"] + "/" + r.RemoteApp, "fstype": w.Options["fstype"],
				"hostname": w.Options["hostname"], "options": w.Options["mount-options"],
			}
			switch w.Options["say"] {
			case "all":
			case "half":
				data["options"] = ""
			case "nothing":
				data = nil
			default:
				return Outcome{}, fmt.Errorf("option say is %q, not all, half or nothing", w.Options["say"])
			}
			out.put(r.ID, u.Name, data)
		}
	}
	return out, nil
}
