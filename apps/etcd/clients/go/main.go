// Walks through put, get, watch, lease and txn with etcd's own Go client; exits 1 at the first surprise.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

func check(ok bool, what string, got ...any) {
	if !ok {
		fmt.Fprintln(os.Stderr, append([]any{"go:", what}, got...)...)
		os.Exit(1)
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{os.Args[1]}, DialTimeout: 5 * time.Second})
	check(err == nil, "connect", err)
	defer client.Close()

	watch := client.Watch(ctx, "clients/go/", clientv3.WithPrefix(), clientv3.WithPrevKV())
	put, err := client.Put(ctx, "clients/go/a", "1")
	check(err == nil, "put", err)
	get, err := client.Get(ctx, "clients/go/a")
	check(err == nil && len(get.Kvs) == 1 && string(get.Kvs[0].Value) == "1", "get", get, err)
	check(get.Kvs[0].ModRevision == put.Header.Revision, "mod revision", get, put)

	event := <-watch
	check(len(event.Events) == 1 && event.Events[0].IsCreate() && string(event.Events[0].Kv.Key) == "clients/go/a", "watch", event)

	lease, err := client.Grant(ctx, 60)
	check(err == nil && lease.TTL == 60, "lease grant", lease, err)
	_, err = client.Put(ctx, "clients/go/leased", "x", clientv3.WithLease(lease.ID))
	check(err == nil, "put with lease", err)
	alive, err := client.KeepAliveOnce(ctx, lease.ID)
	check(err == nil && alive.TTL == 60, "keep alive", alive, err)
	ttl, err := client.TimeToLive(ctx, lease.ID, clientv3.WithAttachedKeys())
	check(err == nil && len(ttl.Keys) == 1 && ttl.TTL > 50, "time to live", ttl, err)
	_, err = client.Revoke(ctx, lease.ID)
	check(err == nil, "revoke", err)
	get, err = client.Get(ctx, "clients/go/leased")
	check(err == nil && get.Count == 0, "the leased key is gone", get, err)

	txn, err := client.Txn(ctx).
		If(clientv3.Compare(clientv3.Value("clients/go/a"), "=", "1")).
		Then(clientv3.OpPut("clients/go/a", "2"), clientv3.OpGet("clients/go/a")).
		Else(clientv3.OpDelete("clients/go/a")).
		Commit()
	check(err == nil && txn.Succeeded && len(txn.Responses) == 2, "txn", txn, err)
	check(string(txn.Responses[1].GetResponseRange().Kvs[0].Value) == "2", "a txn reads its own writes", txn)
	_, err = client.Put(ctx, "", "x")
	check(err != nil, "an empty key is refused")
	fmt.Println("go: ok")
}
