import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { editorOf } from "../../../../src/cli/screen/editor/editor.ts";
import type { Overlay, ScreenState } from "../../../../src/cli/screen/state/screen-state.ts";
import { screenTexts } from "../../../../src/cli/screen/text/texts.ts";
import { Composer, type ViewProps } from "../../../../src/cli/screen/view/composition.ts";
import type { PictureSize } from "../../../../src/cli/screen/view/picture.ts";
import type { Model } from "../../../../src/core/model/state.ts";
import * as scenes from "./scenes.ts";

const HOSTILE = [
  ..."aZ9 _-\t\n@#/:.",
  ...["\u001b[2J", "\u001b]8;;https://evil.example\u0007", "\u009b31m", "\u202e", "\u2066"],
  ...["\u200d", "e\u0301\u0302\u0303", "日本", "한", "👨‍👩‍👧‍👦", "❤️", "🇮🇩", "\u{e0041}", "\ufe0f"],
  ...["\u0e33", "क्षि", "https://example.org/a?b=c", "@ana", "x".repeat(70), " ".repeat(30)],
  ...["\ud800", "\u2028"],
];
const words = fc.array(fc.constantFrom(...HOSTILE), { maxLength: 30 }).map((all) => all.join(""));
const name = fc.oneof(fc.constantFrom("ana", "ben", "cleo", "x".repeat(32)), words);
const seq = fc.nat({ max: 30 });
const kind = fc.constantFrom(
  ...(["text", "text", "text", "action", "file", "join", "leave", "topic", "kick"] as const),
  ...(["mute", "grant", "rename", "retention", "close", "pin", "receipts", "edit"] as const),
  ...(["reaction", "reaction", "erase", "sticker"] as const),
);
const said = fc.record({ kind, from: name, text: words, re: fc.option(seq), whom: name, at: seq });

type Told = (typeof said extends fc.Arbitrary<infer T> ? T : never)[];

function modelOf(topic: string, told: Told, isOffline: boolean): Model {
  const story = scenes.begun(topic, 3);
  for (const { kind, from, text, re, whom, at } of told) {
    const file = { ...scenes.fileBody("x"), name: text, text };
    const words = { text, topic: text, name: whom, react: text, mentions: ["ana"], on: true };
    // Of what was said before: most edits, reactions and erasures are seen.
    const seq = 1 + (at % Math.max(1, story.seq));
    const answer = re === null && kind !== "reaction" ? {} : { re: seq };
    const body = kind === "file" ? file : { ...words, seq, ...answer };
    story.record({ kind, from, body });
  }
  if (isOffline) {
    story.tell({ kind: "connection", connection: { kind: "ended", fault: undefined } });
  }
  return story.tell({ kind: "open", target: "lobby" }).model();
}

const editor = words.map(editorOf);
const query = editor;
const overlay: fc.Arbitrary<Overlay> = fc.oneof(
  fc.record({
    ...{ kind: fc.constantFrom("switcher", "search", "typed"), query, selectedIndex: seq },
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
  fc.record({ kind: fc.constant("help" as const), rows: fc.constant([]), top: seq }),
  fc.record({ kind: fc.constant("text" as const), title: words, lines: fc.array(words), top: seq }),
);
const candidates = fc.array(fc.record({ text: words, hint: words }), { maxLength: 12 });
const state: fc.Arbitrary<ScreenState> = fc.record({
  editor,
  completion: fc.option(
    fc.record({
      ...{ from: fc.constant(0), to: fc.constant(0), candidates, selectedIndex: seq },
      replacedText: fc.constant(""),
    }),
    { nil: undefined },
  ),
  scroll: fc.option(fc.record({ key: seq.map((n) => `i${n}`), below: fc.nat({ max: 9 }) }), {
    nil: undefined,
  }),
  selected: fc.option(seq, { nil: undefined }),
  unfolded: fc.array(seq.map((n) => `i${n}`)).map((keys) => new Set(keys)),
  recall: fc.constant(undefined),
  lastOpen: fc.constant(undefined),
  overlay: fc.option(overlay, { nil: undefined }),
  question: fc.option(
    fc.record({ kind: fc.constantFrom("yes-no", "text", "secret"), text: words, answer: editor }),
    { nil: undefined },
  ),
  notes: fc.array(fc.record({ text: words, tone: fc.constantFrom("plain", "fault") }), {
    maxLength: 4,
  }),
  showsRooms: fc.boolean(),
  showsMembers: fc.boolean(),
  roomsTop: fc.option(fc.record({ open: fc.constant("lobby"), top: seq }), { nil: undefined }),
  membersTop: fc.option(fc.record({ open: fc.constant("lobby"), top: seq }), { nil: undefined }),
  isFocused: fc.boolean(),
});
const side = fc.double({ min: 0.05, max: 2_000, noNaN: true });
const picture = fc.record({ id: fc.integer({ min: 1, max: 255 }), columns: side, rows: side });
const picturesOf = (one: PictureSize) => new Map([[scenes.fileBody("x").file as string, one]]);
const size = fc.record({
  columns: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 20, max: 300 })),
  rows: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 5, max: 100 })),
});

/** Nothing but SGR and OSC 8 may be among what is shown. */
const MARKUP = /\x1b\[[0-9;]*m|\x1b\]8;;[^\x00-\x20\x7f-\x9f]*\x07/g;
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

function check(props: ViewProps, composer: Composer): void {
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
  // Wherever the mouse may be, also beyond the edges.
  for (const row of [-1, 0, Math.floor(rows / 2), rows - 3, rows - 1, rows]) {
    const hits = [-1, Math.floor(columns / 2), columns].map((at) => layout.hitAt(at, row));
    if (row < 0 || row >= rows) expect(hits).toEqual([undefined, undefined, undefined]);
  }
}

test("any model and state exactly fill a screen of any size", () => {
  fc.assert(
    fc.property(
      fc.record({ told: fc.array(said, { maxLength: 25 }), topic: words, isOffline: fc.boolean() }),
      fc.array(fc.tuple(state, size), { minLength: 1, maxLength: 4 }),
      fc.record({
        depth: fc.constantFrom("none", "16", "256", "full"),
        pictures: fc.option(picture.map(picturesOf), { nil: undefined }),
      }),
      fc.constantFrom("en", "id"),
      ({ told, topic, isOffline }, looks, { depth, pictures = new Map() }, language) => {
        const model = modelOf(topic, told, isOffline);
        const composer = new Composer();
        const texts = screenTexts(language);
        for (const [state, size] of looks) {
          check(scenes.propsOf(model, size, { state, depth, texts, pictures }), composer);
        }
      },
    ),
    { numRuns: 60 },
  );
});
