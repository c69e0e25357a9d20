/** Errors by which NATS and JetStream refuse a server, with texts for the operator. */

import { tryBase64Url } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import { cleanText } from "../../base/text.ts";
import { formatUtc } from "../../base/time.ts";
import type { Refusal } from "../cluster/majority.ts";

/** Names for the texts of a refusal. */
export interface RefusedRequest {
  readonly credentials?: Uint8Array | undefined;
  /** Stream that the request concerned. */
  readonly stream?: string | undefined;
}

interface Row {
  /**
   * Error code of JetStream, or a pattern of the code and text by which a NATS server or TLS ends a
   * connection.
   */
  readonly on: number | RegExp;
  /** Distinguishes errors of one code. */
  readonly text?: RegExp;
  /** Expired and missing credentials are refused with the same text as unknown ones. */
  readonly isLogin?: true;
  /** NATS lacks storage for what it should store. */
  readonly isFull?: true;
  /** `$1` is the group of the pattern, `$S` the stream. */
  readonly message: string;
  readonly remedy: string;
}

const RENEW = "renew the file of --nats-creds, and restart the server";
const SPACE = "free or add storage in NATS, or raise the account's limits";
const TRUST = "check its tls block, and set --nats-ca to the certificate of its authority";

const CLIENT_PORT = "set --nats to the address and port of its client connections, mostly 4222";

const OFFLINE: Refusal = {
  message: "NATS has taken the stream $S offline",
  remedy: "read the log of NATS; an older NATS may not know the stream's settings",
};

export const JETSTREAM_OFF: Refusal = {
  message: "JetStream is off in NATS",
  remedy: "enable it in the configuration of each server",
};

const STORE_FAILED = 10_077;

