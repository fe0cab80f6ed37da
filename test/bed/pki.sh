#!/bin/bash
# pki.sh DIR NET: certificate authority and certificates of a control plane whose servers have addresses NET.2 to NET.9.
# Does nothing where they exist already. ca.crt and ca.key may sign for others too: the certificates of the nodes.
set -euo pipefail
mkdir -p "$1"; chmod 700 "$1"; cd "$1"; net=$2
[ -f done ] && exit
new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
signed() { # NAME SUBJECT EXTENSIONS
  new_key "$1.key"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile <(printf '%b\n' "$3") -out "$1.crt" 2>/dev/null
  rm "$1.csr"
}
new_key ca.key
openssl req -x509 -new -key ca.key -days 3650 -subj /CN=test-bed-ca -out ca.crt \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
names=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.152.183.1
for i in 2 3 4 5 6 7 8 9; do names+=,IP:$net.$i; done
signed apiserver /CN=kube-apiserver "subjectAltName=$names\nextendedKeyUsage=serverAuth"
signed kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client "extendedKeyUsage=clientAuth"
new_key sa.key
: >done
