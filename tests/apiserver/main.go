// A small API server for tests: Kubernetes' own libraries with etcd inside, and no controllers, scheduler or kubelet.
//
// It serves custom resources (whole) and the few built-in resources that the tests touch, to the users of a token file,
// within what RBAC objects allow them. It listens on loopback, keeps its state in one directory, prints "ready" once it
// answers, and ends when its standard input does, which is when whoever started it is gone.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// options are what the command line says.
type options struct {
	dataDir    string
	port       int
	tokens     string
	watchCache bool
}

func main() {
	var o options
	flag.StringVar(&o.dataDir, "data-dir", "", "where everything is kept: etcd's data, certificates, pods' logs, a kubeconfig for each user")
	flag.IntVar(&o.port, "port", 0, "port on 127.0.0.1")
	flag.StringVar(&o.tokens, "tokens", "", "CSV file of users: token,name,uid,\"group,group\"")
	flag.BoolVar(&o.watchCache, "watch-cache", true, "answer lists and watches from memory; without it etcd answers")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, stop, o); err != nil {
		fmt.Fprintln(os.Stderr, "apiserver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stop func(), o options) error {
	store, err := startEtcd(o.dataDir)
	if err != nil {
		return err
	}
	defer store.Close()
	go func() {
		follow(ctx, os.Stdin, store)
		stop()
	}()
	users, err := readUsers(o.tokens)
	if err != nil {
		return err
	}
	server, err := newServer(o, store, users)
	if err != nil {
		return err
	}
	return server.PrepareRun().RunWithContext(ctx)
}
