import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.TlsTrustManagersProvider;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.InvalidArgumentException;
import software.amazon.awssdk.services.kinesis.model.KinesisException;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardFilterType;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** The AWS SDK for Java, which speaks CBOR, against a real server. The last line is "N passed, N failed". */
public final class Conformance {
  private static final String FIRST = "shardId-000000000000";
  private static int passed;
  private static int failed;

  private interface Test {
    void run() throws Exception;
  }

  public static void main(String[] arguments) throws Exception {
    // Netty logs at debug unless told otherwise.
    ((ch.qos.logback.classic.Logger) org.slf4j.LoggerFactory.getLogger("ROOT")).setLevel(ch.qos.logback.classic.Level.WARN);
    try (Server server = new Server(arguments[0])) {
      try (KinesisClient clear = sync(server.clear(), null)) {
        test("a stream lives over CBOR", () -> life(clear, "java-sync"));
        test("errors are typed and carry their ids", () -> errors(clear));
        test("a split ends the parent and names its children", () -> split(clear));
        test("timestamps go both ways in milliseconds", () -> timestamps(clear));
        test("large blobs go both ways", () -> blobs(clear, "java-blobs"));
      }
      TlsTrustManagersProvider trust = () -> trust(server);
      try (KinesisClient secure = sync(server.secure(), trust)) {
        test("the synchronous client works over TLS", () -> life(secure, "java-tls"));
      }
      for (boolean tls : new boolean[] {false, true}) {
        for (Protocol protocol : new Protocol[] {Protocol.HTTP2, Protocol.HTTP1_1}) {
          String name = "java-async-" + protocol.name().toLowerCase().replace('_', '-') + (tls ? "-tls" : "");
          try (KinesisAsyncClient async = async(tls ? server.secure() : server.clear(), protocol, tls ? trust : null)) {
            test("the asynchronous client works: " + name, () -> asyncLife(async, name));
            test("a subscription is fed: " + name, () -> subscription(async, name));
          }
        }
      }
    }
    System.out.println(passed + " passed, " + failed + " failed");
    System.exit(failed == 0 ? 0 : 1);
  }

  private static void test(String name, Test test) {
    try {
      test.run();
      passed++;
    } catch (Throwable fault) {
      failed++;
      System.out.println("FAILED " + name);
      fault.printStackTrace(System.out);
    }
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  private static StaticCredentialsProvider credentials() {
    return StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
  }

  private static KinesisClient sync(URI endpoint, TlsTrustManagersProvider trust) {
    ApacheHttpClient.Builder http = ApacheHttpClient.builder();
    if (trust != null) {
      http.tlsTrustManagersProvider(trust);
    }
    return KinesisClient.builder()
        .endpointOverride(endpoint)
        .region(Region.EU_WEST_1)
        .credentialsProvider(credentials())
        .httpClientBuilder(http)
        .build();
  }

  private static KinesisAsyncClient async(URI endpoint, Protocol protocol, TlsTrustManagersProvider trust) {
    NettyNioAsyncHttpClient.Builder http = NettyNioAsyncHttpClient.builder().protocol(protocol);
    if (trust != null) {
      http.tlsTrustManagersProvider(trust);
    }
    return KinesisAsyncClient.builder()
        .endpointOverride(endpoint)
        .region(Region.EU_WEST_1)
        .credentialsProvider(credentials())
        .httpClientBuilder(http)
        .build();
  }

  private static TrustManager[] trust(Server server) {
    try (InputStream pem = Files.newInputStream(server.certificate())) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setCertificateEntry("server", CertificateFactory.getInstance("X.509").generateCertificate(pem));
      TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return factory.getTrustManagers();
    } catch (Exception fault) {
      throw new IllegalStateException(fault);
    }
  }

  private static void create(KinesisClient kinesis, String stream, int shards) {
    kinesis.createStream(request -> request.streamName(stream).shardCount(shards));
    kinesis.waiter().waitUntilStreamExists(request -> request.streamName(stream));
  }

  private static String iterator(KinesisClient kinesis, String stream, String shard) {
    return kinesis
        .getShardIterator(
            request -> request.streamName(stream).shardId(shard).shardIteratorType(ShardIteratorType.TRIM_HORIZON))
        .shardIterator();
  }

  private static List<PutRecordsRequestEntry> entries(int count) {
    List<PutRecordsRequestEntry> entries = new ArrayList<>();
    for (int n = 0; n < count; n++) {
      SdkBytes data = SdkBytes.fromUtf8String("value-" + n);
      entries.add(PutRecordsRequestEntry.builder().data(data).partitionKey("clé-" + n).build());
    }
    return entries;
  }

