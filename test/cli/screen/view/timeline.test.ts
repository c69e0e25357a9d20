import { expect, test } from "bun:test";
import { TEXT_LINES_HIDDEN_MIN, TEXT_LINES_SHOWN } from "../../../../src/base/limits-screen.ts";
import { faceTexts } from "../../../../src/cli/screen/text/faces.ts";
import { Palette } from "../../../../src/cli/screen/view/palette.ts";
import { TimelineCache, type TimelineParts } from "../../../../src/cli/screen/view/timeline.ts";
import { RowMaker } from "../../../../src/core/model/rows.ts";
import { timesIn } from "../../../../src/web/text/times.ts";
import * as scenes from "./scenes.ts";

const texts = faceTexts("en");
const look = {
  ...{ columns: 60, texts, times: timesIn(texts), me: "ana", isOnline: true },
  fetchKey: undefined,
  foldKey: undefined,
};
const palette = new Palette("dark", {}, "none");

/** Messages of one line each, but every third of two. */
function partsOf(count: number, change: Partial<TimelineParts> = {}): TimelineParts {
  const story = scenes.begun();
  for (let i = 1; i <= count; i++) {
    const text = i % 3 === 0 ? `m${i}.\nsecond.` : `m${i}.`;
    story.says(i % 2 === 0 ? "ben" : "cleo", text);
  }
  const model = story.tell({ kind: "open", target: "lobby" }).model();
  const rows = new RowMaker().rowsOf(model, () => 0);
  const { transfers } = model;
  const nothing = { scroll: undefined, selected: undefined, unfolded: new Set<string>() };
  return { rows, look, palette, transfers, height: 6, ...nothing, ...change };
}

function seenWords(parts: TimelineParts, cache = new TimelineCache()): string {
  const { lines } = cache.layOut(parts);
  expect(lines).toHaveLength(parts.height);
  return (lines.join("\n").match(/m\d+|second/g) ?? []).join(" ");
}

test("the newest stand at the bottom, and few are not spread over the page", () => {
  expect(seenWords(partsOf(50))).toBe("m45 second m46 m47 m48 second m49 m50".slice(11));
  const few = new TimelineCache().layOut(partsOf(1, { height: 8 }));
  expect(few.lines.slice(0, 5).every((line) => line.trim() === "")).toBe(true);
  expect(few.isAtTop).toBe(true);
});

test("an anchor keeps its row at the bottom edge, with lines of it below", () => {
  const at = (key: string, below: number) => partsOf(50, { scroll: { key, below }, height: 4 });
  expect(seenWords(at("i30", 0))).toBe("m28 m29 m30 second");
  expect(seenWords(at("i30", 1))).toBe("m27 second m28 m29 m30".slice(4));
  const { rowsBelow, seen } = new TimelineCache().layOut(at("i30", 1));
  expect(rowsBelow).toBe(21);
  expect(seen.at(-1)).toMatchObject({ from: 0, to: 1 });
  expect(new TimelineCache().layOut(at("i50", 0)).rowsBelow).toBe(0);
});

test("a page stays full beyond the first row, and an anchor that is gone is the newest", () => {
  const top = partsOf(50, { scroll: { key: "i1", below: 0 } });
  expect(seenWords(top)).toBe("m1 m2 m3 second");
  expect(new TimelineCache().layOut(top).isAtTop).toBe(true);
  expect(seenWords(partsOf(9, { scroll: { key: "i99", below: 0 }, height: 2 }))).toBe("m9 second");
});

test("rows tell how high they are, by whatever order they are asked in", () => {
  const cache = new TimelineCache();
  const parts = partsOf(12);
  expect(["i3", "i4", "i5", "i6", "i1", "i12"].map((key) => cache.heightOf(parts, key))).toEqual([
    2, 1, 1, 2, 1, 2,
  ]);
  expect(cache.heightOf(parts, "i99")).toBe(0);
});

test("no row is laid out but those that are seen", () => {
  const parts = partsOf(500);
  const seen = new Set<string>();
  const rows = parts.rows.rows.map(
    (row) =>
      new Proxy(row, {
        get: (target, name) => {
          if (name === "item") seen.add(target.key);
          return Reflect.get(target, name);
        },
      }),
  );
  new TimelineCache().layOut({ ...parts, rows: { ...parts.rows, rows } });
  expect(seen.size).toBeLessThan(8);
});

test("the first day is not shown while what comes before it is missing", () => {
  const parts = partsOf(2, { height: 9 });
  const shown = (hasOlder: boolean) =>
    new TimelineCache().layOut({ ...parts, rows: { ...parts.rows, hasOlder } }).lines.join("\n");
  expect(shown(false)).toContain("2016");
  expect(shown(true)).not.toContain("2016");
});

const numbered = (lines: number) =>
  Array.from({ length: lines }, (_, i) => `line ${i + 1}`).join("\n");

