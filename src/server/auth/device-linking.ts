/** Pending codes for linking a new device to an account. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { LINK_CODE_MS, LINK_OFFERS_MAX } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { Member } from "../session/connection-state.ts";

type OfferingClient = Pick<ClientConnection, "member" | "isClosed" | "tell" | "whenClosed">;

/** A session that shows a link code and waits for the device that enters it. */
export interface LinkOffer {
  readonly client: OfferingClient;
  readonly member: Member | undefined;
  readonly until: number;
  readonly cancel: () => void;
  asked: Asking | undefined;
}

/** A client that entered a code and waits for the answer to its `link`. */
export interface Asking {
  readonly client: ClientConnection;
  readonly ref: number;
  readonly deviceKey: Uint8Array;
}

/** Offers by the hash of their code. Each can be used once and expires soon. */
export class LinkOffers {
  readonly #clock: Clock;
  readonly #offers = new Map<string, LinkOffer>(); // Bounded by LINK_OFFERS_MAX in `add`.

  readonly #watched = new WeakSet<OfferingClient>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Replaces the session's earlier offer. @throws Fault too-many */
  add(client: OfferingClient, code: Uint8Array): void {
    this.#dropAll(client);
    const id = toBase64Url(code);
    if (this.#offers.size >= LINK_OFFERS_MAX || this.#offers.has(id)) {
      throw new Fault("too-many", "too many devices are being linked", { retryAfterMs: 10_000 });
    }
    const { member } = client;
    const cancel = this.#clock.after(LINK_CODE_MS, () => this.#dropAll(client));
    const until = this.#clock.now() + LINK_CODE_MS;
    this.#offers.set(id, { client, member, until, cancel, asked: undefined });
    if (this.#watched.has(client)) return;
    this.#watched.add(client);
    client.whenClosed(() => this.#dropAll(client));
  }

  /**
   * The first device that shows the code takes the offer; no other device can take it afterwards.
   */
  take(code: Uint8Array, asking: Asking): LinkOffer | undefined {
    const offer = this.#offers.get(toBase64Url(code));
    if (offer === undefined || offer.asked !== undefined || !this.#holds(offer)) return undefined;
    offer.asked = asking;
    return offer;
  }

  /** Returns the client that waits for this session's grant. */
  asked(client: OfferingClient, code: Uint8Array): Asking | undefined {
    const offer = this.#offers.get(toBase64Url(code));
    if (offer?.client !== client || !this.#holds(offer)) return undefined;
    return offer.asked?.client.isClosed === false ? offer.asked : undefined;
  }

  remove(code: Uint8Array): void {
    const id = toBase64Url(code);
    this.#offers.get(id)?.cancel();
    this.#offers.delete(id);
  }

  #holds({ client, member, until }: LinkOffer): boolean {
    return !client.isClosed && client.member === member && this.#clock.now() < until;
  }

  #dropAll(client: OfferingClient): void {
    for (const [id, offer] of this.#offers) if (offer.client === client) this.#drop(id, offer);
  }

  #drop(id: string, { asked, cancel }: LinkOffer): void {
    this.#offers.delete(id);
    cancel();
    if (asked === undefined || asked.client.isClosed) return;
    asked.client.refuse(asked.ref, new Fault("login-refused", "the other device did not agree"));
  }
}
