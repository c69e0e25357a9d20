import { expect, test } from "bun:test";
import type { RoomId } from "../../src/base/ids.ts";
import { SEALED_TOGETHER_MAX } from "../../src/base/limits-sealed.ts";
import { EventStage } from "../../src/client/event-stage.ts";
import type { FollowerEvent } from "../../src/client/follower.ts";
import { modelEventOf } from "../../src/client/server-events.ts";
import type { ChatRecord } from "../../src/core/client/chat-record.ts";
import type { ModelEvent } from "../../src/core/model/event.ts";
import { emptyModel, updateAll } from "../../src/core/model/update.ts";

function recordOf(room: string, n: number): ChatRecord {
  const view = { kind: "room", name: room, id: room as RoomId, topic: "" } as const;
  const rest = { timeUnixMs: 1, id: "", state: "whole", body: {}, from: "ana" } as const;
  return { ...rest, seq: n, n, kind: "sealed", room: view };
}

function told(record: ChatRecord): FollowerEvent {
  return { kind: "record", record, head: new Uint8Array(), sizeBytes: 0 } as FollowerEvent;
}

test("what waits together of one room is opened together, and told in its order", async () => {
  const steps: number[][] = [];
  const passed: string[] = [];
  const { promise: first, resolve: go } = Promise.withResolvers<void>();
  const stage = new EventStage(
    {
      opens: ({ room }) => room.name !== "open",
      open: async (records) => {
        steps.push(records.map(({ n }) => n));
        if (steps.length === 1) await first;
        return records.map((record) => ({ ...record, kind: "text" }));
      },
    },
    (event) =>
      passed.push(
        event.kind === "record" ? `${event.record.kind} ${event.record.n}` : `${event.kind}`,
      ),
    () => undefined,
  );
  const cursor = (seq: number): FollowerEvent => ({ kind: "cursor", seq });
  const rooms = [["vault", 2] as const, ["vault", 3] as const, ["open", 4] as const];
  stage.pass(told(recordOf("vault", 1)));
  for (const [room, n] of [...rooms, ["vault", 5] as const, ["safe", 6] as const]) {
    stage.pass(cursor(n - 1));
    stage.pass(told(recordOf(room, n)));
  }
  const many = Array.from({ length: SEALED_TOGETHER_MAX + 2 }, (_, at) => at + 7);
  for (const n of many) stage.pass(told(recordOf("safe", n)));
  go();
  while (passed.length < 6 + 5 + many.length) await new Promise((next) => setImmediate(next));
  const [six, ...later] = [6, ...many].slice(0, SEALED_TOGETHER_MAX);
  expect(steps).toEqual([[1], [2, 3], [5], [six ?? 0, ...later], many.slice(-3)]);
  const words = passed.filter((one) => one !== "cursor");
  expect(words.slice(0, 5)).toEqual(["text 1", "text 2", "text 3", "sealed 4", "text 5"]);
  expect(passed.slice(0, 4)).toEqual(["text 1", "cursor", "text 2", "cursor"]);
  expect(words.slice(5)).toEqual([6, ...many].map((n) => `text ${n}`));
});

test("a room that only a lost link has told of, behind sealed records, does not stay", async () => {
  const { promise: opened, resolve: go } = Promise.withResolvers<void>();
  let model = updateAll(emptyModel(), [{ kind: "entered", user: "ana" }]).model;
  const tell = (event: ModelEvent) => {
    model = updateAll(model, [event]).model;
  };
  let left = 0;
  const stage = new EventStage(
    {
      opens: ({ room }) => room.name === "vault",
      open: async (records) => {
        await opened;
        return records;
      },
    },
    (event) => {
      const told = modelEventOf(event);
      if (told !== undefined) tell(told);
      left--;
    },
    () => undefined,
  );
  const pass = (event: FollowerEvent) => {
    left++;
    stage.pass(event);
  };
  const roomOf = (name: string): FollowerEvent => {
    const { room } = recordOf(name, 1);
    const notice = { kind: "room", room: room.id, name, n: 1, skipped: 0 } as const;
    return { kind: "room", room, isNews: true, notice };
  };
  pass(roomOf("vault"));
  pass(told(recordOf("vault", 1)));
  pass(roomOf("attic"));
  tell({ kind: "entered", user: "ana" });
  pass({ kind: "connected", begin: () => undefined });
  pass(roomOf("vault"));
  pass({ kind: "caught-up", rooms: [] });
  go();
  while (left > 0) await new Promise((next) => setImmediate(next));
  expect([...model.rooms.values()].map(({ name }) => name)).toEqual(["vault"]);
});
