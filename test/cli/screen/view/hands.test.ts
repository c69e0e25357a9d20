/** Hands and the own turn on the status line, and the key for them. */

import { expect, test } from "bun:test";
import { Fault } from "../../../../src/base/fault.ts";
import type { Model } from "../../../../src/core/model/state.ts";
import { updateAll } from "../../../../src/core/model/update.ts";
import { LOBBY } from "../../../core/model-scene.ts";
import { lobby, Screen } from "../input/scene.ts";
import { createScene, frameOf, plainLines, propsOf, stateOf } from "./scenes.ts";

const SIZE = { columns: 80, rows: 24 };

function hand(user: string, from = user, body: object = { on: true }) {
  return { kind: "hand", from, body: { user: `u-${user}`, name: user, ...body } };
}

function call(user: string, from = "ben") {
  return hand(user, from, { on: false, call: true });
}

function moderated(model: Model): Model {
  const rooms = [...model.rooms].map(([id, room]) => [id, { ...room, moderates: true }] as const);
  return { ...model, rooms: new Map(rooms) };
}

function open(model: Model, target = "lobby"): Model {
  return updateAll(model, [{ kind: "open", target }]).model;
}

function statusOf(model: Model, columns = SIZE.columns): string {
  const lines = plainLines(frameOf(propsOf(model, { ...SIZE, columns })));
  return lines.at(-2)?.trimEnd() ?? "";
}

test("names who is called on and the hands in their order", () => {
  const story = createScene().record(hand("cleo")).record(hand("dora")).record(hand("eva"));
  story.record(hand("finn")).record(hand("gil")).record(call("cleo"));
  const model = open(story.model());
  expect(statusOf(model)).toContain("▸ cleo · ✋ dora, eva, finn +1");
  expect(statusOf(model)).not.toContain("F8");
  expect(statusOf(moderated(model))).toEndWith("F8 next · F3 all hands");
  const fault = new Fault("unreachable", "refused");
  const connection = { kind: "offline", fault, retryAtUnixMs: 0 } as const;
  expect(statusOf({ ...model, connection })).not.toContain("▸");
  const raised = open(story.record(hand("ana")).model());
  expect(statusOf(raised)).toContain("Hand raised, you are 5th");
});

test("says on the whole line, in any room, that the user is called on", () => {
  const model = createScene().record(hand("ana")).record(call("ana")).model();
  const here = open(model);
  expect(statusOf(here)).toBe(" ✋ ben calls on you · F8 done");
  const elsewhere = open(model, "dev");
  const line = statusOf(elsewhere);
  expect(line).toStartWith(" ✋ ben calls on you in #lobby · F8 done ");
  expect(line).toEndWith("Alt-N goes there");
  expect(frameOf(propsOf(elsewhere, SIZE)).title).toBe("✋ #lobby");
  expect(statusOf(elsewhere, 30)).toStartWith(" ✋ ben calls on you");
});

test("moves by one key: raise, lower, end the own turn, call the next", () => {
  expect(new Screen().press("f8").actions).toEqual([{ kind: "step-hand" }]);
  const typing = new Screen().type("half").press("f8");
  expect(typing.actions).toContainEqual({ kind: "step-hand" });
  expect(typing.state.editor.text).toBe("half");
});

test("leads to the room of the own turn before any other call", () => {
  const called = createScene().record(call("ana")).model();
  const screen = new Screen(open(called, "dev"));
  screen.press("alt-n");
  expect(screen.actions).toContainEqual({ kind: "open", target: "lobby" });
  expect(new Screen(lobby()).press("alt-n").actions).toEqual([]);
});

test("lists who is called on, then the hands with their places, before the others", () => {
  const story = createScene().record(hand("ben")).record(hand("cleo")).record(call("ben", "ana"));
  const names = ["ana", "ben", "cleo", "dora"];
  const members = names.map(
    (name) => ({ name, isOnline: name !== "cleo", role: "member" }) as const,
  );
  story.apply({ kind: "members", room: LOBBY, members });
  const state = stateOf({ showsMembers: true });
  const frame = frameOf(propsOf(open(story.model()), { columns: 120, rows: 24 }, { state }));
  const rows = plainLines(frame).map((line) => line.slice(96).trim());
  expect(rows.slice(2, 6)).toEqual(["│ ▸ ben", "│ ✋ 1 cleo", "│ ● ana you", "│ ● dora"]);
});
