import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { FileId } from "../../../src/base/ids.ts";
import { type DisplayBody, displayBody } from "../../../src/cli/output/records.ts";
import {
  type DisplayRecord,
  displayFileJson,
  displayFiles,
  renderJson,
  renderRecord,
  renderTable,
  type Style,
} from "../../../src/cli/output/render.ts";
import type { EventKind } from "../../../src/core/client/event-facts.ts";
import { MESSAGE_KINDS } from "../../../src/wire/kinds.ts";
import { ANY_CHARACTER } from "../../any-character.ts";
import { eventBody } from "./event-body.ts";

const TIME = Date.parse("2026-11-20T05:46:33.123Z");
const base = { seq: 12, timeUnixMs: TIME, destination: { room: "lobby" }, from: "ana" } as const;
const ID = "fAAAAAAAAAAA" as FileId;
const FILE = { id: ID, name: "a.txt", sizeBytes: 3, digest: "", chunks: 1 };
const hi: DisplayRecord = { ...base, kind: "text", text: "hi" };
const style = (format: Style["format"], more: Partial<Style> = {}): Style => ({
  format,
  color: false,
  offsetMinutes: () => 60,
  me: "ana",
  stamp: "date",
  ...more,
});

test("expands tabs on a terminal only", () => {
  const code = { ...hi, text: "if x:\n\treturn\n漢\tb" };
  const output = renderRecord(code, style("text", { stamp: "clock" }));
  expect(output).toEndWith("ana: if x:\n  |     return\n  | 漢  b\n");
  expect(renderRecord(code, style("tsv"))).toContain("if x:\\n\\treturn");
});

test("reports withheld messages before the next one", () => {
  const next: DisplayRecord = { ...hi, withheld: 2 };
  expect(renderRecord(next, style("text", { stamp: "clock" }))).toBe(
    "06:46 #12 lobby * 2 messages from ana withheld\n06:46 #12 lobby ana: hi\n",
  );
  const [first = ""] = renderRecord(next, style("tsv")).split("\n");
  expect(first).toEndWith("ana\t2 messages from ana withheld");
  expect(JSON.parse(renderRecord(next, style("json")))).toMatchObject({ withheld: 2, text: "hi" });
});

test("marks an author whose key is new", () => {
  const marked: DisplayRecord = { ...hi, newKey: true };
  expect(renderRecord(marked, style("text", { stamp: "clock" }))).toBe(
    "06:46 #12 lobby ana (new key): hi\n",
  );
  expect(renderRecord(marked, style("tsv")).split("\t")[2]).toBe("ana (new key)");
  expect(JSON.parse(renderRecord(marked, style("json")))).toMatchObject({ newKey: true });
});

test("shows the display names of authors and affected people", () => {
  const nameOf = (account: string) => (account === "ana" ? "Ana Ruíz" : account.toUpperCase());
  const options = { stamp: "clock", nameOf } as const;
  const line = (body: DisplayBody) => renderRecord({ ...base, ...body }, style("text", options));
  expect(line({ kind: "text", text: "hi" })).toEndWith("lobby Ana Ruíz: hi\n");
  expect(line(eventBody("join"))).toEndWith("* Ana Ruíz joined\n");
  expect(line(eventBody("kick", { name: "ben" }))).toEndWith("* Ana Ruíz removed BEN\n");
  const invited = eventBody("admission", { name: "cleo", on: true });
  expect(line(invited)).toEndWith("* Ana Ruíz invited CLEO\n");
  const renamed = eventBody("rename", { was: "carl", name: "ana", user: "u" });
  expect(line(renamed)).toContain("carl to ana\n");
  const from = { from: "ana", time: "2019-05-01T10:00:00.000Z" };
  expect(line({ kind: "text", text: "hi", imported: from })).toContain(" ana (2019");
});