/** The first matching row counts. */
const ROWS: readonly Row[] = [
  {
    on: /(user|account) authentication expired/i,
    isLogin: true,
    message: "the NATS credentials have expired",
    remedy: RENEW,
  },
  {
    on: /authentication revoked/i,
    message: "the NATS credentials were revoked",
    remedy: "ask the operator of NATS for others, and set --nats-creds",
  },
  {
    on: /permissions violation for publish (?:to|with reply of) "(\S+)"/i,
    message: "NATS does not permit publications to $1",
    remedy: "add it to the permissions of this login: see docs/cluster.md",
  },
  {
    on: /permissions violation for subscription to "(\S+)"/i,
    message: "NATS does not permit subscriptions to $1",
    remedy: "add it to the permissions of this login: see docs/cluster.md",
  },
  {
    on: /authorization violation|authentication timeout|account missing/i,
    isLogin: true,
    message: "NATS refuses the credentials",
    remedy: "check --nats-creds, and that NATS knows their account",
  },
  {
    on: /CERT_HAS_EXPIRED|certificate has expired/i,
    message: "the TLS certificate of NATS has expired",
    remedy: "renew it, and reload NATS",
  },
  {
    on: /CERT_NOT_YET_VALID|certificate is not yet valid/i,
    message: "the TLS certificate of NATS is not valid yet",
    remedy: "check the clocks of both machines",
  },
  {
    on: /ALTNAME_INVALID|does not match certificate|hostname mismatch|ip address mismatch/i,
    message: "the TLS certificate of NATS has a different name",
    remedy: "use a name or address of the certificate in --nats",
  },
  {
    on: /SELF_SIGNED|self.signed certificate|UNABLE_TO_(VERIFY|GET_ISSUER)|unable to (verify|get)/i,
    message: "the TLS certificate of NATS is from an unknown authority",
    remedy: TRUST,
  },
  {
    on: /certificate required|bad certificate|handshake failure/i,
    message: "NATS requires a TLS certificate that it accepts from chat",
    remedy: "set --nats-cert and --nats-key to a valid one from the authority that NATS verifies",
  },
  {
    on: /does not support 'tls'|not available on this server/i,
    message: "NATS does not offer TLS",
    remedy: "add a tls block to the configuration of NATS, or write nats:// without --nats-ca",
  },
  {
    on: /attempted to connect to (route|leaf node|gateway) port/i,
    message: "this is the $1 port of NATS, not the port for clients",
    remedy: CLIENT_PORT,
  },
  {
    on: /^HTTP\//,
    message: "an HTTP server answers there, not the port of NATS for clients",
    remedy: CLIENT_PORT,
  },
  {
    on: /maximum (account active )?connections exceeded/i,
    message: "NATS accepts no more connections",
    remedy: "raise the limit of connections in NATS",
  },
  {
    on: /maximum subscriptions exceeded/i,
    message: "NATS permits too few subscriptions for each connection",
    remedy: "raise max_subscriptions in the configuration of NATS or of its account",
  },
  {
    on: /max(imum)?[_ ]payload/i,
    message: "NATS refuses a message because of its size",
    remedy: "set max_payload: 1MB in the configuration of NATS",
  },
  {
    on: 10_002,
    isFull: true,
    message: "the NATS account has reached a limit of its resources",
    remedy: "raise the account's limits",
  },
  { on: 10_023, isFull: true, message: "NATS has no storage left", remedy: SPACE },
  {
    on: 10_047,
    isFull: true,
    message: "the NATS account has reached its limit of storage",
    remedy: SPACE,
  },
  {
    on: STORE_FAILED,
    text: /maximum (bytes|messages)/i,
    isFull: true,
    message: "the stream $S has reached its limit of $1",
    remedy: "run nats stream edit $S --max-bytes=-1 --max-msgs=-1",
  },
  {
    on: STORE_FAILED,
    isFull: true,
    message: "NATS cannot store messages in the stream $S",
    remedy: "check the disks of NATS",
  },
  {
    on: 10_054,
    message: "the stream $S refuses a message because of its size",
    remedy: "run nats stream edit $S --max-msg-size=-1",
  },
  {
    on: 10_109,
    message: "the stream $S is sealed",
    remedy: "stop all servers, and recreate the cluster as in docs/cluster.md",
  },
  {
    on: 10_027,
    message: "the NATS account has reached its limit of streams",
    remedy: "raise the account's limit of streams",
  },
  {
    on: 10_120,
    message: "the NATS account has no JetStream limits for this number of replicas",
    remedy: "give the account limits for 3 replicas",
  },
  {
    on: 10_113,
    message: "the NATS account requires a maximum size of each stream",
    remedy: "remove max_bytes_required from the account",
  },
  {
    on: 10_122,
    message: "the maximum size of the stream $S exceeds the limit of the NATS account",
    remedy: "raise that limit of the account, or reduce --files-total",
  },
  { on: 10_118, ...OFFLINE },
  { on: 10_194, ...OFFLINE },
  {
    on: 10_035,
    message: "NATS does not know the account of the credentials",
    remedy: "check --nats-creds, and that NATS knows their account",
  },
  {
    on: 10_039,
    message: "JetStream is off for the NATS account",
    remedy: "enable it for the account",
  },
  { on: 10_076, ...JETSTREAM_OFF },
  {
    on: 10_059,
    message: "the stream $S no longer exists",
    remedy: "start the servers of the cluster, which recreate it",
  },
  {
    on: 10_052,
    text: /^(.*)/,
    message: "NATS refuses the settings of the stream $S: $1",
    remedy: "raise the limits of JetStream in the configuration of NATS",
  },
  {
    on: 10_065,
    message: "another stream in NATS has the subjects of this cluster",
    remedy: "remove that stream, or set a different --cluster",
  },
];

/** @returns `undefined` if the error is unknown, for example because nobody answered */
export function refusalOf(
  error: unknown,
  request: RefusedRequest = {},
  unixMs = Date.now(),
): Refusal | undefined {
  const found = rowOf(error);
  return found === undefined ? undefined : explain(found, request, unixMs);
}

export function unacknowledgedRefusal(stream: string): Refusal {
  return {
    message: `NATS does not confirm messages for the stream ${stream}`,
    remedy: "read its log and check its disks; after a full disk, restart it",
  };
}

export function serverFull(server: string, limit: string): Refusal {
  const message = `the NATS server ${server} has reached its limit of storage, ${limit}`;
  return { message, remedy: "raise max_file_store in its configuration, and restart it" };
}

