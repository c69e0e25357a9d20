import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { openAddressDialer } from "../../src/cli/connect/dial.ts";
import { Connection } from "../../src/client/link/connection.ts";
import { greet } from "../../src/client/link/greeting.ts";
import { nativeVerifier } from "../../src/crypto/identity.ts";
import { systemClock } from "../../src/io/clock.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import { parseServerSpec } from "../../src/wire/invite.ts";
import { CHAT } from "./binary.ts";
import { noise, sha256 } from "./couriers.ts";
import { type Json, ndjson, type Program, Sandbox } from "./program.ts";
import { Relay } from "./relay.ts";
import { expectAll, files, lineOf, SHARED_BYTES } from "./shared-files.ts";
import { sandboxTest } from "./shared-server.ts";

/** Takes longer than a few progress events. */
const LARGE_BYTES = 2 ** 29;

function paste(sandbox: Sandbox, line: string, folder: string, home: string): Program {
  mkdirSync(sandbox.path(folder), { recursive: true });
  const script = `exec ${line.replace(/^chat /, `'${CHAT}' `)}`;
  return sandbox.start(["-c", script], {
    program: "/bin/sh",
    cwd: sandbox.path(folder),
    env: { CHAT_HOME: sandbox.path(home) },
    stdin: "",
  });
}

test("sends files and folders by one pasted line, and no home stores the server", async () => {
  await using sandbox = new Sandbox();
  const sharing = sandbox.home("ana").start(["share", ...files(sandbox)]);
  const line = await lineOf(sharing);
  expect(line).toMatch(/^chat receive 'chat:\/\/[^']+#[^']+'$/);
  const received = await paste(sandbox, line, "inbox", "bob").ended(60_000);
  expect([received.exitCode, received.err]).toEqual([0, expect.any(String)]);
  expectAll(sandbox, "inbox");
  const rows = received.out.trim().split("\n");
  expect(rows.map((row) => row.split("\t").length)).toEqual([4, 4]);
  const shared = await sharing.ended();
  expect([shared.exitCode, shared.out]).toEqual([
    0,
    expect.stringMatching(/^chat receive '.*'\n(?:code: .*\n)?$/),
  ]);
  for (const name of ["photo.jpg", "notes"]) {
    expect(shared.err.split(`${name}: 100 %`)).toHaveLength(2);
    expect(shared.err).not.toContain(`${name}: resumed`);
  }
  expect(readdirSync(sandbox.path("tmp"))).toEqual([]);
  const listings = ["ana", "bob"].map((home) => sandbox.home(home).run(["users", "--user", home]));
  for (const { exitCode, err } of await Promise.all(listings)) {
    expect([exitCode, err]).toEqual([2, expect.stringContaining("no server given")]);
  }
});

test("names what it leaves out after the line, and ends with 7", async () => {
  await using sandbox = new Sandbox();
  const folder = files(sandbox)[1] ?? "";
  symlinkSync("nowhere", join(folder, "link"));
  const sharing = sandbox.home("ana").start(["share", folder, "--json"]);
  const { line } = await sharing.json("sharing");
  const { exitCode } = await paste(sandbox, String(line), "inbox", "bob").ended(60_000);
  expect(exitCode).toBe(0);
  const shared = await sharing.ended();
  const skipped = { kind: "skipped", path: "link", reason: "symbolic link" };
  expect(ndjson(shared.out).slice(0, 2)).toEqual([expect.objectContaining({ line }), skipped]);
  expect(shared.exitCode).toBe(7);
});

