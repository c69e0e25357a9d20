/** Dialler for a server with several addresses. */

import { Fault, msg } from "../../base/fault.ts";
import { NEXT_ADDRESS_DELAY_MS } from "../../base/limits-cluster.ts";
import type { ServerAddresses } from "../../core/client/server-addresses.ts";
import type { Clock } from "../../io/clock.ts";
import type { Link } from "../../io/link/link.ts";
import { formatAddress, type ServerAddress } from "../../wire/invite.ts";
import { isTransient } from "./retry.ts";

export interface AddressDialerOptions {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly addresses: ServerAddresses;
  readonly dial: (address: ServerAddress) => Promise<Link>;
}

/**
 * Dials the next address as soon as one fails, or in parallel after NEXT_ADDRESS_DELAY_MS, and uses
 * the first link that opens.
 */
export class AddressDialer {
  readonly #options: AddressDialerOptions;
  #untried: readonly ServerAddress[] = [];
  #address: ServerAddress | undefined;

  constructor(options: AddressDialerOptions) {
    this.#options = options;
  }

  get address(): ServerAddress | undefined {
    return this.#address;
  }

  readonly dial = async (): Promise<Link> => {
    if (this.#untried.length === 0) this.#untried = this.#options.addresses.candidates();
    const race = new Race(this.#options, this.#untried);
    this.#untried = [];
    this.#address = undefined;
    const { address, link } = await race.run();
    this.#address = address;
    this.#untried = race.untried(address);
    return link;
  };

  /**
   * Tries the next address if this one came from the server's list, because a different machine may
   * have taken it over.
   * @returns the fault to report; `undefined` if another address remains to `dial`
   */
  tryNext(fault: Fault): Fault | undefined {
    const { addresses } = this.#options;
    const address = this.#address;
    if (address === undefined || fault.code.startsWith("store-")) return fault;
    const isGiven = addresses.isConfigured(address);
    if (fault.code === "fingerprint-changed" && !isGiven) addresses.markForeign(address);
    else addresses.failed(address);
    if (isGiven && !isTransient(fault)) return fault;
    if (this.#untried.length > 0) return undefined;
    if (isGiven) return fault;
    const text = msg`the server at ${formatAddress(address)} does not answer`;
    return new Fault("unreachable", text, { cause: fault });
  }

  confirmAddress(): void {
    this.#untried = [];
  }
}

interface DialResult {
  readonly address: ServerAddress;
  readonly link: Link;
}

class Race {
  readonly #options: AddressDialerOptions;
  readonly #queue: ServerAddress[];
  readonly #failed = new Set<ServerAddress>();
  readonly #candidates: readonly ServerAddress[];
  readonly #result = Promise.withResolvers<DialResult>();
  #running = 0;
  #isSettled = false;
  #failure: Fault | undefined;
  #cancel = () => {};

  constructor(options: AddressDialerOptions, candidates: readonly ServerAddress[]) {
    this.#options = options;
    this.#candidates = candidates;
    this.#queue = [...candidates];
  }

  run(): Promise<DialResult> {
    this.#next();
    return this.#result.promise;
  }

  untried(winner: ServerAddress): ServerAddress[] {
    return this.#candidates.filter((address) => address !== winner && !this.#failed.has(address));
  }

  #next(): void {
    const { clock, addresses, dial } = this.#options;
    this.#cancel();
    const address = this.#queue.shift();
    if (address === undefined) return this.#failIfExhausted();
    if (!addresses.canDial(address, clock.now())) return this.#next();
    this.#running++;
    dial(address).then(
      (link) => {
        this.#running--;
        if (this.#isSettled) return link.destroy();
        this.#settle();
        this.#result.resolve({ address, link });
      },
      (error: unknown) => {
        this.#running--;
        this.#dialFailed(address, error);
      },
    );
    this.#cancel = clock.after(NEXT_ADDRESS_DELAY_MS, () => this.#next());
  }

  #dialFailed(address: ServerAddress, error: unknown): void {
    if (!(error instanceof Fault)) {
      this.#settle();
      return this.#result.reject(error);
    }
    this.#failed.add(address);
    if (this.#isSettled) return;
    this.#options.addresses.failed(address);
    if (address === this.#candidates[0]) this.#failure = error;
    this.#failure ??= error;
    this.#next();
  }

  #failIfExhausted(): void {
    if (this.#isSettled || this.#running > 0) return;
    this.#settle();
    this.#result.reject(this.#failure ?? new Fault("unreachable", "no address is available"));
  }

  #settle(): void {
    this.#isSettled = true;
    this.#cancel();
  }
}
