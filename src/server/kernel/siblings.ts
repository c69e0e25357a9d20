/** Interface to the other servers of the cluster. */

import type { Fault } from "../../base/fault.ts";
import type { FileId, RoomId, UserId } from "../../base/ids.ts";
import type { ServerPlace } from "../../wire/invite.ts";
import type { ServerWindow } from "../../wire/messages-admin.ts";

/** Messages between servers besides their logs. They may be lost or late without harm. */
export type SiblingNews =
  /** All accounts online there, sent periodically. */
  | { readonly kind: "online"; readonly users: readonly UserId[] }
  /** Address for users, sent periodically. `undefined` if there is none any more. */
  | { readonly kind: "place"; readonly place?: ServerPlace }
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

/** State of the cluster as this server saw it a few seconds ago. */
export interface ClusterHealth {
  readonly reachable: boolean;
  /** This server applies new messages; otherwise the history is read-only. */
  readonly follows: boolean;
  /** Servers that answered, including this one. */
  readonly nodes: number;
  /** Messages of the stream that this server has not applied. */
  readonly lag: number;
  /** Messages of the stream since its beginning. */
  readonly messages: number;
  readonly bytes: number;
  /** The NATS server that leads the stream. Empty if there is none, or only one server. */
  readonly leader: string;
  /** NATS servers that should hold the stream, and those that have all of it. */
  readonly replicas: number;
  readonly current: number;
  /** No server that answered has a different history. */
  readonly rootsEqual: boolean;
}

export interface Siblings {
  /** Other servers write to the same logs. */
  readonly isShared: boolean;
  /** Reports, while an account record is being applied, whether this server wrote it. */
  isOwn(seq: number): boolean;
  /** Reports whether this server writes, and receives what the others write. */
  isFollowing(): boolean;
  /** `no-majority` while too few machines of the shared stream answer. */
  majorityFault(): Fault | undefined;
  /**
   * Resolves when the history has so many records, which clients may have seen at other servers.
   * @throws Fault no-majority if it takes too long
   */
  reached(seq: number): Promise<void>;
  /**
   * Resolves when everything that the others had recorded at the call is applied here. Resolves to
   * false if that cannot be determined, or after a timeout, since this server may be far behind.
   */
  current(): Promise<boolean>;
  tell(news: SiblingNews): void;
  /** `undefined` if nothing checks it. */
  health?(): ClusterHealth;
  /** @returns a function that stops listening */
  listen(onNews: (node: string, news: SiblingNews) => void): () => void;
}

/** Used by a single server. */
export const NO_SIBLINGS: Siblings = {
  isShared: false,
  isOwn: () => true,
  isFollowing: () => true,
  majorityFault: () => undefined,
  reached: () => Promise.resolve(),
  current: () => Promise.resolve(true),
  tell: () => {},
  listen: () => () => {},
};
