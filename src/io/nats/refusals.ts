/** Errors by which NATS and JetStream refuse a server, with texts for the operator. */

import { tryBase64Url } from "../../base/bytes.ts";
import { formatUtc } from "../../base/time.ts";
import type { Refusal } from "../cluster/majority.ts";

interface Row extends Refusal {
  /** Error code of JetStream, or a pattern of the text by which a NATS server ends a connection. */
  readonly on: number | RegExp;
  /** Expired credentials are refused with the same text as unknown ones. */
  readonly isLogin?: true;
}

const RENEW = "renew the file of --nats-creds, and restart the server";
const SPACE = "free or add storage in NATS, or raise the account's limits";

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
    on: /permissions violation/i,
    message: "NATS does not permit what the server must do",
    remedy: "permit chat.>, $JS.API.> and _INBOX.> for these credentials",
  },
  {
    on: /authorization violation|authentication timeout/i,
    isLogin: true,
    message: "NATS refuses the credentials",
    remedy: "check --nats-creds, and that NATS knows their account",
  },
  {
    on: /maximum (account active )?connections exceeded/i,
    message: "NATS accepts no more connections",
    remedy: "raise the limit of connections in NATS",
  },
  { on: 10_023, message: "NATS has no storage left", remedy: SPACE },
  { on: 10_047, message: "the NATS account has reached its limit of storage", remedy: SPACE },
  {
    on: 10_077,
    message: "NATS cannot store the message",
    remedy: "check the limits of the stream and the disks of NATS",
  },
  {
    on: 10_039,
    message: "JetStream is off for the NATS account",
    remedy: "enable it for the account",
  },
  {
    on: 10_076,
    message: "JetStream is off in NATS",
    remedy: "enable it in the configuration of each server",
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
  credentials?: Uint8Array,
  unixMs = Date.now(),
): Refusal | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = "code" in error && typeof error.code === "number" ? error.code : undefined;
  const row = ROWS.find(({ on }) =>
    typeof on === "number" ? on === code : on.test(error.message),
  );
  if (row === undefined) return refusalOf(error.cause, credentials, unixMs);
  const expiry = row.isLogin === true ? expiryOf(credentials) : undefined;
  if (expiry === undefined || expiry > unixMs) return { message: row.message, remedy: row.remedy };
  return { message: `the NATS credentials expired at ${formatUtc(expiry)}`, remedy: RENEW };
}

/** Unix ms; `undefined` if the credentials do not expire, or contain no readable token. */
export function expiryOf(credentials: Uint8Array = new Uint8Array()): number | undefined {
  const text = new TextDecoder().decode(credentials);
  const payload = tryBase64Url(/^eyJ[\w-]*\.([\w-]+)\.[\w-]+\s*$/m.exec(text)?.[1] ?? "");
  try {
    const token: unknown = JSON.parse(new TextDecoder().decode(payload));
    const { exp } = Object(token) as { readonly exp?: unknown };
    return typeof exp === "number" && exp > 0 ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}
