// Package dockerhost owns the dockerhost interface, by which subordinates learn where docker's socket is. Nothing is read
// from the other end.
package dockerhost

import "kubernetes-worker/internal/relation"

// URL is where docker listens.
const URL = "unix:///var/run/docker.sock"

// Encode gives the key to publish. Without docker there is none.
func Encode(docker bool) relation.Bag {
	if !docker {
		return relation.Bag{"url": ""}
	}
	return relation.Bag{"url": URL}
}
