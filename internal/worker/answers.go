package worker

import (
	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/dockerhost"
	"kubernetes-worker/internal/relation/ingressproxy"
	"kubernetes-worker/internal/relation/tokens"
	"kubernetes-worker/internal/resource"
)

// dockerHostAnswer tells subordinates where docker's socket is, as long as there is docker.
func dockerHostAnswer() Handler {
	return Handler{Name: "dockerhost", When: []flag{RuntimeRunning}, Declare: func(f Facts) ([]resource.Resource, error) {
		bag := dockerhost.Encode(f.runtime().Docker())
		return f.publish("dockerhost", func(relation.Relation) relation.Bag { return bag }), nil
	}}
}

// ingressPort is where the ingress controller of the node listens for plain HTTP.
const ingressPort = 80

// ingressProxyAnswer tells a load balancer where the node's ingress controller is.
func ingressProxyAnswer() Handler {
	return Handler{Name: "ingress-proxy", Declare: func(f Facts) ([]resource.Resource, error) {
		return f.publish("ingress-proxy", func(r relation.Relation) relation.Bag {
			address := r.Own["ingress-address"]
			if address == "" {
				address = f.ingressAddress()
			}
			return ingressproxy.Encode(address, ingressPort, f.LeavesPrivateAddress)
		}), nil
	}}
}

// observer is the user that may read the metrics of this node.
func (f Facts) observer() string { return "system:cos:" + f.NodeName }

// tokenRequest asks the control plane for the token of that user.
func tokenRequest() Handler {
	return Handler{Name: "tokens", When: []flag{NameSettled}, Declare: func(f Facts) ([]resource.Resource, error) {
		bag := tokens.Encode(map[string]string{f.observer(): "system:cos"})
		return f.publish("tokens", func(relation.Relation) relation.Bag { return bag }), nil
	}}
}
