import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { SEARCH_RESULTS_MAX } from "../../../src/base/limits-page.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import type { SearchQuery } from "../../../src/core/model/state.ts";
import { updateAll } from "../../../src/core/model/update.ts";
import { LOBBY, lobbyOf, record, recordEvent, scene } from "../model-scene.ts";

const page = { kind: "page", room: LOBBY, hasOlder: true, hasNewer: true } as const;

test("ignores pages that were not requested", () => {
  const requested = updateAll(scene(recordEvent(12)).model, [
    { kind: "reach", room: LOBBY, side: "older" },
  ]);
  expect(requested.effects).toEqual([
    { kind: "page", room: LOBBY, target: "lobby", side: "older", seq: 12 },
  ]);
  const again = updateAll(requested.model, [
    { kind: "reach", room: LOBBY, side: "older" },
    { ...page, side: "older", seq: 99, records: [record(4)] },
    { ...page, side: "newer", seq: 12, records: [record(4)] },
  ]);
  expect(again.effects).toEqual([]);
  expect(lobbyOf(again.model).tail.items).toHaveLength(1);
  const come = updateAll(again.model, [{ ...page, side: "older", seq: 12, records: [record(9)] }]);
  expect(lobbyOf(come.model).tail.items.map(({ seq }) => seq)).toEqual([9, 12]);
  expect(come.effects).toEqual([]);
});

test("requests an earlier page if a page has no items", () => {
  const requested = updateAll(scene(recordEvent(12)).model, [
    { kind: "reach", room: LOBBY, side: "older" },
  ]);
  const edit = record(9, { kind: "edit", body: { seq: 2, text: "new" } });
  const { effects } = updateAll(requested.model, [
    { ...page, side: "older", seq: 12, records: [edit] },
  ]);
  expect(effects).toEqual([{ kind: "page", room: LOBBY, target: "lobby", side: "older", seq: 9 }]);
});

test("requests a later page if a newer page has no items", () => {
  const jumped = updateAll(scene(recordEvent(12)).model, [{ kind: "jump", room: LOBBY, seq: 5 }]);
  const requested = updateAll(jumped.model, [
    { ...page, side: "around", seq: 5, records: [record(5)] },
    { kind: "reach", room: LOBBY, side: "newer" },
  ]);
  const edit = record(7, { kind: "edit", body: { seq: 2, text: "new" } });
  const empty = { ...page, side: "newer", seq: 5, records: [edit] } as const;
  expect(updateAll(requested.model, [empty]).effects).toEqual([
    { kind: "page", room: LOBBY, target: "lobby", side: "newer", seq: 7 },
  ]);
  const last = updateAll(requested.model, [{ ...empty, hasNewer: false }]);
  expect(last.effects).toEqual([]);
});

test("reports a failed page, which can be requested again", () => {
  const requested = updateAll(scene(recordEvent(12)).model, [
    { kind: "reach", room: LOBBY, side: "older" },
  ]);
  const fault = new Fault("link-closed", "gone");
  const failed = { kind: "page-failed", room: LOBBY, side: "older", seq: 12, fault } as const;
  const other = updateAll(requested.model, [{ ...failed, seq: 11 }]).model;
  expect([lobbyOf(other).loading, other.faults]).toEqual([{ side: "older", seq: 12 }, []]);
  const { model } = updateAll(requested.model, [failed]);
  expect(lobbyOf(model).loading).toBeUndefined();
  expect(model.faults.map((item) => item.fault)).toEqual([fault]);
});

test("collects up to SEARCH_RESULTS_MAX results, newest first", () => {
  const query = { input: "x", text: "x" };
  const requested = updateAll(scene().model, [{ kind: "search", query }]);
  expect(requested.effects).toEqual([{ kind: "search", query, before: undefined }]);
  const found = updateAll(requested.model, [
    { kind: "found", query, records: [record(3), record(5)], hasMore: true },
    { kind: "found", query: { input: "x", text: "x" }, records: [record(4)], hasMore: true },
    { kind: "search-more" },
    { kind: "search-more" },
  ]);
  expect(found.model.search?.found.map(({ item }) => item.seq)).toEqual([5, 3]);
  expect(found.effects).toEqual([{ kind: "search", query, before: 3 }]);
  const many = Array.from({ length: SEARCH_RESULTS_MAX }, (_, i) => record(i + 10));
  const full = updateAll(found.model, [{ kind: "found", query, records: many, hasMore: true }]);
  expect(full.model.search?.found).toHaveLength(SEARCH_RESULTS_MAX);
  expect(full.model.search?.hasMore).toBe(false);
  for (const model of [full.model, scene().model])
    expect(updateAll(model, [{ kind: "search-more" }]).effects).toEqual([]);
});

test("removes the text of an erased message from the results", () => {
  const query = { input: "x", text: "x" };
  const records = [record(3), record(5)];
  const { model } = updateAll(scene().model, [
    { kind: "search", query },
    { kind: "found", query, records, hasMore: false },
    recordEvent(6, { kind: "erase", from: "ben", body: { seq: 3 } }),
  ]);
  const states = model.search?.found.map(({ item }) => [item.seq, item.state, item.text]);
  expect(states).toEqual([
    [5, "whole", "5"],
    [3, "erased", ""],
  ]);
});

test("finds edits and conversations in a search, and reports its failure", () => {
  const query = { input: "x", text: "x" };
  const searching = updateAll(scene().model, [{ kind: "search", query }]).model;
  const room = { kind: "person", name: "ben", id: "d1", topic: "" } as ChatRecord["room"];
  const edit = record(4, { kind: "edit", body: { seq: 2, text: "x" } });
  const reaction = record(5, { kind: "reaction", body: { re: 2, react: "x" } });
  const records = [record(3, { room }), edit, reaction];
  const { model } = updateAll(searching, [{ kind: "found", query, records, hasMore: false }]);
  const found = model.search?.found.map(({ target, item }) => [target, item.kind]);
  expect(found).toEqual([
    ["lobby", "edit"],
    ["@ben", "text"],
  ]);
  const fault = new Fault("link-closed", "gone");
  const after = (of: SearchQuery) =>
    updateAll(searching, [{ kind: "search-failed", query: of, fault }]).model.search?.fault;
  expect([after(query), after({ input: "y", text: "y" })]).toEqual([fault, undefined]);
});

test("follows operator rights across links", () => {
  const entered = { kind: "entered", user: "ana" } as const;
  const caughtUp = { kind: "caught-up" } as const;
  const granted = { kind: "operator", on: true } as const;
  const isOperator = (...events: readonly ModelEvent[]) => scene(...events).model.isOperator;
  expect(isOperator(granted)).toBe(true);
  expect(isOperator(granted, { ...granted, on: false })).toBe(false);
  expect(isOperator(granted, entered)).toBe(true);
  expect(isOperator(granted, entered, granted, caughtUp)).toBe(true);
  expect(isOperator(granted, entered, caughtUp)).toBe(false);
  expect(isOperator(granted, { ...entered, user: "ben" })).toBe(false);
});
