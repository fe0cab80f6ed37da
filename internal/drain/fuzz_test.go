package drain_test

import (
	"testing"

	"kubernetes-worker/internal/drain"
)

func FuzzPods(f *testing.F) {
	f.Add([]byte(`{"kind":"PodList","metadata":{"continue":"x"},"items":[{"metadata":{"namespace":"a","name":"b","uid":"c","deletionTimestamp":"2026-01-02T03:04:05Z",
"ownerReferences":[{"kind":"DaemonSet","controller":true}]},"spec":{"volumes":[{"emptyDir":{}}]},"status":{"phase":"Failed"}}]}`))
	f.Add([]byte(`{"kind":"PodList","items":[{}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		plan, err := drain.PlanOf(body, drain.Options{})
		for _, pod := range plan.Move {
			if err != nil || pod.Namespace == "" || pod.Name == "" || pod.UID == "" {
				t.Errorf("%+v %v", plan, err)
			}
		}
	})
}

func FuzzBudgets(f *testing.F) {
	f.Add([]byte(`{"kind":"PodDisruptionBudgetList","items":[{"metadata":{"name":"a"},"spec":{"selector":{"matchExpressions":[{"key":"app","operator":"In","values":["web"]}]}},
"status":{"disruptionsAllowed":1,"currentHealthy":3,"desiredHealthy":2}}]}`), true)
	f.Add([]byte(`{"kind":"PodDisruptionBudgetList","items":[{"spec":{"selector":{"matchExpressions":[{"operator":"Of"}]}}}]}`), false)
	f.Fuzz(func(t *testing.T, body []byte, old bool) {
		version := "v1"
		if old {
			version = "v1beta1"
		}
		if budgets, err := drain.BudgetsOf(body, version, map[string]string{"app": "web"}); err != nil && budgets != nil {
			t.Errorf("%v %v", budgets, err)
		}
	})
}

func FuzzNode(f *testing.F) {
	f.Add([]byte(`{"kind":"Node","metadata":{"name":"a","resourceVersion":"7","annotations":{"kubernetes-worker/cordoned-by":"pause"}},"spec":{"unschedulable":true}}`))
	f.Add([]byte(`{"kind":"Node"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if name, err := drain.NodeOf(body); (err == nil) != (name != "") {
			t.Errorf("%q %v", name, err)
		}
	})
}

func FuzzEvictionVersion(f *testing.F) {
	f.Add([]byte(`{"kind":"APIResourceList","resources":[{"name":"pods/eviction","group":"policy","version":"v1"}]}`))
	f.Add([]byte(`{"kind":"APIResourceList","resources":[null]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if version, err := drain.EvictionVersionOf(body); err != nil && version != "" {
			t.Errorf("%q %v", version, err)
		}
	})
}

func TestASelectorPicksThePodsThatTheServerPicks(t *testing.T) {
	for _, test := range []struct {
		name, selector, version string
		want                    bool
	}{
		{"by label", `{"matchLabels":{"app":"web"}}`, "v1", true},
		{"not by another value", `{"matchLabels":{"app":"db"}}`, "v1", false},
		{"by expression", `{"matchExpressions":[{"key":"app","operator":"NotIn","values":["db"]}]}`, "v1", true},
		{"an empty one is for all in v1", `{}`, "v1", true},
		{"and for none in v1beta1", `{}`, "v1beta1", false},
		{"none is for none", `null`, "v1", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := `{"kind":"PodDisruptionBudgetList","items":[{"metadata":{"name":"b"},"spec":{"selector":` + test.selector + `}}]}`
			budgets, err := drain.BudgetsOf([]byte(body), test.version, map[string]string{"app": "web"})
			if err != nil || (len(budgets) == 1) != test.want {
				t.Errorf("%v %v", budgets, err)
			}
		})
	}
}
