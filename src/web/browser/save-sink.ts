/** Sink that writes a verified download to its save target, across pauses. */

import { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import type { DownloadSinkOptions } from "../../client/files/download.ts";
import type { Hashing } from "../../client/files/hashing.ts";
import type { Sink } from "../../io/blob/interfaces.ts";
import { Digest } from "../../wire/chunks.ts";
import type { SaveHandle, SaveTarget } from "./environment.ts";
import { reopenSaveTarget } from "./save-targets.ts";

export class SaveSink implements Sink {
  readonly #newDigest: () => Digest;
  #digest: Digest;
  #sizeBytes = 0;

  constructor(
    private readonly target: SaveTarget,
    hashing: Hashing,
  ) {
    this.#newDigest = () => new Digest(hashing.newHash());
    this.#digest = this.#newDigest();
  }

  /**
   * Resumes after the last complete chunk that an earlier page stored.
   * @throws {Fault} store-denied, store-failed
   */
  static async resume(handle: SaveHandle, hashing: Hashing): Promise<SaveSink> {
    const file = await orStoreFault(() => handle.getFile());
    const chunks = Math.floor(file.size / CHUNK_BYTES);
    const sink = new SaveSink(await reopenSaveTarget(handle, chunks * CHUNK_BYTES), hashing);
    for (let at = 0; at < chunks * CHUNK_BYTES; at += CHUNK_BYTES) {
      const bytes = await orStoreFault(() => file.slice(at, at + CHUNK_BYTES).arrayBuffer());
      sink.#added(await hashing.hashChunk(new Uint8Array(bytes)), CHUNK_BYTES);
    }
    return sink;
  }

  get have(): number {
    return this.#digest.chunks;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** @throws {Fault} usage if the target cannot unpack a folder */
  opened({ folderSize }: DownloadSinkOptions): Sink {
    if (folderSize === undefined || this.target.unpacksFolder === true) return this;
    throw new Fault("usage", "browsers cannot save folders", { remedy: "use chat get-file" });
  }

  async append(sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    await orStoreFault(() => this.target.write(bytes));
    this.#added(sha256, bytes.length);
  }

  sync(): Promise<void> {
    return orStoreFault(() => this.target.flush("due"));
  }

  flush(): Promise<void> {
    return orStoreFault(() => this.target.flush("now"));
  }

  digest(): Uint8Array {
    return this.#digest.value();
  }

  async finish(): Promise<string> {
    await orStoreFault(() => this.target.finish());
    return "";
  }

  async restart(): Promise<void> {
    await orStoreFault(() => this.target.restart());
    this.#digest = this.#newDigest();
    this.#sizeBytes = 0;
  }

  close(): void {
    // Leave the target open, because a pause also closes the sink.
  }

  abandon(): Promise<void> {
    return orStoreFault(() => this.target.abandon());
  }

  #added(sha256: Uint8Array, bytes: number): void {
    this.#digest.add(sha256);
    this.#sizeBytes += bytes;
  }
}

async function orStoreFault<Value>(act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("store-failed", "the browser could not write the file", { cause });
  }
}
