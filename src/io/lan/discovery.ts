/** Server discovery on the LAN with DNS-SD over multicast DNS (RFC 6762, 6763). */

// There is one socket per interface, because the library `bonjour-service` sends on a single
// interface, possibly the wrong one. Like the library, discovery supports IPv4 only.

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { EventEmitter } from "node:events";
import { Bonjour, type Service } from "bonjour-service";
import { Fault, msg } from "../../base/fault.ts";
import {
  MDNS_ANSWERS_PER_SECOND,
  MDNS_ANSWERS_TOTAL_PER_SECOND,
  MDNS_DATAGRAM_BYTES_MAX,
  MDNS_DATAGRAMS_PER_SECOND,
  MDNS_DATAGRAMS_TOTAL_PER_SECOND,
  MDNS_ENTRIES_MAX,
  MDNS_QUESTIONS_MAX,
  MDNS_SENDERS_MAX,
  SAME_NAME_MAX,
  SERVICES_READ_MAX,
} from "../../base/limits.ts";
import { dropOldest } from "../../core/evict.ts";
import { TokenBucket, TokenBuckets } from "../../core/rate.ts";
import {
  type Announcement,
  type DiscoveredServer,
  DiscoveredServers,
  hostLabel,
  instanceLabel,
  type ReceivedAnnouncement,
  type ServiceType,
  txtRecord,
} from "../../wire/announcement.ts";
import { mentionsService, questionSubject } from "../../wire/mdns.ts";
import { type Clock, withTimeout } from "../clock.ts";
import { errorCode } from "../disk/disk.ts";
import { type InterfaceAddress, interfaceAddresses, isLostInterface } from "./interfaces.ts";
import { type MdnsResponse, ServiceRecords } from "./service-records.ts";

const DISCOVERY_HEADER_BYTES = 12;
const RESPONSE_BIT = 0x80;
const COUNT_OFFSETS = [4, 6, 8, 10] as const;

type SendCallback = (error?: Error | null) => void;

/** @internal */
export function isWithinLimits(bytes: Uint8Array): boolean {
  if (bytes.length < DISCOVERY_HEADER_BYTES || bytes.length > MDNS_DATAGRAM_BYTES_MAX) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [questions = 0, ...records] = COUNT_OFFSETS.map((at) => view.getUint16(at));
  const entries = records.reduce((sum, count) => sum + count, questions);
  return questions <= MDNS_QUESTIONS_MAX && entries <= MDNS_ENTRIES_MAX;
}

/**
 * Implements the subset of `node:dgram` that the library uses. Never throws on network errors.
 * @internal
 */
export class MdnsSocket extends EventEmitter {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #datagrams: SenderRate;
  readonly #answers: SenderRate;
  readonly #serviceType: ServiceType;
  #isOpen = true;

