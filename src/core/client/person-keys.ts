/**
 * Account keys of another user over time, as this device has pinned them and the server has proved
 * them. A server names the keys, so a user who wants certainty compares them with the person.
 */

import { tryBase64Url } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";
import { isCount } from "../../base/values.ts";
import { type Fingerprint, fingerprintWith } from "../../wire/fingerprint.ts";
import { hasTrait, isKnownKind } from "../../wire/kinds.ts";
import type { Answer } from "../../wire/messages.ts";
import { type AccountRecord, provedRecords } from "./account-records.ts";
import type { LogPin } from "./audit.ts";

export type PersonRecords = NonNullable<Answer<"checkpoint">["person"]>;

export interface PersonKey {
  /** Id of the account that had the name. Empty if only an encrypted room has shown the key. */
  readonly account: string;
  /** base64url; `undefined` if the server does not show it. */
  readonly key: string | undefined;
  /** Time at which the account got the name. */
  readonly sinceUnixMs?: number;
}

export interface PersonPin {
  readonly user: string;
  /** Oldest first; at most PERSON_KEYS_MAX. The last one is current. */
  readonly keys: readonly PersonKey[];
  /** Index in `keys` of the first key, or of the one that this device's user has accepted since. */
  readonly trusted: number;
  /** Number of the current account's last proved record; 0 if they must be proved again. */
  readonly n: number;
  /** Size of the accounts log in which the server proved that there is no later public record. */
  readonly size: number;
  /** Keys of the current account's devices, in base64url; at most PERSON_DEVICES_MAX. */
  readonly devices: readonly string[];
}

/**
 * More keys under one name are unusual; the oldest are forgotten.
 * @internal
 */
export const PERSON_KEYS_MAX = 8;
/** More than a server permits to one account. */
const PERSON_DEVICES_MAX = 64;

export interface KnownPerson extends Pick<PersonPin, "n" | "size"> {
  readonly account: string;
}

export interface PersonPage extends KnownPerson {
  readonly isComplete: boolean;
  readonly records: readonly AccountRecord[];
}

/**
 * Checks one answer about another user's account.
 * @param known account, number of its last record that was proved before, and the size of the log
 * in which it was the last one
 * @returns `undefined` if a record is missing at the end, repeated, out of order, foreign, or not
 * in the log, if it was withheld before, or if the account has fewer records than before
 */
export function judgePersonPage(
  known: KnownPerson,
  { account, n: claimed, records }: PersonRecords,
  log: Pick<LogPin, "size" | "root">,
  sha256: Sha256,
): PersonPage | undefined {
  const proved = provedRecords(account, { records }, log, sha256);
  if (proved === undefined) return undefined;
  let [n, seq] = account === known.account && known.n > 0 ? [known.n, known.size] : [0, 0];
  if (n === 0 && claimed > 0 && proved[0]?.head.kind !== "account") return undefined;
  for (const { head } of proved) {
    const isPublic = isKnownKind(head.kind) && hasTrait(head.kind, "public");
    if (head.n <= n || head.seq <= seq || !isPublic) return undefined;
    [n, seq] = [head.n, head.seq];
  }
  if (n > claimed || (n < claimed && proved.length === 0)) return undefined;
  return { account, n, size: log.size, isComplete: n === claimed, records: proved };
}

/** @returns `undefined` if the account has never had the user's name */
export function applyPersonRecords(
  user: string,
  pin: PersonPin | undefined,
  { account, n, size, records }: PersonPage,
): PersonPin | undefined {
  const last = pin?.keys.at(-1);
  const continues = pin !== undefined && pin.n > 0 && last?.account === account;
  let { key, sinceUnixMs } = (continues ? last : undefined) ?? NO_KEY;
  const devices = new Set(continues ? pin.devices : []);
  for (const { head, body = {} } of records) {
    const device = textOf(body["device"]);
    const isNamed = textOf(body["name"])?.toLowerCase() === user.toLowerCase();
    switch (head.kind) {
      case "account":
        key = textOf(body["accountKey"]);
        if (sinceUnixMs !== undefined || isNamed) sinceUnixMs = head.time;
        devices.clear();
        if (device !== undefined) devices.add(device);
        break;
      case "account-name":
        if (isNamed) sinceUnixMs = head.time;
        break;
      case "account-gone":
        devices.clear();
        break;
      case "device":
        if (device !== undefined) devices.add(device);
        break;
      case "device-gone":
        if (device !== undefined) devices.delete(device);
        break;
    }
  }
  if (sinceUnixMs === undefined) return undefined;
  const { keys, trusted } = withKey(pin, { account, key, sinceUnixMs });
  return { user, keys, trusted, n, size, devices: [...devices].slice(-PERSON_DEVICES_MAX) };
}

