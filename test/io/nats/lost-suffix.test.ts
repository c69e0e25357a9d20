import { expect } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Fault } from "../../../src/base/fault.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { systemClock } from "../../../src/io/clock.ts";
import type { Position } from "../../../src/io/cluster/position.ts";
import { Replica } from "../../../src/io/cluster/replica.ts";
import { ReplicatedLog } from "../../../src/io/cluster/replicated-log.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { systemEntropy } from "../../../src/io/entropy.ts";
import { openLog } from "../../../src/io/log/log-file.ts";
import { openJetStream } from "../../../src/io/nats/jetstream.ts";
import { eventually } from "../../event.ts";
import { requires } from "../../installed.ts";
import { rejection } from "../../rejection.ts";
import { draftOf } from "../log-fixture.ts";
import { NatsServers } from "./nats-servers.ts";

const { afterAll, beforeAll, test } = requires("nats-server");

const clock = systemClock();
const entropy = systemEntropy();
const folder = mkdtempSync(join(tmpdir(), "chat-lost-"));
const identity = { own: "SHA256:ours", make: () => Promise.reject(new Error("none is made")) };
let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start(1);
}, 60_000);

afterAll(async () => {
  await nats.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** One server of a cluster, over several runs. */
class Machine {
  readonly #folder: string;
  readonly #cluster: string;
  #positions: readonly Position[] = [];

  constructor(cluster: string, name: string) {
    this.#cluster = cluster;
    this.#folder = join(folder, cluster, name);
  }

  async start() {
    const disk = systemDisk();
    const open = (log: string) =>
      openLog({
        ...{ disk, clock, entropy, sha256, reserveBytes: 600 },
        folder: join(this.#folder, log),
      });
    const mirrors = { history: await open("history"), accounts: await open("accounts") };
    const { urls: servers } = nats;
    const where = { servers, cluster: this.#cluster, isUnsafe: true };
    const stream = await openJetStream({ ...where, identity, clock });
    const stopped = Promise.withResolvers<Fault>();
    const replica = await Replica.open({
      ...{ stream, mirrors, clock, entropy, sha256, positions: this.#positions },
      keep: (positions) => {
        this.#positions = positions;
      },
      onStopped: stopped.resolve,
    });
    const history = new ReplicatedLog(replica, mirrors, "history");
    const close = async () => {
      await replica.close();
      await mirrors.history.close();
      await mirrors.accounts.close();
      await stream.close();
    };
    return { replica, stream, history, stopped: stopped.promise, close };
  }

  get file(): string {
    const history = join(this.#folder, "history");
    const [first = ""] = readdirSync(history).filter((name) => name.endsWith(".jsonl"));
    return readFileSync(join(history, first), "utf8");
  }
}

type Node = Awaited<ReturnType<Machine["start"]>>;

/** Again, when nobody knows: the first one was said to a stream that was not there any more. */
async function say({ history }: Node, text: string): Promise<void> {
  for (;;) {
    try {
      await history.append(draftOf(text));
      return;
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "no-majority") throw error;
    }
  }
}

async function sayAll(node: Node, texts: readonly string[]): Promise<void> {
  for (const text of texts) await say(node, text);
}

async function allEqual(machines: readonly Machine[], nodes: readonly Node[]): Promise<void> {
  for (const { replica, stream } of nodes) await replica.reached(await stream.last());
  expect(new Set(machines.map(({ file }) => file)).size).toBe(1);
}

const words = (name: string, count: number) => Array.from({ length: count }, (_, i) => name + i);

test("what NATS has lost by a power cut comes back from the node that has it", async () => {
  const [longest, shorter] = [new Machine("power", "a"), new Machine("power", "b")];
  const one = await longest.start();
  let other = await shorter.start();
  await sayAll(one, words("before ", 5));
  await other.replica.reached(await other.stream.last());
  await other.close();
  const [server] = nats.servers;
  await server?.kill();
  nats.keep();
  server?.start();
  await sayAll(one, words("acknowledged ", 5));
  const before = longest.file;
  await server?.kill();
  nats.bringBack();
  server?.start();
  await eventually("it is back", async () => (await server?.listens()) === true);
  other = await shorter.start();
  await say(one, "after");
  await say(other, "and by the other one");
  await allEqual([longest, shorter], [one, other]);
  expect(longest.file.slice(0, before.length)).toBe(before);
  expect(longest.file).toContain("and by the other one");
  expect(one.history.head()).toBe(12);
  for (const node of [one, other]) await node.close();
}, 60_000);

test("a stream that was made anew gets all back, once, though two have it", async () => {
  const machines = [new Machine("anew", "a"), new Machine("anew", "b")];
  const nodes = await Promise.all(machines.map((machine) => machine.start()));
  const [one, other] = nodes as [Node, Node];
  await sayAll(one, words("one ", 5));
  await sayAll(other, words("other ", 5));
  await allEqual(machines, nodes);
  const connection = await connect({ servers: [...nats.urls] });
  const manager = await jetstreamManager(connection);
  await manager.streams.delete("CHAT_anew");
  const newcomer = new Machine("anew", "c");
  const third = await newcomer.start();
  await Promise.all([say(one, "after"), say(other, "after that")]);
  await allEqual([...machines, newcomer], [...nodes, third]);
  expect(third.history.head()).toBe(12);
  await connection.close();
  for (const node of [...nodes, third]) await node.close();
}, 60_000);

test("messages that were deleted: who has them goes on, who has not says so", async () => {
  const [longest, shorter] = [new Machine("hole", "a"), new Machine("hole", "b")];
  const one = await longest.start();
  await sayAll(one, words("kept ", 2));
  await (await shorter.start()).close();
  await sayAll(one, words("deleted ", 3));
  const connection = await connect({ servers: [...nats.urls] });
  const manager = await jetstreamManager(connection);
  for (const seq of [3, 4, 5]) await manager.streams.deleteMessage("CHAT_hole", seq);
  await say(one, "after");
  expect(one.history.head()).toBe(6);
  const before = shorter.file;
  expect(await rejection(shorter.start())).toMatchObject({ code: "cluster-diverged" });
  expect(shorter.file).toBe(before);
  await connection.close();
  await one.close();
}, 60_000);
