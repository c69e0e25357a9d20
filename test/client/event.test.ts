import { expect, test } from "bun:test";
import type { RoomId } from "../../src/base/ids.ts";
import { type ClientEvent, modelEventOf } from "../../src/client/event.ts";

test("counts the time on a wall by the clock of this device, which may be wrong", () => {
  const room = { kind: "room", room: "r1" as RoomId, name: "lab", n: 1, skipped: 0 } as const;
  const wall = { scene: "timer", names: "first", lengthMs: 60_000 } as const;
  const event = (more: object) => ({ ...room, ...more }) as ClientEvent;
  const running = event({ wall: { ...wall, until: 1_060_000, leftMs: 40_000 } });
  expect(modelEventOf(running, 5_000)).toMatchObject({ wall: { until: 45_000 } });
  const paused = modelEventOf(event({ wall: { ...wall, leftMs: 9 } }), 5_000);
  expect(paused).toMatchObject({ wall: { leftMs: 9, until: undefined } });
  expect(modelEventOf(event({}), 5_000)).toMatchObject({ kind: "room", n: 1 });
});
