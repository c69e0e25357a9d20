/** `ClientEvent`: everything that happens to a client, for user interfaces, models and scripts. */

import type { Fault } from "../base/fault.ts";
import type { FileId, RoomId } from "../base/ids.ts";
import type { ChatRecord, RoomView } from "../core/client/chat-record.ts";
import type { AccountChange } from "../core/client/own-account.ts";
import type { ModelEvent } from "../core/model/event.ts";
import type { ServerView } from "../core/model/state.ts";
import { changesModel } from "../core/model/update.ts";
import type { FolderSize } from "../io/blob/interfaces.ts";
import type { Transport } from "../io/link/link.ts";
import { type Fingerprint, formatFingerprint } from "../wire/fingerprint.ts";
import type { NoticeOf } from "../wire/messages.ts";
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

/** Event of a room. */
export type RoomEvent =
  | { readonly kind: "listing"; readonly link: LinkInfo }
  | {
      readonly kind: "room";
      readonly room: RoomView;
      readonly isChanged: boolean;
      readonly notice: NoticeOf<"room">;
    }
  /** `room` is `undefined` if no link has listed the room since the last `caught-up`. */
  | { readonly kind: "room-gone"; readonly id: string; readonly room: RoomView | undefined }
  | {
      readonly kind: "record";
      readonly record: ChatRecord;
      readonly head: Uint8Array;
      readonly sizeBytes: number;
    }
  | { readonly kind: "skipped"; readonly room: RoomView; readonly count: number }
  | { readonly kind: "caught-up"; readonly rooms: readonly RoomView[] }
  | { readonly kind: "cursor"; readonly seq: number }
  | { readonly kind: "rewind"; readonly seq: number }
  | { readonly kind: "typing"; readonly room: RoomView; readonly users: readonly string[] }
  /** `unread` is `undefined` if the count is unknown. */
  | {
      readonly kind: "read";
      readonly room: RoomView;
      readonly n: number;
      readonly unread: number | undefined;
    }
  | {
      readonly kind: "offered";
      readonly room: RoomView;
      readonly file: FileId;
      readonly from: string;
      readonly name: string;
      readonly sizeBytes: number | undefined;
      readonly folder: FolderSize | undefined;
      /** Root of the thread that will show the file. */
      readonly thread: number | undefined;
    }
  | {
      readonly kind: "presence";
      readonly room: RoomView;
      readonly user: string;
      readonly online: boolean;
    }
  | {
      readonly kind: "status";
      readonly room: RoomView;
      readonly user: string;
      readonly status?: string | undefined;
      readonly statusUntil?: number | undefined;
    };

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
  | ("presences" | "typing" | "read" | "offered");

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
  | { readonly kind: "room-gone"; readonly room: RoomView }
  | Extract<
      ClientEvent,
      {
        kind:
          | ("pinned" | "moved" | "elsewhere" | "lost" | "retrying" | "closed")
          | ("record" | "skipped" | "caught-up" | "room" | "presence" | "read")
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
    case "listing":
      return { kind: "listing" };
    case "room":
      return { ...event.notice, room: event.room.id };
    case "room-gone":
      return { kind: "room-gone", room: event.id as RoomId };
    case "record":
      return { kind: "record", record: event.record };
    case "caught-up":
      return { kind: "caught-up" };
    case "presence":
    case "status":
    case "typing":
    case "read":
    case "offered":
      return { ...event, room: event.room.id };
    case "handover":
      return event.step === "part" || event.step === "read"
        ? { kind: "opened", room: event.room }
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
      welcome: welcome.text,
      textBytesMax: welcome.limits.textBytes,
      ...device,
    },
  };
}
