/** Which accounts are away: one reason per IRC connection, combined for the account. */

import type { UserId } from "../../base/ids.ts";

export const AWAY_TEXT = "not connected; messages will be delivered";

/** Reason of a connection that does not count. @see https://ircv3.net/specs/extensions/pre-away */
const NOT_PRESENT = "*";

interface Reasons {
  /** Bounded by the number of connections. The newest reason is last. */
  readonly byConnection: Map<object, string>;
  announced: string | undefined;
}

export class AwayReasons {
  readonly #accounts = new Map<UserId, Reasons>();

  /** @param deviceCount number of connected devices of an account, including IRC connections */
  constructor(
    private readonly deviceCount: (user: UserId) => number,
    private readonly onChange: () => void,
  ) {}

  /** An account is away if all its devices are. Only IRC connections can be away. */
  of(user: UserId): string | undefined {
    const devices = this.deviceCount(user);
    if (devices === 0) return AWAY_TEXT;
    const { byConnection } = this.#accounts.get(user) ?? {};
    if (byConnection === undefined || byConnection.size < devices) return undefined;
    return [...byConnection.values()].findLast((reason) => reason !== NOT_PRESENT) ?? AWAY_TEXT;
  }

  /** @param reason `undefined` if the connection is present or closed */
  set(user: UserId, connection: object, reason: string | undefined): void {
    const known = this.#accounts.get(user);
    if (known === undefined && reason === undefined) return;
    const reasons = known ?? { byConnection: new Map(), announced: undefined };
    this.#accounts.set(user, reasons);
    reasons.byConnection.delete(connection);
    if (reason !== undefined) reasons.byConnection.set(connection, reason);
    this.onChange();
  }

  /** @returns accounts whose reason differs from the one at the last call */
  takeChanged(): readonly UserId[] {
    const changed: UserId[] = [];
    for (const [user, reasons] of this.#accounts) {
      const reason = this.of(user);
      if (reason !== reasons.announced) changed.push(user);
      reasons.announced = reason;
      if (reasons.byConnection.size === 0) this.#accounts.delete(user);
    }
    return changed;
  }
}
