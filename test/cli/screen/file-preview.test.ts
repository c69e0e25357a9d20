import { expect, test } from "bun:test";
import { PREVIEWED_TEXT_BYTES_MAX } from "../../../src/base/limits-screen.ts";
import { ScreenFinder } from "../../../src/cli/screen/finder.ts";
import { openFinder } from "../../../src/cli/screen/input/finder.ts";
import { FIRST_STATE } from "../../../src/cli/screen/state/screen-state.ts";
import { FrameComposer } from "../../../src/cli/screen/view/composition.ts";
import type { FileView } from "../../../src/core/model/state.ts";
import { CAT, lobby, Screen } from "./input/scene.ts";
import { plainLines, propsOf } from "./view/scenes.ts";

function fileOf(size: number, file = "f1"): FileView {
  return { file, name: "notes.txt", size, digest: "" } as unknown as FileView;
}

/** A finder whose clock runs at once, unless it was cancelled. */
function finderWith(bytes: Uint8Array | undefined) {
  const pauses: (() => void)[] = [];
  const fetched: string[] = [];
  let changes = 0;
  const finder = new ScreenFinder({
    clock: {
      after: (_: number, act: () => void) => {
        pauses.push(act);
        return () => pauses.splice(pauses.indexOf(act), 1);
      },
    } as never,
    chat: undefined as never,
    fetch: async ({ file }) => {
      fetched.push(file);
      return bytes;
    },
    language: "de_DE.UTF-8",
    onChange: () => changes++,
  });
  const rest = async () => {
    for (const pause of pauses.splice(0)) pause();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { finder, fetched, rest, changes: () => changes };
}

test("loads the text of a small file after a pause, once", async () => {
  const { finder, fetched, rest, changes } = finderWith(Buffer.from("tin\nbrush\n"));
  finder.preview(fileOf(10));
  expect(fetched).toEqual([]);
  await rest();
  expect([fetched, finder.fileTexts.get("f1"), changes()]).toEqual([["f1"], "tin\nbrush\n", 1]);
  finder.preview(undefined);
  finder.preview(fileOf(10));
  await rest();
  expect(fetched).toEqual(["f1"]);
});

test("loads nothing of a file that the cursor has left, or that is large", async () => {
  const { finder, fetched, rest } = finderWith(Buffer.from("tin"));
  finder.preview(fileOf(10));
  finder.preview(fileOf(10, "f2"));
  finder.preview(fileOf(PREVIEWED_TEXT_BYTES_MAX + 1, "f3"));
  await rest();
  expect(fetched).toEqual([]);
  finder.preview(fileOf(PREVIEWED_TEXT_BYTES_MAX, "f4"));
  await rest();
  expect(fetched).toEqual(["f4"]);
});

test("names the encoding of a text that is not UTF-8", async () => {
  const { finder, rest } = finderWith(Buffer.from("Gr\xfc\xdfe", "latin1"));
  finder.preview(fileOf(10));
  await rest();
  expect(finder.fileTexts.get("f1")).toBe("[Windows-1252]\nGrüße");
});

test.each([
  ["with zeros", Uint8Array.of(72, 0, 105)],
  ["that are a part of UTF-16", Uint8Array.of(0xff, 0xfe, 0x41)],
])("shows no bytes %s", async (_, bytes) => {
  const { finder, rest } = finderWith(bytes);
  finder.preview(fileOf(3));
  await rest();
  expect(finder.fileTexts.get("f1")).toBe("");
});

test("the preview of a file has its first lines, without control characters", () => {
  const model = lobby();
  const { context } = new Screen(model);
  const { state } = openFinder(FIRST_STATE, { text: "cat.png" }, context);
  const fileTexts = new Map([[CAT, "first \u001b[31mline\n\tsecond\n"]]);
  const props = propsOf(model, { columns: 130, rows: 24 }, { state, fileTexts });
  const { frame, layout } = new FrameComposer().compose(props);
  expect(layout.previewed?.file as string | undefined).toBe(CAT);
  const text = plainLines(frame).join("\n");
  expect(text).toContain("first ␛[31mline");
  expect(text).toContain("│   second");
  const narrow = propsOf(model, { columns: 100, rows: 24 }, { state, fileTexts });
  expect(new FrameComposer().compose(narrow).layout.previewed).toBeUndefined();
});

test("an answer names the questions that share its words", () => {
  const model = lobby();
  const { context } = new Screen(model);
  const { state } = openFinder(FIRST_STATE, { text: "?raise my hand" }, context);
  const { frame } = new FrameComposer().compose(
    propsOf(model, { columns: 110, rows: 24 }, { state }),
  );
  expect(plainLines(frame).join("\n")).toContain("Related  How do I call on somebody? · ");
});
