import { expect, test } from "bun:test";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import {
  IMPORTED_NAME_BYTES_MAX,
  REACTION_BYTES_MAX,
  TEXT_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { finishSteps } from "../../../src/base/steps.ts";
import { EntryList, linesIn } from "../../../src/cli/import/entry.ts";
import { readImport as stepsOf } from "../../../src/cli/import/format.ts";
import { pipeBytes } from "../../../src/cli/import/source.ts";
import { isZip, openZip } from "../../../src/cli/zip.ts";
import { faultFrom } from "../../commands/fake-world.ts";
import { until } from "../../event.ts";
import { tempFolder } from "../../temp-folder.ts";
import { zip } from "./zip.ts";

const folder = tempFolder();

function at(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const readImport = (...args: Parameters<typeof stepsOf>) => finishSteps(stepsOf(...args));
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

test("follows no link in a folder, and names those that lead out of it", () => {
  const message = '[{"type":"message","text":"x","user":"U","ts":"1"}]';
  const day = at("slack/general/2020-09-13.json", message);
  const outside = at("outside/2020-09-15.json", message);
  const link = (name: string, target: string) => symlinkSync(target, join(folder, "slack", name));
  link("general/2020-09-14.json", day);
  link("general/2020-09-15.json", outside);
  link("general/2020-09-16.json", "/no/such");
  link("random", dirname(outside));
  link("README", "/etc/hostname");
  const { entries, skippedKinds } = read(join(folder, "slack"));
  expect(entries).toHaveLength(1);
  const links = skippedKinds.map(({ reason, count, isLost }) => [reason, count, isLost]);
  expect(links).toEqual([
    ["link to a file of the folder", 2, false],
    ["link, which is not followed", 3, true],
  ]);
});

test("refuses an unknown format, and a path that does not exist", async () => {
  at("empty/README", "x");
  const paths = [at("prose", "Dear ana,\n"), at("nothing", ""), join(folder, "empty"), "/no/such"];
  const faults = await Promise.all(paths.map((path) => faultFrom(() => read(path))));
  expect(faults.map(({ code }) => code)).toEqual(["usage", "usage", "usage", "not-found"]);
});

test("numbers lines, and detects those that are not UTF-8", () => {
  const bytes = Buffer.concat([
    Buffer.from("\ufeffcafé\r\n"),
    Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]),
    Buffer.from("\nlast é"),
  ]);
  expect([...linesIn(bytes)]).toEqual([
    { location: "line 1", text: "café", isUtf8: true },
    { location: "line 2", text: "caf\ufffd", isUtf8: false },
    { location: "line 3", text: "", isUtf8: true },
    { location: "line 4", text: "last é", isUtf8: true },
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

const FILES = { "a/é.json": "hello ".repeat(100), "b.json": "stored", empty: "" };

test("reads packed and stored files, also with a comment", () => {
  for (const comment of ["", "made by hand"]) {
    const bytes = zip(FILES, { comment });
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

const DAY = '[{"type":"message","text":"größe","user":"U","ts":"1"}]';
const BULK =
  '{"type":"version","version":1}\n{"type":"post","post":' +
  '{"team":"t","channel":"general","user":"a","message":"größe","create_at":1}}\n';
const DISCORD = JSON.stringify({
  guild: { id: "1", name: "Lab" },
  channel: { id: "2", type: "GuildTextChat", name: "general" },
  messages: [
    { id: "3", type: "Default", timestamp: "2026-01-05T10:00:00+00:00", content: "größe" },
  ].map((message) => ({ ...message, author: { id: "4", name: "ana" } })),
});
const RECORD =
  '{"kind":"text","seq":1,"time":"2020-01-01T00:00:00Z","room":"general",' +
  '"from":"a","text":"größe"}\n';

const TREES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Slack: { "general/2026-01-06.json": DAY, "users.json": "[]" },
  Mattermost: { "import.jsonl": BULK, "data/20260106/2026-01-06.json": "[]" },
  Discord: { "Lab - general [2].json": DISCORD },
  chat: { "general.ndjson": RECORD, "other.ndjson": RECORD.replace("general", "other") },
};

test.each(Object.entries(TREES))("reads a folder and a zip of %s", (format, files) => {
  for (const [path, text] of Object.entries(files)) at(`${format}-folder/${path}`, text);
  const above = Object.fromEntries(
    Object.entries(files).map(([path, text]) => [`Lab export/${path}`, text]),
  );
  const paths = [
    join(folder, `${format}-folder`),
    at(`${format}.zip`, zip(files)),
    at(`${format}-above.zip`, zip(above)),
  ];
  for (const path of paths) {
    const parsed = read(path);
    expect([parsed.format, parsed.problems]).toEqual([format, []]);
    expect(parsed.entries).toMatchObject([{ text: "größe" }]);
  }
});

test("reads a zip from a pipe", async () => {
  const pipe = join(folder, "pipe");
  const path = at("piped.zip", zip(TREES["Slack"] ?? {}));
  const writer = Bun.spawn(["sh", "-c", 'mkfifo "$1" && cat "$2" > "$1"', "sh", pipe, path]);
  await until("the pipe exists", () => existsSync(pipe));
  const piped = await pipeBytes(pipe);
  const options = { channel: "general", isChannelGiven: false };
  expect(readImport(pipe, options, piped).entries).toHaveLength(1);
  expect(await writer.exited).toBe(0);
});

test("refuses logs of IRC clients with the lines that it takes instead", async () => {
  const logs = {
    "irssi.log": "--- Log opened Mon Jan 05 09:00:00 2026\n09:01 <@ben> hello\n",
    "#chat.weechatlog": "2026-11-21 05:46:33\tben\thello\n",
    "znc/libera/#chat/2026-01-06.log": "[09:01:00] <ben> hello again\n",
  };
  const paths = Object.entries(logs).map(([name, text]) => at(name, text));
  for (const path of [...paths, join(folder, "znc"), at("logs.zip", zip(logs))]) {
    const fault = await faultFrom(() => read(path));
    expect(fault.code).toBe("usage");
    expect(fault.message).toContain('{"kind":"text","time":');
  }
});

test("imports JSON lines that state only kind, time, author and text", () => {
  const line = '{"kind":"text","time":"2026-01-31T18:05:00Z","from":"ana","text":"hi"}\n';
  const { entries, problems } = read(at("made.ndjson", line + line));
  expect(problems).toEqual([]);
  expect(entries.map(({ from }) => from)).toEqual(["ana", "ana"]);
});

const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");

test.each([
  ["UTF-8 with a mark", (text: string) => Buffer.from(`\ufeff${text}`)],
  ["UTF-16, little-endian", utf16],
  ["UTF-16, big-endian", (text: string) => utf16(text).swap16()],
  ["UTF-16 without a mark", (text: string) => Buffer.from(text, "utf16le")],
])("reads structured exports in %s", (name, encode) => {
  const paths = [
    at(`${name}/a.jsonl`, encode(BULK)),
    at(`${name}/a.json`, encode(DISCORD)),
    at(`${name}/a.ndjson`, encode(RECORD)),
  ];
  at(`${name}/slack/general/2026-01-06.json`, encode(DAY));
  for (const path of [...paths, join(folder, name, "slack")]) {
    expect(read(path).entries).toMatchObject([{ text: "größe" }]);
  }
});

test("reads exports in steps, between which a signal is noticed", () => {
  const posts = BULK + BULK.split("\n").slice(1).join("\n").repeat(50);
  const paths = [
    at("steps/slack/general/2026-01-06.json", `[${Array(50).fill(DAY.slice(1, -1)).join()}]`),
    at("steps/a.jsonl", posts),
    at("steps/a.ndjson", RECORD.repeat(50)),
  ];
  for (const path of paths) {
    const from = path.includes("slack") ? join(folder, "steps/slack") : path;
    const steps = [...stepsOf(from, { channel: "general", isChannelGiven: false })];
    expect(steps.length).toBeGreaterThan(50);
  }
});

test("names a file that is not Unicode", async () => {
  const latin1 = (text: string) => Buffer.from(text, "latin1");
  at("latin1/general/2026-01-06.json", latin1(DAY));
  expect((await faultFrom(() => read(join(folder, "latin1")))).message).toContain(
    "2026-01-06.json",
  );
  expect(read(at("latin1.jsonl", latin1(BULK))).problems).toEqual([
    { location: "line 2", reason: "not text in UTF-8" },
  ]);
  expect(read(at("latin1.ndjson", latin1(RECORD))).problems).toHaveLength(1);
});

test("refuses JSON that is nested too deeply, and a Discord file without its end", () => {
  const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const post = (depth: number) => BULK.replace('"user"', `"props":{"x":${nested(depth)}},"user"`);
  expect(read(at("deep.jsonl", post(60))).problems).toEqual([]);
  for (const depth of [62, 100_000]) {
    expect(read(at("deeper.jsonl", post(depth))).problems).toMatchObject([{ location: "line 2" }]);
  }
  const cut = read(at("cut.json", DISCORD.slice(0, -20)));
  expect(cut.problems).toMatchObject([{ location: "cut.json" }]);
});

test.each([
  ["a path outside", { ...TREES["Slack"], "../../x.json": "[]" }, {}, "'../../x.json'"],
  ["an absolute path", { ...TREES["Slack"], "/x.json": "[]" }, {}, "'/x.json'"],
  ["a drive", { ...TREES["Slack"], "C:\\x.json": "[]" }, {}, "C:"],
  ["a control character", { ...TREES["Slack"], "a\u0007.json": "[]" }, {}, "contains the path"],
  ["encryption", TREES["Slack"] ?? {}, { flags: 1 }, "is encrypted"],
  ["a missing end of Zip64", TREES["Slack"] ?? {}, { count: 0xffff }, "damaged list"],
  ["too many files", TREES["Slack"] ?? {}, { count: 200_001, isZip64: true }, "too many files"],
  ["a list that is cut", TREES["Slack"] ?? {}, { count: 9, isZip64: true }, "damaged list"],
  ["files that overlap", TREES["Slack"] ?? {}, { packedBytes: 5_000 }, "files that overlap"],
  ["a wrong number of files", TREES["Slack"] ?? {}, { count: 1 }, "more files than it declares"],
  ["a wrong checksum", TREES["Slack"] ?? {}, { crc: 5 }, "damaged file"],
  ["a wrong size", TREES["Slack"] ?? {}, { sizeBytes: 300_000 }, "damaged file"],
  ["a bomb", TREES["Slack"] ?? {}, { sizeBytes: 20_000_000 }, "unpacks from"],
])("refuses a zip with %s", async (name, files, changes, message) => {
  const path = at(`hostile ${name}.zip`, zip(files, changes));
  const fault = await faultFrom(() => read(path));
  expect([fault.code, fault.message]).toEqual([
    "folder-malformed",
    expect.stringContaining(message),
  ]);
});

test("refuses a zip that unpacks to more than 4 GiB", async () => {
  const days = Array.from({ length: 20 }, (_, day) => [`general/2026-01-${10 + day}.json`, DAY]);
  const path = at("bomb.zip", zip(Object.fromEntries(days), { sizeBytes: 250_000_000 }));
  expect((await faultFrom(() => read(path))).message).toContain("unpacks to more than");
});

test("reads a zip in the format Zip64", () => {
  const path = at("zip64.zip", zip(TREES["Slack"] ?? {}, { isZip64: true, comment: "large" }));
  expect(read(path).entries).toEqual(read(at("zip.zip", zip(TREES["Slack"] ?? {}))).entries);
});

test("reads a zip with more files than a list without Zip64 has", () => {
  const files = Array.from({ length: 66_000 }, (_, index) => [`files/${index}.png`, "stored"]);
  const path = at("many.zip", zip({ ...Object.fromEntries(files), ...TREES["Slack"] }, MANY));
  expect(read(path).entries).toHaveLength(
    read(at("few.zip", zip(TREES["Slack"] ?? {}))).entries.length,
  );
});

const MANY = { isZip64: true };

test("refuses a zip with two files of one path", async () => {
  const bytes = Buffer.from(zip({ "a/2026-01-06.json": DAY, "b/2026-01-06.json": DAY }));
  for (let at = bytes.indexOf("b/2026"); at >= 0; at = bytes.indexOf("b/2026"))
    bytes.write("a", at);
  const fault = await faultFrom(() => read(at("twice.zip", bytes)));
  expect(fault.message).toContain("two files named 'a/2026-01-06.json'");
});

test("decodes paths in code page 437", () => {
  const bytes = Buffer.from(zip({ "zufaellig/2026-01-06.json": DAY }));
  for (let at = bytes.indexOf("ae"); at >= 0; at = bytes.indexOf("ae"))
    bytes.write("\x84x", at, "latin1");
  const options = { channel: "zufäxllig", isChannelGiven: true };
  expect(readImport(at("cp437.zip", bytes), options).entries).toHaveLength(1);
});
