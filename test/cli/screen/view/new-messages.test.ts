import { expect, test } from "bun:test";
import { join } from "node:path";
import type { RoomId } from "../../../../src/base/ids.ts";
import { CARD_KEY } from "../../../../src/cli/screen/state/card.ts";
import type { ScreenState } from "../../../../src/cli/screen/state/screen-state.ts";
import { placedAt } from "../../../../src/cli/screen/state/scroll.ts";
import { screenTexts } from "../../../../src/cli/screen/text/texts.ts";
import { FrameComposer, type ViewProps } from "../../../../src/cli/screen/view/composition.ts";
import { roomColumn } from "../../../../src/cli/screen/view/panels.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import { updateAll } from "../../../../src/core/model/update.ts";
import { timesIn } from "../../../../src/ui/text/times.ts";
import { expectGolden } from "../../../golden.ts";
import * as scenes from "./scenes.ts";

const GOLDEN = join(import.meta.dir, "../golden");
const { model, change } = scenes.afterAWeekend();

function placed(props: ViewProps, key: string, line: number): ViewProps {
  const { layout } = new FrameComposer().compose(props);
  const { rows } = props.rows;
  const timeline = { rows, heightOf: layout.heightOf, pageRows: layout.pageRows };
  const index = rows.findIndex((row) => row.key === key);
  return { ...props, state: { ...props.state, scroll: placedAt(timeline, index, line) } };
}

function sized(size: string, state: Partial<ScreenState>, language: "en" | "id" = "en") {
  const [columns = 0, rows = 0] = size.split("x").map(Number);
  const texts = screenTexts(language);
  const times = timesIn(texts);
  const full = scenes.stateOf({ ...change, ...state });
  return scenes.propsOf(model, { columns, rows }, { state: full, texts, times });
}

function linesOf(props: ViewProps): readonly string[] {
  return scenes.plainLines(scenes.frameOf(props)).map((line) => line.trimEnd());
}

const calls = [
  { target: "lobby", seq: 28 },
  { target: "ops", seq: 901 },
];
const walk = { part: { kind: "calls", messages: calls }, at: 0 } as const;

for (const language of ["en", "id"] as const) {
  for (const size of ["80x24", "120x40", "50x15"]) {
    const suffix = `${language === "en" ? "" : `-${language}`}-${size}`;
    test(`the card and the rail${suffix}`, () => {
      const above = size === "50x15" ? 1 : 3;
      const lines = linesOf(placed(sized(size, {}, language), CARD_KEY, above));
      expectGolden(join(GOLDEN, `new-messages${suffix}.txt`), `${lines.join("\n")}\n`);
      expect(lines.some((line) => line.includes("54"))).toBe(true);
    });

    test(`a walk through calls${suffix}`, () => {
      const lines = linesOf(placed(sized(size, { walk, highlighted: 28 }, language), "i28", 5));
      expectGolden(join(GOLDEN, `walk${suffix}.txt`), `${lines.join("\n")}\n`);
    });
  }
}

function railOf(props: ViewProps): string {
  return linesOf(props)
    .slice(1, -2)
    .map((line) => line[props.size.columns - 1] ?? "")
    .join("")
    .replaceAll("─", "");
}

test("the rail shows the visible part among all new messages, and the calls", () => {
  const rail = railOf(placed(sized("80x24", {}), CARD_KEY, 3));
  expect(rail).toMatch(/^┃+│+@│+$/);
  expect(rail).toHaveLength(17);
  const end = railOf(sized("80x24", { scroll: undefined }));
  expect(end).toMatch(/^│+@│+┃+$/);
  expect(end).toHaveLength(21);
});

test("the rail goes when the end was read, and its columns stay until the line is gone", () => {
  const { id: room = "" as RoomId } = [...model.rooms.values()][0] ?? {};
  const { last } = change.newMessages;
  const seen: ModelEvent = { kind: "seen", room, from: last - 5, to: last, isPassed: false };
  const after = updateAll(model, [seen]).model;
  const props = sized("80x24", {});
  expect(railOf({ ...props, model: after })).toBe("");
  const text = (lines: readonly string[]) => lines.map((line) => line.replace(/\s+[┃│@]$/, ""));
  const [before, later] = [linesOf(props), linesOf({ ...props, model: after })];
  expect(text(later).slice(5, -2)).toEqual(text(before).slice(5, -2));
});

test("a narrow screen, and few new messages, have no rail", () => {
  expect(railOf(placed(sized("69x24", {}), CARD_KEY, 3))).toBe("");
  const few = { ...change.newMessages, unread: 3, hasCard: false };
  const { rows, ...props } = sized("80x24", { newMessages: few });
  const short = { ...rows, rows: rows.rows.slice(0, 8) };
  expect(railOf({ ...props, rows: short })).toBe("");
  const long = { ...rows, rows: rows.rows.slice(0, 30) };
  expect(railOf({ ...props, rows: long })).not.toBe("");
});

