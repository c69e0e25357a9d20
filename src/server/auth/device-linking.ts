/** Pending codes that link a new device to an account. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { LINK_CODE_MS, LINK_OFFERS_MAX } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { Member } from "../session/connection-state.ts";

type OfferingClient = Pick<ClientConnection, "member" | "isClosed" | "notify" | "whenClosed">;

export interface LinkOffer {
  readonly client: OfferingClient;
  readonly member: Member | undefined;
  readonly until: number;
  readonly cancel: () => void;
  request: LinkRequest | undefined;
}

export interface LinkRequest {
  readonly client: ClientConnection;
  readonly ref: number;
  readonly deviceKey: Uint8Array;
}

export class LinkOffers {
  readonly #clock: Clock;
  readonly #offers = new Map<string, LinkOffer>();

  readonly #watched = new WeakSet<OfferingClient>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(client: OfferingClient, code: Uint8Array): void {
    this.#dropAll(client);
    const id = toBase64Url(code);
    if (this.#offers.size >= LINK_OFFERS_MAX || this.#offers.has(id)) {
      throw new Fault("too-many", "too many devices are being linked", { retryAfterMs: 10_000 });
    }
    const { member } = client;
    const cancel = this.#clock.after(LINK_CODE_MS, () => this.#dropAll(client));
    const until = this.#clock.now() + LINK_CODE_MS;
    this.#offers.set(id, { client, member, until, cancel, request: undefined });
    if (this.#watched.has(client)) return;
    this.#watched.add(client);
    client.whenClosed(() => this.#dropAll(client));
  }

  claim(code: Uint8Array, request: LinkRequest): LinkOffer | undefined {
    const offer = this.#offers.get(toBase64Url(code));
    if (offer === undefined || offer.request !== undefined || !this.#isValid(offer))
      return undefined;
    offer.request = request;
    return offer;
  }

  requestOf(client: OfferingClient, code: Uint8Array): LinkRequest | undefined {
    const offer = this.#offers.get(toBase64Url(code));
    if (offer?.client !== client || !this.#isValid(offer)) return undefined;
    return offer.request?.client.isClosed === false ? offer.request : undefined;
  }

  remove(code: Uint8Array): void {
    const id = toBase64Url(code);
    this.#offers.get(id)?.cancel();
    this.#offers.delete(id);
  }

  #isValid({ client, member, until }: LinkOffer): boolean {
    return !client.isClosed && client.member === member && this.#clock.now() < until;
  }

  #dropAll(client: OfferingClient): void {
    for (const [id, offer] of this.#offers) if (offer.client === client) this.#drop(id, offer);
  }

  #drop(id: string, { request, cancel }: LinkOffer): void {
    this.#offers.delete(id);
    cancel();
    if (request === undefined || request.client.isClosed) return;
    request.client.refuse(
      request.ref,
      new Fault("login-refused", "the other device did not confirm"),
    );
  }
}
