import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { inboxJson, inboxText } from "../../../src/cli/output/inbox.ts";

test("says that the calls of an encrypted room are not known", () => {
  const last = { seq: 7, timeUnixMs: 0, from: "ben", text: "" };
  const places = [true, undefined].map((isSealed, i) => {
    const id = `r${i}` as RoomId;
    const room = { kind: "room", name: `room-${i}`, id, topic: "", isSealed } as const;
    return { room, unread: 2, calls: 0, first: 3, last, isMuted: false } as const;
  });
  const inbox = { calls: [], people: [], threads: [], rooms: places, callCount: 0, unread: 4 };
  expect(inboxJson(inbox).map((line) => ("sealed" in line ? line["sealed"] : "open"))).toEqual([
    true,
    "open",
    "open",
  ]);
  expect(inboxText(inbox, 80)).toContain("ben: encrypted");
});
