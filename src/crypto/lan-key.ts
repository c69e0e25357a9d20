/** Key derivation for a `chat lan` group with a shared password. */

import { argon2 } from "node:crypto";
import { promisify } from "node:util";
import { utf8Encode } from "../base/bytes.ts";

/**
 * An attacker who has captured a single datagram can guess passwords offline, so each guess must be
 * expensive.
 * @see RFC 9106, section 4, the second recommended option
 */
const ARGON2ID = { memory: 64 * 1024, passes: 3, parallelism: 4, tagLength: 32 } as const;

export async function lanKey(password: string, groupAddress: string): Promise<Uint8Array> {
  const nonce = utf8Encode(`chat/1 lan ${groupAddress}`);
  const derive = promisify(argon2);
  return new Uint8Array(
    await derive("argon2id", { ...ARGON2ID, message: utf8Encode(password), nonce }),
  );
}
