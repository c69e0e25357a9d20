/** What a server announces on the LAN. */

import { utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { SERVERS_FOUND_MAX, SERVERS_FOUND_PER_SENDER_MAX } from "../base/limits.ts";
import { type Fingerprint, parseFingerprint } from "./fingerprint.ts";
import { isIpv4, isIpv6 } from "./host.ts";

/**
 * What a server says of itself on the LAN (DNS-SD, RFC 6763, service `_chat._tcp`). Any host can
 * say it of any server: the fingerprint is a hint, the proof in the greeting decides.
 */
export interface Announcement {
  readonly name: string;
  readonly fingerprint: Fingerprint;
  readonly needs: "password" | "open";
  /** Of the program. */
  readonly version: string;
}

/** As it came from the network, in the library's words. */
export interface Heard {
  /** The label under which it announces itself, unique on its network. */
  readonly label: string;
  readonly port: number;
  /** Whom its host name belongs to, as it says. */
  readonly addresses: readonly string[];
  /** Where the datagram came from. */
  readonly sender: string | undefined;
  readonly text: Readonly<Record<string, unknown>>;
}

/** A server that was announced. */
export interface Sighting {
  readonly label: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly fingerprint: Fingerprint | undefined;
  readonly needs: "password" | "open" | undefined;
  readonly version: string | undefined;
}

export const SERVICE_TYPE = "chat";
/** RFC 1035, section 2.3.4. */
const LABEL_BYTES_MAX = 63;
/** A string of TXT has 255 bytes (RFC 6763, section 6.1), `name=` included. */
const TXT_VALUE_BYTES_MAX = 200;

/** The strings of the TXT record. */
export function announcementText(announcement: Announcement): Readonly<Record<string, string>> {
  const { name, fingerprint, needs, version } = announcement;
  return {
    txtvers: "1",
    name: cutText(name, TXT_VALUE_BYTES_MAX),
    fp: fingerprint,
    needs,
    version: cutText(version, TXT_VALUE_BYTES_MAX),
  };
}

/** The label for the first, second, ... server of one name: `Room 12`, `Room 12 (2)`, ... */
export function labelOf(name: string, count: number): string {
  const suffix = count === 1 ? "" : ` (${count})`;
  // The library takes a full stop for the end of the label, and a backslash for itself.
  const plain = name.replaceAll(/[.\\\p{Cc}]/gu, "-").trim();
  return cutText(plain === "" ? "chat" : plain, LABEL_BYTES_MAX - suffix.length) + suffix;
}

/** A host name that no other program claims: names of machines belong to the system. */
export function hostLabelOf(fingerprint: Fingerprint): string {
  return `chat-${fingerprint
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "")
    .slice(0, 16)}.local`;
}

/** @returns undefined for what no honest server says */
function readSighting(heard: Heard): Sighting | undefined {
  const { label, port, text } = heard;
  const host = hostOf(heard);
  const fingerprint = fingerprintIn(text["fp"]);
  if (host === undefined || fingerprint === "forged") return undefined;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const { needs } = text;
  return {
    label: shortText(label) ?? "",
    name: nameOf(label, shortText(text["name"])),
    host,
    port,
    fingerprint,
    needs: needs === "password" || needs === "open" ? needs : undefined,
    version: shortText(text["version"]),
  };
}

/** Every server once, however often and wherever it was heard; a flood leaves room for others. */
export class Sightings {
  /** Bounded by SERVERS_FOUND_MAX. */
  readonly #found = new Map<string, Sighting>();
  /** By sender; bounded like #found. */
  readonly #counts = new Map<string, number>();
  #left = 0;

  /** @returns whether it is new */
  add(heard: Heard): boolean {
    const sighting = readSighting(heard);
    if (sighting === undefined) return false;
    // One that takes the label or address of another stands beside it: a person may compare.
    const { label, host, port, fingerprint } = sighting;
    const key = JSON.stringify([fingerprint ?? label, host, port]);
    if (this.#found.has(key)) return false;
    const sender = heard.sender ?? host;
    const count = this.#counts.get(sender) ?? 0;
    if (count >= SERVERS_FOUND_PER_SENDER_MAX || this.#found.size >= SERVERS_FOUND_MAX) {
      this.#left++;
      return false;
    }
    this.#counts.set(sender, count + 1);
    this.#found.set(key, sighting);
    return true;
  }

  /** By name. */
  get all(): Sighting[] {
    const byName = (one: Sighting, other: Sighting) =>
      one.name < other.name ? -1 : one.name > other.name ? 1 : one.port - other.port;
    return [...this.#found.values()].sort(byName);
  }

  /** Announcements beyond the bounds. */
  get left(): number {
    return this.#left;
  }
}

/** Where the datagram came from, if it is one of the addresses: that one is on this network. */
function hostOf({ addresses, sender }: Heard): string | undefined {
  const honest = addresses.filter((address) => isIpv4(address) || isIpv6(address));
  if (sender !== undefined && (isIpv4(sender) || isIpv6(sender))) {
    if (honest.length === 0 || honest.includes(sender)) return sender;
  }
  return honest.find(isIpv4) ?? honest[0];
}

/** Undefined: none is given, as other programs may do. */
function fingerprintIn(value: unknown): Fingerprint | "forged" | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") return "forged";
  try {
    return parseFingerprint(value);
  } catch (error) {
    if (error instanceof Fault) return "forged";
    throw error;
  }
}

/** Whom a label numbers, the name does not tell apart. */
function nameOf(label: string, name: string | undefined): string {
  if (name === undefined) return shortText(label) ?? "";
  const [number = ""] = / \(\d{1,3}\)$/.exec(label) ?? [];
  return name.endsWith(number) ? name : name + number;
}

function shortText(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  return cutText(value, TXT_VALUE_BYTES_MAX);
}

/** The beginning that has at most so many bytes of UTF-8. */
function cutText(text: string, bytesMax: number): string {
  let cut = "";
  let sizeBytes = 0;
  for (const point of text.slice(0, bytesMax).toWellFormed()) {
    sizeBytes += utf8Encode(point).length;
    if (sizeBytes > bytesMax) break;
    cut += point;
  }
  return cut;
}