export function jetStreamOff(server: string): Refusal {
  return {
    message: `JetStream is off on the NATS server ${server}`,
    remedy: "read its log; after a full disk, free space and restart it",
  };
}

export function deniedPublication(subject: string): Refusal | undefined {
  return refusalOf(new Error(`permissions violation for publish to "${subject}"`));
}

/** NATS ends the connection of a client without an accepted certificate silently. */
export function certificateRefusal(): Refusal | undefined {
  return refusalOf(new Error("certificate required"));
}

/** Refusal of all messages by a stream that has reached one of its limits. */
export function limitRefusal(limit: "bytes" | "messages", stream: string): Refusal | undefined {
  const found = rowFor(STORE_FAILED, `maximum ${limit} exceeded`);
  return found === undefined ? undefined : explain(found, { stream }, 0);
}

interface Found {
  readonly row: Row;
  readonly groups: readonly string[];
}

function explain({ row, groups }: Found, request: RefusedRequest, unixMs: number): Refusal {
  const { credentials, stream = "of the cluster" } = request;
  const expiry = row.isLogin === true ? credentialsExpiry(credentials) : undefined;
  if (expiry !== undefined && expiry <= unixMs)
    return { message: `the NATS credentials expired at ${formatUtc(expiry)}`, remedy: RENEW };
  if (row.isLogin === true && credentials === undefined) return LOGIN_REQUIRED;
  const fill = (text: string) =>
    text.replace(/\$[1S]/g, (name) => (name === "$S" ? stream : (groups[1] ?? "")));
  return { message: fill(row.message), remedy: fill(row.remedy) };
}

const LOGIN_REQUIRED: Refusal = {
  message: "NATS requires a login",
  remedy: "set --nats-creds to a credentials file of NATS",
};

/** Reports whether NATS lacks the storage for what it should store. */
export function isFullError(error: unknown): boolean {
  return rowOf(error)?.row.isFull === true;
}

function rowOf(error: unknown): Found | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = "code" in error ? error.code : undefined;
  return rowFor(code, error.message) ?? unknownRefusal(error) ?? rowOf(error.cause);
}

/** Codes by which JetStream refuses requests in the normal course. */
const EXPECTED = new Set<unknown>([10_005, 10_037, 10_058, 10_071, 10_164]);

/** Refusal with a code that the table lacks, unlike a failure of NATS itself, which may pass. */
function unknownRefusal(error: Error): Found | undefined {
  if (error.name !== "JetStreamApiError") return undefined;
  const { code, status } = error as { readonly code?: unknown; readonly status?: unknown };
  const isRequestInvalid = typeof status === "number" && status >= 400 && status < 500;
  if (!isRequestInvalid || EXPECTED.has(code)) return undefined;
  return { row: UNKNOWN_ROW, groups: ["", cleanText(error.message)] };
}

const UNKNOWN_ROW: Row = {
  on: 0,
  message: "NATS refuses a request: $1",
  remedy: "check the configuration of NATS and of its account",
};

function rowFor(code: unknown, message: string): Found | undefined {
  const description = typeof code === "string" ? `${code} ${message}` : message;
  for (const row of ROWS) {
    const { on, text = /^/ } = row;
    if (typeof on === "number" && on !== code) continue;
    const match = (typeof on === "number" ? text : on).exec(description);
    if (match !== null) return { row, groups: match.map(groupText) };
  }
  return undefined;
}

/** Many subjects that differ only in a file or an inbox need the same permission. */
function groupText(group: string | undefined): string {
  return cleanText(group ?? "").replace(/^(_INBOX|chat\.[\w-]+\.(?:files|kept))\..*$/, "$1.>");
}

/** Unix ms; `undefined` if the credentials do not expire, or contain no readable token. */
export function credentialsExpiry(credentials: Uint8Array = new Uint8Array()): number | undefined {
  const text = new TextDecoder().decode(credentials);
  const payload = tryBase64Url(/^eyJ[\w-]*\.([\w-]+)\.[\w-]+\s*$/m.exec(text)?.[1] ?? "");
  try {
    const token: unknown = decodeJson(new TextDecoder().decode(payload));
    const { exp } = Object(token) as { readonly exp?: unknown };
    return typeof exp === "number" && exp > 0 ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}
