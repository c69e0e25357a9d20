import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { CHUNK_BYTES, STREAM_KEEP_MS, TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { jpegOf } from "../cli/screen/pictures/test-png.ts";
import { phoneExif, withExif } from "../core/client/exif.ts";
import { CHAT } from "./binary.ts";
import { Couriers, file, gets, MIB, noise, people, sends, sha256 } from "./couriers.ts";
import { filesOf, type Home, type Json, ndjson, Sandbox } from "./program.ts";

const couriers = new Couriers();

function filesIn(lines: readonly Json[]): Json[] {
  return lines.filter(({ kind }) => kind === "file");
}

// Must be the first test, because it fetches all earlier files.
test("get-file --follow fetches earlier and later files once", async () => {
  const { sandbox, ana, bob } = couriers;
  const inbox = couriers.inbox();
  const args = ["get-file", "--follow", "--out", inbox, "--json"];
  await sends(ana, file(sandbox, "missed", "1"));
  await sends(bob, file(sandbox, "own", "0"));
  const following = bob.start(args);
  await following.json("got", { name: "missed" });
  await sends(ana, file(sandbox, "live", noise(MIB)), "--to", "lobby", "--to", "@bob");
  await following.json("got", { name: "live" });
  expect((await following.signal("SIGINT")).exitCode).toBe(130);
  await sends(ana, file(sandbox, "away", "3"), "--to", "@bob");
  const again = bob.start(args);
  await again.json("got", { name: "away" });
  const sending = ana.start(["send-file", "-", "--name", "slow", "--json"]);
  sending.type("x".repeat(2 * CHUNK_BYTES));
  const progress = await again.json("progress", { name: "slow", sentBytes: 2 * CHUNK_BYTES });
  expect(progress["id"]).toBeString();
  expect((await sending.finish()).exitCode).toBe(0);
  await again.json("got", { name: "slow", id: progress["id"] });
  const eva = sandbox.home("eva").with({ CHAT_USER: "eva" });
  await sends(eva, file(sandbox, "wanted", "4"));
  await again.json("got", { name: "wanted" });
  await bob.run(["join"], { stdin: "/ignore eva\n" });
  await sends(eva, file(sandbox, "ignored", "5"));
  await sends(ana, file(sandbox, "last", "6"));
  await again.json("got", { name: "last" });
  await again.signal("SIGINT");
  await bob.run(["join"], { stdin: "/unignore eva\n" });
  expect(readdirSync(inbox).sort()).toEqual(["away", "last", "live", "missed", "slow", "wanted"]);
});

test("files --grep lists files by name or caption in any case", async () => {
  const { sandbox, ana } = couriers;
  await sends(ana, file(sandbox, "Budget-Straße.ods", "1"), "--to", "lobby");
  await sends(ana, file(sandbox, "scan.pdf", "2"), "--caption", "the budget of May");
  await sends(ana, file(sandbox, "other.txt", "3"));
  const names = async (grep: string) =>
    filesIn(await ana.json(["files", "--grep", grep])).map(({ name }) => name);
  expect(await names("budget")).toEqual(["Budget-Straße.ods", "scan.pdf"]);
  expect(await names("STRASSE")).toEqual(["Budget-Straße.ods"]);
  const none = await ana.run(["files", "--grep", "no such file"]);
  expect([none.exitCode, none.out]).toEqual([0, ""]);
  const both = await ana.run(["files", "--grep", "x", "--delete", "fq3Lr9mVt0sX"]);
  expect([both.exitCode, both.err]).toEqual([2, expect.stringContaining("--grep and --delete")]);
});

describe("a file", () => {
  test("is sent to rooms and people under one id, and arrives unchanged", async () => {
    const { sandbox, ana, bob } = couriers;
    const path = file(sandbox, "photo.jpg", noise(3 * CHUNK_BYTES + 1));
    const lines = await ana.json(["send-file", path, "--to", "lobby", "--to", "@bob"]);
    const sent = filesIn(lines);
    expect(sent.map(({ room, to }) => room ?? `@${to}`)).toEqual(["lobby", "@bob"]);
    const [first, second] = sent;
    expect(first?.["id"]).toBe(second?.["id"]);
    expect(second?.["queued"]).toBe(true);
    expect(first).toMatchObject({ name: "photo.jpg", chunks: 4, resumedBytes: 0 });
    const inbox = couriers.inbox();
    const got = await gets(bob, first?.["id"], inbox);
    expect(got).toMatchObject({ name: "photo.jpg", path: join(inbox, "photo.jpg") });
    expect(got["digest"]).toBe(first?.["digest"]);
    expect(sha256(join(inbox, "photo.jpg"))).toBe(sha256(path));
    const [digest] = await ana.json(["digest", path]);
    expect(digest).toMatchObject({ kind: "digest", path, digest: first?.["digest"] });
    const progress = lines.filter(({ kind }) => kind === "progress");
    expect(progress.at(-1)).toMatchObject({ sentBytes: first?.["sizeBytes"] });
  });

  test("keeps its mode and time, as does a folder, also under another name", async () => {
    const { sandbox, ana, bob } = couriers;
    const time = new Date(-278_794_432_877);
    mkdirSync(sandbox.path("private"));
    const folder = dirname(file(sandbox, "private/key", "k"));
    for (const [path, mode, names] of [
      [file(sandbox, "run.sh", "#!/bin/sh\n"), 0o751, []],
      [folder, 0o700, ["--name", "renamed"]],
    ] as const) {
      chmodSync(path, mode);
      utimesSync(path, time, time);
      const sent = await sends(ana, path, ...names);
      const got = await gets(bob, sent["id"], couriers.inbox());
      const observed = statSync(String(got["path"]));
      expect([observed.mode & 0o7777, observed.mtime]).toEqual([mode, time]);
    }
  });

  test("is read from standard input, with the name of --name", async () => {
    const { ana, bob } = couriers;
    const content = noise(2 * CHUNK_BYTES + 7);
    const args = ["send-file", "-", "--name", "pipe.bin"];
    const [sent] = filesIn(await ana.json(args, { stdin: content }));
    expect(sent).toMatchObject({ name: "pipe.bin", sizeBytes: content.length });
    const inbox = couriers.inbox();
    await gets(bob, sent?.["id"], inbox);
    expect(Buffer.compare(readFileSync(join(inbox, "pipe.bin")), content)).toBe(0);
  });

  test("is written to standard output with --out -", async () => {
    const { ana, bob } = couriers;
    const text = "one line of many\n".repeat(50_000);
    const args = ["send-file", "-", "--name", "log.txt"];
    const [sent] = filesIn(await ana.json(args, { stdin: text }));
    const id = String(sent?.["id"]);
    const { exitCode, out } = await bob.run(["get-file", id, "--out", "-"]);
    expect([exitCode, out === text]).toEqual([0, true]);
    mkdirSync(couriers.sandbox.path("tree"));
    const folder = await sends(ana, dirname(file(couriers.sandbox, "tree/a.txt", "a")));
    const refused = await bob.run(["get-file", String(folder["id"]), "--out", "-"]);
    expect([refused.exitCode, refused.out]).toEqual([2, ""]);
    expect(refused.err).toContain("--out - cannot write a folder");
    for (const wrong of [["--json"], [id.replace(/.$/, "x")], ["--follow"]]) {
      expect((await bob.run(["get-file", id, "--out", "-", ...wrong])).exitCode).toBe(2);
    }
  });

  test("is not saved, with exit code 6, if the server's copy is damaged", async () => {
    const { sandbox, ana, bob, served } = couriers;
    const sent = await sends(ana, file(sandbox, "a.bin", noise(TRANSFER_SYNC_BYTES + MIB)));
    const content = join(served.data, "files", String(sent["id"]), "content");
    const flip = (offset: number) => {
      const fd = openSync(content, "r+");
      const byte = new Uint8Array(1);
      readSync(fd, byte, 0, 1, offset);
      const [bits = 0] = byte;
      writeSync(fd, Uint8Array.of(bits ^ 1), 0, 1, offset);
      closeSync(fd);
    };
    const out = couriers.inbox();
    const args = ["get-file", String(sent["id"]), "--out", out];
    flip(TRANSFER_SYNC_BYTES);
    const late = await bob.run(args);
    expect([late.exitCode, late.err]).toEqual([6, expect.stringContaining("damaged")]);
    expect(existsSync(join(out, "a.bin"))).toBe(false);
    flip(TRANSFER_SYNC_BYTES);
    expect((await gets(bob, sent["id"], out))["digest"]).toBe(sent["digest"]);
  });
});

test("says once that photos contain their location, and changes no byte", async () => {
  const { sandbox, ana } = couriers;
  const photo = withExif(await jpegOf(40, 30), phoneExif());
  const names = ["plain.jpg", "one.jpg", "two.jpg"];
  for (const name of names) {
    writeFileSync(sandbox.path(name), name === "plain.jpg" ? await jpegOf(40, 30) : photo);
  }
  const ran = await ana.run(["send-file", ...names.map((name) => sandbox.path(name)), "--json"]);
  expect(ran.err.match(/location/g)).toHaveLength(1);
  expect(ran.err).toContain("one.jpg contains the location where it was taken");
  const sent = filesIn(ndjson(ran.out));
  expect(sent.map(({ sizeBytes }) => sizeBytes).at(-1)).toBe(photo.length);
  mkdirSync(sandbox.path("trip", "day"), { recursive: true });
  writeFileSync(sandbox.path("trip", "day", "one.jpg"), photo);
  const folder = await ana.run(["send-file", sandbox.path("trip"), "--json"]);
  expect(folder.err).toContain("trip/day/one.jpg contains the location where it was taken");
  const piped = await ana.run(["send-file", "-", "--name", "piped.jpg"], { stdin: photo });
  expect(piped.err).toContain("piped.jpg contains the location where it was taken");
});

test("sends a folder without its links, and lists the links", async () => {
  const { sandbox, ana, bob } = couriers;
  mkdirSync(sandbox.path("notes", "deep", "empty"), { recursive: true });
  file(sandbox, "notes/a.txt", "a");
  file(sandbox, "notes/deep/b.bin", noise(CHUNK_BYTES + 3));
  file(sandbox, "notes/none", "");
  symlinkSync("/etc/passwd", sandbox.path("notes", "link"));
  const ran = await ana.run(["send-file", sandbox.path("notes"), "--json"]);
  expect(ran.exitCode).toBe(7);
  expect(ran.err).toContain("skipped link: symbolic link");
  expect(ndjson(ran.out)).toContainEqual({
    kind: "skipped",
    path: "link",
    reason: "symbolic link",
  });
  const [sent] = filesIn(ndjson(ran.out));
  const inbox = couriers.inbox();
  const got = await gets(bob, sent?.["id"], inbox);
  expect(got).toMatchObject({ name: "notes", path: join(inbox, "notes"), entries: 5 });
  const there = readdirSync(join(inbox, "notes"), { recursive: true }).map(String).sort();
  expect(there).toEqual(["a.txt", "deep", "deep/b.bin", "deep/empty", "none"]);
  for (const name of ["a.txt", "deep/b.bin", "none"]) {
    expect(sha256(join(inbox, "notes", name))).toBe(sha256(sandbox.path("notes", name)));
  }
  const [digest] = await bob.json(["digest", join(inbox, "notes")]);
  expect(digest?.["digest"]).toBe(sent?.["digest"]);
  const records = await bob.json(["history", "--files"]);
  const listed = filesOf(records).find(({ id }) => id === sent?.["id"]);
  expect(listed?.["folder"]).toEqual({ entries: 5 });
});

test("names what it leaves out of several folders, and in a chat", async () => {
  const { sandbox, ana } = couriers;
  const skipped = (lines: readonly Json[]) => lines.filter(({ kind }) => kind === "skipped");
  const entry = (path: string) => ({ kind: "skipped", path, reason: "symbolic link" });
  const paths = ["one", "two"].map((name) => {
    mkdirSync(sandbox.path(name));
    symlinkSync("nowhere", sandbox.path(name, "link"));
    return sandbox.path(name);
  });
  const expected = paths.map((path) => entry(join(path, "link")));
  for (const command of ["send-file", "digest"]) {
    const { exitCode, out } = await ana.run([command, ...paths, "--json"]);
    expect([exitCode, skipped(ndjson(out))]).toEqual([7, expected]);
  }
  const faulty = await ana.run(["send-file", ...paths, sandbox.path("none"), "--json"]);
  expect([faulty.exitCode, skipped(ndjson(faulty.out))]).toEqual([4, expected]);
  const send = `/send ${paths[0]}\n`;
  const chat = await ana.run(["join", "--json"], { stdin: send });
  expect([chat.exitCode, skipped(ndjson(chat.out))]).toEqual([7, [entry("link")]]);
  expect((await ana.run(["join", "--json"], { stdin: `${send}/send none\n` })).exitCode).toBe(4);
});

test("sends the target of a link that is given, and names special files", async () => {
  const { sandbox, ana, bob } = couriers;
  mkdirSync(sandbox.path("target"));
  file(sandbox, "target/a.txt", "a");
  symlinkSync("target", sandbox.path("to-folder"));
  symlinkSync("target/a.txt", sandbox.path("to-file"));
  symlinkSync("nowhere", sandbox.path("dangling"));
  for (const [name, inside] of [
    ["to-folder", ["a.txt"]],
    ["to-file", undefined],
  ] as const) {
    const sent = await sends(ana, sandbox.path(name));
    const got = String((await gets(bob, sent["id"], couriers.inbox()))["path"]);
    expect(got.endsWith(name)).toBe(true);
    if (inside === undefined) expect(readFileSync(got, "utf8")).toBe("a");
    else expect(readdirSync(got)).toEqual([...inside]);
  }
  expect((await ana.run(["send-file", sandbox.path("dangling")])).exitCode).toBe(4);
  expect((await ana.run(["send-file", "/dev/zero"])).exitCode).toBe(2);
});

test("get-file skips what it has, and keeps other content", async () => {
  const { sandbox, ana, bob } = couriers;
  const inbox = couriers.inbox();
  const folder = sandbox.path("twice");
  mkdirSync(folder);
  writeFileSync(join(folder, "a"), "a");
  const [one] = filesIn(await ana.json(["send-file", file(sandbox, "once.txt", "1")]));
  const [two] = filesIn(await ana.json(["send-file", folder]));
  const args = ["get-file", String(one?.["id"]), String(two?.["id"]), "--out", inbox];
  await bob.json(args);
  const again = (await bob.json(args)).filter(({ kind }) => kind === "got");
  expect(again).toMatchObject([
    { path: join(inbox, "once.txt"), existing: true, resumedBytes: 1 },
    { path: join(inbox, "twice"), existing: true },
  ]);
  writeFileSync(join(inbox, "once.txt"), "2");
  await bob.json(args);
  await bob.json(args);
  expect(readdirSync(inbox).sort()).toEqual(["once (1).txt", "once.txt", "twice"]);
  const { err } = await bob.run(args);
  expect(err).toContain("already downloaded: ");
});

test("handed --out has one file for each version, dated when it was handed in", async () => {
  const { sandbox, ana, bob } = couriers;
  const work = couriers.inbox();
  await ana.run(["join"], { stdin: "/join essay --assignment\n" });
  await bob.run(["join", "--room", "essay"]);
  const path = sandbox.path("essay.txt");
  for (const text of ["first", "2nd"]) {
    writeFileSync(path, text);
    await bob.json(["send-file", path, "--to", "essay"]);
    await ana.json(["handed", "--room", "essay", "--out", work]);
  }
  const last = await ana.json(["handed", "--room", "essay", "--out", work]);
  expect(last.map(({ existing }) => existing)).toEqual([true, true]);
  const files = ["essay.txt", "essay (1).txt"].map((name) => join(work, "bob", name));
  expect(readdirSync(join(work, "bob")).sort()).toEqual(["essay (1).txt", "essay.txt"]);
  expect(files.map((name) => readFileSync(name, "utf8"))).toEqual(["first", "2nd"]);
  const records = filesIn(await ana.json(["history", "--room", "essay@bob"]));
  const times = files.map((name) => statSync(name).mtime.toISOString());
  expect(times).toEqual(records.map(({ time }) => String(time)));
});

test("handed --out keeps the work of each account in the same folder in every run", async () => {
  const { sandbox, ana } = couriers;
  const work = couriers.inbox();
  await ana.run(["join"], { stdin: "/join theses --assignment\n" });
  for (const user of ["con", "_con"]) {
    const home = sandbox.home(user).with({ CHAT_USER: user });
    await home.run(["join", "--room", "theses"]);
    const path = file(sandbox, "thesis.txt", user);
    await home.json(["send-file", path, "--to", "theses"]);
    await ana.json(["handed", "--room", "theses", "--out", work]);
  }
  expect(readdirSync(work).sort()).toEqual(["@con", "_con"]);
  const read = (folder: string) => readFileSync(join(work, folder, "thesis.txt"), "utf8");
  expect([read("@con"), read("_con")]).toEqual(["con", "_con"]);
});

test("a refusal has its documented exit code and one line on standard error", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve({
    args: ["--file-max", "1k", "--files-per-user", "1k", "--files-total", "1500"],
  });
  const { ana, bob } = await people(sandbox);
  await ana.json(["join", "--room", "keys"], { stdin: "" });
  const small = file(sandbox, "small", "x");
  const none = sandbox.path("none");
  const fits = file(sandbox, "fits", noise(990));
  const secret = await sends(ana, small, "--to", "keys");
  const cases: readonly [home: Home, code: number, ...args: string[]][] = [
    [ana, 4, "send-file", none],
    [ana, 4, "send-file", small, "--to", "@nobody"],
    [bob, 3, "send-file", small, "--to", "keys"],
    [ana, 3, "send-file", file(sandbox, "large", noise(1_001))],
    [bob, 2, "get-file", "fAAAAAAAAAAA", "--out", small],
    [ana, 2, "send-file", small, small, "--name", "x"],
    [ana, 5, "send-file", small, "--server", "127.0.0.1:1"],
    [bob, 4, "get-file", String(secret["id"])],
  ];
  for (const [home, code, ...args] of cases) {
    const { exitCode, err } = await home.run(args);
    expect([args, exitCode, err]).toEqual([args, code, expect.stringMatching(/^chat: /m)]);
  }
  // Among files that are sent, those that are refused are named.
  const [large, huge] = [file(sandbox, "large", noise(1_001)), file(sandbox, "huge", noise(1_002))];
  const some = await bob.run(["send-file", large, file(sandbox, "tiny", "y"), huge, "--json"]);
  expect([some.exitCode, ndjson(some.out).find(({ kind }) => kind === "fault")]).toMatchObject([
    3,
    { code: "too-large", message: `${large}, ${huge}: files are limited to 1.0 kB here` },
  ]);
  await sends(ana, fits);
  for (const home of [ana, bob]) {
    const ran = await home.run(["send-file", fits, "--name", "more", "--json"]);
    expect(ran.exitCode).toBe(3);
    expect(ndjson(ran.out).at(-1)).toMatchObject({ kind: "fault", code: "quota-reached" });
  }
  await sends(bob, small);
  // Line mode names the file too, and a script sends the others with the text.
  const line = `/send ${file(sandbox, "spare", noise(800))} ${small} --caption "what is left"`;
  const joined = await bob.run(["join", "--json"], { stdin: `${line}\n` });
  const fault = ndjson(joined.out).find(({ kind }) => kind === "fault");
  expect(fault).toMatchObject({ code: "quota-reached", line: 1 });
  expect(fault?.["message"]).toStartWith("spare: ");
  const last = (await bob.json(["history"])).at(-1);
  expect(last).toMatchObject({ kind: "file", text: "what is left", files: [{ name: "small" }] });
});

