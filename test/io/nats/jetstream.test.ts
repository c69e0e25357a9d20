import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiscardPolicy } from "@nats-io/jetstream";
import { BUCKET_VALUE_BYTES_MAX } from "../../../src/base/limits-cluster.ts";
import { systemClock } from "../../../src/io/clock.ts";
import type { StreamMessage } from "../../../src/io/cluster/stream.ts";
import { openBuckets } from "../../../src/io/nats/bucket.ts";
import { openContentStore } from "../../../src/io/nats/content.ts";
import { type JetStream, openJetStream } from "../../../src/io/nats/jetstream.ts";
import { until } from "../../event.ts";
import { requires } from "../../installed.ts";
import { rejection } from "../../rejection.ts";
import { memberOf, NatsNode, post } from "./nats-node.ts";
import { isOldNats, NatsServers } from "./nats-servers.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

const folder = mkdtempSync(join(tmpdir(), "chat-jetstream-"));
let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start(1);
});

afterAll(async () => {
  await nats.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The other streams exist only in the tests that open them. */
async function changedSettings(stream: JetStream) {
  const { settings } = await stream.state();
  return settings.filter(({ message }) => !message.startsWith("NATS has no stream"));
}

test("refuses an old server unless the operator accepts the risk", async () => {
  const opening = openJetStream({ ...memberOf(nats, "old"), isUnsafe: false });
  const code = isOldNats() ? "version-unsupported" : "no-majority";
  expect(await rejection(opening)).toMatchObject({ code });
});

test("refuses a node with another identity or none", async () => {
  const open = (own: string | undefined) => {
    const make = () => Promise.resolve("SHA256:made");
    return openJetStream({ ...memberOf(nats, "whose"), identity: { own, make } });
  };
  const first = await open(undefined);
  await (await open("SHA256:made")).close();
  for (const own of ["SHA256:other", undefined]) {
    expect(await rejection(open(own))).toMatchObject({ code: "data-foreign" });
  }
  await first.close();
});

test("names another stream with the subject of a missing cluster", async () => {
  const admin = await openJetStream(memberOf(nats, "admin"));
  const { manager } = admin.clusterConnection;
  await manager.streams.add({ name: "OTHER", subjects: ["chat.taken.>"] });
  const member = memberOf(nats, "taken");
  const { identity: _, ...inspected } = member;
  for (const options of [inspected, member]) {
    expect(await rejection(openJetStream(options))).toMatchObject({
      code: "no-majority",
      message: "the stream OTHER in NATS has the subject chat.taken.log",
    });
  }
  await manager.streams.delete("OTHER");
  expect(await rejection(openJetStream(inspected))).toMatchObject({ code: "not-found" });
  await admin.close();
});

test("notifies of stored messages, even for an older stream", async () => {
  const options = memberOf(nats, "early");
  const other = await openJetStream({ ...options, cluster: "other" });
  const { manager } = other.clusterConnection;
  const earlier = { name: "CHAT_early", subjects: ["chat.early.log"], num_replicas: 1 };
  await manager.streams.add({ ...earlier, description: "identity SHA256:ours" });
  const [writer, reader] = [await openJetStream(options), await openJetStream(options)];
  const notified: StreamMessage[] = [];
  const stop = reader.watch((stored) => {
    if (stored !== undefined) notified.push(stored);
  });
  for (const text of ["one", "two"]) {
    const { seq } = await writer.publish(Buffer.from(text), text);
    if (!isOldNats()) await until(`${text} is notified`, () => notified.length === seq);
    const stored = await writer.get(seq);
    expect(Buffer.from(stored?.bytes ?? []).toString()).toBe(text);
    expect(notified.at(-1)).toEqual(isOldNats() ? undefined : stored);
  }
  await manager.streams.deleteMessage("CHAT_early", 1);
  expect(await reader.get(1)).toBeUndefined();
  stop();
  for (const one of [writer, reader, other]) await one.close();
});

test("recreates a removed stream while the nodes run, with everything that they have", async () => {
  const nodeOf = (name: string) => new NatsNode(memberOf(nats, "removed"), join(folder, name));
  const nodes = [nodeOf("r1"), nodeOf("r2")] as const;
  const [one, other] = [await nodes[0].start(), await nodes[1].start()];
  for (let i = 0; i < 5; i++) await post(i % 2 === 0 ? one : other, `text ${i}`);
  const { manager } = one.stream.clusterConnection;
  await manager.streams.delete("CHAT_removed");
  await post(one, "after the removal");
  await post(other, "from the other node");
  // A post whose answer is late on a busy machine is posted again, and may be stored twice.
  await until("both nodes have all texts", () => {
    const [count, otherCount] = [one.history.head(), other.history.head()];
    return count >= 7 && count === otherCount;
  });
  expect(nodes[1].lines).toBe(nodes[0].lines);
  expect((await manager.streams.info("CHAT_removed")).config.description).toContain("SHA256:ours");
  const newcomer = await nodeOf("r3").start();
  expect(newcomer.history.head()).toBe(one.history.head());
  for (const node of [one, other, newcomer]) await node.close();
});

test("restores what NATS lost in a power loss from a node that has it", async () => {
  const nodeOf = (name: string) => new NatsNode(memberOf(nats, "power"), join(folder, name));
  const [longest, shorter] = [nodeOf("a"), nodeOf("b")];
  const one = await longest.start();
  let other = await shorter.start();
  for (let i = 0; i < 5; i++) await post(one, `before ${i}`);
  await other.replica.waitUntilApplied(await other.stream.last());
  await other.close();
  const [server] = nats.servers;
  await server?.kill();
  nats.keep();
  server?.start();
  for (let i = 0; i < 5; i++) await post(one, `acknowledged ${i}`);
  const before = longest.lines;
  await server?.kill();
  nats.bringBack();
  server?.start();
  await until("the server listens", async () => (await server?.listens()) === true);
  other = await shorter.start();
  await post(one, "after");
  await post(other, "by the other node");
  for (const { replica, stream } of [one, other])
    await replica.waitUntilApplied(await stream.last());
  expect(shorter.lines).toBe(longest.lines);
  expect(longest.lines.slice(0, before.length)).toBe(before);
  expect(longest.lines).toContain("by the other node");
  expect(one.history.head()).toBe(12);
  for (const node of [one, other]) await node.close();
});

const PROBE = Uint8Array.of(1);

test("names a reached limit of the stream, and notices when it is raised", async () => {
  const stream = await openJetStream(memberOf(nats, "limits"));
  const { manager, name } = stream.clusterConnection;
  await stream.publish(Uint8Array.of(1), "first");
  const { state } = await manager.streams.info(name);
  expect(await stream.refusal(PROBE)).toBeUndefined();
  await manager.streams.update(name, { max_bytes: state.bytes });
  expect(await rejection(stream.publish(Uint8Array.of(2), "second"))).toMatchObject({
    code: "no-majority",
    message: "the stream CHAT_limits has reached its limit of bytes",
    remedy: expect.stringContaining("nats stream edit CHAT_limits --max-bytes=-1"),
  });
  expect((await stream.refusal(PROBE))?.message).toMatch(/limit of bytes$/);
  expect((await stream.state()).settings[0]?.message).toMatch(/settings .*: max_bytes \d+$/);
  // A server that publishes nothing knows the limit from the state of the stream.
  const idle = await openJetStream(memberOf(nats, "limits"));
  await idle.state();
  expect((await idle.refusal(PROBE))?.message).toMatch(/limit of bytes$/);
  await manager.streams.update(name, { max_bytes: -1 });
  await stream.state();
  expect(await stream.refusal(PROBE)).toBeUndefined();
  expect(await stream.state()).toMatchObject({ last: 2, messages: 2 });
  expect(await changedSettings(stream)).toEqual([]);
  for (const opened of [stream, idle]) await opened.close();
});

test("names a stream that confirms no messages, and notices when it does again", async () => {
  const { now, unixMs, after } = systemClock();
  let skippedMs = 0;
  const clock = { unixMs, after, now: () => now() + skippedMs };
  const stream = await openJetStream({ ...memberOf(nats, "mute"), clock });
  const { manager, name } = stream.clusterConnection;
  await stream.publish(Uint8Array.of(1), "confirmed");
  await manager.streams.update(name, { no_ack: true });
  expect(await rejection(stream.publish(Uint8Array.of(2), "unconfirmed"))).toMatchObject({
    code: "no-majority",
  });
  expect(await stream.refusal(PROBE)).toBeUndefined();
  skippedMs += 60_000;
  expect((await stream.refusal(PROBE))?.message).toBe(
    "NATS does not confirm messages for the stream CHAT_mute",
  );
  await manager.streams.update(name, { no_ack: false });
  expect(await stream.refusal(PROBE)).toBeUndefined();
  await stream.close();
});

test.each([
  [{ max_msgs: 5 }, "max_msgs 5", "--max-msgs=-1"],
  [{ max_age: 3_600e9 }, "max_age 3600 s", "--max-age=0"],
  [{ discard: DiscardPolicy.Old }, "discard old", "--discard=new"],
  [{ max_msg_size: 100 }, "max_msg_size 100", "--max-msg-size=-1"],
  [{ duplicate_window: 1e9 }, "duplicate_window 1 s", "--dupe-window=2m"],
  [
    { subjects: ["chat.ours.log", "chat.ours.more"] },
    "subjects chat.ours.log chat.ours.more",
    "--subjects=chat.ours.log",
  ],
])("names the setting %j of the stream", async (change, text, flag) => {
  const stream = await openJetStream(memberOf(nats, "ours"));
  const { manager, name } = stream.clusterConnection;
  const { config } = await manager.streams.info(name);
  expect(await changedSettings(stream)).toEqual([]);
  await manager.streams.update(name, change);
  const [settings] = await changedSettings(stream);
  expect(settings?.message).toEndWith(text);
  expect(settings?.remedy).toBe(`run nats stream edit ${name} ${flag}`);
  await manager.streams.update(name, config);
  await stream.close();
});

test.each([
  ["CHATFILES_all", { max_bytes: 1 << 30 }, undefined],
  ["CHATFILES_all", { max_age: 3_600e9 }, "--max-age=0"],
  ["CHATFILES_all", { discard: DiscardPolicy.Old }, "--discard=new"],
  ["CHATFILES_all", { max_msgs_per_subject: 5 }, "--max-msgs-per-subject=1"],
  ["CHATKEPT_all", { max_bytes: 1 << 30 }, "--max-bytes=-1"],
  ["CHATKEPT_all", { discard: DiscardPolicy.New }, "--discard=old"],
  ["CHATKEPT_all", { max_msg_size: 1_000 }, `--max-msg-size=${BUCKET_VALUE_BYTES_MAX}`],
])("names the settings of %s: %j", async (name, change, flag) => {
  const stream = await openJetStream(memberOf(nats, "all"));
  const { manager } = stream.clusterConnection;
  const servers = { servers: nats.urls, cluster: "all", isUnsafe: true, clock: systemClock() };
  await (await openContentStore(servers)).close();
  await openBuckets(stream.clusterConnection, ["keys"]);
  expect((await stream.state()).settings).toEqual([]);
  const { config } = await manager.streams.info(name);
  await manager.streams.update(name, change);
  const { settings } = await stream.state();
  const remedy = `run nats stream edit ${name} ${flag}`;
  expect(settings.map((fault) => fault.remedy)).toEqual(flag === undefined ? [] : [remedy]);
  await manager.streams.update(name, config);
  await stream.close();
});