test("without an answer, the line stands alone; while it is awaited, its rows are kept", () => {
  const cardRows = (loadedCatchUp: ScreenState["loadedCatchUp"]) => {
    const lines = linesOf(placed(sized("80x24", { loadedCatchUp }), CARD_KEY, 3));
    const first = lines.findIndex((line) => line.includes("The branch builds."));
    return first - lines.findIndex((line) => line.includes("54 new")) - 1;
  };
  const { newMessages: messages, loadedCatchUp } = change;
  expect(cardRows(loadedCatchUp)).toBe(2);
  expect(cardRows(undefined)).toBe(2);
  expect(cardRows({ messages, catchUp: "missing" })).toBe(0);
});

function lineWith(part: Partial<typeof change.loadedCatchUp.catchUp>): readonly string[] {
  const { messages, catchUp } = change.loadedCatchUp;
  const loadedCatchUp = { messages, catchUp: { ...catchUp, ...part } };
  const lines = linesOf(placed(sized("80x24", { loadedCatchUp }), CARD_KEY, 3));
  const at = lines.findIndex((line) => line.includes("54 new"));
  return lines.slice(at, at + 3).map((line) =>
    line
      .slice(18)
      .replace(/[┃│@]$/, "")
      .trimEnd(),
  );
}

test("parts that are zero are left out", () => {
  const person = { user: "tom", unread: 54 };
  const lines = lineWith({ authors: 1, people: [person], parts: [] });
  expect(lines[0]).toMatch(/^── 54 new since Nov 20 ─+$/);
  expect(lines[1]).toBe(" 1 person: tom 54");
  expect(lines[2]).toContain("The branch builds.");
});

test("lists no more than the server does, and says so", () => {
  const messages = Array.from({ length: 500 }, (_, i) => ({ seq: i + 1, n: i + 1 }));
  const moderators = Array.from({ length: 8 }, (_, i) => {
    return { kind: "moderator", user: `m${i}`, messages: [{ seq: i + 1, n: i + 1 }] } as const;
  });
  const parts = [{ kind: "photos", messages } as const, ...moderators];
  const [, , second] = lineWith({ parts, isPartial: true });
  expect(second).toBe(" 8+ from moderators · 500+ photos · Older ones are on your …");
});

test("names people who fit, the others are counted", () => {
  const names = ["a-name-of-twenty-five-chars", "another-name-of-the-same-size", "c"];
  const people = names.map((user) => ({ user, unread: 18 }));
  const [, first] = lineWith({ authors: 3, people });
  expect(first).toMatch(/^ 3 people: a-name-of-twenty-five-chars 18, 2 others$/);
});

test("marked messages are announced while that can be undone", () => {
  const rooms = [...model.rooms.keys()];
  const { model: read } = updateAll(model, [{ kind: "all-read", rooms }]);
  const props = sized("80x24", { newMessages: undefined, loadedCatchUp: undefined });
  expect(linesOf({ ...props, model: read })).toContain("  Marked 196 as read · Ctrl-_ undoes");
  const { model: undone } = updateAll(read, [{ kind: "all-read-end", isUndone: true }]);
  expect(linesOf({ ...props, model: undone }).join("\n")).not.toContain("Marked");
});

test("counts the places beyond the edge of the list of rooms", () => {
  const rooms = Array.from({ length: 12 }, (_, i): ModelEvent => {
    const calls = i === 1 || i === 11 ? [{ seq: 700 + i, n: 4 }] : [];
    const counts = { n: 9, skipped: 0, read: 1, unread: i % 2 === 1 ? 7 : 0, calls };
    return { kind: "room", room: `r${i}` as RoomId, name: `room-${10 + i}`, ...counts };
  });
  const { model: many } = updateAll(scenes.createScene().model(), [
    ...rooms,
    { kind: "open", target: "room-16" },
  ]);
  const columnOf = (height: number, top?: number, muted: readonly string[] = []) => {
    const texts = screenTexts("en");
    const list = top === undefined ? undefined : { open: "room-16", top };
    const { lines, targets } = roomColumn(many, texts, muted, 17, height, list);
    return [
      lines.map((line) =>
        line
          .map(({ text }) => text)
          .join("")
          .trimEnd(),
      ),
      targets,
    ] as const;
  };
  const [lines, targets] = columnOf(8);
  expect(lines[0]).toBe("↑ 2  @1");
  expect(lines.at(-1)).toBe("↓ 3  @1");
  expect([targets[0], targets.at(-1)]).toEqual([undefined, undefined]);
  expect(columnOf(8, 0)[0][0]).toStartWith("i Inbox");
  expect(columnOf(3)[0].join("")).not.toContain("↑");
  expect(columnOf(8, undefined, ["dev"])[0][0]).toBe("↑ 1  @1");
  expect(columnOf(40)[0].join("")).not.toMatch(/[↑↓]/);
});
