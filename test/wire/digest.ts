import { concatBytes } from "../../src/base/bytes.ts";
import type { Sha256 } from "../../src/base/ids.ts";

export function digestOf(hashes: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  return sha256(concatBytes(...hashes));
}
