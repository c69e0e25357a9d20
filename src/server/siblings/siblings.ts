import type { Fault } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import type { ServerPlace } from "../../wire/invite.ts";
import type { ServerWindow } from "../../wire/messages-admin.ts";
import type { SeenDevice } from "../auth/device-notes.ts";
import type { GuessNews } from "../auth/login.ts";
import type { PushNews } from "../push/service.ts";
import type { SealedNews } from "../sealed/service.ts";
import type { Cancel } from "./cancels.ts";

/** What the servers of a cluster tell each other beside their logs: lost or late, it is no harm. */
export type SiblingNews =
  /** Who is in there: all of them, told again and again. */
  | { readonly kind: "online"; readonly users: readonly UserId[] }
  /** Where users reach it; left out: nowhere any more. Told again and again, too. */
  | { readonly kind: "place"; readonly place?: ServerPlace }
  | { readonly kind: "read"; readonly user: UserId; readonly room: RoomId; readonly n: number }
  | {
      readonly kind: "typing";
      readonly user: UserId;
      readonly room: RoomId;
      readonly on: boolean;
    }
  /** A device was there. */
  | ({ readonly kind: "device-seen" } & SeenDevice)
  /** An operator looks at the server's window. */
  | { readonly kind: "look" }
  /** What it would show of this server. */
  | { readonly kind: "window"; readonly window: ServerWindow }
  /** An operator ends what is under way of a file; who has it says so, by the same `ask`. */
  | ({ readonly kind: "cancel"; readonly ask: string } & Cancel)
  | { readonly kind: "cancelled"; readonly ask: string }
  | SealedNews
  | PushNews
  | GuessNews;

/** How a server finds its cluster, a few seconds ago. */
export interface ClusterHealth {
  /** The stream answered. */
  readonly reachable: boolean;
  /** This server applies what comes; else it is only read. */
  readonly follows: boolean;
  /** Servers that answered, this one among them. */
  readonly nodes: number;
  /** Messages of the stream that this server has not applied. */
  readonly lag: number;
  /** Of the stream, since its beginning. */
  readonly messages: number;
  readonly bytes: number;
  /** The NATS server that leads the stream; empty: none, or there is one alone. */
  readonly leader: string;
  /** NATS servers that are to hold the stream, and those of them that hold all of it. */
  readonly replicas: number;
  readonly current: number;
  /** No server that answered has another history than this one. */
  readonly rootsEqual: boolean;
}

/** The other servers. */
export interface Siblings {
  /** Other servers record in the same logs. */
  readonly isShared: boolean;
  /** While a record of the accounts is told: whether this server has asked for it. */
  isOwn(seq: number): boolean;
  /** Whether this server writes and is told what the others write. */
  isFollowing(): boolean;
  /** `no-majority` while too few machines of the shared stream answer. */
  majorityFault(): Fault | undefined;
  /**
   * Resolves when the history has so many records: others may have shown them already.
   * @throws Fault no-majority: not within a while
   */
  reached(seq: number): Promise<void>;
  /**
   * Resolves when all that the others had recorded at the call is known here; with false: when
   * nobody can say what that is, or after a while, since this server may be behind for long.
   */
  current(): Promise<boolean>;
  tell(news: SiblingNews): void;
  /** Left out: nothing looks. */
  health?(): ClusterHealth;
  /** @returns what stops it */
  listen(onNews: (node: string, news: SiblingNews) => void): () => void;
}

/** The siblings of a server that is its whole cluster. */
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
