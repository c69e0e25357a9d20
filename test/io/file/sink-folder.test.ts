import { beforeEach, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { CHUNK_BYTES, CONCURRENT_FILES_MAX } from "../../../src/base/limits.ts";
import type { TreeDisk } from "../../../src/io/disk/disk.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { openSource } from "../../../src/io/file/source.ts";
import { encodeManifest, type ManifestEntry } from "../../../src/wire/manifest.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";
import { pattern } from "../../worlds/disk-files-world.ts";
import { carry, pour, sent, sentFolder, sinkFor } from "../file-carrier.ts";

let root = "";
let inbox = "";

beforeEach(() => {
  root = tempFolder();
  inbox = join(root, "in");
});

describe("a received folder", () => {
  async function planted(): Promise<string> {
    const home = join(root, "home");
    fs.mkdirSync(join(home, "deep", "empty"), { recursive: true });
    fs.writeFileSync(join(home, "deep", "big"), pattern(2 * CHUNK_BYTES + 99));
    fs.writeFileSync(join(home, "run.sh"), "#!/bin/sh\n");
    fs.writeFileSync(join(home, "nothing"), "");
    fs.symlinkSync("/etc/passwd", join(home, "link"));
    fs.chmodSync(join(home, "run.sh"), 0o750);
    fs.chmodSync(join(home, "deep"), 0o700);
    for (const [i, path] of ["run.sh", "nothing", "deep/big", "deep/empty", "deep"].entries()) {
      // Sub-millisecond times: 3.1, 3.3, 3.5, 3.7 and 3.9 ms.
      fs.utimesSync(join(home, path), 1_000_000_000 + i, 1_763_617_717.0031 + i / 5_000);
    }
    return home;
  }

  test("has its modes, times and empty folders, but no links", async () => {
    const home = await planted();
    const source = await openSource(home);
    expect(source.skipped).toEqual([{ path: "link", reason: "symbolic link" }]);
    const { path, digest } = await carry(source, inbox);
    expect(path).toBe(join(inbox, "home"));
    const observed = fs.readdirSync(path, { recursive: true }).sort();
    expect(observed).toEqual(["deep", "deep/big", "deep/empty", "nothing", "run.sh"]);
    for (const name of observed.map(String)) {
      const [is, was] = [path, home].map((folder) => fs.statSync(join(folder, name)));
      expect([name, is?.mode]).toEqual([name, was?.mode]);
      const { mtimeNs } = fs.statSync(join(path, name), { bigint: true });
      expect([name, mtimeNs]).toEqual([name, 1_763_617_717_003_000_000n]);
    }
    expect(fs.readdirSync(inbox)).toEqual(["home"]);
    const again = await carry(await openSource(path), join(root, "again"));
    expect(again.digest).toBe(digest);
  });

  test("is refused before its first file if the disk cannot store one of them", async () => {
    const disk = { ...systemDisk(), fileBytesMax: async () => CHUNK_BYTES };
    const source = await openSource(await planted());
    const sink = await sinkFor(source, inbox, { disk });
    expect(await rejection(pour(source, sink))).toMatchObject({
      code: "store-failed",
      message: expect.stringMatching(/^big is too large: the disk of .*deep cannot store files/),
    });
    sink.close();
    expect(fs.readdirSync(join(inbox, "home.part"))).toEqual([]);
  });

  test("has the mode and the time of the folder itself", async () => {
    for (const [mode, received] of [
      [0o700, 0o700],
      [0o777, 0o755],
      [0o2750, 0o750],
      [0o555, 0o755],
      [0o444, 0o755],
    ] as const) {
      const home = join(root, `home-${mode}`);
      fs.mkdirSync(home);
      fs.writeFileSync(join(home, "key"), "secret");
      fs.utimesSync(home, 0, new Date(-1_234_500));
      fs.chmodSync(home, mode);
      const { path } = await carry(await openSource(home), inbox);
      const { mode: observed, mtimeMs } = fs.statSync(path);
      expect([observed & 0o7777, mtimeMs]).toEqual([received, -1_234_500]);
    }
    const old = await carry(sentFolder("old", ["a"]), inbox);
    expect(fs.statSync(old.path).mode & 0o7777).toBe(0o777 & ~process.umask());
  });

  test("is usable by its owner, also from a sender that names no executable folder", async () => {
    const entries = [
      { path: "a", dir: true, mode: 0o666, mtime: 7 },
      { path: "a/b", dir: true, mode: 0o444, mtime: 7 },
      { path: "a/b/c", size: 0, mode: 0o666, mtime: 7 },
      { path: "a/b/d", size: 0, mode: 0o040, mtime: 7 },
      { path: "z", dir: true, mode: 0o600, mtime: 7 },
    ] as const;
    const manifest = encodeManifest(entries);
    const folder = { entries: entries.length, manifestBytes: manifest.length };
    const { path } = await carry(sent("old", manifest, folder), inbox);
    const modeOf = (name: string) => fs.statSync(join(path, name)).mode & 0o7777;
    const modes = entries.map((entry) => [entry.path, modeOf(entry.path).toString(8)]);
    expect(modes).toEqual([
      ["a", "755"],
      ["a/b", "755"],
      ["a/b/c", "644"],
      ["a/b/d", "440"],
      ["z", "700"],
    ]);
  });

  test("never uses an existing folder, even an empty one", async () => {
    fs.mkdirSync(join(inbox, "dir"), { recursive: true });
    const { path } = await carry(sentFolder("dir", ["a"]), inbox);
    expect(path).toBe(join(inbox, "dir (1)"));
    expect(fs.readdirSync(join(inbox, "dir"))).toEqual([]);
  });

  test("receives all names that collide after sanitizing", async () => {
    const names = ["A.txt", "a.txt", "a:.txt", "a?.txt", "a_.txt", "x:/f", "x?/f", "e\u0301", "é"];
    const source = sentFolder("dir", names);
    const sink = await sinkFor(source, inbox);
    await pour(source, sink);
    const path = await sink.finish();
    const renamed = new Map(sink.renamed?.map(({ from, to }) => [from, to]));
    for (const name of names.filter((one) => !one.includes("/"))) {
      const place = join(path, renamed.get(name) ?? name);
      expect(fs.readFileSync(place, "utf8")).toBe(`this is ${name}`);
    }
    const files = fs
      .readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => fs.readFileSync(join(entry.parentPath, entry.name), "utf8"));
    expect(files.sort()).toEqual(names.map((name) => `this is ${name}`).sort());
    const folded = fs.readdirSync(path).map((name) => name.normalize("NFC").toLowerCase());
    expect(new Set(folded).size).toBe(folded.length);
  });

  test("syncs at most CONCURRENT_FILES_MAX files at a time", async () => {
    const disk = systemDisk();
    let [open, most] = [0, 0];
    const counting: TreeDisk = {
      ...disk,
      openPlain: (path, access) => {
        const file = disk.openPlain(path, access);
        most = Math.max(most, ++open);
        const close = file.close.bind(file);
        file.close = () => {
          open -= 1;
          close();
        };
        return file;
      },
    };
    const names = Array.from({ length: 5 * CONCURRENT_FILES_MAX }, (_, i) => `${i}`);
    await carry(sentFolder("dir", names), inbox, { disk: counting });
    expect([open, most]).toEqual([0, CONCURRENT_FILES_MAX + 2]);
  });

  test("resumes", async () => {
    const home = await planted();
    const source = await openSource(home);
    const sink = await sinkFor(source, inbox);
    await pour(source, sink, 2);
    await sink.sync();
    sink.close();
    const again = await sinkFor(source, inbox);
    expect(again.have).toBe(2);
    await pour(source, again);
    const path = await again.finish();
    const big = join("deep", "big");
    expect(fs.readFileSync(join(path, big)).equals(fs.readFileSync(join(home, big)))).toBe(true);
  });

  test("hashes again what an older program stored under other names", async () => {
    const secret = new Uint8Array(32).fill(7);
    const source = sentFolder("dir", ["a?", "a_", "z"], 40 * CHUNK_BYTES);
    const begin = await sinkFor(source, inbox, { secret });
    await pour(source, begin, 119);
    await begin.sync();
    begin.close();
    const part = join(inbox, "dir.part");
    for (const [from, to] of [
      ["a_", "x"],
      ["a_ (1)", "a_"],
      ["x", "a_ (1)"],
    ] as const) {
      fs.renameSync(join(part, from), join(part, to));
    }
    const journal = `${part}.journal`;
    const lines = fs.readFileSync(journal);
    const owner = { v: 1, file: "fAAAAAAAAAAA", server: "fingerprint" };
    const input = JSON.stringify(["chat part", 1, owner.file, owner.server, part]);
    const proof = createHmac("sha256", secret).update(input).digest("base64url");
    const rest = lines.subarray(lines.indexOf("\n") + 1);
    fs.writeFileSync(
      journal,
      Buffer.concat([Buffer.from(`${JSON.stringify({ ...owner, proof })}\n`), rest]),
    );
    const sink = await sinkFor(source, inbox, { secret });
    await pour(source, sink);
    const path = await sink.finish();
    for (const [name, sent] of [
      ["a_", "a_"],
      ["a_ (1)", "a?"],
      ["z", "z"],
    ] as const) {
      const content = fs.readFileSync(join(path, name), "utf8");
      expect([name, content.slice(0, 20).trim()]).toEqual([name, `this is ${sent}`]);
    }
  });

  test("follows no planted links", async () => {
    const outside = join(root, "outside");
    fs.mkdirSync(outside);
    const paths = ["first", "sub/one", "sub/two", "victim"];
    for (const [link, code] of [
      ["sub", "store-failed"],
      ["victim", "data-foreign"],
    ] as const) {
      const source = sentFolder(`dir-${link}`, paths, CHUNK_BYTES);
      const sink = await sinkFor(source, inbox);
      await pour(source, sink, 1);
      fs.symlinkSync(join(outside, link), join(inbox, `dir-${link}.part`, link));
      expect(await rejection(pour(source, sink))).toMatchObject({ code });
      sink.close();
    }
    expect(fs.readdirSync(outside)).toEqual([]);
  });

  test("rejects manifests with outside paths, and malformed ones", async () => {
    const bad = (list: string) => {
      const manifest = Buffer.from(list);
      const folder = { entries: 1, manifestBytes: manifest.length };
      return sent("dir", Buffer.concat([manifest, Buffer.from("content")]), folder);
    };
    const escaping = '{"v":1,"entries":[{"path":"../../up","size":7,"mode":420,"mtime":1}]}';
    for (const list of [escaping, escaping.replace("../../up", "/etc/up"), "no list"]) {
      expect(await rejection(carry(bad(list), inbox))).toMatchObject({ code: "folder-malformed" });
      fs.rmSync(inbox, { recursive: true });
    }
    expect(fs.readdirSync(root)).toEqual([]);
  });

  test("rejects content shorter than its manifest says", async () => {
    const { folder, read } = sentFolder("dir", ["a", "b"]);
    const complete = (await read(0)) ?? new Uint8Array();
    const manifestBytes = folder?.manifestBytes ?? 0;
    for (const sizeBytes of [complete.length - 1, complete.length - 20, manifestBytes, 5]) {
      const source = sent("dir", complete.slice(0, sizeBytes), folder);
      expect(await rejection(carry(source, inbox))).toMatchObject({ code: "folder-malformed" });
      expect(fs.readdirSync(inbox)).not.toContain("dir");
      fs.rmSync(inbox, { recursive: true });
    }
  });

  test("respects the umask and is never set-user-id", async () => {
    const entries: ManifestEntry[] = [
      { path: "all", dir: true, mode: 0o777, mtime: 0 },
      { path: "all/run", size: 0, mode: 0o777, mtime: 0 },
      { path: "own", size: 1, mode: 0o700, mtime: 0 },
      { path: "read", size: 0, mode: 0o444, mtime: 0 },
    ];
    const manifest = encodeManifest(entries);
    const size = { entries: entries.length, manifestBytes: manifest.length };
    const source = sent("dir", Buffer.concat([manifest, Buffer.from("x")]), size);
    const before = process.umask(0o027);
    try {
      const { path } = await carry(source, inbox);
      const modeOf = (name: string) => fs.statSync(join(path, name)).mode & 0o7777;
      const modes = ["all", "all/run", "own", "read", "."].map(modeOf);
      expect(modes).toEqual([0o750, 0o750, 0o700, 0o440, 0o750]);
      systemDisk().metadata(join(path, "own"), { mode: 0o7777 });
      expect(modeOf("own")).toBe(0o750);
    } finally {
      process.umask(before);
    }
  });

  test("is complete on a disk that refuses modes and times, and names both", async () => {
    const metadata = () => ["times", "modes"] as const;
    const source = sentFolder("dir", ["a", "sub/b"]);
    const sink = await sinkFor(source, inbox, { disk: { ...systemDisk(), metadata } });
    await pour(source, sink);
    expect(sink.notKept).toEqual([]);
    const path = await sink.finish();
    expect(fs.readFileSync(join(path, "sub/b"), "utf8")).toBe("this is sub/b");
    expect([sink.notKept, fs.readdirSync(inbox)]).toEqual([["times", "modes"], ["dir"]]);
  });

  test.each(["ENAMETOOLONG", "EINVAL"])(
    "names the entry that its disk refuses: %s",
    async (code) => {
      const source = sentFolder("dir", ["a", "sub/b"]);
      const real = systemDisk();
      const openNew: TreeDisk["openNew"] = (path) => {
        if (path.endsWith("/b")) throw Object.assign(new Error("refused"), { code });
        return real.openNew(path);
      };
      const sink = await sinkFor(source, inbox, { disk: { ...real, openNew } });
      const fault = await rejection(pour(source, sink));
      sink.close();
      expect(fault).toMatchObject({ code: "store-failed", exitCode: 1 });
      expect((fault as Error).message).toContain(join(inbox, "dir/sub/b"));
    },
  );

  test("stores zeros inside a file as holes", async () => {
    const content = new Uint8Array(20 * CHUNK_BYTES + 3).fill(
      9,
      10 * CHUNK_BYTES,
      11 * CHUNK_BYTES,
    );
    const entries = [{ path: "image", size: content.length, mode: 0o644, mtime: 0 }];
    const manifest = encodeManifest(entries);
    const size = { entries: 1, manifestBytes: manifest.length };
    const { path } = await carry(sent("dir", Buffer.concat([manifest, content]), size), inbox);
    expect(fs.readFileSync(join(path, "image")).equals(content)).toBe(true);
    expect(fs.statSync(join(path, "image")).blocks * 512).toBeLessThan(3 * CHUNK_BYTES);
  });
});
