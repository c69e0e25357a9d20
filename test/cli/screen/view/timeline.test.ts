import { expect, test } from "bun:test";
import {
  FOLDED_LINES_HIDDEN_MIN,
  FOLDED_LINES_VISIBLE,
} from "../../../../src/base/limits-screen.ts";
import { screenTexts } from "../../../../src/cli/screen/text/texts.ts";
import { Palette } from "../../../../src/cli/screen/view/palette.ts";
import { TimelineCache, type TimelineOptions } from "../../../../src/cli/screen/view/timeline.ts";
import { NOBODY } from "../../../../src/core/model/people.ts";
import { RowBuilder } from "../../../../src/core/model/rows.ts";
import { timesIn } from "../../../../src/ui/text/times.ts";
import * as scenes from "./scenes.ts";

const texts = screenTexts("en");
const rowOptions = {
  columns: 60,
  texts,
  times: timesIn(texts),
  me: "ana",
  people: NOBODY,
  displayNames: new Map<string, string>(),
  isOnline: true,
  fetchKey: undefined,
  foldKey: undefined,
};
const palette = new Palette("dark", {}, "none");

function optionsOf(count: number, change: Partial<TimelineOptions> = {}): TimelineOptions {
  const story = scenes.createScene();
  for (let i = 1; i <= count; i++) {
    const text = i % 3 === 0 ? `m${i}.\nsecond.` : `m${i}.`;
    story.message(i % 2 === 0 ? "ben" : "cleo", text);
  }
  const model = story.apply({ kind: "open", target: "lobby" }).model();
  const rows = new RowBuilder().rowsOf(model, () => 0);
  const { transfers } = model;
  const nothing = { scroll: undefined, selected: undefined, unfolded: new Set<string>() };
  const line = { newMessages: undefined, hasRail: false };
  return { rows, rowOptions, palette, transfers, height: 6, ...nothing, ...line, ...change };
}

function visibleText(options: TimelineOptions, cache = new TimelineCache()): string {
  const { lines } = cache.layOut(options);
  expect(lines).toHaveLength(options.height);
  return (lines.join("\n").match(/m\d+|second/g) ?? []).join(" ");
}

test("puts the newest messages at the bottom", () => {
  expect(visibleText(optionsOf(50))).toBe("m45 second m46 m47 m48 second m49 m50".slice(11));
  const few = new TimelineCache().layOut(optionsOf(1, { height: 8 }));
  expect(few.lines.slice(0, 5).every((line) => line.trim() === "")).toBe(true);
  expect(few.isAtTop).toBe(true);
});

test("keeps the anchored row at the bottom edge", () => {
  const at = (key: string, below: number) => optionsOf(50, { scroll: { key, below }, height: 4 });
  expect(visibleText(at("i30", 0))).toBe("m28 m29 m30 second");
  expect(visibleText(at("i30", 1))).toBe("m27 second m28 m29 m30".slice(4));
  const { rowsBelow, visible: visibleRows } = new TimelineCache().layOut(at("i30", 1));
  expect(rowsBelow).toBe(21);
  expect(visibleRows.at(-1)).toMatchObject({ from: 0, to: 1 });
  expect(new TimelineCache().layOut(at("i50", 0)).rowsBelow).toBe(0);
});

test.each([
  ["a notice", { body: { text: "m1 passed", notice: true } }, "m1 passed (notice)"],
  ["an author's new key", { body: { text: "m1 passed" }, hasNewKey: true }, "m1 passed (new key)"],
] as const)("marks %s after the text", (_, change, expected) => {
  const story = scenes.createScene().record({ kind: "text", from: "ben", ...change });
  const model = story.apply({ kind: "open", target: "lobby" }).model();
  const options = optionsOf(0, { rows: new RowBuilder().rowsOf(model, () => 0) });
  const { lines } = new TimelineCache().layOut(options);
  expect(lines.join("\n")).toContain(expected);
});

const numbered = (lines: number) =>
  Array.from({ length: lines }, (_, i) => `line ${i + 1}`).join("\n");

function longText(text: string, change: Partial<TimelineOptions> = {}, edited?: string) {
  const story = scenes.createScene().message("ben", text);
  if (edited !== undefined) {
    story.record({ kind: "edit", from: "ben", body: { seq: 1, text: edited } });
  }
  const model = story.apply({ kind: "open", target: "lobby" }).model();
  const rows = new RowBuilder().rowsOf(model, () => 0);
  const options = optionsOf(0, { rows, rowOptions: { ...rowOptions, foldKey: "F" }, ...change });
  const cache = new TimelineCache();
  return {
    cache,
    parts: options,
    height: cache.heightOf(options, "i1"),
    folds: cache.foldsOf(options, "i1"),
  };
}

