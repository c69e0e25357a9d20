/** `ClientEvent`: everything that happens to a client, for user interfaces, models and scripts. */

import type { Fault } from "../base/fault.ts";
import type { RoomId } from "../base/ids.ts";
import type { ChatRecord, RoomView } from "../core/client/chat-record.ts";
import type { AccountChange } from "../core/client/own-account.ts";
import type { ModelEvent } from "../core/model/event.ts";
import type { ServerView } from "../core/model/state.ts";
import { changesModel } from "../core/model/update.ts";
import type { Transport } from "../io/link/link.ts";
import { type Fingerprint, formatFingerprint } from "../wire/fingerprint.ts";
import type { LoopState } from "./connection-loop.ts";
import type { GuessDelay, ServerNotice } from "./link/connection.ts";
import type { GreetedServer } from "./link/greeting.ts";
import type { PostEvent } from "./outbox-driver.ts";
import type { SealedEvent } from "./sealed/room-state.ts";

/** Event of a client, for each user interface and script. */
export type ClientEvent = LinkEvent | RoomEvent | NoticeEvent | PostEvent;

/** Event of the connection and its log-ins. */
export type LinkEvent =
  | {
      readonly kind: "pinned";
      readonly address: string;
      readonly fingerprint: Fingerprint;
      readonly knownAs: string | undefined;
    }
  | {
      readonly kind: "moved";
      readonly address: string;
      readonly fingerprint: Fingerprint;
      readonly from: Fingerprint;
    }
  | { readonly kind: "elsewhere"; readonly from: string; readonly to: string }
  | Extract<LoopState, { kind: "outside" | "connecting" | "entering" | "stopped" }>
  | { readonly kind: "lost"; readonly fault: Fault; readonly retryInMs: number }
  | { readonly kind: "retrying"; readonly fault: Fault; readonly retryInMs: number }
  | Extract<ModelEvent, { kind: "stalled" | "greeted" | "entered" | "left" }>
  /** `delay` is `undefined` when the answer to the secret has arrived. */
  | { readonly kind: "guess-delay"; readonly delay: GuessDelay | undefined }
  | { readonly kind: "closed"; readonly fault: Fault | undefined };

/** Event of a room, which names the room by its id. */
export type RoomEvent =
  | { readonly kind: "listing"; readonly link: LinkInfo }
  | RoomChange
  | Extract<ModelEvent, { kind: "room-gone" | RoomNoticeKind | "presence" | "status" }>
  | {
      readonly kind: "record";
      readonly record: ChatRecord;
      readonly head: Uint8Array;
      readonly sizeBytes: number;
    }
  | { readonly kind: "skipped"; readonly room: RoomId; readonly count: number }
  | { readonly kind: "caught-up"; readonly rooms: readonly RoomView[] }
  | { readonly kind: "cursor"; readonly seq: number }
  | { readonly kind: "rewind"; readonly seq: number };

/** Room as the server sent it, with its view at that time. */
type RoomChange = Extract<ModelEvent, { kind: "room" }> & {
  readonly view: RoomView;
  readonly isChanged: boolean;
};

/** Notices about a room that pass as they are. */
export type RoomNoticeKind = "typing" | "read" | "offered";

/** Event of the account, its devices, its keys or the server. */
export type NoticeEvent = ShownNotice | PrefsEvent | SealedEvent | AccountChangedEvent;

/** Notices that the session does not handle itself. */
type ShownNotice = Exclude<
  AccountNotice,
  { kind: "prefs-set" | "save" | "follow" | "key-packages-low" }
>;

/** Notices that are no part of a room, which pass as they are. */
export type AccountNotice = Exclude<ServerNotice, { kind: FollowedKind }>;

/** Kinds from which the follower makes events of rooms. */
export type FollowedKind =
  | "guess-delay" // The connection reports it.
  | ("room" | "room-gone" | "records" | "caught-up")
  | ("presences" | RoomNoticeKind);

/** Somebody has changed the user's own account, and the server has proved it. */
export interface AccountChangedEvent extends AccountChange {
  readonly kind: "account-changed";
  /** Formatted time of the change. */
  readonly time: string;
}

export type PrefsEvent = Extract<ModelEvent, { kind: "prefs" | "prefs-set" | "save" | "follow" }>;

export interface LinkInfo {
  readonly server: string;
  readonly address: string;
  readonly user: string;
  readonly transport: Transport;
  readonly fingerprint: Fingerprint;
  readonly welcome: string | undefined;
  readonly registered: boolean;
}

export interface ConnectedEvent extends LinkInfo {
  readonly kind: "connected";
  readonly rooms: readonly RoomView[];
}

export type ReaderEvent =
  | ConnectedEvent
  | Extract<
      ClientEvent,
      {
        kind:
          | ("pinned" | "moved" | "elsewhere" | "lost" | "retrying" | "closed")
          | ("record" | "skipped" | "caught-up" | "room" | "room-gone" | "presence" | "read")
          | ("offered" | "settled" | "invited" | "announced" | "disk-low")
          | ("majority" | "account-changed" | SealedEvent["kind"]);
      }
    >;

export function linkEventOf(state: LoopState): LinkEvent | undefined {
  if (state.kind === "in" || state.kind === "closed") return undefined;
  if (state.kind !== "waiting") return state;
  const { fault, retryInMs, isLoss } = state;
  return { kind: isLoss ? "lost" : "retrying", fault, retryInMs };
}

export function modelEventOf(event: ClientEvent, nowUnixMs: number): ModelEvent | undefined {
  switch (event.kind) {
    case "outside":
    case "connecting":
    case "entering":
      return { kind: "connection", connection: event };
    case "lost":
    case "retrying": {
      const { fault, retryInMs } = event;
      const retryAtUnixMs = nowUnixMs + retryInMs;
      return { kind: "connection", connection: { kind: "offline", fault, retryAtUnixMs } };
    }
    case "stopped":
      return { kind: "connection", connection: { kind: "ended", fault: event.fault } };
    case "guess-delay": {
      const { kind, delay } = event;
      const untilUnixMs = nowUnixMs + (delay?.waitMs ?? 0);
      return { kind, delay: delay && { of: delay.of, untilUnixMs } };
    }
    case "room": {
      const { wall } = event;
      // A timer ends by the clock of this device, which may differ from the server's.
      const until = wall?.until && nowUnixMs + (wall.leftMs ?? 0);
      return wall === undefined ? event : { ...event, wall: { ...wall, until } };
    }
    case "handover":
      return event.step === "part" || event.step === "read" || event.step === "resumed"
        ? { kind: "opened", room: event.room, isComplete: event.step !== "part" }
        : undefined;
    default:
      return changesModel(event) ? event : undefined;
  }
}

export function greetedEvent(
  { fingerprint, welcome }: GreetedServer,
  device: Pick<ServerView, "keepsKey" | "changedFrom">,
): Extract<ModelEvent, { kind: "greeted" }> {
  return {
    kind: "greeted",
    server: {
      name: welcome.server.name,
      fingerprint: formatFingerprint(fingerprint),
      needsRoomPassword: welcome.needs === "password",
      isClosed: welcome.closed === true,
      welcome: welcome.text,
      textBytesMax: welcome.limits.textBytes,
      fileBytesMax: welcome.limits.fileBytes,
      ...device,
    },
  };
}
