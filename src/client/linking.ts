/** Links a new device to an account with a code entered on the old and the new device. */

import { equalBytes } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { isName } from "../base/names.ts";
import { makeDeviceCert } from "../crypto/device-cert.ts";
import { Identity } from "../crypto/identity.ts";
import { linkCodeHash, linkMac, openAccountKey, sealAccountKey } from "../crypto/link-code.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import { type Fingerprint, formatFingerprint } from "../wire/fingerprint.ts";
import type { Answer, RequestFields } from "../wire/messages.ts";
import type { AccountKeyStore } from "./ports.ts";

const SEAL_NONCE_BYTES = 12;

export interface LinkContext {
  readonly code: Uint8Array;
  readonly fingerprint: Fingerprint;
}

export interface LinkGranter extends LinkContext {
  readonly user: string;
  readonly state: AccountKeyStore;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

export interface LinkRequest {
  readonly code: Uint8Array;
  readonly deviceKey: Uint8Array;
  readonly mac: Uint8Array;
  /** True for a page. */
  readonly page?: boolean | undefined;
}

export function accountKeyOf(
  { state }: { readonly state: AccountKeyStore },
  { fingerprint, user }: { readonly fingerprint: Fingerprint; readonly user: string },
): Identity {
  const pem = state.knownAccountKey(fingerprint, user);
  if (pem !== undefined) return Identity.fromPem(pem, "the stored account key");
  throw new Fault("not-allowed", "this device signed in by password and has no account key", {
    remedy: "use the device that created the account, or one linked to it",
  });
}

/**
 * Grants the request of a device that has proved knowledge of the code.
 * @throws {Fault} not-allowed if the proof is wrong or this device has no account key
 */
export function grantLink(granter: LinkGranter, request: LinkRequest): RequestFields<"link-grant"> {
  const { code, fingerprint, user, entropy, clock } = granter;
  const { deviceKey, page } = request;
  const kind = page === true ? "web" : "cli";
  const isProved =
    equalBytes(request.code, linkCodeHash(code)) &&
    equalBytes(request.mac, linkMac(code, deviceKey, fingerprint, kind));
  if (!isProved || !isName(user)) {
    // An honest server forwards only requests with the code's hash, which no other party can know
    // without the code.
    throw new Fault("not-allowed", "rejected a link request with a wrong code", {
      remedy: "the server may be compromised; ask its owner",
    });
  }
  const account = accountKeyOf(granter, granter);
  const deviceCert = makeDeviceCert(account, {
    server: formatFingerprint(fingerprint),
    user,
    deviceKey,
    kind,
    signedAtUnixMs: clock.unixMs(),
  });
  const context = { code, deviceKey, server: fingerprint, user };
  const key = sealAccountKey(context, account.seed(), new Uint8Array(entropy(SEAL_NONCE_BYTES)));
  return { code: request.code, deviceKey, deviceCert, key };
}

export function linkRequest(
  { code, fingerprint }: LinkContext,
  deviceKey: Uint8Array,
): RequestFields<"link"> {
  return { code: linkCodeHash(code), deviceKey, mac: linkMac(code, deviceKey, fingerprint, "cli") };
}

/** @throws {Fault} checksum-wrong if the key is forged */
export function storeLinkedKey(
  { code, fingerprint }: LinkContext,
  deviceKey: Uint8Array,
  { user, key }: Answer<"link">,
  state: AccountKeyStore,
): void {
  const seed = openAccountKey({ code, deviceKey, server: fingerprint, user }, key);
  if (seed === undefined) {
    throw new Fault("checksum-wrong", "the received account key is not from the other device", {
      remedy: "the server may be compromised; ask its owner",
    });
  }
  state.setAccountKey(fingerprint, user, Identity.fromSeed(seed).toPem());
}
