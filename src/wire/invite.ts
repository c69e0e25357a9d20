/** Parsing and formatting of invites and server addresses. */

import { utf8Encode } from "../base/bytes.ts";
import { tryDecodeUri } from "../base/decode.ts";
import { Fault, msg } from "../base/fault.ts";
import { PASSWORD_BYTES_MAX } from "../base/limits.ts";
import { CLUSTER_ADDRESSES_MAX } from "../base/limits-cluster.ts";
import { checkName, type Name } from "../base/names.ts";
import { pastedText, quoteText } from "../base/text.ts";
import { defined } from "../base/values.ts";
import { type Fingerprint, parseFingerprint } from "./fingerprint.ts";
import { checkHost } from "./host.ts";

/** Spells C-H-A-T on a telephone keypad. */
export const PORT_DEFAULT = 2428;
export const HTTPS_PORT = 443;

export interface ServerAddress {
  /** IPv6 addresses have no brackets and optionally a `%zone`. */
  readonly host: string;
  readonly port: number;
}

export interface ServerSpec extends ServerAddress {
  readonly portGiven: boolean;
  readonly also?: readonly ServerAddress[];
  readonly transport?: "tcp" | "udp";
  /** Set by `udp://` and `tcp://`, which exclude other transports. */
  readonly isTransportFixed?: true;
  readonly room?: Name;
  readonly fingerprint?: Fingerprint;
  readonly secret?: string;
}

const TRIMMED =
  "\\s\\u200b-\\u200f\\u2060\\ufeff'\"`\\u00b4\\u2018-\\u201f\\u2039\\u203a\\u00ab\\u00bb<>()";
