import type { Fault } from "../base/fault.ts";
import type { FileId } from "../base/ids.ts";
import type { ChatRecord, RoomView } from "../core/client/chat-record.ts";
import type { PostOutcome } from "../core/client/outbox.ts";
import type { FolderSize } from "../io/blob/interfaces.ts";
import type { Transport } from "../io/link/link.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import type { SealedNews } from "./sealed/rooms.ts";

/** What a client tells whoever shows it, in the order in which it happened. */
export type ClientEvent =
  /** The server's identity was met for the first time at this address, and is pinned now. */
  | {
      readonly kind: "pinned";
      readonly address: string;
      readonly fingerprint: Fingerprint;
      /** The same server under an address that was pinned before. */
      readonly knownAs: string | undefined;
    }
  /** The server has a new key, and its old one says so: the pin has followed. */
  | {
      readonly kind: "moved";
      readonly address: string;
      readonly fingerprint: Fingerprint;
      readonly from: Fingerprint;
    }
  /** Another machine of the same server has answered than was to. Both are `HOST:PORT`. */
  | { readonly kind: "elsewhere"; readonly from: string; readonly to: string }
  /** Logged in; before every record of this connection. */
  | {
      readonly kind: "connected";
      readonly server: string;
      readonly address: string;
      readonly user: string;
      readonly transport: Transport;
      readonly fingerprint: Fingerprint;
      /** The server's greeting to newcomers. */
      readonly welcome: string | undefined;
      /** Whether this log-in made the account. */
      readonly registered: boolean;
      readonly rooms: readonly RoomView[];
    }
  | { readonly kind: "record"; readonly record: ChatRecord }
  /** So many unseen records of a room are not sent: the history command has them. */
  | { readonly kind: "skipped"; readonly room: RoomView; readonly count: number }
  /** All that was missed has been told; what follows is live. */
  | { readonly kind: "caught-up" }
  /** A room is followed from now on, or its topic is known anew. */
  | { readonly kind: "room"; readonly room: RoomView }
  | { readonly kind: "room-gone"; readonly room: RoomView }
  | {
      readonly kind: "presence";
      readonly room: RoomView;
      readonly user: string;
      readonly online: boolean;
    }
  /** Another device of the account has read the room up to record `n`. */
  | {
      readonly kind: "read";
      readonly room: RoomView;
      readonly n: number;
      readonly unread: number;
    }
  /** Somebody has begun to send a file to the room; its record follows when it is whole. */
  | {
      readonly kind: "offered";
      readonly room: RoomView;
      readonly file: FileId;
      readonly from: string;
      /** As the sender calls it: clean it before showing. */
      readonly name: string;
      /** Undefined: known at the end only. */
      readonly sizeBytes: number | undefined;
      readonly folder: FolderSize | undefined;
    }
  /** What became of a post that an earlier run of the program left unsent. */
  | {
      readonly kind: "adopted";
      readonly target: string;
      readonly text: string;
      readonly action: boolean | undefined;
      readonly outcome: PostOutcome;
    }
  /** Somebody who may know the code of our offer wants to be a device of this account. */
  | {
      readonly kind: "link-asked";
      readonly code: Uint8Array;
      readonly deviceKey: Uint8Array;
      readonly mac: Uint8Array;
    }
  /** Somebody let this account into a sealed room, which it may join now. */
  | { readonly kind: "invited"; readonly room: string; readonly by?: string | undefined }
  /** What operators tell all users: clean it before showing. Empty: nothing any more. */
  | {
      readonly kind: "announced";
      readonly text: string;
      readonly by: string;
      readonly time: number;
    }
  /** To an operator: the server's disk is nearly full, or is not any more. */
  | {
      readonly kind: "disk-low";
      readonly on: boolean;
      readonly freeBytes: number;
      readonly keepFreeBytes: number;
    }
  /** Whether the server's cluster has a majority: without one it takes no messages. */
  | { readonly kind: "majority"; readonly on: boolean }
  | SealedNews
  /** The connection is gone and will be tried again. */
  | { readonly kind: "lost"; readonly fault: Fault; readonly retryInMs: number }
  /** Another attempt failed. */
  | { readonly kind: "retrying"; readonly fault: Fault; readonly retryInMs: number }
  /** The last event. Undefined: it was closed from here. */
  | { readonly kind: "closed"; readonly fault: Fault | undefined };