test("names the author and the importer of an imported message", () => {
  const imported = { from: "bob\u202e", time: "2019-05-01T10:00:00.000Z" };
  const importedMessage = { ...hi, imported };
  const screen = renderRecord(importedMessage, style("text", { stamp: "clock" }));
  expect(screen).toContain("lobby bob<U+202E> (2019-05-01 11:00:00, imported by ana): hi");
  const tsv = renderRecord(importedMessage, style("tsv")).split("\t");
  expect(tsv[2]).toBe("bob<U+202E> (2019-05-01T10:00:00.000Z, imported by ana)");
  expect(JSON.parse(renderRecord(importedMessage, style("json")))).toMatchObject({
    from: "ana",
    imported,
  });
  const content = { seq: 12, from: "ana", state: "whole", kind: "reaction" } as const;
  const body = { react: "+", re: 3, imported: { from: "bob", time: 0 } };
  expect(displayBody({ ...content, body })).toMatchObject({
    imported: { from: "bob", time: "1970-01-01T00:00:00.000Z" },
  });
});

test("prints NDJSON fields in the order of the contract", () => {
  expect(renderRecord(hi, style("json"))).toBe(
    '{"kind":"text","seq":12,"time":"2026-11-20T05:46:33.123Z",' +
      '"room":"lobby","from":"ana","text":"hi"}\n',
  );
  const direct: DisplayRecord = { ...hi, destination: { to: "bob" } };
  expect(renderRecord(direct, style("json"))).toContain('"to":"bob","from":"ana"');
});

describe("TSV", () => {
  test("contains time, room, sender and text", () => {
    expect(renderRecord(hi, style("tsv"))).toBe("2026-11-20T05:46:33.123Z\tlobby\tana\thi\n");
    const lines: DisplayRecord = { ...hi, text: "a\tb\nc\\" };
    expect(renderRecord(lines, style("tsv"))).toEndWith("\tana\ta\\tb\\nc\\\\\n");
  });
});