const NO_KEY: Pick<PersonKey, "key" | "sinceUnixMs"> = { key: undefined };

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function withKey(pin: PersonPin | undefined, key: PersonKey): Pick<PersonPin, "keys" | "trusted"> {
  if (pin === undefined) return { keys: [key], trusted: 0 };
  const { keys, trusted } = pin;
  const last = keys.at(-1);
  if (last !== undefined && isSameKey(last, key)) return { keys: keys.with(-1, key), trusted };
  if (keys.length < PERSON_KEYS_MAX) return { keys: [...keys, key], trusted };
  const accepted = keys[trusted];
  const others = keys.filter((one) => one !== accepted).slice(2 - PERSON_KEYS_MAX);
  return { keys: [...(accepted === undefined ? [] : [accepted]), ...others, key], trusted: 0 };
}

function isSameKey(known: PersonKey, { account, key }: PersonKey): boolean {
  return known.key === key && (known.account === account || known.account === "");
}

/** Letters of a key's fingerprint that user interfaces show. */
export const KEY_LETTERS = 8;

export interface KeyView {
  readonly fingerprint: Fingerprint | undefined;
  readonly sinceUnixMs: number | undefined;
}

export function keyViews(pin: PersonPin | undefined, sha256: Sha256): readonly KeyView[] {
  return (pin?.keys ?? []).map(({ key, sinceUnixMs }) => {
    const bytes = tryBase64Url(key);
    return { fingerprint: bytes && fingerprintWith(bytes, sha256), sinceUnixMs };
  });
}

/** Checks the type of a stored value. */
export function isPersonPin(value: unknown): value is PersonPin {
  if (typeof value !== "object" || value === null) return false;
  const { user, keys, trusted, n, size, devices } = value as Partial<
    Record<keyof PersonPin, unknown>
  >;
  return (
    typeof user === "string" &&
    Array.isArray(keys) &&
    keys.length > 0 &&
    keys.every(isPersonKey) &&
    isCount(trusted) &&
    Number(trusted) < keys.length &&
    isCount(n) &&
    isCount(size) &&
    Array.isArray(devices) &&
    devices.every((device) => typeof device === "string")
  );
}

function isPersonKey(value: unknown): value is PersonKey {
  if (typeof value !== "object" || value === null) return false;
  const { account, key, sinceUnixMs } = value as Partial<Record<keyof PersonKey, unknown>>;
  return (
    typeof account === "string" &&
    (key === undefined || typeof key === "string") &&
    (sinceUnixMs === undefined || isCount(sinceUnixMs))
  );
}

/** Reports whether the user has not accepted the person's current key. */
export function hasNewKey({ keys, trusted }: PersonPin): boolean {
  const [accepted, current] = [keys[trusted], keys.at(-1)];
  return accepted !== undefined && current !== undefined && !isSameKey(accepted, current);
}

/** Reports whether a message by the account `by` was written under a key that is not accepted. */
export function isUnderNewKey(pin: PersonPin, by: string): boolean {
  if (by === pin.keys.at(-1)?.account) return hasNewKey(pin);
  const accepted = pin.keys[pin.trusted]?.account ?? "";
  return accepted !== "" && by !== accepted;
}

/** Combines newly proved keys with what another process has stored meanwhile. */
export function mergedPin(proved: PersonPin, stored: PersonPin | undefined): PersonPin {
  if (stored === undefined) return proved;
  if (stored.n > 0 && stored.size > proved.size) return stored;
  const accepted = stored.keys[stored.trusted];
  const isAccepted = (key: PersonKey) => accepted !== undefined && isSameKey(accepted, key);
  const trusted = proved.keys.findLastIndex(isAccepted);
  return trusted === -1 ? proved : { ...proved, trusted };
}

/** @param key the compared key in base64url; `undefined` accepts the current one */
export function withAccepted(pin: PersonPin, key: string | undefined): PersonPin {
  const index = pin.keys.findLastIndex((known) => key === undefined || known.key === key);
  return index === -1 ? pin : { ...pin, trusted: index };
}
