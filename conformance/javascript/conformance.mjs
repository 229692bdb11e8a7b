// The AWS SDK for JavaScript, which speaks JSON over HTTP/2, against a real server. The last line is "N passed, N failed".

import assert from "node:assert/strict";
import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DeleteStreamCommand,
  DeregisterStreamConsumerCommand,
  DescribeStreamCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  IncreaseStreamRetentionPeriodCommand,
  KinesisClient,
  ListShardsCommand,
  ListStreamConsumersCommand,
  ListTagsForStreamCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  ResourceNotFoundException,
  SplitShardCommand,
  SubscribeToShardCommand,
  UpdateShardCountCommand,
  waitUntilStreamExists,
  waitUntilStreamNotExists,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler, NodeHttp2Handler } from "@smithy/node-http-handler";
import { Agent } from "node:https";
import { start } from "./server.mjs";

const FIRST = "shardId-000000000000";
const PATIENCE = { maxWaitTime: 60, minDelay: 1, maxDelay: 1 };
const HALF = (2n ** 127n).toString();
const text = (bytes) => Buffer.from(bytes).toString();

const entries = (count) =>
  Array.from({ length: count }, (_, n) => ({ Data: Buffer.from(`value-${n}`), PartitionKey: `κλειδί-${n}` }));

async function create(kinesis, name, shards) {
  await kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
  await waitUntilStreamExists({ client: kinesis, ...PATIENCE }, { StreamName: name });
}

/** Reads a shard to its tip or its end: the records, and the last reply. */
async function drain(kinesis, name, shard) {
  let at = (
    await kinesis.send(
      new GetShardIteratorCommand({ StreamName: name, ShardId: shard, ShardIteratorType: "TRIM_HORIZON" }),
    )
  ).ShardIterator;
  const records = [];
  for (;;) {
    const reply = await kinesis.send(new GetRecordsCommand({ ShardIterator: at }));
    records.push(...reply.Records);
    at = reply.NextShardIterator;
    if (at === undefined || (reply.Records.length === 0 && reply.MillisBehindLatest === 0)) {
      return { records, reply };
    }
  }
}

async function wholeLife(kinesis, name) {
  await create(kinesis, name, 1);
  const put = await kinesis.send(new PutRecordsCommand({ StreamName: name, Records: entries(100) }));
  assert.equal(put.FailedRecordCount, 0);
  const one = await kinesis.send(
    new PutRecordCommand({ StreamName: name, PartitionKey: "k", Data: Buffer.alloc(1024 * 1024 - 1, 7) }),
  );
  assert.equal(one.ShardId, FIRST);
  const { records } = await drain(kinesis, name, FIRST);
  assert.deepEqual(records.slice(0, 100).map((record) => text(record.Data)), entries(100).map((entry) => text(entry.Data)));
  assert.deepEqual(records.map((record) => record.SequenceNumber), [...put.Records, one].map((entry) => entry.SequenceNumber));
  assert.ok(records.every((record) => record.ApproximateArrivalTimestamp instanceof Date));
  await kinesis.send(new AddTagsToStreamCommand({ StreamName: name, Tags: { team: "mill" } }));
  const tags = await kinesis.send(new ListTagsForStreamCommand({ StreamName: name }));
  assert.deepEqual(tags.Tags, [{ Key: "team", Value: "mill" }]);
  await kinesis.send(new IncreaseStreamRetentionPeriodCommand({ StreamName: name, RetentionPeriodHours: 48 }));
  await waitUntilStreamExists({ client: kinesis, ...PATIENCE }, { StreamName: name });
  const { StreamDescription } = await kinesis.send(new DescribeStreamCommand({ StreamName: name }));
  assert.equal(StreamDescription.RetentionPeriodHours, 48);
  await kinesis.send(new DeleteStreamCommand({ StreamName: name }));
  await waitUntilStreamNotExists({ client: kinesis, ...PATIENCE }, { StreamName: name });
}

async function errorsAreTyped(kinesis) {
  await assert.rejects(kinesis.send(new DescribeStreamSummaryCommand({ StreamName: "absent" })), (error) => {
    assert.ok(error instanceof ResourceNotFoundException);
    assert.equal(error.message, "Stream absent under account 000000000000 not found.");
    assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
    assert.equal(error.$metadata.httpStatusCode, 400);
    return true;
  });
  await assert.rejects(kinesis.send(new CreateStreamCommand({ StreamName: "no spaces" })), {
    name: "ValidationException",
  });
}

