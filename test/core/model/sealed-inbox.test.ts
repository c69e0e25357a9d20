import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import type { Inbox, InboxPlace } from "../../../src/core/client/inbox.ts";
import { withSealed } from "../../../src/core/model/sealed-inbox.ts";
import { LOBBY, recordEvent, scene } from "../model-scene.ts";

const mention = { text: "@ana come", mentions: ["ana"] };
const NOTHING: Inbox = { calls: [], people: [], threads: [], rooms: [], callCount: 0, unread: 0 };

function placeOf(id: RoomId, name: string, counts: Partial<InboxPlace> = {}): InboxPlace {
  const room = { kind: "room", id, name, topic: "" } as const;
  return { room, unread: 1, calls: 0, isMuted: false, ...counts };
}

test("counts what calls the user in an encrypted room, and shows its last text", () => {
  const { model } = scene(
    { kind: "room", room: LOBBY, name: "lab", n: 1, skipped: 0, read: 1, sealed: true },
    recordEvent(2, { body: { text: "hello" } }),
    recordEvent(3, { body: mention }),
    recordEvent(4, { body: { text: "bye" } }),
  );
  const open = placeOf("rother" as RoomId, "open");
  const inbox = withSealed({ ...NOTHING, rooms: [open, placeOf(LOBBY, "lab")], unread: 2 }, model);
  expect(inbox.calls.map(({ reason, seq, text }) => [reason, seq, text])).toEqual([
    ["mention", 3, "@ana come"],
  ]);
  const rooms = inbox.rooms.map(({ room: _, last, ...place }) => ({ ...place, text: last?.text }));
  const counts = { isMuted: false };
  expect(rooms).toEqual([
    { ...counts, unread: 3, calls: 1, text: "bye" },
    { ...counts, unread: 1, calls: 0, text: undefined },
  ]);
  expect([inbox.callCount, inbox.unread]).toEqual([1, 4]);
});

test("leaves a room that is not encrypted as the server has counted it", () => {
  const { model } = scene(recordEvent(2, { body: mention }));
  const inbox = { ...NOTHING, rooms: [placeOf(LOBBY, "lobby", { calls: 1 })], unread: 1 };
  expect(withSealed({ ...inbox, callCount: 1 }, model)).toEqual({ ...inbox, callCount: 1 });
});
