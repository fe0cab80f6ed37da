// Package certificates owns the tls-certificates interface: which certificates a worker asks for, and what the authority
// of either generation answers. It turns bags into checked facts and back, and never writes a file or talks to Juju.
package certificates
