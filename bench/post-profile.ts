/**
 * CPU time of one post by step: `bun bench/post-profile.ts [--readers 10] [--posts 40000]
 * [--rounds 5] [--steps]`. The server runs in this process, with a log on the disk and links
 * without sockets, so that neither TLS nor the kernel's network hides a change of the code. Each
 * round posts at full speed with a bounded number of posts in flight. `--steps` samples the stacks
 * of the main thread, and divides its CPU time among the steps of the walk "A post" in
 * ARCHITECTURE.md; the clients' own part is a separate row.
 */
import { rmSync } from "node:fs";
import { Session as Inspector } from "node:inspector";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openFolder } from "../src/cli/serve/folder.ts";
import { sha256 } from "../src/crypto/sha256.ts";
import { openBlobStore } from "../src/io/blob/blob-store.ts";
import { systemClock } from "../src/io/clock.ts";
import { systemDisk } from "../src/io/disk/system-disk.ts";
import { systemEntropy } from "../src/io/entropy.ts";
import { BaseLink } from "../src/io/link/base-link.ts";
import type { Listener } from "../src/io/link/link.ts";
import { Topics } from "../src/io/link/topics.ts";
import { sealedFolder } from "../src/server/sealed/buckets.ts";
import { Server } from "../src/server/server.ts";
import { TEXT_BYTES } from "./fan-out-contestant.ts";
import { newFolder, print } from "./harness.ts";
import { carriesRecords, RawClient } from "./raw-client.ts";
import { saveSample, spreadOf } from "./samples.ts";

const { values } = parseArgs({
  options: {
    readers: { type: "string", default: "10" },
    posts: { type: "string", default: "40000" },
    rounds: { type: "string", default: "5" },
    steps: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
  },
});
const READERS = Number(values.readers);
const POSTS = Number(values.posts) / (values.quick ? 5 : 1);
const SENDERS = 4;
/** Posts in flight of each sender. */
const WINDOW = 32;
const UNLIMITED = 10_000_000;
const SAMPLE_INTERVAL_US = 200;
const REMOTE = { host: "127.0.0.1", port: 1 };
const TEXT = "x".repeat(TEXT_BYTES);
const topics = new Topics<BaseLink>();

/** End of a link that passes each message to the other end in the same call. */
class DirectLink extends BaseLink {
  readonly transport = "memory";
  readonly remote = REMOTE;
  readonly certificateHash = new Uint8Array(32);
  peer: DirectLink | undefined;

  send(message: Uint8Array): boolean {
    if (this.state !== "open") return false;
    this.countSent(1, message.length);
    this.peer?.inbox.push(message);
    return true;
  }

  queuedBytes(): number {
    return 0;
  }

  close(): void {
    this.drop();
  }

  drop(): void {
    this.state = "closed";
  }
}

const listener: Listener = {
  transport: "memory",
  port: REMOTE.port,
  publish: (topic, message) => {
    for (const link of topics.followers(topic)) link.send(message);
  },
  stop: () => Promise.resolve(),
};

