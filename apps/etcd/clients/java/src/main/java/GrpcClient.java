import static com.google.protobuf.ByteString.copyFromUtf8;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.WatchCreateRequest;
import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.File;
import java.util.ArrayList;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * grpc-java with its own stubs over netty: put, get and watch, messages of 10 MB, and 1,000 streams on one connection, without TLS
 * and with. Arguments: plain address, TLS address, file with the authority. Exits 1 at the first surprise.
 */
public final class GrpcClient {
  private static final int LARGE_BYTES = 10_000_000;
  private static final int STREAMS = 1000;

  private static void check(boolean ok, String what, Object... got) {
    if (!ok) {
      System.err.println("grpc-java: " + what + " " + java.util.Arrays.toString(got));
      System.exit(1);
    }
  }

  private static PutRequest put(String key, ByteString value) {
    return PutRequest.newBuilder().setKey(copyFromUtf8(key)).setValue(value).build();
  }

  private static RangeRequest range(String key) {
    return RangeRequest.newBuilder().setKey(copyFromUtf8(key)).build();
  }

  /** A stream of its own that watches one key. */
  private static final class Watch implements StreamObserver<WatchResponse> {
    private final BlockingQueue<WatchResponse> responses = new LinkedBlockingQueue<>();
    private final StreamObserver<WatchRequest> requests;
    private volatile boolean over;

    Watch(ManagedChannel channel, String key) {
      requests = WatchGrpc.newStub(channel).watch(this);
      var create = WatchCreateRequest.newBuilder().setKey(copyFromUtf8(key));
      requests.onNext(WatchRequest.newBuilder().setCreateRequest(create).build());
    }

    WatchResponse next() throws InterruptedException {
      var response = responses.poll(20, TimeUnit.SECONDS);
      check(response != null, "a response of the watch");
      return response;
    }

    void end() {
      over = true;
      requests.onCompleted();
    }

    @Override
    public void onNext(WatchResponse response) {
      responses.add(response);
    }

    @Override
    public void onError(Throwable error) {
      check(over, "the watch failed", error);
    }

    @Override
    public void onCompleted() {
      check(over, "the watch ended");
    }
  }

  private static void calls(ManagedChannel channel) throws Exception {
    var kv = KVGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    var watch = new Watch(channel, "clients/grpc-java/a");
    check(watch.next().getCreated(), "watch created");
    var revision = kv.put(put("clients/grpc-java/a", copyFromUtf8("1"))).getHeader().getRevision();
    var get = kv.range(range("clients/grpc-java/a"));
    check(get.getKvs(0).getValue().toStringUtf8().equals("1"), "get", get);
    check(get.getKvs(0).getModRevision() == revision, "mod revision", get);
    var event = watch.next();
    check(event.getEventsCount() == 1 && event.getHeader().getRevision() == revision, "watch", event);
    watch.end();
    try {
      kv.put(put("", ByteString.EMPTY));
      check(false, "an empty key is refused");
    } catch (StatusRuntimeException refused) {
      check(refused.getStatus().getCode() == Status.Code.INVALID_ARGUMENT, "refusal", refused);
    }
  }

  private static void large(ManagedChannel channel) {
    var kv = KVGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    var value = copyFromUtf8("0123456789".repeat(LARGE_BYTES / 10));
    kv.put(put("clients/grpc-java/large", value));
    check(kv.range(range("clients/grpc-java/large")).getKvs(0).getValue().equals(value), "10 MB");
  }

  private static void manyStreams(ManagedChannel channel) throws Exception {
    var kv = KVGrpc.newFutureStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    var watches = new ArrayList<Watch>();
    for (int i = 0; i < STREAMS; i++) {
      watches.add(new Watch(channel, "streams/grpc-java/" + i));
    }
    for (var watch : watches) {
      check(watch.next().getCreated(), "stream created");
    }
    var puts = new ArrayList<java.util.concurrent.Future<?>>();
    for (int i = 0; i < STREAMS; i++) {
      puts.add(kv.put(put("streams/grpc-java/" + i, copyFromUtf8("x"))));
    }
    for (var put : puts) {
      put.get();
    }
    for (int i = 0; i < STREAMS; i++) {
      var event = watches.get(i).next();
      var key = copyFromUtf8("streams/grpc-java/" + i);
      check(event.getEventsCount() == 1 && event.getEvents(0).getKv().getKey().equals(key), "event", i, event);
    }
    watches.forEach(Watch::end);
  }

  public static void main(String[] args) throws Exception {
    var authority = GrpcSslContexts.forClient().trustManager(new File(args[2])).build();
    var plain = NettyChannelBuilder.forTarget(args[0]).usePlaintext();
    var secure = NettyChannelBuilder.forTarget(args[1]).sslContext(authority);
    for (var builder : new NettyChannelBuilder[] {plain, secure}) {
      var channel = builder.maxInboundMessageSize(2 * LARGE_BYTES).build();
      calls(channel);
      large(channel);
      manyStreams(channel);
      channel.shutdownNow();
    }
    System.out.println("grpc-java: ok");
    System.exit(0);
  }
}