test("/send, /get and /files work in a chat", async () => {
  const { sandbox } = couriers;
  const [anas, bobs] = [
    await couriers.ana.join(["--room", "desk"]),
    await couriers.bob.join(["--room", "desk"], { cwd: sandbox.folder }),
  ];
  file(sandbox, "my photo.jpg", noise(CHUNK_BYTES + 1));
  // A member learns of uploads that begin after the member has received the room.
  anas.type("ready");
  await bobs.json("text", { text: "ready" });
  anas.type('/send "my photo.jpg"');
  const offered = await bobs.json("offered", { name: "my photo.jpg" });
  expect(offered).toMatchObject({ room: "desk", from: "ana", sizeBytes: CHUNK_BYTES + 1 });
  const record = await bobs.file({ id: offered["id"] });
  const { id, name, sizeBytes, digest } = record;
  await anas.json("ack", { seq: record["seq"], files: [{ id, name, sizeBytes, digest }] });
  mkdirSync(sandbox.path("desk"));
  bobs.type(`/get ${record["id"]} desk`, "/files", "still here");
  const got = await bobs.json("got", { id: record["id"] });
  expect(sha256(String(got["path"]))).toBe(sha256(sandbox.path("my photo.jpg")));
  expect((await bobs.json("files"))["files"]).toEqual([record]);
  await anas.json("text", { text: "still here" });
  bobs.type("/get nonsense", "/send none");
  await bobs.json("fault", { code: "file-unknown" });
  await bobs.json("fault", { code: "not-found" });
  anas.type('/send "my photo.jpg" @bob');
  expect((await anas.finish()).exitCode).toBe(0);
  await bobs.json("file", { to: "bob" });
  expect((await bobs.finish()).exitCode).toBe(4);
});

