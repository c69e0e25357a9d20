import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { editorOf } from "../../../../src/cli/screen/editor/editor.ts";
import { openFinder } from "../../../../src/cli/screen/input/finder.ts";
import type { PictureSize } from "../../../../src/cli/screen/pictures/cells.ts";
import type { Overlay, ScreenState } from "../../../../src/cli/screen/state/screen-state.ts";
import { screenTexts } from "../../../../src/cli/screen/text/texts.ts";
import { FrameComposer, type ViewProps } from "../../../../src/cli/screen/view/composition.ts";
import { RowBuilder } from "../../../../src/core/model/rows.ts";
import type { Model } from "../../../../src/core/model/state.ts";
import { sampleSize } from "../../../samples.ts";
import { Screen } from "../input/scene.ts";
import * as scenes from "./scenes.ts";

const HOSTILE = [
  ..."aZ9 _-\t\n@#/:.",
  ...["\u001b[2J", "\u001b]8;;https://evil.example\u0007", "\u009b31m", "\u202e", "\u2066"],
  ...["\u200d", "e\u0301\u0302\u0303", "日本", "한", "👨‍👩‍👧‍👦", "❤️", "🇮🇩", "\u{e0041}", "\ufe0f"],
  ...["\u0e33", "क्षि", "https://example.org/a?b=c", "@ana", "x".repeat(70), " ".repeat(30)],
  ...["\ud800", "\u2028"],
];
const hostileText = fc
  .array(fc.constantFrom(...HOSTILE), { maxLength: 30 })
  .map((all) => all.join(""));
const name = fc.oneof(fc.constantFrom("ana", "ben", "cleo", "x".repeat(32)), hostileText);
const seq = fc.nat({ max: 30 });
const kind = fc.constantFrom(
  ...(["text", "text", "text", "action", "file", "join", "leave", "topic", "kick"] as const),
  ...([
    "mute",
    "grant",
    "rename",
    "retention",
    "close",
    "pin",
    "hand",
    "receipts",
    "edit",
  ] as const),
  ...(["reaction", "reaction", "erase", "sticker"] as const),
);
const message = fc.record({
  kind,
  from: name,
  text: hostileText,
  re: fc.option(seq),
  whom: name,
  at: seq,
});

type Told = (typeof message extends fc.Arbitrary<infer T> ? T : never)[];

function modelOf(topic: string, messages: Told, isOffline: boolean): Model {
  const timeline = scenes.createScene(topic, 3);
  for (const { kind, from, text, re, whom: target, at } of messages) {
    const file = { text, files: [{ ...scenes.fileEntry("x"), name: text }] };
    const fields = { text, topic: text, name: target, react: text, mentions: ["ana"], on: true };
    // Refers to an earlier message, so that most edits, reactions and erasures have an effect.
    const seq = 1 + (at % Math.max(1, timeline.seq));
    const answer = re === null && kind !== "reaction" ? {} : { re: seq };
    const body = kind === "file" ? file : { ...fields, seq, ...answer };
    timeline.record({ kind, from, body });
  }
  if (isOffline) {
    timeline.apply({ kind: "connection", connection: { kind: "ended", fault: undefined } });
  }
  const text = messages[0]?.text.slice(1, 4) ?? "";
  timeline.apply({ kind: "search", query: { input: text, text } });
  return timeline.apply({ kind: "open", target: "lobby" }).model();
}

const editor = hostileText.map(editorOf);
const query = editor;
const overlay: fc.Arbitrary<Overlay> = fc.oneof(
  fc.record({
    kind: fc.constant("typed" as const),
    query,
    selectedIndex: seq,
    found: fc.constant([]),
  }),
  fc.record({
    kind: fc.constant("react" as const),
    query,
    selectedIndex: seq,
    seq,
    found: fc.constant([]),
  }),
  fc.record({ kind: fc.constant("menu" as const), selectedIndex: seq, entries: fc.constant([]) }),
  fc.record({
    kind: fc.constant("text" as const),
    title: hostileText,
    lines: fc.array(hostileText),
    top: seq,
  }),
);
const candidates = fc.array(fc.record({ text: hostileText, hint: hostileText }), { maxLength: 12 });
const state: fc.Arbitrary<ScreenState> = fc.record({
  editor,
  completion: fc.option(
    fc.record({
      from: fc.constant(0),
      to: fc.constant(0),
      candidates,
      selectedIndex: seq,
      replacedText: fc.constant(""),
    }),
    { nil: undefined },
  ),
  scroll: fc.option(fc.record({ key: seq.map((n) => `i${n}`), below: fc.nat({ max: 9 }) }), {
    nil: undefined,
  }),
  selected: fc.option(seq, { nil: undefined }),
  highlighted: fc.option(seq, { nil: undefined }),
  leavesUntilUnixMs: fc.option(seq, { nil: undefined }),
  lastFinder: fc.constant(undefined),
  walk: fc.constant(undefined),
  newMessages: fc.constant(undefined),
  loadedCatchUp: fc.constant(undefined),
  returnTo: fc.constant(undefined),
  unfolded: fc.array(seq.map((n) => `i${n}`)).map((keys) => new Set(keys)),
  recall: fc.constant(undefined),
  previousTarget: fc.constant(undefined),
  pane: fc.constant(undefined),
  overlay: fc.option(overlay, { nil: undefined }),
  question: fc.option(
    fc.record({
      kind: fc.constantFrom("yes-no", "text", "secret"),
      text: hostileText,
      answer: editor,
    }),
    { nil: undefined },
  ),
  notes: fc.array(fc.record({ text: hostileText, tone: fc.constantFrom("plain", "fault") }), {
    maxLength: 4,
  }),
  showsRooms: fc.boolean(),
  showsMembers: fc.boolean(),
  roomsScroll: fc.option(fc.record({ open: fc.constant("lobby"), top: seq }), { nil: undefined }),
  membersScroll: fc.option(fc.record({ open: fc.constant("lobby"), top: seq }), { nil: undefined }),
  isFocused: fc.boolean(),
  readsOn: fc.boolean(),
});
const side = fc.double({ min: 0.05, max: 2_000, noNaN: true });
const picture = fc.record({ id: fc.integer({ min: 1, max: 255 }), columns: side, rows: side });
const picturesOf = (size: PictureSize) => new Map([[scenes.fileEntry("x").file as string, size]]);
const size = fc.record({
  columns: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 20, max: 300 })),
  rows: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 5, max: 100 })),
});

