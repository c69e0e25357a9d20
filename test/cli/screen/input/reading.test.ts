import { describe, expect, test } from "bun:test";
import { DEFAULT_SETTINGS } from "../../../../src/cli/screen/state/screen-state.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import { BEN, record, recordEvent, scene, seen } from "../../../core/model-scene.ts";
import { lobby, Screen } from "./scene.ts";

describe("pages", () => {
  test("scroll by a page less one line", () => {
    const screen = new Screen();
    expect(screen.press("pageup").state.scroll).toEqual({ key: "i7", below: 0 });
    expect(screen.press("pageup").state.scroll).toEqual({ key: "i5", below: 0 });
    expect(screen.press("pageup").state.scroll).toEqual({ key: "i5", below: 0 });
    expect(screen.press("pagedown").state.scroll).toEqual({ key: "i9", below: 0 });
    expect(screen.press("pagedown").state.scroll).toBeUndefined();
  });

  test("scroll by lines, by the wheel and to the ends", () => {
    const screen = new Screen();
    expect(screen.press("ctrl-up").state.scroll).toEqual({ key: "i10", below: 0 });
    expect(screen.press("scroll-up").state.scroll).toEqual({ key: "i7", below: 0 });
    expect(screen.press("scroll-down", "ctrl-down").state.scroll).toBeUndefined();
    expect(screen.press("ctrl-home").state.scroll).toEqual({ key: "i5", below: 0 });
    expect(screen.press("ctrl-end").state.scroll).toBeUndefined();
    expect(screen.press("pageup").press("esc").state.scroll).toBeUndefined();
  });

  test("load older messages once, near the oldest message", () => {
    const screen = new Screen();
    const rows = { ...screen.context.rows, loading: undefined };
    screen.context = { ...screen.context, rows: { ...rows, hasOlder: true } };
    expect(screen.press("pageup").actions).toEqual([{ kind: "reach", direction: "older" }]);
    const loading = { side: "older", seq: 2 } as const;
    screen.context = { ...screen.context, rows: { ...rows, hasOlder: true, loading } };
    expect(screen.press("pageup").actions).toEqual([]);
  });

  test("keep the position while newer rows load; Esc goes to the newest", () => {
    const screen = new Screen();
    screen.context = {
      ...screen.context,
      rows: { ...screen.context.rows, loading: undefined, hasNewer: true },
    };
    screen.press("pageup").press("pagedown");
    expect(screen.actions).toEqual([{ kind: "turn-page" }, { kind: "reach", direction: "newer" }]);
    expect(screen.state.scroll).toEqual({ key: "i11", below: 0 });
    expect(screen.press("esc").actions).toEqual([{ kind: "bottom" }]);
    expect(screen.type("x").press("enter").actions).toEqual([
      { kind: "enter", text: "x" },
      { kind: "bottom" },
    ]);
  });
});

describe("Alt-A", () => {
  const room = (name: string, i: number): ModelEvent => ({
    kind: "room",
    room: `r${i}` as never,
    name,
    n: 4,
    skipped: 0,
    read: 4 - i,
  });

  test("goes to mentions first, then to unread rooms, skipping muted ones", () => {
    const direct = { kind: "person", name: "ben", id: BEN, topic: "" } as const;
    const events: readonly ModelEvent[] = [room("alpha", 0), room("news", 1), room("zeta", 2)];
    const messageBy = (i: number, name: string): ModelEvent => ({
      kind: "record",
      record: record(20 + i, {
        n: 5,
        room: { kind: "room", name, id: `r${i}` as never, topic: "" },
      }),
    });
    const unread = [...events, messageBy(1, "news"), messageBy(2, "zeta")];
    expect(new Screen(lobby(...unread)).press("alt-a").actions).toEqual([
      { kind: "open", target: "news" },
    ]);
    const settings = { ...DEFAULT_SETTINGS, muted: ["#news"] };
    expect(new Screen(lobby(...unread), { settings }).press("alt-a").actions).toEqual([
      { kind: "open", target: "zeta" },
    ]);
    const called: ModelEvent = { kind: "record", record: record(30, { n: 2, room: direct }) };
    expect(new Screen(lobby(...unread, called)).press("alt-a").actions).toEqual([
      { kind: "open", target: "@ben" },
    ]);
    expect(new Screen().press("alt-a").actions).toEqual([]);
  });

  test("goes to a box with new work, which has no row of its own", () => {
    const work = [unreadRoom("r1", "essay", 0), unreadRoom("r2", "essay@ben", 2)];
    expect(new Screen(lobby(...work)).press("alt-a").actions).toEqual([
      { kind: "open", target: "essay@ben" },
    ]);
    // The rows are essay and lobby.
    expect(new Screen(lobby(...work)).press("alt-up").actions).toEqual([
      { kind: "open", target: "essay" },
    ]);
  });
});

function unreadRoom(id: string, name: string, unread: number): ModelEvent {
  return { kind: "room", room: id, name, n: unread + 1, skipped: 0, read: 1, unread } as never;
}

test("Space reads 230 messages in 26 pages, then opens the next room, then types a blank", () => {
  const model = scene(
    { kind: "open", target: "lobby" },
    ...Array.from({ length: 230 }, (_, i) => recordEvent(i + 2)),
    unreadRoom("r1", "dev", 5),
  ).model;
  const screen = new Screen(model);
  const { layout } = screen.context;
  screen.context = { ...screen.context, layout: { ...layout, pageRows: 21, heightOf: () => 2 } };
  const { rows } = screen.context.rows;
  const first = rows.findIndex((row) => row.kind === "item");
  screen.state = { ...screen.state, scroll: { key: rows[first + 8]?.key ?? "", below: 0 } };
  const shown = new Set<string>();
  const look = () => {
    const { scroll } = screen.state;
    const end =
      scroll === undefined ? rows.length - 1 : rows.findIndex(({ key }) => key === scroll.key);
    const below = scroll?.below ?? 0;
    const visible = 21 + below;
    for (let i = end, used = 2; i >= 0 && used <= visible; i--, used += 2) {
      if (i < end || below === 0) shown.add(rows[i]?.key ?? "");
    }
  };
  look();
  let keys = 0;
  while (screen.state.scroll !== undefined) {
    screen.press("space");
    keys++;
    look();
  }
  expect(keys).toBeLessThanOrEqual(26);
  expect(rows.slice(first).filter(({ key }) => !shown.has(key))).toEqual([]);
  expect(screen.line).toBe("|");
  expect(screen.press("space").actions).toEqual([
    { kind: "turn-page" },
    { kind: "open", target: "dev" },
  ]);
  expect(screen.state.readsOn).toBe(true);
  screen.model({ kind: "open", target: "dev" }, seen(2, 231));
  expect(screen.key({ name: "space", text: " " }).line).toBe(" |");
});

test("several blanks in one read turn one page", () => {
  const screen = new Screen();
  screen.state = { ...screen.state, scroll: { key: "i3", below: 0 } };
  const once = screen.press("space").state;
  screen.state = { ...screen.state, scroll: { key: "i3", below: 0 } };
  expect(screen.type("    ").state).toEqual(once);
});

test("Space types a blank behind text", () => {
  const screen = new Screen().type("and");
  expect(screen.key({ name: "space", text: " " }).line).toBe("and |");
});
