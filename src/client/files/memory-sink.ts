/** In-memory download sink, for pictures and previews. */

import { concatBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import type { Sink } from "../../io/blob/interfaces.ts";

export class MemorySink implements Sink {
  readonly have = 0;
  #chunks: Uint8Array[] = [];
  #hashes: Uint8Array[] = [];
  #sizeBytes = 0;

  constructor(
    private readonly sizeBytesMax: number,
    private readonly sha256: Sha256,
  ) {}

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  bytes(): Uint8Array {
    return concatBytes(...this.#chunks);
  }

  append(hash: Uint8Array, bytes: Uint8Array): Promise<void> {
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > this.sizeBytesMax) {
      return Promise.reject(new Fault("too-large", `the file is above ${this.sizeBytesMax} bytes`));
    }
    this.#chunks.push(new Uint8Array(bytes));
    this.#hashes.push(new Uint8Array(hash));
    return Promise.resolve();
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  digest(): Uint8Array {
    return this.sha256(concatBytes(...this.#hashes));
  }

  finish(): Promise<string> {
    return Promise.resolve("");
  }

  restart(): Promise<void> {
    [this.#chunks, this.#hashes, this.#sizeBytes] = [[], [], 0];
    return Promise.resolve();
  }

  close(): void {}
}
