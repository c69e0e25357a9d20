/** Links another device: offers a code and transfers the account key. */

import { concatBytes, equalBytes, utf8Encode } from "../../base/bytes.ts";
import { checkName, type Name } from "../../base/names.ts";
import type { SendRequest } from "../../client/link/queries.ts";
import { type DeviceKind, deviceCertPayload } from "../../crypto/cert-payload.ts";
import {
  LINK_CODE_BYTES,
  LINK_KEY,
  LINK_MAC,
  LINK_NONCE_BYTES,
  type LinkContext,
  linkAssociatedData,
  linkIdBytes,
  linkMacBytes,
} from "../../crypto/link-form.ts";
import { toUnshared } from "../../crypto/seal/unshared.ts";
import { deviceCertBytes } from "../../crypto/signed-bytes.ts";
import { PageFault } from "../../ui/text/fault-text.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import type { NoticeOf } from "../../wire/messages.ts";
import type { Device } from "../browser/device-key.ts";

/**
 * Receives the account key of the device that shows the code.
 * @returns the account's user
 * @throws {Fault} login-refused, or checksum-wrong if the key is forged
 */
export async function joinAccount(
  device: Device,
  code: Uint8Array,
  fingerprint: Fingerprint,
  sendRequest: SendRequest,
): Promise<Name> {
  const { publicKey: deviceKey } = device.device;
  const mac = await linkMac(code, deviceKey, fingerprint, "web");
  const fields = { code: await hashLinkCode(code), deviceKey, mac, page: true } as const;
  const { user, key } = await sendRequest("link", fields);
  const seed = await openAccountSeed({ code, deviceKey, server: fingerprint, user }, key);
  if (seed === undefined) throw new PageFault("checksum-wrong", "linkKeyForged");
  const name = checkName(user);
  await device.setAccountSeed(fingerprint, name, seed);
  seed.fill(0);
  return name;
}

export interface Linking {
  readonly device: Device;
  readonly user: Name;
  readonly fingerprint: Fingerprint;
  readonly sendRequest: SendRequest;
}

/**
 * @returns the link code
 * @throws {Fault} not-allowed, …
 */
export async function offerLink({
  device,
  user,
  fingerprint,
  sendRequest,
}: Linking): Promise<Uint8Array> {
  // Checks first that the account key can be exported.
  (await device.accountSeed(fingerprint, user)).fill(0);
  const code = crypto.getRandomValues(new Uint8Array(LINK_CODE_BYTES));
  await sendRequest("link-offer", { code: await hashLinkCode(code) });
  return code;
}

/**
 * @throws {Fault} not-allowed if the device does not know the code, or the key is not the account's
 */
export async function grantLink(
  { device, user, fingerprint, sendRequest }: Linking,
  code: Uint8Array,
  linkRequest: NoticeOf<"link-asked">,
): Promise<void> {
  const { deviceKey, mac, page } = linkRequest;
  const kind = page === true ? "web" : "cli";
  const hash = await hashLinkCode(code);
  const isCodeValid =
    equalBytes(linkRequest.code, hash) &&
    equalBytes(mac, await linkMac(code, deviceKey, fingerprint, kind));
  if (!isCodeValid) {
    // Only an attacker sends the right hash with a wrong code.
    throw new PageFault("not-allowed", "linkCodeUnknown");
  }
  const account = await device.account(fingerprint, user);
  const certificate = { server: formatFingerprint(fingerprint), user, deviceKey, kind } as const;
  const payload = deviceCertPayload(
    { ...certificate, signedAtUnixMs: Date.now() },
    account.publicKey,
  );
  const signature = await account.sign(deviceCertBytes(payload));
  const seed = await device.accountSeed(fingerprint, user);
  const nonce = crypto.getRandomValues(new Uint8Array(LINK_NONCE_BYTES));
  const key = await sealAccountSeed({ code, deviceKey, server: fingerprint, user }, seed, nonce);
  seed.fill(0);
  const deviceCert = concatBytes(signature, payload);
  await sendRequest("link-grant", { code: linkRequest.code, deviceKey, deviceCert, key });
}

export async function hashLinkCode(code: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", toUnshared(linkIdBytes(code))));
}

/** Proof that a device knows the code. */
export async function linkMac(
  code: Uint8Array,
  deviceKey: Uint8Array,
  server: Fingerprint,
  kind: DeviceKind,
): Promise<Uint8Array> {
  const algorithm = { name: "HMAC", hash: "SHA-256", length: 256 };
  const key = await deriveKey(code, LINK_MAC, algorithm, ["sign"]);
  const bytes = toUnshared(linkMacBytes(deviceKey, server, kind));
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes));
}

export async function sealAccountSeed(
  context: LinkContext,
  seed: Uint8Array,
  nonce: Uint8Array,
): Promise<Uint8Array> {
  const key = await deriveKey(context.code, LINK_KEY, { name: "AES-GCM", length: 256 }, [
    "encrypt",
  ]);
  const additionalData = toUnshared(linkAssociatedData(context));
  const algorithm = { name: "AES-GCM", iv: toUnshared(nonce), additionalData };
  return concatBytes(
    nonce,
    new Uint8Array(await crypto.subtle.encrypt(algorithm, key, toUnshared(seed))),
  );
}

/** @returns `undefined` if the seed is not for this code, device, server and user */
export async function openAccountSeed(
  context: LinkContext,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  const key = await deriveKey(context.code, LINK_KEY, { name: "AES-GCM", length: 256 }, [
    "decrypt",
  ]);
  const iv = toUnshared(sealed.slice(0, LINK_NONCE_BYTES));
  const additionalData = toUnshared(linkAssociatedData(context));
  const content = toUnshared(sealed.slice(LINK_NONCE_BYTES));
  try {
    const seed = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, content);
    return new Uint8Array(seed);
  } catch {
    return undefined;
  }
}

async function deriveKey(
  code: Uint8Array,
  purpose: string,
  algorithm: { readonly name: string; readonly length: number },
  usages: ("encrypt" | "decrypt" | "sign")[],
) {
  const { subtle } = crypto;
  const base = await subtle.importKey("raw", toUnshared(code), "HKDF", false, ["deriveKey"]);
  const info = toUnshared(utf8Encode(purpose));
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
  return subtle.deriveKey(derivation, base, algorithm, false, usages);
}
