import { expect, test } from "bun:test";
import { join } from "node:path";
import { Fault } from "../../../../src/base/fault.ts";
import { editorOf } from "../../../../src/cli/screen/editor/editor.ts";
import { openFinder } from "../../../../src/cli/screen/input/finder.ts";
import { screenTexts } from "../../../../src/cli/screen/text/texts.ts";
import { FrameComposer, type ViewProps } from "../../../../src/cli/screen/view/composition.ts";
import type { Model } from "../../../../src/core/model/state.ts";
import { timesIn } from "../../../../src/ui/text/times.ts";
import { expectGolden } from "../../../golden.ts";
import { Screen } from "../input/scene.ts";
import * as scenes from "./scenes.ts";

/** Reviewed screens. CHAT_GOLDEN=write regenerates them for another review. */
const GOLDEN = join(import.meta.dir, "../golden");
const SIZES = ["80x24", "120x40", "40x12", "20x5"] as const;

const search = { input: "printer", text: "printer", words: ["printer"] };

function offline() {
  const connection = {
    kind: "offline",
    fault: new Fault("link-closed", "the server has closed the connection"),
    retryAtUnixMs: 1_479_620_767_000,
  } as const;
  return scenes.conversation().apply({ kind: "connection", connection }).model();
}

function searching() {
  const story = scenes.conversation();
  return story
    .apply(
      { kind: "search", query: search },
      { kind: "found", query: search, records: [found(2), found(3)], hasMore: true },
    )
    .model();
}

function found(seq: number) {
  const room = { kind: "room", name: "lobby", id: "lobby", topic: "" } as const;
  const text = "is the printer on the second floor working again? It is, since yesterday evening.";
  const time = { timeUnixMs: 1_479_620_760_000 + seq * 60_000, id: "" };
  const message = { kind: "text", from: "ben", state: "whole", body: { text } } as const;
  return { seq, n: seq, ...time, room: { ...room, id: room.id as never }, ...message };
}

const LONG_TOPIC = "A topic that goes on for longer than any line that a terminal has. ".repeat(9);

function finding(
  model: Model,
  text: string,
  size: ViewProps["size"],
  language: "en" | "id",
): ViewProps {
  const texts = screenTexts(language);
  const { context } = new Screen(model, { texts: texts.keys, titles: texts });
  const { state } = openFinder(scenes.stateOf({}), { text }, context);
  return scenes.propsOf(model, size, { state });
}

type Scene = (size: ViewProps["size"], language: "en" | "id") => ViewProps;

const SCENES: Readonly<Record<string, Scene>> = {
  conversation: (size) => scenes.propsOf(scenes.conversation().model(), size),
  members: (size) => {
    const editor = editorOf("two lines,\nand the second one is long enough to go on below it");
    const state = scenes.stateOf({ showsMembers: true, selected: 18, editor });
    return scenes.propsOf(scenes.conversation().model(), size, { state });
  },
  "empty-room": (size) => {
    const model = scenes.createScene("").apply({ kind: "open", target: "lobby" }).model();
    return scenes.propsOf(model, size);
  },
  offline: (size) => {
    const notes = [
      { text: "ben is in lobby, dev", tone: "plain" },
      { text: "no room named 'attic': run chat rooms, or /rooms", tone: "fault" },
    ] as const;
    return scenes.propsOf(offline(), size, { state: scenes.stateOf({ notes }) });
  },
  finder: (size, language) => finding(scenes.conversation().model(), "", size, language),
  "finder-query": (size, language) => finding(searching(), "printer", size, language),
  help: (size, language) => finding(scenes.conversation().model(), "?", size, language),
  "long-topic": (size) => {
    const completion = {
      from: 0,
      to: 2,
      selectedIndex: 1,
      replacedText: "an",
      candidates: ["ana", "anton", "antonia"].map((text) => ({ text, hint: "" })),
    };
    const state = scenes.stateOf({ editor: editorOf("anton: "), completion });
    const story = scenes
      .createScene(LONG_TOPIC)
      .message("ben", "hm")
      .apply({ kind: "open", target: "lobby" });
    return scenes.propsOf(story.model(), size, { state });
  },
  question: (size) => {
    const question = {
      kind: "yes-no",
      text: "Erase this message for everybody?",
      answer: editorOf(""),
    } as const;
    const scroll = { key: "i3", below: 0 };
    const state = scenes.stateOf({ question, scroll });
    return scenes.propsOf(scenes.conversation().model(), size, { state });
  },
  pictures: (size) => {
    const { story, pictures } = scenes.withPictures();
    const state = scenes.stateOf({ selected: 2 });
    return scenes.propsOf(story.model(), size, { pictures, state });
  },
  wide: (size) => scenes.propsOf(scenes.wideWords().model(), size),
};