  private static void life(KinesisClient kinesis, String stream) {
    create(kinesis, stream, 1);
    var described = kinesis.describeStreamSummary(request -> request.streamName(stream)).streamDescriptionSummary();
    check(described.streamStatus() == StreamStatus.ACTIVE, "active");
    check(described.openShardCount() == 1, "one shard");
    check(described.streamARN().equals("arn:aws:kinesis:eu-west-1:000000000000:stream/" + stream), "its ARN");
    Duration age = Duration.between(described.streamCreationTimestamp(), Instant.now()).abs();
    check(age.toMinutes() < 1, "created now, not " + described.streamCreationTimestamp());
    PutRecordsResponse put = kinesis.putRecords(request -> request.streamName(stream).records(entries(100)));
    check(put.failedRecordCount() == 0 && put.records().size() == 100, "all put");
    GetRecordsResponse got = kinesis.getRecords(request -> request.shardIterator(iterator(kinesis, stream, FIRST)));
    check(got.records().size() == 100 && got.millisBehindLatest() == 0, "all got");
    for (int n = 0; n < 100; n++) {
      Record record = got.records().get(n);
      check(record.data().asUtf8String().equals("value-" + n), "data " + n);
      check(record.partitionKey().equals("clé-" + n), "key " + n);
      check(record.sequenceNumber().equals(put.records().get(n).sequenceNumber()), "number " + n);
    }
    kinesis.deleteStream(request -> request.streamName(stream));
    kinesis.waiter().waitUntilStreamNotExists(request -> request.streamName(stream));
  }

  private static void errors(KinesisClient kinesis) {
    try {
      kinesis.describeStream(request -> request.streamName("java-absent"));
      throw new AssertionError("an absent stream was described");
    } catch (ResourceNotFoundException error) {
      check(error.statusCode() == 400, "400");
      check(error.awsErrorDetails().errorCode().equals("ResourceNotFoundException"), "the code");
      String text = "Stream java-absent under account 000000000000 not found.";
      check(error.awsErrorDetails().errorMessage().equals(text), error.awsErrorDetails().errorMessage());
      check(error.requestId() != null && error.extendedRequestId() != null, "both ids");
    }
    try {
      kinesis.getRecords(request -> request.shardIterator("AAAA"));
      throw new AssertionError("a forged iterator was taken");
    } catch (InvalidArgumentException expected) {
      check(expected.statusCode() == 400, "400");
    }
    try {
      kinesis.describeStream(request -> request.streamName("a b"));
      throw new AssertionError("a bad name was taken");
    } catch (KinesisException error) {
      check(error.awsErrorDetails().errorCode().equals("ValidationException"), "the code");
      check(error.awsErrorDetails().errorMessage().startsWith("1 validation error detected: Value 'a b' at"), "the text");
    }
  }

  private static void split(KinesisClient kinesis) {
    String stream = "java-split";
    create(kinesis, stream, 1);
    kinesis.putRecords(request -> request.streamName(stream).records(entries(10)));
    kinesis.splitShard(request -> request.streamName(stream).shardToSplit(FIRST).newStartingHashKey("1000"));
    kinesis.waiter().waitUntilStreamExists(request -> request.streamName(stream));
    GetRecordsResponse got = kinesis.getRecords(request -> request.shardIterator(iterator(kinesis, stream, FIRST)));
    int count = got.records().size();
    while (got.nextShardIterator() != null) {
      String next = got.nextShardIterator();
      got = kinesis.getRecords(request -> request.shardIterator(next));
      count += got.records().size();
    }
    check(count == 10, "ten records in the parent");
    check(got.childShards().size() == 2, "two children");
    check(got.childShards().get(0).parentShards().equals(List.of(FIRST)), "their parent");
    List<Shard> open =
        kinesis.listShards(request -> request.streamName(stream).shardFilter(f -> f.type(ShardFilterType.AT_LATEST))).shards();
    check(open.size() == 2 && open.get(0).parentShardId().equals(FIRST), "the open ones");
  }

  private static void timestamps(KinesisClient kinesis) {
    String stream = "java-time";
    create(kinesis, stream, 1);
    kinesis.putRecord(request -> request.streamName(stream).partitionKey("k").data(SdkBytes.fromUtf8String("x")));
    Record first = kinesis.getRecords(request -> request.shardIterator(iterator(kinesis, stream, FIRST))).records().get(0);
    Instant arrived = first.approximateArrivalTimestamp();
    check(Duration.between(arrived, Instant.now()).abs().toMinutes() < 1, "arrived now, not " + arrived);
    for (int later = 0; later < 2; later++) {
      Instant from = arrived.plusMillis(later);
      String at =
          kinesis
              .getShardIterator(
                  request ->
                      request.streamName(stream).shardId(FIRST).shardIteratorType(ShardIteratorType.AT_TIMESTAMP).timestamp(from))
              .shardIterator();
      int count = kinesis.getRecords(request -> request.shardIterator(at)).records().size();
      check(count == 1 - later, "from " + from + " there are " + count);
    }
  }