test("reaches the sender at the second address of a line", async () => {
  await using sandbox = new Sandbox();
  const home = sandbox.home("ana");
  const sharing = home.start(["share", "--json", "--host", "127.0.0.1", ...files(sandbox)]);
  const { invite } = await sharing.json("sharing");
  const [, host, rest] = /^chat:\/\/([^/]+)(.*)$/.exec(String(invite)) ?? [];
  const second = `chat://127.0.0.1:1${rest}`.replace("#", `&also=${host}#`);
  const line = `chat receive '${second}'`;
  const received = await paste(sandbox, line, "inbox", "bob").ended(60_000);
  expect(received.exitCode).toBe(0);
  expectAll(sandbox, "inbox");
  expect((await sharing.ended()).exitCode).toBe(0);
});

test("--keep serves further receivers with their own names, without copies", async () => {
  await using sandbox = new Sandbox();
  const sharing = sandbox.home("ana").start(["share", "--keep", "--json", ...files(sandbox)]);
  const { line, invite } = await sharing.json("sharing");
  expect(line).toBe(`chat receive '${invite}'`);
  for (const home of ["bob", "carol"]) {
    const ran = await paste(sandbox, `${line} --json`, home, `${home}-home`).ended(60_000);
    expect([home, ran.exitCode, ran.err]).toEqual([home, 0, ""]);
    expectAll(sandbox, home);
  }
  const users = [await sharing.json("served"), await sharing.json("served")];
  expect(new Set(users.map(({ user }) => user)).size).toBe(2);
  const storedContents = readdirSync(sandbox.path("tmp"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".tmp"))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name)));
  expect(storedContents.length).toBeGreaterThan(0);
  expect(storedContents.some((bytes) => bytes.includes(SHARED_BYTES))).toBe(false);
  expect((await sharing.signal("SIGINT")).exitCode).toBe(0);
  expect(readdirSync(sandbox.path("tmp"))).toEqual([]);
});

sandboxTest("accepts no files from other users", async (sandbox) => {
  const [photo = ""] = files(sandbox);
  const sharing = sandbox.home("ana").start(["share", photo, "--json"]);
  const { invite } = await sharing.json("sharing");
  writeFileSync(sandbox.path("evil"), "x");
  const args = ["send-file", sandbox.path("evil"), "--user", "eve", "--server", String(invite)];
  const ran = await sandbox.home("eve").run(args);
  expect([ran.exitCode, ran.err]).toEqual([3, expect.stringContaining("only shares files")]);
  const [, ...rest] = readdirSync(sandbox.path("tmp"), { recursive: true })
    .map(String)
    .filter((path) => path.endsWith("content"));
  expect(rest).toEqual([]);
  expect((await sharing.signal("SIGINT")).exitCode).toBe(130);
  expect(readdirSync(sandbox.path("tmp"))).toEqual([]);
});

