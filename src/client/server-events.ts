/** What a model is told of a server, made of what the driver of a link hears. */

import type { FileId, RoomId } from "../base/ids.ts";
import type { ModelEvent } from "../core/model/event.ts";
import type { ServerView } from "../core/model/state.ts";
import { formatFingerprint } from "../wire/fingerprint.ts";
import type { LoopState } from "./connection-loop.ts";
import type { AccountNotice, FollowerEvent } from "./follower.ts";
import type { Greeted } from "./trust.ts";

/** @returns undefined if the model does not want to know it */
export function modelEventOf(event: FollowerEvent): ModelEvent | undefined {
  switch (event.kind) {
    case "connected":
      return { kind: "listing" };
    case "room":
      return { ...event.notice, room: event.room.id };
    case "room-gone":
      return { kind: "room-gone", room: event.id as RoomId };
    case "record":
      return { kind: "record", record: event.record };
    case "caught-up":
      return { kind: "caught-up" };
    case "in-room": {
      const { notice } = event;
      const room = event.room.id;
      if (notice.kind !== "offered") return { ...notice, room };
      const { kind, from, name, size } = notice;
      return { kind, room, file: notice.file as FileId, from, name, sizeBytes: size };
    }
    case "presence":
      return { ...event, room: event.room.id };
    case "account":
      return accountEventOf(event.notice);
    default: // A face keeps no words from one run to the next: it has no cursor.
      return undefined;
  }
}

function accountEventOf(notice: AccountNotice): ModelEvent | undefined {
  if (notice.kind === "ignored") return notice;
  if (notice.kind === "announced") {
    const { text, by, time } = notice;
    return { kind: "board", board: { announcement: text === "" ? undefined : { text, by, time } } };
  }
  if (notice.kind === "majority") return { kind: "board", board: { hasMajority: notice.on } };
  if (notice.kind !== "disk-low") return undefined;
  const { on, freeBytes, keepFreeBytes } = notice;
  return { kind: "board", board: { diskLow: on ? { freeBytes, keepFreeBytes } : undefined } };
}

/** @returns undefined if the model hears of this state by another event */
export function connectionEventOf(state: LoopState, nowUnixMs: number): ModelEvent | undefined {
  switch (state.kind) {
    case "outside":
    case "connecting":
    case "entering":
      return { kind: "connection", connection: state };
    case "waiting": {
      const { fault, retryInMs } = state;
      const retryAtUnixMs = nowUnixMs + retryInMs;
      return { kind: "connection", connection: { kind: "offline", fault, retryAtUnixMs } };
    }
    case "stopped":
      return { kind: "connection", connection: { kind: "ended", fault: state.fault } };
    default: // `in` is told by `entered`; `closed` is the end.
      return undefined;
  }
}

/** @param own whether this device can keep a key, and which one the server had here before */
export function greetedEvent(
  { fingerprint, welcome }: Greeted,
  own: Pick<ServerView, "keepsKey" | "changedFrom">,
): ModelEvent {
  return {
    kind: "greeted",
    server: {
      name: welcome.server.name,
      fingerprint: formatFingerprint(fingerprint),
      needsRoomPassword: welcome.needs === "password",
      welcome: welcome.text,
      textBytesMax: welcome.limits.textBytes,
      ...own,
    },
  };
}
