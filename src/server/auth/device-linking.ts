import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { LINK_CODE_MS, LINK_OFFERS_MAX } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { Member } from "../session/connection-state.ts";

type OfferingClient = Pick<ClientConnection, "member" | "isClosed" | "tell" | "whenClosed">;

/** A device that shows a code, and waits for the device that knows it. */
export interface LinkOffer {
  readonly client: OfferingClient;
  /** The session that showed the code. */
  readonly member: Member | undefined;
  readonly until: number;
  readonly cancel: () => void;
  asked: Asking | undefined;
}

/** A newcomer that waits for the answer to its `link`. */
export interface Asking {
  readonly client: ClientConnection;
  readonly ref: number;
  readonly deviceKey: Uint8Array;
}

/** Offers to link a device, by the hash of their code. Each is good once, and not for long. */
export class LinkOffers {
  readonly #clock: Clock;
  readonly #offers = new Map<string, LinkOffer>(); // Bounded by LINK_OFFERS_MAX in `add`.

  readonly #watched = new WeakSet<OfferingClient>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In place of the session's offer before it, if there is one. @throws Fault too-many */
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

  /** The first device that knows the code takes the offer; no other can then. */
  take(code: Uint8Array, asking: Asking): LinkOffer | undefined {
    const offer = this.#offers.get(toBase64Url(code));
    if (offer === undefined || offer.asked !== undefined || !this.#holds(offer)) return undefined;
    offer.asked = asking;
    return offer;
  }

  /** Who waits for this session's word. */
  asked(client: OfferingClient, code: Uint8Array): Asking | undefined {
    const offer = this.#offers.get(toBase64Url(code));
    if (offer?.client !== client || !this.#holds(offer)) return undefined;
    return offer.asked?.client.isClosed === false ? offer.asked : undefined;
  }

  /** It has been granted. */
  remove(code: Uint8Array): void {
    const id = toBase64Url(code);
    this.#offers.get(id)?.cancel();
    this.#offers.delete(id);
  }

  #holds({ client, member, until }: LinkOffer): boolean {
    return !client.isClosed && client.member === member && this.#clock.now() < until;
  }

  /** One, or none. */
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
