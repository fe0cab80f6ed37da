package companion

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubernetes-worker/internal/relation"
)

// controlPlane plays kubernetes-master and kubernetes-control-plane: DNS, cluster tag, API servers, and the tokens of a
// real API server's token file.
type controlPlane struct{}

const restartTimeout = 2 * time.Minute

func (controlPlane) Subordinate() bool { return false }

func (controlPlane) Options() map[string]string {
	return map[string]string{
		"wire":              "both",
		"api-servers":       "", // host:port or URLs; unit n publishes the n-th. Empty: each unit's address, port 6443
		"extended-data":     "", // JSON for the http relation's key of that name
		"tokens-file":       "", // the API server's --token-auth-file; empty: one of our own
		"restart-command":   "", // shell command that makes the API server read a longer token file
		"issue-credentials": "true",
		"admin-user":        "admin",
		"proxy-user":        "system:kube-proxy",
		"domain":            "cluster.local",
		"dns-ip":            "10.152.183.10",
		"enable-dns":        "true",
		"cluster-tag":       "", // empty: one made from the application's state directory
		"registry-location": "rocks.canonical.com:443/cdk",
		"default-cni":       "",
		"has-xcp":           "false",
		"cohort-keys":       "", // JSON object of snap and cohort key; empty: the key is not there
	}
}

func (controlPlane) Endpoints(map[string]string) []Endpoint {
	return []Endpoint{
		{Name: "kube-api-endpoint", Interface: "http", Role: Provider},
		{Name: "kube-control", Interface: "kube-control", Role: Provider},
		{Name: "kube-dns", Interface: "kube-dns", Role: Provider},
		{Name: "tokens", Interface: "tokens", Role: Provider},
	}
}

func (c controlPlane) Reconcile(ctx context.Context, w World) (Outcome, error) {
	wire, err := wireOf(w.Options)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Message: "Kubernetes control plane running."}
	servers, err := apiServers(w)
	if err != nil {
		return Outcome{}, err
	}
	for _, r := range w.Relations {
		switch r.Endpoint {
		case "kube-api-endpoint":
			for _, u := range w.Units {
				out.put(r.ID, u.Name, httpData(servers[u.Name], w.Options["extended-data"]))
			}
		case "kube-dns":
			for _, u := range w.Units {
				out.put(r.ID, u.Name, dnsData(w.Options))
			}
		case "kube-control":
			if err := c.kubeControl(ctx, w, r, wire, servers, &out); err != nil {
				return Outcome{}, err
			}
		case "tokens":
			issued, err := c.tokens(ctx, w, r)
			if err != nil {
				return Outcome{}, err
			}
			for _, u := range w.Units {
				if u.Leader {
					out.put(r.ID, u.Name, issued)
				}
			}
		}
	}
	return out, nil
}

// kubeControl fills the bags of every unit, and the credentials in the leader's.
func (c controlPlane) kubeControl(ctx context.Context, w World, r Relation, wire wire, servers map[string]server, out *Outcome) error {
	creds, err := c.credentials(ctx, w, r, out)
	if err != nil {
		return err
	}
	for _, u := range w.Units {
		data := dnsData(w.Options)
		data["cluster-tag"] = clusterTag(w)
		if u.Leader {
			data["creds"] = creds
		}
		if wire.new() {
			for key, value := range map[string]any{
				"api-endpoints": []any{servers[u.Name].url()}, "default-cni": w.Options["default-cni"],
				"has-xcp": w.Options["has-xcp"] == "true", "taints": []any{}, "labels": []any{},
			} {
				text, err := relation.EncodeJSON(value)
				if err != nil {
					return err
				}
				data[key] = text
			}
			data["registry-location"] = w.Options["registry-location"]
		}
		if keys := w.Options["cohort-keys"]; keys != "" {
			data["cohort-keys"] = keys
		}
		out.put(r.ID, u.Name, data)
	}
	return nil
}

// credentials issues the tokens that remote units ask for and returns them in wire form. Units that understand Juju
// secrets get theirs in one.
func (c controlPlane) credentials(ctx context.Context, w World, r Relation, out *Outcome) (string, error) {
	if w.Options["issue-credentials"] != "true" {
		return "", nil
	}
	file, err := tokensOf(w)
	if err != nil {
		return "", err
	}
	creds := map[string]any{}
	for _, peer := range r.All() {
		user, group := peer.Data["kubelet_user"], peer.Data["auth_group"]
		if user == "" || group == "" {
			continue
		}
		content := map[string]string{}
		for key, who := range map[string][2]string{
			"kubelet": {user, group}, "proxy": {w.Options["proxy-user"], ""}, "client": {w.Options["admin-user"], "system:masters"},
		} {
			if content[key], err = file.of(who[0], who[1]); err != nil {
				return "", err
			}
		}
		entry := map[string]any{"scope": peer.Name}
		if w.HasSecrets && w.Options["wire"] != "old" && knowsSecrets(peer.Data["schema_vers"]) {
			label := "creds-" + user
			out.Secrets = append(out.Secrets, Secret{Label: label, Units: []string{peer.Name}, Content: map[string]string{
				"endpoint": "kube-control", "kubelet-token": content["kubelet"], "proxy-token": content["proxy"], "client-token": content["client"],
			}})
			entry["secret-id"] = w.SecretURI(label)
			content = map[string]string{"kubelet": "", "proxy": "", "client": ""}
		}
		for key, token := range content {
			entry[key+"_token"] = token
		}
		creds[user] = entry
	}
	if err := keepTokens(ctx, w, file); err != nil || len(creds) == 0 {
		return "", err
	}
	return relation.EncodeJSON(creds)
}

