import { describe, expect, test } from "bun:test";
import { openFinder } from "../../../../src/cli/screen/input/finder.ts";
import type { Hit } from "../../../../src/cli/screen/state/screen-state.ts";
import { FrameComposer, type ViewProps } from "../../../../src/cli/screen/view/composition.ts";
import { updateAll } from "../../../../src/core/model/update.ts";
import { Screen } from "../input/scene.ts";
import * as scenes from "./scenes.ts";

const SIZE = { columns: 120, rows: 40 };

function viewOf(props: ViewProps) {
  const composer = new FrameComposer();
  const { frame, layout } = composer.compose(props);
  const lines = scenes.plainLines(frame);
  const positionOf = (text: string): [number, number] => {
    const row = lines.findIndex((line) => line.includes(text));
    if (row < 0) throw new Error(`${text} is not shown`);
    return [Bun.stringWidth(lines[row]?.split(text)[0] ?? ""), row];
  };
  const at = (text: string): Hit | undefined => layout.hitAt(...positionOf(text));
  return { lines, layout, place: positionOf, at };
}

const conversation = scenes.conversation().model();
const props = (change: Partial<ViewProps> = {}) => scenes.propsOf(conversation, SIZE, change);

describe("a click", () => {
  test("opens a room or person", () => {
    const { at, layout, place } = viewOf(props());
    expect(at("#dev")).toEqual({ kind: "rooms", target: "dev" });
    expect(at("#a-room-with")).toEqual({ kind: "rooms", target: "a-room-with-a-long-name" });
    expect(at("○cleo")).toEqual({ kind: "rooms", target: "@cleo" });
    const [column, row] = place("#lobby");
    const all = Array.from({ length: 9 }, (_, i) => layout.hitAt(column, row + i));
    expect(all.map((hit) => hit?.kind === "rooms" && hit.target)).toContain(undefined);
  });

  test("opens a member by the full name", () => {
    const { at } = viewOf(props({ state: scenes.stateOf({ showsMembers: true }) }));
    expect(at("●@ben")).toEqual({ kind: "members", name: "ben" });
    expect(at("somebody-")).toMatchObject({ name: "somebody-with-a-very-long-name-1" });
    expect(at("People")).toEqual({ kind: "members", name: undefined });
  });

  test("opens a member of a room on a wide screen, which has no list beside a conversation", () => {
    const memberAt = (columns: number, from = conversation) => {
      const { layout, lines } = viewOf(scenes.propsOf(from, { ...SIZE, columns }));
      const row = lines.findIndex((line) => line.includes(" People "));
      return row < 0 ? undefined : layout.hitAt(columns - 1, row)?.kind;
    };
    const direct = updateAll(conversation, [{ kind: "open", target: "@cleo" }]).model;
    expect([memberAt(139), memberAt(140), memberAt(140, direct)]).toEqual([
      undefined,
      "members",
      undefined,
    ]);
  });

  test("hits a message, its file or its link", () => {
    const { at } = viewOf(props());
    const nothing = { kind: "timeline", clickAction: undefined, link: undefined };
    expect(at("and this one was")).toEqual({ ...nothing, key: "i21" } as Hit);
    const plan = scenes.fileEntry("floor plan, final.pdf").file;
    const fetched = { ...nothing, key: "i15", clickAction: "fetch", file: plan };
    expect(at("floor plan")).toEqual(fetched as Hit);
    expect(at("https://example.org/rota")).toEqual({
      kind: "timeline",
      key: "i17",
      clickAction: undefined,
      link: "https://example.org/rota?week=47&who=ana",
    });
    expect(at("Which day is")).toEqual({ ...nothing, key: "i17" } as Hit);
    expect(at("on my way")).toEqual({ ...nothing, key: "pk1" } as Hit);
  });

  test("chooses a list entry", () => {
    const query = { text: "", cursor: 0 } as never;
    const found = ["one", "two", "three"];
    const overlay = { kind: "typed" as const, query, selectedIndex: 1, found };
    const { layout, lines } = viewOf(props({ state: scenes.stateOf({ overlay }) }));
    const row = lines.findIndex((line) => line.includes("> two"));
    const hits = [-3, -2, -1, 0, 1].map((by) => layout.hitAt(60, row + by));
    expect(hits[0]).toMatchObject({ kind: "timeline" });
    expect(hits.slice(1)).toEqual([
      { kind: "overlay", choice: undefined, isHeading: true },
      { kind: "overlay", choice: 0, isHeading: false },
      { kind: "overlay", choice: 1, isHeading: false },
      { kind: "overlay", choice: 2, isHeading: false },
    ]);
  });

  test("chooses a row of the finder, and sets the cursor in its field", () => {
    const { model } = props();
    const { context } = new Screen(model);
    const { state } = openFinder(scenes.stateOf({}), { text: "#" }, context);
    const { layout, lines } = viewOf(props({ state }));
    const row = lines.findIndex((line) => /^.{3}#dev/.test(line));
    const choice = lines.slice(2).findIndex((line) => /^.{3}#dev/.test(line));
    expect(layout.hitAt(60, row)).toEqual({ kind: "overlay", choice, isHeading: false });
    expect(layout.hitAt(8, 0)).toEqual({ kind: "input", at: 1 });
    expect(layout.hitAt(3, SIZE.rows - 1)).toBeUndefined();
  });

  test("sets the cursor in the input", () => {
    const text = "wide 日本 and\nsecond";
    const editor = { ...scenes.stateOf({}).editor, text, cursor: text.length };
    const { layout } = viewOf(props({ state: scenes.stateOf({ editor }) }));
    const index = (column: number, row: number) => {
      const hit = layout.hitAt(column, SIZE.rows - 2 + row);
      return hit?.kind === "input" ? hit.at : undefined;
    };
    const prompt = "#lobby> ".length;
    expect([0, prompt, prompt + 5, prompt + 6, prompt + 7].map((at) => index(at, 0))).toEqual([
      0, 0, 5, 5, 6,
    ]);
    expect(index(119, 0)).toBe(text.indexOf("\n"));
    expect([0, prompt + 3, 119].map((at) => index(at, 1))).toEqual([12, 15, text.length]);
  });
});
