package runtime

import (
	"slices"
	"strings"

	"kubernetes-worker/internal/options"
)

// dockerUnitFile is the packaged unit, which the charm's forerunner replaced.
const dockerUnitFile = "/lib/systemd/system/docker.service"

// ForerunnerFiles are what docker was started with by the charm's forerunner, which was written in Python.
func ForerunnerFiles() []string { return []string{DockerDefaultsFile, dockerUnitFile} }

// ForerunnerDiffers tells in what docker, as the forerunner has configured it, differs from what the forerunner would make of
// today's options and relations; what this charm adds to that, such as addresses that proxies are not asked for, is worth
// no restart of all containers. The proxy is what the options say, for the forerunner knew no other, and version that of
// docker's package.
func ForerunnerDiffers(d Docker, proxy options.Proxy, version string, have map[string][]byte) []string {
	var start string
	var environment []string
	for line := range strings.Lines(string(have[dockerUnitFile])) {
		line = strings.TrimSpace(line)
		if value, ok := strings.CutPrefix(line, "ExecStart="); ok {
			start = value
		} else if value, ok := strings.CutPrefix(line, "Environment="); ok {
			environment = append(environment, value)
		}
	}
	var differences []string
	if start != "/usr/bin/dockerd -H fd:// $DOCKER_OPTS" {
		differences = append(differences, "docker's unit is not the one of the charm before")
	}
	var wanted []string
	if proxy.HTTP != "" || proxy.HTTPS != "" {
		wanted = []string{`"HTTP_PROXY=` + proxy.HTTP + `"`, `"HTTPS_PROXY=` + proxy.HTTPS + `"`, `"NO_PROXY=` + proxy.NoProxy + `"`}
	}
	if slices.Sort(environment); !slices.Equal(environment, slices.Sorted(slices.Values(wanted))) {
		differences = append(differences, "docker's proxies")
	}
	d.ShareIPC = d.ShareIPC && !sharesIPC(version)
	options := d.words()
	given, found := dockerOptions(have[DockerDefaultsFile])
	// The forerunner did not escape what means something to systemd, so that docker got something else.
	if !found || strings.ContainsAny(options, "\\\"`$") || !slices.Equal(sortedFields(given), sortedFields(options)) {
		differences = append(differences, "docker's options")
	}
	return differences
}

// dockerOptions reads the one assignment of the forerunner's file.
func dockerOptions(defaults []byte) (words string, found bool) {
	for line := range strings.Lines(string(defaults)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), `DOCKER_OPTS="`); ok {
			words, found = strings.CutSuffix(value, `"`)
		}
	}
	return words, found
}

func sortedFields(text string) []string { return slices.Sorted(strings.FieldsSeq(text)) }

// sharesIPC reports whether a docker lets the containers of a pod share an IPC namespace without being told: those before
// 20.10 do. Versions are those of packages: 18.09.7-0ubuntu1, 5:19.03.15~3-0~ubuntu-bionic.
func sharesIPC(version string) bool {
	_, after, epoch := strings.Cut(version, ":")
	if epoch {
		version = after
	}
	major, _, found := strings.Cut(version, ".")
	return found && (len(major) == 1 || len(major) == 2 && major < "20")
}
