import { expect, test } from "bun:test";
import { EMPTY_EDITOR } from "../../../../src/cli/screen/editor/editor.ts";
import { faceTexts } from "../../../../src/cli/screen/text/faces.ts";
import { noticeLines } from "../../../../src/cli/screen/view/notices.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import type { Model } from "../../../../src/core/model/state.ts";
import { emptyModel } from "../../../../src/core/model/update.ts";
import * as scenes from "./scenes.ts";

const texts = faceTexts("en");

function shown(...events: readonly ModelEvent[]): readonly string[] {
  const model = scenes
    .begun()
    .tell({ kind: "open", target: "lobby" }, ...events)
    .model();
  const parts = { model, notes: [], texts, seenFiles: new Set<string>() };
  return noticeLines(parts, 80, 5).map((line) => line.map(({ text }) => text).join(""));
}

function offered(from: string): ModelEvent {
  const file = `f${from.padEnd(11, "x")}` as never;
  return { kind: "offered", room: "lobby" as never, file, from, name: "cat.png", sizeBytes: 9 };
}

test("a file that is on its way is told once, and nothing of those who are ignored", () => {
  const transfer = {
    ...{ id: "t1", kind: "upload" as const, name: "cat.png", to: ["lobby"] },
    ...{ file: undefined, state: { kind: "running" as const }, progress: undefined },
  };
  const lines = shown({ kind: "transfer", transfer }, offered("Ana"), offered("ben"));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain("ben is sending cat.png");
  expect(lines[1]).toStartWith("↑ cat.png");
  expect(shown({ kind: "ignored", users: ["ben"] }, offered("ben"))).toEqual([]);
});

test("a question that is too long for the status line is shown whole above it", () => {
  const text = "there is no room 'attic'; create it, locked with the password 'under the stairs'?";
  const question = { kind: "yes-no", text, answer: EMPTY_EDITOR } as const;
  const at = (columns: number) => {
    const state = scenes.stateOf({ question });
    const size = { columns, rows: 24 };
    return scenes.plainLines(
      scenes.frameOf(scenes.propsOf(scenes.conversation().model(), size, { state })),
    );
  };
  const narrow = at(50);
  expect(narrow.at(-2)).toEndWith(" (y/n)");
  expect(narrow.at(-4)?.trim()).toBe("there is no room 'attic'; create it, locked with");
  expect(narrow.at(-3)?.trim()).toBe("the password 'under the stairs'?");
  expect(at(100).at(-2)?.trim()).toBe(`${text} (y/n)`);
  expect(at(100).at(-3)?.trim()).not.toContain("under the stairs");
});

test("while rooms load, the screen does not say that there are none", () => {
  const shown = (model: Model, isStarting: boolean) => {
    const props = { ...scenes.propsOf(model, { columns: 80, rows: 24 }), isStarting };
    return scenes.plainLines(scenes.frameOf(props)).join("\n");
  };
  const entered = new scenes.Story().tell({ kind: "entered", user: "ana" }).model();
  const begun = scenes.begun().model();
  const none = /No room is open|You are in no room/;
  for (const text of [shown(entered, true), shown(entered, false), shown(begun, true)]) {
    expect(text).toContain("Loading…");
    expect(text).not.toMatch(none);
  }
  expect(shown(emptyModel(), true)).toContain("Connecting…");
  expect(shown(emptyModel(), true)).not.toMatch(none);
  expect(shown(begun, false)).toMatch(none);
});

test("the status line says that the server does not answer", () => {
  const status = (...events: readonly ModelEvent[]) => {
    const model = scenes
      .begun()
      .tell({ kind: "open", target: "lobby" }, ...events)
      .model();
    const props = scenes.propsOf(model, { columns: 80, rows: 24 });
    return scenes.plainLines(scenes.frameOf(props)).at(-2);
  };
  expect(status()).toContain("● box.lan");
  expect(status({ kind: "stalled", on: true })).toStartWith(" ◌ Waiting for the server…");
});
