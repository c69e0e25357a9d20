import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { file, gets, MIB, noise, people, sends, sha256 } from "./couriers.ts";
import { type Home, type Json, ndjson, Sandbox } from "./program.ts";

/** Files from one home to another, by the compiled program. */

describe("a file", () => {
  test("goes to rooms and people under one id, and arrives bit for bit", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    const path = file(sandbox, "photo.jpg", noise(3 * CHUNK_BYTES + 1));
    const lines = await ana.json(["send-file", path, "--to", "lobby", "--to", "@bob"]);
    const sent = lines.filter(({ kind }) => kind === "file");
    expect(sent.map(({ room, to }) => room ?? `@${to}`)).toEqual(["lobby", "@bob"]);
    const [first, second] = sent;
    expect(first?.["id"]).toBe(second?.["id"]);
    expect(second?.["queued"]).toBe(true);
    expect(first).toMatchObject({ name: "photo.jpg", chunks: 4, resumedBytes: 0 });
    const got = await gets(bob, first?.["id"], sandbox.path("inbox"));
    expect(got).toMatchObject({ name: "photo.jpg", path: sandbox.path("inbox", "photo.jpg") });
    expect(got["digest"]).toBe(first?.["digest"]);
    expect(sha256(sandbox.path("inbox", "photo.jpg"))).toBe(sha256(path));
    const [digest] = await ana.json(["digest", path]);
    expect(digest).toMatchObject({ kind: "digest", path, digest: first?.["digest"] });
    const [again] = await ana.json(["digest", path]);
    expect(again).toEqual(digest as Json);
    const progress = lines.filter(({ kind }) => kind === "progress");
    expect(progress.at(-1)).toMatchObject({ sentBytes: first?.["sizeBytes"] });
  });

  describe("of", () => {
    const sandbox = new Sandbox();
    let couriers: { readonly ana: Home; readonly bob: Home };
    beforeAll(async () => {
      await sandbox.serve();
      couriers = await people(sandbox);
    });
    afterAll(() => sandbox[Symbol.asyncDispose]());

    test.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1])(
      "%i bytes",
      async (sizeBytes) => {
        const { ana, bob } = couriers;
        const path = file(sandbox, `${sizeBytes}.bin`, noise(sizeBytes));
        const sent = await sends(ana, path);
        expect(sent).toMatchObject({ sizeBytes, chunks: Math.ceil(sizeBytes / CHUNK_BYTES) });
        await gets(bob, sent["id"], sandbox.path("inbox"));
        expect(sha256(sandbox.path("inbox", `${sizeBytes}.bin`))).toBe(sha256(path));
      },
    );
  });

  test("is in the history of its room, online and in the folder, and in the list", async () => {
    await using sandbox = new Sandbox();
    const { data } = await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    const sent = await sends(ana, file(sandbox, "a.txt", "hello"));
    await ana.json(["send", "words"]);
    const { id, digest, seq, time } = sent;
    const record = { kind: "file", seq, time, room: "lobby", from: "ana", id, name: "a.txt" };
    const wanted = { ...record, sizeBytes: 5, digest, chunks: 1 };
    expect(await bob.json(["history", "--files"])).toEqual([wanted]);
    expect(await bob.json(["history", "--data", data, "--files"])).toEqual([wanted]);
    expect(await bob.json(["files"])).toEqual([wanted]);
    const all = await bob.json(["history", "--room", "lobby"]);
    expect(all.filter(({ kind }) => kind === "file")).toEqual([wanted]);
    const { out } = await bob.run(["history", "--files"]);
    expect(out).toBe(`${time}\tlobby\tana\tsends a.txt (5 B); take it: chat get-file ${id}\n`);
    const list = await bob.run(["files"]);
    expect(list.out).toBe(`${id}\t5\ta.txt\tana\tlobby\t${time}\n`);
  });

  test("is found by what is said with it, which goes with the first of several", async () => {
    await using sandbox = new Sandbox();
    const { data } = await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    const paths = ["a.txt", "b.txt"].map((name) => file(sandbox, name, name));
    const caption = "the router\nof room 4, @bob";
    await ana.json(["send-file", ...paths, "--caption", caption]);
    for (const where of [[], ["--data", data]]) {
      const found = await bob.json(["history", ...where, "--grep", "ROUTER"]);
      expect(found).toMatchObject([{ kind: "file", name: "a.txt", text: caption }]);
    }
    const all = await bob.json(["history", "--files"]);
    expect(all.map(({ text }) => text)).toEqual([caption, undefined]);
    const long = "x".repeat(4_097);
    const refused = await ana.run(["send-file", ...paths, "--caption", long]);
    expect(refused).toMatchObject({ exitCode: 3, out: "" });
  });

  test("never takes the place of another", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    const sent = await sends(ana, file(sandbox, "a.tar.gz", "new"));
    mkdirSync(sandbox.path("inbox"));
    file(sandbox, "inbox/a.tar.gz", "old");
    await gets(bob, sent["id"], sandbox.path("inbox"));
    await gets(bob, sent["id"], sandbox.path("inbox"));
    expect(readdirSync(sandbox.path("inbox")).sort()).toEqual([
      "a (1).tar.gz",
      "a (2).tar.gz",
      "a.tar.gz",
    ]);
    expect(readFileSync(sandbox.path("inbox", "a.tar.gz"), "utf8")).toBe("old");
  });

  test("makes a folder for it as anybody would, not one of its own", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    const sent = await sends(ana, file(sandbox, "a", "a"));
    await gets(bob, sent["id"], sandbox.path("new", "inbox"));
    mkdirSync(sandbox.path("made"));
    const modeOf = (...names: readonly string[]) => statSync(sandbox.path(...names)).mode;
    expect(modeOf("new", "inbox")).toBe(modeOf("made"));
    expect(modeOf("new")).toBe(modeOf("made"));
  });

  test("from standard input, under the name that is given", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    const content = noise(2 * CHUNK_BYTES + 7);
    const args = ["send-file", "-", "--name", "pipe.bin"];
    const lines = await ana.json(args, { stdin: content });
    const [sent] = lines.filter(({ kind }) => kind === "file");
    expect(sent).toMatchObject({ name: "pipe.bin", sizeBytes: content.length });
    await gets(bob, sent?.["id"], sandbox.path("inbox"));
    expect(Buffer.compare(readFileSync(sandbox.path("inbox", "pipe.bin")), content)).toBe(0);
  });

  test("whose bytes the server's disk has changed gets no name: exit code 6", async () => {
    await using sandbox = new Sandbox();
    const { data } = await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    const sent = await sends(ana, file(sandbox, "a.bin", noise(TRANSFER_SYNC_BYTES + 2 * MIB)));
    const content = join(data, "files", String(sent["id"]), "content");
    const flip = (offset: number) => {
      const fd = openSync(content, "r+");
      const byte = new Uint8Array(1);
      readSync(fd, byte, 0, 1, offset);
      writeSync(
        fd,
        byte.map((bits) => bits ^ 1),
        0,
        1,
        offset,
      );
      closeSync(fd);
    };
    const out = sandbox.path("inbox");
    const args = ["get-file", String(sent["id"]), "--out", out];
    flip(CHUNK_BYTES + 5);
    const early = await bob.run(args);
    expect([early.exitCode, early.err]).toEqual([6, expect.stringContaining("chunk 1")]);
    flip(CHUNK_BYTES + 5);
    flip(TRANSFER_SYNC_BYTES);
    const late = await bob.run(args);
    expect([late.exitCode, late.err]).toEqual([6, expect.stringContaining("damaged")]);
    expect(existsSync(join(out, "a.bin"))).toBe(false);
    flip(TRANSFER_SYNC_BYTES);
    expect((await gets(bob, sent["id"], out))["digest"]).toBe(sent["digest"]);
  });
});

