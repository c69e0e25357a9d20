import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { HASH_LINE_BYTES } from "../../src/wire/chunks.ts";
import { within } from "../event.ts";
import { requires } from "../installed.ts";
import { FIRST_SEED, sampleSize } from "../samples.ts";
import { randomOf } from "../worlds/disk-world.ts";
import { CHAT } from "./binary.ts";
import { lineOf, noise, people, sha256 } from "./couriers.ts";
import { type Home, ndjson, type Program, Sandbox, type Served } from "./program.ts";
import { type Direction, Relay } from "./relay.ts";

/**
 * Kills a participant at any byte of a transfer. The same command must then finish the transfer,
 * and synced bytes are sent only once.
 */

const KILLS = sampleSize(2, 200);
const KILLS_A_FILE = 5;
const FILE_BYTES = TRANSFER_SYNC_BYTES + 19 * CHUNK_BYTES + 7;
/** Bytes besides the content: names, checksums and TLS records, and the greetings on two links. */
const AROUND_BYTES = 64 * 1024 + (FILE_BYTES / CHUNK_BYTES) * 1024;

const NOISE = noise(FILE_BYTES + (2 * KILLS + 1) * 1_000);

class Scene {
  readonly sandbox: Sandbox;
  readonly random = randomOf(FIRST_SEED);
  readonly relay: Relay;
  readonly ana: Home;
  readonly bob: Home;
  served: Served;
  readonly sent = new Map<string, string>();
  #files = 0;

  private constructor(
    sandbox: Sandbox,
    served: Served,
    relay: Relay,
    homes: { ana: Home; bob: Home },
  ) {
    this.sandbox = sandbox;
    this.served = served;
    this.relay = relay;
    const env = { CHAT_SERVER: relay.address };
    this.ana = homes.ana.with(env);
    this.bob = homes.bob.with(env);
  }

  static async open(stack: AsyncDisposableStack): Promise<Scene> {
    const sandbox = stack.use(new Sandbox());
    const served = await sandbox.serve();
    const homes = await people(sandbox);
    const relay = stack.use(await Relay.open(served.port));
    const scene = new Scene(sandbox, served, relay, homes);
    for (const home of [scene.ana, scene.bob]) await home.json(["users"]);
    return scene;
  }

  newFile(): string {
    const number = this.#files++;
    const path = this.sandbox.path(`file-${number}.bin`);
    writeFileSync(path, NOISE.subarray(number * 1_000, number * 1_000 + FILE_BYTES));
    return path;
  }

  /**
   * Chooses a position in the remaining bytes, sometimes in the first message or the last.
   * @param durableBytes stored bytes; a last short chunk counts as a full one
   */
  #place(durableBytes: number): number {
    const leftBytes = Math.max(0, FILE_BYTES - durableBytes);
    const chance = this.random();
    if (chance < 0.15) return 1 + Math.floor(this.random() * 8_000);
    if (chance < 0.35) return leftBytes + Math.floor(this.random() * 2 * CHUNK_BYTES);
    return 1 + Math.floor(this.random() * leftBytes);
  }

  /** Resolves when the process should be killed; `false` if it ended first. */
  async fate(program: Program, way: Direction, durableBytes: number): Promise<boolean> {
    const over = program.ended(60_000).then(() => false);
    const reached = this.relay.stallAfter(way, this.#place(durableBytes)).then(() => true);
    return within("a place to die at", Promise.race([reached, over]));
  }

  durableBytes(): number {
    const files = join(this.served.data, "files");
    const names = existsSync(files) ? readdirSync(files) : [];
    const [name] = names.filter((one) => !this.sent.has(one));
    if (name === undefined) return 0;
    const path = join(files, name, "chunks.jsonl");
    return existsSync(path) ? chunkBytes(statSync(path).size) : 0;
  }
}

function chunkBytes(lineBytes: number): number {
  return Math.floor(lineBytes / HASH_LINE_BYTES) * CHUNK_BYTES;
}

function expectResumed(scene: Scene, way: Direction, durableBytes: number, passed: number): void {
  const passedBytes = scene.relay.passed[way] - passed;
  expect(passedBytes).toBeLessThanOrEqual(Math.max(0, FILE_BYTES - durableBytes) + AROUND_BYTES);
}

function captionOf(path: string): string {
  return `${basename(path)}, \u202e<b>said</b> once`;
}

function sendOf(path: string): string[] {
  return ["send-file", path, "--caption", captionOf(path), "--json"];
}

