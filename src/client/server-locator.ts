/** Addresses of a server's machines, which the client keeps between connections. */

import { Fault, msg } from "../base/fault.ts";
import { NEXT_ADDRESS_DELAY_MS } from "../base/limits-cluster.ts";
import { ServerAddresses } from "../core/client/server-addresses.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Link } from "../io/link/link.ts";
import type { StoredAddresses } from "../io/state/client-state.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import { formatAddress, parseServerSpec, type ServerAddress } from "../wire/invite.ts";
import type { LinkEvent } from "./event.ts";
import type { Connection, ServerNotice } from "./link/connection.ts";
import { IdleProbe } from "./link/idle-probe.ts";
import { isTransient } from "./link/retry.ts";
import type { AddressStore, PinStore } from "./ports.ts";

/** @param first the link's first message, as in `DialOptions` */
export type DialAddress = (address: ServerAddress, first?: Uint8Array) => Promise<Link>;

/**
 * Searches the LAN for an address that announces the fingerprint. Any host can announce it, so the
 * server must still prove its key.
 * @param isKnown addresses to ignore
 */
export type FindOnLan = (
  fingerprint: Fingerprint,
  isKnown: (address: ServerAddress) => boolean,
) => Promise<ServerAddress | undefined>;

interface ServerLocatorOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly dial: DialAddress;
  readonly findOnLan?: FindOnLan | undefined;
  readonly state: AddressStore & PinStore;
  readonly address: string;
  /** Identity that the user named. */
  readonly fingerprint?: Fingerprint | undefined;
  readonly addresses?: readonly [ServerAddress, ...ServerAddress[]] | undefined;
  readonly storedAddresses?: StoredAddresses | undefined;
  readonly isServerExplicit?: boolean | undefined;
}

