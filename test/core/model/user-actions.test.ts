import { expect, test } from "bun:test";
import { PRESENCE_MEMBERS_MAX } from "../../../src/base/limits.ts";
import type { ComposerDraft } from "../../../src/core/model/state.ts";
import { updateAll } from "../../../src/core/model/update.ts";
import { LOBBY, lobbyOf, recordEvent, scene } from "../model-scene.ts";

test("requests members and inserts the unread row when a room is opened", () => {
  const { model, effects } = updateAll(scene(recordEvent(2), recordEvent(3)).model, [
    { kind: "open", target: "#Lobby" },
  ]);
  expect(model.open).toBe("lobby");
  expect(lobbyOf(model).readAtOpening).toBe(1);
  expect(effects).toEqual([{ kind: "members", room: LOBBY, target: "lobby" }]);
  const left = updateAll(model, [{ kind: "open", target: "@cleo" }]).model;
  expect(lobbyOf(left).readAtOpening).toBeUndefined();
});

test("requests members of a room too large for presence at each opening", () => {
  const expectRequests = (count: number) => {
    const members = Array.from({ length: count }, (_, i) => {
      return { name: `p${i}`, isOnline: false, role: "member" };
    });
    const known = scene({ kind: "members", room: LOBBY, members }).model;
    return updateAll(known, [{ kind: "open", target: "lobby" }]).effects.filter(
      ({ kind }) => kind === "members",
    );
  };
  expect(expectRequests(PRESENCE_MEMBERS_MAX)).toEqual([]);
  const request = { kind: "members", room: LOBBY, target: "lobby" } as const;
  expect(expectRequests(PRESENCE_MEMBERS_MAX + 1)).toEqual([request]);
});

test("requests a page only to jump outside the loaded items", () => {
  const { model } = scene(recordEvent(12), recordEvent(13));
  const here = updateAll(model, [{ kind: "jump", room: LOBBY, seq: 12 }]);
  expect(here.effects).toEqual([]);
  expect(lobbyOf(here.model).jumpSeq).toBe(12);
  const there = updateAll(model, [{ kind: "jump", room: LOBBY, seq: 5 }]);
  expect(there.effects).toEqual([
    { kind: "page", room: LOBBY, target: "lobby", side: "around", seq: 5 },
  ]);
  const back = updateAll(there.model, [{ kind: "bottom", room: LOBBY }]).model;
  expect(lobbyOf(back)).toMatchObject({ jump: undefined, loading: undefined, jumpSeq: undefined });
  expect(lobbyOf(back).bottomRequests).toBe(lobbyOf(there.model).bottomRequests + 1);
});

test("hides messages until the room is opened again", () => {
  const opened = scene(recordEvent(2), recordEvent(3), { kind: "open", target: "lobby" }).model;
  const { model, effects } = updateAll(opened, [
    { kind: "clear", room: LOBBY },
    { kind: "reach", room: LOBBY, side: "older" },
    recordEvent(4),
  ]);
  expect(effects.filter(({ kind }) => kind === "page")).toEqual([]);
  expect(lobbyOf(model)).toMatchObject({ isCleared: true, tail: { hasOlder: false } });
  expect(lobbyOf(model).tail.items.map(({ seq }) => seq)).toEqual([4]);
  const again = updateAll(model, [
    { kind: "open", target: "@cleo" },
    { kind: "open", target: "lobby" },
    { kind: "reach", room: LOBBY, side: "older" },
  ]);
  expect(lobbyOf(again.model).isCleared).toBe(false);
  const page = { kind: "page", room: LOBBY, target: "lobby", side: "around", seq: 2 } as const;
  expect(again.effects).toContainEqual(page);
});

test("keeps drafts until they are sent", () => {
  const draft = { text: "half", re: 2 };
  const stored = updateAll(scene().model, [{ kind: "draft", target: "lobby", draft }]);
  expect(stored.effects).toEqual([{ kind: "keep-draft", target: "lobby", draft }]);
  const gone = updateAll(stored.model, [{ kind: "draft", target: "lobby", draft: undefined }]);
  expect(gone.model.drafts.size).toBe(0);
});

test("ends an edit whose message is erased, and keeps what was typed", () => {
  const erase = recordEvent(4, { kind: "erase", from: "ben", body: { seq: 2 } });
  const text = recordEvent(2, { from: "ana", body: { text: "at nine" } });
  const before = { text: "a thought", re: 3 };
  const draftAfter = (draft: ComposerDraft, target = "lobby") => {
    const open = scene(text, recordEvent(3), { kind: "open", target: "lobby" });
    const typed = updateAll(open.model, [{ kind: "draft", target, draft }]);
    const { model, effects } = updateAll(typed.model, [erase]);
    const kept = effects.filter(({ kind }) => kind === "keep-draft");
    const left = model.drafts.get(target);
    expect(kept).toEqual([{ kind: "keep-draft", target, draft: left }]);
    return [left, model.faults.map(({ fault }) => fault.message)];
  };
  const reason = ["the message that you were editing was deleted"];
  expect(draftAfter({ text: "at ten", edits: 2 })).toEqual([{ text: "at ten" }, reason]);
  expect(draftAfter({ text: "at nine", edits: 2 })).toEqual([undefined, reason]);
  expect(draftAfter({ text: "at nine", edits: 2, before })).toEqual([before, reason]);
  const both = { text: "a thought\n\nat ten", re: 3 };
  expect(draftAfter({ text: "at ten", edits: 2, before })).toEqual([both, reason]);
  // The thread is not open.
  expect(draftAfter({ text: "at ten", edits: 2 }, "lobby 3")).toEqual([{ text: "at ten" }, []]);
});
