// Kubernetes 1.12 is older than modules. It names commits, which stand here as the versions that a module proxy has: the same
// commit or tag where there is one, else what 1.15 and 1.16 took. build.sh lays out k8s.io/*, which only lies inside of it.
module kubernetes-worker/test/versions/parsers

go 1.26.0

require (
	github.com/spf13/cobra v0.0.0-00010101000000-000000000000
	github.com/spf13/pflag v0.0.0-00010101000000-000000000000
	gopkg.in/yaml.v2 v2.2.1
	k8s.io/apiserver v0.0.0-00010101000000-000000000000
	k8s.io/kube-proxy v0.0.0-00010101000000-000000000000
	k8s.io/kubelet v0.0.0-00010101000000-000000000000
	k8s.io/kubernetes v1.12.10
)

require (
	bitbucket.org/ww/goautoneg v0.0.0-00010101000000-000000000000 // indirect
	cloud.google.com/go v0.34.0 // indirect
	github.com/Azure/azure-sdk-for-go v0.0.0-00010101000000-000000000000 // indirect
	github.com/Azure/go-autorest v0.0.0-00010101000000-000000000000 // indirect
	github.com/NYTimes/gziphandler v0.0.0-00010101000000-000000000000 // indirect
	github.com/PuerkitoBio/purell v1.1.0 // indirect
	github.com/PuerkitoBio/urlesc v0.0.0-20170810143723-de5bf2ad4578 // indirect
	github.com/beorn7/perks v0.0.0-00010101000000-000000000000 // indirect
	github.com/blang/semver v0.0.0-00010101000000-000000000000 // indirect
	github.com/containerd/console v0.0.0-00010101000000-000000000000 // indirect
	github.com/containerd/containerd v0.0.0-00010101000000-000000000000 // indirect
	github.com/coreos/go-systemd v0.0.0-00010101000000-000000000000 // indirect
	github.com/cyphar/filepath-securejoin v0.0.0-00010101000000-000000000000 // indirect
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/dgrijalva/jwt-go v0.0.0-00010101000000-000000000000 // indirect
	github.com/docker/distribution v0.0.0-00010101000000-000000000000 // indirect
	github.com/docker/docker v0.0.0-00010101000000-000000000000 // indirect
	github.com/docker/go-connections v0.0.0-00010101000000-000000000000 // indirect
	github.com/docker/go-units v0.0.0-00010101000000-000000000000 // indirect
	github.com/docker/libnetwork v0.0.0-00010101000000-000000000000 // indirect
	github.com/docker/spdystream v0.0.0-00010101000000-000000000000 // indirect
	github.com/elazarl/go-bindata-assetfs v1.0.1 // indirect
	github.com/emicklei/go-restful v0.0.0-00010101000000-000000000000 // indirect
	github.com/emicklei/go-restful-swagger12 v0.0.0-00010101000000-000000000000 // indirect
	github.com/euank/go-kmsg-parser v0.0.0-00010101000000-000000000000 // indirect
	github.com/fsnotify/fsnotify v0.0.0-00010101000000-000000000000 // indirect
	github.com/ghodss/yaml v0.0.0-00010101000000-000000000000 // indirect
	github.com/go-openapi/jsonpointer v0.17.0 // indirect
	github.com/go-openapi/jsonreference v0.17.0 // indirect
	github.com/go-openapi/spec v0.0.0-00010101000000-000000000000 // indirect
	github.com/go-openapi/swag v0.17.0 // indirect
	github.com/godbus/dbus v0.0.0-00010101000000-000000000000 // indirect
	github.com/gogo/protobuf v0.0.0-00010101000000-000000000000 // indirect
	github.com/golang/glog v0.0.0-00010101000000-000000000000 // indirect
	github.com/golang/groupcache v0.0.0-00010101000000-000000000000 // indirect
	github.com/golang/protobuf v1.2.0 // indirect
	github.com/google/btree v0.0.0-00010101000000-000000000000 // indirect
	github.com/google/cadvisor v0.0.0-00010101000000-000000000000 // indirect
	github.com/google/gofuzz v0.0.0-00010101000000-000000000000 // indirect
	github.com/google/uuid v1.0.0 // indirect
	github.com/googleapis/gnostic v0.0.0-00010101000000-000000000000 // indirect
	github.com/gregjones/httpcache v0.0.0-00010101000000-000000000000 // indirect
	github.com/hashicorp/golang-lru v0.0.0-00010101000000-000000000000 // indirect
	github.com/imdario/mergo v0.0.0-00010101000000-000000000000 // indirect
	github.com/json-iterator/go v0.0.0-00010101000000-000000000000 // indirect
	github.com/karrick/godirwalk v0.0.0-00010101000000-000000000000 // indirect
	github.com/kr/fs v0.0.0-00010101000000-000000000000 // indirect
	github.com/mailru/easyjson v0.0.0-20180823135443-60711f1a8329 // indirect
	github.com/mattn/go-shellwords v0.0.0-00010101000000-000000000000 // indirect
	github.com/matttproud/golang_protobuf_extensions v0.0.0-00010101000000-000000000000 // indirect
	github.com/mindprince/gonvml v0.0.0-00010101000000-000000000000 // indirect
	github.com/mistifyio/go-zfs v0.0.0-00010101000000-000000000000 // indirect
	github.com/modern-go/concurrent v0.0.0-00010101000000-000000000000 // indirect
	github.com/modern-go/reflect2 v0.0.0-00010101000000-000000000000 // indirect
	github.com/mrunalp/fileutils v0.0.0-00010101000000-000000000000 // indirect
	github.com/opencontainers/go-digest v0.0.0-00010101000000-000000000000 // indirect
	github.com/opencontainers/image-spec v0.0.0-00010101000000-000000000000 // indirect
	github.com/opencontainers/runc v0.0.0-00010101000000-000000000000 // indirect
	github.com/opencontainers/runtime-spec v0.0.0-00010101000000-000000000000 // indirect
	github.com/opencontainers/selinux v0.0.0-00010101000000-000000000000 // indirect
	github.com/pborman/uuid v0.0.0-00010101000000-000000000000 // indirect
	github.com/peterbourgon/diskv v0.0.0-00010101000000-000000000000 // indirect
	github.com/pkg/errors v0.8.0 // indirect
	github.com/pkg/sftp v0.0.0-00010101000000-000000000000 // indirect
	github.com/prometheus/client_golang v0.0.0-00010101000000-000000000000 // indirect
	github.com/prometheus/client_model v0.0.0-00010101000000-000000000000 // indirect
	github.com/prometheus/common v0.0.0-00010101000000-000000000000 // indirect
	github.com/prometheus/procfs v0.0.0-00010101000000-000000000000 // indirect
	github.com/renstrom/dedent v0.0.0-00010101000000-000000000000 // indirect
	github.com/sirupsen/logrus v0.0.0-00010101000000-000000000000 // indirect
	github.com/spf13/afero v1.2.2 // indirect
	github.com/syndtr/gocapability v0.0.0-00010101000000-000000000000 // indirect
	github.com/vishvananda/netlink v0.0.0-00010101000000-000000000000 // indirect
	github.com/vishvananda/netns v0.0.0-00010101000000-000000000000 // indirect
	golang.org/x/crypto v0.0.0-00010101000000-000000000000 // indirect
	golang.org/x/exp v0.0.0-00010101000000-000000000000 // indirect
	golang.org/x/net v0.0.0-20190108225652-1e06a53dbb7e // indirect
	golang.org/x/oauth2 v0.0.0-00010101000000-000000000000 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.3.0 // indirect
	golang.org/x/time v0.0.0-00010101000000-000000000000 // indirect
	google.golang.org/genproto v0.0.0-00010101000000-000000000000 // indirect
	google.golang.org/grpc v0.0.0-00010101000000-000000000000 // indirect
	gopkg.in/inf.v0 v0.0.0-00010101000000-000000000000 // indirect
	gopkg.in/square/go-jose.v2 v2.0.0-00010101000000-000000000000 // indirect
	k8s.io/api v0.0.0-00010101000000-000000000000 // indirect
	k8s.io/apiextensions-apiserver v0.0.0-00010101000000-000000000000 // indirect
	k8s.io/apimachinery v0.0.0-00010101000000-000000000000 // indirect
	k8s.io/client-go v0.0.0-00010101000000-000000000000 // indirect
	k8s.io/csi-api v0.0.0-00010101000000-000000000000 // indirect
	k8s.io/klog v0.3.0 // indirect
	k8s.io/kube-openapi v0.0.0-00010101000000-000000000000 // indirect
	k8s.io/utils v0.0.0-00010101000000-000000000000 // indirect
)

