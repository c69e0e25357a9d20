/** Socket in one multicast group, on several interfaces. */

import { createSocket, type Socket } from "node:dgram";
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { ifPossible } from "../promises.ts";
import { interfaceAddresses, LAN_RANK_MAX, sendingAddress } from "./interfaces.ts";

const LAN_UDP_BYTES_MAX = 65_507;

export interface Multicast {
  readonly interfaces: readonly string[];
  /**
   * Resolves when the system has accepted the datagram.
   * @throws {Fault} unreachable if no interface could send it
   */
  send(bytes: Uint8Array): Promise<void>;
  /** Follows changes of the network. Joins again where the system has dropped the membership. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

export interface MulticastSource {
  readonly address: string;
  readonly port: number;
  readonly isOwn: boolean;
}

export type OnDatagram = (bytes: Uint8Array, source: MulticastSource) => void;

export interface MulticastOptions {
  readonly group: string;
  readonly port: number;
  readonly ttl: number;
  readonly interface?: string | undefined;
  /**
   * `networks`: one interface of each local network, so that nobody gets a datagram twice. `all`:
   * also further interfaces of a network, and those of tunnels and containers.
   */
  readonly scope: "networks" | "all";
  /** Called when the receiver is bound. */
  readonly onBound?: () => void;
}

interface InterfaceAddress {
  family: string;
  address: string;
  internal: boolean;
  netmask?: string;
  rank?: number;
}

export type ListInterfaces = () => readonly InterfaceAddress[];

interface Sender {
  readonly address: string;
  readonly port: number;
  readonly socket: Socket;
}

/**
 * @throws {Fault} usage if the interface does not exist, unreachable if no interface can join,
 * port-taken if the port is in use, store-denied if the port is reserved
 */
export async function openMulticast(
  options: MulticastOptions,
  onDatagram: OnDatagram,
  list: ListInterfaces = systemInterfaces,
): Promise<Multicast> {
  const receiver = createSocket({ type: "udp4", reuseAddr: true });
  const multicast = new SocketMulticast(options, receiver, list);
  try {
    // Binding to the group's address excludes datagrams for other groups. Windows can bind only to
    // the wildcard address.
    const address = process.platform === "win32" ? "0.0.0.0" : options.group;
    await bind(receiver, { port: options.port, address });
    options.onBound?.();
    await multicast.begin(onDatagram);
    return multicast;
  } catch (error) {
    await multicast.close();
    throw error;
  }
}

class SocketMulticast implements Multicast {
  #senders: readonly Sender[] = [];
  #reasons: readonly string[] = [];
  #refreshing: Promise<void> | undefined;
  #isClosed = false;

  constructor(
    private readonly options: MulticastOptions,
    private readonly receiver: Socket,
    private readonly list: ListInterfaces,
  ) {}

  get interfaces(): readonly string[] {
    return this.#senders.map(({ address }) => address);
  }

