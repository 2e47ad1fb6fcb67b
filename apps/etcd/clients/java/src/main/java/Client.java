import static java.nio.charset.StandardCharsets.UTF_8;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.LeaseOption;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchEvent;
import java.io.File;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * jetcd: put, get, watch, lease and txn, and messages of 10 MB, without TLS and with; its watches share one stream, so GrpcClient
 * opens the 1,000. Arguments: plain address, TLS address, file with the authority. Exits 1 at the first surprise.
 */
public final class Client {
  private static final int LARGE_BYTES = 10_000_000;

  private static ByteSequence bytes(String text) {
    return ByteSequence.from(text, UTF_8);
  }

  private static void check(boolean ok, String what, Object... got) {
    if (!ok) {
      System.err.println("java: " + what + " " + java.util.Arrays.toString(got));
      System.exit(1);
    }
  }

  public static void main(String[] args) throws Exception {
    var authority = new File(args[2]);
    try (var client = io.etcd.jetcd.Client.builder().endpoints("http://" + args[0])
        .maxInboundMessageSize(2 * LARGE_BYTES).build()) {
      walk(client);
    }
    try (var client = io.etcd.jetcd.Client.builder().endpoints("https://" + args[1])
        .sslContext(context -> context.trustManager(authority))
        .maxInboundMessageSize(2 * LARGE_BYTES).build()) {
      walk(client);
    }
    System.out.println("java: ok");
    System.exit(0);
  }

  private static void walk(io.etcd.jetcd.Client client) throws Exception {
    var events = new LinkedBlockingQueue<WatchEvent>();
    var key = bytes("clients/java/a");
    try (var watcher = client.getWatchClient().watch(
        bytes("clients/java/"),
        WatchOption.builder().isPrefix(true).withCreateNotify(true).build(),
        Watch.listener(response -> events.addAll(response.getEvents())))) {
      var put = client.getKVClient().put(key, bytes("1")).get(10, TimeUnit.SECONDS);
      var get = client.getKVClient().get(key).get(10, TimeUnit.SECONDS);
      check(get.getKvs().get(0).getValue().toString(UTF_8).equals("1"), "get", get);
      check(get.getKvs().get(0).getModRevision() == put.getHeader().getRevision(), "revision", get);
      var event = events.poll(10, TimeUnit.SECONDS);
      check(event != null && event.getKeyValue().getKey().equals(key), "watch", event);
    }

    var lease = client.getLeaseClient().grant(60).get(10, TimeUnit.SECONDS);
    check(lease.getTTL() == 60, "lease grant", lease);
    var leased = bytes("clients/java/leased");
    client.getKVClient().put(leased, bytes("x"), PutOption.builder().withLeaseId(lease.getID()).build()).get();
    var alive = client.getLeaseClient().keepAliveOnce(lease.getID()).get(10, TimeUnit.SECONDS);
    check(alive.getTTL() == 60, "keep alive", alive);
    var ttl = client.getLeaseClient()
        .timeToLive(lease.getID(), LeaseOption.builder().withAttachedKeys().build()).get(10, TimeUnit.SECONDS);
    check(ttl.getKeys().size() == 1, "time to live", ttl);
    client.getLeaseClient().revoke(lease.getID()).get(10, TimeUnit.SECONDS);
    check(client.getKVClient().get(leased).get().getCount() == 0, "the leased key is gone");

    var txn = client.getKVClient().txn()
        .If(new Cmp(key, Cmp.Op.EQUAL, CmpTarget.value(bytes("1"))))
        .Then(Op.put(key, bytes("2"), PutOption.DEFAULT), Op.get(key, GetOption.DEFAULT))
        .Else(Op.get(key, GetOption.DEFAULT))
        .commit().get(10, TimeUnit.SECONDS);
    check(txn.isSucceeded(), "txn", txn);
    check(txn.getGetResponses().get(0).getKvs().get(0).getValue().toString(UTF_8).equals("2"), "txn get", txn);

    var large = ByteSequence.from(new byte[LARGE_BYTES]);
    client.getKVClient().put(bytes("clients/java/large"), large).get(20, TimeUnit.SECONDS);
    var read = client.getKVClient().get(bytes("clients/java/large")).get(20, TimeUnit.SECONDS);
    check(read.getKvs().get(0).getValue().equals(large), "10 MB come back as they went");
  }
}
