package runtime

// AlwaysRestart is a drop-in that lets systemd start a service of ours again for ever, every ten seconds: while an API
// server is away both daemons exit, and by default systemd gives up after a few attempts. StartLimitInterval is the name
// and place that the limit had in systemd 229.
func AlwaysRestart(unit string) File {
	return File{
		Path: "/etc/systemd/system/" + unit + ".d/always-restart.conf",
		Mode: 0o644,
		Content: []byte(generated + `[Unit]
StartLimitIntervalSec=0

[Service]
Restart=always
RestartSec=10
StartLimitInterval=0
`),
	}
}
