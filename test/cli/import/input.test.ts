import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { Fault } from "../../../src/base/fault.ts";
import {
  IMPORTED_NAME_BYTES_MAX,
  REACTION_BYTES_MAX,
  TEXT_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { EntryList, linesIn } from "../../../src/cli/import/entry.ts";
import { readImport } from "../../../src/cli/import/format.ts";
import { isZip, openZip } from "../../../src/cli/zip.ts";
import { faultFrom } from "../../commands/fake-world.ts";
import { tempFolder } from "../../temp-folder.ts";

const folder = tempFolder();

function at(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const read = (path: string) => readImport(path, { channel: "general", isChannelGiven: false });

test.each([
  ["chat", '\n{"kind":"text","seq":1,"time":"2020-01-01T00:00:00Z","from":"a","text":"x"}\n'],
  [
    "Mattermost",
    '{"type":"version","version":1}\n' +
      '{"type":"post","post":{"channel":"general","user":"a","message":"x","create_at":1}}\n',
  ],
])("recognizes a file of %s by its lines", (format, text) => {
  const parsed = read(at(format, text));
  expect(parsed.format).toBe(format);
  expect(parsed.entries).toHaveLength(1);
  expect(parsed.problems).toEqual([]);
});

test("reads a folder as a Slack export, without following links", () => {
  const message = '[{"type":"message","text":"x","user":"U","ts":"1"}]';
  const day = at("slack/general/2020-09-13.json", message);
  symlinkSync(day, join(dirname(day), "2020-09-14.json"));
  expect(read(join(folder, "slack")).entries).toHaveLength(1);
});

test("refuses an unknown format, and a path that does not exist", async () => {
  at("empty/README", "x");
  const paths = [at("prose", "Dear ana,\n"), at("nothing", ""), join(folder, "empty"), "/no/such"];
  const faults = await Promise.all(paths.map((path) => faultFrom(() => read(path))));
  expect(faults.map(({ code }) => code)).toEqual(["usage", "usage", "usage", "not-found"]);
});

test("numbers lines, and detects Latin-1 line by line", () => {
  const bytes = Buffer.concat([
    Buffer.from("\ufeffcafé\r\n"),
    Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]),
    Buffer.from("\nlast é"),
  ]);
  expect([...linesIn(bytes)]).toEqual([
    { location: "line 1", text: "café", isLatin1: false },
    { location: "line 2", text: "café", isLatin1: true },
    { location: "line 3", text: "", isLatin1: false },
    { location: "line 4", text: "last é", isLatin1: false },
  ]);
});

const good = { location: "line 1", from: "ana", timeUnixMs: 1, kind: "text", text: "hi" } as const;
const react = {
  location: "line 1",
  from: "ana",
  timeUnixMs: 1,
  kind: "reaction",
  re: "1",
} as const;

test("reports entries that do not fit a post", () => {
  const longest = [
    good,
    { ...good, from: "x".repeat(IMPORTED_NAME_BYTES_MAX) },
    { ...good, text: "x".repeat(TEXT_BYTES_MAX) },
    { ...react, react: "x".repeat(REACTION_BYTES_MAX) },
  ];
  const wrong = [
    { ...good, from: "" },
    { ...good, from: "x".repeat(IMPORTED_NAME_BYTES_MAX + 1) },
    { ...good, timeUnixMs: Number.NaN },
    { ...good, timeUnixMs: -1 },
    { ...good, timeUnixMs: 1e17 },
    { ...good, text: "" },
    { ...good, text: "x".repeat(TEXT_BYTES_MAX + 1) },
    { ...react, react: "" },
    { ...react, react: "x".repeat(REACTION_BYTES_MAX + 1) },
  ];
  const list = new EntryList();
  for (const entry of [...longest, ...wrong]) list.add(entry);
  expect(list.entries).toEqual(longest);
  expect(list.problems).toHaveLength(wrong.length);
});

function zip(files: Readonly<Record<string, string>>, comment = ""): Uint8Array {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const packed = text === "stored" ? content : deflateRawSync(content);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(text === "stored" ? 0 : 8, 4);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), shared, Buffer.from(name), packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    const made = Buffer.from([20, 0]);
    list.push(Buffer.concat([Buffer.from("PK\x01\x02"), made, shared, place, Buffer.from(name)]));
    parts.push(local);
    at += local.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(list.length, 8);
  end.writeUInt16LE(list.length, 10);
  end.writeUInt32LE(Buffer.concat(list).length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, ...list, end, Buffer.from(comment)]);
}

const FILES = { "a/é.json": "hello ".repeat(100), "b.json": "stored", empty: "" };

test("reads packed and stored files, also with a comment", () => {
  for (const comment of ["", "made by hand"]) {
    const bytes = zip(FILES, comment);
    expect(isZip(bytes)).toBe(true);
    const tree = openZip(bytes);
    expect([...tree.entries.keys()]).toEqual(Object.keys(FILES));
    for (const [path, text] of Object.entries(FILES)) {
      expect(new TextDecoder().decode(tree.read(path))).toBe(text);
    }
    expect(() => tree.read("none")).toThrow("none");
  }
  expect(isZip(Buffer.from("PK"))).toBe(false);
});

test("unpacks at most the declared size", () => {
  const bytes = zip({ a: "x".repeat(1_000_000) });
  for (const mark of ["PK\x01\x02", "PK\x03\x04"]) {
    const at = Buffer.from(bytes).indexOf(mark, 0, "latin1") + (mark.includes("\x01") ? 24 : 22);
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, 10, true);
  }
  expect(() => openZip(bytes).read("a")).toThrow(Fault);
});
