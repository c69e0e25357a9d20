import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { VISIBLE_FAULTS_MAX } from "../../../src/base/limits-page.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import { updateAll } from "../../../src/core/model/update.ts";
import { LOBBY, recordEvent, scene } from "../model-scene.ts";

const post = { key: "k", id: "o.1", to: "Lobby", body: { text: "x" }, writtenUnixMs: 0 };
const posted: ModelEvent = { kind: "posted", ...post };
const stored: ModelEvent = { kind: "stored", key: "k" };
const receipt = { seq: 2, n: 2, time: 5 };
const durable: ModelEvent = { kind: "settled", key: "k", outcome: { kind: "durable", receipt } };
const own = recordEvent(2, { from: "ana", id: "o.1" });

test("displays a post once, regardless of the order of answer and record", () => {
  const pending = (...events: ModelEvent[]) => scene(posted, ...events).model.pending;
  expect(pending().map(({ state }) => state.kind)).toEqual(["storing"]);
  expect(pending(stored).map(({ state }) => state.kind)).toEqual(["waiting"]);
  expect(pending(durable).map(({ state }) => state.kind)).toEqual(["sent"]);
  expect(pending(durable, stored).map(({ state }) => state.kind)).toEqual(["sent"]);
  expect(pending(durable, own)).toEqual([]);
  expect(pending(own)).toEqual([]);
  expect(pending(durable, recordEvent(2))).toEqual([]);
  expect(pending(recordEvent(2), durable)).toEqual([]);
  expect(pending(recordEvent(2, { id: "o.2" }))).toHaveLength(1);
  const { model } = scene(posted);
  for (const event of [recordEvent(2), { kind: "caught-up" } as const])
    expect(updateAll(model, [event]).model.pending).toBe(model.pending);
  const listed = { kind: "room", room: LOBBY, name: "lobby", n: 3, skipped: 0 } as const;
  expect(pending(durable, listed, { kind: "caught-up" })).toEqual([]);
  expect(pending(durable, { ...listed, n: 2 }, { kind: "caught-up" })).toHaveLength(1);
  expect(pending(own, durable)).toEqual([]);
  expect(pending(durable, { kind: "room-gone", room: LOBBY })).toEqual([]);
});

test("displays a post of a file only as a file", () => {
  const telling = { ...posted, body: { text: "", file: "f" } } as ModelEvent;
  expect(scene(telling, stored).model.pending).toEqual([]);
});

test("keeps a refused post until it is discarded", () => {
  const fault = new Fault("muted", "you are muted");
  const { model } = scene(posted, {
    kind: "settled",
    key: "k",
    outcome: { kind: "refused", fault },
  });
  expect(model.pending[0]?.state).toEqual({ kind: "refused", fault });
  expect(updateAll(model, [{ kind: "discarded", key: "k" }]).model.pending).toEqual([]);
});

test("reports a refused reaction, which no row displays", () => {
  const fault = new Fault("muted", "you are muted");
  const reaction: ModelEvent = { ...post, kind: "posted", body: { text: "", react: "👍", re: 1 } };
  const { model } = scene(reaction, stored, {
    kind: "settled",
    key: "k",
    outcome: { kind: "refused", fault },
  });
  expect([model.pending, model.faults]).toMatchObject([[], [{ fault }]]);
});

test("displays at most VISIBLE_FAULTS_MAX faults, each message once", () => {
  const faults = Array.from({ length: VISIBLE_FAULTS_MAX + 3 }, (_, i) => {
    return { kind: "fault", fault: new Fault("internal", `${i}`) } as const;
  });
  const { model } = scene(...faults, ...faults.slice(-1));
  expect(model.faults).toHaveLength(VISIBLE_FAULTS_MAX);
  const [first] = model.faults;
  const fewer = updateAll(model, [{ kind: "dismissed", fault: first?.id ?? 0 }]).model;
  expect(fewer.faults).toHaveLength(VISIBLE_FAULTS_MAX - 1);
});

test("displays transfers until they are dismissed", () => {
  const about = { id: "t", file: undefined, name: "f", to: ["lobby"], progress: undefined };
  const transfer = { ...about, kind: "upload" };
  const running = { ...transfer, state: { kind: "running" } } as const;
  const { model } = scene({ kind: "transfer", transfer: { ...running, kind: "upload" } });
  expect([...model.transfers.keys()]).toEqual(["t"]);
  expect(updateAll(model, [{ kind: "transfer-gone", id: "t" }]).model.transfers.size).toBe(0);
});
