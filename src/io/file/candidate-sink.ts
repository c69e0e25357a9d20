/** Sinks whose content was received earlier and may be that of the requested file. */

import { assert } from "../../base/assert.ts";
import type { Renamed } from "../../core/transfer/folder-plan.ts";
import { chunkCount } from "../../wire/chunks.ts";
import type { ForeignChunks, Sink } from "../blob/interfaces.ts";
import type { FileProperty } from "../disk/disk.ts";
import type { ExistingContent } from "./existing-content.ts";

/** Complete file of an earlier run. */
export class ExistingFileSink implements Sink {
  readonly isExisting = true;
  readonly have: number;

  /** @param onFinish called when the server has confirmed the digest */
  constructor(
    private readonly existing: ExistingContent,
    readonly sizeBytes: number,
    private readonly onFinish: () => Promise<void>,
  ) {
    this.have = chunkCount(sizeBytes);
  }

  append(): Promise<void> {
    assert(false, "an existing file is complete");
  }

  async sync(): Promise<void> {}

  digest(): Uint8Array {
    return this.existing.digest;
  }

  async finish(): Promise<string> {
    await this.onFinish();
    return this.existing.path;
  }

  async restart(): Promise<void> {
    assert(false, "an existing file is never changed");
  }

  close(): void {}
}

/**
 * Uses a candidate, without changing it, until the server's digest shows that it belongs to another
 * file. Then continues with a partial file of its own.
 */
export class CandidateSink implements Sink {
  #sink: Sink;
  #isCandidate = true;

  constructor(
    candidate: Sink,
    private readonly openOwn: () => Promise<Sink>,
  ) {
    this.#sink = candidate;
  }

  get have(): number {
    return this.#sink.have;
  }

  get sizeBytes(): number {
    return this.#sink.sizeBytes;
  }

  get isExisting(): boolean {
    return this.#sink.isExisting === true;
  }

  get concurrentAppends(): number {
    return this.#sink.concurrentAppends ?? 1;
  }

  get renamed(): readonly Renamed[] {
    return this.#sink.renamed ?? [];
  }

  get notKept(): readonly FileProperty[] {
    return this.#sink.notKept ?? [];
  }

  get foreign(): ForeignChunks | undefined {
    const { foreign } = this.#sink;
    if (foreign === undefined || !this.#isCandidate) return undefined;
    return {
      chunksMin: foreign.chunksMin,
      digest: (chunks) => foreign.digest(chunks),
      adopt: async (chunks) => {
        await foreign.adopt(chunks);
        this.#isCandidate = false;
      },
    };
  }

  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    return this.#sink.append(sha256, bytes);
  }

  sync(): Promise<void> {
    return this.#sink.sync();
  }

  digest(): Uint8Array {
    return this.#sink.digest();
  }

  finish(): Promise<string> {
    return this.#sink.finish();
  }

  async restart(): Promise<void> {
    if (!this.#isCandidate) return this.#sink.restart();
    this.#sink.close();
    this.#sink = await this.openOwn();
    this.#isCandidate = false;
  }

  close(): void {
    this.#sink.close();
  }
}