describe("an unfinished upload", () => {
  const unfinished = async (home: Home) =>
    filesIn(await home.json(["files"])).filter((line) => line["unfinished"] === true);

  async function halfSent(home: Home, name: string) {
    const program = home.start(["send-file", "-", "--name", name, "--json"]);
    program.type("x".repeat(2 * CHUNK_BYTES));
    await program.json("progress", { name, sentBytes: 2 * CHUNK_BYTES });
    return program;
  }

  test.each(["SIGINT", "SIGTERM"] as const)("of a pipe disappears after %s", async (signal) => {
    const { ana } = couriers;
    const program = await halfSent(ana, "interrupted");
    expect(await unfinished(ana)).toMatchObject([{ name: "interrupted", sending: true }]);
    const { exitCode, err } = await program.signal(signal);
    expect(exitCode).toBe(130);
    expect(err).toContain("a pipe cannot be resumed");
    expect(err).not.toContain("run the same command again");
    expect(await unfinished(ana)).toEqual([]);
  });

  test("of a killed program is listed for its account and deleted by it", async () => {
    const { ana, bob } = couriers;
    await (await halfSent(ana, "killed")).signal("SIGKILL");
    const [upload] = await unfinished(ana);
    expect(upload).toMatchObject({ name: "killed", room: "lobby", sentBytes: 2 * CHUNK_BYTES });
    const expires = Date.parse(String(upload?.["expires"])) - Date.parse(String(upload?.["time"]));
    expect(expires).toBeLessThan(2 * STREAM_KEEP_MS);
    expect((await ana.run(["files"])).out).toContain("unfinished pipe, cannot be resumed, kept");
    expect(await unfinished(bob)).toEqual([]);
    const id = String(upload?.["id"]);
    expect((await bob.run(["files", "--delete", id])).exitCode).toBe(4);
    expect(await ana.json(["files", "--delete", id])).toEqual([{ kind: "deleted", id }]);
    expect(await unfinished(ana)).toEqual([]);
    expect((await ana.run(["files", "--delete", id])).exitCode).toBe(4);
  });

  test("is deleted by an operator, and in a chat by its owner", async () => {
    const { sandbox, ana, served } = couriers;
    const admin = sandbox.home("admin");
    await (await halfSent(ana, "one")).signal("SIGKILL");
    await (await halfSent(ana, "two")).signal("SIGKILL");
    const [one, two] = await unfinished(ana);
    const owner = ["--data", served.data];
    const listed = filesIn(await admin.json(["admin", "files", ...owner]));
    expect(listed.filter((line) => line["unfinished"] === true)).toHaveLength(2);
    const [account] = await admin.json(["admin", "accounts", "--find", "ana", ...owner]);
    expect(account).toMatchObject({ unfinishedBytes: 4 * CHUNK_BYTES });
    const id = String(one?.["id"]);
    expect(await admin.json(["admin", "erase", id, ...owner])).toEqual([
      { kind: "erased", id, user: "ana" },
    ]);
    const stdin = `/files delete ${two?.["id"]}\n/files\n`;
    const lines = await ana.json(["join"], { stdin });
    expect(lines.find(({ kind }) => kind === "deleted")).toEqual({
      kind: "deleted",
      id: two?.["id"],
    });
    expect(await unfinished(ana)).toEqual([]);
  });
});