async function expectThere({ bob, sandbox, sent }: Scene): Promise<void> {
  const records = await bob.json(["files"]);
  expect(records.map(({ id }) => String(id)).sort()).toEqual([...sent.keys()].sort());
  const inbox = sandbox.path("there");
  await bob.json(["get-file", ...sent.keys(), "--out", inbox]);
  for (const [id, path] of sent) {
    const record = records.find((one) => one["id"] === id);
    expect(sha256(join(inbox, String(record?.["name"])))).toBe(sha256(path));
    expect(record?.["text"]).toBe(captionOf(path));
  }
}

const stack = new AsyncDisposableStack();
let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open(stack);
});
afterAll(() => stack.disposeAsync());

describe(`with CHAT_SEED=${FIRST_SEED}`, () => {
  test(`survives ${KILLS} kills of the sender`, async () => {
    const { ana, relay, sent } = scene;
    for (let kills = 0; kills < KILLS; ) {
      const path = scene.newFile();
      let durableBytes = 0;
      for (let dies = KILLS_A_FILE; dies >= 0; dies--) {
        const passed = relay.passed.up;
        const sending = ana.start(sendOf(path));
        if (dies > 0 && (await scene.fate(sending, "up", durableBytes))) {
          await sending.signal("SIGKILL");
          kills++;
          relay.drop();
          const now = scene.durableBytes();
          expect(now).toBeGreaterThanOrEqual(durableBytes);
          durableBytes = now;
          continue;
        }
        relay.release();
        const { exitCode, out, err } = await sending.ended(60_000);
        expect([exitCode, out, err]).toEqual([0, expect.any(String), expect.any(String)]);
        const file = lineOf(out, "file");
        sent.set(String(file["id"]), path);
        const resumed = Number(file["resumedBytes"]);
        expect(resumed).toBeGreaterThanOrEqual(Math.min(durableBytes, FILE_BYTES));
        expectResumed(scene, "up", resumed, passed);
        break;
      }
    }
  });

  test(`survives ${KILLS} kills of the receiver`, async () => {
    const { ana, bob, relay, sandbox, sent } = scene;
    const path = scene.newFile();
    const name = basename(path);
    const { id } = lineOf((await ana.run(sendOf(path))).out, "file");
    sent.set(String(id), path);
    for (let kills = 0, number = 0; kills < KILLS; number++) {
      const inbox = sandbox.path(`inbox-${number}`);
      const args = ["get-file", String(id), "--out", inbox, "--json"];
      let durableBytes = 0;
      for (let dies = KILLS_A_FILE; dies >= 0; dies--) {
        const passed = relay.passed.down;
        const getting = bob.start(args);
        if (dies > 0 && (await scene.fate(getting, "down", durableBytes))) {
          await getting.signal("SIGKILL");
          kills++;
          relay.drop();
          // Without a partial file, the download is complete. A receiver that was killed before it
          // reported completion fetches the file again.
          const journal = join(inbox, `${name}.part.journal`);
          const lines = existsSync(journal) ? readFileSync(journal, "latin1") : "\n";
          durableBytes = chunkBytes(lines.length - lines.indexOf("\n") - 1);
          continue;
        }
        relay.release();
        const { exitCode, out, err } = await getting.ended(60_000);
        expect([exitCode, out, err]).toEqual([0, expect.any(String), expect.any(String)]);
        const resumed = Number(lineOf(out, "got")["resumedBytes"]);
        expect(resumed).toBe(Math.min(durableBytes, FILE_BYTES));
        expectResumed(scene, "down", resumed, passed);
        break;
      }
      for (const got of readdirSync(inbox)) {
        expect(got.replace(/ \(\d\)/, "")).toBe(name);
        expect(sha256(join(inbox, got))).toBe(sha256(path));
      }
    }
  });

  test(`survives ${KILLS} kills of the server`, async () => {
    const { ana, relay, sandbox, sent } = scene;
    for (let kills = 0; kills < KILLS; ) {
      const path = scene.newFile();
      let sending = ana.start(sendOf(path));
      let [durableBytes, passed] = [0, relay.passed.up];
      for (let dies = KILLS_A_FILE; dies > 0; dies--) {
        if (!(await scene.fate(sending, "up", durableBytes))) break;
        await scene.served.program.signal("SIGKILL");
        kills++;
        const now = scene.durableBytes();
        expect(now).toBeGreaterThanOrEqual(durableBytes);
        [durableBytes, passed] = [now, relay.passed.up];
        relay.drop();
        scene.served = await sandbox.serve({ port: scene.served.port });
        expect(scene.served.program.jsonLines.map(({ kind }) => kind)).not.toContain("damaged");
      }
      relay.release();
      let { exitCode, out, err } = await sending.ended(60_000);
      if (exitCode === 5 && !out.includes("progress")) {
        // The server was killed before the log-in, so the client reports that and the test tries
        // again.
        passed = relay.passed.up;
        sending = ana.start(sendOf(path));
        ({ exitCode, out, err } = await sending.ended(60_000));
      }
      expect([exitCode, err]).toEqual([0, expect.not.stringContaining("damaged")]);
      sent.set(String(lineOf(out, "file")["id"]), path);
      expectResumed(scene, "up", durableBytes, passed);
    }
    await expectThere(scene);
  });
});