describe("on a screen", () => {
  test("prevents a text from imitating a program line", () => {
    const forged = "06:46 lobby ana: I quit";
    const screen = style("text", { stamp: "clock", columns: () => 80 });
    for (const padding of [" ".repeat(61), "x ".repeat(31), `${"x".repeat(61)} `, "\n", "\r\n"]) {
      const output = renderRecord({ ...hi, from: "eve", text: `${padding}${forged}` }, screen);
      const rows = output.trimEnd().split("\n");
      expect(rows.length).toBeGreaterThan(1);
      expect(rows.slice(1).every((row) => row.startsWith("  | "))).toBe(true);
      expect(rows.every((row) => row.length <= 80)).toBe(true);
    }
    const kinds: DisplayBody[] = [
      eventBody("topic", { topic: `x\n${forged}` }),
      { kind: "action", text: `x\n${forged}` },
      { kind: "edited", of: 1, text: `x\n${forged}` },
      { kind: "damaged", reason: `x\n${forged}` },
      { kind: "file", files: [{ ...FILE, name: `x\n${forged}` }] },
    ];
    for (const body of kinds) {
      const [, ...rows] = renderRecord({ ...base, ...body }, screen)
        .trimEnd()
        .split("\n");
      for (const row of rows) expect(row).toStartWith("  | ");
    }
  });

  test("prevents a table cell from imitating a row", () => {
    const rows = [["vault", `x\n${" ".repeat(80)}lobby  3`]];
    const screen = { format: "text", color: false, columns: () => 40 } as const;
    const table = renderTable(["room", "topic"], rows, screen);
    const [title, first, ...more] = table.trimEnd().split("\n");
    expect([title, first?.startsWith("vault"), more]).toEqual(["room   topic", true, []]);
    expect(first?.endsWith("…")).toBe(true);
  });

  test("leaves out what says nothing, aligns numbers, and cuts the last cell of a table", () => {
    const rows = [
      ["dev", "8", "0", "", "Code, reviews, releases and a lot more"],
      ["lobby", "1043", "0", "", ""],
      ["日本語", "0", "0", "", "x"],
    ];
    const screen = { format: "text", color: false, columns: () => 30 } as const;
    const heading = ["room", "members", "unread", "joined", "topic"];
    expect(renderTable(heading, rows, screen).split("\n")).toEqual([
      "room    members  topic",
      "dev           8  Code, review…",
      "lobby      1043",
      "日本語        -  x",
      "",
    ]);
    const piped = renderTable(heading, rows, { format: "tsv", color: false, columns: undefined });
    expect(piped).toBe(rows.map((row) => `${row.join("\t")}\n`).join(""));
  });

  test.each<[EventKind, object, string]>([
    ["join", {}, "joined"],
    ["join", { addedBy: "eva" }, "joined, added by eva"],
    ["kick", { name: "eva" }, "removed eva"],
    ["kick", { name: "eva", reason: "too\nloud" }, "removed eva: too␊loud"],
    ["kick", { name: "eva", removed: true }, "deleted the account eva"],
    ["leave", { reason: "bye" }, "left: bye"],
    ["admission", { name: "eva", on: true }, "invited eva"],
    ["admission", { name: "eva", on: false }, "withdrew eva's invitation"],
    ["topic", { topic: "*tea*" }, "set the topic: *tea*"],
    ["topic", { topic: "" }, "removed the topic"],
    ["rename", { was: "bo", name: "bob", user: "b" }, "renamed bo to bob"],
    ["rename", { was: "lab", name: "den" }, "renamed the room lab to den"],
    ["close", { on: true }, "made this room read-only"],
    ["retention", {}, "turned off automatic deletion"],
    ["retention", { keepMs: 60_000 }, "set messages to be deleted after 1 min"],
    ["receipts", { on: false }, "turned off read receipts"],
    ["pin", { seq: 7, on: true }, "pinned a message from bob (#7)"],
    ["pin", { seq: 8, on: false }, "unpinned a message (#8)"],
    ["mute", { name: "eva", on: true }, "muted eva"],
    ["mute", { name: "eva", on: true, until: TIME }, "muted eva until 2026-11-20 06:46:33"],
    ["grant", { name: "eva", on: false }, "removed eva as moderator"],
    ["group", { epoch: 0 }, "turned on end-to-end encryption"],
    ["group", { added: [{ user: "Ana" }] }, "added a device"],
    [
      "group",
      { added: [{ user: "bo" }, { user: "eva" }], removed: [{}] },
      "added bo, eva's devices",
    ],
    ["group", { removed: [["u", "d"]] }, "removed devices"],
    ["group", {}, "renewed the encryption keys"],
  ])("%s %j", (kind, body, text) => {
    const authorOf = (seq: number) => (seq === 7 ? "bob" : undefined);
    const record = { ...base, ...eventBody(kind, { ...body }) };
    expect(renderRecord(record, style("text", { authorOf }))).toBe(
      `2026-11-20 06:46:33 lobby * ana ${text}\n`,
    );
  });

  test.each<[DisplayBody, string]>([
    [{ kind: "action", text: "waves\nx" }, "* ana waves␊x"],
    [{ kind: "room" }, "* ana created the room"],
    [{ kind: "remove" }, "* ana removed the room"],
    [{ kind: "erased" }, "* ana (deleted)"],
    [{ kind: "erased", expired: true }, "* ana (expired)"],
    [{ kind: "erased-files", files: ["fA"] }, "* ana deleted a file of #12"],
    [{ kind: "edited", of: 3, text: "ho" }, "* ana edited #3: ho"],
    [{ kind: "text", text: "built\nok", notice: true }, "ana (notice): built\n  | ok"],
    [{ kind: "text", text: "yes", notice: true, re: 8 }, "ana (notice): ↪ #8: yes"],
    [{ kind: "text", text: "yes", re: 7 }, "ana: ↪ bob: yes"],
    [{ kind: "text", text: "yes", re: 8 }, "ana: ↪ #8: yes"],
    [{ kind: "text", text: "yes", re: 7, thread: true }, "ana: ↪ thread #7: yes"],
    [
      { kind: "file", files: [FILE], re: 7, thread: true },
      "* ana ↪ thread #7: sent a.txt (3 B); id: fAAAAAAAAAAA",
    ],
    [{ kind: "file", files: [FILE], re: 7 }, "* ana ↪ bob: sent a.txt (3 B); id: fAAAAAAAAAAA"],
    [{ kind: "reaction", re: 7, react: "👍" }, "* ana reacted 👍 to bob"],
    [{ kind: "reaction", react: "?" }, "* ana reacted ? to #?"],
  ])("%j", (body, text) => {
    const record = { ...base, ...body } as DisplayRecord;
    const authorOf = (seq: number) => (seq === 7 ? "bob" : undefined);
    expect(renderRecord(record, style("text", { authorOf }))).toBe(
      `2026-11-20 06:46:33${MESSAGE_KINDS.has(body.kind) ? " #12" : ""} lobby ${text}\n`,
    );
  });

  test("highlights mentions of the user", () => {
    const called = "\x1b[1;7m@ana\x1b[22;27m";
    const record: DisplayRecord = { ...hi, text: "@ana @anatol @bob", mentions: ["Ana"] };
    const colored = style("text", { color: true });
    expect(renderRecord(record, colored)).toContain(`${called} @anatol @bob`);
    expect(renderRecord(record, style("text"))).not.toContain("\x1b");
    const unmeant: DisplayRecord = { ...hi, text: "@ana" };
    expect(renderRecord(unmeant, style("text", { color: true }))).not.toContain(called);
    const bobStyle = style("text", { color: true, me: "bob" });
    expect(renderRecord(record, bobStyle)).not.toContain(called);
  });
});

