package ingress

import "kubernetes-worker/internal/kube"

// backendPort is where the default backend listens.
const backendPort = 8080

func (c Config) backendName() string { return "default-http-backend-" + c.App }

// backendLabels find the backend's pods, and not the controller's.
func (c Config) backendLabels() map[string]any {
	labels := c.labels()
	labels["app.kubernetes.io/name"] = c.backendName()
	return labels
}

// backend answers requests that no rule matches.
func (c Config) backend() kube.Object {
	o := c.object("apps/v1", "Deployment", c.backendName())
	o["metadata"].(map[string]any)["labels"] = c.backendLabels()
	resources := map[string]any{"cpu": "10m", "memory": "20Mi"}
	o["spec"] = map[string]any{
		"replicas": 1,
		"selector": map[string]any{"matchLabels": c.backendLabels()},
		"template": map[string]any{
			"metadata": map[string]any{"labels": c.backendLabels()},
			"spec": map[string]any{
				"terminationGracePeriodSeconds": 60,
				"containers": []any{map[string]any{
					"name":  c.backendName(),
					"image": c.backendImage(),
					"livenessProbe": map[string]any{
						"httpGet":             map[string]any{"path": "/healthz", "port": backendPort, "scheme": "HTTP"},
						"initialDelaySeconds": 30,
						"timeoutSeconds":      5,
					},
					"ports":     []any{map[string]any{"containerPort": backendPort, "protocol": "TCP"}},
					"resources": map[string]any{"limits": resources, "requests": resources},
				}},
			},
		},
	}
	return o
}

func (c Config) backendService() kube.Object {
	o := c.object("v1", "Service", c.backendName())
	o["metadata"].(map[string]any)["labels"] = c.backendLabels()
	o["spec"] = map[string]any{
		"ports":    []any{map[string]any{"port": 80, "targetPort": backendPort, "protocol": "TCP"}},
		"selector": c.backendLabels(),
	}
	return o
}
