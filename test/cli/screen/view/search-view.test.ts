import { expect, test } from "bun:test";
import { SEARCH_RESULTS_MAX } from "../../../../src/base/limits-page.ts";
import { openFinder } from "../../../../src/cli/screen/input/finder.ts";
import type { ScreenState } from "../../../../src/cli/screen/state/screen-state.ts";
import { textLines } from "../../../../src/cli/screen/view/message-text.ts";
import type { ChatRecord } from "../../../../src/core/client/chat-record.ts";
import type { Model } from "../../../../src/core/model/state.ts";
import { record } from "../../../core/model-scene.ts";
import { Screen } from "../input/scene.ts";
import * as scenes from "./scenes.ts";

const HIT = /\x1b\[1;4m(.*?)\x1b\[m/g; // Without colours, bold and underlined.
const size = { columns: 100, rows: 16 };

function modelWith(text: string, records: readonly ChatRecord[]): Model {
  const query = { input: text, text, words: [text.toLowerCase()] };
  const story = scenes.createScene("").message("ben", "the **last** tiger").message("ben", "none");
  return story
    .apply({ kind: "open", target: "lobby" })
    .apply({ kind: "search", query }, { kind: "found", query, records, hasMore: false })
    .model();
}

function frameOf(model: Model, state: ScreenState) {
  return scenes.frameOf(scenes.propsOf(model, size, { state, depth: "none" }));
}

function finding(text: string, records: readonly ChatRecord[], isSearch = true) {
  const model = modelWith(text, records);
  const { context } = new Screen(model);
  const { state } = openFinder(scenes.stateOf({}), { text, isSearch }, context);
  return frameOf(model, state);
}

const hitsOf = (lines: readonly string[]) =>
  [...lines.join("\n").matchAll(HIT)].map(([, text]) => text);

test("a result shows the text around its hit", () => {
  const body = { text: `${"so ".repeat(400)}the \x1b[31mtiger\n${"so ".repeat(400)}` };
  const frame = finding("TIGER", [record(90, { body })]);
  const lines = scenes.plainLines(frame);
  const at = lines.findIndex((line) => line.includes("▸"));
  expect(lines[at]).toContain("ben");
  expect(lines.join("\n")).toMatch(/….*so the ␛\[31mtiger so/);
  expect(frame.lines.join("")).not.toContain("\x1b[31m");
});

test("the timeline marks hits while the user walks through the results", () => {
  const model = modelWith("last tiger", []);
  const search = model.search?.query;
  const messages = [{ target: "lobby", seq: 1 }];
  const walk = { part: { kind: "results" as const, messages, search }, at: 0 };
  expect(hitsOf(frameOf(model, scenes.stateOf({ walk })).lines)).toEqual(["last", "tiger"]);
  const frame = frameOf(model, scenes.stateOf({ walk, highlighted: 1 }));
  expect(scenes.plainLines(frame).at(-1)).toMatch(/^Results 1 of 1 › n next {2}p previous/);
  expect(hitsOf(frameOf(model, scenes.stateOf({})).lines)).toEqual([]);
});

test("lists the visible ones of many results, and their number", () => {
  const records = Array.from({ length: SEARCH_RESULTS_MAX + 1 }, (_, i) =>
    record(i + 50, { body: { text: `xyz ${i}` } }),
  );
  const lines = scenes.plainLines(finding("xyz", records));
  expect(lines[1]).toContain("Messages 500+");
  expect(lines.filter((line) => line.includes("▸"))).toHaveLength(1);
  expect(lines).toHaveLength(size.rows);
});

test("marks a hit in any part of a message", () => {
  const marked = (text: string, hit: string) =>
    textLines({ text, mentions: [], me: "ana", mark: [{ text: " (edited)" }], hit }, 20)
      .map((line) => line.map(({ text, role }) => (role === "hit" ? `[${text}]` : text)).join(""))
      .join("/");
  expect(marked("a *bold word* here", '"old WORD h"')).toBe("a b[old word][ h]ere/(edited)");
  expect(marked("- one\n> two\n```\nthree\n```", "t")).toBe("• one/▌ [t]wo/  [t]hree/ (edited)");
  expect(marked("long enough for two lines", "two for")).toBe(
    "long enough [for] [two]/lines (edited)",
  );
  expect(marked("nothing", "edited")).toBe("nothing (edited)");
});

test("shows name and time above each message if messages are not grouped", () => {
  const props = scenes.propsOf(
    scenes
      .createScene("")
      .message("ben", "a")
      .message("ben", "b")
      .apply({ kind: "open", target: "lobby" })
      .model(),
    size,
  );
  const rowsWith = (groupMessages: boolean) =>
    scenes
      .plainLines(scenes.frameOf({ ...props, settings: { ...props.settings, groupMessages } }))
      .filter((line) => / [ab]$/.test(line.trimEnd()));
  expect(rowsWith(true).map((line) => /ben|·/.exec(line)?.[0])).toEqual(["ben", "·"]);
  expect(rowsWith(false).map((line) => /ben|·/.exec(line)?.[0])).toEqual(["ben", "ben"]);
});