export class ServerLocator {
  readonly #addresses: ServerAddresses;
  readonly #dialer: AddressDialer;
  #expected: ServerAddress | undefined;
  #isLoggedIn = false;
  #hasClusterAddresses = false;
  #searchAfter = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: ServerLocatorOptions) {
    const { clock, entropy, dial, address, ...known } = options;
    const [byte = 0] = entropy(1);
    const {
      addresses: configured = [parseServerSpec(address)],
      storedAddresses,
      isServerExplicit = true,
    } = known;
    const { reported, last } = storedAddresses ?? { reported: [], last: undefined };
    const random = byte / 256;
    this.#addresses = new ServerAddresses({
      configured,
      advertised: reported,
      last,
      isExplicit: isServerExplicit,
      now: clock.now(),
      chance: random,
    });
    const search = () => this.#search();
    this.#dialer = new AddressDialer({ clock, dial, addresses: this.#addresses, search });
    [this.#expected] = this.#addresses.candidates();
  }

  get dialing(): {
    readonly dial: (first: Uint8Array) => Promise<Link>;
    readonly tryNextAddress: (fault: Fault) => Fault | undefined;
    readonly watch: (connection: Connection) => void;
  } {
    return {
      dial: this.#dialer.dial,
      tryNextAddress: (fault) => this.#dialer.tryNext(fault),
      watch: (connection) => this.#startProbe(connection),
    };
  }

  get address(): ServerAddress | undefined {
    return this.#dialer.address;
  }

  /** Address under which the server is remembered: a new one if it has moved. */
  get rememberedAddress(): string {
    const { address } = this.#dialer;
    const hasMoved = address !== undefined && this.#addresses.isDiscovered(address);
    return hasMoved ? formatAddress(address) : this.options.address;
  }

  get clusterAddresses(): readonly ServerAddress[] {
    return this.#addresses.advertised;
  }

  confirmAddress(): void {
    this.#dialer.confirmAddress();
  }

  loggedIn(fingerprint: Fingerprint): Extract<LinkEvent, { kind: "elsewhere" }> | undefined {
    const { address } = this.#dialer;
    if (address === undefined) return undefined;
    this.#isLoggedIn = true;
    this.#hasClusterAddresses = false;
    this.#pinMoved();
    const [from, to] = [this.#expected ?? address, address].map(formatAddress);
    this.#expected = address;
    if (this.#addresses.succeeded(address) && this.#addresses.advertised.length > 0)
      this.#store(fingerprint);
    if (from === undefined || to === undefined || from === to) return undefined;
    return { kind: "elsewhere", from, to };
  }

  notice(notice: ServerNotice, fingerprint: Fingerprint, { link }: Connection): boolean {
    const { remote } = link;
    if (notice.kind === "servers") {
      this.#hasClusterAddresses = true;
      if (this.#addresses.setAdvertised(notice.places, remote.host)) this.#store(fingerprint);
      return true;
    }
    // A cluster sends its addresses before `caught-up`, so this server is in no cluster.
    if (
      notice.kind === "caught-up" &&
      !this.#hasClusterAddresses &&
      this.#addresses.clearAdvertised()
    ) {
      this.options.state.removeServerAddresses(fingerprint);
    }
    return false;
  }

  /** Dials the other nodes first from now on. Returns false if there are no other nodes. */
  majorityLost(): boolean {
    const { address } = this.#dialer;
    if (address !== undefined) this.#addresses.failed(address);
    return this.#addresses.candidates().length > 1;
  }

  lost(): void {
    const { address } = this.#dialer;
    if (!this.#isLoggedIn && address !== undefined) this.#addresses.failed(address);
    this.#isLoggedIn = false;
  }

  /** The server has proved at its new address the key that is pinned for the former one. */
  #pinMoved(): void {
    const { state, address, clock } = this.options;
    const pin = state.pin(address);
    const moved = this.rememberedAddress;
    if (moved === address || pin === undefined || state.pin(moved) !== undefined) return;
    state.setPin({ ...pin, address: moved, firstSeenUnixMs: clock.unixMs() });
  }

  /**
   * Finds a server that has moved to another address on the LAN. Only a server whose identity is
   * known is searched for.
   * @returns true if there is another address to dial
   */
  async #search(): Promise<boolean> {
    const { clock, findOnLan, state, address, fingerprint } = this.options;
    const expected = fingerprint ?? (state.pin(address)?.fingerprint as Fingerprint | undefined);
    if (findOnLan === undefined || expected === undefined) return false;
    if (clock.now() < this.#searchAfter || !this.#addresses.mayMove) return false;
    this.#searchAfter = clock.now() + LAN_SEARCH_INTERVAL_MS;
    const found = await findOnLan(expected, (known) => this.#addresses.isKnown(known));
    return found !== undefined && this.#addresses.addDiscovered(found);
  }

  #startProbe(connection: Connection): void {
    const { clock, dial } = this.options;
    const { address } = this.#dialer;
    if (address === undefined) return;
    const onUnreachable = () => this.#addresses.failed(address);
    const hasOthers = () => this.#hasClusterAddresses;
    new IdleProbe({ clock, connection, hasOthers, onUnreachable, dial: () => dial(address) });
  }

  #store(fingerprint: Fingerprint): void {
    const { advertised, last } = this.#addresses;
    this.options.state.storeServerAddresses(fingerprint, { reported: advertised, last });
  }
}

interface AddressDialerOptions {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly addresses: ServerAddresses;
  readonly dial: DialAddress;
  /** Looks for another address after all others have failed. */
  readonly search: () => Promise<boolean>;
}

/** Multicast reaches every machine of the LAN. */
const LAN_SEARCH_INTERVAL_MS = 10_000;

/**
 * Dials the next address as soon as one fails, or in parallel after NEXT_ADDRESS_DELAY_MS, and uses
 * the first link that opens.
 */
class AddressDialer {
  #untried: readonly ServerAddress[] = [];
  #address: ServerAddress | undefined;

  constructor(private readonly options: AddressDialerOptions) {}

  get address(): ServerAddress | undefined {
    return this.#address;
  }

  readonly dial = async (first: Uint8Array): Promise<Link> => {
    try {
      return await this.#race(first);
    } catch (error) {
      if (!(error instanceof Fault) || !isTransient(error)) throw error;
      if (!(await this.options.search())) throw error;
      return await this.#race(first);
    }
  };

  async #race(first: Uint8Array): Promise<Link> {
    if (this.#untried.length === 0) this.#untried = this.options.addresses.candidates();
    const race = new Race(this.options, this.#untried, first);
    this.#untried = [];
    this.#address = undefined;
    const { address, link } = await race.run();
    this.#address = address;
    this.#untried = race.untried(address);
    return link;
  }

  /**
   * Tries the next address if this one came from the server's list, because a different machine may
   * have taken it over.
   * @returns the fault to report; `undefined` if another address remains to `dial`
   */
  tryNext(fault: Fault): Fault | undefined {
    const { addresses } = this.options;
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
  readonly #queue: ServerAddress[];
  readonly #failed = new Set<ServerAddress>();
  readonly #result = Promise.withResolvers<DialResult>();
  #running = 0;
  #isSettled = false;
  #failure: Fault | undefined;
  #cancel = () => {};

  constructor(
    private readonly options: AddressDialerOptions,
    private readonly candidates: readonly ServerAddress[],
    private readonly first: Uint8Array,
  ) {
    this.#queue = [...candidates];
  }

  run(): Promise<DialResult> {
    this.#next();
    return this.#result.promise;
  }

  untried(winner: ServerAddress): ServerAddress[] {
    return this.candidates.filter((address) => address !== winner && !this.#failed.has(address));
  }

  #next(): void {
    const { clock, addresses, dial } = this.options;
    this.#cancel();
    const address = this.#queue.shift();
    if (address === undefined) return this.#failIfExhausted();
    if (!addresses.canDial(address, clock.now())) return this.#next();
    this.#running++;
    dial(address, this.first).then(
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
    this.options.addresses.failed(address);
    if (address === this.candidates[0]) this.#failure = error;
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
