/** Servers on the LAN: DNS-SD over multicast DNS (RFC 6762, 6763). */

// The only user of `bonjour-service`, which encodes the records; what to trust, and how much of it,
// is decided here and in `wire/announcement.ts`. There is one socket per interface: the library
// sends on one only, which on a machine with two networks is the wrong one half of the time. IPv4
// only, like the library.

import { Bonjour, type Service } from "bonjour-service";
import { Fault } from "../../base/fault.ts";
import { ANNOUNCEMENTS_READ_MAX, SAME_NAME_MAX } from "../../base/limits.ts";
import {
  type Announcement,
  type DiscoveredServer,
  DiscoveredServers,
  hostLabel,
  instanceLabel,
  type ReceivedAnnouncement,
  SERVICE_TYPE,
  txtRecord,
} from "../../wire/announcement.ts";
import { type Clock, delay, withTimeout } from "../clock.ts";
import { errorCode } from "../disk/disk.ts";
import { interfaceAddresses } from "./interfaces.ts";
import { MdnsSocket } from "./mdns-socket.ts";

/** Maximum time for the goodbye of a stopping server. */
const GOODBYE_WITHIN_MS = 500;

/** Group and port to use; tests have their own. */
export interface Neighbourhood {
  readonly group: string;
  readonly port: number;
  /** Addresses of this machine, one per interface. */
  interfaces(): readonly string[];
}

export const LAN: Neighbourhood = {
  group: "224.0.0.251",
  port: 5353,
  interfaces: lanInterfaces,
};

export interface Found {
  readonly servers: readonly DiscoveredServer[];
  /** Number of announcements omitted because there were too many. */
  readonly left: number;
}

export interface AnnounceOptions {
  readonly announcement: Announcement;
  /** Address on which it listens; `undefined` for every address. */
  readonly host: string | undefined;
  readonly port: number;
  readonly clock: Clock;
  /** Called at most once if the server is not, or not everywhere, announced. */
  onTrouble(fault: Fault): void;
}

/** Repeats the query in case the first one was lost. */
const ASK_AGAIN_MS = 400;
/** Three queries, as in RFC 6762 (section 8.1); then the name is ours. */
const LISTEN_FIRST_MS = 750;
/** Interval of checking for new networks, as on a laptop. */
const LOOK_AROUND_MS = 30_000;

/**
 * Listens for that long.
 * @throws Fault unreachable: no network, or the port is refused
 */
export async function findOnLan(
  options: { readonly clock: Clock; readonly forMs: number },
  around: Neighbourhood = LAN,
): Promise<Found> {
  const { clock, forMs } = options;
  const addresses = around.interfaces();
  if (addresses.length === 0) throw noNetwork();
  const sightings = new DiscoveredServers();
  let trouble: unknown;
  let working = 0;
  const ears = addresses.map((address) => {
    let isTroubled = false;
    const voice = new Voice(around, address, clock, (error) => {
      trouble ??= error;
      if (!isTroubled) working--;
      isTroubled = true;
    });
    working++;
    voice.listen((service) => sightings.add(heardOf(service)));
    return voice;
  });
  await delay(clock, forMs);
  await Promise.all(ears.map((ear) => ear.close()));
  if (sightings.all.length === 0 && working === 0) throw refused(trouble, around.port);
  return { servers: sightings.all, left: sightings.droppedCount };
}

/** Announces a server until it is stopped, also on networks that appear later. */
export class Announcer {
  readonly #options: AnnounceOptions;
  readonly #around: Neighbourhood;
  /** By address of the interface. */
  readonly #voices = new Map<string, Voice>();
  /** Keyed by address, too: a tunnel often lacks multicast, which says nothing about the others. */
  readonly #troubles = new Map<string, unknown>();
  #cancelTimer: () => void = () => {};
  #hasComplained = false;
  #isStopped = false;

  constructor(options: AnnounceOptions, around: Neighbourhood = LAN) {
    this.#options = options;
    this.#around = around;
    this.#lookAround();
  }

  /** Says goodbye within GOODBYE_WITHIN_MS. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    const voices = [...this.#voices.values()];
    this.#voices.clear();
    await Promise.all(voices.map((voice) => voice.close()));
  }

  #lookAround(): void {
    if (this.#isStopped) return;
    const addresses = this.#around.interfaces();
    if (addresses.length === 0) this.#complain(noNetwork());
    for (const [address, voice] of this.#voices) {
      if (addresses.includes(address)) continue;
      this.#voices.delete(address);
      this.#troubles.delete(address);
      void voice.close();
    }
    for (const address of addresses) {
      if (!this.#voices.has(address)) this.#voices.set(address, this.#speakAt(address));
    }
    this.#judge();
    this.#cancelTimer = this.#options.clock.after(LOOK_AROUND_MS, () => this.#lookAround());
  }

  #speakAt(address: string): Voice {
    const { announcement, host, port, clock } = this.#options;
    const voice = new Voice(this.#around, address, clock, (error) => {
      this.#troubles.set(address, error);
      this.#judge();
    });
    voice.announce(announcement, { host: host ?? address, port });
    return voice;
  }

  #judge(): void {
    const [error] = this.#troubles.values();
    const isSilent = [...this.#voices.keys()].every((address) => this.#troubles.has(address));
    if (error !== undefined && isSilent) this.#complain(refused(error, this.#around.port));
  }

  #complain(fault: Fault): void {
    if (this.#hasComplained || this.#isStopped) return;
    this.#hasComplained = true;
    this.#options.onTrouble(fault);
  }
}

/** An instance of the library, for one interface. */
class Voice {
  readonly #clock: Clock;
  readonly #socket: MdnsSocket;
  readonly #bonjour: Bonjour;
  /** Names used by others on this network. Bounded by ANNOUNCEMENTS_READ_MAX. */
  readonly #taken = new Set<string>();
  #count = 1;
  #service: Service | undefined;
  #isClosed = false;
  #cancelTimer: () => void = () => {};

