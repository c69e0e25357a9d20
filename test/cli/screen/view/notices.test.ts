import { expect, test } from "bun:test";
import { faceTexts } from "../../../../src/cli/screen/text/faces.ts";
import { noticeLines } from "../../../../src/cli/screen/view/notices.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
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