test("a folder arrives as a folder; links stay behind, and are named", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const { ana, bob } = await people(sandbox);
  mkdirSync(sandbox.path("notes", "deep", "empty"), { recursive: true });
  file(sandbox, "notes/a.txt", "a");
  file(sandbox, "notes/deep/b.bin", noise(CHUNK_BYTES + 3));
  file(sandbox, "notes/none", "");
  symlinkSync("/etc/passwd", sandbox.path("notes", "link"));
  const ran = await ana.run(["send-file", sandbox.path("notes"), "--json"]);
  expect(ran.err).toContain("left out: ");
  expect(ran.err).toContain("link");
  const [sent] = ndjson(ran.out).filter(({ kind }) => kind === "file");
  const got = await gets(bob, sent?.["id"], sandbox.path("inbox"));
  expect(got).toMatchObject({ name: "notes", path: sandbox.path("inbox", "notes"), entries: 5 });
  const there = readdirSync(sandbox.path("inbox", "notes"), { recursive: true }).map(String).sort();
  expect(there).toEqual(["a.txt", "deep", "deep/b.bin", "deep/empty", "none"]);
  for (const name of ["a.txt", "deep/b.bin", "none"]) {
    expect(sha256(sandbox.path("inbox", "notes", name))).toBe(sha256(sandbox.path("notes", name)));
  }
  const [digest] = await bob.json(["digest", sandbox.path("inbox", "notes")]);
  expect(digest?.["digest"]).toBe(sent?.["digest"]);
  const [record] = await bob.json(["history", "--files"]);
  expect(record?.["folder"]).toEqual({ entries: 5 });
});