  constructor(
    port: number,
    now: () => number,
    onTrouble: (error: unknown) => void,
    serviceType: ServiceType = "chat",
  ) {
    super();
    this.#port = port;
    this.#now = now;
    this.#onError = onTrouble;
    this.#serviceType = serviceType;
    this.#datagrams = new SenderRate(
      MDNS_DATAGRAMS_PER_SECOND,
      MDNS_DATAGRAMS_TOTAL_PER_SECOND,
      now(),
    );
    this.#answers = new SenderRate(MDNS_ANSWERS_PER_SECOND, MDNS_ANSWERS_TOTAL_PER_SECOND, now());
    // Share the port with other mDNS programs on this machine.
    this.#socket = createSocket({ type: "udp4", reuseAddr: true });
    this.#socket.on("error", (error) => this.#onError(error));
    this.#socket.on("listening", () => this.#try(() => this.emit("listening")));
    this.#socket.on("message", (bytes, from) => this.#receive(bytes, from));
  }

  bind(): void {
    this.#try(() => this.#socket.bind(this.#port, "0.0.0.0"));
  }

  address() {
    return this.#socket.address();
  }

  send(
    bytes: Uint8Array,
    at: number,
    length: number,
    port: number,
    to: string,
    done: SendCallback,
  ): void {
    const settle: SendCallback = (error) => {
      if (error) this.#onError(error);
      done(error);
    };
    if (!this.#isOpen) return done();
    try {
      this.#socket.send(bytes, at, length, port, to, settle);
    } catch (error) {
      settle(error instanceof Error ? error : new Error(String(error)));
    }
  }

  addMembership(group: string, address: string): void {
    try {
      this.#socket.addMembership(group, address);
    } catch (error) {
      this.#onError(error);
      throw error;
    }
  }

  /** Joins again. Returns false if the system had left the group with the interface. */
  hasMembership(group: string, address: string): boolean {
    if (!this.#isOpen) return true;
    try {
      this.#socket.addMembership(group, address);
      return false;
    } catch (error) {
      return !isLostInterface(error);
    }
  }

  dropMembership(group: string, address: string): void {
    this.#socket.dropMembership(group, address);
  }

  setMulticastTTL(ttl: number): void {
    this.#socket.setMulticastTTL(ttl);
  }

  setMulticastLoopback(isOn: boolean): void {
    this.#socket.setMulticastLoopback(isOn);
  }

  setMulticastInterface(address: string): void {
    this.#socket.setMulticastInterface(address);
  }

  close(closed?: () => void): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#try(() => this.#socket.close(closed));
  }

  #receive(bytes: Uint8Array, from: RemoteInfo): void {
    if (!this.#isOpen || !isWithinLimits(bytes)) return;
    const isAnswer = ((bytes[2] ?? 0) & RESPONSE_BIT) !== 0;
    // RFC 6762, section 6: responses from other ports must be ignored.
    if (isAnswer && from.port !== this.#port) return;
    if (!this.#isAccepted(bytes, isAnswer, from.address)) return;
    this.#try(() => this.emit("message", bytes, from));
  }

  /** Other programs' queries and answers, of which a school has hundreds per second, are free. */
  #isAccepted(bytes: Uint8Array, isAnswer: boolean, address: string): boolean {
    const now = this.#now();
    if (isAnswer) {
      return mentionsService(bytes, this.#serviceType) && this.#datagrams.accepts(address, now);
    }
    const subject = questionSubject(bytes, this.#serviceType);
    return subject !== undefined && this.#answers.accepts(`${subject} ${address}`, now);
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#onError(error);
    }
  }
}

/** Limit per sender and in total. */
class SenderRate {
  readonly #senders: TokenBuckets;
  readonly #total: TokenBucket;

  constructor(perSecond: number, totalPerSecond: number, now: number) {
    this.#senders = new TokenBuckets(perSecond, perSecond, MDNS_SENDERS_MAX);
    this.#total = new TokenBucket(totalPerSecond, totalPerSecond, now);
  }

  accepts(sender: string, now: number): boolean {
    return this.#senders.of(sender, now).take(now) === 0 && this.#total.take(now) === 0;
  }
}

const GOODBYE_TIMEOUT_MS = 500;

export interface MulticastDnsNetwork {
  readonly group: string;
  readonly port: number;
  interfaces(): readonly string[];
}

export const LAN: MulticastDnsNetwork = {
  group: "224.0.0.251",
  port: 5353,
  interfaces: lanInterfaces,
};

export interface DiscoveryResult {
  readonly servers: readonly DiscoveredServer[];
  readonly droppedCount: number;
}

export interface AnnounceOptions {
  readonly serviceType?: ServiceType;
  readonly announcement: Announcement;
  readonly host: string | undefined;
  readonly port: number;
  /** Announces immediately, because the caller searches for other servers with the name. */
  readonly isNameChecked?: boolean | undefined;
  readonly clock: Clock;
  onFailure(fault: Fault): void;
  /** Called when the server is announced after a failure. */
  onRecovery?(): void;
}

const QUERY_INTERVAL_MS = 400;
/** Long enough for three queries about name conflicts (RFC 6762, section 8.1). */
const PROBE_MS = 750;
/** Long enough for the socket to open. */
const SHORT_PROBE_MS = 50;
const NETWORK_CHECK_INTERVAL_MS = 10_000;

export interface FindOptions {
  readonly serviceType?: ServiceType;
  readonly clock: Clock;
  readonly forMs: number;
  /**
   * Called for each announcement. The search ends early when it returns true, and finds no other
   * servers. Without it, the search lists all servers.
   */
  readonly isWanted?: (server: DiscoveredServer) => boolean;
  /** Ends the search early. */
  readonly ended?: Promise<void>;
}

/** @throws {Fault} unreachable if there is no network or the port is refused */
export async function findOnLan(
  options: FindOptions,
  network: MulticastDnsNetwork = LAN,
): Promise<DiscoveryResult> {
  const { serviceType, clock, forMs, isWanted, ended } = options;
  const addresses = network.interfaces();
  if (addresses.length === 0) throw noNetwork();
  const discovered = new DiscoveredServers(isWanted);
  const wanted = Promise.withResolvers<void>();
  void ended?.then(wanted.resolve);
  let firstError: unknown;
  let working = 0;
  const instances = addresses.map((address) => {
    let hasFailed = false;
    const instance = new MdnsInstance({ ...network, serviceType }, address, clock, (error) => {
      firstError ??= error;
      if (!hasFailed) working--;
      hasFailed = true;
    });
    working++;
    instance.listen((received) => {
      const isNew = discovered.add(received);
      if (isNew && isWanted !== undefined) wanted.resolve();
    });
    return instance;
  });
  await withTimeout(wanted.promise, forMs, () => undefined, clock);
  await Promise.all(instances.map((instance) => instance.close()));
  if (discovered.all.length === 0 && working === 0) throw multicastFault(firstError, network.port);
  return { servers: discovered.all, droppedCount: discovered.droppedCount };
}

export class Announcer {
  readonly #instances = new Map<string, MdnsInstance>();
  readonly #errors = new Map<string, unknown>();
  #cancelTimer: () => void = () => {};
  #hasReported = false;
  #isStopped = false;

  constructor(
    private readonly options: AnnounceOptions,
    private readonly network: MulticastDnsNetwork = LAN,
  ) {
    this.#checkNetworks();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    const instances = [...this.#instances.values()];
    this.#instances.clear();
    await Promise.all(instances.map((instance) => instance.close()));
  }

  #checkNetworks(): void {
    if (this.#isStopped) return;
    const addresses = this.network.interfaces();
    if (addresses.length === 0) this.#report(noNetwork());
    for (const [address, instance] of this.#instances) {
      const isLost = isLostInterface(this.#errors.get(address)) || !instance.isJoined();
      if (addresses.includes(address) && !isLost) continue;
      this.#instances.delete(address);
      this.#errors.delete(address);
      void instance.close();
    }
    for (const address of addresses) {
      if (!this.#instances.has(address)) this.#instances.set(address, this.#announceOn(address));
    }
    this.#reportIfAllFailed();
    this.#cancelTimer = this.options.clock.after(NETWORK_CHECK_INTERVAL_MS, () =>
      this.#checkNetworks(),
    );
  }

  #announceOn(address: string): MdnsInstance {
    const { serviceType, announcement, host, port, isNameChecked, clock } = this.options;
    const probeMs = isNameChecked === true ? SHORT_PROBE_MS : PROBE_MS;
    const network = { ...this.network, serviceType };
    const instance: MdnsInstance = new MdnsInstance(network, address, clock, (error) => {
      const current = this.#instances.get(address);
      if (current !== undefined && current !== instance) return;
      this.#errors.set(address, error);
      this.#reportIfAllFailed();
    });
    instance.announce(announcement, { host: host ?? address, port }, probeMs, () => {
      if (this.#instances.get(address) === instance) this.#noteAnnounced(address);
    });
    return instance;
  }

  #noteAnnounced(address: string): void {
    if (this.#errors.has(address) || !this.#hasReported || this.#isStopped) return;
    this.#hasReported = false;
    this.options.onRecovery?.();
  }

  #reportIfAllFailed(): void {
    const [error] = this.#errors.values();
    const isSilent = [...this.#instances.keys()].every((address) => this.#errors.has(address));
    if (error !== undefined && isSilent) this.#report(multicastFault(error, this.network.port));
  }

  #report(fault: Fault): void {
    if (this.#hasReported || this.#isStopped) return;
    this.#hasReported = true;
    this.options.onFailure(fault);
  }
}

interface InstanceOptions extends Pick<MulticastDnsNetwork, "group" | "port"> {
  readonly serviceType: ServiceType | undefined;
}

interface Mdns {
  on(event: "response", listener: (response: MdnsResponse, from: RemoteInfo) => void): void;
  query(name: string, type: "PTR"): void;
}

interface BonjourInternals {
  readonly server: { readonly mdns: Mdns };
  readonly registry: {
    probe(mdns: unknown, service: unknown, done: (exists: boolean) => void): void;
  };
}

/** The library's own probe would print to standard output and give up if a host answered. */
const skipProbe: BonjourInternals["registry"]["probe"] = (_mdns, _service, done) =>
  queueMicrotask(() => done(false));

class MdnsInstance {
  readonly #serviceType: ServiceType;
  readonly #clock: Clock;
  readonly #socket: MdnsSocket;
  readonly #bonjour: Bonjour;
  readonly #mdns: Mdns;
  readonly #group: string;
  readonly #address: string;
  readonly #usedNames = new Set<string>();
  #count = 1;
  #service: Service | undefined;
  #isClosed = false;
  #cancelTimer: () => void = () => {};

  constructor(
    { group, port, serviceType = "chat" }: InstanceOptions,
    address: string,
    clock: Clock,
    onTrouble: (error: unknown) => void,
  ) {
    this.#serviceType = serviceType;
    this.#group = group;
    this.#address = address;
    this.#clock = clock;
    this.#socket = new MdnsSocket(port, () => clock.now(), onTrouble, serviceType);
    // The library documents these options but its types lack them.
    const options: object = { socket: this.#socket, bind: false, ip: group, port };
    this.#bonjour = new Bonjour({ ...options, interface: address } as object, onTrouble);
    const { server, registry } = this.#bonjour as unknown as BonjourInternals;
    this.#mdns = server.mdns;
    registry.probe = skipProbe;
    this.#socket.bind();
  }

  /** False if the system has removed the interface, even if one with its address is back. */
  isJoined(): boolean {
    return this.#socket.hasMembership(this.#group, this.#address);
  }

  listen(onAnnouncement: (received: ReceivedAnnouncement) => void): void {
    const records = new ServiceRecords(this.#serviceType);
    this.#mdns.on("response", (response, { address }) => {
      for (const received of records.add(response, address)) onAnnouncement(received);
    });
    const query = () => {
      this.#mdns.query(`_${this.#serviceType}._tcp.local`, "PTR");
      this.#cancelTimer = this.#clock.after(QUERY_INTERVAL_MS, query);
    };
    query();
  }

  announce(
    announcement: Announcement,
    address: { readonly host: string; readonly port: number },
    probeMs: number,
    onAnnounced: () => void,
  ) {
    const publish = () => {
      if (!this.#isClosed) this.#publish(announcement, address, onAnnounced);
    };
    this.listen(({ label, text }) => {
      const fingerprint = String(text["fp"]);
      // Ignore echoes and announcements from this server's other interfaces.
      if (fingerprint === announcement.fingerprint) return;
      this.#usedNames.add(label.toLowerCase());
      dropOldest(this.#usedNames, SERVICES_READ_MAX);
      // If two servers start at the same time, their fingerprints decide which one is renamed.
      if (this.#service?.name.toLowerCase() !== label.toLowerCase()) return;
      if (fingerprint > announcement.fingerprint || this.#count >= SAME_NAME_MAX) return;
      this.#service.stop(publish);
      this.#service = undefined;
    });
    this.#clock.after(probeMs, () => {
      this.#cancelTimer();
      publish();
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTimer();
    const unpublished = new Promise<void>((resolve) => this.#bonjour.unpublishAll(() => resolve()));
    await withTimeout(unpublished, GOODBYE_TIMEOUT_MS, () => undefined, this.#clock);
    this.#bonjour.destroy();
  }

  #publish(
    announcement: Announcement,
    endpoint: { readonly host: string; readonly port: number },
    onAnnounced: () => void,
  ) {
    const { name, fingerprint } = announcement;
    const isNameUsed = () => this.#usedNames.has(instanceLabel(name, this.#count).toLowerCase());
    while (this.#count < SAME_NAME_MAX && isNameUsed()) this.#count++;
    const service = this.#bonjour.publish({
      name: instanceLabel(name, this.#count),
      type: this.#serviceType,
      port: endpoint.port,
      host: hostLabel(fingerprint),
      txt: txtRecord(announcement),
    });
    service.once("up", onAnnounced);
    const records = service.records.bind(service);
    const type = endpoint.host.includes(":") ? "AAAA" : "A";
    const address = { name: service.host, type, ttl: 120, data: endpoint.host } as const;
    service.records = () => [
      ...records().filter((record) => record.type !== "A" && record.type !== "AAAA"),
      address,
    ];
    this.#service = service;
  }
}

function lanInterfaces(): string[] {
  return interfaceAddresses().flatMap((addresses) => {
    const external = addresses.find(({ internal, family }) => !internal && family === "IPv4");
    return external === undefined ? [] : [external.address];
  });
}

/** @internal */
export function noNetwork(
  addresses: readonly InterfaceAddress[] = interfaceAddresses().flat(),
): Fault {
  const external = addresses.filter(({ internal }) => !internal);
  const hasIpv4 = external.some(({ family }) => family === "IPv4");
  // An interface without a router has a link-local address.
  if (!hasIpv4 && external.some(({ address }) => !/^fe80:/i.test(address))) {
    return new Fault("unreachable", msg`this machine has no IPv4 address, which discovery needs`, {
      remedy: msg`name the server's address or paste an invite`,
    });
  }
  return new Fault("unreachable", "this machine is not connected to a network", {
    remedy: "connect to a network",
  });
}

function multicastFault(error: unknown, port: number): Fault {
  const code = errorCode(error) || String(error);
  return new Fault("unreachable", `multicast DNS on UDP port ${port} failed (${code})`, {
    remedy: "check the firewall and other programs that use the port",
    cause: error,
  });
}