function longText(text: string, change: Partial<TimelineParts> = {}, edited?: string) {
  const story = scenes.begun().says("ben", text);
  if (edited !== undefined) {
    story.record({ kind: "edit", from: "ben", body: { seq: 1, text: edited } });
  }
  const model = story.tell({ kind: "open", target: "lobby" }).model();
  const rows = new RowMaker().rowsOf(model, () => 0);
  const parts = partsOf(0, { rows, look: { ...look, foldKey: "F" }, ...change });
  const cache = new TimelineCache();
  return { cache, parts, height: cache.heightOf(parts, "i1"), folds: cache.foldsOf(parts, "i1") };
}

test("a long text shows its beginning, and how much more there is", () => {
  const most = TEXT_LINES_SHOWN + TEXT_LINES_HIDDEN_MIN;
  expect(longText(numbered(most - 1))).toMatchObject({ height: most - 1, folds: 0 });
  const folded = longText(numbered(most), { height: 30 });
  expect(folded).toMatchObject({
    height: TEXT_LINES_SHOWN + 1,
    folds: TEXT_LINES_HIDDEN_MIN - 1,
  });
  const { lines } = folded.cache.layOut(folded.parts);
  expect(lines.at(-2)?.trim()).toEndWith(`line ${TEXT_LINES_SHOWN}`);
  expect(lines.at(-1)).toContain(`… ${TEXT_LINES_HIDDEN_MIN} more lines · F shows all`);
  const whole = longText(numbered(most), { unfolded: new Set(["i1"]) });
  expect(whole).toMatchObject({ height: most, folds: TEXT_LINES_HIDDEN_MIN - 1 });
});

test("what is pinned says so behind its words, and a file behind its size", () => {
  const file = { file: "fabcdefghijk", name: "a.txt", size: 5, chunks: 1, digest: "0".repeat(64) };
  const pin = (seq: number) => ({ kind: "pin", from: "ben", body: { seq, on: true } }) as const;
  const story = scenes.begun().says("ben", "look");
  story.record({ kind: "file", from: "ben", body: file });
  story.record(pin(1)).record(pin(2));
  const model = story.tell({ kind: "open", target: "lobby" }).model();
  const parts = partsOf(0, { rows: new RowMaker().rowsOf(model, () => 0), height: 9 });
  const { lines } = new TimelineCache().layOut(parts);
  expect(lines.join("\n")).toContain("look (pinned)");
  expect(lines.join("\n")).toContain("  5 B (pinned)");
});

test("the rest of a long text says that it was edited, and fits a narrow screen", () => {
  const { cache, parts } = longText("short", { height: 30 }, numbered(200));
  expect(cache.layOut(parts).lines.at(-1)).toContain("180 more lines · F shows all (edited)");
  for (const columns of [2, 5, 12, 24]) {
    const narrow = { ...parts, look: { ...parts.look, columns } };
    for (const line of cache.layOut(narrow).lines) expect(Bun.stringWidth(line)).toBe(columns);
  }
});

test("a text of 64 KB is laid out once, and its beginning alone is kept", () => {
  const text = "some words of a text ".repeat(3_100);
  const { cache, parts, height } = longText(text, { height: 40 });
  expect(height).toBe(TEXT_LINES_SHOWN + 1);
  const row = parts.rows.rows.at(-1);
  if (row?.kind !== "item") throw new Error("no item");
  let read = 0;
  const item = { ...row.item };
  const get = () => {
    read += 1;
    return text;
  };
  Object.defineProperty(item, "text", { get });
  const rows = [{ ...row, item }];
  const watched = { ...parts, rows: { ...parts.rows, rows } };
  for (let i = 0; i < 5; i++) cache.layOut(watched);
  expect(read).toBe(1);
});

test.each([60, 40])(
  "the uppermost message of a run names its author, %i columns wide",
  (columns) => {
    const story = scenes.begun();
    for (let i = 1; i <= 30; i++) story.says("cleo", i % 3 === 0 ? `m${i}.\nsecond.` : `m${i}.`);
    const rows = new RowMaker().rowsOf(
      story.tell({ kind: "open", target: "lobby" }).model(),
      () => 0,
    );
    const at = (key: string, below: number) => {
      const parts = partsOf(1, { rows, look: { ...look, columns }, scroll: { key, below } });
      return scenes.plainLines(new TimelineCache().layOut(parts));
    };
    for (const [key, below] of [
      ["i20", 0],
      ["i21", 0],
      ["i21", 1],
      ["i30", 0],
    ] as const) {
      const [top = "", ...others] = at(key, below);
      expect(top).toMatch(/^05:46 +cleo/);
      expect(others.join("")).not.toContain("cleo");
      const hidden = columns === 60 ? 0 : 1;
      expect([top, ...others].filter((line) => /m\d|second/.test(line))).toHaveLength(6 - hidden);
    }
  },
);
