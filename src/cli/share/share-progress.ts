/** Progress display of `chat share`. */

import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { Reporter } from "../../client/files/progress.ts";
import type { Source } from "../../io/blob/interfaces.ts";
import type { Context } from "../context.ts";
import { ProgressDisplay } from "../output/progress.ts";

/**
 * Measures progress by the chunks read. With several receivers of a file, it follows the fastest.
 */
export class ShareProgress {
  readonly #display: ProgressDisplay;
  readonly #running = new Map<FileId, { readonly reporter: Reporter; doneBytes: number }>();

  constructor(private readonly context: Context) {
    this.#display = new ProgressDisplay(context);
  }

  onRead(id: FileId, source: Source, index: number): void {
    if (this.context.json) return;
    const { sizeBytes = Number.MAX_SAFE_INTEGER } = source;
    const doneBytes = Math.min((index + 1) * CHUNK_BYTES, sizeBytes);
    const running = this.#running.get(id) ?? this.#start(id, source, index);
    if (doneBytes < running.doneBytes) return;
    running.doneBytes = doneBytes;
    running.reporter.update(doneBytes);
    if (doneBytes < sizeBytes) return;
    this.#running.delete(id);
    running.reporter.finish();
    void this.#display.end(id);
  }

  /** A receiver may have everything without reading to the end, because it had the file before. */
  onDownloaded(id: FileId): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    running.reporter.close();
    void this.#display.end(id);
  }

  printNotice(message: string): void {
    this.#display.print(message);
  }

  async end(): Promise<void> {
    for (const { reporter } of this.#running.values()) reporter.close();
    this.#running.clear();
    await this.#display.end();
  }

  #start(id: FileId, { name, sizeBytes }: Source, index: number) {
    const reporter = new Reporter({
      clock: this.context.clock,
      sizeBytes,
      onProgress: (progress) => this.#display.update(progress),
      status: () => ({ id, name, waitsAt: "network" }),
    });
    const running = { reporter, doneBytes: index * CHUNK_BYTES };
    this.#running.set(id, running);
    reporter.resume(running.doneBytes);
    return running;
  }
}