async function shardsChange(kinesis) {
  const name = "javascript-shards";
  await create(kinesis, name, 1);
  await kinesis.send(new PutRecordsCommand({ StreamName: name, Records: entries(20) }));
  await kinesis.send(new SplitShardCommand({ StreamName: name, ShardToSplit: FIRST, NewStartingHashKey: HALF }));
  await waitUntilStreamExists({ client: kinesis, ...PATIENCE }, { StreamName: name });
  const { records, reply } = await drain(kinesis, name, FIRST);
  assert.equal(records.length, 20);
  const children = reply.ChildShards.map((child) => child.ShardId);
  assert.deepEqual(reply.ChildShards.map((child) => child.ParentShards), [[FIRST], [FIRST]]);
  await kinesis.send(
    new MergeShardsCommand({ StreamName: name, ShardToMerge: children[0], AdjacentShardToMerge: children[1] }),
  );
  await waitUntilStreamExists({ client: kinesis, ...PATIENCE }, { StreamName: name });
  await kinesis.send(
    new UpdateShardCountCommand({ StreamName: name, TargetShardCount: 2, ScalingType: "UNIFORM_SCALING" }),
  );
  await waitUntilStreamExists({ client: kinesis, ...PATIENCE }, { StreamName: name });
  const open = await kinesis.send(new ListShardsCommand({ StreamName: name, ShardFilter: { Type: "AT_LATEST" } }));
  assert.equal(open.Shards.length, 2);
}

async function consumersSubscribe(kinesis, name) {
  await create(kinesis, name, 1);
  const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: name }));
  const StreamARN = StreamDescriptionSummary.StreamARN;
  const { Consumer } = await kinesis.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: "reader" }));
  for (let status = Consumer.ConsumerStatus; status !== "ACTIVE"; ) {
    const described = await kinesis.send(new DescribeStreamConsumerCommand({ ConsumerARN: Consumer.ConsumerARN }));
    status = described.ConsumerDescription.ConsumerStatus;
  }
  await kinesis.send(new PutRecordsCommand({ StreamName: name, Records: entries(50) }));
  const subscription = await kinesis.send(
    new SubscribeToShardCommand({
      ConsumerARN: Consumer.ConsumerARN,
      ShardId: FIRST,
      StartingPosition: { Type: "TRIM_HORIZON" },
    }),
  );
  const received = [];
  let split = false;
  let last;
  for await (const event of subscription.EventStream) {
    last = event.SubscribeToShardEvent;
    received.push(...last.Records.map((record) => text(record.Data)));
    if (received.length === 50 && !split) {
      // What is put while the subscription waits arrives too; then the shard ends.
      split = true;
      await kinesis.send(new PutRecordCommand({ StreamName: name, PartitionKey: "k", Data: Buffer.from("late") }));
      await kinesis.send(new SplitShardCommand({ StreamName: name, ShardToSplit: FIRST, NewStartingHashKey: HALF }));
    }
  }
  assert.deepEqual(received, [...entries(50).map((entry) => text(entry.Data)), "late"]);
  assert.equal(last.ContinuationSequenceNumber, undefined);
  assert.equal(last.ChildShards.length, 2);
  const listed = await kinesis.send(new ListStreamConsumersCommand({ StreamARN }));
  assert.deepEqual(listed.Consumers.map((consumer) => consumer.ConsumerName), ["reader"]);
  await kinesis.send(new DeregisterStreamConsumerCommand({ ConsumerARN: Consumer.ConsumerARN }));
}

async function main(binary) {
  const server = await start(binary, "--limits", "off");
  const settings = { region: "eu-north-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  const certificate = server.certificate();
  const clients = {
    http2: new KinesisClient({ ...settings, endpoint: server.clear }),
    http1: new KinesisClient({ ...settings, endpoint: server.clear, requestHandler: new NodeHttpHandler() }),
    tls1: new KinesisClient({
      ...settings,
      endpoint: server.secure,
      requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca: certificate }) }),
    }),
    tls2: new KinesisClient({
      ...settings,
      endpoint: server.secure,
      requestHandler: new NodeHttp2Handler({ nodeHttp2ConnectOptions: { ca: certificate } }),
    }),
  };
  const tests = [
    ["a stream lives, over HTTP/2", () => wholeLife(clients.http2, "javascript-http2")],
    ["a stream lives, over HTTP/1.1", () => wholeLife(clients.http1, "javascript-http1")],
    ["a stream lives, over TLS", () => wholeLife(clients.tls1, "javascript-tls")],
    ["errors are typed and carry their ids", () => errorsAreTyped(clients.http2)],
    ["shards are split, merged and counted", () => shardsChange(clients.http2)],
    ["a consumer subscribes, over HTTP/2", () => consumersSubscribe(clients.http2, "javascript-fan-out-2")],
    ["a consumer subscribes, over HTTP/1.1", () => consumersSubscribe(clients.http1, "javascript-fan-out-1")],
    ["a consumer subscribes, over TLS and HTTP/2", () => consumersSubscribe(clients.tls2, "javascript-fan-out-tls")],
  ];
  let [passed, failed] = [0, 0];
  for (const [name, test] of tests) {
    try {
      await test();
      passed += 1;
    } catch (fault) {
      failed += 1;
      console.log(`FAILED ${name}: ${fault.stack}`);
    }
  }
  Object.values(clients).forEach((client) => client.destroy());
  await server.stop();
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv[2]);
