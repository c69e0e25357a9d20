import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { file, gets, largeFile, lineOf, MIB, noise, sha256 } from "./couriers.ts";
import { ndjson } from "./program.ts";
import { halted, WiredCouriers } from "./wired.ts";

const couriers = new WiredCouriers();

/** Writes in place, then sets the modification time back, as encrypted containers do. */
function writeWithOldTime(path: string, ...offsets: readonly number[]): void {
  const { atimeMs, mtimeMs } = fs.statSync(path);
  const fd = fs.openSync(path, "r+");
  for (const offset of offsets) fs.writeSync(fd, noise(64), 0, 64, offset);
  fs.closeSync(fd);
  fs.utimesSync(path, atimeMs / 1_000, mtimeMs / 1_000);
}

const changes: readonly [string, (path: string) => void, number][] = [
  ["with its old time", (path) => writeWithOldTime(path, 5 * CHUNK_BYTES, 35 * MIB), 5],
  ["in its mode alone", (path) => fs.chmodSync(path, 0o600), TRANSFER_SYNC_BYTES / CHUNK_BYTES],
];
test.each(changes)("a file that changed %s between two runs arrives as it is", (_, change, kept) =>
  couriers.wired(async ({ sandbox, relay, ana, bob }) => {
    const path = largeFile(sandbox, "vault.hc");
    fs.utimesSync(path, 1, 1);
    const send = () => ana.start(["send-file", path, "--json"]);
    const sending = await halted(relay, "up", 2 * TRANSFER_SYNC_BYTES, send);
    await sending.signal("SIGINT");
    relay.release();
    change(path);
    const sent = lineOf((await send().ended(60_000)).out, "file");
    const resumedChunks = Number(sent["resumedBytes"]) / CHUNK_BYTES;
    if (kept === 5) expect(resumedChunks).toBe(5);
    else expect(resumedChunks).toBeGreaterThanOrEqual(kept);
    const [digest] = await ana.json(["digest", path]);
    expect(sent["digest"]).toBe(digest?.["digest"]);
    const inbox = couriers.inbox();
    await gets(bob, sent["id"], inbox);
    expect(sha256(join(inbox, "vault.hc"))).toBe(sha256(path));
  }),
);

test("a file that changes during one run, with its old time, arrives as it is", () =>
  couriers.wired(async ({ sandbox, relay, ana, bob }) => {
    const path = largeFile(sandbox, "vault.hc");
    const send = () => ana.start(["send-file", path, "--json"]);
    const sending = await halted(relay, "up", TRANSFER_SYNC_BYTES, send);
    writeWithOldTime(path, 5 * CHUNK_BYTES, 35 * MIB);
    relay.release();
    const { exitCode, out } = await sending.ended(60_000);
    expect(exitCode).toBe(0);
    const inbox = couriers.inbox();
    await gets(bob, lineOf(out, "file")["id"], inbox);
    expect(sha256(join(inbox, "vault.hc"))).toBe(sha256(path));
  }));

test("a file that grows between two runs at once arrives twice", () =>
  couriers.wired(async ({ sandbox, relay, ana }) => {
    const path = file(sandbox, "growing.log", noise(8 * MIB));
    const send = ["send-file", path, "--json"];
    const sending = await halted(relay, "up", 2 * MIB, () => ana.start(send));
    fs.appendFileSync(path, "more");
    const second = await couriers.ana.run(send);
    relay.release();
    const first = await sending.ended(60_000);
    const sizes = [first, second].map(({ out }) => lineOf(out, "file")["sizeBytes"]);
    expect(sizes).toEqual([8 * MIB, 8 * MIB + 4]);
    expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
  }));

test("a folder in use is sent without the file that was removed, and names it", () =>
  couriers.wired(async ({ sandbox, relay, ana, bob }) => {
    fs.mkdirSync(sandbox.path("work"));
    const log = file(sandbox, "work/app.log", "one line\n");
    file(sandbox, "work/big.raw", noise(24 * MIB));
    const removed = file(sandbox, "work/z.tmp", noise(8 * MIB));
    const args = ["send-file", sandbox.path("work"), "--json"];
    const sending = await halted(relay, "up", TRANSFER_SYNC_BYTES, () => ana.start(args));
    file(sandbox, "work/.~lock", "");
    fs.rmSync(sandbox.path("work/.~lock"));
    fs.appendFileSync(log, "another\n");
    fs.rmSync(removed);
    relay.release();
    const { exitCode, out, err } = await sending.ended(60_000);
    const reason = "it was removed while the folder was sent";
    expect([exitCode, ndjson(out).filter(({ kind }) => kind === "skipped")]).toEqual([
      7,
      [{ kind: "skipped", path: "z.tmp", reason }],
    ]);
    expect(err).toContain(`skipped z.tmp: ${reason}`);
    const inbox = couriers.inbox();
    await gets(bob, lineOf(out, "file")["id"], inbox);
    expect(fs.readdirSync(join(inbox, "work")).sort()).toEqual(["app.log", "big.raw"]);
    expect(sha256(join(inbox, "work/big.raw"))).toBe(sha256(sandbox.path("work/big.raw")));
  }));

test("a folder can be sent while the output goes into it", () =>
  couriers.wired(async ({ sandbox, ana, bob }) => {
    fs.mkdirSync(sandbox.path("own"));
    file(sandbox, "own/a.txt", "a");
    const log = file(sandbox, "own/log.txt", "begun\n");
    const sending = ana.start(["send-file", sandbox.path("own"), "--json"]);
    fs.appendFileSync(log, "more\n");
    const { exitCode, out } = await sending.ended(60_000);
    expect(exitCode).toBe(0);
    const inbox = couriers.inbox();
    await gets(bob, lineOf(out, "file")["id"], inbox);
    expect(fs.readFileSync(join(inbox, "own/log.txt"), "utf8")).toStartWith("begun\n");
  }));