  constructor(
    { group, port }: Neighbourhood,
    address: string,
    clock: Clock,
    onTrouble: (error: unknown) => void,
  ) {
    this.#clock = clock;
    this.#socket = new MdnsSocket(port, () => clock.now(), onTrouble);
    // Options of multicast-dns that the library's README documents and its types lack.
    const options: object = { socket: this.#socket, bind: false, ip: group, port };
    this.#bonjour = new Bonjour({ ...options, interface: address } as object, onTrouble);
    this.#socket.bind();
  }

  listen(onService: (service: Service) => void): void {
    let count = 0;
    const heard = (service: Service) => {
      // The library keeps everything that it receives.
      if (++count >= ANNOUNCEMENTS_READ_MAX) browser.stop();
      onService(service);
    };
    const browser = this.#bonjour.find({ type: SERVICE_TYPE }, heard);
    browser.on("srv-update", heard);
    browser.on("txt-update", heard);
    const again = () => {
      browser.update();
      this.#cancelTimer = this.#clock.after(ASK_AGAIN_MS, again);
    };
    this.#cancelTimer = this.#clock.after(ASK_AGAIN_MS, again);
  }

  /** Listens for other servers, takes a free name, and gives it up to its rightful owner. */
  announce(announcement: Announcement, place: { readonly host: string; readonly port: number }) {
    const publish = () => {
      if (!this.#isClosed) this.#publish(announcement, place);
    };
    this.listen((service) => {
      const { label, text } = heardOf(service);
      const fingerprint = String(text["fp"]);
      if (fingerprint === announcement.fingerprint) return; // Our own echo, or our other interface.
      this.#taken.add(label.toLowerCase());
      // Two servers started at the same time: one renames itself, and both agree which.
      if (this.#service?.name.toLowerCase() !== label.toLowerCase()) return;
      if (fingerprint > announcement.fingerprint || this.#count >= SAME_NAME_MAX) return;
      this.#service.stop(publish);
      this.#service = undefined;
    });
    this.#clock.after(LISTEN_FIRST_MS, () => {
      this.#cancelTimer(); // The others are known; from now on it only listens.
      publish();
    });
  }

  /** Says goodbye for what is announced, and closes the socket. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTimer();
    const gone = new Promise<void>((resolve) => this.#bonjour.unpublishAll(() => resolve()));
    await withTimeout(gone, GOODBYE_WITHIN_MS, () => undefined, this.#clock);
    this.#bonjour.destroy();
  }

  #publish(announcement: Announcement, place: { readonly host: string; readonly port: number }) {
    const { name, fingerprint } = announcement;
    const isTaken = () => this.#taken.has(instanceLabel(name, this.#count).toLowerCase());
    while (this.#count < SAME_NAME_MAX && isTaken()) this.#count++;
    // The library queries the name once more. It must not receive an answer: it would print it to
    // standard output, and announce nothing.
    this.#socket.isDeaf = true;
    const service = this.#bonjour.publish({
      name: instanceLabel(name, this.#count),
      type: SERVICE_TYPE,
      port: place.port,
      host: hostLabel(fingerprint),
      txt: txtRecord(announcement),
    });
    service.once("up", () => {
      this.#socket.isDeaf = false;
    });
    // It would announce every address of this machine.
    const records = service.records.bind(service);
    const type = place.host.includes(":") ? "AAAA" : "A";
    const address = { name: service.host, type, ttl: 120, data: place.host } as const;
    service.records = () => [
      ...records().filter((record) => record.type !== "A" && record.type !== "AAAA"),
      address,
    ];
    this.#service = service;
  }
}

function heardOf(service: Service): ReceivedAnnouncement {
  const text: unknown = service.txt;
  return {
    label: service.name,
    port: service.port,
    addresses: service.addresses ?? [],
    sender: service.referer?.address,
    text: typeof text === "object" && text !== null ? (text as Record<string, unknown>) : {},
  };
}

/** An IPv4 address of each network of this machine. */
function lanInterfaces(): string[] {
  return interfaceAddresses().flatMap((addresses) => {
    const own = addresses.find(({ internal, family }) => !internal && family === "IPv4");
    return own === undefined ? [] : [own.address];
  });
}

function noNetwork(): Fault {
  return new Fault("unreachable", "this machine is in no network", {
    remedy: "connect it to one",
  });
}

function refused(error: unknown, port: number): Fault {
  const code = errorCode(error) || String(error);
  return new Fault("unreachable", `multicast DNS, UDP port ${port}, does not work (${code})`, {
    remedy: "look for a firewall, or another program that has the port for itself",
    cause: error,
  });
}
