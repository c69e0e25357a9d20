import { expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { packArchive, packScript, versionScript } from "../archives.ts";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { sampleSize } from "../samples.ts";
import { ReleaseSigner } from "../signed-release.ts";
import { CHAT, runChat } from "./binary.ts";
import { Sandbox } from "./program.ts";
import { onSmallDisk } from "./small-disk.ts";

const NEWER = "99.0.0";
const signer = new ReleaseSigner();
const BUILD = JSON.parse((await runChat(["version", "--json"])).out);

function release(version: string, script = versionScript(version)): string {
  return signer.release(packScript(version, BUILD.target, script), `chat ${version}`);
}

class Installed {
  readonly sandbox: Sandbox;
  readonly folder: string;
  readonly program: string;
  readonly key: string;

  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
    this.folder = sandbox.path("bin");
    this.program = join(this.folder, basename(CHAT));
    mkdirSync(this.folder);
    copyFileSync(CHAT, this.program);
    this.key = sandbox.write("key.pub", signer.publicKey);
  }

  start(from: string, ...args: string[]) {
    const all = ["upgrade", from, "--key", this.key, "--json", ...args];
    return this.sandbox.home("ana").start(all, { program: this.program, stdin: "" });
  }

  version(): string {
    const { stdout } = Bun.spawnSync([this.program, "version", "--json"]);
    return JSON.parse(stdout.toString()).version;
  }
}

test("replaces the running program and names the server to restart", async () => {
  await using sandbox = new Sandbox();
  const installed = new Installed(sandbox);
  const { data, program: server } = await sandbox.serve({ program: installed.program });
  symlinkSync(installed.program, sandbox.path("link"));
  const { program, folder } = installed;
  const args = ["upgrade", release(NEWER), "--key", installed.key, "--json"];
  const options = { program: sandbox.path("link"), stdin: "" };
  const { exitCode, out, err } = await sandbox.home("ana").start(args, options).ended();
  expect([exitCode, JSON.parse(out)]).toEqual([
    0,
    {
      kind: "upgraded",
      from: BUILD.version,
      version: NEWER,
      path: program,
      old: `${program}.old`,
      restart: [{ pid: server.pid, data }],
      unreadable: [],
    },
  ]);
  expect(err).toContain(`restart the server of ${data} (process ${server.pid})`);
  expect([installed.version(), server.isRunning]).toEqual([NEWER, true]);
  expect(readdirSync(folder).sort()).toEqual(["chat", "chat.old"]);
  expect(readFileSync(`${program}.old`).equals(readFileSync(CHAT))).toBe(true);
});

requires("setcap").test("keeps file capabilities", async () => {
  await using sandbox = new Sandbox();
  const installed = new Installed(sandbox);
  const capability = "cap_net_bind_service=ep";
  if (Bun.spawnSync(["setcap", capability, installed.program]).exitCode !== 0) return; // No root.
  const { exitCode, err } = await installed.start(release(NEWER)).ended();
  expect([exitCode, err]).toEqual([0, expect.not.stringContaining("setcap")]);
  const { stdout } = Bun.spawnSync(["getcap", installed.program]);
  expect([installed.version(), stdout.toString()]).toEqual([
    NEWER,
    `${installed.program} ${capability}\n`,
  ]);
});

test("a downgrade says what it replaced", async () => {
  await using sandbox = new Sandbox();
  const installed = new Installed(sandbox);
  const args = ["upgrade", release("0.0.1"), "--key", installed.key, "--downgrade"];
  const { program } = installed;
  const { exitCode, err } = await sandbox.home("ana").start(args, { program, stdin: "" }).ended();
  expect(exitCode).toBe(0);
  expect(err).toContain(`replaced ${BUILD.version} by 0.0.1 in ${program}; the old program is `);
});

test("names no server that runs another program, and a folder in the way", async () => {
  await using sandbox = new Sandbox();
  const installed = new Installed(sandbox);
  await sandbox.serve();
  mkdirSync(`${installed.program}.old`);
  const refused = await installed.start(release(NEWER)).ended();
  expect(refused.err).toContain(
    `the old program cannot be kept: ${installed.program}.old is a folder`,
  );
  expect([refused.exitCode, installed.version()]).toEqual([1, BUILD.version]);
  rmdirSync(`${installed.program}.old`);
  const { exitCode, out, err } = await installed.start(release(NEWER)).ended();
  expect([exitCode, JSON.parse(out).restart]).toEqual([0, []]);
  expect(err).not.toContain("restart the server");
});

test("refuses a program that cannot open the data of a running server", async () => {
  await using sandbox = new Sandbox();
  const installed = new Installed(sandbox);
  const { data } = await sandbox.serve();
  const ran = await installed.start(release(NEWER, versionScript(NEWER, 1))).ended();
  expect(JSON.parse(ran.out)).toMatchObject({
    code: "version-unsupported",
    message: `chat ${NEWER} cannot open ${data} (format 4)`,
  });
  expect(installed.version()).toBe(BUILD.version);
});

