import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { until, within } from "../event.ts";
import { IS_SOAK } from "../samples.ts";
import { file, gets, largeFile, lineOf, MIB, noise, sends, sha256 } from "./couriers.ts";
import { Sender } from "./load.ts";
import { Relay } from "./relay.ts";
import { halted, WiredCouriers } from "./wired.ts";

const couriers = new WiredCouriers();

const BYTES = 8 * MIB;
const PLACE = 4 * MIB;
const AT_ONCE = 4;
/** Duration of an interruption; 0 ends it when both ends have detected it. */
const CUT_MS = IS_SOAK ? 60_000 : 0;
const CUTS = [
  ["closed", "silent"],
  ["silent", "closed"],
].slice(CUT_MS === 0 ? 1 : 0);

// Must be the first test, because --follow fetches all earlier files.
test(`${AT_ONCE} concurrent transfers and texts lose nothing`, async () => {
  const { sandbox, served, ana, bob } = couriers;
  const inbox = couriers.inbox();
  await ana.json(["join", "--room", "crowd"], { stdin: "" });
  await bob.json(["join", "--room", "crowd"], { stdin: "" });
  const following = bob.start(["get-file", "--follow", "--out", inbox, "--json"]);
  await sends(ana, file(sandbox, "first", "x"), "--to", "crowd");
  await following.json("got", { name: "first" });
  const names = Array.from({ length: AT_ONCE }, (_, i) => `file-${i}.bin`);
  for (const name of names) file(sandbox, name, noise(2 * MIB + CHUNK_BYTES));
  const carol = sandbox.home("carol").with({ CHAT_USER: "carol" });
  await carol.json(["register"]);
  let acks = Promise.withResolvers<void>();
  const talker = new Sender("carol", carol.start(["join", "--json"]), () => acks.resolve());
  const sending = names.map((name) =>
    ana.start(["send-file", sandbox.path(name), "--to", "crowd", "--json"]),
  );
  const ids = new Map<string, string>();
  for (const [i, program] of sending.entries()) {
    acks = Promise.withResolvers<void>();
    await within("an acknowledgement", acks.promise);
    const { exitCode, out } = await program.ended(60_000);
    expect(exitCode).toBe(0);
    ids.set(String(lineOf(out, "file")["id"]), names[i] ?? "");
  }
  for (const [id, name] of ids) {
    const got = await following.json("got", { id }, 60_000);
    expect(sha256(String(got["path"]))).toBe(sha256(sandbox.path(name)));
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
  expect(readdirSync(inbox)).toEqual(expect.arrayContaining(["first", ...names]));
});

test("the same command resumes at both ends after Ctrl-C", () =>
  couriers.wired(async ({ sandbox, relay, ana, bob }) => {
    const path = largeFile(sandbox, "large.img");
    const send = () => ana.start(["send-file", path, "--json"]);
    const place = 2 * TRANSFER_SYNC_BYTES;
    const sending = await halted(relay, "up", place, send);
    const stopped = await sending.signal("SIGINT");
    relay.release();
    expect(stopped.exitCode).toBe(130);
    expect(stopped.err).toContain("run the same command again to resume");
    const again = await send().ended(60_000);
    const sent = lineOf(again.out, "file");
    expect(Number(sent["resumedBytes"])).toBeGreaterThanOrEqual(TRANSFER_SYNC_BYTES);
    expect(again.err).toMatch(/^chat: large\.img: resumed at \d+.* MB$/m);
    const inbox = couriers.inbox();
    const args = ["get-file", String(sent["id"]), "--out", inbox, "--json"];
    const getting = await halted(relay, "down", place, () => bob.start(args));
    expect((await getting.signal("SIGINT")).exitCode).toBe(130);
    relay.release();
    expect(readdirSync(inbox)).toContain("large.img.part");
    const got = lineOf((await bob.run(args)).out, "got");
    expect(Number(got["resumedBytes"])).toBeGreaterThanOrEqual(TRANSFER_SYNC_BYTES);
    expect(readdirSync(inbox)).toEqual(["large.img"]);
    expect(sha256(join(inbox, "large.img"))).toBe(sha256(path));
  }));

test.each(CUTS)(
  "transfers resume automatically after an interruption, upload %s, download %s",
  (up, down) =>
    couriers.wired(async ({ sandbox, served, relay, ana, bob }) => {
      const path = file(sandbox, "down.bin", noise(BYTES));
      const { id } = await sends(ana, path);
      const other = file(sandbox, "up.bin", noise(BYTES));
      await using bobs = await Relay.open(served.port);
      const env = { CHAT_SERVER: bobs.address };
      const inbox = couriers.inbox();
      const args = ["get-file", String(id), "--out", inbox];
      const getting = await halted(bobs, "down", PLACE, () => bob.start(args, { env }));
      const sending = await halted(relay, "up", PLACE, () => ana.start(["send-file", other]));
      const began = performance.now();
      if (up === "closed") relay.cut();
      if (down === "closed") bobs.cut();
      for (const program of [sending, getting]) await program.stderrLine("waiting for");
      const isFinished = () => performance.now() - began > CUT_MS;
      await until("the cut has been long enough", isFinished, CUT_MS + 10_000);
      const passed = [relay.passed.up, bobs.passed.down] as const;
      for (const wire of [relay, bobs]) {
        wire.release();
        wire.mend();
      }
      for (const program of [sending, getting]) {
        expect((await program.ended(90_000)).exitCode).toBe(0);
      }
      expect(relay.passed.up - passed[0]).toBeLessThan(BYTES - PLACE / 2);
      expect(bobs.passed.down - passed[1]).toBeLessThan(BYTES - PLACE / 2);
      expect(sha256(join(inbox, "down.bin"))).toBe(sha256(path));
      const sent = (await bob.json(["files"])).findLast(({ name }) => name === "up.bin");
      const got = await gets(bob, sent?.["id"], couriers.inbox());
      expect(sha256(String(got["path"]))).toBe(sha256(other));
    }),
  120_000 + 2 * CUT_MS,
);

// Must be the last test, because it kills the shared server.
test("a pipe survives a kill of the server: the sender keeps unsynced content", () =>
  couriers.wired(async ({ sandbox, served, relay, ana, bob }) => {
    const content = noise(BYTES);
    const args = ["send-file", "-", "--name", "pipe.bin", "--json"];
    const sending = await halted(relay, "up", PLACE, () => ana.start(args, { stdin: content }));
    await served.program.signal("SIGKILL");
    relay.release();
    await sandbox.serve({ port: served.port });
    const { exitCode, out } = await sending.ended(60_000);
    expect(exitCode).toBe(0);
    const got = await gets(bob, lineOf(out, "file")["id"], couriers.inbox());
    expect(sha256(String(got["path"]))).toBe(sha256(file(sandbox, "pipe.bin", content)));
  }));
