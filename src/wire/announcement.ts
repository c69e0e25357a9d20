/** Announcements from servers on the LAN, and the list of servers found. */

import { cutText } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import {
  SERVERS_FOUND_MAX,
  SERVERS_FOUND_PER_ADDRESS_MAX,
  SERVERS_FOUND_PER_SENDER_MAX,
} from "../base/limits.ts";
import { type Fingerprint, parseFingerprint } from "./fingerprint.ts";
import { isIpv4, isIpv6 } from "./host.ts";

/**
 * Announcement on the LAN (DNS-SD, RFC 6763). Any host can forge one, so the fingerprint is only a
 * hint until the server proves in its greeting that it owns the key.
 */
export interface Announcement {
  readonly name: string;
  readonly fingerprint: Fingerprint;
  readonly needs: "password" | "open";
  readonly version: string;
}

export interface ReceivedAnnouncement {
  readonly label: string;
  readonly port: number;
  readonly addresses: readonly string[];
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

/** Servers of `chat serve`, and those of `chat share`, named by the numbers of their codes. */
export type ServiceType = "chat" | "chat-share";
export const HOST_LABEL_PREFIX = "chat-";
/** RFC 1035, section 2.3.4. */
const LABEL_BYTES_MAX = 63;
/** The complete TXT string, including `name=`, is limited to 255 bytes (RFC 6763, section 6.1). */
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

export function instanceLabel(name: string, count: number): string {
  const suffix = count === 1 ? "" : ` (${count})`;
  // The mDNS library ends the label at a full stop and treats a backslash as an escape.
  const plain = name.replaceAll(/[.\\\p{Cc}]/gu, "-").trim();
  return cutText(plain === "" ? "chat" : plain, LABEL_BYTES_MAX - suffix.length) + suffix;
}

/** Differs from the machine's own name, which the operating system announces. */
export function hostLabel(fingerprint: Fingerprint): string {
  return `${HOST_LABEL_PREFIX}${fingerprint
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "")
    .slice(0, 16)}.local`;
}

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
 * Discovered servers without duplicates. The limits per announced address and per sender stop one
 * sender from displacing other servers.
 */
export class DiscoveredServers {
  readonly #found = new Map<string, DiscoveredServer>();
  readonly #ofAddress = new Map<string, number>();
  readonly #ofSender = new Map<string, number>();
  #droppedCount = 0;

  /** @param isWanted Servers for which it returns false are neither listed nor counted. */
  constructor(private readonly isWanted: (server: DiscoveredServer) => boolean = () => true) {}

  add(received: ReceivedAnnouncement): boolean {
    const sighting = parseAnnouncement(received);
    if (sighting === undefined || !this.isWanted(sighting)) return false;
    // A server that copies another server's label or address is listed next to that server, so that
    // the user can compare them.
    const { label, host, port, fingerprint } = sighting;
    const key = JSON.stringify([fingerprint ?? label, host, port]);
    if (this.#found.has(key)) return false;
    const sender = received.sender ?? host;
    const ofAddress = this.#ofAddress.get(host) ?? 0;
    const ofSender = this.#ofSender.get(sender) ?? 0;
    if (
      ofAddress >= SERVERS_FOUND_PER_ADDRESS_MAX ||
      ofSender >= SERVERS_FOUND_PER_SENDER_MAX ||
      this.#found.size >= SERVERS_FOUND_MAX
    ) {
      this.#droppedCount++;
      return false;
    }
    this.#ofAddress.set(host, ofAddress + 1);
    this.#ofSender.set(sender, ofSender + 1);
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

/** Prefers the sender's address, because the sender is on this network. */
function hostOf({ addresses, sender }: ReceivedAnnouncement): string | undefined {
  const valid = addresses.filter((address) => isIpv4(address) || isIpv6(address));
  if (sender !== undefined && (isIpv4(sender) || isIpv6(sender))) {
    if (valid.length === 0 || valid.includes(sender)) return sender;
  }
  return valid.find(isIpv4) ?? valid[0];
}

/** @returns `undefined` if the field is absent, as in other programs' announcements */
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

function displayName(label: string, name: string | undefined): string {
  if (name === undefined) return textField(label) ?? "";
  const [number = ""] = / \(\d{1,3}\)$/.exec(label) ?? [];
  return name.endsWith(number) ? name : name + number;
}

function textField(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  return cutText(value, TXT_VALUE_BYTES_MAX);
}
