/** Encrypted storage for unsent posts to sealed rooms. */

import {
  concatBytes,
  fromBase64Url,
  toBase64Url,
  utf8Decode,
  utf8Encode,
} from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { OutboxId } from "../../base/ids.ts";
import { formatPostId } from "../../core/rooms/dedup.ts";
import { GCM_NONCE_BYTES } from "../../crypto/gcm-sizes.ts";
import type { FileCipher } from "../../crypto/seal/file-cipher.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { UnsentPost } from "../../io/state/outbox-store.ts";
import type { Awaitable } from "./store.ts";

/**
 * The encrypted text is bound to its outbox, counter and target, so a post cannot be redirected.
 */
interface BoxedBody {
  readonly text: "";
  readonly box: string;
}

export type DecryptedPost = UnsentPost | { readonly post: UnsentPost; readonly fault: Fault };

export class QueuedPosts {
  #key: FileCipher | undefined;

  constructor(
    private readonly entropy: Entropy,
    private readonly loadKey: () => Awaitable<FileCipher>,
  ) {}

  encrypt(outbox: OutboxId, post: UnsentPost): Awaitable<UnsentPost> {
    const key = this.#key ?? this.loadKey();
    if (key instanceof Promise) return key.then((found) => this.#encrypt(found, outbox, post));
    return this.#encrypt(key, outbox, post);
  }

  #encrypt(key: FileCipher, outbox: OutboxId, post: UnsentPost): Awaitable<UnsentPost> {
    this.#key = key;
    const nonce = new Uint8Array(this.entropy(GCM_NONCE_BYTES));
    const sealed = key.seal(nonce, boundData(outbox, post), utf8Encode(post.body));
    const boxed = (ciphertext: Uint8Array): UnsentPost => {
      const body: BoxedBody = { text: "", box: toBase64Url(concatBytes(nonce, ciphertext)) };
      return { ...post, body: JSON.stringify(body) };
    };
    return sealed instanceof Promise ? sealed.then(boxed) : boxed(sealed);
  }

  /**
   * @returns a fault if the post was altered or encrypted with a different key; `undefined` if it
   * was stored unencrypted
   */
  async decrypt(outbox: OutboxId, post: UnsentPost): Promise<UnsentPost | Fault | undefined> {
    const box = boxOf(post);
    if (box === undefined) return undefined;
    const key = this.#key ?? (await this.loadKey());
    this.#key = key;
    try {
      const bytes = fromBase64Url(box);
      const [nonce, sealed] = [bytes.subarray(0, GCM_NONCE_BYTES), bytes.subarray(GCM_NONCE_BYTES)];
      const plain = await key.unseal(nonce, boundData(outbox, post), sealed);
      const { lostAfter } = decodeJson(post.body) as { readonly lostAfter?: number };
      const body = utf8Decode(plain);
      if (lostAfter === undefined) return { ...post, body };
      return { ...post, body: JSON.stringify({ ...(decodeJson(body) as object), lostAfter }) };
    } catch (cause) {
      const text = msg`a queued message to '${post.target}' can no longer be decrypted`;
      return new Fault("seal-state", text, { cause, remedy: "send it again" });
    }
  }
}

export function boxOf({ body }: Pick<UnsentPost, "body">): string | undefined {
  try {
    const { box } = decodeJson(body) as { readonly box?: unknown };
    return typeof box === "string" ? box : undefined;
  } catch {
    return undefined;
  }
}

function boundData(outbox: OutboxId, { counter, target }: UnsentPost): Uint8Array {
  return utf8Encode(`outbox/${formatPostId(outbox, counter)}/${target}`);
}
