package action

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/host"
)

// prints answers a program's questions by their words.
type printing map[string]string

func (p printing) Run(_ context.Context, command host.Command) (host.Output, error) {
	return host.Output{Stdout: []byte(p[strings.Join(command.Args, " ")])}, nil
}

// sum is a digest that ends in a letter.
func sum(letter string) string { return "sha256:" + strings.Repeat("0", 63) + letter }

func engine(images string) Containerd {
	return Containerd{Now: func() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }, Runner: printing{
		"--namespace=k8s.io images ls": "REF TYPE DIGEST SIZE PLATFORMS LABELS \n" + images,
		"--namespace=k8s.io containers ls": "CONTAINER    IMAGE    RUNTIME    \n" +
			"runs     r.test/app:1    io.containerd.runc.v2    \nended    " + sum("c") + "    io.containerd.runc.v2    \n" +
			"begins   r.test/app:1    io.containerd.runc.v2    \nstopped  -    io.containerd.runc.v2    \n",
		"--namespace=k8s.io tasks ls":                "TASK    PID    STATUS    \nruns    1001    RUNNING\nstopped    1002    STOPPED\n",
		"--namespace=k8s.io containers info ended":   `{"ID": "ended", "CreatedAt": "2026-01-01T11:00:00Z"}`,
		"--namespace=k8s.io containers info stopped": `{"ID": "stopped", "CreatedAt": "2026-01-01T11:00:00Z"}`,
		"--namespace=k8s.io containers info begins":  `{"ID": "begins", "CreatedAt": "2026-01-01T11:59:00Z"}`,
	}}
}

func TestContainerdsTablesAreUnderstood(t *testing.T) {
	c := engine("r.test/app:1 application/vnd.oci.image.manifest.v1+json " + sum("a") + " 1.5 MiB linux/amd64 io.cri-containerd.image=managed \n" +
		"r.test/app@" + sum("a") + " application/vnd.oci.image.manifest.v1+json " + sum("a") + " 1.5 MiB linux/amd64 io.cri-containerd.image=managed \n" +
		sum("c") + " application/vnd.oci.image.manifest.v1+json " + sum("a") + " 1.5 MiB linux/amd64 io.cri-containerd.image=managed \n" +
		"r.test:5000/loose@" + sum("b") + " application/vnd.docker.distribution.manifest.v2+json " + sum("b") + " 700 KiB linux/amd64,linux/arm64 - \n")
	images, err := c.Images(context.Background())
	if err != nil || len(images) != 2 || images[0].String() != "r.test/app:1" || images[0].Untagged || len(images[0].Refs) != 3 || !images[1].Untagged {
		t.Errorf("%+v %v", images, err)
	}
	containers, err := c.Containers(context.Background())
	want := fmt.Sprint([]Container{{"runs", false, sum("a")}, {"ended", true, sum("a")}, {"begins", false, sum("a")}, {"stopped", true, "-"}})
	if got := fmt.Sprint(containers); err != nil || got != want {
		t.Errorf("got  %s %v\nwant %s", got, err, want)
	}
	if _, err := engine("what is this\n").Images(context.Background()); err == nil {
		t.Error("a table without digests is taken for a list of images")
	}
}

// Whatever containerd's program prints, no image is taken for two, and none is untagged that has a name.
func FuzzContainerdImages(f *testing.F) {
	f.Add("r.test/app:1 type " + sum("a") + " 1.5 MiB linux/amd64 -\n" + sum("a") + " type " + sum("a") + "\n")
	f.Add("\n\n x")
	f.Fuzz(func(t *testing.T, table string) {
		images, err := engine(table).Images(context.Background())
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, image := range images {
			if seen[image.ID] || len(image.Refs) == 0 || image.Untagged != (len(image.Names) == 0) {
				t.Errorf("%+v", images)
			}
			seen[image.ID] = true
		}
	})
}
