import type { RoomId, UserId } from "../../base/ids.ts";

/** What the servers of a cluster tell each other beside their logs: lost or late, it is no harm. */
export type SiblingNews =
  /** Who is in there: all of them, told again and again. */
  | { readonly kind: "online"; readonly users: readonly UserId[] }
  | { readonly kind: "read"; readonly user: UserId; readonly room: RoomId; readonly n: number };

/** The other servers. */
export interface Siblings {
  /** While a record of the accounts is told: whether this server has asked for it. */
  isOwn(seq: number): boolean;
  /**
   * Resolves when the history has so many records: others may have shown them already.
   * @throws Fault no-majority: not within a while
   */
  reached(seq: number): Promise<void>;
  /**
   * Resolves when all that the others had recorded at the call is known here, or when nobody can
   * say what that is.
   */
  current(): Promise<void>;
  tell(news: SiblingNews): void;
  /** @returns what stops it */
  listen(onNews: (node: string, news: SiblingNews) => void): () => void;
}
