import { toBase64Url } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { FileId } from "../base/ids.ts";
import { LANES_PER_ACCOUNT_MAX, LANES_PER_SESSION_MAX, TICKET_MS } from "../base/limits.ts";
import type { Account } from "../core/registry.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Peer } from "./peer.ts";

export interface LanesOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Sessions in which the account is in. */
  readonly peersOf: (account: Account) => Iterable<Peer>;
  /** What the address of a download is for; it opens a lane, too. */
  readonly addressed?: (token: string) => LaneOf | undefined;
}

/** Whose lane a link is: the session that asked for its ticket, and who is in there. */
export interface LaneOf {
  readonly parent: Peer;
  readonly account: Account;
  /** It may fetch this file, and do nothing else. */
  readonly file?: FileId;
}

/** What one session has: lanes, and tickets (each with the moment at which it is void). */
interface Held {
  readonly account: Account;
  readonly lanes: Set<Peer>;
  readonly tickets: Map<string, number>;
}

const TICKET_BYTES = 16;
const BUSY_MS = 1_000;

/** Links beside a session that carry files. A lane lives no longer than its session. */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #held = new Map<Peer, Held>(); // Only sessions with lanes or tickets.
  readonly #sessionOf = new Map<string, Peer>(); // By ticket; bounded as the sessions' own are.

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  get count(): number {
    let count = 0;
    for (const { lanes } of this.#held.values()) count += lanes.size;
    return count;
  }

  /** A word that opens one lane of this session, once. @throws Fault too-many */
  ticket(parent: Peer, account: Account): string {
    const held = this.#held.get(parent) ?? { account, lanes: new Set(), tickets: new Map() };
    this.#checkRoom(held, account);
    const { clock, entropy } = this.#options;
    const ticket = toBase64Url(entropy(TICKET_BYTES));
    held.tickets.set(ticket, clock.now() + TICKET_MS);
    this.#held.set(parent, held);
    this.#sessionOf.set(ticket, parent);
    return ticket;
  }

  /** The link becomes a lane; its ticket is used up. @throws Fault login-refused, too-many */
  open(lane: Peer, ticket: string): LaneOf {
    const addressed = this.#options.addressed?.(ticket);
    if (addressed !== undefined) return this.#openAddressed(lane, addressed);
    const parent = this.#sessionOf.get(ticket);
    const held = parent === undefined ? undefined : this.#held.get(parent);
    const until = held?.tickets.get(ticket) ?? Number.NEGATIVE_INFINITY;
    this.#sessionOf.delete(ticket);
    held?.tickets.delete(ticket);
    if (parent === undefined || held === undefined || this.#options.clock.now() >= until) {
      lane.wrongSecrets++;
      const sentence = "this ticket is not good, or not any more";
      throw new Fault("login-refused", sentence, { remedy: "ask for another one" });
    }
    held.lanes.add(lane);
    const { account } = held;
    return { parent, account };
  }

  #openAddressed(lane: Peer, of: LaneOf): LaneOf {
    const { parent, account } = of;
    const held = this.#held.get(parent) ?? { account, lanes: new Set(), tickets: new Map() };
    this.#checkRoom(held, account);
    this.#held.set(parent, held);
    held.lanes.add(lane);
    return of;
  }

  /** @throws Fault too-many */
  #checkRoom(held: Held, account: Account): void {
    const detail = { retryAfterMs: BUSY_MS };
    if (this.#inUse(held) >= LANES_PER_SESSION_MAX) {
      const sentence = `${LANES_PER_SESSION_MAX} files are under way in this session`;
      throw new Fault("too-many", sentence, detail);
    }
    if (this.#inUseOf(account) >= LANES_PER_ACCOUNT_MAX) {
      const sentence = `${LANES_PER_ACCOUNT_MAX} files of this account are under way`;
      throw new Fault("too-many", sentence, detail);
    }
  }

  /** The link of a lane is over. */
  closed(lane: Peer, { parent }: LaneOf): void {
    const held = this.#held.get(parent);
    held?.lanes.delete(lane);
    if (held?.lanes.size === 0 && held.tickets.size === 0) this.#held.delete(parent);
  }

  /** The account is not in there any more: lanes and tickets of this session go with it. */
  ended(parent: Peer): void {
    const held = this.#held.get(parent);
    if (held === undefined) return;
    this.#held.delete(parent);
    for (const ticket of held.tickets.keys()) this.#sessionOf.delete(ticket);
    const fault = new Fault("link-closed", "the session of this lane has ended");
    for (const lane of [...held.lanes]) lane.close(fault);
  }

  #inUseOf(account: Account): number {
    let inUse = 0;
    for (const peer of this.#options.peersOf(account)) {
      const held = this.#held.get(peer);
      if (held !== undefined) inUse += this.#inUse(held);
    }
    return inUse;
  }

  #inUse({ lanes, tickets }: Held): number {
    const now = this.#options.clock.now();
    for (const [ticket, until] of tickets) {
      if (now < until) break; // In the order in which they were made.
      tickets.delete(ticket);
      this.#sessionOf.delete(ticket);
    }
    return lanes.size + tickets.size;
  }
}
