import { beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { ProgramFolder } from "../../../src/io/file/program-folder.ts";
import { faultFrom } from "../../commands/fake-world.ts";
import { tempFolder } from "../../temp-folder.ts";

const NAMES = ["one", "two.exe"];
let root = "";
let folder = "";

beforeEach(() => {
  root = tempFolder();
  folder = join(root, "offer");
  fs.mkdirSync(folder);
});
let hashed = 0;
const programs = () =>
  new ProgramFolder(folder, NAMES, () => {
    hashed++;
    return new Bun.CryptoHasher("sha256");
  });
const sumOf = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const write = (name: string, bytes: string | Uint8Array) =>
  fs.writeFileSync(join(folder, name), bytes);

async function bytesOf(chunks: AsyncGenerator<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

async function open(source: ProgramFolder, name: string) {
  const program = await source.open(name);
  if (program === undefined) throw new Error(`there is no ${name}`);
  return program;
}

describe("a program folder", () => {
  test("offers only regular files of the given names", async () => {
    fs.writeFileSync(join(root, "secret"), "secret");
    write("other", "other");
    write(".hidden", "hidden");
    fs.symlinkSync(join(root, "secret"), join(folder, "one"));
    fs.mkdirSync(join(folder, "two.exe"));
    const source = programs();
    expect([source.present(), await source.list()]).toEqual([[], []]);
    for (const name of ["one", "two.exe", "other", ".hidden", "../secret", "", ".", "/one"]) {
      expect([name, await source.open(name)]).toEqual([name, undefined]);
    }
    fs.rmSync(join(folder, "one"));
    write("real", "real");
    fs.symlinkSync("real", join(folder, "one"));
    expect(await source.list()).toEqual([]);
    fs.rmSync(folder, { recursive: true });
    expect(await source.list()).toEqual([]);
  });

  test("offers no file that differs from its expected checksum", async () => {
    write("one", "first");
    write("two.exe", "second");
    const expected = new Map([
      ["one", sumOf("first")],
      ["two.exe", sumOf("other")],
    ]);
    const newHash = () => new Bun.CryptoHasher("sha256");
    const source = new ProgramFolder(folder, NAMES, newHash, expected);
    expect(await source.list()).toMatchObject([{ name: "one" }]);
    expect(await source.open("two.exe")).toBeUndefined();
    write("two.exe", "other");
    expect((await open(source, "two.exe")).sha256).toBe(sumOf("other"));
  });

  test("hashes each file once, and again if replaced", async () => {
    write("one", "first");
    const source = programs();
    hashed = 0;
    await Promise.all([source.list(), source.list(), source.open("one").then((it) => it?.close())]);
    await source.list();
    expect(hashed).toBe(1);
    write("next", "other");
    fs.renameSync(join(folder, "next"), join(folder, "one"));
    expect(await source.list()).toMatchObject([{ sizeBytes: 5, sha256: sumOf("other") }]);
    write("one", "third");
    expect(await source.list()).toMatchObject([{ sizeBytes: 5, sha256: sumOf("third") }]);
    expect(hashed).toBe(3);
  });

  test("continues with a replaced file, and aborts for a modified one", async () => {
    const bytes = new Uint8Array(3 * CHUNK_BYTES).fill(1);
    write("one", bytes);
    const source = programs();
    const replaced = await open(source, "one");
    const chunks = replaced.chunks(0);
    await chunks.next();
    write("next", "other");
    fs.renameSync(join(folder, "next"), join(folder, "one"));
    expect(await bytesOf(chunks)).toHaveLength(2 * CHUNK_BYTES);
    replaced.close();
    write("one", bytes);
    const written = await open(source, "one");
    const broken = written.chunks(0);
    await broken.next();
    fs.truncateSync(join(folder, "one"), CHUNK_BYTES);
    expect((await faultFrom(() => broken.next())).code).toBe("file-changed");
    written.close();
  });
});
