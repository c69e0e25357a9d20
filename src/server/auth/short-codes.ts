/**
 * Short codes: relays the exchange between a client that offers a number (the host) and clients
 * that use it (guests). The server sees neither the words of a code nor what they grant.
 */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import {
  CODE_EXCHANGES_MAX,
  CODE_SHORT_NUMBER_MAX,
  CODES_PER_ACCOUNT_MAX,
  CODES_SHORT_PER_ADDRESS_MAX,
} from "../../base/limits.ts";
import type { RequestOf } from "../../wire/messages.ts";
import { freeCodeNumber } from "../../wire/short-code.ts";
import type { ServerContext } from "../kernel/context.ts";
import { DEFERRED, type Deferred, type Service, type SomeHandlers } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import { addressSender } from "../session/connection-limits.ts";
import type { Authenticator } from "./login.ts";

interface Offer {
  readonly number: number;
  readonly host: ClientConnection;
  readonly user: UserId;
  /** Keys are unique while the server runs. */
  readonly exchanges: Map<number, Exchange>;
}

interface Exchange {
  readonly guest: ClientConnection;
  /** Unanswered request of the guest. */
  ref: number | undefined;
}

interface ShortCodesOptions extends Pick<ServerContext, "entropy"> {
  readonly authenticator: Pick<Authenticator, "guessCode">;
}

export class ShortCodes implements Service {
  readonly #offers = new Map<number, Offer>();
  #exchangeCount = 0;

  constructor(private readonly options: ShortCodesOptions) {}

  readonly handlers = {
    "code-offer": ({ number }, { client, account }) => ({
      number: this.#offer(client, account.id, number),
    }),
    "code-withdraw": (_, { client }) => this.#withdraw(client),
    "code-ask": (request, { client }) => this.#ask(request, client),
    "code-reply": (request, { client }) => this.#reply(request, client),
  } satisfies SomeHandlers;

  onLogout(client: ClientConnection): void {
    this.#withdraw(client);
  }

  onClosed(client: ClientConnection): void {
    this.#withdraw(client);
    for (const { exchanges } of this.#offers.values()) {
      for (const [id, { guest }] of exchanges) if (guest === client) exchanges.delete(id);
    }
  }

  #offer(host: ClientConnection, user: UserId, wanted: number | undefined): number {
    this.#withdraw(host);
    const offers = [...this.#offers.values()];
    if (offers.filter((offer) => offer.user === user).length >= CODES_PER_ACCOUNT_MAX) {
      throw new Fault("too-many", msg`you have too many codes in use`, { retryAfterMs: 10_000 });
    }
    const number = wanted ?? this.#freeNumber(host, offers);
    if (number === undefined || this.#offers.has(number)) {
      throw new Fault("too-many", msg`the code's number is in use`, { retryAfterMs: 10_000 });
    }
    this.#offers.set(number, { number, host, user, exchanges: new Map() });
    return number;
  }

  #freeNumber(host: ClientConnection, offers: readonly Offer[]): number | undefined {
    const address = addressOf(host);
    const used = offers.filter((offer) => addressOf(offer.host) === address).length;
    const above = used < CODES_SHORT_PER_ADDRESS_MAX ? 0 : CODE_SHORT_NUMBER_MAX;
    return freeCodeNumber((number) => this.#offers.has(number), this.options.entropy(2), above);
  }

  async #ask(
    { ref, number, message }: RequestOf<"code-ask">,
    guest: ClientConnection,
  ): Promise<Deferred> {
    const unknown = new Fault("code-unknown", `no code with the number ${number} is in use`);
    const find = () => this.#offers.get(number);
    const offer = await this.options.authenticator.guessCode(guest, unknown, find);
    const { host, exchanges } = offer;
    const [id] = [...exchanges].find(([, exchange]) => exchange.guest === guest) ?? [];
    if (id === undefined && exchanges.size >= CODE_EXCHANGES_MAX) refuseOne(exchanges, guest);
    const exchange = id ?? ++this.#exchangeCount;
    exchanges.set(exchange, { guest, ref });
    host.notify({ kind: "code-asked", exchange, message });
    return DEFERRED;
  }

  #reply({ exchange: id, message }: RequestOf<"code-reply">, host: ClientConnection): void {
    const offer = [...this.#offers.values()].find((candidate) => candidate.host === host);
    const exchange = offer?.exchanges.get(id);
    if (exchange?.ref === undefined) return; // The guest has disconnected.
    const { guest, ref } = exchange;
    exchange.ref = undefined;
    if (message !== undefined) return guest.answer<"code-ask">(ref, { message });
    offer?.exchanges.delete(id);
    this.#withdraw(host);
    // Counts as a wrong guess of the guest, whose answer is delayed.
    const wrong = "the code is wrong or was refused, and can no longer be used";
    this.options.authenticator
      .guessCode(guest, new Fault("code-wrong", wrong), () => undefined)
      .catch((error: unknown) => {
        if (error instanceof Fault) guest.refuse(ref, error);
        else throw error;
      });
  }

  #withdraw(host: ClientConnection): void {
    for (const offer of [...this.#offers.values()]) {
      if (offer.host !== host) continue;
      this.#offers.delete(offer.number);
      for (const { guest, ref } of offer.exchanges.values()) {
        if (ref !== undefined)
          guest.refuse(ref, new Fault("code-unknown", msg`the code is no longer valid`));
      }
    }
  }
}

function addressOf(client: ClientConnection): string {
  return addressSender(client.link.remote.host);
}

/**
 * Makes room for a guest. Guests who do not guess must not block a code, so the oldest one of the
 * address with the most guests leaves.
 */
function refuseOne(exchanges: Map<number, Exchange>, newest: ClientConnection): void {
  const counts = new Map<string, number>([[addressOf(newest), 1]]);
  for (const { guest } of exchanges.values())
    counts.set(addressOf(guest), (counts.get(addressOf(guest)) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const [id, leaving] =
    [...exchanges].find(([, { guest }]) => counts.get(addressOf(guest)) === most) ?? [];
  if (id === undefined || leaving === undefined) return;
  exchanges.delete(id);
  const { guest, ref } = leaving;
  const fault = new Fault("too-many", msg`too many devices are using this code`, {
    retryAfterMs: 1_000,
  });
  if (ref !== undefined) guest.refuse(ref, fault);
}
