/** Messages between the servers of a cluster. */

import type { FileId, RoomId, UserId } from "../../base/ids.ts";
import type { ServerAddress } from "../../wire/invite.ts";
import type { ServerActivity } from "../../wire/messages-admin.ts";

/** A lost or delayed message does no harm. */
export type SiblingMessage =
  | { readonly kind: "online"; readonly users: readonly UserId[] }
  | { readonly kind: "place"; readonly place?: ServerAddress }
  | { readonly kind: "read"; readonly user: UserId; readonly room: RoomId; readonly n: number }
  | {
      readonly kind: "typing";
      readonly user: UserId;
      readonly room: RoomId;
      readonly on: boolean;
    }
  | ({ readonly kind: "device-seen" } & SeenDevice)
  | { readonly kind: "look" }
  | { readonly kind: "window"; readonly window: ServerActivity }
  | ({ readonly kind: "cancel"; readonly ask: string } & Cancel)
  | { readonly kind: "cancelled"; readonly ask: string }
  | {
      readonly kind: "key-packages-low";
      readonly user: UserId;
      readonly device: string;
      readonly left: number;
    }
  | { readonly kind: "key-packages-taken"; readonly by: UserId; readonly of: UserId }
  | { readonly kind: "push-taken"; readonly device: string }
  /**
   * `guess` is sent while the guess is checked, `guessed` if it was correct, which resets the
   * counters.
   */
  | { readonly kind: "guess" | "guessed"; readonly keys: readonly string[] };

export interface SeenDevice {
  readonly user: UserId;
  readonly device: string;
  readonly day: number;
  readonly label: string;
}

export interface Cancel {
  readonly file: FileId;
  readonly user: UserId;
  readonly direction: "up" | "down";
  readonly by: UserId;
}

export interface Siblings {
  publish(message: SiblingMessage): void;
  listen(onMessage: (node: string, message: SiblingMessage) => void): () => void;
}

export const NO_SIBLINGS: Siblings = {
  publish: () => {},
  listen: () => () => {},
};
