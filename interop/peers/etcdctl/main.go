// The real etcdctl, built from its own module: a client that our door must satisfy.
package main

import "go.etcd.io/etcd/etcdctl/v3/ctlv3"

func main() { ctlv3.MustStart() }
