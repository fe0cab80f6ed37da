package companion

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"kubernetes-worker/internal/relation"
)

// integrator plays the integrator of a cloud: it hands out what the cloud's own would, and grants nothing, because there is no
// cloud.
type integrator struct{ cloud string }

func (integrator) Subordinate() bool { return false }

func (c integrator) Options() map[string]string {
	options := map[string]string{"say": "all"} // what it publishes: all, half, nothing, or wrong for an answer to somebody else
	switch c.cloud {
	case "gcp":
		options["credentials"] = `{"type": "service_account", "project_id": "demo", "private_key": "-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----\n"}`
	case "openstack":
		maps.Copy(options, map[string]string{
			"auth_url": "https://keystone.test:5000/v3", "region": "RegionOne", "username": "k8s", "password": "secret",
			"user_domain_name": "users", "project_domain_name": "projects", "project_name": "k8s", "endpoint_tls_ca": "",
			"subnet_id": "", "floating_network_id": "", "lb_method": "", "manage_security_groups": "false",
		})
	case "vsphere":
		maps.Copy(options, map[string]string{
			"vsphere_ip": "10.0.0.2", "user": "k8s", "password": "secret", "datacenter": "dc-1", "datastore": "store-1",
		})
	case "azure":
		maps.Copy(options, map[string]string{
			"resource-group-location": "westus", "vnet-name": "vnet-1", "vnet-resource-group": "group-1", "subnet-name": "subnet-1",
			"security-group-name": "security-1",
		})
	}
	return options
}

func (c integrator) Endpoints(map[string]string) []Endpoint {
	name := "clients"
	if c.cloud == "aws" || c.cloud == "gcp" {
		name = c.cloud
	}
	return []Endpoint{{Name: name, Interface: c.cloud + "-integration", Role: Provider}}
}

func (c integrator) Reconcile(_ context.Context, w World) (Outcome, error) {
	out := Outcome{Message: "ready"}
	for _, r := range w.Relations {
		data, err := c.data(w.Options, r.All())
		if err != nil {
			return Outcome{}, fmt.Errorf("cannot play the integrator of %s: %w", c.cloud, err)
		}
		for _, u := range w.Units {
			if u.Leader {
				out.put(r.ID, u.Name, data)
			}
		}
	}
	return out, nil
}

// data is the bag, in JSON as all integrators write it.
func (c integrator) data(options map[string]string, peers []Peer) (map[string]string, error) {
	if !slices.Contains([]string{"all", "half", "nothing", "wrong"}, options["say"]) {
		return nil, fmt.Errorf("option say is %q, not all, half, nothing or wrong", options["say"])
	}
	values := map[string]any{}
	if options["say"] == "nothing" {
		return nil, nil
	}
	for key, value := range options {
		switch {
		case key == "say":
		case key == "manage_security_groups":
			values[key] = value == "true"
		case value == "":
			values[key] = nil
		case key == "endpoint_tls_ca":
			values[key] = base64.StdEncoding.EncodeToString([]byte(value))
		default:
			values[key] = value
		}
	}
	completed, err := c.completed(peers, options["say"] == "wrong")
	if err != nil {
		return nil, err
	}
	if len(completed) > 0 {
		values["completed"] = completed
	}
	if options["say"] == "half" {
		for _, key := range []string{"completed", "password", "security-group-name", "credentials"} {
			delete(values, key)
		}
	}
	data := map[string]string{}
	for key, value := range values {
		if data[key], err = relation.EncodeJSON(value); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// completed answers each unit that has asked.
func (c integrator) completed(peers []Peer, wrong bool) (map[string]any, error) {
	key := map[string]string{"aws": "instance-id", "gcp": "instance", "azure": "vm-id"}[c.cloud]
	completed := map[string]any{}
	for _, peer := range peers {
		machine, _ := relation.DecodeString(peer.Data[key])
		token, asked := relation.DecodeString(peer.Data["requested"])
		if c.cloud == "aws" {
			requested, _ := relation.DecodeBool(peer.Data["requested"])
			asked = requested
			var err error
			if token, err = hashOfAll(peer.Data); err != nil {
				return nil, err
			}
		}
		if wrong {
			token = "0" + token
		}
		if machine != "" && asked {
			completed[machine] = token
		}
	}
	return completed, nil
}

// hashOfAll is what the integrator of aws makes of a whole bag.
func hashOfAll(bag map[string]string) (string, error) {
	values := map[string]any{}
	for key, text := range bag {
		values[key], _ = relation.DecodeJSON(text)
	}
	text, err := relation.EncodeJSON(values)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), nil
}
