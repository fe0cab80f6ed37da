package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"kubernetes-worker/internal/addons"
	"kubernetes-worker/internal/kube"
)

// Microbot puts a small web application into the cluster, or removes it.
type Microbot struct{ Addon }

// MicrobotFailed are the results where nothing has come of making, or of removing, microbot yet.
func MicrobotFailed(remove bool) map[string]string {
	if !remove {
		return map[string]string{"microbot-create": "Failed microbot creation."}
	}
	return map[string]string{
		"microbot-service":    "Failed removal of microbot service resource.",
		"microbot-deployment": "Failed removal of microbot deployment resource.",
		"microbot-ing":        "Failed removal of microbot ingress resource.",
	}
}

// CreateMicrobot makes the application, or makes the one that is there like this. It is made only if it answers.
func (m Microbot) CreateMicrobot(ctx context.Context, want addons.Microbot) (map[string]string, error) {
	results := MicrobotFailed(false)
	keeper := m.keeper()
	if err := m.look(ctx, keeper, want.Objects()); err != nil {
		return results, fmt.Errorf("%s; nothing was changed", oneLine(err))
	}
	err := m.apply(ctx, keeper, want.Objects())
	if err == nil {
		err = m.Tell.Step(ctx, "rollout", func(ctx context.Context) error {
			return m.rollout(ctx, addons.MicrobotDeployment(), addons.MicrobotPods)
		})
	}
	if err == nil {
		err = m.Tell.Step(ctx, "request", m.answers)
	}
	if err != nil {
		return results, fmt.Errorf("%s; what was made until then stays: mend that and run microbot again, or remove it with delete=true", oneLine(err))
	}
	return map[string]string{"address": want.Address}, nil
}

// answers asks the application through its service.
func (m Microbot) answers(ctx context.Context) error {
	address, err := m.serviceAddress(ctx, addons.MicrobotService())
	if err != nil {
		return err
	}
	return m.reach(ctx, func(ctx context.Context) error { return ask(ctx, address) })
}

// ask makes one request, past all proxies: services are within the cluster.
func ask(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return fmt.Errorf("cannot ask %s: %w", address, err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("cannot ask microbot: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20)) // its words do not matter
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("microbot answers with HTTP status %d", answer.StatusCode)
	}
	return nil
}

// DeleteMicrobot removes the application, each of its objects whatever becomes of the others.
func (m Microbot) DeleteMicrobot(ctx context.Context) (map[string]string, error) {
	results := MicrobotFailed(true)
	keeper := m.keeper()
	var failures []error
	for _, one := range []struct {
		result string
		ref    kube.Ref
	}{
		{"microbot-service", addons.MicrobotService()}, {"microbot-deployment", addons.MicrobotDeployment()}, {"microbot-ing", addons.MicrobotIngress()},
	} {
		if err := m.removeEarlier(ctx, keeper, one.ref); err != nil {
			failures = append(failures, err)
		} else {
			delete(results, one.result)
		}
	}
	if len(failures) > 0 {
		return results, fmt.Errorf("%d of 3 objects of microbot are not removed: %s; run microbot with delete=true again", len(failures), oneLine(errors.Join(failures...)))
	}
	results["result"] = "microbot is removed"
	return results, nil
}

func (m Microbot) keeper() *kube.Objects {
	keeper := m.Cluster.Objects(addons.MicrobotOwner(m.App))
	keeper.Adopt = addons.AdoptMicrobot
	return keeper
}
