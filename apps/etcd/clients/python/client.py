"""grpcio: put, get, watch, lease and txn by the etcd3 package, messages of 10 MB, and 1,000 streams on one connection by
grpc.aio; without TLS and with. Arguments: plain address, TLS address, file with the authority. Exits 1 at the first surprise."""

import asyncio
import sys

import etcd3
import grpc
from etcd3 import etcdrpc

LARGE_BYTES = 10_000_000
STREAMS = 1000
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def check(ok, what, *got):
    if not ok:
        print("python:", what, *got, file=sys.stderr)
        sys.exit(1)


def calls(client):
    client.delete_prefix("clients/python/")
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


def large(client):
    value = b"0123456789" * (LARGE_BYTES // 10)
    client.put("clients/python/large", value)
    check(client.get("clients/python/large")[0] == value, "10 MB come back as they went")


async def many_streams(channel):
    watches = etcdrpc.WatchStub(channel)
    kv = etcdrpc.KVStub(channel)

    async def open_stream(i):
        call = watches.Watch()
        key = b"streams/python/%d" % i
        await call.write(etcdrpc.WatchRequest(create_request=etcdrpc.WatchCreateRequest(key=key)))
        check((await call.read()).created, "stream created", i)
        return call, key

    async def expect_event(call, key):
        events = (await call.read()).events
        check([event.kv.key for event in events] == [key], "event of stream", key, events)
        call.cancel()

    streams = await asyncio.gather(*(open_stream(i) for i in range(STREAMS)))
    await asyncio.gather(*(kv.Put(etcdrpc.PutRequest(key=key, value=b"x")) for _, key in streams))
    await asyncio.gather(*(expect_event(call, key) for call, key in streams))


async def streams_of(address, authority):
    if authority is None:
        channel = grpc.aio.insecure_channel(address, options=OPTIONS)
    else:
        with open(authority, "rb") as file:
            secrets = grpc.ssl_channel_credentials(root_certificates=file.read())
        channel = grpc.aio.secure_channel(address, secrets, options=OPTIONS)
    async with channel:
        await asyncio.wait_for(many_streams(channel), 30)


plain, secure, authority = sys.argv[1:4]
for address, ca_cert in ((plain, None), (secure, authority)):
    host, port = address.rsplit(":", 1)
    client = etcd3.client(host=host, port=int(port), ca_cert=ca_cert, timeout=20, grpc_options=OPTIONS)
    calls(client)
    large(client)
    client.close()
    asyncio.run(streams_of(address, ca_cert))
print("python: ok")
