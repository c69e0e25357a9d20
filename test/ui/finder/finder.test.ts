import { expect, test } from "bun:test";
import { Finder } from "../../../src/core/finder/finder.ts";
import { fileRows } from "../../../src/ui/finder/files.ts";
import { placeRows } from "../../../src/ui/finder/places.ts";
import { parseFinder, searchOf } from "../../../src/ui/finder/query.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { recordEvent, scene } from "../../core/model-scene.ts";

const FILE = {
  file: "fAAAAAAAAAAA",
  name: "plan of the volcano.pdf",
  size: 1,
  chunks: 1,
  digest: "0a".repeat(32),
};
const file = recordEvent(2, {
  kind: "file",
  from: "mia",
  body: { text: "for tomorrow", files: [FILE] },
} as never);
const { model } = scene(file, { kind: "open", target: "lobby" });

test("offers what calls first, and the open room last", () => {
  const rows = placeRows(model, ENGLISH);
  expect(rows.map(({ kind, target }) => [kind, target])).toEqual([
    ["people", "@ben"],
    ["rooms", "lobby"],
    ["people", "@mia"],
  ]);
  expect(new Finder(rows).find("lob", 5).map(({ id }) => id)).toEqual(["#lobby"]);
});

test("files are found by name, author, room and caption, unless their author is ignored", () => {
  const found = (query: string, of = model) =>
    new Finder(fileRows(of)).find(query, 5).map(({ file }) => file.name);
  for (const query of ["volcano", "pdf", "mia plan", "lobby volcano", "tomorrow", "plan", "vlcn"])
    expect(found(query)).toEqual([FILE.name]);
  expect(found("volcano", { ...model, ignored: new Set(["mia"]) })).toEqual([]);
});

test.each([
  ["@bu", "people", "bu"],
  ["  #lab x", "rooms", "lab x"],
  ["/mute", "commands", "mute"],
  ["?late", "answers", "late"],
  ["plan", undefined, "plan"],
  ["", undefined, ""],
])("%p chooses kinds", (input, kind, text) => {
  const { kinds, ...query } = parseFinder(input);
  expect(kinds?.[0]).toBe(kind as never);
  expect(query).toEqual({ text });
});

test("the server is asked from three letters on, and for filters alone", () => {
  const context = { open: "lobby", nowUnixMs: 0, offsetMinutes: () => 0 } as never;
  const asked = (text: string) => searchOf(text, context) !== undefined;
  for (const text of ["caf", "c a f", "has:file", "from:mia", "ca has:file caf", "ทดสอบ", ".*+(["])
    expect([text, asked(text)]).toEqual([text, text !== ".*+(["]);
  for (const text of [
    "",
    "  ",
    "ca",
    "!!!!",
    "has:fi caf",
    "in: ca",
    "from:ben c",
    "w ".repeat(99),
  ])
    expect([text, asked(text)]).toEqual([text, false]);
  expect(asked("x".repeat(10_000))).toBe(false);
});
