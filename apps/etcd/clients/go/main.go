// etcd's own Go client: put, get, watch, lease and txn, messages of 10 MB, and 1,000 streams on one connection, without TLS and with.
// Arguments: plain address, TLS address, file with the authority. Exits 1 at the first surprise.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	largeBytes = 10_000_000
	streams    = 1000
)

func check(ok bool, what string, got ...any) {
	if !ok {
		fmt.Fprintln(os.Stderr, append([]any{"go:", what}, got...)...)
		os.Exit(1)
	}
}

func connect(endpoint string, secrets *tls.Config) *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{
		Endpoints:          []string{endpoint},
		DialTimeout:        5 * time.Second,
		TLS:                secrets,
		MaxCallSendMsgSize: 2 * largeBytes,
	})
	check(err == nil, "connect", err)
	return client
}

func authority(file string) *tls.Config {
	pem, err := os.ReadFile(file)
	check(err == nil, "authority", err)
	pool := x509.NewCertPool()
	check(pool.AppendCertsFromPEM(pem), "authority has no certificate")
	return &tls.Config{RootCAs: pool}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	plain := connect(os.Args[1], nil)
	secure := connect(os.Args[2], authority(os.Args[3]))
	for _, client := range []*clientv3.Client{plain, secure} {
		calls(ctx, client)
		large(ctx, client)
		manyStreams(ctx, client)
		client.Close()
	}
	fmt.Println("go: ok")
}

func calls(ctx context.Context, client *clientv3.Client) {
	_, err := client.Delete(ctx, "clients/go/", clientv3.WithPrefix())
	check(err == nil, "delete", err)
	watching, stop := context.WithCancel(ctx)
	defer stop()
	watch := client.Watch(watching, "clients/go/", clientv3.WithPrefix(), clientv3.WithPrevKV(), clientv3.WithCreatedNotify())
	check((<-watch).Created, "watch created")
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
}

func large(ctx context.Context, client *clientv3.Client) {
	value := bytes.Repeat([]byte("0123456789"), largeBytes/10)
	_, err := client.Put(ctx, "clients/go/large", string(value))
	check(err == nil, "put of 10 MB", err)
	get, err := client.Get(ctx, "clients/go/large")
	check(err == nil && len(get.Kvs) == 1 && bytes.Equal(get.Kvs[0].Value, value), "get of 10 MB", err)
}

// A watcher of its own for each key is a stream of its own; all share the client's connection.
func manyStreams(ctx context.Context, client *clientv3.Client) {
	key := func(i int) string { return fmt.Sprintf("streams/go/%d", i) }
	watches := make([]clientv3.WatchChan, streams)
	for i := range watches {
		watcher := clientv3.NewWatcher(client)
		defer watcher.Close()
		watches[i] = watcher.Watch(ctx, key(i), clientv3.WithCreatedNotify())
	}
	for i, watch := range watches {
		check((<-watch).Created, "stream created", i)
	}
	failures := make(chan error, streams)
	for i := range watches {
		go func() {
			_, err := client.Put(ctx, key(i), "x")
			failures <- err
		}()
	}
	for range watches {
		err := <-failures
		check(err == nil, "put beside 1,000 streams", err)
	}
	for i, watch := range watches {
		got := <-watch
		check(len(got.Events) == 1 && string(got.Events[0].Kv.Key) == key(i), "event of stream", i, got)
	}
}
