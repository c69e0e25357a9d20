import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { SHOWN_FOUND_MAX } from "../../../src/base/limits-page.ts";
import { updateAll } from "../../../src/core/model/update.ts";
import { LOBBY, lobbyOf, record, said, scene } from "../model-scene.ts";

const page = { kind: "page", room: LOBBY, hasOlder: true, hasNewer: true } as const;

test("only the page that was asked for is taken", () => {
  const asked = updateAll(scene(said(12)).model, [{ kind: "reach", room: LOBBY, side: "older" }]);
  expect(asked.effects).toEqual([
    { kind: "page", room: LOBBY, target: "lobby", side: "older", seq: 12 },
  ]);
  const again = updateAll(asked.model, [
    { kind: "reach", room: LOBBY, side: "older" },
    { ...page, side: "older", seq: 99, records: [record(4)] },
    { ...page, side: "newer", seq: 12, records: [record(4)] },
  ]);
  expect(again.effects).toEqual([]);
  expect(lobbyOf(again.model).tail.items).toHaveLength(1);
  const come = updateAll(again.model, [{ ...page, side: "older", seq: 12, records: [record(9)] }]);
  expect(lobbyOf(come.model).tail.items.map(({ seq }) => seq)).toEqual([9, 12]);
});

test("a page with nothing to see leads to the one before it", () => {
  const asked = updateAll(scene(said(12)).model, [{ kind: "reach", room: LOBBY, side: "older" }]);
  const edit = record(9, { kind: "edit", body: { seq: 2, text: "new" } });
  const { effects } = updateAll(asked.model, [
    { ...page, side: "older", seq: 12, records: [edit] },
  ]);
  expect(effects).toEqual([{ kind: "page", room: LOBBY, target: "lobby", side: "older", seq: 9 }]);
});

test("a page that cannot be had says why, and may be asked for again", () => {
  const asked = updateAll(scene(said(12)).model, [{ kind: "reach", room: LOBBY, side: "older" }]);
  const fault = new Fault("link-closed", "gone");
  const { model } = updateAll(asked.model, [
    { kind: "page-failed", room: LOBBY, side: "older", seq: 12, fault },
  ]);
  expect(lobbyOf(model).loading).toBeUndefined();
  expect(model.faults.map((one) => one.fault)).toEqual([fault]);
});

test("what a search finds is added up to SHOWN_FOUND_MAX, newest first", () => {
  const query = { text: "x" };
  const asked = updateAll(scene().model, [{ kind: "search", query }]);
  expect(asked.effects).toEqual([{ kind: "search", query, before: undefined }]);
  const found = updateAll(asked.model, [
    { kind: "found", query, records: [record(3), record(5)], hasMore: true },
    { kind: "found", query: { text: "x" }, records: [record(4)], hasMore: true },
    { kind: "search-more" },
  ]);
  expect(found.model.search?.found.map(({ item }) => item.seq)).toEqual([5, 3]);
  expect(found.effects).toEqual([{ kind: "search", query, before: 3 }]);
  const many = Array.from({ length: SHOWN_FOUND_MAX }, (_, i) => record(i + 10));
  const full = updateAll(found.model, [{ kind: "found", query, records: many, hasMore: true }]);
  expect(full.model.search?.found).toHaveLength(SHOWN_FOUND_MAX);
  expect(full.model.search?.hasMore).toBe(false);
});

test("whoever is an operator learns it from the list of members", () => {
  const { model } = scene({
    kind: "members",
    room: LOBBY,
    members: [{ name: "ana", isOnline: true, role: "operator" }],
  });
  expect(model.isOperator).toBe(true);
});
