package snapd

import "testing"

func TestProgressNamesTheStepThatWorksNotTheOneThatWaitsForAll(t *testing.T) {
	waits := task{Kind: "check-rerefresh", Summary: `Handling re-refresh of "kubelet" as needed`, Status: "Doing"}
	works := task{Kind: "download-snap", Summary: `Download snap "kubelet" (20)`, Status: "Doing"}
	works.Progress.Done, works.Progress.Total = 7, 9
	for _, c := range []struct {
		name  string
		tasks []task
		want  ChangeProgress
	}{
		{"one works", []task{waits, works}, ChangeProgress{Task: works.Summary, Done: 7, Total: 9, Steps: 2}},
		{"none does", []task{waits, {Status: "Done"}}, ChangeProgress{Task: waits.Summary, Step: 1, Steps: 2}},
	} {
		if got := (change{Tasks: c.tasks}).progress(); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