/** Step of a post, and the frames that belong to it; the first that matches counts. */
const STEPS: readonly (readonly [step: string, frames: RegExp])[] = [
  ["clients", /bench\/(raw-client|post-profile)/],
  ["decode", /wire\/(post-message|codec|messages-incoming)\.ts (?!answer|encode)/],
  ["answer", /wire\/post-message\.ts|client-connection\.ts (answer|settle)|session\.ts answer/],
  ["session", /core\/session\/|base-link\.ts/],
  ["pace, scheduler", /session\/|server\/sessions\.ts/],
  ["handler", /requests\.ts|rooms\/posts\.ts|kernel\/service\.ts/],
  ["settle", /engine\.ts (#settle|#answerPost|#postAnswer|settled)|kernel\.ts #settle/],
  ["apply", /engine\.ts (#apply|restore)|core\/rooms\/(rooms|message-count|rules|files)\.ts/],
  ["apply", /core\/log\/(order|erasures)\.ts/],
  ["engine", /core\/rooms\//],
  ["commitment", /wire\/record\.ts|entropy\.ts|log-file\.ts #enqueue/],
  ["tree", /merkle\.ts|batch\.ts (leavesOfBatch|leafHashIn)/],
  ["head, line", /log\/batch\.ts add/],
  ["write, sync", /disk\/|log-file\.ts #commit/],
  ["batch", /io\/log\//],
  ["quota", /log-quota\.ts/],
  ["kernel", /kernel\/(kernel|server-clock)\.ts/],
  ["frame", /records-frame\.ts/],
  ["broadcast", /rooms\/broadcast\.ts/],
  ["event feed", /event-feed\.ts/],
  ["read positions", /read-positions\.ts|core\/rooms\/read/],
  ["catch-up", /catch-up\.ts|current-archive\.ts/],
  ["other services", /server\//],
  ["feed", /feed\.ts/],
];

async function openServer(folder: string): Promise<() => Promise<void>> {
  const clock = systemClock();
  const entropy = systemEntropy();
  const open = await openFolder({
    path: join(folder, "data"),
    clock,
    entropy,
    certificate: undefined,
    hosts: ["localhost"],
    postsPerSecond: UNLIMITED,
    onWriteError: (fault) => {
      throw fault;
    },
  });
  const disk = systemDisk();
  const server = new Server({
    ...open,
    ...open.logs,
    clock,
    entropy,
    settings: {
      name: "bench",
      version: "0",
      welcome: undefined,
      roomPassword: undefined,
      postsPerSecond: UNLIMITED,
      postsBurst: UNLIMITED,
      textsBytesPerDay: Number.MAX_SAFE_INTEGER,
    },
    passwords: { hash: () => Promise.resolve(""), verify: () => Promise.resolve(false) },
    stateFiles: { disk, folder: join(folder, "data") },
    blobs: openBlobStore({ disk, folder: join(folder, "data", "files"), sha256 }),
    sealed: sealedFolder({ disk, folder: join(folder, "data", "sealed") }),
    onEvent: () => {},
  });
  await server.start();
  server.listen(listener);
  dialServer = () => {
    const [client, end] = [new DirectLink(), new DirectLink(topics)];
    client.peer = end;
    end.peer = client;
    server.sessions.link(end);
    return client;
  };
  return async () => {
    await server.stop();
    await open.close();
  };
}

let dialServer: () => DirectLink;

async function connect(name: string): Promise<RawClient> {
  const dial = async () => dialServer();
  const client = await RawClient.register(REMOTE.port, name, undefined, undefined, dial);
  client.onBytes = carriesRecords;
  return client;
}

async function postAll(senders: readonly RawClient[], posts: number): Promise<void> {
  let remaining = posts;
  const post = async (sender: RawClient) => {
    while (remaining-- > 0) await sender.post("lobby", TEXT);
  };
  const all = senders.flatMap((sender) => Array.from({ length: WINDOW }, () => post(sender)));
  await Promise.all(all);
}

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

interface Frame {
  readonly functionName: string;
  readonly url: string;
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: Frame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
}

const inspector = new Inspector();

function send(method: string, parameters = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    inspector.post(method, parameters, (error: unknown, result: unknown) =>
      error ? reject(error) : resolve(result),
    );
  });
}

function stepOf(stack: readonly string[]): string {
  // Clients and server share files, so the nearest frame of either decides whose work it is.
  const owner = stack.find((frame) => /raw-client|post-profile|src\/(server|io\/log)/.test(frame));
  if (owner !== undefined && /raw-client|post-profile/.test(owner)) return "clients";
  for (const frame of stack) {
    const found = STEPS.find(([, frames]) => frames.test(frame));
    if (found !== undefined) return found[0];
  }
  return "other";
}

function countSteps({ nodes, samples }: Profile): ReadonlyMap<string, number> {
  const parents = new Map<number, number>();
  const names = new Map<number, string>();
  for (const { id, callFrame, children = [] } of nodes) {
    names.set(id, `${callFrame.url} ${callFrame.functionName.replace(/^(async )?/, "")}`);
    for (const child of children) parents.set(child, id);
  }
  const counts = new Map<string, number>();
  for (const sample of samples) {
    const stack: string[] = [];
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      stack.push(names.get(id) ?? "");
    }
    const step = stepOf(stack);
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  return counts;
}

const folder = newFolder();
const stop = await openServer(folder);
const senders: RawClient[] = [];
for (let i = 0; i < SENDERS; i++) senders.push(await connect(`sender-${i}`));
for (let i = 0; i < READERS; i++) await connect(`reader-${i}`);
await postAll(senders, POSTS / 2);
const mainUs: number[] = [];
if (values.steps) {
  inspector.connect();
  await send("Profiler.enable");
  await send("Profiler.setSamplingInterval", { interval: SAMPLE_INTERVAL_US });
  await send("Profiler.start");
}
for (let round = 0; round < Number(values.rounds); round++) {
  const before = threadCpuUs();
  await postAll(senders, POSTS);
  mainUs.push((threadCpuUs() - before) / POSTS);
}
const { median = 0, min = 0 } = spreadOf(mainUs) ?? {};
saveSample({ table: "post", row: { readers: READERS }, values: { mainThreadUs: median } });
print(`main thread, us per post: median ${median.toFixed(2)}, minimum ${min.toFixed(2)}`);
if (values.steps) {
  const { profile } = (await send("Profiler.stop")) as { profile: Profile };
  const counts = countSteps(profile);
  for (const step of new Set([...STEPS.map(([name]) => name), "other"])) {
    const us = (median * (counts.get(step) ?? 0)) / profile.samples.length;
    saveSample({ table: "post", row: { readers: READERS, step }, values: { us } });
    print(`| ${step} | ${us.toFixed(2)} |`);
  }
}
await stop();
rmSync(folder, { recursive: true });
process.exit(0);