const MARKUP = /\x1b\[[0-9;]*m|\x1b\]8;;[^\x00-\x20\x7f-\x9f]*\x07/g;
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

function check(props: ViewProps, composer: FrameComposer): void {
  const { columns, rows } = props.size;
  const { frame, layout } = composer.compose(props);
  const { lines, cursor } = frame;
  expect(lines).toHaveLength(rows);
  for (const line of lines) {
    const plain = line.replaceAll(MARKUP, "");
    expect(plain).not.toMatch(CONTROLS);
    if (columns >= 4) expect(Bun.stringWidth(plain)).toBeLessThanOrEqual(columns);
  }
  if (cursor !== undefined) {
    expect(cursor.row).toBeLessThan(rows);
    expect(cursor.column).toBeLessThan(columns);
  }
  expect(layout.pageRows).toBeGreaterThan(0);
  for (const row of [-1, 0, Math.floor(rows / 2), rows - 3, rows - 1, rows]) {
    const hits = [-1, Math.floor(columns / 2), columns].map((at) => layout.hitAt(at, row));
    if (row < 0 || row >= rows) expect(hits).toEqual([undefined, undefined, undefined]);
  }
}

test("fills a screen of any size exactly, for any model and state", () => {
  fc.assert(
    fc.property(
      fc.record({
        told: fc.array(message, { maxLength: 25 }),
        query: fc.option(hostileText, { nil: undefined }),
        topic: hostileText,
        isOffline: fc.boolean(),
      }),
      fc.array(fc.tuple(state, size), { minLength: 1, maxLength: 4 }),
      fc.record({
        depth: fc.constantFrom("none", "16", "256", "full"),
        pane: fc.option(fc.record({ isLeft: fc.boolean(), isEmpty: fc.boolean() })),
        pictures: fc.option(picture.map(picturesOf), { nil: undefined }),
      }),
      fc.constantFrom("en", "id"),
      ({ told, topic, isOffline, query }, states, options, language) => {
        const { depth, pictures = new Map(), pane: side } = options;
        const model = modelOf(topic, told, isOffline);
        const composer = new FrameComposer();
        const texts = screenTexts(language);
        const { context } = new Screen(model);
        for (const [closed, size] of states) {
          const state =
            query === undefined ? closed : openFinder(closed, { text: query }, context).state;
          const props = scenes.propsOf(model, size, { state, depth, texts, pictures });
          const beside = side?.isEmpty === true ? { ...model, open: "@nobody" } : model;
          const rows = new RowBuilder().rowsOf(beside, () => 0, false, true);
          const pane = side === null ? undefined : { model: beside, rows, isLeft: side.isLeft };
          check({ ...props, pane }, composer);
        }
      },
    ),
    { numRuns: sampleSize(60, 300) },
  );
});

test("shows display names that fit, and account names instead of those that do not", () => {
  const named = [
    ["ben", "Bén Ruíz"],
    ["cleo", "李小龙"],
    ["ana", "Ana María de los Ángeles Ruíz"],
    ["eve", "\u202eevil"],
  ] as const;
  const scene = scenes.conversation().apply({ kind: "named", names: named });
  const props = scenes.propsOf(scene.apply({ kind: "open", target: "lobby" }).model(), {
    columns: 120,
    rows: 40,
  });
  const lines = scenes.plainLines(scenes.frameOf(props));
  const text = lines.join("\n");
  expect(text).toMatch(/ Bén Ruíz │ /);
  expect(text).toMatch(/ 李小龙 │ /);
  expect(text).toMatch(/[●○]\S?\s?李小龙/);
  expect(text).not.toMatch(/Ana Mar|evil/);
  for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(120);
});

test("two panes share a wide screen, and a narrower one shows what has the input", () => {
  const scene = scenes.conversation();
  const model = scene.apply({ kind: "open", target: "lobby" }).model();
  const beside = { ...model, open: "@ben" };
  const rows = new RowBuilder().rowsOf(beside, () => 0, false, true);
  const lines = (columns: number, isLeft: boolean) => {
    const props = scenes.propsOf(model, { columns, rows: 30 });
    return scenes.plainLines(scenes.frameOf({ ...props, pane: { model: beside, rows, isLeft } }));
  };
  expect(lines(139, true)).toEqual(
    scenes.plainLines(scenes.frameOf(scenes.propsOf(model, { columns: 139, rows: 30 }))),
  );
  for (const isLeft of [true, false]) {
    const [header = "", ...body] = lines(160, isLeft);
    const [left = "", right = ""] = header.split("│");
    expect((isLeft ? right : left).trimStart()).toStartWith("#lobby");
    expect((isLeft ? left : right).trimStart()).toMatch(/^(@ben|Ben)/);
    // Two fifths of the columns that the list of rooms leaves.
    expect(Bun.stringWidth(right)).toBe(Math.floor(((160 - 28) * 2) / 5) - 1);
    expect(body.at(-2)).toContain("Esc closes");
    for (const line of body) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(160);
  }
});