const LANGUAGES = { en: "", id: "-id" } as const;

for (const [language, suffix] of Object.entries(LANGUAGES) as ["en" | "id", string][]) {
  const texts = screenTexts(language);
  const times = timesIn(texts);
  for (const [name, scene] of Object.entries(SCENES)) {
    for (const size of SIZES) {
      test(`the screen ${name}${suffix} at ${size}`, () => {
        const [columns = 0, rows = 0] = size.split("x").map(Number);
        const frame = scenes.frameOf({ ...scene({ columns, rows }, language), texts, times });
        const lines = scenes.plainLines(frame);
        const actual = `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
        const path = join(GOLDEN, `${name}${suffix}-${size}.txt`);
        expectGolden(path, actual);
        for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(columns);
        expect(frame.lines).toHaveLength(rows);
      });
    }
  }
}

test("lists visible pictures, and omits pictures that do not fit", () => {
  const { story, pictures } = scenes.withPictures();
  const frame = (columns: number, rows: number) =>
    scenes.frameOf(scenes.propsOf(story.model(), { columns, rows }, { pictures }));
  expect(frame(120, 60).pictures).toEqual([
    { id: 1, columns: 12, rows: 16 },
    { id: 2, columns: 20, rows: 3 },
  ]);
  expect(frame(120, 16).pictures).toEqual([
    { id: 1, columns: 4, rows: 5 },
    { id: 2, columns: 20, rows: 3 },
  ]);
  expect(frame(20, 5).pictures).toEqual([]);
  const plain = scenes.frameOf(scenes.propsOf(story.model(), { columns: 120, rows: 16 }));
  expect(plain.pictures).toEqual([]);
  expect(plain.lines.join("")).not.toContain("\u{10eeee}");
});

test("composes frames of changing sizes", () => {
  const composer = new FrameComposer();
  const size = { columns: 60, rows: 10 };
  const story = scenes.createScene().message("ben", "one").apply({ kind: "open", target: "lobby" });
  const first = composer.compose(scenes.propsOf(story.model(), size)).frame;
  story.message("ben", "two");
  const second = composer.compose(scenes.propsOf(story.model(), size)).frame;
  const small = composer.compose(scenes.propsOf(story.model(), { columns: 30, rows: 6 })).frame;
  expect([first, second, small].map(({ lines }) => lines.length)).toEqual([10, 10, 6]);
  expect(scenes.plainLines(second).join("\n")).toContain("two");
});

test("reuses a frame for the same props, except during a countdown", () => {
  const composer = new FrameComposer();
  const frameAt = (props: ReturnType<typeof scenes.propsOf>, seconds: number) => {
    return composer.compose({ ...props, nowUnixMs: props.nowUnixMs + seconds * 1_000 }).frame;
  };
  const online = scenes.propsOf(scenes.conversation().model(), { columns: 80, rows: 24 });
  expect(frameAt(online, 1)).toBe(frameAt(online, 0));
  expect(frameAt({ ...online, state: scenes.stateOf({ selected: 1 }) }, 0)).not.toBe(
    frameAt(online, 0),
  );
  const away = scenes.propsOf(offline(), { columns: 80, rows: 24 });
  expect(frameAt(away, 1)).not.toEqual(frameAt(away, 0));
});