// tokens issues the tokens of the users that remote units ask for, which are others than their nodes.
func (controlPlane) tokens(ctx context.Context, w World, r Relation) (map[string]string, error) {
	file, err := tokensOf(w)
	if err != nil {
		return nil, err
	}
	issued := map[string]string{}
	for _, peer := range r.All() {
		value, _ := relation.DecodeJSON(peer.Data["requests"])
		requests, _ := value.(map[string]any)
		for user, group := range requests {
			if issued[user], err = file.of(user, fmt.Sprint(group)); err != nil {
				return nil, err
			}
		}
	}
	if err := keepTokens(ctx, w, file); err != nil || len(issued) == 0 {
		return nil, err
	}
	text, err := relation.EncodeJSON(issued)
	return map[string]string{"tokens": text}, err
}

func tokensOf(w World) (*tokenFile, error) {
	path := w.Options["tokens-file"]
	if path == "" {
		path = filepath.Join(w.StateDir, "tokens.csv")
	}
	return readTokens(path)
}

// keepTokens writes new tokens to the file and lets the API server read it again.
func keepTokens(ctx context.Context, w World, file *tokenFile) error {
	added, err := file.save()
	if command := w.Options["restart-command"]; err == nil && added && command != "" {
		return shell(ctx, command)
	}
	return err
}

func shell(ctx context.Context, command string) error {
	ctx, cancel := context.WithTimeout(ctx, restartTimeout)
	defer cancel()
	output, err := exec.CommandContext(ctx, "sh", "-c", command).CombinedOutput()
	if err != nil {
		return fmt.Errorf("cannot restart the API server: %w: %s", err, strings.TrimSpace(string(output)))
	}
	return nil
}

func knowsSecrets(schemas string) bool {
	value, ok := relation.DecodeJSON(schemas)
	versions, isList := value.([]any)
	if !ok || !isList {
		return false
	}
	return slices.ContainsFunc(versions, func(v any) bool { return fmt.Sprint(v) == "1" })
}

func dnsData(options map[string]string) map[string]string {
	enabled := options["enable-dns"] == "true"
	data := map[string]string{"port": "53", "domain": options["domain"], "enable-kube-dns": "False"}
	if enabled {
		data["enable-kube-dns"], data["sdn-ip"] = "True", options["dns-ip"]
	}
	return data
}

// clusterTag is as a control plane makes it, but always the same for one model.
func clusterTag(w World) string {
	if tag := w.Options["cluster-tag"]; tag != "" {
		return tag
	}
	sum := sha256.Sum256([]byte(w.StateDir))
	return "kubernetes-" + hex.EncodeToString(sum[:16])
}

type server struct{ host, port string }

func (s server) url() string { return "https://" + net.JoinHostPort(s.host, s.port) }

// apiServers gives every unit its API server.
func apiServers(w World) (map[string]server, error) {
	given := list(w.Options["api-servers"])
	servers := map[string]server{}
	for i, u := range w.Units {
		servers[u.Name] = server{u.Address, "6443"}
		if len(given) == 0 {
			continue
		}
		parsed, err := parseServer(given[i%len(given)])
		if err != nil {
			return nil, err
		}
		servers[u.Name] = parsed
	}
	return servers, nil
}

func parseServer(text string) (server, error) {
	text = strings.TrimSuffix(text, "/")
	if strings.Contains(text, "://") {
		u, err := url.Parse(text)
		if err != nil {
			return server{}, fmt.Errorf("option api-servers: %w", err)
		}
		text = u.Host
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return server{}, fmt.Errorf("option api-servers: %w", err)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || host == "" {
		return server{}, errors.New("option api-servers: an entry is no host:port")
	}
	return server{host, port}, nil
}

func httpData(s server, extended string) map[string]string {
	data := map[string]string{"hostname": s.host, "private-address": s.host, "port": s.port}
	if extended != "" {
		data["extended_data"] = extended
	}
	return data
}
