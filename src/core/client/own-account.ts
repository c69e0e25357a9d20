/**
 * Client-side verification that the server has shown this device every record of its own account.
 * The records of an account are numbered without gaps (`n` in their heads), so the proofs of two
 * records show that no other lies between them.
 */

import { toBase64Url } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";
import { cleanText } from "../../base/text.ts";
import { type AccountRecords, provedRecords } from "./account-records.ts";
import type { LogPin } from "./audit.ts";

export interface AccountChange {
  readonly what:
    | "password-reset"
    | "password-changed"
    | "device-added"
    | "irc-password-added"
    | "renamed"
    /** Another account key or another account has taken the user's name. */
    | "key-replaced";
  readonly atUnixMs: number;
  /** `undefined` if the account itself, or somebody in its name, made the change. */
  readonly by: string | undefined;
}

export interface OwnAccount {
  readonly account: string;
  readonly deviceKey: Uint8Array;
}

export interface KnownOwnRecords {
  /** Number of the last record that was proved; 0 if there is none. */
  readonly n: number;
  /** Size of the accounts log in which the server proved that there is no later record. */
  readonly size: number;
}

export interface OwnVerdict {
  /** Number of the last record that is proved. */
  readonly n: number;
  readonly isComplete: boolean;
  readonly changes: readonly AccountChange[];
}

/**
 * Without a known record, only the newest record is proved, and nothing is reported.
 * @returns `undefined` if a record is missing, foreign, repeated or not in the log, or was withheld
 */
export function judgeOwnRecords(
  { account, deviceKey }: OwnAccount,
  { n: known, size: provedSize }: KnownOwnRecords,
  { n: claimed, records }: AccountRecords,
  log: Pick<LogPin, "size" | "root">,
  sha256: Sha256,
): OwnVerdict | undefined {
  const proved = provedRecords(account, { records }, log, sha256);
  if (proved === undefined) return undefined;
  const changes: AccountChange[] = [];
  let n = known === 0 ? claimed - records.length : known;
  for (const { head, body = {}, from } of proved) {
    n += 1;
    const wasWithheld = known > 0 && head.seq <= provedSize;
    if (head.n !== n || wasWithheld) return undefined;
    const what = changeOf(head.kind, body, toBase64Url(deviceKey));
    const by = head.by === account ? undefined : from && cleanText(from);
    if (known > 0 && what !== undefined) changes.push({ what, atUnixMs: head.time, by });
  }
  const isBaseline = known === 0 && records.length === Math.min(claimed, 1);
  const isProgress = known > 0 && (records.length > 0 || n === claimed);
  if ((!isBaseline && !isProgress) || n > claimed) return undefined;
  return { n, isComplete: n === claimed, changes: withoutRecoveries(changes) };
}

/** The name that this device's user had now belongs to another account. */
export function replacedAccount(atUnixMs: number): AccountChange {
  return { what: "key-replaced", atUnixMs, by: undefined };
}

/** Reports whether users are notified of records of this kind about their account. */
export function isAccountChange(kind: string): boolean {
  return changeOf(kind, {}, "") !== undefined;
}

function changeOf(
  kind: string,
  body: Readonly<Record<string, unknown>>,
  deviceKey: string,
): AccountChange["what"] | undefined {
  switch (kind) {
    case "reset":
      return "password-reset";
    case "password":
      return "password-changed";
    case "device":
      return body["device"] === deviceKey ? undefined : "device-added";
    case "irc-password":
      return "irc-password-added";
    case "account-name":
      return "renamed";
    case "account":
      return "key-replaced";
    default:
      return undefined;
  }
}

/** The password that a user sets with a reset code is no change of its own. */
function withoutRecoveries(changes: readonly AccountChange[]): AccountChange[] {
  return changes.filter(
    ({ what }, i) => what !== "password-changed" || changes[i - 1]?.what !== "password-reset",
  );
}
