/**
 * A file of a sealed room, chunk by chunk: each is encrypted on its own, and no chunk opens in
 * another place, in another file, as the last one when it is not, or the other way round.
 * @see Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption" (STREAM, 2015)
 */
import { assert } from "../../base/assert.ts";
import { concatBytes, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { SEALED_FILE_CHUNKS_MAX } from "../../base/limits-sealed.ts";
import { owned } from "./owned.ts";
import type { StateKey } from "./state-box.ts";

const CONTEXT = utf8Encode("chat-file-v1");
const FILE_KEY_BYTES = 32;
const FILE_PREFIX_BYTES = 7;
const FILE_TAG_BYTES = 16;

/** What opens a file; it travels inside a message. */
export interface FileSecret {
  /** 32 random bytes, of this one file and of this one content. */
  readonly key: Uint8Array;
  /** 7 random bytes. */
  readonly prefix: Uint8Array;
}

export interface FilePlan {
  readonly fileId: string;
  /** Of the whole file as its user has it. */
  readonly sizeBytes: number;
  /** Of each chunk but the last, before it is encrypted. */
  readonly chunkBytes: number;
}

/** A new secret: also when a file has changed since its upload began. */
export function makeFileSecret(): FileSecret {
  return {
    key: crypto.getRandomValues(new Uint8Array(FILE_KEY_BYTES)),
    prefix: crypto.getRandomValues(new Uint8Array(FILE_PREFIX_BYTES)),
  };
}

export class FileStream {
  readonly #key: StateKey;
  readonly #prefix: Uint8Array;
  readonly #plan: FilePlan;
  readonly #aad: Uint8Array<ArrayBuffer>;
  /** An empty file has one chunk, which is empty. */
  readonly chunks: number;

  private constructor(key: StateKey, prefix: Uint8Array, plan: FilePlan) {
    this.#key = key;
    this.#prefix = prefix;
    this.#plan = plan;
    this.chunks = Math.max(1, Math.ceil(plan.sizeBytes / plan.chunkBytes));
    this.#aad = owned(concatBytes(CONTEXT, utf8Encode(plan.fileId), uint64(plan.sizeBytes)));
  }

  /** @throws Fault frame-malformed: a sender described a file that cannot be */
  static async open({ key, prefix }: FileSecret, plan: FilePlan): Promise<FileStream> {
    const { sizeBytes, chunkBytes } = plan;
    const isPossible =
      key.length === FILE_KEY_BYTES &&
      prefix.length === FILE_PREFIX_BYTES &&
      Number.isSafeInteger(sizeBytes) &&
      sizeBytes >= 0 &&
      Number.isSafeInteger(chunkBytes) &&
      chunkBytes > 0 &&
      sizeBytes / chunkBytes <= SEALED_FILE_CHUNKS_MAX;
    if (!isPossible) throw new Fault("frame-malformed", "a sealed file is described wrongly");
    const { subtle } = crypto;
    const usages = ["encrypt", "decrypt"] as const;
    const imported = await subtle.importKey("raw", owned(key), "AES-GCM", false, [...usages]);
    return new FileStream(imported, prefix.slice(), plan);
  }

  /** What the server keeps of a file. */
  get sealedBytes(): number {
    return this.#plan.sizeBytes + this.chunks * FILE_TAG_BYTES;
  }

  /** Bytes of a chunk before it is encrypted. */
  plainBytes(index: number): number {
    assert(Number.isSafeInteger(index) && index >= 0 && index < this.chunks, "a chunk of the file");
    const { sizeBytes, chunkBytes } = this.#plan;
    return Math.min(chunkBytes, sizeBytes - index * chunkBytes);
  }

  /** @throws Fault file-changed: the chunk has not the length that was announced */
  async seal(index: number, plain: Uint8Array): Promise<Uint8Array> {
    if (plain.length !== this.plainBytes(index)) {
      throw new Fault("file-changed", "the file changed while it was read");
    }
    const sealed = await crypto.subtle.encrypt(this.#options(index), this.#key, owned(plain));
    return new Uint8Array(sealed);
  }

  /** @throws Fault seal-broken: it is not this chunk of this file */
  async unseal(index: number, sealed: Uint8Array): Promise<Uint8Array> {
    if (sealed.length !== this.plainBytes(index) + FILE_TAG_BYTES) throw broken(index);
    try {
      const plain = await crypto.subtle.decrypt(this.#options(index), this.#key, owned(sealed));
      return new Uint8Array(plain);
    } catch (cause) {
      throw broken(index, cause);
    }
  }

  #options(index: number) {
    const counter = new Uint8Array(5);
    new DataView(counter.buffer).setUint32(0, index);
    counter[4] = index === this.chunks - 1 ? 1 : 0;
    const iv = owned(concatBytes(this.#prefix, counter));
    return { name: "AES-GCM", iv, additionalData: this.#aad };
  }
}

function broken(index: number, cause?: unknown): Fault {
  return new Fault("seal-broken", `chunk ${index} of a sealed file is not what was sent`, {
    cause,
  });
}

function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
