import { describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { file, gets, MIB, noise, sends, sha256 } from "./couriers.ts";
import { before, until } from "./deadline.ts";
import { Sender } from "./load.ts";
import { type Json, ndjson, type Served } from "./program.ts";
import { Relay } from "./relay.ts";
import { halted, wired } from "./wired.ts";

/** Changes, cuts, leavers, limits and crowds, with the compiled program. */

const BYTES = 24 * MIB;
const CUT_MS = Number(process.env["CHAT_CUT_MS"] ?? 1_500);
const PLACE = 6 * MIB;

function lineOf(out: string, kind: string): Json {
  const [line] = ndjson(out).filter((one) => one.kind === kind);
  if (line === undefined) throw new Error(`no ${kind} in\n${out}`);
  return line;
}

function stored({ data }: Served): string[] {
  const files = join(data, "files");
  return existsSync(files) ? readdirSync(files).filter((name) => name.startsWith("f")) : [];
}

describe("a file that changes", () => {
  test("while it is sent is not sent: nobody gets half of each", () =>
    wired(async ({ sandbox: town, served, relay, ana }) => {
      const path = file(town, "a.log", noise(BYTES));
      const sending = await halted(relay, "up", PLACE, () =>
        ana.start(["send-file", path, "--json"]),
      );
      appendFileSync(path, "one more line");
      relay.release();
      const { exitCode, out } = await sending.ended(60_000);
      expect([exitCode, lineOf(out, "fault")["code"]]).toEqual([1, "file-changed"]);
      expect(await ana.json(["files"])).toEqual([]);
      await until("it is withdrawn", () => stored(served).length === 0);
      const sent = await sends(ana, path);
      expect(sent).toMatchObject({ sizeBytes: BYTES + 13, resumedBytes: 0 });
    }));

  test("between two sends begins anew, and says so", () =>
    wired(async ({ sandbox: town, served, relay, ana, bob }) => {
      const path = file(town, "a.bin", noise(BYTES));
      const sending = await halted(relay, "up", PLACE, () => ana.start(["send-file", path]));
      await sending.signal("SIGKILL");
      relay.release();
      writeFileSync(path, noise(BYTES));
      const ran = await ana.run(["send-file", path, "--json"]);
      expect([ran.exitCode, ran.err]).toEqual([0, expect.stringContaining("has changed")]);
      const sent = lineOf(ran.out, "file");
      expect(sent["resumedBytes"]).toBe(0);
      expect(stored(served)).toEqual([String(sent["id"])]);
      const got = await gets(bob, sent["id"], town.path("inbox"));
      expect(sha256(String(got["path"]))).toBe(sha256(path));
    }));
});

test("two processes that send the same file: both hear of it, and what is there is right", () =>
  wired(async ({ sandbox: town, relay, ana, bob }) => {
    const path = file(town, "a.bin", noise(BYTES));
    const start = () => ana.start(["send-file", path, "--json"]);
    const first = await halted(relay, "up", PLACE, start);
    const others = [start(), start()];
    relay.release();
    const digests = new Set<unknown>();
    for (const program of [first, ...others]) {
      const { exitCode, out } = await program.ended(60_000);
      expect(exitCode).toBe(0);
      digests.add(lineOf(out, "file")["digest"]);
    }
    expect(digests.size).toBe(1);
    for (const { id } of await bob.json(["files"])) {
      const got = await gets(bob, id, town.path(`inbox-${id}`));
      expect(sha256(String(got["path"]))).toBe(sha256(path));
    }
  }));

test("two processes that fetch the same file into one folder do not meet", () =>
  wired(async ({ sandbox: town, relay, ana, bob }) => {
    const path = file(town, "a.bin", noise(BYTES));
    const { id } = await sends(ana, path);
    const inbox = town.path("inbox");
    const start = () => bob.start(["get-file", String(id), "--out", inbox, "--json"]);
    const first = await halted(relay, "down", PLACE, start);
    const other = start();
    relay.release();
    for (const program of [first, other]) expect((await program.ended(60_000)).exitCode).toBe(0);
    expect(readdirSync(inbox).sort()).toEqual(["a (1).bin", "a.bin"]);
    for (const name of readdirSync(inbox)) expect(sha256(join(inbox, name))).toBe(sha256(path));
  }));

describe(`a link that is cut for ${CUT_MS} ms`, () => {
  const timeoutMs = 120_000 + 2 * CUT_MS;

  test.each(["with a word", "in silence"])(
    "%s: who sends and who gets say so, and go on by themselves",
    (how) =>
      wired(async ({ sandbox: town, served, relay, ana, bob }) => {
        const path = file(town, "a.bin", noise(BYTES));
        const { id } = await sends(ana, path);
        const other = file(town, "b.bin", noise(BYTES));
        await using bobs = await Relay.open(served.port);
        const env = { CHAT_SERVER: bobs.address };
        const args = ["get-file", String(id), "--out", town.path("inbox")];
        const getting = await halted(bobs, "down", PLACE, () => bob.start(args, { env }));
        const sending = await halted(relay, "up", PLACE, () => ana.start(["send-file", other]));
        const began = performance.now();
        if (how === "with a word") for (const wire of [relay, bobs]) wire.cut();
        for (const program of [sending, getting]) await program.said("waits for");
        const isOver = () => performance.now() - began > CUT_MS;
        await until("the cut has been long enough", isOver, CUT_MS + 10_000);
        const passed = [relay.passed.up, bobs.passed.down];
        for (const wire of [relay, bobs]) {
          wire.release();
          wire.mend();
        }
        for (const program of [sending, getting]) {
          expect((await program.ended(90_000)).exitCode).toBe(0);
        }
        const again = [relay.passed.up, bobs.passed.down].map(
          (bytes, i) => bytes - (passed[i] ?? 0),
        );
        for (const bytes of again) expect(bytes).toBeLessThan(BYTES - PLACE / 2);
        expect(sha256(town.path("inbox", "a.bin"))).toBe(sha256(path));
        const sent = (await bob.json(["files"])).find(({ name }) => name === "b.bin");
        const got = await gets(bob, sent?.["id"], town.path("inbox"));
        expect(sha256(String(got["path"]))).toBe(sha256(other));
      }),
    timeoutMs,
  );
});

test("who leaves the room in the middle gets no more; who comes back goes on", () =>
  wired(async ({ sandbox: town, relay, ana, bob }) => {
    const direct = { CHAT_SERVER: "" };
    await ana.json(["join", "--room", "lab"], { stdin: "" });
    const bobs = await bob.with(direct).join(["--room", "lab"]);
    const path = file(town, "a.bin", noise(BYTES));
    const { id } = await sends(ana, path, "--to", "lab");
    const args = ["get-file", String(id), "--out", town.path("inbox"), "--json"];
    const getting = await halted(relay, "down", PLACE, () => bob.start(args));
    bobs.type("/leave lab");
    await bobs.json("leave", { room: "lab", from: "bob" });
    relay.release();
    const { exitCode, out } = await getting.ended(60_000);
    expect([3, 4]).toContain(exitCode);
    expect(["not-member", "file-unknown"]).toContain(String(lineOf(out, "fault")["code"]));
    expect(readdirSync(town.path("inbox"))).not.toContain("a.bin");
    bobs.type("/join lab");
    await bobs.json("joined", { room: "lab" });
    const again = await bob.run(args);
    expect(again.exitCode).toBe(0);
    expect(Number(lineOf(again.out, "got")["resumedBytes"])).toBeGreaterThan(0);
    expect(sha256(town.path("inbox", "a.bin"))).toBe(sha256(path));
    await bobs.finish();
  }));

test("who may not write to one of two rooms any more reaches the other, and hears of it", () =>
  wired(async ({ sandbox: town, relay, ana, bob }) => {
    await bob.json(["join", "--room", "lab"], { stdin: "" });
    await ana.json(["join", "--room", "lab"], { stdin: "" });
    const path = file(town, "a.bin", noise(BYTES));
    const args = ["send-file", path, "--to", "lab", "--to", "lobby", "--json"];
    const sending = await halted(relay, "up", PLACE, () => ana.start(args));
    const bobs = await bob.with({ CHAT_SERVER: "" }).join(["--room", "lab"]);
    bobs.type("/kick ana");
    await bobs.json("leave", { room: "lab", from: "ana", by: "bob" });
    relay.release();
    const { exitCode, out } = await sending.ended(60_000);
    expect([exitCode, lineOf(out, "fault")["code"]]).toEqual([3, "not-member"]);
    const told = ndjson(out).filter(({ kind }) => kind === "file");
    expect(told.map(({ room }) => room)).toEqual(["lobby"]);
    await bobs.finish();
    expect((await bob.json(["files"])).map(({ room }) => room)).toEqual(["lobby"]);
  }));

test("a pipe outlives a kill of the server: what was not on its disk is kept here", () =>
  wired(async ({ sandbox: town, served, relay, ana, bob }) => {
    const content = noise(BYTES);
    const args = ["send-file", "-", "--name", "pipe.bin", "--json"];
    const sending = await halted(relay, "up", PLACE, () => ana.start(args, { stdin: content }));
    await served.program.signal("SIGKILL");
    relay.release();
    await town.serve({ port: served.port });
    const { exitCode, out } = await sending.ended(60_000);
    expect(exitCode).toBe(0);
    const { id } = lineOf(out, "file");
    const got = await gets(bob, id, town.path("inbox"));
    expect(sha256(String(got["path"]))).toBe(sha256(file(town, "pipe.bin", content)));
  }));

test("a quota that is reached is said, in the middle of a pipe too, and words go on", () =>
  wired(
    async ({ sandbox: town, ana, bob }) => {
      await sends(ana, file(town, "fits", noise(MIB)));
      const large = file(town, "large", noise(2 * MIB));
      const pipe = ["send-file", "-", "--name", "pipe", "--json"];
      for (const [args, stdin] of [
        [["send-file", large, "--json"], ""],
        [pipe, noise(2 * MIB)],
      ] as const) {
        const ran = await ana.run(args, { stdin });
        expect([ran.exitCode, lineOf(ran.out, "fault")["code"]]).toEqual([3, "quota-reached"]);
        expect(ran.err).toMatch(/^chat: your files take [^\n]+\n$/m);
        const [said] = await ana.json(["send", "words go on"]);
        expect(said?.kind).toBe("sent");
      }
      expect((await bob.json(["files"])).length).toBe(1);
      await sends(bob, large);
    },
    ["--files-per-user", "2500k"],
  ));

test(
  "twenty transfers at once, and chat beside them: nothing is lost",
  () =>
    wired(async ({ sandbox: town, served, ana, bob }) => {
      const inbox = town.path("inbox");
      const following = bob.start(["get-file", "--follow", "--out", inbox, "--json"]);
      await sends(ana, file(town, "first", "x"));
      await following.json("got", { name: "first" });
      const names = Array.from({ length: 20 }, (_, i) => `file-${i}.bin`);
      for (const name of names) file(town, name, noise(2 * MIB + CHUNK_BYTES));
      const paths = names.map((name) => town.path(name));
      const carol = town.home("carol").with({ CHAT_USER: "carol", CHAT_PASSWORD: "xxxxxxxx" });
      await carol.json(["register"]);
      let acks = Promise.withResolvers<void>();
      const talker = new Sender("carol", carol.start(["join", "--json"]), () => acks.resolve());
      const sending = paths.map((path) => ana.start(["send-file", path, "--json"]));
      const ids = new Map<string, string>();
      for (const [i, program] of sending.entries()) {
        // Between any two that end, words are acknowledged.
        acks = Promise.withResolvers<void>();
        await before(60_000, "an acknowledgement", acks.promise);
        const { exitCode, out } = await program.ended(60_000);
        expect(exitCode).toBe(0);
        ids.set(String(lineOf(out, "file")["id"]), names[i] ?? "");
      }
      for (const [id, name] of ids) {
        const got = await following.json("got", { id }, 60_000);
        expect(sha256(String(got["path"]))).toBe(sha256(town.path(name)));
      }
      await following.signal("SIGINT");
      talker.pause();
      expect((await talker.program.finish(60_000)).exitCode).toBe(0);
      expect(talker.acked.length).toBe(talker.typed);
      const last = ["history", "--data", served.data, "--from", "carol", "--last", "1000000"];
      const texts = (await bob.json(last)).filter(({ kind }) => kind === "text");
      expect(texts.map(({ text }) => text)).toEqual(
        Array.from({ length: talker.typed }, (_, i) => Sender.textOf("carol", i)),
      );
      expect(readdirSync(inbox).sort()).toEqual(["first", ...names].sort());
    }),
  120_000,
);
