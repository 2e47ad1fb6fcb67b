// etcd's own Go recipes (client/v3: concurrency, naming/endpoints, experimental/recipes) on request: a line in is a command, the line out is what
// came of it. Argument: an endpoint. Ends with its input; its session, and all that depends on it, ends then too.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	recipes "go.etcd.io/etcd/client/v3/experimental/recipes"
	"go.etcd.io/etcd/client/v3/naming/endpoints"
)

type agent struct {
	ctx      context.Context
	client   *clientv3.Client
	session  *concurrency.Session
	mutex    *concurrency.Mutex
	election *concurrency.Election
	meeting  *recipes.DoubleBarrier
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	client, err := clientv3.New(clientv3.Config{Endpoints: os.Args[1:2], DialTimeout: 5 * time.Second})
	fatal(err)
	defer client.Close()
	session, err := concurrency.NewSession(client, concurrency.WithTTL(10))
	fatal(err)
	defer session.Close()
	a := &agent{ctx: ctx, client: client, session: session}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		answer, err := a.do(words[0], words[1:])
		if err != nil {
			answer = "error " + err.Error()
		}
		fmt.Println(strings.TrimSpace(words[0] + " " + answer))
	}
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (a *agent) do(command string, words []string) (string, error) {
	switch command {
	case "lock":
		a.mutex = concurrency.NewMutex(a.session, words[0])
		err := a.mutex.Lock(a.ctx)
		return a.mutex.Key(), err
	case "try":
		err := concurrency.NewMutex(a.session, words[0]).TryLock(a.ctx)
		return "", err
	case "unlock":
		return "", a.mutex.Unlock(a.ctx)
	case "campaign":
		a.election = concurrency.NewElection(a.session, words[0])
		return "", a.election.Campaign(a.ctx, words[1])
	case "leader":
		leader, err := concurrency.NewElection(a.session, words[0]).Leader(a.ctx)
		if err != nil {
			return "", err
		}
		return string(leader.Kvs[0].Value), nil
	case "resign":
		return "", a.election.Resign(a.ctx)
	case "register", "list":
		return a.name(command, words)
	case "hold":
		return "", recipes.NewBarrier(a.client, words[0]).Hold()
	case "release":
		return "", recipes.NewBarrier(a.client, words[0]).Release()
	case "wait":
		return "", recipes.NewBarrier(a.client, words[0]).Wait()
	case "enter":
		count, err := strconv.Atoi(words[1])
		fatal(err)
		a.meeting = recipes.NewDoubleBarrier(a.session, words[0], count)
		return "", a.meeting.Enter()
	case "leave":
		return "", a.meeting.Leave()
	}
	return "", fmt.Errorf("no command %q", command)
}

// register <service> <id> <address> <zone>; list <service> gives id=address/zone for each, in order.
func (a *agent) name(command string, words []string) (string, error) {
	manager, err := endpoints.NewManager(a.client, words[0])
	if err != nil {
		return "", err
	}
	if command == "register" {
		endpoint := endpoints.Endpoint{Addr: words[2], Metadata: map[string]string{"zone": words[3]}}
		return "", manager.AddEndpoint(a.ctx, words[0]+"/"+words[1], endpoint, clientv3.WithLease(a.session.Lease()))
	}
	found, err := manager.List(a.ctx)
	if err != nil {
		return "", err
	}
	var texts []string
	for key, endpoint := range found {
		zone := ""
		if metadata, ok := endpoint.Metadata.(map[string]any); ok {
			zone = fmt.Sprint(metadata["zone"])
		}
		texts = append(texts, fmt.Sprintf("%s=%s/%s", strings.TrimPrefix(key, words[0]+"/"), endpoint.Addr, zone))
	}
	slices.Sort(texts)
	return strings.Join(texts, " "), nil
}
