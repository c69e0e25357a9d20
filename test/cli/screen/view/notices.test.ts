import { expect, test } from "bun:test";
import { EMPTY_EDITOR, editorOf } from "../../../../src/cli/screen/editor/editor.ts";
import { screenTexts } from "../../../../src/cli/screen/text/texts.ts";
import { noticeLines } from "../../../../src/cli/screen/view/notices.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import type { Model } from "../../../../src/core/model/state.ts";
import * as scenes from "./scenes.ts";

const texts = screenTexts("en");

function noticesAfter(...events: readonly ModelEvent[]): readonly string[] {
  const model = scenes
    .createScene()
    .apply({ kind: "open", target: "lobby" }, ...events)
    .model();
  const options = { model, notes: [], texts, visibleFiles: new Set<string>() };
  return noticeLines(options, 80, 5).map((line) => line.map(({ text }) => text).join(""));
}

function offered(from: string, thread?: number): ModelEvent {
  const file = `f${from.padEnd(11, "x")}` as never;
  const about = { room: "lobby" as never, file, from, name: "cat.png", size: 9, thread };
  return { kind: "offered", ...about };
}

test("announces an upload once, except by ignored users", () => {
  const transfer = {
    id: "t1",
    kind: "upload" as const,
    name: "cat.png",
    to: ["lobby"],
    file: undefined,
    state: { kind: "running" as const },
    progress: undefined,
  };
  const lines = noticesAfter({ kind: "transfer", transfer }, offered("Ana"), offered("ben"));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain("ben is sending cat.png");
  expect(lines[1]).toStartWith("↑ cat.png");
  expect(noticesAfter({ kind: "ignored", users: ["ben"] }, offered("ben"))).toEqual([]);
});

test("names the thread into which somebody sends a file, unless it is open", () => {
  const [inRoom, inThread] = noticesAfter(offered("ben"), offered("cid", 1));
  expect(inRoom).toEndWith("ben is sending cat.png");
  expect(inThread).toEndWith("cid is sending cat.png in a thread");
  const [open, other] = noticesAfter(
    { kind: "thread", room: "lobby" as never, seq: 1 },
    offered("cid", 1),
    offered("ben", 2),
  );
  expect(open).toEndWith("cid is sending cat.png");
  expect(other).toEndWith("ben is sending cat.png in a thread");
});

test("displays a question above the status line if its menu cuts it", () => {
  const text = "there is no room 'attic'; create it, locked with the password 'under the stairs'?";
  const question = { kind: "yes-no", text, answer: EMPTY_EDITOR } as const;
  const at = (columns: number) => {
    const state = scenes.stateOf({ question });
    const size = { columns, rows: 24 };
    const props = scenes.propsOf(scenes.conversation().model(), size, { state });
    return scenes.plainLines(scenes.frameOf(props));
  };
  const narrow = at(50);
  expect(narrow.at(-4)?.trim()).toBe("there is no room 'attic'; create it, locked with");
  expect(narrow.at(-3)?.trim()).toBe("the password 'under the stairs'?");
  const wide = at(139);
  expect(wide.at(-5)).toContain(`── ${text} ──`);
  expect(wide.slice(-4).map((line) => line.trim().replace(/ +/g, " "))).toEqual([
    ...["│ > No", "│ Yes", expect.stringContaining("Enter chooses · Esc"), "Choose ›"],
  ]);
});

test("displays typing users and a stalled server in the status line", () => {
  const base = scenes.conversation().model();
  const rooms = new Map([...base.rooms].map(([id, room]) => [id, { ...room, typing: ["ben"] }]));
  const statusOf = (columns: number, typing = true, model: Model = { ...base, rooms }) => {
    const props = scenes.propsOf(model, { columns, rows: 20 });
    const settings = { ...props.settings, typing };
    return scenes.plainLines(scenes.frameOf({ ...props, settings })).at(-2) ?? "";
  };
  expect(statusOf(100)).toContain("ben is typing…");
  expect(statusOf(100, false)).not.toContain("typing");
  expect(statusOf(20)).not.toContain("typing");
  expect(statusOf(100)).toContain("● box.lan");
  const stalled = scenes.conversation().apply({ kind: "stalled", on: true }).model();
  expect(statusOf(80, true, stalled)).toStartWith(" ◌ Waiting for the server…");
});

test("displays why the user cannot post, and who asks to join", () => {
  const linesOf = (change: object, typed = "") => {
    const base = scenes.conversation().model();
    const rooms = new Map([...base.rooms].map(([id, room]) => [id, { ...room, ...change }]));
    const props = scenes.propsOf({ ...base, rooms } as Model, { columns: 120, rows: 20 });
    const state = { ...props.state, editor: editorOf(typed) };
    return scenes.plainLines(scenes.frameOf({ ...props, state, nowUnixMs: 1_000 })).slice(-2);
  };
  const statusOf = (change: object) => linesOf(change)[0] ?? "";
  const rules = { post: "moderators" };
  const limit = "Only moderators can post here.";
  const [status, input] = linesOf({ rules, moderates: false });
  expect([status?.includes(limit), input?.trimEnd()]).toEqual([false, `#lobby> ${limit}`]);
  const [beside, draft] = linesOf({ rules, moderates: false }, "a draft");
  expect([beside?.includes(limit), draft?.trimEnd()]).toEqual([true, "#lobby> a draft"]);
  expect(linesOf({ rules, moderates: true }).join("")).not.toContain(limit);
  expect(linesOf({ isClosed: true })[1]).toContain("This room is read-only.");
  const muted = { mutedUntilUnixMs: 2_000, moderates: false };
  expect(linesOf(muted)[1]).toContain("You're muted in this room until ");
  expect(linesOf({ ...muted, mutedUntilUnixMs: 1_000 })[1]?.trimEnd()).toBe("#lobby>");
  const slow = { rules: { slow: 30 }, moderates: false, slowUntilUnixMs: 2_500 };
  expect(statusOf(slow)).toContain("Slow mode: you can post again in 2 seconds.");
  expect(statusOf({ ...slow, slowUntilUnixMs: 1_000 })).not.toContain("Slow mode");
  expect(statusOf({ knocks: ["eve", "fay"] })).toContain("eve asks to join. +1");
});
