import { expect, test } from "bun:test";
import { SEARCH_RESULTS_MAX } from "../../../../src/base/limits-page.ts";
import { editorOf } from "../../../../src/cli/screen/editor/editor.ts";
import type { ScreenState } from "../../../../src/cli/screen/state/screen-state.ts";
import { textLines } from "../../../../src/cli/screen/view/message-text.ts";
import type { ChatRecord } from "../../../../src/core/client/chat-record.ts";
import { record } from "../../../core/model-scene.ts";
import * as scenes from "./scenes.ts";

const HIT = /\x1b\[1;4m(.*?)\x1b\[m/g; // Without colours, bold and underlined.
const size = { columns: 100, rows: 12 };

function frameOf(text: string, records: readonly ChatRecord[], change: Partial<ScreenState> = {}) {
  const query = { input: text, text };
  const story = scenes.createScene("").message("ben", "the **last** tiger").message("ben", "none");
  const model = story
    .apply({ kind: "open", target: "lobby" })
    .apply({ kind: "search", query }, { kind: "found", query, records, hasMore: false })
    .model();
  const state = scenes.stateOf(change);
  return scenes.frameOf(scenes.propsOf(model, size, { state, depth: "none" }));
}

const hitsOf = (lines: readonly string[]) =>
  [...lines.join("\n").matchAll(HIT)].map(([, text]) => text);

test("a result shows the text around its hit", () => {
  const body = { text: `${"so ".repeat(400)}the \x1b[31mtiger\n${"so ".repeat(400)}` };
  const overlay = { kind: "search", query: editorOf("TIGER"), selectedIndex: 0 } as const;
  const frame = frameOf("TIGER", [record(3, { body })], { overlay });
  const [line = ""] = scenes.plainLines(frame).filter((line) => line.includes(" > "));
  expect(line).toMatch(/#3 {2}.*….*so the ␛\[31mtiger so/);
  expect(frame.lines.join("")).not.toContain("\x1b[31m");
  expect(frame.lines.join("")).toContain("\x1b[1;4;7mtiger"); // Selected lines are inverse.
});

test("the timeline marks hits, and the status line counts the results", () => {
  const found = [record(3), record(2)];
  const frame = frameOf("last tiger", found, { searchIndex: 1 });
  expect(hitsOf(frame.lines)).toEqual(["last", "tiger"]);
  expect(scenes.plainLines(frame).join("\n")).toContain("result 2 of 2");
  expect(hitsOf(frameOf("", found).lines)).toEqual([]);
});

test("lays out only the visible ones of many results", () => {
  const records = Array.from({ length: SEARCH_RESULTS_MAX + 1 }, (_, i) => record(i + 1));
  const overlay = { kind: "search", query: editorOf("x"), selectedIndex: 1_000 } as const;
  const lines = scenes.plainLines(frameOf("x", records, { overlay }));
  expect(lines.join("\n")).toContain(`${SEARCH_RESULTS_MAX}+ found`);
  expect(lines.filter((line) => line.includes(" > "))).toHaveLength(1);
  expect(lines.filter((line) => /#\d+ /.test(line)).length).toBeGreaterThan(5);
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
