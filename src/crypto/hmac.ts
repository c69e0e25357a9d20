/** HMAC-SHA-256. */

import { createHmac } from "node:crypto";

export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(bytes).digest());
}
