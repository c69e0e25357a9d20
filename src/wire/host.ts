/** Validation of host names and IP addresses. */

import { Fault, msg } from "../base/fault.ts";
import { quoteText } from "../base/text.ts";

const LABEL = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;
const OCTET = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9A-Fa-f]{1,4}$/;
const ZONE = /^[A-Za-z0-9_.-]{1,32}$/;

/** Rejects leading zeros, because some systems read such numbers as octal. */
export function isIpv4(text: string): boolean {
  const octets = text.split(".");
  return octets.length === 4 && octets.every((octet) => OCTET.test(octet) && Number(octet) <= 255);
}

/** RFC 4291, section 2.2, optionally with `%zone` (RFC 4007). */
export function isIpv6(text: string): boolean {
  const [address = "", zone, ...more] = text.split("%");
  if (more.length > 0 || (zone !== undefined && !ZONE.test(zone))) return false;
  const halves = address.split("::");
  if (halves.length > 2) return false;
  const counts = halves.map((half, i) => groupCount(half, i === halves.length - 1));
  if (counts.includes(undefined)) return false;
  const groups = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

/** Rejects a name whose last label is a number, which is probably a misspelt IPv4 address. */
export function isHostName(text: string): boolean {
  const labels = (text.endsWith(".") ? text.slice(0, -1) : text).split(".");
  const last = labels.at(-1) ?? "";
  return text.length <= 253 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(last);
}

type HostReach = "machine" | "site" | "world";

/** Loopback: RFC 1122, 3.2.1.3; RFC 4291, 2.5.3; RFC 6761, 6.3. */
const MACHINE = /^(?:127|0)\.[\d.]+$|(?:^|\.)localhost\.?$/;
const MACHINE_6 = /^[0:]*:0*1?$/;
/** Private and link-local: RFC 1918, RFC 3927, RFC 6598, RFC 4193, RFC 4291, RFC 6762. */
const SITE = /^(?:10|172\.(?:1[6-9]|2\d|3[01])|192\.168|169\.254)\.[\d.]+$|\.local\.?$/;
const SITE_SHARED = /^100\.(?:6[4-9]|[789]\d|1[01]\d|12[0-7])\./;
const SITE_6 = /^f[cd][\da-f]{2}:|^fe[89ab][\da-f]:/;
const MAPPED_4 = /^[0:]*:(?:ffff:)?(\d[\d.]+)$/;
const MAPPED_6 = /^[0:]*:ffff:([\da-f]{1,4}):([\da-f]{1,4})$/;

const RANKS: Readonly<Record<HostReach, number>> = { machine: 0, site: 1, world: 2 };

/**
 * Reports whether a host may identify the same machine at both ends of a link. `127.0.0.1` is a
 * different machine on each host, and `192.168.1.20` is a different machine on each network.
 * @param remote address of the peer
 */
export function mayNameSameMachine(remote: string, host: string): boolean {
  return RANKS[hostReach(host)] >= RANKS[hostReach(remote)];
}

/** Names that only routers of private networks resolve: single labels, RFC 8375, common domains. */
const SITE_NAME = /^[a-z][^.:]*\.?$|\.(?:lan|home|internal|box|home\.arpa)\.?$/i;

/** Whether a host is an address of a private network, or a name that is usual in one. */
export function isOnSite(host: string): boolean {
  return SITE_NAME.test(host) ? hostReach(host) !== "machine" : hostReach(host) === "site";
}

function hostReach(host: string): HostReach {
  const [plain = ""] = host.toLowerCase().split("%");
  if (!plain.includes(":")) {
    if (MACHINE.test(plain)) return "machine";
    return SITE.test(plain) || SITE_SHARED.test(plain) ? "site" : "world";
  }
  const [, dotted] = MAPPED_4.exec(plain) ?? [];
  if (dotted?.includes(".") === true) return hostReach(dotted);
  const [, high, low] = MAPPED_6.exec(plain) ?? [];
  if (high !== undefined && low !== undefined) return hostReach(dottedOf(high, low));
  if (MACHINE_6.test(plain)) return "machine";
  return SITE_6.test(plain) ? "site" : "world";
}

function dottedOf(...groups: readonly string[]): string {
  return groups
    .map((group) => Number.parseInt(group, 16))
    .flatMap((value) => [value >> 8, value & 255])
    .join(".");
}

const HOST_HEADER = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::\d{0,5})?$/;

/**
 * Reports whether a `Host` header names this server. Another site can point its own name at this
 * machine (DNS rebinding). Only known names, IP addresses, and names below `localhost` and `local`,
 * which cannot be registered (RFC 6761, RFC 6762), are accepted.
 * @param header null or empty for HTTP/1.0 without a header, which browsers never send
 * @param names names in lower case; `*.NAME` matches each name with one more label
 */
export function isHostOf(names: ReadonlySet<string>, header: string | null): boolean {
  if (header === null || header === "") return true;
  const [, v6, other] = HOST_HEADER.exec(header) ?? [];
  if (v6 !== undefined) return isIpv6(v6);
  const host = (other ?? "").toLowerCase().replace(/\.$/, "");
  if (isIpv4(host)) return true;
  if (!isHostName(host)) return false;
  if (/(?:^|\.)localhost$/.test(host) || /.\.local$/.test(host)) return true;
  return names.has(host) || names.has(host.replace(/^[^.]+/, "*"));
}

/** @throws {Fault} usage with a message that suggests the host that the user probably meant */
export function checkHost(text: string, form: "v6" | "v4-or-name"): string {
  if (form === "v6") {
    if (isIpv6(text)) return text.toLowerCase();
    throw invalidHost(text, "an IPv6 address", "write it as [::1] or [fe80::1%eth0]");
  }
  if (isIpv4(text)) return text;
  if (isHostName(text)) return text.toLowerCase();
  if (/^[\d.]+$/.test(text)) {
    throw invalidHost(
      text,
      "an IP address",
      "write four numbers from 0 to 255, as in 192.168.1.20",
    );
  }
  throw invalidHost(text, "a host name", "use letters, digits, - and ., or an IP address");
}

/**
 * Accepts an IPv6 address with or without brackets.
 * @throws {Fault} usage
 */
export function parseHost(text: string): string {
  const [, bracketed] = /^\[(.*)\]$/.exec(text) ?? [];
  if (bracketed !== undefined) return checkHost(bracketed, "v6");
  return checkHost(text, text.includes(":") ? "v6" : "v4-or-name");
}

function groupCount(half: string, isLast: boolean): number | undefined {
  if (half === "") return 0;
  const groups = half.split(":");
  const tail = groups.at(-1) ?? "";
  const v4 = isLast && isIpv4(tail);
  const plain = v4 ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => GROUP.test(group))) return undefined;
  return plain.length + (v4 ? 2 : 0);
}

function invalidHost(text: string, message: string, remedy: string): Fault {
  return new Fault("usage", msg`${quoteText(text)} is not ${message}`, { remedy });
}
