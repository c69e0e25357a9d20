/** Web Push messages: encrypted for the browser (RFC 8291) and signed by the server (RFC 8292). */

import { createECDH } from "node:crypto";
import { buildPushPayload } from "@block65/webcrypto-web-push";
import { toBase64Url } from "../base/bytes.ts";
import type { Identity } from "./identity.ts";

export interface PushKey {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

const PURPOSE = "chat/1 push";
const ORDER = BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
/** Exceeds the size of a key by 128 bits, so that the reduction's bias is negligible. */
const DERIVED_BYTES = 48;

/** All servers of a cluster derive the same key from their common identity, without storing it. */
export function pushKeyOf(identity: Identity): PushKey {
  const bytes = identity.derive(PURPOSE, DERIVED_BYTES);
  const number = (BigInt(`0x${bytes.toHex()}`) % (ORDER - 1n)) + 1n;
  const privateKey = Uint8Array.fromHex(number.toString(16).padStart(64, "0"));
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(privateKey);
  return { publicKey: new Uint8Array(curve.getPublicKey()), privateKey };
}

export function isPushPoint(bytes: Uint8Array): boolean {
  try {
    const curve = createECDH("prime256v1");
    curve.generateKeys();
    curve.computeSecret(bytes);
    return bytes.length === 65;
  } catch {
    return false;
  }
}

export interface SealedPush {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface PushOptions {
  readonly endpoint: string;
  readonly key: Uint8Array;
  readonly auth: Uint8Array;
  readonly text: string;
  readonly topic: string;
  readonly ttlS: number;
  readonly contact: string;
}

/**
 * Pads all messages to the same length.
 * @throws {Error} if the browser's key is invalid
 */
export async function sealPush(push: PushOptions, signer: PushKey): Promise<SealedPush> {
  const { headers, body } = await buildPushPayload(
    { data: push.text, options: { ttl: push.ttlS, urgency: "high", topic: push.topic } },
    {
      endpoint: push.endpoint,
      expirationTime: null,
      keys: { p256dh: toBase64Url(push.key), auth: toBase64Url(push.auth) },
    },
    {
      subject: push.contact,
      publicKey: toBase64Url(signer.publicKey),
      privateKey: toBase64Url(signer.privateKey),
    },
  );
  return { headers: { ...headers }, body };
}
