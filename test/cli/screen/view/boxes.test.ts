import { expect, test } from "bun:test";
import type { RoomId } from "../../../../src/base/ids.ts";
import { editorOf } from "../../../../src/cli/screen/editor/editor.ts";
import { screenTexts } from "../../../../src/cli/screen/text/texts.ts";
import { placesToRead, roomColumn } from "../../../../src/cli/screen/view/panels.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import { foldedList } from "../../../../src/core/model/folded-boxes.ts";
import type { Model } from "../../../../src/core/model/state.ts";
import { updateAll } from "../../../../src/core/model/update.ts";
import * as scenes from "./scenes.ts";

const texts = screenTexts("en");
const ids = ["essay", "essay@adi", "essay@budi", "essay@citra"];

/** A moderator's rooms, with the work of three people in the assignment essay. */
function lesson(open: string): Model {
  const named = (name: string, unread: number): ModelEvent => {
    const room = `r${ids.indexOf(name)}` as RoomId;
    const counts = { n: 9, skipped: 0, read: 9 - unread, unread, calls: [] };
    return { kind: "room", room, name, ...counts };
  };
  const work = [named("essay@adi", 3), named("essay@budi", 2), named("essay@citra", 0)];
  const events: ModelEvent[] = [named("essay", 0), ...work, { kind: "open", target: open }];
  return updateAll(scenes.createScene().model(), events).model;
}

function rowsOf(model: Model, columns = 18): readonly string[] {
  const { lines, targets } = roomColumn(model, texts, [], columns, 30, undefined);
  const rows = lines.map((line) => line.map(({ text }) => text).join(""));
  return rows.filter((_, row) => targets[row]?.startsWith("essay") === true);
}

test("boxes are one row, with the number of people whose work is new", () => {
  expect(rowsOf(lesson("dev"))).toEqual([expect.stringMatching(/^\d #essay {2,}2 new $/)]);
  expect(rowsOf(lesson("dev"), 15)).toEqual([expect.stringMatching(/^\d #essay {1,}2 new $/)]);
  expect(rowsOf(lesson("essay@adi"))).toEqual([
    expect.stringMatching(/^\d #essay {2,}1 new $/),
    expect.stringMatching(/^\d #essay@adi/),
  ]);
});

test("boxes stay places to read on, and have no numbers", () => {
  const model = lesson("dev");
  const numbered = foldedList(model).rooms.map(({ target }) => target);
  expect(numbered.filter((target) => target.startsWith("essay"))).toEqual(["essay"]);
  const next = placesToRead(model, []).map(({ target }) => target);
  expect(next).toEqual(expect.arrayContaining(["essay@adi", "essay@budi"]));
});

test("the status line names the assignment once", () => {
  const statusOf = (open: string) => {
    const state = scenes.stateOf({ editor: editorOf("a draft") });
    const props = scenes.propsOf(lesson(open), { columns: 120, rows: 30 }, { state });
    return scenes.plainLines(scenes.frameOf(props)).at(-2) ?? "";
  };
  expect(statusOf("dev")).toMatch(/8 unread in .*#essay(?!@)/);
  expect(statusOf("essay")).toMatch(/20 unread in #dev, #essay, /);
  expect(statusOf("essay@adi")).toMatch(/17 unread in #dev, #essay, /);
});
