import { afterEach, describe, expect, test } from "bun:test";
import { toHex } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { CLUSTER_DECISION_BYTES_MAX } from "../../../src/base/limits-cluster.ts";
import { packProposals } from "../../../src/core/cluster/messages.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Position } from "../../../src/io/cluster/position.ts";
import { Replica, type ReplicaParts } from "../../../src/io/cluster/replica.ts";
import { ReplicatedLog } from "../../../src/io/cluster/replicated-log.ts";
import { openLog } from "../../../src/io/log/log-file.ts";
import { packValue } from "../../../src/wire/codec.ts";
import { type Draft, type LogRecord, SALT_BYTES, sealDraft } from "../../../src/wire/record.ts";
import { eventually } from "../../event.ts";
import { rejection } from "../../rejection.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { type DiskCall, SimDisk, type Trouble } from "../disk/sim.ts";
import { ANA, collect, draftOf, LOBBY } from "../log-fixture.ts";
import { SimStream, stopTime } from "./sim-stream.ts";

afterEach(stopTime);

/** One server's disk, which outlives its runs. */
class Machine {
  readonly disk: SimDisk;
  positions: readonly Position[] = [];
  trouble: ((call: DiskCall, path: string) => Trouble | undefined) | undefined;
  stopped: Fault | undefined;
  others: ReplicaParts["others"];
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
    const clock = this.#stream.clock;
    const entropy = (sizeBytes: number) =>
      Uint8Array.from({ length: sizeBytes }, () => Math.floor(this.#random() * 256));
    const open = (name: string) =>
      openLog({ folder: `/data/${name}`, disk, clock, entropy, sha256, reserveBytes: 600 });
    const mirrors = { history: await open("history"), accounts: await open("accounts") };
    const link = this.#stream.connect();
    const replica = await Replica.open({
      ...{ stream: link, mirrors, clock, entropy, sha256 },
      positions: this.positions,
      ...(this.others === undefined ? {} : { others: this.others }),
      keep: (positions) => {
        this.positions = positions;
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

  test("a full disk does not hold up who wants to know what there is", async () => {
    const stream = new SimStream(randomOf(41));
    const machines = [1, 2].map((seed) => new Machine(stream, seed));
    const [good, bad] = await Promise.all(machines.map((machine) => machine.start()));
    let isFull = true;
    const [, full] = machines;
    if (full === undefined || good === undefined || bad === undefined) throw new Error("no node");
    full.trouble = (call) => (call === "write" && isFull ? "ENOSPC" : undefined);
    await good.history.append(draftOf("said meanwhile"));
    await bad.replica.reached(stream.messages.length, 100);
    expect(bad.history.head()).toBe(0);
    isFull = false;
    await bad.replica.reached(stream.messages.length);
    expect(bad.history.head()).toBe(1);
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
    expect(await rejection(node.history.append(long))).toMatchObject({ code: "too-large" });
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

  test("without a majority it refuses, reads on, and goes on later", async () => {
    const stream = new SimStream(randomOf(5));
    const node = await new Machine(stream, 1).start();
    await node.history.append(draftOf("before"));
    node.link.isCut = true;
    expect(await rejection(node.history.append(draftOf("never")))).toMatchObject({
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
    expect(machine.positions.at(-1)).toMatchObject({ history: 30 });
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
    machine.positions = [];
    const foreign = new SimStream(randomOf(9));
    const stranger = await new Machine(foreign, 3).start();
    await stranger.history.append(draftOf("theirs", OTHER_ROOM));
    stream.messages.splice(0, stream.messages.length, ...foreign.messages);
    expect(await rejection(machine.start())).toMatchObject({ code: "cluster-diverged" });
  });
});

function fileOf({ disk }: Machine): string {
  return Buffer.from(disk.fileAt("/data/history/000000000001.jsonl").shown).toString();
}

function accountsOf({ disk }: Machine): string {
  return Buffer.from(disk.fileAt("/data/accounts/000000000001.jsonl").shown).toString();
}

async function say(node: Node, from: number, count: number): Promise<void> {
  const texts = Array.from({ length: count }, (_, i) => draftOf(`m${from + i}`));
  for (const text of texts) await node.history.append(text);
}

/** As a client asks: again, when nobody knows. */
async function appended({ history }: Node, text: string): Promise<void> {
  try {
    await history.append(draftOf(text));
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "no-majority") throw error;
    await history.append(draftOf(text));
  }
}

/** All that can be done was done. */
async function whole(nodes: readonly Node[]): Promise<void> {
  const [first] = nodes;
  if (first !== undefined) await appended(first, "the last");
  for (const { replica, link } of nodes) await replica.reached(await link.last());
}

describe("a stream that has lost what it had acknowledged", () => {
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
    await whole([one, await shorter.start()]);
    expect(fileOf(shorter)).toBe(fileOf(longest));
    expect(fileOf(longest).slice(0, before.length)).toBe(before);
    expect(one.history.head()).toBe(13);
  });

  test("gets them once, though all have them", async () => {
    const stream = new SimStream(randomOf(21));
    const machines = [1, 2, 3].map((seed) => new Machine(stream, seed));
    const nodes = await Promise.all(machines.map((machine) => machine.start()));
    await Promise.all(nodes.map((node, i) => say(node, i * 10, 10)));
    await settled(stream, nodes);
    stream.lose(stream.messages.length);
    await Promise.all(nodes.map((node) => appended(node, "again")));
    await whole(nodes);
    expect(nodes.map(({ history }) => history.head())).toEqual([34, 34, 34]);
    expect(new Set(machines.map(fileOf)).size).toBe(1);
    const newcomer = new Machine(stream, 4);
    await newcomer.start();
    expect(fileOf(newcomer)).toBe(fileOf(machines[0] as Machine));
  });

  test("gets what was erased meanwhile without its words, and as long as it was", async () => {
    const stream = new SimStream(randomOf(22));
    const [longest, shorter] = [new Machine(stream, 1), new Machine(stream, 2)];
    const one = await longest.start();
    const { head } = await one.history.append(draftOf("a secret of some length"));
    const body = { seq: head.seq };
    const order = await one.history.append({ kind: "erase", room: LOBBY, by: ANA, id: "", body });
    await one.history.erase(head.seq, order.head.seq);
    stream.lose(2);
    const other = await shorter.start();
    await whole([one, other]);
    await other.history.erase(head.seq, order.head.seq);
    expect(stream.messages.some(({ bytes }) => Buffer.from(bytes).includes("secret"))).toBe(false);
    expect(fileOf(shorter)).toBe(fileOf(longest));
    const [erased] = await collect(other.history.read(1));
    expect(erased).toMatchObject({ erased: 2 });
  });

  test("forgets a password as the others do, though what replaced it was replaced", async () => {
    const stream = new SimStream(randomOf(24));
    const [longest, shorter] = [new Machine(stream, 1), new Machine(stream, 2)];
    const one = await longest.start();
    const password = (replaces?: number): Draft => {
      const body = {
        password: `hash ${replaces}`,
        ...(replaces === undefined ? {} : { replaces }),
      };
      return { kind: "password", room: ANA as string as RoomId, by: ANA, id: "", body };
    };
    const { head: first } = await one.accounts.append(password());
    const former = await shorter.start();
    await former.replica.close();
    const { head: second } = await one.accounts.append(password(first.seq));
    const { head: third } = await one.accounts.append(password(second.seq));
    await one.accounts.erase(first.seq, second.seq);
    await one.accounts.erase(second.seq, third.seq);
    stream.lose(2);
    const other = await shorter.start();
    await whole([one, other]);
    while (accountsOf(shorter).includes("hash undefined")) {
      await new Promise<void>((resolve) => stream.clock.after(1, resolve));
    }
    expect(accountsOf(shorter)).toBe(accountsOf(longest));
    expect(accountsOf(shorter)).toContain(`hash ${second.seq}`);
  });

  test("and where others have gone on in their place, the one that had them says so", async () => {
    const stream = new SimStream(randomOf(23));
    const [longest, shorter] = [new Machine(stream, 1), new Machine(stream, 2)];
    const one = await longest.start();
    const other = await shorter.start();
    await say(one, 0, 3);
    await settled(stream, [one, other]);
    await other.replica.close();
    await say(one, 3, 2);
    const before = fileOf(longest);
    await one.replica.close();
    stream.lose(2);
    // More than were lost: by its numbers alone the stream looks as it did.
    await say(await shorter.start(), 10, 4);
    expect(await rejection(longest.start())).toMatchObject({ code: "cluster-diverged" });
    expect(fileOf(longest)).toBe(before);
    expect(longest.stopped?.code).toBe("cluster-diverged");
  });

  test("nobody says anything in their place while another one has them", async () => {
    const stream = new SimStream(randomOf(24));
    const [longest, shorter] = [new Machine(stream, 1), new Machine(stream, 2)];
    const one = await longest.start();
    await say(one, 0, 3);
    await one.replica.close();
    stream.lose(3);
    let asked = 0;
    shorter.others = () => {
      asked++;
      return Promise.resolve([{ heads: { history: one.mirrors.history.head(), accounts: 0 } }]);
    };
    const other = await shorter.start();
    const said = other.history.append(draftOf("too early"));
    while (asked < 3) await new Promise((resolve) => stream.clock.after(10, () => resolve(true)));
    expect(stream.messages).toHaveLength(0);
    const again = await longest.start();
    await said;
    await whole([again, other]);
    expect(fileOf(shorter)).toBe(fileOf(longest));
  });

  test("what was acknowledged and never came back is told to be unknown", async () => {
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

test("what an erased edit was about is not forgotten by a start between the two", async () => {
  const stream = new SimStream(randomOf(30));
  const [machine, second] = [new Machine(stream, 1), new Machine(stream, 2)];
  const node = await machine.start();
  const other = await second.start();
  const about = (kind: "edit" | "erase", seq: number): Draft => {
    return { kind, room: LOBBY, by: ANA, id: "", body: { seq, text: "better" } };
  };
  await node.history.append(draftOf("a word"));
  await node.history.append(about("edit", 1));
  await node.replica.close();
  const { positions } = machine;
  const again = await machine.start();
  // Decided by a server that had not heard of the edit.
  const sealed = sealDraft(about("edit", 1), new Uint8Array(SALT_BYTES), sha256);
  const late = { history: 1, accounts: 0, drafts: [{ sealed }] };
  stream.store(packProposals({ id: "late", proposals: [late] }), "late");
  const order = await again.history.append(about("erase", 2));
  await again.history.erase(2, order.head.seq);
  await settled(stream, [again, other]);
  machine.disk.killProcess();
  machine.positions = positions;
  const last = await machine.start();
  expect(last.history.head()).toBe(3);
  stream.store(packProposals({ id: "later", proposals: [{ ...late, history: 2 }] }), "later");
  await whole([last, other]);
  expect(last.history.head()).toBe(4);
  expect(fileOf(machine)).toBe(fileOf(second));
});

test("nothing is recorded behind a message that this version cannot read", async () => {
  const stream = new SimStream(randomOf(31));
  const machine = new Machine(stream, 1);
  const say = (text: string) => {
    const sealed = sealDraft(draftOf(text), new Uint8Array(SALT_BYTES), sha256);
    const proposals = [{ history: 0, accounts: 0, drafts: [{ sealed }] }];
    stream.store(packProposals({ id: text, proposals }), text);
  };
  for (let i = 0; i < 3; i++) say(`before ${i}`);
  stream.store(packValue({ v: 99 }), "of a later version");
  for (let i = 0; i < 3; i++) say(`behind ${i}`);
  let fullFor = 4; // All the others come together meanwhile.
  machine.trouble = (call, path) =>
    call === "write" && path.endsWith(".jsonl") && fullFor-- > 0 ? "ENOSPC" : undefined;
  expect(await rejection(machine.start())).toMatchObject({ code: "version-unsupported" });
  await eventually("what stands before it", () => fileOf(machine).includes("before 2"));
  expect(fileOf(machine)).not.toContain("behind");
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
  for (let seed = 1; seed <= 12; seed++) acked += await live(seed);
  expect(acked).toBeGreaterThan(400);
}, 120_000);
