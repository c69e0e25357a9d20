import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { until } from "../event.ts";
import { CHAT } from "./binary.ts";
import { Sandbox } from "./program.ts";

const sandbox = new Sandbox();
const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });

beforeAll(async () => {
  await sandbox.serve({ args: ["--open"] });
  await ana.run(["send", "hello"]);
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const shell = async (script: string, options: { cwd?: string; env?: object } = {}) => {
  const child = Bun.spawn(["bash", "-c", script, CHAT], {
    cwd: options.cwd ?? sandbox.folder,
    env: { ...ana.environment, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, out, err };
};

const texts = async (room: string) => {
  const rows = await ana.json(["history", "--room", room, "-n", "1000"]);
  return rows.filter(({ kind }) => kind === "text").map(({ text }) => text);
};

test.each([
  ["--json", "json"],
  ["--plain", "plain"],
])("join %s posts its input although the reader of its output exits", async (flag, room) => {
  const lines = Array.from({ length: 300 }, (_, i) => `l ${i}`);
  writeFileSync(sandbox.path("lines"), `${lines.join("\n")}\n`);
  const script = `"$0" join --room ${room} ${flag} < lines | head -1; exit \${PIPESTATUS[0]}`;
  expect((await shell(script)).exitCode).toBe(0);
  expect(await texts(room)).toEqual(lines);
});

test("messages that no reader received are delivered again", async () => {
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
  await bob.run(["join", "--room", "again"], { stdin: "hi\n" });
  const stored = Array.from({ length: 300 }, (_, i) => `m ${i}`);
  await ana.run(["join", "--room", "again"], { stdin: `${stored.join("\n")}\n` });
  // The reader exits before the messages arrive.
  const command = '"$0" join --room again --json';
  const lines = 'for i in $(seq 99); do echo "b $i"; done';
  await shell(`(${lines}) | ${command} | head -1`, { env: bob.environment });
  const later = await shell(`${command} </dev/null`, { env: bob.environment });
  expect(later.out).toContain('"text":"m 299"');
  expect(await texts("again")).toContain("b 99");
});

test("a running join names a deleted working folder, and continues", async () => {
  writeFileSync(sandbox.path("three.txt"), "data");
  await ana.run(["send-file", "three.txt"], { cwd: sandbox.folder });
  const folder = sandbox.path("deleted");
  mkdirSync(folder);
  const join = await ana.join([], { cwd: folder });
  rmdirSync(folder);
  join.type("/get three.txt", "bye");
  await join.json("fault", { code: "not-found", message: "the current folder was deleted" });
  await join.json("ack", { text: "bye" });
  expect((await join.finish()).exitCode).not.toBe(1);
  expect(existsSync(folder)).toBe(false);
});

test.each([
  [["send", "x"], { CHAT_HOME: "~/chat" }, "CHAT_HOME: ~ in '~/chat'"],
  [["verify", "--data=~/data"], {}, "--data: ~ in '~/data'"],
  [["get-file", "fAAAAAAAAAAA", "--out", "~"], {}, "--out: ~ in '~'"],
  [["rooms"], { CHAT_HOME: "~root/x" }, "CHAT_HOME: ~root in '~root/x'"],
  [["rooms"], { CHAT_HOME: "$HOME/x" }, "CHAT_HOME: $HOME in '$HOME/x'"],
  [["verify", "--data=%USERPROFILE%\\data"], {}, "--data: %USERPROFILE% in"],
  [["serve"], { CHAT_SERVE_CERT: "~/c.pem" }, "CHAT_SERVE_CERT: ~ in '~/c.pem'"],
] as const)("%p with %p refuses ~, which only shells replace", async (args, env, message) => {
  const { exitCode, err } = await ana.run(args, { env, cwd: sandbox.folder });
  expect([exitCode, err]).toEqual([2, expect.stringContaining(message)]);
  expect(existsSync(sandbox.path("~"))).toBe(false);
});

test("refuses an argument that is not UTF-8, and posts U+FFFD itself", async () => {
  for (const command of ["send", "send --to ana", "admin announce", "share --text"]) {
    const { exitCode, err } = await shell(`"$0" ${command} $'caf\\xe9'`);
    expect([exitCode, err]).toEqual([2, expect.stringContaining("is not valid UTF-8")]);
  }
  await ana.run(["join", "--room", "utf"], { stdin: "" });
  await ana.run(["send", "--to", "utf", "\u{fffd}"]);
  expect(await texts("utf")).toEqual(["\u{fffd}"]);
});

test("the input may begin with a byte order mark", async () => {
  const join = await ana.run(["join", "--json", "--room", "mark"], { stdin: "\u{feff}/who\nhi\n" });
  expect([join.exitCode, join.out]).toEqual([0, expect.stringContaining('"kind":"who"')]);
  await ana.run(["send", "--to", "mark"], { stdin: "\u{feff}one\n\u{feff}two\n" });
  expect(await texts("mark")).toEqual(["hi", "one", "\u{feff}two"]);
});

test("TZ may be a rule, and an unknown one is named", async () => {
  const [sent] = await ana.json(["send", "--to", "utf", "now"]);
  const since = new Date(Date.parse(String(sent?.["time"])) + 7 * 3_600_000 - 60_000);
  const args = ["history", "--room", "utf", "--since", since.toISOString().slice(0, 16)];
  const found = await ana.run(args, { env: { TZ: "WIB-7" } });
  expect([found.out, found.err]).toEqual([expect.stringContaining("now"), ""]);
  const { err } = await ana.run(["rooms"], { env: { TZ: "Mars/Base" } });
  expect(err).toContain("chat: TZ='Mars/Base' is not a known time zone");
});

test("started programs inherit neither secrets nor a changed TZ", async () => {
  const secrets = { CHAT_PASSWORD: "TOPSECRET", CHAT_ROOM_PASSWORD: "TOPSECRET", TZ: "WIB-7" };
  const follow = ana.start(["history", "--follow", "--exec", "env"], { env: secrets });
  await follow.out.next("TZ", (line) => line === "TZ=WIB-7");
  const { out } = await follow.signal("SIGTERM");
  expect(out).not.toContain("TOPSECRET");
});

test("a umask cannot make its own home unreadable", async () => {
  const env = { CHAT_HOME: sandbox.path("masked"), CHAT_USER: "masked" };
  const drop = process.getuid?.() === 0 ? "setpriv --bounding-set -dac_override --" : "";
  const script = `umask 0777; ${drop} "$0" send one && ${drop} "$0" send two`;
  expect((await shell(script, { env })).exitCode).toBe(0);
});

test("names what a user without a home must set", async () => {
  const script = 'env -u CHAT_HOME -u HOME setpriv --reuid 12345 --clear-groups "$0" send x';
  if (process.getuid?.() !== 0) return;
  const { exitCode, err } = await shell(script);
  expect([exitCode, err]).toEqual([2, expect.stringContaining("HOME is not set")]);
});

test("signals end a command that waits for a pipe", async () => {
  const pipe = sandbox.path("pipe");
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  const operator = sandbox.home("operator").with({ CHAT_USER: "operator1" });
  for (const args of [
    ["admin", "accounts", "import", pipe, "--data", sandbox.path("data")],
    ["upgrade", ".", "--key", pipe],
    ["send", "--password-file", pipe, "x"],
  ]) {
    const program = operator.start(args);
    const writer = await until(`a reader of ${args[0]}'s pipe`, () => openedByReader(pipe));
    const { exitCode } = await program.signal("SIGTERM");
    closeSync(writer);
    expect([130, 143]).toContain(exitCode);
  }
});

test("refuses a pipe that it would read again", async () => {
  const pipe = sandbox.path("cert");
  const home = sandbox.path("with-pipe");
  mkdirSync(home);
  for (const path of [pipe, join(home, "config.toml")]) {
    expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
  }
  const served = await ana.run(["serve", "--data", "new", "--cert", pipe, "--key", pipe]);
  expect([served.exitCode, served.err]).toEqual([1, expect.stringContaining("cert is a pipe")]);
  const { exitCode, err } = await sandbox.home("with-pipe").run(["rooms"]);
  expect([exitCode, err]).toEqual([1, expect.stringContaining("config.toml is a pipe")]);
});

/** Opens the pipe for writing if a process has opened it for reading. */
function openedByReader(pipe: string): number | undefined {
  try {
    return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}
