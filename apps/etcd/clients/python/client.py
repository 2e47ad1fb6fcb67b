"""Walks through put, get, watch, lease and txn with the etcd3 package over grpcio; exits 1 at the first surprise."""

import sys

import etcd3


def check(ok, what, *got):
    if not ok:
        print("python:", what, *got, file=sys.stderr)
        sys.exit(1)


host, port = sys.argv[1].rsplit(":", 1)
client = etcd3.client(host=host, port=int(port), timeout=10)

events, cancel = client.watch_prefix("clients/python/")
client.put("clients/python/a", "1")
value, meta = client.get("clients/python/a")
check(value == b"1" and meta.version >= 1, "get", value, meta)
event = next(events)
check(isinstance(event, etcd3.events.PutEvent) and event.key == b"clients/python/a", "watch", event)
cancel()

lease = client.lease(60)
check(lease.granted_ttl == 60, "lease grant", lease.granted_ttl)
client.put("clients/python/leased", "x", lease=lease)
check([bytes(key) for key in lease.keys] == [b"clients/python/leased"], "lease keys", lease.keys)
check(next(iter(client.refresh_lease(lease.id))).TTL == 60, "keep alive")
lease.revoke()
check(client.get("clients/python/leased")[0] is None, "the leased key is gone")

succeeded, responses = client.transaction(
    compare=[client.transactions.value("clients/python/a") == "1"],
    success=[client.transactions.put("clients/python/a", "2"), client.transactions.get("clients/python/a")],
    failure=[client.transactions.delete("clients/python/a")],
)
check(succeeded and responses[1][0][0] == b"2", "txn", responses)
check(client.delete("clients/python/a"), "delete")
print("python: ok")