test("prints any text as one line of TSV or JSON, and without controls on a terminal", () =>
  fc.assert(
    fc.property(
      fc.string({ unit: ANY_CHARACTER }),
      fc.string({ unit: ANY_CHARACTER }),
      (text, from) => {
        const record: DisplayRecord = { ...hi, text, from };
        expect(renderRecord(record, style("json")).split("\n")).toHaveLength(2);
        expect(renderRecord(record, style("tsv")).split("\n")).toHaveLength(2);
        expect(renderRecord(record, style("tsv")).split("\t")).toHaveLength(4);
        expect(renderRecord(record, style("text"))).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
      },
    ),
  ));

describe("a file", () => {
  const about = { ...FILE, name: "photo.jpg", sizeBytes: 2_100_000, digest: "ab", chunks: 9 };
  const sent: DisplayRecord = { ...base, kind: "file", files: [about] };
  const other = { ...about, id: "fBBBBBBBBBBB" as FileId, name: "b.txt", sizeBytes: 3 };
  const folder = (entries: number) => ({ ...sent, files: [{ ...about, folder: { entries } }] });

  test("prints NDJSON fields in the order of the contract", () => {
    const details = { durationMs: 5, mode: 0o644 };
    const album = { ...sent, re: 3, files: [about, { ...other, details }] };
    const facts = '"name":"photo.jpg","sizeBytes":2100000,"digest":"ab","chunks":9';
    expect(renderRecord(folder(3), style("json"))).toBe(
      '{"kind":"file","seq":12,"time":"2026-11-20T05:46:33.123Z","room":"lobby","from":"ana",' +
        `"files":[{"id":"fAAAAAAAAAAA",${facts},"folder":{"entries":3}}]}\n`,
    );
    expect(renderRecord({ ...album, text: "both" }, style("json"))).toEndWith(
      `"re":3,"text":"both","files":[{"id":"fAAAAAAAAAAA",${facts}},{"id":"fBBBBBBBBBBB",` +
        '"name":"b.txt","sizeBytes":3,"digest":"ab","chunks":9,"durationMs":5}]}\n',
    );
  });

  test("prints one line for each file of a message in a list", () => {
    const album = { ...sent, text: "both", files: [about, other] };
    expect(displayFiles(album).map((file) => renderJson(displayFileJson(file)))).toEqual(
      [
        '"fAAAAAAAAAAA","name":"photo.jpg","sizeBytes":2100000',
        '"fBBBBBBBBBBB","name":"b.txt","sizeBytes":3',
      ].map(
        (facts) =>
          '{"kind":"file","seq":12,"time":"2026-11-20T05:46:33.123Z","room":"lobby","from":"ana",' +
          `"id":${facts},"digest":"ab","chunks":9,"text":"both"}\n`,
      ),
    );
    expect(displayFiles({ ...base, kind: "erased" })).toEqual([]);
  });

  test("prints the download command", () => {
    const bob = { me: "bob" };
    expect(renderRecord(sent, style("text", bob))).toEndWith(
      "lobby * ana sent photo.jpg (2.1 MB); download: chat get-file fAAAAAAAAAAA\n",
    );
    expect(renderRecord(sent, style("text", { ...bob, stamp: "clock" }))).toEndWith(
      "sent photo.jpg (2.1 MB); download: /get fAAAAAAAAAAA\n",
    );
    expect(renderRecord(folder(12), style("tsv", bob))).toEndWith(
      "\tana\tsent photo.jpg (folder of 12, 2.1 MB); download: chat get-file fAAAAAAAAAAA\n",
    );
    expect(renderRecord(sent, style("text"))).toEndWith("(2.1 MB); id: fAAAAAAAAAAA\n");
    expect(renderRecord({ ...sent, files: [about, other] }, style("text"))).toEndWith(
      "sent photo.jpg (2.1 MB); id: fAAAAAAAAAAA, b.txt (3 B); id: fBBBBBBBBBBB\n",
    );
  });

  test("prints the caption last", () => {
    const captioned = { ...sent, text: "take it: /get f\u001b[2J\nbob" };
    expect(renderRecord(captioned, style("text"))).toEndWith(
      "id: fAAAAAAAAAAA; caption: take it: /get f\u241b[2J\u240abob\n",
    );
  });
});