  async begin(onDatagram: OnDatagram): Promise<void> {
    checkInterface(this.options, this.list());
    await this.refresh();
    if (this.#senders.length === 0) throw this.#unreachable();
    this.receiver.on("message", (bytes, { address, port }) => {
      const isOwn = this.#senders.some((own) => own.port === port && own.address === address);
      onDatagram(bytes, { address, port, isOwn });
    });
  }

  async send(bytes: Uint8Array): Promise<void> {
    assert(bytes.length <= LAN_UDP_BYTES_MAX, "the datagram fits the size limit");
    assert(!this.#isClosed, "the socket is open");
    let failure = await this.#sendOnce(bytes);
    if (failure === undefined) return;
    // Refresh the interfaces, because the address of this machine may have changed.
    await this.refresh();
    if (!this.#isClosed) failure = await this.#sendOnce(bytes);
    if (failure !== undefined) throw failure;
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#refreshing;
    const sockets = [this.receiver, ...this.#senders.map(({ socket }) => socket)];
    await Promise.all(sockets.map(closeSocket));
  }

  async #sendOnce(bytes: Uint8Array): Promise<Fault | undefined> {
    const { group, port } = this.options;
    const senders = this.#senders;
    if (senders.length === 0) return this.#unreachable();
    const errors = await Promise.all(
      senders.map(({ socket }) => sendDatagram(socket, bytes, port, group)),
    );
    const [error] = errors;
    return errors.includes(undefined) || error === undefined
      ? undefined
      : sendFault(error, this.options);
  }

  async #refresh(): Promise<void> {
    if (this.#isClosed) return;
    const requested = await chosenInterfaces(this.options, this.list());
    const reasons: string[] = [];
    const senders: Sender[] = [];
    for (const address of requested) {
      try {
        joinGroup(this.receiver, this.options.group, address);
        const known = this.#senders.find((sender) => sender.address === address);
        // An interface that was removed and created again has the same address but a new index.
        known?.socket.setMulticastInterface(address);
        senders.push(known ?? (await openSender(address, this.options)));
      } catch (error) {
        reasons.push(`${address}: ${codeOf(error)}`);
      }
    }
    const removed = this.#senders.filter((sender) => !senders.includes(sender));
    this.#senders = senders;
    this.#reasons = reasons;
    for (const { address } of removed) leaveGroup(this.receiver, this.options.group, address);
    await Promise.all(removed.map(({ socket }) => closeSocket(socket)));
  }

  #unreachable(): Fault {
    const reasons = this.#reasons.length === 0 ? "" : ` (${this.#reasons.join(", ")})`;
    const message = `no network interface could join ${this.options.group}${reasons}`;
    return new Fault("unreachable", message, {
      remedy: "connect to a network, or use this machine only: --interface 127.0.0.1",
    });
  }
}

function systemInterfaces(): ReturnType<ListInterfaces> {
  return interfaceAddresses().flat();
}

function joinGroup(receiver: Socket, group: string, address: string): void {
  try {
    receiver.addMembership(group, address);
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE") throw error;
  }
}

function leaveGroup(receiver: Socket, group: string, address: string): void {
  try {
    receiver.dropMembership(group, address);
  } catch {
    // The system may have left the group with the interface.
  }
}

async function openSender(address: string, { ttl }: MulticastOptions): Promise<Sender> {
  const socket = createSocket("udp4");
  try {
    await bind(socket, { port: 0 });
    socket.setMulticastInterface(address);
    socket.setMulticastTTL(ttl);
    socket.setMulticastLoopback(true);
    return { address, port: socket.address().port, socket };
  } catch (error) {
    socket.close();
    throw error;
  }
}

function checkInterface(options: MulticastOptions, all: ReturnType<ListInterfaces>): void {
  const addresses = all.filter(({ family }) => family === "IPv4").map(({ address }) => address);
  const requested = options.interface;
  if (requested === undefined || addresses.includes(requested)) return;
  throw new Fault("usage", `this machine has no interface with the address '${requested}'`, {
    remedy: addresses.length === 0 ? "connect to a network" : `it has ${addresses.join(", ")}`,
  });
}

async function chosenInterfaces(
  options: MulticastOptions,
  all: ReturnType<ListInterfaces>,
): Promise<string[]> {
  const ipv4Addresses = all.filter(({ family }) => family === "IPv4");
  const requested = options.interface;
  if (requested !== undefined)
    return ipv4Addresses.some(({ address }) => address === requested) ? [requested] : [];
  const external = ipv4Addresses.filter(({ internal }) => !internal);
  const found = external.length > 0 ? external : ipv4Addresses;
  if (options.scope === "all" || found.length < 2) return found.map(({ address }) => address);
  const local = found.filter(({ rank = 0 }) => rank <= LAN_RANK_MAX);
  const defaultAddress = await ifPossible(sendingAddress(options.group, options.port));
  const chosen = new Map<string, string>();
  for (const one of local.length > 0 ? local : found) {
    const network = networkOf(one);
    if (!chosen.has(network) || one.address === defaultAddress) chosen.set(network, one.address);
  }
  return [...chosen.values()];
}

function networkOf({ address, netmask = "255.255.255.255" }: InterfaceAddress): string {
  const mask = netmask.split(".").map(Number);
  return address
    .split(".")
    .map((octet, index) => Number(octet) & (mask[index] ?? 0))
    .join(".");
}

async function bind(socket: Socket, endpoint: { port: number; address?: string }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("error", (error) => reject(bindFault(error, endpoint.port)));
    socket.bind(endpoint, () => resolve());
  });
  socket.removeAllListeners("error");
  socket.on("error", () => {});
}

function sendDatagram(
  socket: Socket,
  bytes: Uint8Array,
  port: number,
  group: string,
): Promise<Error | undefined> {
  return new Promise((resolve) => {
    try {
      socket.send(bytes, port, group, (error) => resolve(error ?? undefined));
    } catch (error) {
      resolve(error as Error);
    }
  });
}

function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}

function bindFault(cause: unknown, port: number): Fault {
  switch (codeOf(cause)) {
    case "EADDRINUSE":
      return new Fault("port-taken", `UDP port ${port} is in use`, { cause });
    case "EACCES":
    case "EPERM":
      return new Fault("store-denied", `permission denied for UDP port ${port}`, {
        remedy: "choose one above 1023 with --port",
        cause,
      });
    default:
      return new Fault("unreachable", `cannot listen on UDP port ${port} (${codeOf(cause)})`, {
        remedy: "choose another with --port",
        cause,
      });
  }
}

function sendFault(cause: Error, { port }: MulticastOptions): Fault {
  const code = codeOf(cause);
  const isBlocked = code === "EPERM" || code === "EACCES";
  return new Fault("unreachable", `cannot send a datagram (${code})`, {
    remedy: isBlocked
      ? `allow outgoing UDP port ${port} in the firewall`
      : "connect to a network and try again",
    cause,
  });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
