/** Link codes and account seeds, computed with WebCrypto in the format of `crypto/link-code.ts`. */

import { concatBytes, utf8Encode } from "../../base/bytes.ts";
import {
  LINK_KEY,
  LINK_MAC,
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

export async function isLinkMac(
  mac: Uint8Array,
  code: Uint8Array,
  deviceKey: Uint8Array,
  server: Fingerprint,
): Promise<boolean> {
  const algorithm = { name: "HMAC", hash: "SHA-256", length: 256 };
  const key = await deriveKey(code, LINK_MAC, algorithm, ["verify"]);
  return crypto.subtle.verify(
    "HMAC",
    key,
    toUnshared(mac),
    toUnshared(linkMacBytes(deviceKey, server)),
  );
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

async function deriveKey(
  code: Uint8Array,
  purpose: string,
  algorithm: { readonly name: string; readonly length: number },
  usages: ("encrypt" | "verify")[],
) {
  const { subtle } = crypto;
  const base = await subtle.importKey("raw", toUnshared(code), "HKDF", false, ["deriveKey"]);
  const info = toUnshared(utf8Encode(purpose));
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
  return subtle.deriveKey(derivation, base, algorithm, false, usages);
}