describe("what cannot be is said", () => {
  test("with the exit codes of the contract", async () => {
    await using sandbox = new Sandbox();
    const { address } = await sandbox.serve({ args: ["--file-max", "1k"] });
    const { ana, bob } = await people(sandbox);
    await ana.json(["join", "--room", "keys"], { stdin: "" });
    const small = file(sandbox, "small", "x");
    const large = file(sandbox, "large", noise(1_001));
    const code = async (home: Home, ...args: readonly string[]) => {
      const { exitCode, err } = await home.run(args);
      return [exitCode, err.split("\n").filter((line) => line.startsWith("chat: ")).length > 0];
    };
    expect(await code(ana, "send-file", sandbox.path("none"))).toEqual([4, true]);
    expect(await code(ana, "send-file", "")).toEqual([2, true]);
    expect(await code(ana, "send-file", sandbox.path("none"), "--server", "127.0.0.1:1")).toEqual([
      4,
      true,
    ]);
    expect(await code(ana, "send-file", small, "--to", "nowhere")).toEqual([4, true]);
    expect(await code(ana, "send-file", small, "--to", "@nobody")).toEqual([4, true]);
    expect(await code(bob, "send-file", small, "--to", "keys")).toEqual([3, true]);
    expect(await code(ana, "send-file", large)).toEqual([3, true]);
    expect(await code(bob, "get-file", "fAAAAAAAAAAA")).toEqual([4, true]);
    expect(await code(bob, "get-file", "nonsense")).toEqual([4, true]);
    expect(await code(bob, "get-file")).toEqual([2, true]);
    expect(await code(bob, "get-file", "fAAAAAAAAAAA", "--out", small)).toEqual([2, true]);
    expect(await code(bob, "get-file", "fAAAAAAAAAAA", "--out", "")).toEqual([2, true]);
    expect(await code(bob, "get-file", "--follow", "fAAAAAAAAAAA")).toEqual([2, true]);
    expect(await code(ana, "send-file", small, small, "--name", "x")).toEqual([2, true]);
    expect(await code(ana, "send-file", small, "--name", "a/b")).toEqual([2, true]);
    expect(await code(ana, "digest", sandbox.path("none"))).toEqual([4, true]);
    expect(await code(ana, "share", "")).toEqual([2, true]);
    expect(await code(ana, "send-file", small, "--server", "127.0.0.1:1")).toEqual([5, true]);
    const secret = await sends(ana, small, "--to", "keys");
    expect(await code(bob, "get-file", String(secret["id"]))).toEqual([4, true]);
    expect(address).not.toBe("");
  });

  test("what is more than a person or the server may keep", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve({ args: ["--files-per-user", "1k", "--files-total", "1500"] });
    const { ana, bob } = await people(sandbox);
    const fits = file(sandbox, "fits", noise(1_000));
    await sends(ana, fits);
    for (const home of [ana, bob]) {
      const ran = await home.run(["send-file", fits, "--name", "more", "--json"]);
      expect(ran.exitCode).toBe(3);
      expect(ndjson(ran.out).at(-1)).toMatchObject({ kind: "fault", code: "quota-reached" });
    }
    await sends(bob, file(sandbox, "small", "x"));
  });

  test("one of several that is missing costs only itself", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const { ana } = await people(sandbox);
    const paths = [file(sandbox, "a", "a"), sandbox.path("none"), file(sandbox, "b", "b")];
    const ran = await ana.run(["send-file", ...paths, "--json"]);
    expect(ran.exitCode).toBe(4);
    const lines = ndjson(ran.out).filter(({ kind }) => kind !== "progress");
    expect(lines.map(({ kind, name }) => name ?? kind)).toEqual(["a", "fault", "b"]);
  });

  test("that somebody is offline, once for all that they are sent", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const { ana } = await people(sandbox);
    const ran = await ana.run([
      "send-file",
      file(sandbox, "a", "a"),
      file(sandbox, "b", "b"),
      "--to",
      "@bob",
    ]);
    expect(ran.exitCode).toBe(0);
    expect(ran.err.match(/bob is offline/g)).toHaveLength(1);
  });

  test("no size is wrong usage", async () => {
    await using sandbox = new Sandbox();
    const ran = await sandbox.startServer({ args: ["--keep-free", "much"] }).ended();
    expect([ran.exitCode, ran.err]).toEqual([2, expect.stringContaining("--keep-free")]);
  });
});

