import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json";
import { requires } from "../installed.ts";
import { CHAT, runChat } from "./binary.ts";

const folder = mkdtempSync(join(tmpdir(), "chat-binary-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("--version prints the version of the build", async () => {
  const { exitCode, out, err } = await runChat(["--version"]);
  expect([exitCode, err]).toEqual([0, ""]);
  expect(out).toMatch(/^chat \S+(?: \([0-9a-f]+(?:-dirty)?\))?\n$/);
  expect(out).toContain(manifest.version);
  const { kind, version } = JSON.parse((await runChat(["--version", "--json"])).out);
  expect({ kind, version }).toEqual({ kind: "version", version: manifest.version });
});

test("ignores the runtime's own variables", async () => {
  const trap = join(folder, "runtime");
  mkdirSync(trap);
  writeFileSync(join(trap, "package.json"), '{"scripts":{"version":"echo EVIL"}}');
  writeFileSync(join(trap, "evil.js"), 'console.log("EVIL");');
  const expected = await runChat(["version"]);
  const variables: Record<string, string>[] = [
    { BUN_BE_BUN: "1" },
    { BUN_OPTIONS: "--preload ./evil.js" },
    { BUN_OPTIONS: "--version" },
    { BUN_BYTECODE_ORDER_OUT: join(trap, "order") },
  ];
  for (const env of variables) {
    expect([env, await runChat(["version"], { cwd: trap, env })]).toEqual([env, expected]);
  }
  expect(readdirSync(trap).sort()).toEqual(["evil.js", "package.json"]);
});

/** `BUN_JSC_` begins options of the engine, which has no list of its own in the program. */
const VARIABLE = /\b(?:BUN|NODE|JSC|WEBKIT|MIMALLOC|UV|BORINGSSL)_[A-Z0-9_]*[A-Z0-9]\b/g;

test("no variable that the runtime knows changes the output or writes a file", async () => {
  const trap = join(folder, "variables");
  mkdirSync(trap);
  const program = Buffer.from(await Bun.file(CHAT).bytes()).toString("latin1");
  const names = [...new Set(program.match(VARIABLE))].filter((name) => !name.startsWith("BUN_JSC"));
  expect(names.length).toBeGreaterThan(100);
  const { out } = await runChat(["version"]);
  for (const value of ["1", join(trap, "file"), "ws://127.0.0.1:1/x"]) {
    const env = Object.fromEntries(names.map((name) => [name, value]));
    const ran = await runChat(["version"], { cwd: trap, env });
    expect([value, ran.exitCode, ran.out]).toEqual([value, 0, out]);
  }
  expect(readdirSync(trap)).toEqual([]);
});

test.if(process.platform === "linux")(
  "a crash asks for a report to this project, and sends none",
  async () => {
    using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    // Too little memory for the runtime to start.
    const crashed = Bun.spawn(["sh", "-c", 'ulimit -v 204800; exec "$0" version', CHAT], {
      env: {
        PATH: process.env["PATH"] ?? "",
        BUN_ENABLE_CRASH_REPORTING: "1",
        BUN_CRASH_REPORT_URL: `http://127.0.0.1:${listener.port}`,
      },
      stdout: "ignore",
      stderr: "pipe",
    });
    const err = await crashed.stderr.text();
    expect(await crashed.exited).not.toBe(0);
    expect(err).toContain("Nothing was sent.\nReport a bug together with");
    expect(err).not.toMatch(/https?:/);
  },
);

test("ignores files in the current folder", async () => {
  const trap = join(folder, "trap");
  mkdirSync(join(trap, "node_modules", "citty"), { recursive: true });
  mkdirSync(join(trap, "home"));
  for (const [name, text] of Object.entries({
    "bunfig.toml": 'preload = ["./evil.ts"]\n',
    ".env": "CHAT_HOME=./home\nNO_COLOR=\n",
    ".env.local": "CHAT_HOME=./home\n",
    "package.json": "{ broken",
    "tsconfig.json": "{ broken",
    "evil.ts": 'console.log("EVIL");',
    "home/config.toml": "broken = = toml",
    "config.toml": "broken = = toml",
    "node_modules/citty/index.js": 'console.log("EVIL");',
  })) {
    writeFileSync(join(trap, name), text);
  }
  for (const args of [["--version"], ["--help"], ["version", "--help"], ["version", "--json"]]) {
    const elsewhere = await runChat(args);
    const trapped = await runChat(args, { cwd: trap });
    expect(trapped).toEqual(elsewhere);
    expect(trapped.exitCode).toBe(0);
  }
});

requires("strace").test("does not open files in the current folder", async () => {
  const trace = join(folder, "trace");
  const child = Bun.spawn(
    ["strace", "-f", "-qq", "-e", "trace=%file", "-o", trace, CHAT, "--version"],
    { cwd: folder, stdio: ["ignore", "ignore", "ignore"] },
  );
  expect(await child.exited).toBe(0);
  const seen = await Bun.file(trace).text();
  expect(seen).toContain("execve");
  expect(seen).not.toMatch(/bunfig|"[^"]*\.env|package\.json|tsconfig|node_modules/);
});

test.each([
  [[], "USAGE chat COMMAND"],
  [["toString"], "chat: unknown command 'toString'; see chat --help\n"],
])("misuse %j exits with 2 and a remedy", async (args, line) => {
  const { exitCode, out, err } = await runChat(args);
  expect([exitCode, out]).toEqual([2, ""]);
  expect(err).toContain(line);
});

test("prints help without colours in a pipe", async () => {
  const { out } = await runChat(["version", "--help"], { env: { TERM: "xterm-256color" } });
  expect(out).toContain("USAGE");
  expect(out).not.toContain("\x1b");
});
