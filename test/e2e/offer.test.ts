import { expect, test } from "bun:test";
import { appendFileSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installCommand } from "../../src/ui/text/install-command.ts";
import { packScript, versionScript } from "../archives.ts";
import { requires } from "../installed.ts";
import { ReleaseSigner } from "../signed-release.ts";
import { runChat } from "./binary.ts";
import { Sandbox, type Served } from "./program.ts";

const signer = new ReleaseSigner();
const BUILD = JSON.parse((await runChat(["version", "--json"])).out);
const SCRIPT = `[ "$1" = --version ] && echo chat 99.0.0 || ${versionScript("99.0.0")}`;
const ARCHIVE = `chat-99.0.0-${BUILD.target}.tar.gz`;

function release(): string {
  const template = join(import.meta.dir, "../../tools/packaging/install.sh");
  const installer = readFileSync(template, "utf8").replaceAll("@PUBLIC_KEY@", signer.publicKey);
  const archives = packScript("99.0.0", BUILD.target, SCRIPT);
  return signer.release({ ...archives, "install.sh": installer }, "chat 99.0.0");
}

async function offered({ address }: Served) {
  const from = `https://${address}/program`;
  const answer = await fetch(`${from}/`, { tls: { rejectUnauthorized: false } });
  const { programs, release: shown } = (await answer.json()) as {
    readonly programs: readonly { readonly name: string }[];
    readonly release: { readonly version: string; readonly pin: string };
  };
  return { from, programs, shown };
}

requires("curl", "openssl", "tar").test("installs from a server by one line", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--offer", release()] });
  const { from, shown, programs } = await offered(served);
  expect(shown).toEqual({ version: "99.0.0", pin: expect.stringMatching(/^sha256\/\/.{43}=$/) });
  expect(programs.map(({ name }) => name).sort()).toEqual([
    ...["SHA256SUMS", "SHA256SUMS.minisig", ARCHIVE, "install.sh"],
  ]);
  const line = installCommand("linux", from, shown.pin);
  const run = (command: string) =>
    sandbox.start(["-c", command], { program: "sh", stdin: "" }).ended();
  const { exitCode, out } = await run(line);
  const program = sandbox.path("home", ".local", "bin", "chat");
  expect([exitCode, out]).toEqual([
    0,
    expect.stringContaining(`Installed chat 99.0.0 as ${program}`),
  ]);
  const other = `sha256//${"A".repeat(43)}=`;
  expect((await run(`set -o pipefail 2>/dev/null; ${line.replace(shown.pin, other)}`)).out).toBe(
    "",
  );
  const ran = await run(`sh "${join(sandbox.folder, "install.sh")}" ${from} --pin '${other}'`);
  expect([ran.exitCode === 0, ran.out]).toEqual([false, ""]);
});

test("upgrades a program from the server", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--offer", release()] });
  const key = sandbox.write("key.pub", signer.publicKey);
  const program = sandbox.path("chat");
  Bun.spawnSync(["cp", join(import.meta.dir, "..", "..", "dist", "chat"), program]);
  const { from } = await offered(served);
  const args = ["upgrade", from, "--key", key, "--json"];
  const { exitCode } = await sandbox.home("ana").start(args, { program, stdin: "" }).ended();
  expect(exitCode).toBe(0);
  expect(Bun.spawnSync([program, "--version"]).stdout.toString()).toBe("chat 99.0.0\n");
});

test("offers no changed file and no link, and refuses a malformed release", async () => {
  await using sandbox = new Sandbox();
  const folder = release();
  appendFileSync(join(folder, ARCHIVE), "x");
  const outside = sandbox.path("outside");
  renameSync(join(folder, "install.sh"), outside);
  symlinkSync(outside, join(folder, "install.sh"));
  const served = await sandbox.serve({ args: ["--offer", folder] });
  const { programs, from } = await offered(served);
  expect(programs).toHaveLength(2);
  for (const name of [ARCHIVE, "install.sh", "key.pub", "%2e%2e%2foutside"]) {
    const answer = await fetch(`${from}/${name}`, { tls: { rejectUnauthorized: false } });
    expect([name, answer.status]).toEqual([name, 404]);
  }
  writeFileSync(join(folder, "SHA256SUMS"), `${"0".repeat(64)}  ../outside\n`);
  const refused = await sandbox.startServer({ data: "b", args: ["--offer", folder] }).ended();
  expect([refused.exitCode, JSON.parse(refused.out).code]).toEqual([6, "release-untrusted"]);
});