sandboxTest("refuses malformed arguments and lines with an exit code each", async (sandbox) => {
  const [photo = ""] = files(sandbox);
  const ana = sandbox.home("ana");
  expect((await ana.run(["share", sandbox.path("none")])).exitCode).toBe(4);
  expect((await ana.run(["share", "--text", "words", photo])).exitCode).toBe(2);
  const stdin = new Uint8Array([0xff, 0xfe]);
  expect((await ana.run(["share", "--text", "-"], { stdin })).exitCode).toBe(2);
  const forBrowsers = await ana.run(["receive", "https://192.0.2.1:5/#share=x"]);
  expect([forBrowsers.exitCode, forBrowsers.err]).toEqual([
    2,
    expect.stringContaining("this address is for browsers"),
  ]);
  const sharing = ana.start(["share", photo, "--json"]);
  const { invite } = await sharing.json("sharing");
  const ran = await sandbox.home("bob").run(["receive", String(invite).slice(0, -3)]);
  expect([ran.exitCode, ran.err]).toEqual([3, expect.stringContaining("invite is incomplete")]);
  const other = String(invite).replace(/fp=[^&#]*/, `fp=${"A".repeat(43)}`);
  expect((await sandbox.home("bob").run(["receive", other])).exitCode).toBe(6);
  await sharing.signal("SIGINT");
  const gone = await sandbox.home("bob").run(["receive", String(invite)]);
  expect(gone.exitCode).toBe(5);
});

sandboxTest("removes the files of a killed share, but not of a running one", async (sandbox) => {
  const paths = files(sandbox);
  const folders = () =>
    readdirSync(sandbox.path("tmp")).filter((name) => /^chat-share-/.test(name));
  const share = async () => {
    const known = new Set(folders());
    const sharing = sandbox.home("ana").start(["share", ...paths]);
    await lineOf(sharing);
    const [name = ""] = folders().filter((one) => !known.has(one));
    utimesSync(sandbox.path("tmp", name), 1e9, 1e9);
    return { sharing, name };
  };
  const killed = await share();
  await killed.sharing.signal("SIGKILL");
  expect(folders()).toContain(killed.name);
  const living = await share();
  expect(folders()).not.toContain(killed.name);
  const third = await share();
  expect(folders().sort()).toEqual([living.name, third.name].sort());
});

sandboxTest("ends when a shared file has changed, and says so at both ends", async (sandbox) => {
  const path = sandbox.path("vault.hc");
  writeFileSync(path, noise(4 * CHUNK_BYTES));
  const sharing = sandbox.home("ana").start(["share", path, "--keep", "--json"]);
  const { invite } = await sharing.json("sharing");
  const env = { CHAT_INVITE: String(invite) };
  const bob = sandbox.home("bob");
  const receive = (folder: string) =>
    bob.run(["receive", "--out", sandbox.path(folder), "--json"], { env });
  expect((await receive("one")).exitCode).toBe(0);
  chmodSync(path, 0o600);
  expect((await receive("two")).exitCode).toBe(0);
  const { atimeMs, mtimeMs } = statSync(path);
  const fd = openSync(path, "r+");
  writeSync(fd, "other", 2 * CHUNK_BYTES);
  utimesSync(path, atimeMs / 1_000, mtimeMs / 1_000);
  const refused = await receive("three");
  expect(refused.exitCode).toBe(1);
  const fault = ndjson(refused.out).find(({ kind }) => kind === "fault");
  expect(fault?.["code"]).toBe("file-changed");
  expect(refused.err).toContain("'vault.hc' changed while it was shared");
  expect(existsSync(sandbox.path("three", "vault.hc"))).toBe(false);
  const ended = await sharing.ended();
  expect([ended.exitCode, ndjson(ended.out).at(-1)?.["code"]]).toEqual([1, "file-changed"]);
});

sandboxTest("shares standard input as a file, and then removes it", async (sandbox) => {
  const bytes = "ab\0c\n".repeat(100_000);
  const args = ["share", "-", "--name", "dump.sql", "--json"];
  const sharing = sandbox.home("ana").start(args, { stdin: bytes });
  const { invite, files } = await sharing.json("sharing");
  expect(files).toEqual([{ name: "dump.sql", sizeBytes: bytes.length }]);
  const env = { CHAT_INVITE: String(invite) };
  const ran = await sandbox.home("bob").run(["receive", "--out", sandbox.path("inbox")], { env });
  expect(ran.exitCode).toBe(0);
  expect(readFileSync(sandbox.path("inbox", "dump.sql"), "utf8")).toBe(bytes);
  expect((await sharing.ended()).exitCode).toBe(0);
  expect(readdirSync(sandbox.path("tmp"))).toEqual([]);
});

sandboxTest("a text arrives unchanged, and becomes a file only with --out", async (sandbox) => {
  const text = "two\tlines\n\u202eof \x1b[31mit\n";
  const args = ["share", "--json", "--keep", "--text", "-"];
  const sharing = sandbox.home("ana").start(args, { stdin: text });
  const { invite } = await sharing.json("sharing");
  const cwd = sandbox.path("inbox");
  mkdirSync(cwd);
  const bob = sandbox.home("bob");
  // A text that is only printed needs no temporary folder.
  const env = { TMPDIR: sandbox.path("missing") };
  expect((await bob.run(["receive", String(invite)], { cwd, env })).out).toBe(text);
  const json = await bob.run(["receive", String(invite), "--json"], { cwd });
  const [answer = ""] = json.out.split("\n");
  expect(JSON.parse(answer)).toMatchObject({ kind: "text", name: "text.txt", text });
  expect(readdirSync(cwd)).toEqual([]);
  const out = sandbox.path("out");
  expect((await bob.run(["receive", String(invite), "--out", out])).exitCode).toBe(0);
  expect(readFileSync(join(out, "text.txt"), "utf8")).toBe(text);
  await sharing.signal("SIGINT");
  expect(readdirSync(sandbox.path("tmp"))).toEqual([]);
});

sandboxTest(
  "reveals neither the user nor the files to unauthenticated clients",
  async (sandbox) => {
    const [photo = ""] = files(sandbox);
    const env = { USER: "carolina", LOGNAME: "carolina" };
    const args = ["share", photo, "--user", "carolina", "--json", "--host", "127.0.0.1"];
    const sharing = sandbox.home("ana").start(args, { env });
    const { invite, web, port } = await sharing.json("sharing");
    const address = parseServerSpec(String(invite));
    expect(String(web)).toBe(`https://127.0.0.1:${port}/#share=${address.secret}`);
    const response = await fetch(String(web), { tls: { rejectUnauthorized: false } });
    const html = await response.text();
    expect([response.status, html.startsWith("<!doctype html>")]).toEqual([200, true]);
    const clock = systemClock();
    const dialer = openAddressDialer(clock, address, { transport: "tcp" });
    const connection = new Connection(await dialer.dial(address), clock);
    const { welcome } = await greet(connection, {
      clock,
      entropy: systemEntropy(),
      verifier: nativeVerifier,
      program: "stranger",
    });
    connection.close();
    dialer.close();
    for (const answer of [JSON.stringify(welcome), html]) {
      expect(answer).not.toMatch(/carolina|photo/);
    }
    const ran = await sandbox.home("bob").run(["receive", String(invite)], { env });
    expect([ran.exitCode, (await sharing.json("taken"))["user"]]).toEqual([0, "guest"]);
  },
);

const IS_IN_NETWORK = Object.values(networkInterfaces()).some((own) =>
  own?.some(({ internal, family }) => !internal && family === "IPv4"),
);

function shortened(code: string): string {
  return code
    .split("-")
    .map((word) => word.slice(0, 3))
    .join("-");
}

sandboxTest("prints a code only if a receiver can find it", async (sandbox) => {
  const [photo = ""] = files(sandbox);
  const ana = sandbox.home("ana");
  for (const args of [["--no-discovery"], ["--host", "127.0.0.1"]]) {
    const sharing = ana.start(["share", photo, "--json", ...args]);
    expect((await sharing.json("sharing"))["code"]).toBeUndefined();
    await sharing.signal("SIGINT");
  }
});

test.skipIf(!IS_IN_NETWORK)("shares on the LAN by a code of two cut words", async () => {
  await using sandbox = new Sandbox();
  const sharing = sandbox.home("ana").start(["share", ...files(sandbox)]);
  const line = await lineOf(sharing);
  const text = await sharing.out.next("the code", (printed) => printed.startsWith("code: "));
  const code = text.slice("code: ".length);
  expect(code).toMatch(/^\d{1,3}-[a-z]+-[a-z]+$/);
  const bob = sandbox.home("bob");
  const received = await bob.run(["receive", shortened(code), "--out", sandbox.path("inbox")]);
  expect([received.exitCode, received.err]).toEqual([0, expect.any(String)]);
  expectAll(sandbox, "inbox");
  expect((await sharing.ended()).out).toBe(`${line}\n${text}\n`);
});

test.skipIf(!IS_IN_NETWORK)("a wrong code on the LAN costs the code, not the line", async () => {
  await using sandbox = new Sandbox();
  const sharing = sandbox.home("ana").start(["share", "--json", "--keep", ...files(sandbox)]);
  const { code, invite } = await sharing.json("sharing");
  const [number, ...words] = String(code).split("-");
  const wrong = [number, ...words.map((word) => (word === "tiger" ? "canoe" : "tiger"))].join("-");
  const bob = sandbox.home("bob");
  const out = ["--out", sandbox.path("inbox")];
  const guess = await bob.run(["receive", wrong, ...out, "--json"]);
  expect([guess.exitCode, ndjson(guess.out).at(-1)?.["code"]]).toEqual([3, "code-wrong"]);
  expect(await sharing.json("code-wrong")).toEqual({ kind: "code-wrong", code });
  expect((await bob.run(["receive", String(invite), ...out])).exitCode).toBe(0);
  expectAll(sandbox, "inbox");
});

test("shares by a code at a server that both name, and resumes after kill -9", async () => {
  await using sandbox = new Sandbox();
  const { address, invite } = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  await ana.run(["register"], { env: { CHAT_INVITE: invite } });
  ftruncateSync(openSync(sandbox.path("large.img"), "w"), LARGE_BYTES);
  const args = ["share", sandbox.path("large.img"), "--host", "127.0.0.1", "--via", address];
  const sharing = ana.start([...args, "--json"]);
  const { code, line } = await sharing.json("sharing");
  expect(code).toMatch(/^\d{1,2}-[a-z]+-[a-z]+$/);
  const bob = sandbox.home("bob");
  const command = ["receive", String(code), "--via", address, "--out", sandbox.path("in")];
  const killed = bob.start([...command, "--json"]);
  const hasProgress = (text: string) => {
    const [event] = ndjson(text);
    const isProgress = event?.["kind"] === "progress";
    return isProgress && Number(event["sentBytes"]) > 2 * TRANSFER_SYNC_BYTES;
  };
  await killed.out.next("progress", hasProgress);
  await killed.signal("SIGKILL");
  const got = (await bob.json(command)).find(({ kind }) => kind === "got");
  expect(Number(got?.["resumedBytes"])).toBeGreaterThanOrEqual(TRANSFER_SYNC_BYTES);
  expect(sha256(sandbox.path("in", "large.img"))).toBe(sha256(sandbox.path("large.img")));
  expect((await sharing.ended()).exitCode).toBe(0);
  const gone = await bob.run([...command, "--json"]);
  expect([gone.exitCode, ndjson(gone.out).at(-1)?.["code"]]).toEqual([4, "code-unknown"]);
  // The server has seen neither the code nor the invite.
  const [, secret = ""] = /#([^']+)'/.exec(String(line)) ?? [];
  expect(secret).not.toBe("");
  for (const entry of readdirSync(sandbox.path("data"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const content = readFileSync(join(entry.parentPath, entry.name), "latin1");
    expect([entry.name, content.includes(secret)]).toEqual([entry.name, false]);
  }
});

test("ends with 0 if the link breaks behind the last chunk, or all was there before", async () => {
  await using sandbox = new Sandbox();
  writeFileSync(sandbox.path("a.bin"), noise(5 * CHUNK_BYTES + 7));
  const share = ["share", sandbox.path("a.bin"), "--host", "127.0.0.1", "--keep", "--json"];
  const { port, invite } = await sandbox.home("ana").start(share).json("sharing");
  const bob = sandbox.home("bob");
  const receive = (line: string) => [
    "receive",
    line,
    "--yes",

    "--out",
    sandbox.path("in"),
  ];
  await using relay = await Relay.open(Number(port));
  const viaRelay = String(invite).replace(`127.0.0.1:${port}`, relay.address);
  const receiving = bob.start([...receive(viaRelay), "--json", "--transport", "tcp"]);
  await receiving.json("progress", { sentBytes: 5 * CHUNK_BYTES + 7 });
  relay.cut();
  const ended = await receiving.ended();
  expect([ended.exitCode, ndjson(ended.out).at(-1)]).toEqual([0, { kind: "received", files: 1 }]);
  expect(sha256(sandbox.path("in", "a.bin"))).toBe(sha256(sandbox.path("a.bin")));
  const again = await bob.json(receive(String(invite)));
  expect(again.at(-1)).toEqual({ kind: "received", files: 1 });
  expect(again.find(({ kind }) => kind === "got")).toMatchObject({ existing: true });
  expect(readdirSync(sandbox.path("in"))).toEqual(["a.bin"]);
});

test("resumes with the line of the next share after kill -9 of the sender", async () => {
  await using sandbox = new Sandbox();
  const paths = files(sandbox);
  ftruncateSync(openSync(sandbox.path("large.img"), "w"), LARGE_BYTES);
  const ana = sandbox.home("ana");
  const share = ["share", ...paths, sandbox.path("large.img"), "--host", "127.0.0.1", "--json"];
  const sharing = ana.start(share);
  const first = await sharing.json("sharing");
  const bob = sandbox.home("bob");
  const receive = (line: Json) => [
    ...["receive", String(line["invite"]), "--yes", "--out", sandbox.path("in")],
  ];
  const receiving = bob.start([...receive(first), "--json"]);
  const isFar = ({ kind, name, sentBytes }: Json) =>
    kind === "progress" && name === "large.img" && Number(sentBytes) > 2 * TRANSFER_SYNC_BYTES;
  await receiving.json("got", { name: "notes" });
  await receiving.out.next("progress", (text) => ndjson(text).some(isFar));
  await sharing.signal("SIGKILL");
  await receiving.signal("SIGKILL");
  const again = ana.start([...share, "--port", String(first["port"])]);
  const second = await again.json("sharing");
  const old = await bob.run(receive(first));
  expect([old.exitCode, old.err]).toEqual([6, expect.stringContaining("an earlier share")]);
  expect(old.err).not.toContain("chat trust accept");
  const got = (await bob.json(receive(second))).filter(({ kind }) => kind === "got");
  const resumed = Object.fromEntries(got.map((one) => [one["name"], one]));
  expect(resumed["photo.jpg"]).toMatchObject({ existing: true, resumedBytes: SHARED_BYTES.length });
  expect(resumed["notes"]).toMatchObject({ existing: true });
  expect(Number(resumed["large.img"]?.["resumedBytes"])).toBeGreaterThan(TRANSFER_SYNC_BYTES);
  expect(readdirSync(sandbox.path("in")).sort()).toEqual(["large.img", "notes", "photo.jpg"]);
  expect(sha256(sandbox.path("in", "large.img"))).toBe(sha256(sandbox.path("large.img")));
  expect((await again.ended()).exitCode).toBe(0);
});

sandboxTest("refuses codes and servers that cannot work", async (sandbox) => {
  const bob = sandbox.home("bob");
  const failing: readonly (readonly [args: string[], exitCode: number, text: string])[] = [
    [["7-tiger"], 2, "is not a code"],
    [["7-tiger-canary"], 2, "did you mean canoe?"],
    [["chat://127.0.0.1:1/#x", "--via", "127.0.0.1:1"], 2, "--via requires a code"],
    [["7-tiger-canoe", "--via", "127.0.0.1:1"], 5, "refused"],
  ];
  for (const [args, exitCode, text] of failing) {
    const ran = await bob.run(["receive", ...args]);
    expect([args, ran.exitCode, ran.err]).toEqual([args, exitCode, expect.stringContaining(text)]);
  }
  const [photo = ""] = files(sandbox);
  const ran = await bob.run(["share", photo, "--via", "127.0.0.1:1", "--user", "bob"]);
  expect([ran.exitCode, ran.err]).toEqual([5, expect.stringContaining("refused")]);
});