test("a closed standard input is refused, and an empty one is sent", async () => {
  const { ana } = couriers;
  const shell = (input: string) =>
    Bun.spawnSync(["sh", "-c", `"$0" send-file - ${input}`, CHAT], { env: ana.environment });
  if (process.platform === "linux") {
    const closed = shell("<&-");
    expect(closed.exitCode).toBe(2);
    expect(closed.stderr.toString()).toContain("standard input is closed");
  }
  expect(shell("</dev/null").exitCode).toBe(0);
});

test("a folder whose name looks like an id is found by its name", async () => {
  const { sandbox, ana, bob } = couriers;
  mkdirSync(sandbox.path("final_photos"));
  writeFileSync(sandbox.path("final_photos/a.txt"), "a");
  await sends(ana, sandbox.path("final_photos"));
  const out = couriers.inbox();
  const got = await bob.json(["get-file", "final_photos", "--out", out]);
  expect(got.at(-1)).toMatchObject({ kind: "got", name: "final_photos", entries: 1 });
  expect((await bob.run(["get-file", "final_report", "--out", out])).exitCode).toBe(4);
});

test("a file address is sent as its path", async () => {
  const { sandbox, ana } = couriers;
  const path = file(sandbox, "a #1 ü.txt", "x");
  const [sent] = filesIn(await ana.json(["send-file", pathToFileURL(path).href]));
  expect(sent).toMatchObject({ name: "a #1 ü.txt" });
  const remote = await ana.run(["send-file", "file://nas/a.txt"]);
  expect(remote.exitCode).toBe(2);
  expect(remote.err).toContain("is on another machine, nas");
});