const WRITES = sampleSize(3, 40);

/** Kills the sender at one of its writes, to its disk, its network or its output. */
requires("strace").test(
  `posts once if the sender is killed at any of ${3 * WRITES} writes`,
  async () => {
    const { ana, sandbox } = scene;
    const filesOf = async () =>
      (await ana.json(["history", "--last", "100000"])).filter(({ kind }) => kind === "file");
    for (const call of ["pwrite64", "write", "sendto"]) {
      const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=SIGKILL:when=`];
      for (let kills = 0, at = 1; kills < WRITES; kills++, at += call === "pwrite64" ? 9 : 2) {
        const paths = ["one", "two"].map((name) => sandbox.path(`${call}-${at}-${name}.txt`));
        for (const path of paths) writeFileSync(path, path);
        const send = ["send-file", ...paths, "--caption", `${call} ${at}`, "--json"];
        const strace = ["-f", "-o", "/dev/null", ...inject.slice(0, -1), `${inject.at(-1)}${at}`];
        const before = await filesOf();
        const killed = await ana.run([...strace, CHAT, ...send], { program: "strace" });
        const isReported = killed.out.includes('"kind":"file"');
        if (!isReported) {
          const { exitCode, out } = await ana.run(send);
          expect([exitCode, ndjson(out).filter(({ kind }) => kind === "file").length]).toEqual([
            0, 2,
          ]);
        }
        const added = (await filesOf()).slice(before.length);
        expect(added).toMatchObject([{ text: `${call} ${at}`, files: [{}, {}] }]);
        if (killed.exitCode === 0) break;
      }
    }
  },
);

/** Returns a pipe that is full, so that a program that writes to it waits. */
function fullPipe(path: string): { readonly fd: number; close(): void } {
  Bun.spawnSync(["mkfifo", path]);
  const filler = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  for (const size of [4096, 1]) {
    const bytes = new Uint8Array(size);
    try {
      for (;;) writeSync(filler, bytes);
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("EAGAIN");
    }
  }
  const fd = openSync(path, constants.O_WRONLY);
  const close = () => {
    for (const opened of [fd, filler]) closeSync(opened);
  };
  return { fd, close };
}

/** Returns a command that was killed after its message was stored, before its output was read. */
async function killedUnread(name: string): Promise<string[]> {
  const { ana, bob, sandbox } = scene;
  const path = sandbox.write(name, name);
  const send = ["send-file", path, "--caption", name, "--json"];
  const reader = await bob.join([]);
  const pipe = fullPipe(sandbox.path(`${name}.pipe`));
  const sending = Bun.spawn([CHAT, ...send], {
    env: { ...ana.environment },
    stdout: pipe.fd,
    stderr: "ignore",
  });
  await reader.file({ name });
  await bob.json(["users"]); // A command that did not wait for its reader would end meanwhile.
  sending.kill("SIGKILL");
  await sending.exited;
  pipe.close();
  expect((await reader.finish()).exitCode).toBe(0);
  return send;
}

async function seqsOf(text: string): Promise<unknown[]> {
  const records = await scene.ana.json(["history", "--last", "100"]);
  return records.filter((record) => record["text"] === text).map(({ seq }) => seq);
}

test("posts once if it is killed before its output is read", async () => {
  const send = await killedUnread("unread.txt");
  const { exitCode, out } = await scene.ana.run(send);
  const posted = await seqsOf("unread.txt");
  expect([exitCode, [lineOf(out, "file")["seq"]]]).toEqual([0, posted]);
});

test("one of two repetitions at once reports the message of a killed command", async () => {
  const send = await killedUnread("twice.txt");
  const [killed] = await seqsOf("twice.txt");
  const ran = await Promise.all([scene.ana.run(send), scene.ana.run(send)]);
  const posted = await seqsOf("twice.txt");
  expect(posted).toHaveLength(2);
  const reported = ran.map(({ out }) => Number(lineOf(out, "file")["seq"]));
  expect(reported.sort((a, b) => a - b)).toEqual(posted.map(Number));
  expect(reported).toContain(Number(killed));
});