test("a killed or interrupted upgrade leaves a program that runs", async () => {
  await using sandbox = new Sandbox();
  const installed = new Installed(sandbox);
  const mark = sandbox.path("mark");
  const slow = release(NEWER, `touch '${mark}'; sleep 60; ${versionScript(NEWER)}`);
  const isTried = () => until("the trial of the new program", () => existsSync(mark));
  const killed = installed.start(slow);
  await isTried();
  await killed.signal("SIGKILL");
  expect([installed.version(), readdirSync(installed.folder).sort()]).toEqual([
    ...[BUILD.version, [".chat-upgrade", "chat"]],
  ]);
  await Bun.file(mark).delete();
  const interrupted = installed.start(slow);
  await isTried();
  expect((await installed.start(release(NEWER)).ended()).out).toContain('"data-locked"');
  const { exitCode } = await interrupted.signal("SIGINT");
  expect([exitCode, installed.version(), readdirSync(installed.folder)]).toEqual([
    ...[130, BUILD.version, ["chat"]],
  ]);
});

test("leaves a working program after a kill at any time", async () => {
  await using sandbox = new Sandbox();
  const installed = new Installed(sandbox);
  const from = release(NEWER);
  for (let i = 0; i < sampleSize(6, 100); i++) {
    copyFileSync(CHAT, `${installed.program}.new`);
    Bun.spawnSync(["mv", `${installed.program}.new`, installed.program]);
    Bun.spawnSync([installed.program, "upgrade", from, "--key", installed.key], {
      env: { ...sandbox.home("ana").environment },
      timeout: 10 + (i % 30) * 8,
      killSignal: "SIGKILL",
    });
    expect([BUILD.version, NEWER]).toContain(installed.version());
  }
  await installed.start(from, "--downgrade").ended();
  expect(readdirSync(installed.folder).sort()).toEqual(["chat", "chat.old"]);
});

test("two concurrent upgrades leave one new program and the old one", async () => {
  await using sandbox = new Sandbox();
  const installed = new Installed(sandbox);
  const from = release(NEWER, `sleep 0.3; ${versionScript(NEWER)}`);
  const all = await Promise.all([1, 2, 3].map(() => installed.start(from).ended()));
  expect(all.map(({ exitCode }) => exitCode).sort()).toEqual([0, 1, 1]);
  expect(readdirSync(installed.folder).sort()).toEqual(["chat", "chat.old"]);
  expect(readFileSync(`${installed.program}.old`).equals(readFileSync(CHAT))).toBe(true);
  expect(installed.version()).toBe(NEWER);
});

const DISK_BYTES = 140 << 20;
const LARGE_BYTES = 64 << 20;

requires("mount").test("keeps the old program on a full or read-only disk", async () => {
  await using sandbox = new Sandbox();
  const key = sandbox.write("key.pub", signer.publicKey);
  const name = `chat-${NEWER}-${BUILD.target}`;
  const large = packArchive(".tar.gz", [
    { path: `${name}/chat`, content: new Uint8Array(LARGE_BYTES) },
  ]);
  const from = signer.release({ [`${name}.tar.gz`]: large }, `chat ${NEWER}`);
  const script = `cd "$1" && cp "$2" chat && { ./chat upgrade "$3" --key "$4" --json
    mount -o remount,ro "$1" && ./chat upgrade "$3" --key "$4" --json
    ./chat version --json; ls -A; }`;
  const { out } = await onSmallDisk(sandbox, `size=${DISK_BYTES}`, script, [from, key], {
    env: sandbox.home("ana").environment,
  }).ended();
  const [full, readOnly, version, ...files] = out.trim().split("\n");
  expect(JSON.parse(full ?? "")).toMatchObject({ kind: "fault", code: "store-full" });
  expect(JSON.parse(readOnly ?? "")).toMatchObject({ kind: "fault", code: "store-denied" });
  expect([JSON.parse(version ?? "").version, files]).toEqual([BUILD.version, ["chat"]]);
});

test("treats a hostile folder name as a name", async () => {
  await using sandbox = new Sandbox();
  const installed = new Installed(sandbox);
  const folder = join(sandbox.folder, "--key\n$(touch x)\u202e");
  mkdirSync(folder);
  for (const name of readdirSync(release(NEWER))) writeFileSync(join(folder, name), "x");
  const { exitCode, err } = await installed.start(`./${basename(folder)}`).ended();
  expect([exitCode, err.includes("\u202e"), err.trim().split("\n").length]).toEqual([6, false, 1]);
  expect(readdirSync(sandbox.folder)).not.toContain("x");
});