  private static void blobs(KinesisClient kinesis, String stream) {
    create(kinesis, stream, 1);
    byte[] large = new byte[1024 * 1024 - 1];
    for (int n = 0; n < large.length; n++) {
      large[n] = (byte) (n * 31);
    }
    kinesis.putRecord(request -> request.streamName(stream).partitionKey("k").data(SdkBytes.fromByteArray(large)));
    kinesis.putRecord(request -> request.streamName(stream).partitionKey("k").data(SdkBytes.fromByteArray(new byte[0])));
    List<Record> records = kinesis.getRecords(request -> request.shardIterator(iterator(kinesis, stream, FIRST))).records();
    check(java.util.Arrays.equals(records.get(0).data().asByteArray(), large), "the large one");
    check(records.get(1).data().asByteArray().length == 0, "the empty one");
  }

  /** Registers, subscribes, puts; then splits the shard and sees its children. */
  private static void subscription(KinesisAsyncClient kinesis, String prefix) throws Exception {
    String stream = prefix + "-fan-out";
    kinesis.createStream(request -> request.streamName(stream).shardCount(1)).join();
    kinesis.waiter().waitUntilStreamExists(request -> request.streamName(stream)).join();
    String arn = "arn:aws:kinesis:eu-west-1:000000000000:stream/" + stream;
    String consumer =
        kinesis.registerStreamConsumer(r -> r.streamARN(arn).consumerName("java")).join().consumer().consumerARN();
    while (kinesis.describeStreamConsumer(r -> r.consumerARN(consumer)).join().consumerDescription().consumerStatus()
        != ConsumerStatus.ACTIVE) {
      Thread.sleep(10);
    }
    List<SubscribeToShardEvent> events = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch all = new CountDownLatch(50);
    SubscribeToShardResponseHandler handler =
        SubscribeToShardResponseHandler.builder()
            .subscriber(
                event -> {
                  if (event instanceof SubscribeToShardEvent one) {
                    events.add(one);
                    one.records().forEach(record -> all.countDown());
                  }
                })
            .build();
    CompletableFuture<Void> ended =
        kinesis.subscribeToShard(
            r -> r.consumerARN(consumer).shardId(FIRST).startingPosition(p -> p.type(ShardIteratorType.TRIM_HORIZON)),
            handler);
    for (int n = 0; n < 50; n++) {
      SdkBytes data = SdkBytes.fromUtf8String("value-" + n);
      kinesis.putRecord(r -> r.streamName(stream).partitionKey("k").data(data)).join();
    }
    check(all.await(30, TimeUnit.SECONDS), "all records arrive, not " + (50 - all.getCount()));
    kinesis.splitShard(r -> r.streamName(stream).shardToSplit(FIRST).newStartingHashKey("1000")).join();
    ended.get(30, TimeUnit.SECONDS);
    List<String> got = new ArrayList<>();
    for (SubscribeToShardEvent event : events) {
      boolean last = event == events.get(events.size() - 1);
      check(last == (event.continuationSequenceNumber() == null), "a continuation until the last");
      check(last == event.hasChildShards(), "children at the end only");
      event.records().forEach(record -> got.add(record.data().asUtf8String()));
    }
    for (int n = 0; n < 50; n++) {
      check(got.get(n).equals("value-" + n), "in order");
    }
  }

  private static void asyncLife(KinesisAsyncClient kinesis, String stream) {
    kinesis.createStream(request -> request.streamName(stream).shardCount(2)).join();
    kinesis.waiter().waitUntilStreamExists(request -> request.streamName(stream)).join();
    List<CompletableFuture<PutRecordsResponse>> puts = new ArrayList<>();
    for (int n = 0; n < 50; n++) {
      puts.add(kinesis.putRecords(request -> request.streamName(stream).records(entries(20))));
    }
    for (CompletableFuture<PutRecordsResponse> put : puts) {
      check(put.join().failedRecordCount() == 0, "all put");
    }
    int count = 0;
    for (String shard : List.of(FIRST, "shardId-000000000001")) {
      String at =
          kinesis
              .getShardIterator(
                  request -> request.streamName(stream).shardId(shard).shardIteratorType(ShardIteratorType.TRIM_HORIZON))
              .join()
              .shardIterator();
      while (true) {
        String here = at;
        GetRecordsResponse got = kinesis.getRecords(request -> request.shardIterator(here)).join();
        count += got.records().size();
        at = got.nextShardIterator();
        if (got.records().isEmpty() && got.millisBehindLatest() == 0) {
          break;
        }
      }
    }
    check(count == 1000, "all got, not " + count);
    try {
      kinesis.describeStream(request -> request.streamName("java-absent")).join();
      throw new AssertionError("an absent stream was described");
    } catch (CompletionException error) {
      check(error.getCause() instanceof ResourceNotFoundException, "a typed error, not " + error.getCause());
    }
  }
}
