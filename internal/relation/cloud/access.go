package cloud

import "kubernetes-worker/internal/secret"

// OpenStackAccess is how to reach an OpenStack, and how its load balancers and volumes are made.
type OpenStackAccess struct {
	AuthURL, Region, Username string
	Password                  secret.Value
	UserDomain, ProjectDomain string
	Project                   string
	CA                        string // certificates in PEM form; empty: those of the system
	Subnet, FloatingNetwork   string
	Method                    string // of balancing
	SecurityGroups            bool   // the load balancer keeps them
	Octavia                   bool
	VolumeAPI                 string // version; empty: found out
	TrustDevicePath           bool
	IgnoreVolumeZone          bool
}

// openStack reads access, and the keys without which there is none.
func (r reader) openStack() (OpenStackAccess, [][2]string) {
	a := OpenStackAccess{
		AuthURL: r.text("auth_url"), Region: r.text("region"), Username: r.text("username"), Password: r.secret("password"),
		UserDomain: r.text("user_domain_name"), ProjectDomain: r.text("project_domain_name"), Project: r.text("project_name"),
		CA: r.authority("endpoint_tls_ca"), Subnet: r.text("subnet_id"), FloatingNetwork: r.text("floating_network_id"),
		Method: r.text("lb_method"), SecurityGroups: r.isTrue("manage_security_groups"), Octavia: r.isTrue("has_octavia"),
		VolumeAPI: r.text("bs_version"), TrustDevicePath: r.isTrue("trust_device_path"), IgnoreVolumeZone: r.isTrue("ignore_volume_az"),
	}
	return a, [][2]string{
		{"auth_url", a.AuthURL}, {"username", a.Username}, {"password", present(!a.Password.Empty())},
		{"user_domain_name", a.UserDomain}, {"project_domain_name", a.ProjectDomain}, {"project_name", a.Project},
	}
}

// AzureNetwork is where the machine is in Azure, and as whom it speaks to it.
type AzureNetwork struct {
	Location, VNet, VNetGroup, Subnet  string
	SecurityGroup, SecurityGroupsGroup string // the latter may be empty
	Client, Tenant                     string // of an application; empty: the machine's own identity
	ClientSecret                       secret.Value
}

// azure reads the network, and the keys without which nothing can be configured.
func (r reader) azure() (AzureNetwork, [][2]string) {
	a := AzureNetwork{
		Location: r.text("resource-group-location"), VNet: r.text("vnet-name"), VNetGroup: r.text("vnet-resource-group"), Subnet: r.text("subnet-name"),
		SecurityGroup: r.text("security-group-name"), SecurityGroupsGroup: r.text("security-group-resource-group"),
	}
	needs := [][2]string{
		{"resource-group-location", a.Location}, {"vnet-name", a.VNet}, {"vnet-resource-group", a.VNetGroup}, {"subnet-name", a.Subnet},
		{"security-group-name", a.SecurityGroup},
	}
	if managed := r.truth("use-managed-identity"); managed != nil && !*managed {
		a.Client, a.Tenant, a.ClientSecret = r.text("aad-client"), r.text("tenant-id"), r.secret("aad-client-secret")
		needs = append(needs, [2]string{"aad-client", a.Client}, [2]string{"tenant-id", a.Tenant},
			[2]string{"aad-client-secret", present(!a.ClientSecret.Empty())})
	}
	return a, needs
}
