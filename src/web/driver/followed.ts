import type { FileId, RoomId } from "../../base/ids.ts";
import type { FollowerEvent } from "../../client/follower.ts";
import type { ModelEvent } from "../../core/model/event.ts";

/** @returns undefined if the model does not want to know it */
export function modelEventOf(event: FollowerEvent): ModelEvent | undefined {
  switch (event.kind) {
    case "room":
      return { ...event.notice, room: event.room.id };
    case "room-gone":
      return { kind: "room-gone", room: event.id as RoomId };
    case "record":
      return { kind: "record", record: event.record };
    case "caught-up":
      return event;
    case "in-room": {
      const { notice } = event;
      const room = event.room.id;
      if (notice.kind !== "offered") return { ...notice, room };
      const { kind, from, name, size } = notice;
      return { kind, room, file: notice.file as FileId, from, name, sizeBytes: size };
    }
    case "account":
      return event.notice.kind === "ignored" ? event.notice : undefined;
    default: // A page keeps no words over a reload: it has no cursor.
      return undefined;
  }
}
