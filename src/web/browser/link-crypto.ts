/** Link codes and account seeds, computed with WebCrypto in the format of `crypto/link-code.ts`. */

import { concatBytes, utf8Encode } from "../../base/bytes.ts";
import type { DeviceKind } from "../../crypto/cert-payload.ts";
import {
  LINK_KEY,
  LINK_MAC,
  LINK_NONCE_BYTES,
  type LinkContext,
  linkAssociatedData,
  linkIdBytes,
  linkMacBytes,
} from "../../crypto/link-form.ts";
import { toUnshared } from "../../crypto/seal/unshared.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";

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
