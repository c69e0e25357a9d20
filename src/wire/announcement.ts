/** Announcements of servers on the LAN, and the list of servers found through announcements. */

import { cutText } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { SERVERS_FOUND_MAX, SERVERS_FOUND_PER_SENDER_MAX } from "../base/limits.ts";
import { type Fingerprint, parseFingerprint } from "./fingerprint.ts";
import { isIpv4, isIpv6 } from "./host.ts";

/**
 * A server's announcement on the LAN (DNS-SD, RFC 6763, service `_chat._tcp`). Any host can forge
 * an announcement for any server, so the fingerprint is only a hint until the server proves in its
 * greeting that it owns the key.
 */
export interface Announcement {
  readonly name: string;
  readonly fingerprint: Fingerprint;
  readonly needs: "password" | "open";
  readonly version: string;
}

/** A received announcement, with the fields that the mDNS library provides. */
export interface ReceivedAnnouncement {
  /** Label of the service instance, unique on its network. */
  readonly label: string;
  readonly port: number;
  readonly addresses: readonly string[];
  /** Source address of the datagram; `undefined` if unknown. */
  readonly sender: string | undefined;
  readonly text: Readonly<Record<string, unknown>>;
}

export interface DiscoveredServer {
  readonly label: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly fingerprint: Fingerprint | undefined;
  readonly needs: "password" | "open" | undefined;
  readonly version: string | undefined;
}

export const SERVICE_TYPE = "chat";
/** Maximum size of a DNS label (RFC 1035, section 2.3.4). */
const LABEL_BYTES_MAX = 63;
/**
 * Maximum size of a TXT value. The complete TXT string, including `name=`, is limited to 255 bytes
 * (RFC 6763, section 6.1).
 */
const TXT_VALUE_BYTES_MAX = 200;

export function txtRecord(announcement: Announcement): Readonly<Record<string, string>> {
  const { name, fingerprint, needs, version } = announcement;
  return {
    txtvers: "1",
    name: cutText(name, TXT_VALUE_BYTES_MAX),
    fp: fingerprint,
    needs,
    version: cutText(version, TXT_VALUE_BYTES_MAX),
  };
}

/**
 * Returns the label of a server, numbered if several have the same name: `Room 12`, `Room 12 (2)`,
 * …
 */
export function instanceLabel(name: string, count: number): string {
  const suffix = count === 1 ? "" : ` (${count})`;
  // The library treats a full stop as the end of the label, and a backslash as an escape.
  const plain = name.replaceAll(/[.\\\p{Cc}]/gu, "-").trim();
  return cutText(plain === "" ? "chat" : plain, LABEL_BYTES_MAX - suffix.length) + suffix;
}

/**
 * Returns a host name for the announcement. It differs from the machine's own name, which the
 * operating system announces.
 */
export function hostLabel(fingerprint: Fingerprint): string {
  return `chat-${fingerprint
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "")
    .slice(0, 16)}.local`;
}

/** @returns `undefined` if the announcement is invalid */
function parseAnnouncement(received: ReceivedAnnouncement): DiscoveredServer | undefined {
  const { label, port, text } = received;
  const host = hostOf(received);
  const fingerprint = fingerprintField(text["fp"]);
  if (host === undefined || fingerprint === "forged") return undefined;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const { needs } = text;
  return {
    label: textField(label) ?? "",
    name: displayName(label, textField(text["name"])),
    host,
    port,
    fingerprint,
    needs: needs === "password" || needs === "open" ? needs : undefined,
    version: textField(text["version"]),
  };
}

/**
 * List of discovered servers without duplicates. The number of entries per sender is limited, so
 * that one sender cannot displace other servers.
 */
export class DiscoveredServers {
  /** Discovered servers by key; at most SERVERS_FOUND_MAX entries. */
  readonly #found = new Map<string, DiscoveredServer>();
  readonly #counts = new Map<string, number>();
  #droppedCount = 0;

  add(received: ReceivedAnnouncement): boolean {
    const sighting = parseAnnouncement(received);
    if (sighting === undefined) return false;
    // A server that copies another server's label or address is listed next to that server, so that
    // the user can compare them.
    const { label, host, port, fingerprint } = sighting;
    const key = JSON.stringify([fingerprint ?? label, host, port]);
    if (this.#found.has(key)) return false;
    const sender = received.sender ?? host;
    const count = this.#counts.get(sender) ?? 0;
    if (count >= SERVERS_FOUND_PER_SENDER_MAX || this.#found.size >= SERVERS_FOUND_MAX) {
      this.#droppedCount++;
      return false;
    }
    this.#counts.set(sender, count + 1);
    this.#found.set(key, sighting);
    return true;
  }

  get all(): DiscoveredServer[] {
    const byName = (a: DiscoveredServer, b: DiscoveredServer) =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : a.port - b.port;
    return [...this.#found.values()].sort(byName);
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }
}

/**
 * Returns the sender's address if the announcement lists it, because the sender is on this network;
 * otherwise the first listed address.
 */
function hostOf({ addresses, sender }: ReceivedAnnouncement): string | undefined {
  const valid = addresses.filter((address) => isIpv4(address) || isIpv6(address));
  if (sender !== undefined && (isIpv4(sender) || isIpv6(sender))) {
    if (valid.length === 0 || valid.includes(sender)) return sender;
  }
  return valid.find(isIpv4) ?? valid[0];
}

/**
 * @returns `undefined` if the field is absent, which is normal for other programs' announcements
 */
function fingerprintField(value: unknown): Fingerprint | "forged" | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") return "forged";
  try {
    return parseFingerprint(value);
  } catch (error) {
    if (error instanceof Fault) return "forged";
    throw error;
  }
}

/**
 * Returns the name, with the number of the label added if the server is one of several with the
 * same name.
 */
function displayName(label: string, name: string | undefined): string {
  if (name === undefined) return textField(label) ?? "";
  const [number = ""] = / \(\d{1,3}\)$/.exec(label) ?? [];
  return name.endsWith(number) ? name : name + number;
}

function textField(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  return cutText(value, TXT_VALUE_BYTES_MAX);
}
