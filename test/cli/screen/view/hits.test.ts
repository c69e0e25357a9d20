import { describe, expect, test } from "bun:test";
import type { Hit } from "../../../../src/cli/screen/state/hit.ts";
import { Composer, type ViewProps } from "../../../../src/cli/screen/view/composition.ts";
import * as scenes from "./scenes.ts";

const SIZE = { columns: 120, rows: 40 };

/** What stands in each place, beside what a reader sees there. */
function looked(props: ViewProps) {
  const composer = new Composer();
  const { regions, layout } = composer.compose(props);
  const { header, body, notices, status, input } = regions;
  const lines = scenes.plainLines({ lines: [...header, ...body, ...notices, ...status, ...input] });
  /** Where these words begin. */
  const place = (words: string): [number, number] => {
    const row = lines.findIndex((line) => line.includes(words));
    if (row < 0) throw new Error(`${words} is not shown`);
    return [Bun.stringWidth(lines[row]?.split(words)[0] ?? ""), row];
  };
  const at = (words: string): Hit | undefined => layout.hitAt(...place(words));
  return { lines, layout, place, at };
}

const conversation = scenes.conversation().model();
const props = (change: Partial<ViewProps> = {}) => scenes.propsOf(conversation, SIZE, change);

describe("what stands there", () => {
  test("rooms and people in the list, and nothing between them", () => {
    const { at, layout, place } = looked(props());
    expect(at("#dev")).toEqual({ kind: "rooms", target: "dev" });
    expect(at("#a-room-with")).toEqual({ kind: "rooms", target: "a-room-with-a-long-name" });
    expect(at("○cleo")).toEqual({ kind: "rooms", target: "@cleo" });
    const [column, row] = place("#lobby");
    const all = Array.from({ length: 9 }, (_, i) => layout.hitAt(column, row + i));
    expect(all.map((hit) => hit?.kind === "rooms" && hit.target)).toContain(undefined);
  });

  test("members, by their whole names", () => {
    const { at } = looked(props({ state: scenes.stateOf({ showsMembers: true }) }));
    expect(at("●@ben")).toEqual({ kind: "members", name: "ben" });
    expect(at("somebody-")).toEqual({
      kind: "members",
      name: "somebody-with-a-very-long-name-1",
    });
    expect(at("People")).toEqual({ kind: "members", name: undefined });
  });

  test("in a conversation, both", () => {
    const model = scenes.begun().tell({ kind: "open", target: "@ben" }).model();
    const state = scenes.stateOf({ showsMembers: true });
    const { at } = looked(scenes.propsOf(model, SIZE, { state }));
    expect(at("People 2")).toEqual({ kind: "members", name: undefined });
    expect(at("● ben")).toEqual({ kind: "members", name: "ben" });
    expect(at("ana you")).toEqual({ kind: "members", name: "ana" });
    const stranger = scenes.begun().tell({ kind: "open", target: "@zoe" }).model();
    expect(looked(scenes.propsOf(stranger, SIZE, { state })).at("○ zoe")).toMatchObject({
      name: "zoe",
    });
  });

  test("messages, with their files and links", () => {
    const { at } = looked(props());
    const nothing = { kind: "timeline", does: undefined, link: undefined };
    expect(at("and this one was")).toEqual({ ...nothing, key: "i21" } as Hit);
    expect(at("floor plan")).toEqual({ ...nothing, key: "i15", does: "fetch" } as Hit);
    expect(at("https://example.org/rota")).toEqual({
      ...{ kind: "timeline", key: "i17", does: undefined },
      link: "https://example.org/rota?week=47&who=ana",
    });
    expect(at("Which day is")).toEqual({ ...nothing, key: "i17" } as Hit);
    expect(at("on my way")).toEqual({ ...nothing, key: "pk1" } as Hit);
  });

  test("the rest of a long text", () => {
    const text = Array.from({ length: 90 }, (_, i) => `line ${i}`).join("\n");
    const model = scenes.begun().says("ben", text).tell({ kind: "open", target: "lobby" }).model();
    const { at, layout } = looked(scenes.propsOf(model, SIZE));
    expect(at("… 70 more lines")).toMatchObject({ key: "i1", does: "unfold" });
    expect(layout.foldsOf("i1")).toBe(69);
  });

  test("behind wide letters", () => {
    const model = scenes
      .begun()
      .says("ben", "今日はいい天気 https://example.org/x 散歩")
      .tell({ kind: "open", target: "lobby" })
      .model();
    const { place, layout } = looked(scenes.propsOf(model, SIZE));
    const [from, row] = place("https");
    const linked = (column: number) => {
      const hit = layout.hitAt(column, row);
      return hit?.kind === "timeline" && hit.link !== undefined;
    };
    expect([from - 1, from, from + 20, from + 21].map(linked)).toEqual([false, true, true, false]);
  });

  test("what a list offers, below its heading", () => {
    const query = { text: "", cursor: 0 } as never;
    const choices = ["#lobby", "#dev", "@ben"].map((text) => ({ text, hint: "" }));
    const found = choices.map(({ text }) => text);
    const overlay = { kind: "switcher" as const, query, at: 1, found };
    const { layout, lines } = looked(props({ choices, state: scenes.stateOf({ overlay }) }));
    const row = lines.findIndex((line) => line.includes("> #dev"));
    const hits = [-3, -2, -1, 0, 1].map((by) => layout.hitAt(60, row + by));
    expect(hits[0]).toMatchObject({ kind: "timeline" });
    expect(hits.slice(1)).toEqual([
      { kind: "overlay", choice: undefined, isHeading: true },
      { kind: "overlay", choice: 0, isHeading: false },
      { kind: "overlay", choice: 1, isHeading: false },
      { kind: "overlay", choice: 2, isHeading: false },
    ]);
  });

  test("in one line alone, what is chosen, without a heading", () => {
    const entries = ["reply", "copy"].map((label) => ({ command: "copy", chord: "c", label }));
    const overlay = { kind: "menu", at: 1, entries } as never;
    const choices = ["reply", "copy"].map((text) => ({ text, hint: "" }));
    const size = { columns: 20, rows: 4 };
    const { layout, lines } = looked(props({ choices, size, state: scenes.stateOf({ overlay }) }));
    const row = lines.findIndex((line) => line.includes("> copy"));
    expect(layout.hitAt(5, row)).toEqual({ kind: "overlay", choice: 1, isHeading: false });
  });

  test("the text that is typed, by the letter", () => {
    const text = "wide 日本 and\nsecond";
    const editor = { ...scenes.stateOf({}).editor, text, cursor: text.length };
    const { layout } = looked(props({ state: scenes.stateOf({ editor }) }));
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

  test("stars stand for letters, also such as are long", () => {
    const answer = { ...scenes.stateOf({}).editor, text: "a👍🏽b", cursor: 6 };
    const question = { kind: "secret" as const, text: "Password", answer };
    const { layout } = looked(props({ state: scenes.stateOf({ question }) }));
    const index = (column: number) => layout.hitAt(column, SIZE.rows - 1);
    expect([2, 3, 4, 5].map(index)).toEqual(
      [0, 1, 5, 6].map((at) => ({ kind: "input" as const, at })),
    );
  });

  test("what says that more is below", () => {
    const scroll = { key: "i3", below: 0 };
    const size = { columns: 80, rows: 12 };
    const { at } = looked(props({ size, state: scenes.stateOf({ scroll }) }));
    expect(at("more below --")).toEqual({ kind: "newest" });
    expect(looked(props()).at("box.lan")).toBeUndefined();
    expect(looked(props()).at("unread in #dev")).toEqual({ kind: "unread" });
  });
});

describe("lists that are longer than the screen", () => {
  const many = scenes.begun();
  for (let i = 10; i < 60; i++) {
    const room = { kind: "room", room: `x${i}`, name: `room-${i}`, n: 0, skipped: 0, read: 0 };
    many.tell(room as never);
  }
  const members = Array.from({ length: 50 }, (_, i) => ({
    ...{ name: `user-${10 + i}`, isOnline: true, role: "member" as const },
  }));
  const model = many
    .tell({ kind: "open", target: "lobby" }, { kind: "members", room: "lobby" as never, members })
    .model();
  const size = { columns: 100, rows: 14 };
  const moved = (rooms: number, people: number, open = "lobby") => {
    const roomsTop = { open, top: rooms };
    const state = { showsMembers: true, roomsTop, membersTop: { open, top: people } };
    return looked(scenes.propsOf(model, size, { state: scenes.stateOf(state) }));
  };

  test("are moved, and tell what stands there then", () => {
    const { at, layout } = moved(20, 5);
    expect(layout.rooms).toMatchObject({ top: 20, topMax: 55 - 11 });
    expect(layout.members).toMatchObject({ top: 5, topMax: 51 - 11 });
    expect(at("#room-30")).toEqual({ kind: "rooms", target: "room-30" });
    expect(at("user-15")).toEqual({ kind: "members", name: "user-15" });
    expect(at("36 more")).toEqual({ kind: "members", name: undefined });
  });

  test("end with their last line", () => {
    const { at, layout, lines } = moved(999, 999);
    expect(layout.rooms.top).toBe(layout.rooms.topMax);
    expect(at("cleo")).toEqual({ kind: "rooms", target: "@cleo" });
    expect(at("user-59")).toEqual({ kind: "members", name: "user-59" });
    expect(lines.join("\n")).not.toMatch(/\d more(?! below)/);
  });

  test("show what is open as soon as it is another one", () => {
    expect(moved(30, 30, "dev").layout).toMatchObject({ rooms: { top: 0 }, members: { top: 0 } });
  });
});
