/** Addresses of the cluster's servers, exchanged between the servers and sent to users. */

import { Component } from "../../base/component.ts";
import {
  CLUSTER_ADDRESSES_MAX,
  SIBLING_BATCH_MS,
  SIBLING_PRESENCE_INTERVAL_MS,
} from "../../base/limits-cluster.ts";
import { mayNameSameMachine } from "../../wire/host.ts";
import { formatAddress, type ServerAddress } from "../../wire/invite.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import { NodeStates } from "./node-states.ts";

export interface ClusterAddressesOptions extends ServerContext {
  readonly onChange: (places: readonly ServerAddress[]) => void;
}

/** Users need the addresses to reconnect to another server when this one is down. */
export class ClusterAddresses extends Component<ClusterAddressesOptions> {
  readonly #others = new NodeStates<ServerAddress>(this.options.clock);
  #lastSent = "";
  #cancelTick = () => {};
  #cancelSend: (() => void) | undefined;

  start(): void {
    this.#tick();
  }

  onAddressesChange(): void {
    this.#send();
  }

  stop(): void {
    this.#cancelTick();
    this.#cancelSend?.();
    this.options.siblings.publish({ kind: "place" });
  }

  get all(): readonly ServerAddress[] {
    const own = this.#own;
    const others = new Map<string, ServerAddress>();
    for (const [, address] of this.#others) others.set(formatAddress(address), address);
    if (own !== undefined) others.delete(formatAddress(own));
    const sorted = [...others].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [...(own === undefined ? [] : [own]), ...sorted.map(([, address]) => address)];
  }

  receive(node: string, address: ServerAddress | undefined): void {
    if (address === undefined) {
      if (this.#others.delete(node)) this.#scheduleSend();
      return;
    }
    const previous = this.#others.get(node);
    const isNew = previous === undefined || formatAddress(previous) !== formatAddress(address);
    if (this.#others.set(node, address) && isNew) this.#scheduleSend();
  }

  sendTo(client: ClientConnection): void {
    client.notify({ kind: "servers", places: this.#reachableBy(client) });
  }

  get #own(): ServerAddress | undefined {
    return this.options.sequencer.isFollowing() ? this.options.addresses()[0] : undefined;
  }

  #reachableBy({ link }: ClientConnection): ServerAddress[] {
    const isReachable = ({ host }: ServerAddress) => mayNameSameMachine(link.remote.host, host);
    return this.all.filter(isReachable).slice(0, CLUSTER_ADDRESSES_MAX);
  }

  #scheduleSend(): void {
    this.#cancelSend ??= this.options.clock.after(SIBLING_BATCH_MS, () => {
      this.#cancelSend = undefined;
      this.#send();
    });
  }

  #send(): void {
    const { siblings, peers, onChange } = this.options;
    const address = this.#own;
    siblings.publish({ kind: "place", ...(address === undefined ? {} : { place: address }) });
    const { all } = this;
    const key = all.map(formatAddress).join();
    if (key === this.#lastSent) return;
    this.#lastSent = key;
    onChange(all);
    for (const client of peers.members()) this.sendTo(client);
  }

  #tick(): void {
    const { clock } = this.options;
    const expired = this.#others.expired();
    // A server that receives nothing from any other server is itself cut off, so it keeps their
    // addresses.
    if (expired.length < this.#others.size) {
      for (const node of expired) this.#others.delete(node);
    }
    this.#send();
    this.#cancelTick = clock.after(SIBLING_PRESENCE_INTERVAL_MS, () => this.#tick());
  }
}
