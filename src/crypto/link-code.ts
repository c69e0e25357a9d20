/**
 * Cryptography for link codes, by which a user's existing device approves a new device. The server
 * relays the messages but learns only the hash of the code, so it can neither replace the new
 * device's key nor read the account key.
 */

import { hkdfSync } from "node:crypto";
import { utf8Encode } from "../base/bytes.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import { openWithNonce, sealWithNonce } from "./aes-gcm.ts";
import type { DeviceKind } from "./cert-payload.ts";
import { hmacSha256 } from "./hmac.ts";
import {
  LINK_KEY,
  LINK_MAC,
  type LinkContext,
  linkAssociatedData,
  linkIdBytes,
  linkMacBytes,
} from "./link-form.ts";
import { sha256 } from "./sha256.ts";

export function linkCodeHash(code: Uint8Array): Uint8Array {
  return sha256(linkIdBytes(code));
}

export function linkMac(
  code: Uint8Array,
  deviceKey: Uint8Array,
  server: Fingerprint,
  kind: DeviceKind = "cli",
): Uint8Array {
  return hmacSha256(derive(code, LINK_MAC), linkMacBytes(deviceKey, server, kind));
}

export function sealAccountKey(
  context: LinkContext,
  seed: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  return sealWithNonce(derive(context.code, LINK_KEY), nonce, linkAssociatedData(context), seed);
}

/**
 * @returns `undefined` if the seed was encrypted with a different code, or for a different device
 * or user
 */
export function openAccountKey(context: LinkContext, sealed: Uint8Array): Uint8Array | undefined {
  return openWithNonce(derive(context.code, LINK_KEY), linkAssociatedData(context), sealed);
}

function derive(code: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", code, new Uint8Array(0), utf8Encode(purpose), 32));
}
