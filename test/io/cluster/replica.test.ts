import { afterEach, describe, expect, test } from "bun:test";
import { toHex, utf8Encode } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { Authors } from "../../../src/core/cluster/authors.ts";
import { packDigested, packProposals } from "../../../src/core/cluster/messages.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { RefusedByNats } from "../../../src/io/cluster/majority.ts";
import type { Position } from "../../../src/io/cluster/position.ts";
import { Replica, type ReplicaOptions } from "../../../src/io/cluster/replica.ts";
import { ReplicatedLog } from "../../../src/io/cluster/replicated-log.ts";
import { openLog } from "../../../src/io/log/log-file.ts";
import { packValue } from "../../../src/wire/codec.ts";
import { type Draft, type LogRecord, SALT_BYTES, sealDraft } from "../../../src/wire/record.ts";
import { until } from "../../event.ts";
import { plantVersion } from "../../plant.ts";
import { rejection } from "../../rejection.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { type DiskCall, type DiskFailure, SimDisk } from "../disk/sim.ts";
import { ANA, collect, draftOf, LOBBY } from "../log-fixture.ts";
import { SimStream, stopTime } from "./sim-stream.ts";

plantVersion();

afterEach(stopTime);

const SCOPE = { id: "chat test", sha256 };

class Machine {
  readonly disk: SimDisk;
  positions: readonly Position[] = [];
  authors: Authors | undefined;
  failure: ((call: DiskCall, path: string) => DiskFailure | undefined) | undefined;
  stopped: Fault | undefined;
  others: ReplicaOptions["peers"];
  versionRefusal: ReplicaOptions["versionRefusal"];
  readonly ignored: number[] = [];
  readonly #random: () => number;
  readonly #stream: SimStream;

  constructor(stream: SimStream, seed: number) {
    this.#stream = stream;
    this.#random = randomOf(seed);
    this.disk = new SimDisk({
      random: this.#random,
      failure: (call, path) => this.failure?.(call, path),
    });
  }

