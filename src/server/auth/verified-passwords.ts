/** Account passwords verified since the start, so that IRC clients reconnect without argon2id. */

import { equalBytes, KEY_BYTES, utf8Encode } from "../../base/bytes.ts";
import type { UserId } from "../../base/ids.ts";
import { NewestMap } from "../../core/evict.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { hmacSha256 } from "../../crypto/hmac.ts";
import type { Entropy } from "../../io/entropy.ts";

/**
 * About 3 MB, and more accounts than one server's IRC clients use.
 * @internal
 */
export const VERIFIED_PASSWORDS_MAX = 10_000;

/** Stores only keyed hashes, because a copy of the memory should not contain passwords. */
export class VerifiedPasswords {
  readonly #entropy: Entropy;
  #key: Uint8Array | undefined;
  readonly #byAccount = new NewestMap<UserId, Uint8Array>(VERIFIED_PASSWORDS_MAX);

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
  }

  has(account: Account, password: string): boolean {
    const known = this.#byAccount.get(account.id);
    return known !== undefined && equalBytes(known, this.#hashOf(account, password));
  }

  add(account: Account, password: string): void {
    const hash = this.#hashOf(account, password);
    this.#byAccount.set(account.id, hash);
  }

  delete(user: UserId): void {
    this.#byAccount.delete(user);
  }

  /** Also covers the stored hash, so that a former password never matches. */
  #hashOf({ passwordHash = "" }: Account, password: string): Uint8Array {
    this.#key ??= this.#entropy(KEY_BYTES);
    return hmacSha256(this.#key, utf8Encode(`${passwordHash}\0${password}`));
  }
}
