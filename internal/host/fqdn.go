package host

import (
	"context"
	"net"
	"strings"
	"time"
)

// resolverWait bounds the question for the full name: a name server that is away must not hold up a hook.
const resolverWait = 3 * time.Second

// FQDN returns the machine's full name as `hostname -f` would: of the lines of /etc/hosts that hold the host name the
// first name with a dot, else what the resolver calls the host, else the host name itself. The resolver is asked only
// when the root is "/", and for 3 seconds at most.
func (h *Host) FQDN(ctx context.Context) (string, error) {
	name, err := h.Hostname()
	if err != nil {
		return "", err
	}
	if hosts, err := h.ReadFile("/etc/hosts"); err == nil {
		if full := fullNameInHosts(string(hosts), name); full != "" {
			return full, nil
		}
	}
	if strings.Contains(name, ".") || h.Root != "/" {
		return name, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolverWait)
	defer cancel()
	canonical, err := net.DefaultResolver.LookupCNAME(ctx, name)
	canonical = strings.TrimSuffix(canonical, ".")
	if err != nil || !strings.Contains(canonical, ".") {
		return name, nil
	}
	return canonical, nil
}

// fullNameInHosts finds the first dotted name in the lines of hosts(5) that name the host. Names of the loop-back
// address are no names of the machine and are passed over.
func fullNameInHosts(hosts, name string) string {
	for line := range strings.Lines(hosts) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		names := fields[1:]
		full, named := "", false
		for _, candidate := range names {
			named = named || strings.EqualFold(candidate, name)
			if full == "" && strings.Contains(candidate, ".") && !strings.HasPrefix(candidate, "localhost.") {
				full = candidate
			}
		}
		if named && full != "" {
			return full
		}
	}
	return ""
}
