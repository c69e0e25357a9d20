/** Archives as the programs of readers see them. */

import { expect } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { offsetsIn } from "../../../src/server/http/reader-zone.ts";
import { ZipLists, zipStream } from "../../../src/server/http/zip-stream.ts";
import { encodeManifest, type ManifestEntry } from "../../../src/wire/manifest.ts";
import { requires } from "../../installed.ts";
import { tempFolder } from "../../temp-folder.ts";

const TIMES: Readonly<Record<string, number>> = {
  "1970": 1_000,
  "1975": Date.UTC(1975, 5, 1, 10, 11, 13),
  summer: Date.UTC(2026, 6, 1, 9, 15, 31),
  winter: Date.UTC(2026, 0, 1, 9, 15, 31),
  "before the clock goes back": Date.UTC(2026, 10, 1, 5, 30, 1),
  "after the clock goes back": Date.UTC(2026, 10, 1, 6, 30, 1),
  "2038": (2 ** 31 - 1) * 1_000,
};
const ZONES = ["UTC", "Asia/Jakarta", "America/New_York"];

async function archive(entries: readonly ManifestEntry[], text: string, zone: string) {
  const manifest = encodeManifest(entries);
  async function* chunks() {
    yield manifest;
    yield new TextEncoder().encode(text);
  }
  const lists = new ZipLists();
  const offsetMinutes = offsetsIn(zone);
  const { length: manifestBytes } = manifest;
  const source = { name: "all", digest: "d", details: undefined, manifestBytes, lists, chunks };
  const path = join(tempFolder(), "all.zip");
  writeFileSync(
    path,
    Buffer.concat(await Array.fromAsync(zipStream({ ...source, offsetMinutes }))),
  );
  return path;
}

function run(command: readonly string[], cwd: string, zone = "UTC"): string {
  const env = { ...process.env, TZ: zone };
  const { stdout, exitCode } = Bun.spawnSync([...command], { cwd, env });
  expect([command[0], exitCode]).toEqual([command[0], 0]);
  return stdout.toString();
}

requires("unzip").test("unzip restores the times of all zones and years", async () => {
  const entries = Object.entries(TIMES).map(([path, mtime]) => {
    return { path, size: 0, mode: 0o640, mtime };
  });
  for (const [index, zone] of ZONES.entries()) {
    const zip = await archive(entries, "", ZONES[(index + 1) % ZONES.length] ?? "");
    const out = tempFolder();
    run(["unzip", "-qq", zip], out, zone);
    for (const [path, mtime] of Object.entries(TIMES)) {
      const { mtimeMs } = statSync(join(out, "all", path));
      expect([zone, path, mtimeMs]).toEqual([zone, path, mtime]);
    }
  }
});

requires("python3").test("tools that ignore UTC times see the reader's local time", async () => {
  const list = "import sys, zipfile\nfor one in zipfile.ZipFile(sys.argv[1]).infolist():\n";
  const times = `${list}  print(one.filename, *one.date_time)`;
  const entry = { path: "a", size: 0, mode: 0o644, mtime: Date.UTC(2026, 6, 1, 9, 15, 30) };
  for (const [zone, hour] of [
    ["UTC", 9],
    ["Asia/Jakarta", 16],
    ["America/New_York", 5],
    ["Asia/Kolkata", "14 45"],
  ] as const) {
    const zip = await archive([entry], "", zone);
    const time = typeof hour === "number" ? `${hour} 15` : hour;
    expect(run(["python3", "-c", times, zip], "/")).toContain(`all/a 2026 7 1 ${time} 30\n`);
  }
});

requires("unzip").test("unzip extracts every file of a folder of hostile names", async () => {
  const names = [
    ...["report:1", "report?1/in", "v1:a/x", "v1?a/x", "Assets/logo", "assets/logo"],
    ...["café", "cafe\u0301", "README", "readme", "A", "a", "a (1)", "con", "_con", "aux.tar.gz"],
    ...["\\\\host\\x", "C:\\x", "..\\..\\up", "-rf", "t. ", "t", "bell\u0007", "\u202egnp.exe"],
    ...["\u2764", "\u2764\ufe0f", `${"x".repeat(254)}A`, `${"x".repeat(254)}a`],
    ...Array.from({ length: 1_000 }, (_, i) => `many/${"\u200b".repeat(i + 1)}same.txt`),
  ].toSorted((a, b) => (a < b ? -1 : 1));
  const file = { mode: 0o644, mtime: 0 };
  const content = names.map((_, i) => String(i).padStart(5, "0")).join("");
  const files = names.map((path) => ({ ...file, path, size: 5 }));
  const locked = { path: "locked", dir: true, mode: 0o700, mtime: 0 } as const;
  const zip = await archive([...files, locked], content, "UTC");
  const out = tempFolder();
  mkdirSync(join(out, "into"));
  run(["unzip", "-qq", zip], join(out, "into"));
  const paths = run(["find", "into", "-type", "f"], out).trim().split("\n");
  const contents = paths.map((path) => readFileSync(join(out, path), "utf8"));
  expect(contents.toSorted()).toEqual(names.map((_, i) => String(i).padStart(5, "0")));
  const folded = paths.map((path) => path.normalize("NFD").toUpperCase());
  expect(new Set(folded).size).toBe(paths.length);
  expect(statSync(join(out, "into", "all", "locked")).mode & 0o777).toBe(0o700);
});

requires("unzip").test("an empty folder is an archive with that folder", async () => {
  const out = tempFolder();
  run(["unzip", "-qq", await archive([], "", "UTC")], out);
  expect(statSync(join(out, "all")).isDirectory()).toBe(true);
});
