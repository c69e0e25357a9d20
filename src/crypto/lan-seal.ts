/** Encryption of `chat lan` datagrams with a shared password. */

import { argon2, createCipheriv, createDecipheriv } from "node:crypto";
import { promisify } from "node:util";
import { assert } from "../base/assert.ts";
import { concatBytes, utf8Encode } from "../base/bytes.ts";

/**
 * Cost of deriving a group's key from its password. An attacker who has captured one datagram can
 * guess passwords offline, so each guess is made expensive.
 * @see RFC 9106, section 4, the second recommended option
 */
const ARGON2ID = { memory: 64 * 1024, passes: 3, parallelism: 4, tagLength: 32 } as const;

const KEY_BYTES = 32;
export const LAN_NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** @param place group and port, to which the key is bound */
export async function lanKey(password: string, place: string): Promise<Uint8Array> {
  const nonce = utf8Encode(`chat/1 lan ${place}`);
  const derive = promisify(argon2);
  return new Uint8Array(
    await derive("argon2id", { ...ARGON2ID, message: utf8Encode(password), nonce }),
  );
}

/**
 * @param head authenticated with the body, but not encrypted
 * @param nonce 12 random bytes
 * @returns nonce, ciphertext and tag
 */
export function sealLanBody(
  key: Uint8Array,
  head: Uint8Array,
  body: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  assert(key.length === KEY_BYTES, "AES-256 takes a key of 32 bytes");
  assert(nonce.length === LAN_NONCE_BYTES, "AES-GCM takes a nonce of 12 bytes");
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(head);
  const sealed = cipher.update(body);
  cipher.final();
  return concatBytes(nonce, sealed, cipher.getAuthTag());
}

/** @returns `undefined` if the password differs or the datagram was changed */
export function openLanBody(
  key: Uint8Array,
  head: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < LAN_NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, LAN_NONCE_BYTES));
  decipher.setAAD(head);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const body = decipher.update(sealed.subarray(LAN_NONCE_BYTES, -TAG_BYTES));
    decipher.final();
    return new Uint8Array(body);
  } catch {
    return undefined; // The tag does not match.
  }
}
