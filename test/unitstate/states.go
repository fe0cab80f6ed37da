package main

// r239 is the state of a worker of October 2018 that runs: the keys of the specification, lifecycle 1, and others that the
// framework has.
func r239() map[string]string {
	values := map[string]string{
		"credentials":                                          `{"user": "system:node:worker-0", "kubelet_token": "kubelet-token-1", "proxy_token": "proxy-token-1", "client_token": "client-token-1", "scope": "kubernetes-master/0"}`,
		"current_labels":                                       `{"rack": "b12", "disk": "ssd"}`,
		"docker_opts":                                          `{"bip": ["10.1.44.1/24"], "mtu": ["1450"], "debug": null}`,
		"kubernetes-worker.prev_args.kubelet":                  `{"require-kubeconfig": "true", "kubeconfig": "/root/cdk/kubeconfig", "v": "0", "feature-gates": "null"}`,
		"kubernetes-worker.prev_args.kube-proxy":               `{"cluster-cidr": "10.1.0.0/16", "conntrack-max-per-core": "null"}`,
		"kubernetes-worker.resource-checksums.kubectl":         `"d41d8cd98f00b204e9800998ecf8427e"`,
		"kubernetes-worker.resource-checksums.kubelet":         `"0123456789abcdef0123456789abcdef"`,
		"kubernetes-worker.resource-checksums.kube-proxy":      `"d41d8cd98f00b204e9800998ecf8427e"`,
		"reactive.data_changed.kube-api-endpoint":              `"5d41402abc4b2a76b9719d911017c592"`,
		"leadership.settings.snapd_refresh":                    `"tue5"`,
		"reactive.files_changed./r/kube-proxy/kube-proxy.snap": `"ffffffffffffffffffffffffffffffff"`,
	}
	for _, flag := range []string{"snaps.installed", "config.created", "gpu.enabled", "cloud.ready", "ingress.available", "cni-plugins.installed", "worker.auth.bootstrapped"} {
		values["reactive.states.kubernetes-worker."+flag] = "null"
	}
	for _, flag := range []string{"docker.ready", "docker.available", "kube-control.connected", "tls_client.ca.saved"} {
		values["reactive.states."+flag] = `{"relation": "kube-control", "conversations": ["reactive.conversations.kube-control:1.global"]}`
	}
	return values
}

// dec18 is that of a worker of December 2018 with a related image registry, and an upgrade that waits for its operator.
func dec18() map[string]string {
	values := r239()
	delete(values, "current_labels")
	values["docker_opts"] = `{"insecure-registry": ["registry.test:5000"]}`
	values["registry_netloc"] = `"registry.test:5000"`
	values["reactive.states.kubernetes-worker.registry.configured"] = "null"
	values["reactive.states.kubernetes-worker.snaps.upgrade-needed"] = "null"
	delete(values, "kubernetes-worker.resource-checksums.kube-proxy")
	return values
}
