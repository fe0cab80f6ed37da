package release

import "testing"

func TestAFeatureHasItsFirstAndItsLastRelease(t *testing.T) {
	for f := range milestones {
		feature := Feature(f)
		since, gone := Began(feature), Ended(feature)
		if since == 0 && gone == 0 || gone != 0 && gone <= since {
			t.Errorf("feature %d: since %d, gone %d", f, since, gone)
		}
		for n := 1; n <= Newest+4; n++ {
			if want := n >= since && (gone == 0 || n < gone); Has(minor(n), feature) != want {
				t.Errorf("feature %d at 1.%d: %t", f, n, !want)
			}
		}
	}
}

func TestWhichReleasesRunOnWhichControlGroups(t *testing.T) {
	for n := Oldest; n <= Newest; n++ {
		for cgroup, want := range map[int]bool{0: true, 1: n <= 34, 2: n >= 22} {
			if RunsOn(minor(n), cgroup) != want {
				t.Errorf("1.%d on cgroup v%d: %t", n, cgroup, !want)
			}
			if cgroup == 0 {
				continue
			}
			if last := LastOn(cgroup); (n >= FirstOn(cgroup) && (last == 0 || n <= last)) != want {
				t.Errorf("1.%d on cgroup v%d: from 1.%d to 1.%d", n, cgroup, FirstOn(cgroup), last)
			}
		}
	}
}
