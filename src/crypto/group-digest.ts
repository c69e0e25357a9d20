/** Digests from which ids and names of groups are made. */

import { KEY_BYTES, utf8Encode } from "../base/bytes.ts";
import { hmacSha256 } from "./hmac.ts";
import type { Identity } from "./identity.ts";

const PURPOSE = "chat/1 group";

/**
 * Returns the same digest on all servers of a cluster. Without the identity, nobody can tell from a
 * group's name who its members are.
 */
export function groupDigest(
  identity: Identity,
  number: number,
  users: readonly string[],
): Uint8Array {
  const key = identity.derive(PURPOSE, KEY_BYTES);
  return hmacSha256(key, utf8Encode(`${number} ${users.join(" ")}`));
}
