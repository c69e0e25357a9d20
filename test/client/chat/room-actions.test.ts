import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { kick, type RoomActor } from "../../../src/client/chat/room-actions.ts";
import { rejection } from "../../rejection.ts";

test("sends the reason of a kick, but not for a sealed room", async () => {
  const sent: unknown[] = [];
  const view = { kind: "room", id: "r1" as RoomId, topic: "" } as const;
  const actor = {
    rooms: [
      { ...view, name: "lab" },
      { ...view, name: "vault", isSealed: true },
    ],
    request: (kind: string, fields: object) => {
      sent.push({ kind, ...fields });
      return Promise.resolve({ seq: 7 });
    },
    sealedRooms: () => Promise.reject(new Error("no change of a sealed room is started")),
  } as unknown as RoomActor;
  expect(await kick(actor, "lab", "ben", "too loud")).toBe(7);
  expect(await kick(actor, "lab", "eve")).toBe(7);
  const fault = await rejection(kick(actor, "vault", "ben", "too loud"));
  expect(fault).toMatchObject({ code: "sealed-room" });
  expect(sent).toEqual([
    { kind: "kick", room: "lab", user: "ben", reason: "too loud" },
    { kind: "kick", room: "lab", user: "eve" },
  ]);
});
