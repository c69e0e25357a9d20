import { afterEach, expect, test } from "bun:test";
import { toHex } from "../../../src/base/bytes.ts";
import {
  CLUSTER_COPY_BYTES_MAX,
  CLUSTER_DECISION_BYTES_MAX,
} from "../../../src/base/limits-cluster.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Position } from "../../../src/io/cluster/position.ts";
import { publishLogs } from "../../../src/io/cluster/publication.ts";
import { Replica } from "../../../src/io/cluster/replica.ts";
import { ReplicatedLog } from "../../../src/io/cluster/replicated-log.ts";
import { type LogOptions, openLog } from "../../../src/io/log/log-file.ts";
import type { Draft } from "../../../src/wire/record.ts";
import { rejection } from "../../rejection.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { SimDisk } from "../disk/sim.ts";
import { ANA, collect, draftOf, LOBBY, OTHER } from "../log-fixture.ts";
import { hurried, SimStream, stopTime } from "./sim-stream.ts";

afterEach(stopTime);

class Machine {
  readonly disk: SimDisk;
  position: Position | undefined;
  diesAfter = Number.POSITIVE_INFINITY;
  begins = 0;
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomOf(seed);
    this.disk = new SimDisk({ random: this.#random });
  }

  #common() {
    const time = hurried();
    const clock = {
      now: () => time.now(),
      unixMs: () => 1_763_617_717_000 + time.now(),
      after: time.after.bind(time),
    };
    const entropy = (sizeBytes: number) =>
      Uint8Array.from({ length: sizeBytes }, () => Math.floor(this.#random() * 256));
    return { disk: this.disk.boot(), clock, entropy, sha256 };
  }

  async open(options: Pick<LogOptions, "snapshot" | "fold"> = {}) {
    const common = this.#common();
    const open = (name: string, more = {}) =>
      openLog({
        ...common,
        folder: `/data/${name}`,
        reserveBytes: 600,
        segmentBytes: 40_000,
        ...more,
      });
    return { common, history: await open("history", options), accounts: await open("accounts") };
  }

  async fill(texts: number): Promise<void> {
    const { history, accounts } = await this.open();
    const account = { kind: "account", room: ANA, by: ANA, id: "", body: { name: "ana" } } as const;
    await accounts.append(account as Draft);
    await Promise.all(
      Array.from({ length: texts }, (_, i) =>
        history.append(draftOf(`m${i}`.padEnd(60, "."), i % 3 === 0 ? OTHER : LOBBY)),
      ),
    );
    for (const seq of [2, 5, texts]) {
      const order = { kind: "erase", room: LOBBY, by: ANA, id: "", body: { seq } } as const;
      const { head } = await history.append(order);
      await history.erase(seq, head.seq);
    }
    await history.append(draftOf("last"));
    await history.close();
    await accounts.close();
  }

  async publish(stream: SimStream): Promise<unknown> {
    const { common, ...logs } = await this.open();
    const link = stream.connect();
    let remaining = this.diesAfter;
    const mortal = {
      id: link.id,
      last: () => link.last(),
      get: link.get.bind(link),
      watch: link.watch.bind(link),
      publishAfter: (bytes: Uint8Array, seq: number) =>
        remaining-- > 0 ? link.publishAfter(bytes, seq) : Promise.reject(new Error("killed")),
    };
    try {
      this.position = await publishLogs({
        ...common,
        path: "/data",
        stream: mortal,
        logs,
        onBegin: () => this.begins++,
        onProgress: () => undefined,
      });
      return undefined;
    } catch (error) {
      return error;
    } finally {
      await logs.history.close();
      await logs.accounts.close();
    }
  }

  async join(stream: SimStream) {
    const { common, ...mirrors } = await this.open();
    const replica = await Replica.open({
      ...common,
      stream: stream.connect(),
      mirrors,
      positions: this.position === undefined ? [] : [this.position],
      storePositions: (positions) => {
        this.position = positions.at(-1);
      },
      onStopped: () => undefined,
    });
    return { replica, mirrors, history: new ReplicatedLog(replica, mirrors, "history") };
  }
}

type Node = Awaited<ReturnType<Machine["join"]>>;
type Logs = Pick<Node["mirrors"], "history" | "accounts">;

async function recordsOf({ mirrors }: { readonly mirrors: Logs }): Promise<string[]> {
  const all = [];
  for (const log of [mirrors.accounts, mirrors.history]) {
    for (const { headBytes, salt, bodyBytes, erased } of await collect(log.read(1))) {
      const [head, body] = [headBytes, bodyBytes ?? []].map((one) => Buffer.from(one).toString());
      all.push(`${head} ${toHex(salt ?? new Uint8Array())} ${body} ${erased}`);
    }
    all.push(toHex(log.tree.root()), String(log.origin));
  }
  return all;
}

test("a copied folder and an empty one become two servers with the same records", async () => {
  const stream = new SimStream(randomOf(1));
  const [first, second] = [new Machine(1), new Machine(2)];
  await first.fill(1_000);
  expect(await first.publish(stream)).toBeUndefined();
  expect(stream.messages.length).toBeGreaterThan(4);
  const nodes = [await first.join(stream), await second.join(stream)];
  const [one, other] = nodes as [Node, Node];
  expect(one.history.head()).toBe(1_004);
  expect(await recordsOf(other)).toEqual(await recordsOf(one));
  const lines = second.disk.fileAt("/data/history/000000000001.jsonl").visible;
  expect(Buffer.from(lines).toString()).toContain('"erased":1001}   ');

  await other.history.append(draftOf("from the other"));
  await one.history.append(draftOf("from the first", OTHER));
  for (const { replica } of nodes) await replica.waitUntilApplied(stream.messages.length);
  expect(await recordsOf(other)).toEqual(await recordsOf(one));
  for (const { replica, mirrors } of nodes) {
    await replica.close();
    await mirrors.history.close();
  }
  for (const machine of [first, second]) {
    const again = await machine.join(stream);
    expect(again.mirrors.history.damaged).toEqual([]);
    expect(await recordsOf(again)).toEqual(await recordsOf(one));
  }
});

test("an interrupted copy resumes without gaps or duplicates", async () => {
  const texts = 800;
  const complete = new SimStream(randomOf(1));
  const machine = new Machine(7);
  await machine.fill(texts);
  await machine.publish(complete);
  for (let seed = 1; seed <= 12; seed++) {
    const random = randomOf(seed);
    const stream = new SimStream(random);
    stream.losesPercent = 30;
    let isDone = false;
    for (let life = 0; life < 20 && !isDone; life++) {
      machine.diesAfter = Math.floor(random() * complete.messages.length);
      const ended = await machine.publish(stream);
      if (ended !== undefined) expect([seed, String(ended)]).toEqual([seed, "Error: killed"]);
      isDone = ended === undefined;
    }
    machine.diesAfter = Number.POSITIVE_INFINITY;
    expect(await machine.publish(stream)).toBeUndefined();
    const bytes = ({ messages }: SimStream) => messages.map((one) => toHex(one.bytes));
    expect(bytes(stream)).toEqual(bytes(complete));
    expect(machine.position).toMatchObject({
      seq: complete.messages.length,
      history: texts + 4,
      accounts: 1,
    });
  }
});

test("rejects a stream with other content", async () => {
  const used = new SimStream(randomOf(5));
  const { history } = await new Machine(3).join(used);
  await history.append(draftOf("ours"));
  const [first, second] = [new Machine(1), new Machine(2)];
  await first.fill(10);
  await second.fill(10);
  const filled = new SimStream(randomOf(6));
  await second.publish(filled);
  for (const stream of [used, filled]) {
    const before = stream.messages.length;
    expect(await first.publish(stream)).toMatchObject({ code: "data-foreign" });
    expect(stream.messages).toHaveLength(before);
  }
  const { history: alone } = await second.open();
  await alone.append(draftOf("alone"));
  await alone.close();
  expect(await second.publish(filled)).toMatchObject({ code: "data-foreign" });
});

test("a copy that does not match its end stops the reading server", async () => {
  const stream = new SimStream(randomOf(8));
  const [first, second] = [new Machine(1), new Machine(2)];
  await first.fill(800);
  await first.publish(stream);
  stream.messages.splice(-2, 1);
  const renumbered = stream.messages.map((message, i) => ({ ...message, seq: i + 1 }));
  stream.messages.splice(0, stream.messages.length, ...renumbered);
  expect(await rejection(second.join(stream))).toMatchObject({ code: "cluster-diverged" });
});

test("accepts lines up to the message limit", async () => {
  const stream = new SimStream(randomOf(9));
  const [first, second] = [new Machine(1), new Machine(2)];
  const lineOf = async (machine: Machine, letters: number) => {
    const { history } = await machine.open();
    await history.append(draftOf("x".repeat(letters)));
    const { sizeBytes } = machine.disk.fileAt("/data/history/000000000001.jsonl");
    await history.close();
    return sizeBytes;
  };
  const frame = (await lineOf(new Machine(3), 1_000)) - 1_000;
  const fits = CLUSTER_DECISION_BYTES_MAX - frame;
  expect(await lineOf(first, fits)).toBe(CLUSTER_DECISION_BYTES_MAX);
  expect(await first.publish(stream)).toBeUndefined();
  await lineOf(second, fits + 1);
  const refused = await second.publish(new SimStream(randomOf(10)));
  expect(refused).toMatchObject({ code: "too-large" });
  expect(CLUSTER_COPY_BYTES_MAX).toBeLessThan(CLUSTER_DECISION_BYTES_MAX);
});
