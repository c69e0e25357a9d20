import { expect, test } from "bun:test";
import { closeSync, openSync, readdirSync, rmSync, truncateSync, writeSync } from "node:fs";
import { until, within } from "../event.ts";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { file, gets, lineOf, MIB, noise, people, sends, sha256, sha256Of } from "./couriers.ts";
import { type Home, ndjson, Sandbox } from "./program.ts";
import { Relay } from "./relay.ts";
import { onSmallDisk, serveOnSmallDisk } from "./small-disk.ts";

/**
 * Full disks at both ends. Without permission to mount, test/server/file-faults,
 * test/client/download and test/worlds/disk-files test the same on a simulated disk.
 */

const DISK = `size=${40 * MIB}`;

function fill(pid: number, path: string): void {
  const block = new Uint8Array(64 * 1024);
  const fd = openSync(`/proc/${pid}/root${path}`, "w");
  try {
    for (;;) writeSync(fd, block);
  } catch (error) {
    expect(error).toMatchObject({ code: "ENOSPC" });
  } finally {
    closeSync(fd);
  }
}

async function texts(home: Home): Promise<unknown[]> {
  const records = await home.json(["history", "--room", "lobby"]);
  return records.filter(({ kind }) => kind === "text").map(({ text }) => text);
}

requires("mount").describe("a full disk", () => {
  test("of the server fails an upload with exit code 1, and loses no data", async () => {
    await using sandbox = new Sandbox();
    const server = serveOnSmallDisk(sandbox, DISK, "true", ["--open", "--keep-free", "0"]);
    const { port } = await server.json("listening");
    sandbox.use(`127.0.0.1:${port}`);
    const { ana, bob } = await people(sandbox);
    const small = file(sandbox, "small.bin", noise(4 * MIB));
    const { id } = await sends(ana, small);
    await ana.json(["send", "before"]);
    await using relay = await Relay.open(Number(port));
    const env = { CHAT_SERVER: relay.address };
    const path = file(sandbox, "large.bin", noise(24 * MIB));
    const reached = relay.stallAfter("up", 20 * MIB);
    const sending = ana.start(["send-file", path, "--json"], { env });
    await within("most of it", reached);
    const filler = sandbox.path("disk", "filler");
    fill(server.pid, filler);
    relay.release();
    const { exitCode, out, err } = await sending.ended(60_000);
    expect([exitCode, lineOf(out, "fault")["code"]]).toEqual([1, "store-full"]);
    expect(err).toMatch(/chat: the server's disk is (?:nearly )?full[^\n]*\n$/);
    expect(server.isRunning).toBe(true);
    expect(await texts(bob)).toEqual(["before"]);
    await gets(bob, id, sandbox.path("inbox"));
    expect(sha256(sandbox.path("inbox", "small.bin"))).toBe(sha256(small));
    expect((await bob.json(["files"])).length).toBe(1);
    rmSync(`/proc/${server.pid}/root${filler}`);
    const again = await ana.run(["send-file", path, "--json"], { env });
    expect([again.exitCode, again.err]).toEqual([0, expect.stringContaining("resumed at")]);
    const sent = lineOf(again.out, "file");
    expect(Number(sent["resumedBytes"])).toBeGreaterThan(0);
    await gets(bob, sent["id"], sandbox.path("inbox"));
    expect(sha256(sandbox.path("inbox", "large.bin"))).toBe(sha256(path));
    // The server notices the new space when it refuses a message.
    await until("a message", async () => (await ana.run(["send", "after"])).exitCode === 0);
    expect(await texts(bob)).toEqual(["before", "after"]);
    expect((await server.signal("SIGTERM")).exitCode).toBe(0);
  });

  test("of the receiver refuses a download before its first byte, with exit code 1", async () => {
    await using sandbox = new Sandbox();
    const { address } = await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    const path = file(sandbox, "large.bin", noise(24 * MIB));
    const { id } = await sends(ana, path);
    const script = [
      `head -c ${30 * MIB} /dev/zero > "$1/filler"`,
      'cd "$1"; "$2" get-file "$3" --out in --json; echo "{\\"kind\\":\\"exit\\",\\"code\\":$?}"',
      'ls; rm filler; "$2" get-file "$3" --out in --json; ls in; sha256sum in/*',
    ].join("\n");
    const env = { CHAT_HOME: bob.folder, CHAT_USER: "bob", CHAT_SERVER: address };
    const shell = onSmallDisk(sandbox, DISK, script, [String(id)], { env, stdin: "" });
    const { exitCode, out, err } = await shell.ended(60_000);
    expect(exitCode).toBe(0);
    expect(err).toMatch(/^chat: large\.bin needs 25\.2 MB, but only [^\n]* is free; free up/m);
    const lines = out.split("\n").filter((line) => !line.startsWith('{"kind":"progress"'));
    const json = ndjson(lines.filter((line) => line.startsWith("{")).join("\n"));
    expect(json).toEqual([
      expect.objectContaining({ kind: "fault", code: "store-full" }),
      { kind: "exit", code: 1 },
      expect.objectContaining({ kind: "got", id }),
    ]);
    const names = lines.filter((line) => !line.includes("  ") && !line.startsWith("{"));
    expect(names).toEqual(["filler", "large.bin", ""]);
    expect(lines).toContain(`${sha256(path)}  in/large.bin`);
  });
});

requires("mount").test("a sparse image needs no more space than its data", async () => {
  await using sandbox = new Sandbox();
  const { address } = await sandbox.serve();
  const { ana, bob } = await people(sandbox);
  const path = file(sandbox, "image", noise(MIB));
  truncateSync(path, 100 * MIB);
  const { id } = await sends(ana, path);
  const script = '"$2" get-file "$3" --out "$1" --json > /dev/null && cd "$1" && sha256sum image';
  const env = { CHAT_HOME: bob.folder, CHAT_USER: "bob", CHAT_SERVER: address };
  const shell = onSmallDisk(sandbox, DISK, script, [String(id)], { env, stdin: "" });
  const { exitCode, out, err } = await shell.ended(60_000);
  expect([exitCode, out, err]).toEqual([0, `${await sha256Of(path)}  image\n`, expect.any(String)]);
});

test("a file that is too large for the disk keeps no other back", async () => {
  await using sandbox = new Sandbox();
  const { address } = await sandbox.serve();
  const { ana, bob } = await people(sandbox);
  const path = file(sandbox, "large.bin", noise(8 * MIB));
  const { id } = await sends(ana, path);
  const inbox = sandbox.path("inbox");
  const env = { CHAT_HOME: bob.folder, CHAT_USER: "bob", CHAT_SERVER: address };
  // Every write above this size fails with EFBIG, as at 4 GiB on FAT32.
  const limited = `trap '' XFSZ; ulimit -f ${(4 * MIB) / 1024}; exec "$0" "$@"`;
  const start = (...args: string[]) =>
    sandbox.start(["-c", limited, CHAT, ...args, "--json"], { program: "/bin/sh", env });
  const following = start("get-file", "--follow", "--out", inbox);
  const message = `large.bin is too large: the disk of ${inbox} cannot store files of this size`;
  await following.json("fault", { code: "store-failed", message });
  await sends(ana, file(sandbox, "small.bin", "small"));
  await following.json("got", { name: "small.bin" });
  await following.signal("SIGINT");
  const exporting = await start("export", "--files", "--out", sandbox.path("export")).ended();
  expect(exporting.exitCode).toBe(1);
  expect(lineOf(exporting.out, "exported")).toMatchObject({ files: 1 });
  expect(lineOf(exporting.out, "fault")["code"]).toBe("store-failed");
  const again = bob.start(["get-file", "--follow", "--out", inbox, "--json"]);
  const got = await again.json("got", { id });
  expect(Number(got["resumedBytes"])).toBeGreaterThan(0);
  await again.signal("SIGINT");
  expect(sha256(`${inbox}/large.bin`)).toBe(sha256(path));
  expect(readdirSync(inbox).sort()).toEqual(["large.bin", "small.bin"]);
});
