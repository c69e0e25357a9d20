/** Collected work of an assignment room, which a data channel sends like a stored folder. */

import { CHUNK_BYTES } from "../../base/limits.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { BlobMetadata } from "../../io/blob/interfaces.ts";
import { markHandled } from "../../io/promises.ts";
import { chunkCount, chunkSize } from "../../wire/chunks.ts";
import type { DownloadContent } from "../session/connection-state.ts";
import type { CollectedFolder } from "./collected.ts";
import type { WebFile } from "./file-response.ts";
import { ByteReader } from "./zip-stream.ts";

export type CollectedFile = CollectedFolder &
  Pick<WebFile, "name" | "digest" | "details" | "signal" | "stall" | "onRead" | "onEnd">;

/** Reads each chunk once, in order, because the content is not stored as a whole. */
export class CollectedBlob implements DownloadContent {
  readonly metadata: BlobMetadata;
  readonly fact;
  readonly #reader: ByteReader;
  readonly #chunks = new Map<number, Promise<Uint8Array>>();
  #lastRead: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly folder: CollectedFile,
    about: Pick<BlobMetadata, "file" | "by" | "sinceMs">,
    from: number,
  ) {
    const { name, entries, manifestBytes, sizeBytes, digest } = folder;
    this.metadata = { ...about, name, to: [], sizeBytes, folder: { entries, manifestBytes } };
    this.fact = { size: sizeBytes, chunks: chunkCount(sizeBytes), digest };
    this.#reader = new ByteReader(folder.chunks());
    this.#lastRead = this.#skip(from * CHUNK_BYTES);
    markHandled(this.#lastRead); // Reported by the first chunk.
  }

  get have(): number {
    return this.fact.chunks;
  }

  async hash(index: number): Promise<Uint8Array> {
    return sha256(await this.#chunk(index));
  }

  readSome(index: number, count: number): Promise<Uint8Array[]> {
    const indexes = Array.from({ length: count }, (_, i) => index + i);
    const chunks = indexes.map((one) => this.#chunk(one));
    for (const one of indexes) this.#chunks.delete(one);
    return Promise.all(chunks);
  }

  close(): void {
    this.folder.onEnd();
    markHandled(this.#reader.close());
  }

  #chunk(index: number): Promise<Uint8Array> {
    const size = chunkSize(index, this.fact.size);
    const chunk = this.#chunks.get(index) ?? this.#lastRead.then(() => this.#reader.readAll(size));
    this.#chunks.set(index, chunk);
    this.#lastRead = chunk;
    return chunk;
  }

  async #skip(bytes: number): Promise<void> {
    for await (const _ of this.#reader.pieces(Math.min(bytes, this.fact.size)));
  }
}
