/** Download sink that writes one file to standard output. */

import { Fault, msg } from "../../base/fault.ts";
import type { Sink } from "../../io/blob/interfaces.ts";
import type { Output } from "../../io/terminal/output.ts";
import { Digest } from "../../wire/chunks.ts";
import { nativeHashing } from "../connect/hashing.ts";

export class OutputSink implements Sink {
  readonly have = 0;
  readonly #stdout: Output;
  readonly #digest = new Digest(nativeHashing().newHash());
  #sizeBytes = 0;

  constructor(stdout: Output) {
    this.#stdout = stdout;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async append(sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    this.#digest.add(sha256);
    this.#sizeBytes += bytes.length;
    this.#stdout.write(bytes);
    await this.#stdout.flushed();
  }

  async sync(): Promise<void> {}

  digest(): Uint8Array {
    return this.#digest.value();
  }

  async finish(): Promise<string> {
    return "-";
  }

  async restart(): Promise<void> {
    if (this.#sizeBytes === 0) return;
    throw new Fault("checksum-wrong", msg`the file is corrupt, but its bytes were already written`);
  }

  close(): void {}
}
