package cloudmeta_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/cloudmeta"
	"kubernetes-worker/internal/relation/cloud"
)

// service answers with texts, by "METHOD path", to those who send the header that each wants; it counts the questions.
type service struct {
	answers map[string]string
	header  [2]string // name and value; an empty name: none is wanted
	status  int       // for what it does not answer
	asked   []string
	silent  bool
	release chan struct{}
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.Method + " " + r.URL.RequestURI()
	s.asked = append(s.asked, key)
	if s.silent {
		<-s.release
		return
	}
	text, known := s.answers[key]
	if !known || s.header[0] != "" && r.Method == http.MethodGet && r.Header.Get(s.header[0]) != s.header[1] {
		w.WriteHeader(s.status)
		return
	}
	_, _ = w.Write([]byte(text))
}

func (s *service) start(t *testing.T) cloudmeta.Settings {
	t.Helper()
	if s.status == 0 {
		s.status = http.StatusNotFound
	}
	s.release = make(chan struct{})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(s.release) })
	return cloudmeta.Settings{AWS: server.URL, GCP: server.URL, Azure: server.URL, Each: 2 * time.Second, All: 5 * time.Second}
}

const (
	idPath    = "GET /latest/meta-data/instance-id"
	zonePath  = "GET /latest/meta-data/placement/availability-zone"
	tokenPath = "PUT /latest/api/token"
	azurePath = "GET /metadata/instance?api-version=2017-12-01"
	token     = "AQAEAFSYMXhRn=="
)

func TestInstanceOfEachCloud(t *testing.T) {
	google := map[string]string{"GET /computeMetadata/v1/instance/name": "juju-1\n", "GET /computeMetadata/v1/instance/zone": "projects/12/zones/us-east1-b"}
	aws := cloud.Instance{Cloud: cloud.AWS, ID: "i-0123456789abcdef0", Place: "us-east-1"}
	for name, c := range map[string]struct {
		cloud string
		s     service
		want  cloud.Instance
		asked int
	}{
		"aws, second version": {cloud.AWS, service{
			answers: map[string]string{tokenPath: token, idPath: "i-0123456789abcdef0", zonePath: "us-east-1a"},
			header:  [2]string{"X-aws-ec2-metadata-token", token}, status: http.StatusUnauthorized}, aws, 3},
		"aws, first version": {cloud.AWS, service{answers: map[string]string{idPath: "i-0123456789abcdef0", zonePath: "us-east-1a"}}, aws, 3},
		"gcp": {cloud.GCP, service{answers: google, header: [2]string{"Metadata-Flavor", "Google"}, status: http.StatusForbidden},
			cloud.Instance{Cloud: cloud.GCP, Name: "juju-1", Place: "us-east1-b"}, 2},
		"azure": {cloud.Azure, service{
			answers: map[string]string{azurePath: `{"compute": {"vmId": "vm-1", "name": "machine-1", "resourceGroupName": "juju-(1)", "location": "westus", "subscriptionId": "sub-1", "other": 1}, "network": {}}`},
			header:  [2]string{"Metadata", "true"}, status: http.StatusBadRequest},
			cloud.Instance{Cloud: cloud.Azure, ID: "vm-1", Name: "machine-1", Group: "juju-(1)", Place: "westus", Subscription: "sub-1"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cloudmeta.New(c.s.start(t)).Instance(context.Background(), c.cloud)
			if err != nil || got != c.want {
				t.Errorf("Instance() = %+v, %v; want %+v", got, err, c.want)
			}
			if len(c.s.asked) != c.asked {
				t.Errorf("asked %q", c.s.asked)
			}
		})
	}
}

func TestWhatCannotBeUsedIsAnErrorThatSaysWhy(t *testing.T) {
	long := strings.Repeat("a", 100<<10)
	for name, c := range map[string]struct {
		cloud   string
		answers map[string]string
		want    string
	}{
		"nothing there":            {cloud.AWS, nil, "answers /latest/meta-data/instance-id with 404; it gave no token either"},
		"a token of two lines":     {cloud.AWS, map[string]string{tokenPath: "a\nb", idPath: "i-0", zonePath: "us-east-1a"}, "its token is none"},
		"an id that is a page":     {cloud.AWS, map[string]string{idPath: "<html>login</html>", zonePath: "us-east-1a"}, "its instance-id is none"},
		"a zone that is no zone":   {cloud.AWS, map[string]string{idPath: "i-0", zonePath: "abc"}, "its availability-zone is none"},
		"an answer without an end": {cloud.AWS, map[string]string{idPath: long}, "at too great a length"},
		"a zone with blanks":       {cloud.GCP, map[string]string{"GET /computeMetadata/v1/instance/name": "a", "GET /computeMetadata/v1/instance/zone": "a b"}, "its zone is none"},
		"no JSON":                  {cloud.Azure, map[string]string{azurePath: "<html>"}, "not the JSON that was expected"},
		"half of the JSON":         {cloud.Azure, map[string]string{azurePath: `{"compute": {"vmId": "x"}}`}, "its name is none"},
		"another cloud":            {cloud.OpenStack, nil, "none that is known"},
	} {
		t.Run(name, func(t *testing.T) {
			s := service{answers: c.answers}
			got, err := cloudmeta.New(s.start(t)).Instance(context.Background(), c.cloud)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "html") {
				t.Errorf("Instance() = %+v, %v; want the error to say %q", got, err, c.want)
			}
		})
	}
}

func TestSilenceEndsByItself(t *testing.T) {
	for _, name := range []string{cloud.AWS, cloud.GCP, cloud.Azure} {
		s := service{silent: true}
		settings := s.start(t)
		settings.Each, settings.All = 20*time.Millisecond, 30*time.Millisecond
		_, err := cloudmeta.New(settings).Instance(context.Background(), name)
		if err == nil || !strings.Contains(err.Error(), "does not answer") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNobodyIsFollowedElsewhere(t *testing.T) {
	elsewhere := service{answers: map[string]string{"GET /": "i-0"}}
	away := elsewhere.start(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, away.AWS, http.StatusFound)
	}))
	defer server.Close()
	if _, err := cloudmeta.New(cloudmeta.Settings{AWS: server.URL}).Instance(context.Background(), cloud.AWS); err == nil || len(elsewhere.asked) > 0 {
		t.Errorf("%v, asked %q", err, elsewhere.asked)
	}
}

func FuzzAzureAnswer(f *testing.F) {
	f.Add(`{"compute": {"vmId": "vm-1"}}`)
	f.Add(`[]`)
	f.Add("{\"compute\": {\"vmId\": \"a\\nb\"}}")
	f.Fuzz(func(t *testing.T, text string) {
		s := service{answers: map[string]string{azurePath: text}}
		got, err := cloudmeta.New(s.start(t)).Instance(context.Background(), cloud.Azure)
		if err == nil && strings.ContainsAny(got.ID+got.Name+got.Place, "\n\" ") {
			t.Errorf("%+v is let through", got)
		}
	})
}