replace (
	bitbucket.org/ww/goautoneg => github.com/munnerz/goautoneg v0.0.0-20190414153302-2ae31c8b6b30
	cloud.google.com/go => cloud.google.com/go v0.1.0
	github.com/Azure/azure-sdk-for-go => github.com/Azure/azure-sdk-for-go v21.4.0+incompatible
	github.com/Azure/go-autorest => github.com/Azure/go-autorest v10.14.0+incompatible
	github.com/NYTimes/gziphandler => github.com/NYTimes/gziphandler v0.0.0-20170623195520-56545f4a5d46
	github.com/PuerkitoBio/purell => github.com/PuerkitoBio/purell v1.0.0
	github.com/PuerkitoBio/urlesc => github.com/PuerkitoBio/urlesc v0.0.0-20170810143723-de5bf2ad4578
	github.com/beorn7/perks => github.com/beorn7/perks v0.0.0-20180321164747-3a771d992973
	github.com/blang/semver => github.com/blang/semver v3.5.0+incompatible
	github.com/containerd/console => github.com/containerd/console v0.0.0-20170925154832-84eeaae905fa
	github.com/containerd/containerd => github.com/containerd/containerd v1.0.2
	github.com/coreos/go-systemd => github.com/coreos/go-systemd v0.0.0-20180511133405-39ca1b05acc7
	github.com/cyphar/filepath-securejoin => github.com/cyphar/filepath-securejoin v0.0.0-20170720062807-ae69057f2299
	github.com/davecgh/go-spew => github.com/davecgh/go-spew v1.1.0
	github.com/dgrijalva/jwt-go => github.com/dgrijalva/jwt-go v0.0.0-20160705203006-01aeca54ebda
	github.com/docker/distribution => github.com/docker/distribution v0.0.0-20170726174610-edc3ab29cdff
	github.com/docker/docker => github.com/docker/docker v0.7.3-0.20190327010347-be7ac8be2ae0
	github.com/docker/go-connections => github.com/docker/go-connections v0.3.0
	github.com/docker/go-units => github.com/docker/go-units v0.3.1
	github.com/docker/libnetwork => github.com/docker/libnetwork v0.0.0-20180830151422-a9cd636e3789
	github.com/docker/spdystream => github.com/docker/spdystream v0.0.0-20160310174837-449fdfce4d96
	github.com/emicklei/go-restful => github.com/emicklei/go-restful v0.0.0-20170410110728-ff4f55a20633
	github.com/emicklei/go-restful-swagger12 => github.com/emicklei/go-restful-swagger12 v0.0.0-20170208215640-dcef7f557305
	github.com/euank/go-kmsg-parser => github.com/euank/go-kmsg-parser v2.0.0+incompatible
	github.com/fsnotify/fsnotify => github.com/fsnotify/fsnotify v1.3.1
	github.com/ghodss/yaml => github.com/ghodss/yaml v0.0.0-20180820084758-c7ce16629ff4
	github.com/go-openapi/jsonpointer => github.com/go-openapi/jsonpointer v0.19.0
	github.com/go-openapi/jsonreference => github.com/go-openapi/jsonreference v0.19.0
	github.com/go-openapi/spec => github.com/go-openapi/spec v0.17.2
	github.com/go-openapi/swag => github.com/go-openapi/swag v0.17.2
	github.com/godbus/dbus => github.com/godbus/dbus v0.0.0-20151105175453-c7fdd8b5cd55
	github.com/gogo/protobuf => github.com/gogo/protobuf v0.0.0-20171007142547-342cbe0a0415
	github.com/golang/glog => github.com/golang/glog v0.0.0-20160126235308-23def4e6c14b
	github.com/golang/groupcache => github.com/golang/groupcache v0.0.0-20160516000752-02826c3e7903
	github.com/golang/protobuf => github.com/golang/protobuf v1.1.0
	github.com/google/btree => github.com/google/btree v0.0.0-20160524151835-7d79101e329e
	github.com/google/cadvisor => github.com/google/cadvisor v0.34.0
	github.com/google/gofuzz => github.com/google/gofuzz v0.0.0-20170612174753-24818f796faf
	github.com/google/uuid => github.com/google/uuid v1.0.0
	github.com/googleapis/gnostic => github.com/googleapis/gnostic v0.0.0-20170729233727-0c5108395e2d
	github.com/gregjones/httpcache => github.com/gregjones/httpcache v0.0.0-20170728041850-787624de3eb7
	github.com/hashicorp/golang-lru => github.com/hashicorp/golang-lru v0.5.0
	github.com/imdario/mergo => github.com/imdario/mergo v0.3.5
	github.com/json-iterator/go => github.com/json-iterator/go v0.0.0-20180701071628-ab8a2e0c74be
	github.com/karrick/godirwalk => github.com/karrick/godirwalk v1.7.5
	github.com/kr/fs => github.com/kr/fs v0.0.0-20131111012553-2788f0dbd169
	github.com/mailru/easyjson => github.com/mailru/easyjson v0.0.0-20180823135443-60711f1a8329
	github.com/mattn/go-shellwords => github.com/mattn/go-shellwords v0.0.0-20180605041737-f8471b0a71de
	github.com/matttproud/golang_protobuf_extensions => github.com/matttproud/golang_protobuf_extensions v1.0.1
	github.com/mindprince/gonvml => ./absent/gonvml
	github.com/mistifyio/go-zfs => github.com/mistifyio/go-zfs v0.0.0-20151009155749-1b4ae6fb4e77
	github.com/modern-go/concurrent => github.com/modern-go/concurrent v0.0.0-20180306012644-bacd9c7ef1dd
	github.com/modern-go/reflect2 => github.com/modern-go/reflect2 v1.0.1
	github.com/mrunalp/fileutils => github.com/mrunalp/fileutils v0.0.0-20160930181131-4ee1cc9a8058
	github.com/opencontainers/go-digest => github.com/opencontainers/go-digest v0.0.0-20170106003457-a6d0ee40d420
	github.com/opencontainers/image-spec => github.com/opencontainers/image-spec v0.0.0-20170604055404-372ad780f634
	github.com/opencontainers/runc => github.com/opencontainers/runc v1.0.0-rc5
	github.com/opencontainers/runtime-spec => github.com/opencontainers/runtime-spec v1.0.0
	github.com/opencontainers/selinux => github.com/opencontainers/selinux v0.0.0-20170621221121-4a2974bf1ee9
	github.com/pborman/uuid => github.com/pborman/uuid v1.2.0
	github.com/peterbourgon/diskv => github.com/peterbourgon/diskv v2.0.1+incompatible
	github.com/pkg/errors => github.com/pkg/errors v0.8.0
	github.com/pkg/sftp => github.com/pkg/sftp v0.0.0-20160930220758-4d0e916071f6
	github.com/prometheus/client_golang => github.com/prometheus/client_golang v0.8.0
	github.com/prometheus/client_model => github.com/prometheus/client_model v0.0.0-20180712105110-5c3871d89910
	github.com/prometheus/common => github.com/prometheus/common v0.0.0-20181126121408-4724e9255275
	github.com/prometheus/procfs => github.com/prometheus/procfs v0.0.0-20181204211112-1dc9a6cbc91a
	github.com/renstrom/dedent => github.com/renstrom/dedent v1.0.0
	github.com/sirupsen/logrus => github.com/sirupsen/logrus v1.0.3
	github.com/spf13/afero => github.com/spf13/afero v0.0.0-20160816080757-b28a7effac97
	github.com/spf13/cobra => github.com/spf13/cobra v0.0.0-20180319062004-c439c4fa0937
	github.com/spf13/pflag => github.com/spf13/pflag v1.0.1
	github.com/syndtr/gocapability => github.com/syndtr/gocapability v0.0.0-20160928074757-e7cb7fa329f4
	github.com/vishvananda/netlink => github.com/vishvananda/netlink v0.0.0-20171020171820-b2de5d10e38e
	github.com/vishvananda/netns => github.com/vishvananda/netns v0.0.0-20171111001504-be1fbeda1936
	golang.org/x/crypto => golang.org/x/crypto v0.0.0-20181025213731-e84da0312774
	golang.org/x/exp => ./absent/exp
	golang.org/x/net => golang.org/x/net v0.0.0-20190206173232-65e2d4e15006
	golang.org/x/oauth2 => golang.org/x/oauth2 v0.0.0-20190402181905-9f3314589c9a
	golang.org/x/text => golang.org/x/text v0.3.1-0.20181227161524-e6919f6577db
	golang.org/x/time => golang.org/x/time v0.0.0-20161028155119-f51c12702a4d
	google.golang.org/genproto => google.golang.org/genproto v0.0.0-20170731182057-09f6ed296fc6
	google.golang.org/grpc => google.golang.org/grpc v1.13.0
	gopkg.in/inf.v0 => gopkg.in/inf.v0 v0.9.0
	gopkg.in/square/go-jose.v2 => gopkg.in/square/go-jose.v2 v2.0.0-20180411045311-89060dee6a84
	gopkg.in/yaml.v2 => gopkg.in/yaml.v2 v2.2.1
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/apiextensions-apiserver => ./staging/src/k8s.io/apiextensions-apiserver
	k8s.io/apimachinery => ./staging/src/k8s.io/apimachinery
	k8s.io/apiserver => ./staging/src/k8s.io/apiserver
	k8s.io/cli-runtime => ./staging/src/k8s.io/cli-runtime
	k8s.io/client-go => ./staging/src/k8s.io/client-go
	k8s.io/code-generator => ./staging/src/k8s.io/code-generator
	k8s.io/csi-api => ./staging/src/k8s.io/csi-api
	k8s.io/gengo => k8s.io/gengo v0.0.0-20190116091435-f8a0810f38af
	k8s.io/heapster => k8s.io/heapster v1.2.0-beta.1
	k8s.io/kube-aggregator => ./staging/src/k8s.io/kube-aggregator
	k8s.io/kube-controller-manager => ./staging/src/k8s.io/kube-controller-manager
	k8s.io/kube-openapi => k8s.io/kube-openapi v0.0.0-20180711000925-0cf8f7e6ed1d
	k8s.io/kube-proxy => ./staging/src/k8s.io/kube-proxy
	k8s.io/kube-scheduler => ./staging/src/k8s.io/kube-scheduler
	k8s.io/kubelet => ./staging/src/k8s.io/kubelet
	k8s.io/metrics => ./staging/src/k8s.io/metrics
	k8s.io/sample-apiserver => ./staging/src/k8s.io/sample-apiserver
	k8s.io/sample-cli-plugin => ./staging/src/k8s.io/sample-cli-plugin
	k8s.io/sample-controller => ./staging/src/k8s.io/sample-controller
	k8s.io/utils => k8s.io/utils v0.0.0-20190801114015-581e00157fb1
)
