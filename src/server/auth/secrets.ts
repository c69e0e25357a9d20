/** Checks of tokens, device certificates and the credentials of a session. */

import { pbkdf2Sync } from "node:crypto";
import { equalBytes, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { verifyDeviceCert } from "../../crypto/device-cert.ts";
import type { Identity } from "../../crypto/identity.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Entropy } from "../../io/entropy.ts";
import { formatFingerprint } from "../../wire/fingerprint.ts";
import type { ConnectionLogin } from "../session/connection-state.ts";

const TOKEN_BYTES = 16;

export function newToken(entropy: Entropy): string {
  return toBase64Url(entropy(TOKEN_BYTES));
}

export function hashOf(token: string): string {
  return toBase64Url(sha256(utf8Encode(token)));
}

const RESET_ROUNDS = 4_096;

/**
 * Hash of a code that people type, whose 52 random bits need a slower hash than a token. Without a
 * salt of its own, because the code alone finds its account. Takes a millisecond.
 */
export function resetHashOf(code: string): string {
  return toBase64Url(pbkdf2Sync(code, "chat/1 reset code", RESET_ROUNDS, 32, "sha256"));
}

export function sameSecret(a: string, b: string): boolean {
  return equalBytes(sha256(utf8Encode(a)), sha256(utf8Encode(b)));
}

interface SignedDevice {
  readonly user: string;
  readonly accountKey: Uint8Array;
  readonly deviceKey: Uint8Array;
}

export function isCertifiedBy(
  deviceCert: Uint8Array,
  { fingerprint }: Pick<Identity, "fingerprint">,
  { user, accountKey, deviceKey }: SignedDevice,
): boolean {
  const cert = verifyDeviceCert(deviceCert);
  return (
    cert !== undefined &&
    cert.user === user &&
    cert.server === formatFingerprint(fingerprint) &&
    cert.dev === toBase64Url(deviceKey) &&
    cert.uik === toBase64Url(accountKey)
  );
}

type Credentials = Pick<Account, "devices" | "ircPasswords">;
type Used = Pick<ConnectionLogin, "device" | "ircPassword">;

export function hasCredential(account: Credentials, { device, ircPassword }: Used): boolean {
  if (device !== undefined) return account.devices.has(device);
  return ircPassword === undefined || account.ircPasswords.has(ircPassword);
}

/** An IRC client with the account's password is signed out with the account's last device. */
export function isSignedOut(account: Credentials, login: Used | undefined): boolean {
  if (login === undefined || !hasCredential(account, login)) return true;
  const isByPassword = login.device === undefined && login.ircPassword === undefined;
  return isByPassword && account.devices.size === 0;
}