test("folds a long text after its first lines", () => {
  const linesMax = FOLDED_LINES_VISIBLE + FOLDED_LINES_HIDDEN_MIN;
  expect(longText(numbered(linesMax - 1))).toMatchObject({ height: linesMax - 1, folds: 0 });
  const folded = longText(numbered(linesMax), { height: 30 });
  expect(folded).toMatchObject({
    height: FOLDED_LINES_VISIBLE + 1,
    folds: FOLDED_LINES_HIDDEN_MIN - 1,
  });
  const { lines } = folded.cache.layOut(folded.parts);
  expect(lines.at(-2)?.trim()).toEndWith(`line ${FOLDED_LINES_VISIBLE}`);
  expect(lines.at(-1)).toContain(`… ${FOLDED_LINES_HIDDEN_MIN} more lines · F shows all`);
  const unfolded = longText(numbered(linesMax), { unfolded: new Set(["i1"]) });
  expect(unfolded).toMatchObject({ height: linesMax, folds: FOLDED_LINES_HIDDEN_MIN - 1 });
});

test("names the author in the top line of a run of messages", () => {
  const story = scenes.createScene();
  for (let i = 1; i <= 30; i++) story.message("cleo", i % 3 === 0 ? `m${i}.\nsecond.` : `m${i}.`);
  const model = story.apply({ kind: "open", target: "lobby" }).model();
  const rows = new RowBuilder().rowsOf(model, () => 0);
  for (const columns of [60, 40]) {
    for (const [row, below] of [[20, 0] as const, [21, 0] as const, [21, 1] as const]) {
      const scroll = { key: `i${row}`, below };
      const options = optionsOf(1, { rows, rowOptions: { ...rowOptions, columns }, scroll });
      const [top = "", ...otherLines] = scenes.plainLines(new TimelineCache().layOut(options));
      expect(top).toMatch(/^05:46 +cleo/);
      expect(otherLines.join("")).not.toContain("cleo");
      const lines = [top, ...otherLines].filter((line) => /m\d|second/.test(line));
      expect(lines).toHaveLength(columns === 60 ? 6 : 5);
    }
  }
});

test("names the author of an event as at messages: by a display name that is not too wide", () => {
  const story = scenes.createScene();
  story.record({ kind: "topic", from: "ben", body: { topic: "test" } });
  story.message("ben", "hello");
  const model = story.apply({ kind: "open", target: "lobby" }).model();
  const rows = new RowBuilder().rowsOf(model, () => 0);
  const text = (name: string) => {
    const displayNames = new Map([["ben", name]]);
    const options = { ...optionsOf(0), rows, rowOptions: { ...rowOptions, displayNames } };
    return Bun.stripANSI(new TimelineCache().layOut(options).lines.join("\n"));
  };
  expect(text("Bén Ruíz")).toMatch(
    /Bén Ruíz set the topic: test\s+─+ New messages ─+\s+05:46 +Bén Ruíz │ hello/,
  );
  expect(text("Bén Ruíz de la Luz")).toMatch(
    / ben set the topic: test\s+─+ New messages ─+\s+05:46 +ben │ hello/,
  );
});

test("shows joins and departures on one line that fits, and all of them unfolded", () => {
  const story = scenes.createScene();
  story.message("ben", "hello");
  for (let i = 0; i < 141; i++) story.record({ kind: "join", from: `pupil${i}`, body: {} });
  for (let i = 0; i < 12; i++) story.record({ kind: "leave", from: `other${i}`, body: {} });
  const joined = (names: readonly string[]) => {
    for (const from of names) story.record({ kind: "join", from, body: {} });
  };
  story.message("ben", "one");
  joined(["ayu", "budi", "citra", "dewi", "elif"]);
  story.message("ben", "two");
  joined(["fay"]);
  story.record({ kind: "leave", from: "fay", body: {} });
  const model = story.apply({ kind: "open", target: "lobby" }).model();
  const rows = new RowBuilder().rowsOf(model, () => 0);
  const cache = new TimelineCache();
  const events = (columns: number, unfolded: readonly string[] = [], isNarrow = false) => {
    const options = optionsOf(columns);
    const rowsOptions = { ...rowOptions, columns, isNarrow };
    const all = { ...options, rows, unfolded: new Set(unfolded), rowOptions: rowsOptions };
    const { lines } = cache.layOut({ ...all, scroll: undefined, height: 400 });
    const texts = lines.map((line) => Bun.stripANSI(line).trimEnd());
    return texts.filter((line) => line.includes("-->") || line.includes("<--"));
  };
  expect(events(62).map((line) => line.slice(5).trim())).toEqual([
    "--> │ 141 people joined, 12 left",
    "--> │ ayu, budi and 3 others joined",
  ]);
  expect(events(50, [], true).map((line) => line.slice(5).trim())).toEqual([
    "--> │ +141 −12",
    "--> │ ayu, budi and 3 others joined",
  ]);
  expect(events(40).map((line) => line.slice(5).trim())).toEqual([
    "--> 141 people joined, 12 left",
    "--> ayu, budi and 3 others joined",
  ]);
  expect(events(38).at(-1)?.slice(5).trim()).toBe("--> ayu and 4 others joined");
  expect(events(20)).toEqual(["--> +141 −12", "--> 5 people joined"]);
  const { key = "" } =
    rows.rows.find((row) => row.kind === "item" && row.earlier.length > 100) ?? {};
  const unfolded = events(62, [key]);
  expect(unfolded.length).toBe(154);
  expect([unfolded[0]?.slice(5).trim(), unfolded[152]?.slice(5).trim()]).toEqual([
    "--> │ pupil0 joined",
    "<-- │ other11 left",
  ]);
});