  async start() {
    const disk = this.disk.boot();
    const clock = this.#stream.clock;
    const entropy = (sizeBytes: number) =>
      Uint8Array.from({ length: sizeBytes }, () => Math.floor(this.#random() * 256));
    const open = (name: string) =>
      openLog({ folder: `/data/${name}`, disk, clock, entropy, sha256, reserveBytes: 600 });
    const mirrors = { history: await open("history"), accounts: await open("accounts") };
    const link = this.#stream.connect();
    const replica = await Replica.open({
      stream: link,
      mirrors,
      authors: this.authors,
      clock,
      entropy,
      sha256,
      positions: this.positions,
      ...(this.others === undefined ? {} : { peers: this.others }),
      storePositions: (positions) => {
        this.positions = positions;
      },
      onStopped: (fault) => {
        this.stopped = fault;
      },
      onIgnored: (seq) => this.ignored.push(seq),
      ...(this.versionRefusal === undefined ? {} : { versionRefusal: this.versionRefusal }),
    });
    const log = (place: "history" | "accounts") => new ReplicatedLog(replica, mirrors, place);
    return { replica, mirrors, link, history: log("history"), accounts: log("accounts") };
  }
}

type Node = Awaited<ReturnType<Machine["start"]>>;

async function settled(stream: SimStream, nodes: readonly Node[]): Promise<void> {
  for (const { replica } of nodes) await replica.waitUntilApplied(stream.messages.length);
}

async function linesOf({ history }: Node): Promise<string> {
  const records = await collect(history.read(1));
  return records.map(({ headBytes }) => Buffer.from(headBytes).toString()).join("\n");
}

const OTHER_ROOM = "rOOOOOOOOOOO" as RoomId;

describe("nodes on one stream", () => {
  test.each([10_002, 10_023, 10_047, 10_054, 10_077, 10_109])(
    "refuse a record with the reason of error %i, and record it when it is mended",
    async (code) => {
      const stream = new SimStream(randomOf(code));
      const node = await new Machine(stream, 1).start();
      stream.refusesBy = code;
      const fault = await rejection(node.history.append(draftOf("refused")));
      expect(fault).toBeInstanceOf(RefusedByNats);
      expect(node.history.head()).toBe(0);
      stream.refusesBy = undefined;
      await node.history.append(draftOf("refused"));
      await node.history.append(draftOf("next"));
      expect(node.history.head()).toBe(2);
    },
  );

  test("agree on records, bytes and roots", async () => {
    const stream = new SimStream(randomOf(1));
    const machines = [1, 2, 3].map((seed) => new Machine(stream, seed));
    const nodes = await Promise.all(machines.map((machine) => machine.start()));
    const appended = await Promise.all(
      Array.from({ length: 90 }, (_, i) => nodes[i % 3]?.history.append(draftOf(`m${i}`))),
    );
    expect(new Set(appended.map((record) => record?.head.seq)).size).toBe(90);
    await settled(stream, nodes);
    const [first] = nodes;
    if (first === undefined) throw new Error("no node");
    for (const node of nodes) {
      expect(node.history.head()).toBe(90);
      expect(await linesOf(node)).toBe(await linesOf(first));
      expect(toHex(node.mirrors.history.tree.root())).toBe(
        toHex(first.mirrors.history.tree.root()),
      );
    }
    const files = machines.map(({ disk }) =>
      Buffer.from(disk.fileAt("/data/history/000000000001.jsonl").visible).toString(),
    );
    expect(new Set(files).size).toBe(1);
  });

  test("let the time fall at the same record", async () => {
    const stream = new SimStream(randomOf(2));
    const nodes = await Promise.all([1, 2].map((seed) => new Machine(stream, seed).start()));
    const [first, second] = nodes as [Node, Node];
    const { head } = await first.history.append(draftOf("right"));
    const { unixMs } = stream;
    stream.unixMs = () => unixMs() + 1e12;
    await first.history.append(draftOf("wrong"));
    await settled(stream, nodes);
    const clock = (to: number): Draft => {
      return { kind: "clock", room: "clock" as RoomId, by: "server", id: "", body: { to } };
    };
    const corrections = await Promise.allSettled([
      first.history.append(clock(head.time + 5)),
      second.history.append(clock(head.time + 6)),
    ]);
    expect(corrections.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    stream.unixMs = unixMs;
    await second.history.append(draftOf("right again"));
    await settled(stream, nodes);
    expect(await linesOf(second)).toBe(await linesOf(first));
    const newcomer = await new Machine(stream, 3).start();
    expect(await linesOf(newcomer)).toBe(await linesOf(first));
    expect(newcomer.history.falls).toMatchObject([{ seq: 3 }]);
    expect(newcomer.history.time).toBeLessThan(head.time + 1_000);
  });

  test("record the drafts of a decision together or not at all", async () => {
    const stream = new SimStream(randomOf(3));
    const nodes = await Promise.all([1, 2].map((seed) => new Machine(stream, seed).start()));
    const drafts = (room: string): Draft[] => [
      { kind: "room", room: room as RoomId, by: ANA, id: "", body: { name: "dev" } },
      { kind: "join", room: room as RoomId, by: ANA, id: "", body: {} },
    ];
    const ask = (node: Node | undefined, room: string) =>
      new Promise<LogRecord | Fault>((resolve) =>
        node?.history.appendThen(drafts(room), {}, resolve),
      );
    await Promise.all([ask(nodes[0], "rAAAAAAAAAAA"), ask(nodes[1], "rBBBBBBBBBBB")]);
    await settled(stream, nodes);
    const rooms = (await collect((nodes[0] as Node).history.read(1))).map(({ head }) => head.room);
    expect(rooms).toHaveLength(2);
    expect(new Set(rooms).size).toBe(1);
  });

  test("wait for a full disk without losing records", async () => {
    const stream = new SimStream(randomOf(4));
    const [good, bad] = [new Machine(stream, 1), new Machine(stream, 2)];
    const nodes = [await good.start(), await bad.start()];
    let fulls = 20;
    bad.failure = (call) => (call === "write" && fulls-- > 0 ? "ENOSPC" : undefined);
    const records = await Promise.all(
      Array.from({ length: 40 }, (_, i) => nodes[i % 2]?.history.append(draftOf(`m${i}`))),
    );
    expect(records).toHaveLength(40);
    await settled(stream, nodes);
    expect(await linesOf(nodes[1] as Node)).toBe(await linesOf(nodes[0] as Node));
    expect(bad.stopped).toBeUndefined();
  });

  test("reject a log that differs from the stream", async () => {
    const stream = new SimStream(randomOf(8));
    const machine = new Machine(stream, 1);
    const node = await machine.start();
    await node.history.append(draftOf("ours"));
    await node.replica.close();
    machine.positions = [];
    const foreign = new SimStream(randomOf(9));
    const stranger = await new Machine(foreign, 3).start();
    await stranger.history.append(draftOf("theirs", OTHER_ROOM));
    stream.messages.splice(0, stream.messages.length, ...foreign.messages);
    expect(await rejection(machine.start())).toMatchObject({ code: "cluster-diverged" });
  });
});

function fileOf({ disk }: Machine): string {
  return Buffer.from(disk.fileAt("/data/history/000000000001.jsonl").visible).toString();
}

async function say(node: Node, from: number, count: number): Promise<void> {
  const texts = Array.from({ length: count }, (_, i) => draftOf(`m${from + i}`));
  for (const text of texts) await node.history.append(text);
}

async function appended({ history }: Node, text: string): Promise<void> {
  try {
    await history.append(draftOf(text));
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "no-majority") throw error;
    await history.append(draftOf(text));
  }
}

async function complete(nodes: readonly Node[]): Promise<void> {
  const [first] = nodes;
  if (first !== undefined) await appended(first, "the last");
  for (const { replica, link } of nodes) await replica.waitUntilApplied(await link.last());
}

describe("a stream that lost acknowledged messages", () => {
  test.each([1, 5, 12])("gets its last %i messages back, byte for byte", async (lost) => {
    const stream = new SimStream(randomOf(20));
    const [longest, shorter] = [new Machine(stream, 1), new Machine(stream, 2)];
    let one = await longest.start();
    const other = await shorter.start();
    await say(one, 0, 6);
    await settled(stream, [one, other]);
    await other.replica.close();
    await say(one, 6, 6);
    const before = fileOf(longest);
    stream.lose(lost);
    if (lost === 5) {
      await one.replica.close();
      one = await longest.start();
    }
    await complete([one, await shorter.start()]);
    expect(fileOf(shorter)).toBe(fileOf(longest));
    expect(fileOf(longest).slice(0, before.length)).toBe(before);
    expect(one.history.head()).toBe(13);
  });

  test("gets erased records back blank, with their length", async () => {
    const stream = new SimStream(randomOf(22));
    const [longest, shorter] = [new Machine(stream, 1), new Machine(stream, 2)];
    const one = await longest.start();
    const { head } = await one.history.append(draftOf("a secret of some length"));
    const body = { seq: head.seq };
    const order = await one.history.append({ kind: "erase", room: LOBBY, by: ANA, id: "", body });
    await one.history.erase(head.seq, order.head.seq);
    stream.lose(2);
    const other = await shorter.start();
    await complete([one, other]);
    await other.history.erase(head.seq, order.head.seq);
    expect(stream.messages.some(({ bytes }) => Buffer.from(bytes).includes("secret"))).toBe(false);
    expect(fileOf(shorter)).toBe(fileOf(longest));
    const [erased] = await collect(other.history.read(1));
    expect(erased).toMatchObject({ erased: 2 });
  });

  test("accepts no proposals while a peer has the lost records", async () => {
    const stream = new SimStream(randomOf(24));
    const [longest, shorter] = [new Machine(stream, 1), new Machine(stream, 2)];
    const one = await longest.start();
    await say(one, 0, 3);
    await one.replica.close();
    stream.lose(3);
    let requestCount = 0;
    shorter.others = () => {
      requestCount++;
      return Promise.resolve([{ heads: { history: one.mirrors.history.head(), accounts: 0 } }]);
    };
    const other = await shorter.start();
    const said = other.history.append(draftOf("too early"));
    while (requestCount < 3)
      await new Promise((resolve) => stream.clock.after(10, () => resolve(true)));
    expect(stream.messages).toHaveLength(0);
    expect(other.replica.isComplete).toBe(false);
    const again = await longest.start();
    await said;
    expect(other.replica.isComplete).toBe(true);
    await complete([again, other]);
    expect(fileOf(shorter)).toBe(fileOf(longest));
  });

  test("fails acknowledged messages that never came back", async () => {
    const stream = new SimStream(randomOf(25));
    const node = await new Machine(stream, 1).start();
    await say(node, 0, 2);
    stream.losesAfterAnswer = true;
    expect(await rejection(node.history.append(draftOf("gone")))).toMatchObject({
      code: "no-majority",
    });
    await say(node, 2, 1);
    expect(node.history.head()).toBe(3);
  });
});

test("records nothing after a message that this version cannot read", async () => {
  const stream = new SimStream(randomOf(31));
  const machine = new Machine(stream, 1);
  const say = (text: string) => {
    const sealed = sealDraft(draftOf(text), new Uint8Array(SALT_BYTES), sha256);
    const proposals = [{ history: 0, accounts: 0, drafts: [{ sealed }] }];
    stream.store(packProposals({ id: text, proposals }, SCOPE), text);
  };
  for (let i = 0; i < 3; i++) say(`before ${i}`);
  stream.store(packDigested({ v: 99 }, SCOPE), "of a later version");
  for (let i = 0; i < 3; i++) say(`behind ${i}`);
  let fullFor = 4;
  machine.failure = (call, path) =>
    call === "write" && path.endsWith(".jsonl") && fullFor-- > 0 ? "ENOSPC" : undefined;
  expect(await rejection(machine.start())).toMatchObject({ code: "version-unsupported" });
  await until("what stands before it", () => fileOf(machine).includes("before 2"));
  expect(fileOf(machine)).not.toContain("behind");
});

test("garbage in the stream stops no node, and all ignore it alike", async () => {
  const stream = new SimStream(randomOf(31));
  const machines = [1, 2].map((seed) => new Machine(stream, seed));
  const nodes = await Promise.all(machines.map((machine) => machine.start()));
  await nodes[0]?.history.append(draftOf("before"));
  const garbage = [utf8Encode("x"), Uint8Array.of(0xc0), packValue({ id: "m", proposals: [] })];
  for (const [i, bytes] of garbage.entries()) stream.store(bytes, `garbage ${i}`);
  await nodes[1]?.history.append(draftOf("after"));
  await settled(stream, nodes);
  const newcomer = new Machine(stream, 3);
  nodes.push(await newcomer.start());
  await nodes[2]?.history.append(draftOf("by a newcomer"));
  await settled(stream, nodes);
  const [first] = nodes;
  if (first === undefined) throw new Error("no node");
  for (const node of nodes) expect(await linesOf(node)).toBe(await linesOf(first));
  for (const machine of [...machines, newcomer]) {
    expect(machine.ignored).toEqual([2, 3, 4]);
    expect(machine.stopped).toBeUndefined();
  }
});

test("a changed byte in a copy of a message stops no node, and all ignore it alike", async () => {
  const stream = new SimStream(randomOf(33));
  const machines = [1, 2].map((seed) => new Machine(stream, seed));
  const nodes = await Promise.all(machines.map((machine) => machine.start()));
  await nodes[0]?.history.append(draftOf("before"));
  const [{ bytes } = { bytes: new Uint8Array(0) }] = stream.messages;
  for (let at = 0; at < bytes.length; at++) {
    const changed = new Uint8Array(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    stream.store(changed, `changed ${at}`);
  }
  await nodes[1]?.history.append(draftOf("after"));
  nodes.push(await new Machine(stream, 3).start());
  await settled(stream, nodes);
  for (const node of nodes) expect(node.history.head()).toBe(2);
  for (const machine of machines) expect(machine.stopped).toBeUndefined();
});

test("records nothing by an account that the accounts log lacks", async () => {
  const stream = new SimStream(randomOf(34));
  const machine = new Machine(stream, 1);
  machine.authors = new Authors();
  const { history, accounts } = await machine.start();
  const early = await rejection(history.append(draftOf("too early")));
  expect(early).toMatchObject({ code: "log-conflict" });
  const account: Draft = { kind: "account", room: ANA, by: ANA, id: "", body: { name: "ana" } };
  await accounts.append(account);
  await history.append(draftOf("known"));
  const other = "uZZZZZZZZZZZ" as UserId;
  expect(await rejection(history.append({ ...draftOf("unknown"), by: other }))).toMatchObject({
    code: "log-conflict",
  });
  const sealed = sealDraft({ ...draftOf("old"), by: other }, new Uint8Array(SALT_BYTES), sha256);
  const row = ["text", LOBBY, other, "", 0, sealed.salt, sealed.bodyBytes];
  stream.store(packDigested({ v: 5, id: "r", restored: [[2, 1, row]] }, SCOPE), "r");
  stream.store(packDigested({ v: 4, id: "p", proposals: [[1, 1, [row]]] }, SCOPE), "p");
  await history.append(draftOf("known too"));
  expect(history.head()).toBe(2);
  expect(fileOf(machine)).not.toContain(other);
});

test("a node refuses what another node does not know, and records everything else", async () => {
  const stream = new SimStream(randomOf(32));
  const machine = new Machine(stream, 1);
  const needed: string[] = [];
  machine.versionRefusal = (version) => {
    needed.push(version);
    return new Fault("kind-unknown", "not yet");
  };
  const { history } = await machine.start();
  const poll: Draft = { ...draftOf(""), kind: "poll", body: { seq: 1, on: false } };
  const group: Draft = { ...draftOf(""), kind: "room", body: { name: "g", private: true } };
  await history.append(draftOf("plain"));
  for (const draft of [poll, group])
    expect(await rejection(history.append(draft))).toMatchObject({ code: "kind-unknown" });
  const join: Draft = { ...draftOf(""), kind: "join", body: {} };
  const together = Promise.withResolvers<unknown>();
  history.appendThen([join, group], {}, together.resolve);
  expect(await together.promise).toMatchObject({ code: "kind-unknown" });
  expect([history.head(), stream.messages.length, needed]).toEqual([
    1,
    1,
    ["0.5.0", "0.5.0", "0.5.0"],
  ]);
  machine.versionRefusal = undefined;
});

test("an unknown kind stops a node before it builds a different log", async () => {
  const stream = new SimStream(randomOf(33));
  const [machine, other] = [new Machine(stream, 1), new Machine(stream, 2)];
  const node = await machine.start();
  await node.history.append(draftOf("before"));
  const { draft, salt, bodyBytes } = sealDraft(draftOf("la"), new Uint8Array(SALT_BYTES), sha256);
  const song = ["song", draft.room, draft.by, "", 0, salt, bodyBytes];
  const fields = { v: 4, id: "later", proposals: [[1, 0, [song]]] };
  stream.store(packDigested(fields, SCOPE), "later");
  await until("the node has stopped", () => machine.stopped !== undefined);
  expect(machine.stopped).toMatchObject({
    code: "version-unsupported",
    message: "the cluster's stream needs a version that knows 'song'",
    remedy: "upgrade chat on this machine",
  });
  expect(node.history.head()).toBe(1);
  expect(await rejection(other.start())).toMatchObject({ code: "version-unsupported" });
});