const LEADING = new RegExp(`^[${TRIMMED}]+`);
const TRAILING = new RegExp(`(?<![${TRIMMED}.,;!])[${TRIMMED}.,;!]+$`);
/** `encodeURIComponent` leaves these characters unencoded, but `trimCopied` would remove them. */
const TRIMMABLE = /['().!]/g;

type Transport = "tcp" | "udp";
type HostPort = Pick<ServerSpec, "host" | "port" | "portGiven">;

/**
 * Parses `HOST`, `HOST:PORT`, `[v6]:PORT`, `udp://HOST:PORT` or an invite
 * `chat://HOST:PORT/ROOM?fp=FINGERPRINT&via=udp&also=HOST:PORT,…#SECRET`, or the address of the
 * page, `https://HOST:PORT/#invite=SECRET`. Faults never contain the secret. Apps that shorten
 * links drop `chat://`, so an invite is also read without it.
 * @throws {Fault} usage or name-invalid if the text is not a server or an invite
 */
export function parseServerSpec(copied: string): ServerSpec {
  const text = trimCopied(copied);
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(text);
  if (scheme === null) return parseWithoutScheme(text);
  const body = scheme[2] ?? "";
  switch ((scheme[1] ?? "").toLowerCase()) {
    case "chat":
      return parseInvite(body);
    case "https":
      return parsePageAddress(body);
    case "udp":
      return { ...parseHostPort(body), transport: "udp", isTransportFixed: true };
    case "tcp":
      return { ...parseHostPort(body), transport: "tcp", isTransportFixed: true };
    default:
      throw invalidAddress(text, "write HOST, HOST:PORT or chat://HOST:PORT");
  }
}

function parseWithoutScheme(text: string): ServerSpec {
  if (!/[/?#]/.test(text)) return parseHostPort(text);
  // The secret of an invite encodes these characters.
  return /^[^#]*#.*[/=]/s.test(text) ? parsePageAddress(text) : parseInvite(text);
}

export function formatInvite(address: ServerSpec): string {
  const { also = [] } = address;
  const query = [
    ...(address.fingerprint === undefined ? [] : [`fp=${address.fingerprint}`]),
    ...(address.transport === undefined ? [] : [`via=${address.transport}`]),
    ...(also.length === 0 ? [] : [`also=${also.map(formatAddress).join(",")}`]),
  ];
  return [
    `chat://${formatAddress(address)}`,
    address.room === undefined ? "" : `/${address.room}`,
    query.length === 0 ? "" : `?${query.join("&")}`,
    address.secret === undefined ? "" : `#${encodeSecret(address.secret)}`,
  ].join("");
}

export function quoteInvite(address: ServerSpec): string {
  return `'${formatInvite(address)}'`;
}

export function formatAddress(address: ServerAddress): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port > 0 && port <= 65_535) return port;
  throw new Fault("usage", msg`${quoteText(text)} is not a port`, {
    remedy: msg`use a number from 1 to 65535`,
  });
}

function parseHostPort(text: string): HostPort {
  if (text === "") throw invalidAddress(text, "write HOST or HOST:PORT");
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (bracketed !== null) return hostPort(checkHost(bracketed[1] ?? "", "v6"), bracketed[2]);
  const [host = "", port, ...more] = text.split(":");
  if (more.length > 0) throw invalidAddress(text, "write an IPv6 address as [::1] or [::1]:2428");
  return hostPort(checkHost(host, "v4-or-name"), port);
}

function hostPort(host: string, port: string | undefined): HostPort {
  if (port === undefined) return { host, port: PORT_DEFAULT, portGiven: false };
  return { host, port: parsePort(port), portGiven: true };
}

function parseInvite(body: string): ServerSpec {
  const [, address = "", room = "", query = "", fragment = ""] =
    /^([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?(?:#(.*))?$/s.exec(body) ?? [];
  const fields = new Map(query.split("&").map(splitField));
  const fp = fields.get("fp");
  const via = parseVia(fields.get("via"));
  const also = parseAlso(fields.get("also"));
  const secret = decodeSecret(fragment);
  // The known address of a server may replace single fields.
  return defined({
    ...parseHostPort(address.replace("%25", "%")),
    also: also.length === 0 ? undefined : also,
    transport: via,
    room: room === "" ? undefined : checkName(room, "room's name"),
    fingerprint: fp === undefined ? undefined : parseFingerprint(fp),
    secret: secret || undefined,
  });
}

function parsePageAddress(body: string): ServerSpec {
  const [, address = "", fragment = ""] = /^([^/?#]*)[^#]*(?:#(.*))?$/s.exec(body) ?? [];
  const { host, port, portGiven } = parseHostPort(address);
  const [, invite = ""] = /(?:^|&)invite=([^&]*)/.exec(fragment) ?? [];
  const secret = decodeSecret(invite);
  const server = { host, port: portGiven ? port : HTTPS_PORT, portGiven: true };
  return secret === "" ? server : { ...server, secret };
}

function splitField(field: string): [string, string] {
  const at = field.indexOf("=");
  return at < 0 ? [field, ""] : [field.slice(0, at), field.slice(at + 1)];
}

function parseVia(via: string | undefined): Transport | undefined {
  if (via === undefined || via === "tcp" || via === "udp") return via;
  throw new Fault("usage", msg`${quoteText(via)} is not a transport`, {
    remedy: msg`use via=tcp or via=udp`,
  });
}

function parseAlso(also = ""): ServerAddress[] {
  const addresses = also.split(",").filter((address) => address !== "");
  if (addresses.length >= CLUSTER_ADDRESSES_MAX) {
    throw new Fault("usage", msg`an invite can have at most ${CLUSTER_ADDRESSES_MAX} addresses`, {
      remedy: msg`remove some addresses from also=`,
    });
  }
  return addresses.map((address) => {
    const { host, port } = parseHostPort(address.replace("%25", "%"));
    return { host, port };
  });
}

function decodeSecret(fragment: string): string {
  const secret = tryDecodeUri(fragment);
  if (secret !== undefined && utf8Encode(secret).length <= PASSWORD_BYTES_MAX) return secret;
  throw new Fault("usage", msg`the part of the invite after # is damaged`, {
    remedy: msg`copy it again, between single quotes`,
  });
}

function invalidAddress(text: string, remedy: string): Fault {
  const excerpt = quoteText(text.replace(/#.*$/s, ""));
  return new Fault("usage", msg`${excerpt} is not a server address`, { remedy });
}

/** Here, so that the sign-in page needs no words of codes. */
export function isShortCode(typed: string): boolean {
  return /^\d{1,5}(?:[\s-]|$)/.test(trimCopied(typed));
}

export function trimCopied(text: string): string {
  return pastedText(text).replace(LEADING, "").replace(TRAILING, "");
}

export function encodeSecret(secret: string): string {
  return encodeURIComponent(secret).replaceAll(
    TRIMMABLE,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Returns any input that is not an invite unchanged, as a room password. */
export function secretFromInput(typed: string): string {
  const line = /^(?:chat|https?):\/\/[^#]*#(?:.*&)?(?:invite=)?(.+)$/is.exec(trimCopied(typed));
  return (line === null ? undefined : tryDecodeUri(line[1] ?? "")) ?? typed;
}
