import { describe, expect, test } from "bun:test";
import { toHex } from "../../../src/base/bytes.ts";
import type { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { CLUSTER_DECISION_BYTES_MAX } from "../../../src/base/limits-cluster.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { type Position, Replica } from "../../../src/io/cluster/replica.ts";
import { ReplicatedLog } from "../../../src/io/cluster/replicated-log.ts";
import { openLog } from "../../../src/io/log/log-file.ts";
import type { Draft, LogRecord } from "../../../src/wire/record.ts";
import { randomOf, soon } from "../../worlds/disk-world.ts";
import { type DiskCall, SimDisk, type Trouble } from "../disk/sim.ts";
import { ANA, collect, draftOf, LOBBY } from "../log-fixture.ts";
import { SimStream } from "./sim-stream.ts";

/** One server's disk, which outlives its runs. */
class Machine {
  readonly disk: SimDisk;
  position: Position | undefined;
  trouble: ((call: DiskCall, path: string) => Trouble | undefined) | undefined;
  stopped: Fault | undefined;
  readonly #random: () => number;
  readonly #stream: SimStream;

  constructor(stream: SimStream, seed: number) {
    this.#stream = stream;
    this.#random = randomOf(seed);
    this.disk = new SimDisk({
      random: this.#random,
      trouble: (call, path) => this.trouble?.(call, path),
    });
  }

  async start() {
    const disk = this.disk.boot();
    let nowMs = 0;
    const clock = {
      now: () => nowMs++,
      unixMs: () => 0,
      after: (delayMs: number, callback: () => void) => {
        nowMs += delayMs;
        return soon(delayMs, callback);
      },
    };
    const entropy = (sizeBytes: number) =>
      Uint8Array.from({ length: sizeBytes }, () => Math.floor(this.#random() * 256));
    const open = (name: string) =>
      openLog({ folder: `/data/${name}`, disk, clock, entropy, sha256, reserveBytes: 600 });
    const mirrors = { history: await open("history"), accounts: await open("accounts") };
    const link = this.#stream.connect();
    const replica = await Replica.open({
      ...{ stream: link, mirrors, clock, entropy, sha256 },
      ...(this.position === undefined ? {} : { position: this.position }),
      keep: (position) => {
        this.position = position;
      },
      onStopped: (fault) => {
        this.stopped = fault;
      },
    });
    const log = (place: "history" | "accounts") => new ReplicatedLog(replica, mirrors, place);
    return { replica, mirrors, link, history: log("history"), accounts: log("accounts") };
  }
}

type Node = Awaited<ReturnType<Machine["start"]>>;

async function settled(stream: SimStream, nodes: readonly Node[]): Promise<void> {
  for (const { replica } of nodes) await replica.reached(stream.messages.length);
}

async function linesOf({ history }: Node): Promise<string> {
  const records = await collect(history.read(1));
  return records.map(({ headBytes }) => Buffer.from(headBytes).toString()).join("\n");
}

const OTHER_ROOM = "rOOOOOOOOOOO" as RoomId;

describe("nodes on one stream", () => {
  test("come to the same records, bytes and roots", async () => {
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
      Buffer.from(disk.fileAt("/data/history/000000000001.jsonl").shown).toString(),
    );
    expect(new Set(files).size).toBe(1);
  });

  test("one name goes to one of two who ask in the same moment", async () => {
    const stream = new SimStream(randomOf(2));
    const nodes = await Promise.all([1, 2].map((seed) => new Machine(stream, seed).start()));
    const made = (room: string): Draft => {
      return { kind: "room", room: room as RoomId, by: ANA, id: "", body: { name: "Dev" } };
    };
    const outcomes = await Promise.allSettled([
      nodes[0]?.history.append(made("rAAAAAAAAAAA")),
      nodes[1]?.history.append(made("rBBBBBBBBBBB")),
    ]);
    const kinds = outcomes.map(({ status }) => status).sort();
    expect(kinds).toEqual(["fulfilled", "rejected"]);
    const refused = outcomes.find(({ status }) => status === "rejected");
    expect(refused).toMatchObject({ reason: { code: "log-conflict" } });
    await settled(stream, nodes);
    expect(nodes.map(({ history }) => history.head())).toEqual([1, 1]);
  });

  test("the drafts of one decision stand together, or nowhere", async () => {
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

  test("a full disk holds one node up, and loses nothing", async () => {
    const stream = new SimStream(randomOf(4));
    const [good, bad] = [new Machine(stream, 1), new Machine(stream, 2)];
    const nodes = [await good.start(), await bad.start()];
    let fulls = 20;
    bad.trouble = (call) => (call === "write" && fulls-- > 0 ? "ENOSPC" : undefined);
    const records = await Promise.all(
      Array.from({ length: 40 }, (_, i) => nodes[i % 2]?.history.append(draftOf(`m${i}`))),
    );
    expect(records).toHaveLength(40);
    await settled(stream, nodes);
    expect(await linesOf(nodes[1] as Node)).toBe(await linesOf(nodes[0] as Node));
    expect(bad.stopped).toBeUndefined();
  });

  test("what does not fit one message is refused, and nothing behind it", async () => {
    const stream = new SimStream(randomOf(10));
    const node = await new Machine(stream, 1).start();
    const long = draftOf("x".repeat(CLUSTER_DECISION_BYTES_MAX));
    await expect(node.history.append(long)).rejects.toMatchObject({ code: "too-large" });
    await node.history.append(draftOf("x".repeat(CLUSTER_DECISION_BYTES_MAX - 1_000)));
    expect(node.history.head()).toBe(1);
  });

  test("what orders others to be erased erases them on each node", async () => {
    const stream = new SimStream(randomOf(11));
    const nodes = await Promise.all([1, 2].map((seed) => new Machine(stream, seed).start()));
    const { head } = await (nodes[0] as Node).history.append(draftOf("secret"));
    const order = { kind: "erase", room: LOBBY, by: ANA, id: "", body: { seq: head.seq } } as const;
    await (nodes[0] as Node).history.append(order);
    await settled(stream, nodes);
    for (const { history } of nodes) {
      const [erased] = await collect(history.read(1));
      expect(erased?.bodyBytes).toBeUndefined();
    }
  });

  test("a log that is longer than the stream's is not written on", async () => {
    const stream = new SimStream(randomOf(12));
    const machine = new Machine(stream, 1);
    const node = await machine.start();
    await node.history.append(draftOf("one"));
    await node.mirrors.history.append(draftOf("alone"));
    await node.replica.close();
    await expect(machine.start()).rejects.toMatchObject({ code: "cluster-diverged" });
  });

  test("without a majority it refuses, reads on, and goes on later", async () => {
    const stream = new SimStream(randomOf(5));
    const node = await new Machine(stream, 1).start();
    await node.history.append(draftOf("before"));
    node.link.isCut = true;
    await expect(node.history.append(draftOf("never"))).rejects.toMatchObject({
      code: "no-majority",
    });
    expect(await collect(node.history.read(1))).toHaveLength(1);
    node.link.isCut = false;
    await node.history.append(draftOf("after"));
    expect(node.history.head()).toBe(2);
  });

  test("what a crash cut off its disk comes back from the stream", async () => {
    const stream = new SimStream(randomOf(6));
    const machine = new Machine(stream, 1);
    const other = await new Machine(stream, 2).start();
    const node = await machine.start();
    await Promise.all(Array.from({ length: 30 }, (_, i) => node.history.append(draftOf(`m${i}`))));
    await node.replica.close();
    expect(machine.position).toMatchObject({ history: 30 });
    await Promise.all(Array.from({ length: 30 }, (_, i) => other.history.append(draftOf(`n${i}`))));
    const again = await machine.start();
    await settled(stream, [again, other]);
    expect(await linesOf(again)).toBe(await linesOf(other));
  });

  test("a message that nobody can read counts for nothing, on each node", async () => {
    const stream = new SimStream(randomOf(7));
    const nodes = await Promise.all([1, 2].map((seed) => new Machine(stream, seed).start()));
    stream.store(new Uint8Array([0xc1, 1, 2]), "bad");
    stream.store(new Uint8Array(0), "empty");
    await nodes[0]?.history.append(draftOf("after"));
    await settled(stream, nodes);
    expect(nodes.map(({ history }) => history.head())).toEqual([1, 1]);
  });

  test("a log that is not the stream's is not written on", async () => {
    const stream = new SimStream(randomOf(8));
    const machine = new Machine(stream, 1);
    const node = await machine.start();
    await node.history.append(draftOf("ours"));
    await node.replica.close();
    machine.position = { seq: 0, history: 0, accounts: 0 };
    const foreign = new SimStream(randomOf(9));
    const stranger = await new Machine(foreign, 3).start();
    await stranger.history.append(draftOf("theirs", OTHER_ROOM));
    stream.messages.splice(0, stream.messages.length, ...foreign.messages);
    await expect(machine.start()).rejects.toMatchObject({ code: "cluster-diverged" });
  });
});

/** Nodes that crash at any call of their disks, on a stream that loses messages and answers. */
async function live(seed: number): Promise<number> {
  const random = randomOf(seed);
  const stream = new SimStream(random);
  stream.losesPercent = 20;
  const machines = [1, 2, 3].map((one) => new Machine(stream, seed * 10 + one));
  const acked = new Set<string>();
  let texts = 0;
  const run = async (machine: Machine) => {
    for (let life = 0; life < 3; life++) {
      const call = machine.disk.calls + 30 + Math.floor(random() * 200);
      machine.disk.stopAt(call);
      let node: Node | undefined;
      try {
        node = await machine.start();
        const log = node.history;
        for (let round = 0; round < 20; round++) {
          const wanted = Array.from({ length: 1 + Math.floor(random() * 5) }, () => `m${++texts}`);
          await Promise.all(
            wanted.map(async (text) => {
              await log.append(draftOf(text, random() < 0.5 ? LOBBY : OTHER_ROOM));
              acked.add(text);
            }),
          );
        }
        await node.replica.close();
      } catch {
        // The machine stopped, or was told that nobody knows.
      }
      if (node !== undefined) node.link.isCut = true;
      machine.disk.losePower();
    }
  };
  await Promise.all(machines.map(run));
  stream.losesPercent = 0;
  const nodes = await Promise.all(machines.map((machine) => machine.start()));
  await settled(stream, nodes);
  const [first] = nodes;
  if (first === undefined) throw new Error("no node");
  const said = (await collect(first.history.read(1))).map(
    ({ bodyBytes }) =>
      (JSON.parse(Buffer.from(bodyBytes ?? []).toString()) as { text: string }).text,
  );
  for (const text of acked) {
    if (!said.includes(text))
      throw new Error(`seed ${seed}: ${text} was acknowledged, and is lost`);
  }
  for (const node of nodes) {
    if ((await linesOf(node)) !== (await linesOf(first))) throw new Error(`seed ${seed}: differs`);
  }
  return acked.size;
}

test("whatever crashes: nothing acknowledged is lost, and all nodes have one log", async () => {
  let acked = 0;
  for (let seed = 1; seed <= 60; seed++) acked += await live(seed);
  expect(acked).toBeGreaterThan(2_000);
}, 120_000);