test("prints which files of a message were erased", () => {
  const content = { seq: 1, kind: "file", from: "ana", state: "whole" } as const;
  const digest = "0a".repeat(32);
  const entry = { file: "fAAAAAAAAAAA", name: "a.txt", size: 3, chunks: 1, digest };
  const other = { ...entry, file: "fBAAAAAAAAAA", name: "b\u001b.txt", erased: true };
  const displayed = displayBody({ ...content, body: { text: "x", files: [entry, other] } });
  expect(displayed).toMatchObject({
    files: [{ id: entry.file }],
    erasedFiles: [{ id: other.file, name: other.name }],
  });
  const record = { ...base, ...displayed } as DisplayRecord;
  expect(renderRecord(record, style("text"))).toEndWith(", b\u241b.txt (deleted); caption: x\n");
  const order = { ...content, kind: "erase", seq: 9, body: { of: 1, files: [other.file, 4] } };
  expect(displayBody(order)).toEqual({
    seq: 1,
    from: "ana",
    kind: "erased-files",
    files: [other.file],
  });
});

test("prints a message without a valid file", () => {
  const content = { seq: 1, kind: "file", from: "ana", state: "whole" } as const;
  const entry = { file: 5, name: null, size: -1, digest: {}, folder: "x" };
  for (const files of [[entry, null, 7], "x", undefined]) {
    const displayed = displayBody({ ...content, body: { text: [], files } });
    expect(displayed).toEqual({ seq: 1, from: "ana", kind: "file", files: [] });
    const record = { ...base, ...displayed } as DisplayRecord;
    expect(renderRecord(record, style("text"))).toEndWith("* ana sent a file\n");
  }
  expect(displayBody({ ...content, state: "erased", body: undefined }).kind).toBe("erased");
});

test("says of erased records whether they have expired", () => {
  const content = { seq: 1, kind: "file", from: "ana", state: "erased", body: undefined } as const;
  expect(displayBody(content)).not.toHaveProperty("expired");
  const expired = { seq: 1, from: "ana", kind: "erased", expired: true } as const;
  expect(displayBody({ ...content, hasExpired: true })).toEqual(expired);
  const order = { ...content, kind: "erase", state: "whole" } as const;
  expect(displayBody({ ...order, body: { seq: 1 } })).not.toHaveProperty("expired");
  expect(displayBody({ ...order, body: { seq: 1, retention: true } })).toEqual({
    ...expired,
    from: "server",
  });
});

function shown(kind: string, body: Readonly<Record<string, unknown>>) {
  const content = { seq: 1, from: "ana", state: "whole", kind, body } as const;
  const { seq: _seq, from: _from, ...rest } = displayBody(content);
  return rest;
}

test("ignores malformed fields of other programs", () => {
  const odd = { text: 7, re: "3", react: null, mentions: ["ana", 4, null] };
  expect(shown("text", odd)).toEqual({ kind: "text", text: "", mentions: ["ana"] });
  expect(shown("text", { ...odd, notice: 1 })).not.toContainKey("notice");
  expect(shown("action", { ...odd, notice: true })).not.toContainKey("notice");
  expect(shown("text", { ...odd, notice: true })).toMatchObject({ notice: true });
  expect(shown("reaction", odd)).toEqual({ kind: "reaction", react: "" });
  expect(shown("action", {})).toEqual({ kind: "action", text: "" });
  const half = shown("text", { text: "x", mentions: "ana", re: 1.5 });
  expect(half).toEqual({ kind: "text", text: "x" });
});
