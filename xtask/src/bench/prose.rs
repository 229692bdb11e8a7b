//! The parts of the page that do not depend on the figures.

/// How the figures came about.
pub const HOW: &str = "\
- `cargo xtask bench` measures everything in one run. A cell is one load on one server; each cell is measured
  once per round, and the rounds follow each other, so that what else the machine does meets all alike.
  Figures are medians over the rounds. The exceptions are kinesalite, kinesis-local, moto and LocalStack, which are
  slow: they are measured in the first round only, so that theirs are single figures without a median, marked
  *once*; so are those of `firehose-partitions`. Ratios are of medians; absolute figures hold for this machine only.
- Each cell starts its server afresh, on an empty directory, and ends it with SIGKILL afterwards.
- The generator is `millstream bench`, the same for all: one thread, non-blocking sockets, HTTP/1.1 with
  keep-alive, JSON, one request under way on each connection. About 90 distinct bodies of 500 records (45,000
  of one record), 64 MiB, are encoded before the clock starts, from random bytes and random keys, and sent in
  turn. Its processor time stands beside each rate, since it runs on the same processors.
- The file system is synced before each cell, so that none pays for what another has written or removed.
- Latency is from the first byte handed to the socket to the last byte of the reply.
- After each run with puts everything is read back: every record that was acknowledged must come back as often
  as it was acknowledged, with its content, in rising order of sequence numbers; the first record of each
  request must bear the number that was acknowledged, and records of one connection must keep their order.
- Processor time is utime + stime of the server's process over the measured seconds; peak memory is its VmHWM
  when the load ended. Start to ready is from spawning the process to the line that says it listens.
- PutRecords: 500 records of 1 KiB, 8 connections, 64 shards (and 10,000). PutRecord: 1 KiB, 32 connections
  and 1, 64 shards. GetRecords: 4 connections, 8 shards, 512 MiB, replies of up to 10 MB; a reader that
  reaches the end of a shard takes the next. Slow peers (kinesalite, kinesis-local, moto) are filled with
  less, so that filling does not take minutes.
- Queues: 32 connections receive ten records of 100 bytes and acknowledge them, from a stream of on-demand mode; a
  record counts when its acknowledgement is answered. Beside them none, or a million, others stay in flight.
- The stages of the hot path have benchmarks of their own, run by hand: `cargo bench -p millstream-wire` (decoding,
  replies), `-p millstream-auth` (hashing, signatures), `-p millstream-streams` (routing, limits, laying out the frame),
  `-p millstream-records` (encryption), `-p millstream-log --features testkit` (building a commit, a whole append).
- The bare server uses the HTTP library of ours (hyper on tokio, two workers), reads the body whole and
  answers a fixed reply of the same size. With hashing it also computes the body's SHA-256.
- The cold shard is one of 1,000 that were filled at once with 4 GiB under random keys; the system's cache of
  the files is dropped before each read. It is read as it was written, and again after the server's rewriter has
  sorted it by shard: the server is started with `sort_after_seconds = 0` in `[log]` instead of an hour, and
  reading begins when nothing was sorted for 30 seconds.
- Delivery streams: the generator puts 500 records of 1 KiB a call over 8 connections, random bytes or JSON
  documents (six members, most of it phrases and numbers as programs log them), and stamps each record with the
  number of its request. Afterwards every object is read: each acknowledged record must be in exactly one, with
  its content, within an object in the order in which its connection sent it, and with partitions under its own.
  `firehose-intake` has buffers of 64 MiB and puts for as long as other cells; the destination of `alone` takes
  connections and never answers, so that a few deliveries wait and no more begin. `firehose-gzip` and
  `firehose-cost` put a fixed amount; their processor time is that of the server from the first put to the last
  object, intake included. Peers of `firehose-gzip` get an eighth.
- `firehose-down`: nobody listens where the bucket should be for four times as long as other cells put; then a second
  server with the bucket is started there. What goes into the log is counted by the server.
- `firehose-partitions` runs once: documents of 500 partitions, found by JQ, with buffers that none of them fills
  and an interval of 15 minutes; after the last put all is delivered at once. Bytes read are those that the server's
  log handed to readers, and those that the system counts for the process, from its start.
- The many streams are made once and the server is ended with SIGKILL; each round starts it and makes 2,000 calls of
  ListStreams (100 streams a page) and of ListShards, one after the other, each on a connection of its own.
";

/// Where the comparison leans, and to which side.
pub const FAIRNESS: &str = "\
- All run with limits on throughput lifted or absent, and none with TLS. Requests carry no signature but a
  placeholder, which the peers do not check.
- `--ephemeral` is compared with peers that keep records in memory, although it writes unlinked files through
  the page cache; that is to our disadvantage. Its data may be larger than memory.
- ferrokinesis with `--state-dir` is compared with durable runs because that is what it offers; it writes its
  own log in its own way, with the defaults of its release.
- The disk's ceiling is one writer that does nothing else. Files are prepared in two ways for it (written
  before, only allocated) and the table takes the first, the faster; a server that starts with an empty pool
  of segments writes into both kinds. A growing file is shown for comparison.
- kinesalite and kinesis-local run on Node, in one thread, and moto in Python's threads; they are made for
  tests, not for throughput, and are here because people use them.
- moto's server closes the connection after each reply: the generator connects anew each time, within the
  latency.
- Fluent Bit and Vector are in none of the registries (crates.io, npm, PyPI, Debian 12) as a program: npm's
  `fluent-bit` is a wrapper without the library that it wraps (the sources of 1.8.15 beside it were not built), and the
  `vector` of crates.io is another thing.
- moto and LocalStack deliver each call by itself, within the call, and keep objects in memory or in a temporary
  file. Neither compresses, though GZIP is asked for; the table says so.
- Servers keep their data on the disk that the others use, one at a time.
- The generator takes part of the two processors. It costs the fastest server the most, that is, us.
";
