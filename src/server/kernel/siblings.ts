/** Messages between the servers of a cluster. */

import type { FileId, RoomId, UserId } from "../../base/ids.ts";
import type { ServerAddress } from "../../wire/invite.ts";
import type { ServerWindow } from "../../wire/messages-admin.ts";

/** Sent besides the logs. May be lost or late without harm. */
export type SiblingMessage =
  /** All accounts online there, sent periodically. */
  | { readonly kind: "online"; readonly users: readonly UserId[] }
  /** Address for users, sent periodically. `undefined` if there is none any more. */
  | { readonly kind: "place"; readonly place?: ServerAddress }
  | { readonly kind: "read"; readonly user: UserId; readonly room: RoomId; readonly n: number }
  | {
      readonly kind: "typing";
      readonly user: UserId;
      readonly room: RoomId;
      readonly on: boolean;
    }
  | ({ readonly kind: "device-seen" } & SeenDevice)
  /** An operator watches the dashboard. */
  | { readonly kind: "look" }
  /** Dashboard data of this server. */
  | { readonly kind: "window"; readonly window: ServerWindow }
  /**
   * An operator cancels the transfers of a file; the server that has them answers with the same
   * `ask`.
   */
  | ({ readonly kind: "cancel"; readonly ask: string } & Cancel)
  | { readonly kind: "cancelled"; readonly ask: string }
  /** A device that may be connected there has few key packages left. */
  | {
      readonly kind: "key-packages-low";
      readonly user: UserId;
      readonly device: string;
      readonly left: number;
    }
  /** An account took key packages of another, for the hourly limit. */
  | { readonly kind: "key-packages-taken"; readonly by: UserId; readonly of: UserId }
  /** The sending server pushes to this device from now on. */
  | { readonly kind: "push-taken"; readonly device: string }
  /** A guess is being checked, or was right: its counters are reset. By counter keys. */
  | { readonly kind: "guess" | "guessed"; readonly keys: readonly string[] };

/** Visible to the owner of the account only. */
export interface SeenDevice {
  readonly user: UserId;
  /** base64url of its key. */
  readonly device: string;
  /** Days since 1970, in UTC. */
  readonly day: number;
  readonly label: string;
}

/** Transfers to cancel, and who cancels them. */
export interface Cancel {
  readonly file: FileId;
  readonly user: UserId;
  readonly direction: "up" | "down";
  readonly by: UserId;
}

/** Unordered messages to and from the other servers. */
export interface Siblings {
  publish(message: SiblingMessage): void;
  /** @returns a function that stops listening */
  listen(onMessage: (node: string, message: SiblingMessage) => void): () => void;
}

/** Used by a single server. */
export const NO_SIBLINGS: Siblings = {
  publish: () => {},
  listen: () => () => {},
};
