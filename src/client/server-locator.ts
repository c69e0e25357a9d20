/** Addresses of a server's machines, which the client keeps between connections. */

import type { Fault } from "../base/fault.ts";
import { ServerAddresses } from "../core/client/server-addresses.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Link } from "../io/link/link.ts";
import type { StoredAddresses } from "../io/state/client-state.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import { formatAddress, parseServerSpec, type ServerAddress } from "../wire/invite.ts";
import type { LinkEvent } from "./event.ts";
import { AddressDialer } from "./link/address-dialer.ts";
import type { Connection, ServerNotice } from "./link/connection.ts";
import { IdleProbe } from "./link/idle-probe.ts";
import type { AddressStore } from "./ports.ts";

export interface ServerLocatorOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly dial: (address: ServerAddress) => Promise<Link>;
  readonly state: AddressStore;
  readonly address: string;
  readonly addresses?: readonly [ServerAddress, ...ServerAddress[]] | undefined;
  readonly storedAddresses?: StoredAddresses | undefined;
  readonly isServerExplicit?: boolean | undefined;
}

export class ServerLocator {
  readonly #options: ServerLocatorOptions;
  readonly #addresses: ServerAddresses;
  readonly #dialer: AddressDialer;
  #expected: ServerAddress | undefined;
  #isLoggedIn = false;
  #hasClusterAddresses = false;

  constructor(options: ServerLocatorOptions) {
    this.#options = options;
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
    this.#dialer = new AddressDialer({ clock, dial, addresses: this.#addresses });
    [this.#expected] = this.#addresses.candidates();
  }

  get dialing(): {
    readonly dial: () => Promise<Link>;
    readonly tryNextAddress: (fault: Fault) => Fault | undefined;
  } {
    return { dial: this.#dialer.dial, tryNextAddress: (fault) => this.#dialer.tryNext(fault) };
  }

  get address(): ServerAddress | undefined {
    return this.#dialer.address;
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
    const [from, to] = [this.#expected ?? address, address].map(formatAddress);
    this.#expected = address;
    if (this.#addresses.succeeded(address) && this.#addresses.advertised.length > 0)
      this.#store(fingerprint);
    if (from === undefined || to === undefined || from === to) return undefined;
    return { kind: "elsewhere", from, to };
  }

  notice(notice: ServerNotice, fingerprint: Fingerprint, connection: Connection): boolean {
    const { remote } = connection.link;
    if (notice.kind === "servers") {
      if (!this.#hasClusterAddresses) this.#startProbe(connection);
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
      this.#options.state.removeServerAddresses(fingerprint);
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

  #startProbe(connection: Connection): void {
    const { clock, dial } = this.#options;
    const { address } = this.#dialer;
    if (address === undefined) return;
    const onUnreachable = () => this.#addresses.failed(address);
    new IdleProbe({ clock, connection, onUnreachable, dial: () => dial(address) });
  }

  #store(fingerprint: Fingerprint): void {
    const { advertised, last } = this.#addresses;
    this.#options.state.storeServerAddresses(fingerprint, { reported: advertised, last });
  }
}