test("while one talks: /send, /get and /files", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const { ana, bob } = await people(sandbox);
  const anas = await ana.join([]);
  const bobs = await bob.join([], { cwd: sandbox.folder });
  file(sandbox, "my photo.jpg", noise(CHUNK_BYTES + 1));
  anas.type('/send "my photo.jpg"');
  const offered = await bobs.json("offered", { name: "my photo.jpg" });
  expect(offered).toMatchObject({ room: "lobby", from: "ana", sizeBytes: CHUNK_BYTES + 1 });
  const record = await bobs.json("file", { id: offered["id"] });
  const ack = await anas.json("ack", { id: offered["id"] });
  expect(ack["seq"]).toBe(record["seq"]);
  mkdirSync(sandbox.path("inbox"));
  bobs.type(`/get ${record["id"]} inbox`, "/files", "still here");
  const got = await bobs.json("got", { id: record["id"] });
  expect(sha256(String(got["path"]))).toBe(sha256(sandbox.path("my photo.jpg")));
  const listed = await bobs.json("files");
  expect(listed["files"]).toEqual([record]);
  await anas.json("text", { text: "still here" });
  bobs.type("/get nonsense", "/send none");
  await bobs.json("fault", { code: "file-unknown" });
  await bobs.json("fault", { code: "not-found" });
  anas.type('/send "my photo.jpg" @bob');
  expect((await anas.finish()).exitCode).toBe(0);
  await bobs.json("file", { to: "bob" });
  expect((await bobs.finish()).exitCode).toBe(4); // Of the first line that was refused.
});

test("the server's window shows files, but for two people not their names", async () => {
  await using sandbox = new Sandbox();
  const { program } = await sandbox.serve();
  const { ana } = await people(sandbox);
  const open = await sends(ana, file(sandbox, "open.txt", "x"));
  await program.json("offered", { id: open["id"], name: "open.txt", user: "ana", sizeBytes: 1 });
  await program.json("file", { id: open["id"], name: "open.txt" });
  const secret = await sends(ana, file(sandbox, "secret.txt", "y"), "--to", "@bob");
  await program.json("offered", { id: secret["id"] });
  await program.json("file", { id: secret["id"] });
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob", CHAT_PASSWORD: "xxxxxxxx" });
  await gets(bob, open["id"], sandbox.path("inbox"));
  await program.json("got", { id: open["id"], user: "bob" });
  expect(program.out.text).not.toContain("secret.txt");
  expect(program.out.text).not.toContain(String(secret["digest"]));
});
