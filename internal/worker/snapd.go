package worker

import (
	"maps"
	"slices"

	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/resource"
)

// SnapdDropIn is what the original charm told snapd its proxies by. snapd has settings for that.
const SnapdDropIn = "/etc/systemd/system/snapd.service.d/snap_layer_proxy.conf"

// snapdSettings keeps what the options say of snapd's own configuration: before any snap is fetched, because they say how.
func snapdSettings() Handler {
	return Handler{Name: "snapd-settings", When: []flag{SnapdReady}, Declare: func(f Facts) ([]resource.Resource, error) {
		var wants []resource.Resource
		for _, s := range f.snapdSettings() {
			wants = append(wants, s)
		}
		if f.SnapdDropIn {
			wants = append(wants, resource.SnapdDropIn{Path: SnapdDropIn})
		}
		if !f.Options.AnyUnknown(options.SnapProxyURL) && (f.Options.SnapProxyURL != "" || f.SnapdState.Store.URL != "") {
			wants = append(wants, resource.StoreProxy{URL: f.Options.SnapProxyURL})
		}
		return wants, nil
	}}
}

// snapdSettings are the settings that options ask for, or that were set for them and are to be taken back.
func (f Facts) snapdSettings() []resource.SnapdSetting {
	var all []resource.SnapdSetting
	if timer, known := f.refreshTimer(); known {
		all = append(all, resource.SnapdSetting{Option: string(options.SnapdRefresh), Values: map[string]string{resource.RefreshTimer: timer},
			Derived: f.Options.SnapdRefresh == options.RefreshMax})
	}
	if !f.Options.AnyUnknown(options.SnapProxy) {
		proxy, asked := f.Options.ProxyOfSnapd(f.SnapdModelProxy)
		all = append(all, resource.SnapdSetting{Option: string(options.SnapProxy),
			Values: map[string]string{resource.ProxyHTTP: proxy.HTTP, resource.ProxyHTTPS: proxy.HTTPS}, Yield: !asked, Restore: true})
	}
	return slices.DeleteFunc(all, func(s resource.SnapdSetting) bool {
		for key, value := range s.Values {
			if _, ours := f.SnapdState.Keys[key]; ours || value != "" {
				return false
			}
		}
		return true
	})
}

// SnapdKeys are the keys of snapd's own configuration that have to be looked at. Without a wish there is nothing to look
// at, so that an untouched snapd costs nothing.
func (f Facts) SnapdKeys() []string {
	wanted := map[string]bool{}
	for key := range f.SnapdState.Keys {
		wanted[key] = true
	}
	for _, s := range f.snapdSettings() {
		for key, value := range s.Values {
			if value != "" {
				wanted[key] = true
			}
		}
	}
	if f.Options.SnapProxyURL != "" {
		wanted[resource.ProxyStore] = true
	}
	return slices.Sorted(maps.Keys(wanted))
}

// snapTreatment says how snapd treats the snaps that are installed: which cohort they follow, and whether it refreshes
// them by itself. Neither touches the snap, so neither needs anybody's word.
func snapTreatment() Handler {
	return Handler{Name: "snap-treatment", When: []flag{SnapdReady}, Declare: func(f Facts) ([]resource.Resource, error) {
		var wants []resource.Resource
		for _, name := range snapNames {
			have, installed := f.Snaps[name]
			if !installed {
				continue
			}
			if key := f.cohort(name); key != have.CohortKey && (key != "" || slices.Contains(f.SnapdState.Cohorts, name)) && !have.Local {
				wants = append(wants, resource.SnapCohort{Name: name, Key: key})
			}
			if f.holds(have) || slices.Contains(f.SnapdState.Held, name) {
				wants = append(wants, resource.SnapHold{Name: name, Held: f.holds(have), Daemon: f.SnapdVersion})
			}
		}
		return wants, nil
	}}
}

// cohort is the key with which a snap is to stay at the revision of the control plane's; empty: none. One that cannot be
// read leaves things as they are.
func (f Facts) cohort(name string) string {
	if key := f.Control.CohortKeys[name]; key != "" || f.problem("kube-control", "cohort-keys") == "" {
		return key
	}
	return f.Snaps[name].CohortKey
}

// holds reports whether snapd is to leave a snap alone: refreshes are to be put off for as long as it allows, and upgrades
// are the operator's. It never refreshes what came from a file.
func (f Facts) holds(snap SnapFact) bool {
	return f.Options.SnapdRefresh == options.RefreshMax && f.Options.RequireManualUpgrade && !snap.Local &&
		!f.Options.AnyUnknown(options.SnapdRefresh, options.RequireManualUpgrade)
}

// forgetSnapd takes back all that was set in snapd.
func forgetSnapd(f Facts) ([]resource.Resource, error) {
	wants := []resource.Resource{
		resource.SnapdSetting{Option: string(options.SnapdRefresh), Values: map[string]string{resource.RefreshTimer: ""}},
		resource.SnapdSetting{Option: string(options.SnapProxy), Values: map[string]string{resource.ProxyHTTP: "", resource.ProxyHTTPS: ""}, Restore: true},
		resource.StoreProxy{},
	}
	for _, name := range f.SnapdState.Held {
		wants = append(wants, resource.SnapHold{Name: name})
	}
	for _, name := range f.SnapdState.Cohorts {
		wants = append(wants, resource.SnapCohort{Name: name})
	}
	return wants, nil
}
