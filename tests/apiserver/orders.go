package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"
)

// follow carries out what is written on the standard input, a word a line, and says on the standard output when it is
// done. It returns at the input's end.
func follow(ctx context.Context, input io.Reader, etcd *embed.Etcd) {
	orders := bufio.NewScanner(input)
	for orders.Scan() {
		switch orders.Text() {
		case "compact":
			if err := compact(ctx, etcd); err != nil {
				fmt.Println("failed:", err)
			} else {
				fmt.Println("compacted")
			}
		default:
			fmt.Println("failed: there is no such order")
		}
	}
}

// compact makes etcd forget all that was: whoever watches from before is told "410 Gone", unless a watch cache answers.
func compact(ctx context.Context, etcd *embed.Etcd) error {
	_, err := etcd.Server.Compact(ctx, &pb.CompactionRequest{Revision: etcd.Server.KV().Rev(), Physical: true})
	return err
}
