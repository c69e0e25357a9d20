import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { within } from "../event.ts";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { ndjson, Sandbox } from "./program.ts";
import { sandboxTest } from "./shared-server.ts";
import { serveOnSmallDisk } from "./small-disk.ts";

const DISK_BYTES = 2 << 20;

requires("mount").describe("on a file system of its own", () => {
  test("a full disk refuses posts with a message, and acknowledged records remain", async () => {
    await using sandbox = new Sandbox();
    const keepsNothing = ["--keep-free", "0"];
    const server = serveOnSmallDisk(sandbox, `size=${DISK_BYTES}`, "true", keepsNothing);
    const listening = await server.json("listening");
    const env = { CHAT_INVITE: String(listening["invite"]), CHAT_USER: "ana" };
    const ana = sandbox.home("ana").with(env);
    const lines = Array.from({ length: 80 }, (_, i) => `${i} ${"x".repeat(30_000)}`);
    const sent = await ana.run(["send", "--json"], { stdin: lines.join("\n") });
    expect(sent.exitCode).toBe(1);
    const results = ndjson(sent.out);
    const acked = results.filter(({ kind }) => kind === "sent");
    const refused = results.filter(({ kind }) => kind === "fault");
    expect(acked.length).toBeGreaterThan(5);
    expect(acked.length + refused.length).toBe(lines.length);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["store-full"]));
    expect(server.isRunning).toBe(true);
    const bySeq = async () => {
      const records = await ana.json(["history", "--from", "ana"]);
      return new Map(records.map((record) => [record["seq"], record["text"]]));
    };
    const stored = await bySeq();
    const texts = acked.map(({ seq }) => String(stored.get(seq)));
    expect(texts).toEqual(lines.filter((line) => texts.includes(line)));
    expect(stored.size).toBe(acked.length);
    const { exitCode } = await server.signal("SIGTERM");
    expect(exitCode).toBe(0);
  });

  sandboxTest("starts on a full disk with an error", async (sandbox) => {
    const server = serveOnSmallDisk(sandbox, "size=12k", "true");
    const { exitCode, out, err } = await server.ended();
    expect([exitCode, ndjson(out)]).toEqual([1, [expect.objectContaining({ code: "store-full" })]]);
    expect(err).toMatch(/^chat: [^\n]+; free up disk space\n$/);
  });

  sandboxTest("starts on a read-only disk with an error", async (sandbox) => {
    const server = serveOnSmallDisk(sandbox, "size=1m", 'mount -o remount,ro "$1"');
    const { exitCode, err } = await server.ended();
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^chat: [^\n]+; [^\n]+\n$/);
  });
});

sandboxTest("exits with 1 and one line if standard output is on a full disk", async (sandbox) => {
  await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  await ana.run(["send", "hello"]);
  const script = '"$0" history > /dev/full';
  const shell = Bun.spawn(["sh", "-c", script, CHAT], {
    env: { ...sandbox.env, CHAT_HOME: ana.folder, CHAT_USER: "ana" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [err, exitCode] = await within(
    "the end of history",
    Promise.all([new Response(shell.stderr).text(), shell.exited]),
  );
  expect([exitCode, err]).toEqual([1, expect.stringMatching(/^chat: [^\n]+; [^\n]+\n$/)]);
});

sandboxTest("says that the output is too large for its disk", async (sandbox) => {
  // Every write above 1 KiB fails with EFBIG, as at 4 GiB on FAT32.
  const script = `trap '' XFSZ; ulimit -f 2; exec "$0" man > "$1"`;
  const shell = await sandbox.start(["-c", script, CHAT, sandbox.path("manual")], {
    program: "/bin/sh",
  });
  const { exitCode, err } = await shell.ended();
  const message = "the output is too large: its disk cannot store files of this size";
  expect([exitCode, err]).toEqual([1, `chat: ${message}; write it to another disk\n`]);
});

sandboxTest("exits with 1 and one line if CHAT_HOME cannot be a folder", async (sandbox) => {
  const { invite } = await sandbox.serve();
  const file = sandbox.write("file", "mine\n");
  for (const home of [file, `${file}/below`]) {
    const ran = await sandbox.start(["send", "x", "--user", "ana", "--server", invite], {
      env: { CHAT_HOME: home },
      stdin: "",
    });
    const { exitCode, out, err } = await ran.ended();
    expect([exitCode, out]).toEqual([1, ""]);
    expect(err).toMatch(/^chat: [^\n]+; [^\n]+\n$/);
  }
  expect(readFileSync(file, "utf8")).toBe("mine\n");
});
