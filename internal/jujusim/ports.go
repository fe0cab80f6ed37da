package jujusim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// portRange is an opened range; icmp has no numbers.
type portRange struct {
	From      int      `json:"from"`
	To        int      `json:"to"`
	Protocol  string   `json:"protocol"`
	Endpoints []string `json:"endpoints,omitempty"` // empty: all
}

// String is the form of opened-ports: 80/tcp, 8000-8010/udp, icmp.
func (p portRange) String() string {
	switch {
	case p.Protocol == "icmp":
		return "icmp"
	case p.From == p.To:
		return fmt.Sprintf("%d/%s", p.From, p.Protocol)
	default:
		return fmt.Sprintf("%d-%d/%s", p.From, p.To, p.Protocol)
	}
}

func parsePort(text string) (portRange, error) {
	if strings.EqualFold(text, "icmp") {
		return portRange{Protocol: "icmp"}, nil
	}
	numbers, protocol, found := strings.Cut(text, "/")
	if !found {
		protocol = "tcp"
	}
	protocol = strings.ToLower(protocol)
	if protocol != "tcp" && protocol != "udp" {
		return portRange{}, usage(`invalid protocol %q, expected "tcp", "udp", or "icmp"`, protocol)
	}
	first, last, ranged := strings.Cut(numbers, "-")
	if !ranged {
		last = first
	}
	from, err1 := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if err1 != nil || err2 != nil {
		return portRange{}, usage(`expected <port>[/<protocol>] or <from>-<to>[/<protocol>] or icmp; got %q`, text)
	}
	if from < 1 || to > 65535 || from > to {
		return portRange{}, usage("port range bounds must be between 1 and 65535, got %d-%d", from, to)
	}
	return portRange{From: from, To: to, Protocol: protocol}, nil
}

func (p portRange) same(q portRange) bool {
	return p.From == q.From && p.To == q.To && p.Protocol == q.Protocol
}

func (p portRange) overlaps(q portRange) bool {
	return p.Protocol == q.Protocol && p.Protocol != "icmp" && p.From <= q.To && q.From <= p.To
}

func (c *hookContext) portArgument(call *toolCall) (portRange, error) {
	if len(call.args) == 0 {
		return portRange{}, usage("no port or range specified")
	}
	if len(call.args) > 1 {
		return portRange{}, usage("unrecognized args: %s", quoteList(call.args[1:]))
	}
	port, err := parsePort(call.args[0])
	if list := call.value("--endpoints", ""); err == nil && list != "" {
		port.Endpoints = strings.Split(list, ",")
		slices.Sort(port.Endpoints)
	}
	return port, err
}

func openPort(c *hookContext, call *toolCall) (any, error) {
	port, err := c.portArgument(call)
	if err != nil {
		return nil, err
	}
	for _, u := range c.m.sortedUnits() {
		if u.Machine != c.unit.Machine {
			continue
		}
		ports := u.Ports
		if u == c.unit {
			ports = c.portsAfter()
		}
		for _, other := range ports {
			if port.overlaps(other) && (u != c.unit || !port.same(other)) {
				return nil, failed("cannot open %s (unit %q): port range conflicts with %s (unit %q)", port, c.unit.Name, other, u.Name)
			}
		}
	}
	c.closed = slices.DeleteFunc(c.closed, port.same)
	if !slices.ContainsFunc(c.unit.Ports, port.same) {
		c.opened = append(slices.DeleteFunc(c.opened, port.same), port)
	}
	return nil, nil
}

func closePort(c *hookContext, call *toolCall) (any, error) {
	port, err := c.portArgument(call)
	if err != nil {
		return nil, err
	}
	c.opened = slices.DeleteFunc(c.opened, port.same)
	if slices.ContainsFunc(c.unit.Ports, port.same) {
		c.closed = append(slices.DeleteFunc(c.closed, port.same), port)
	}
	return nil, nil
}

// portsAfter is what will be open after the flush.
func (c *hookContext) portsAfter() []portRange {
	var after []portRange
	for _, port := range append(slices.Clone(c.unit.Ports), c.opened...) {
		if !slices.ContainsFunc(c.closed, port.same) && !slices.ContainsFunc(after, port.same) {
			after = append(after, port)
		}
	}
	slices.SortFunc(after, func(a, b portRange) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.From, b.From))
	})
	return after
}

func openedPorts(c *hookContext, call *toolCall) (any, error) {
	ports := c.unit.Ports
	if c.m.generation.PendingPortsShown {
		ports = c.portsAfter()
	}
	list := []string{}
	for _, port := range ports {
		text := port.String()
		if call.switches["--endpoints"] {
			names := "*"
			if len(port.Endpoints) > 0 {
				names = strings.Join(port.Endpoints, ", ")
			}
			text += " (" + names + ")"
		}
		list = append(list, text)
	}
	return list, nil
}
