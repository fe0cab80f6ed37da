package drain

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"kubernetes-worker/internal/kube"
)

// Budget is a PodDisruptionBudget that a pod is in, as the cluster counts it.
type Budget struct {
	Name    string
	Allowed int // pods that may go now
	Healthy int // pods that are well
	Desired int // pods that must be well
}

func (b Budget) String() string {
	return fmt.Sprintf("budget %s (%d of %d needed pods are healthy, %d may go)", b.Name, b.Healthy, b.Desired, b.Allowed)
}

// wireBudgets is the part of a list of budgets that is read. It is the same in both versions.
type wireBudgets struct {
	Kind  string `json:"kind"`
	Items []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Spec struct {
			Selector *metav1.LabelSelector `json:"selector"`
		} `json:"spec"`
		Status struct {
			Allowed int `json:"disruptionsAllowed"`
			Healthy int `json:"currentHealthy"`
			Desired int `json:"desiredHealthy"`
		} `json:"status"`
	} `json:"items"`
}

// selecting is a budget with the pods that it is for.
type selecting struct {
	Budget
	selector labels.Selector
}

// listBudgets reads the budgets of a namespace in the version in which the server evicts.
func listBudgets(ctx context.Context, api API, version, namespace string) ([]selecting, error) {
	doing := "list disruption budgets of namespace " + namespace
	body, err := api.Send(ctx, kube.Request{
		Verb: http.MethodGet, Path: "/apis/policy/" + version + "/namespaces/" + namespace + "/poddisruptionbudgets", Doing: doing,
	})
	if err != nil {
		return nil, err
	}
	budgets, err := decodeBudgets(body, version)
	if err != nil {
		return nil, fmt.Errorf("cannot %s: %w", doing, err)
	}
	return budgets, nil
}

func decodeBudgets(body []byte, version string) ([]selecting, error) {
	var list wireBudgets
	if err := json.Unmarshal(body, &list); err != nil || list.Kind != "PodDisruptionBudgetList" {
		return nil, errNotBudgets
	}
	budgets := make([]selecting, 0, len(list.Items))
	for _, item := range list.Items {
		selector, err := metav1.LabelSelectorAsSelector(item.Spec.Selector)
		if err != nil {
			return nil, fmt.Errorf("selector of %s: %w", item.Metadata.Name, err)
		}
		// An empty selector is for all pods of the namespace in v1 and for none in v1beta1.
		if selector.Empty() && version == "v1beta1" {
			selector = labels.Nothing()
		}
		budgets = append(budgets, selecting{
			Budget{Name: item.Metadata.Name, Allowed: item.Status.Allowed, Healthy: item.Status.Healthy, Desired: item.Status.Desired}, selector,
		})
	}
	return budgets, nil
}

// budgetsOf picks the budgets that a pod with these labels is in, by name.
func budgetsOf(all []selecting, podLabels map[string]string) []Budget {
	var found []Budget
	for _, budget := range all {
		if budget.selector.Matches(labels.Set(podLabels)) {
			found = append(found, budget.Budget)
		}
	}
	slices.SortFunc(found, func(a, b Budget) int { return cmp.Compare(a.Name, b.Name) })
	return found
}
