/** A download that the page fetches and verifies chunk by chunk. */

import { assert } from "../../base/assert.ts";
import { asFault } from "../../base/fault.ts";
import { type FileId, isFileId } from "../../base/ids.ts";
import { DOWNLOAD_NOTE_KEEP_MS } from "../../base/limits-page.ts";
import type { AccountFiles } from "../../client/sealed/account-files.ts";
import type { Hashing } from "../../client/transfer/hashing.ts";
import type { TransferTask } from "../../client/transfer/queue.ts";
import type { DownloadRequest } from "../../client/transfer/transfers.ts";
import type { ProgressReport } from "../../core/transfer/progress.ts";
import type { Clock } from "../../io/clock.ts";
import type { SaveHandle } from "../browser/environment.ts";
import { SaveSink } from "../browser/save-sink.ts";
import { removePart } from "../browser/save-targets.ts";
import type { JournalEntry, JournalOptions, PageTask, TransferJournal } from "./journal.ts";

/** A download into a file that the user has chosen. */
export interface DownloadEntry extends JournalEntry {
  readonly file: FileId;
  readonly handle: SaveHandle;
}

export const DOWNLOAD_JOURNAL: JournalOptions<DownloadEntry> = {
  table: "downloads",
  keepMs: DOWNLOAD_NOTE_KEEP_MS,
  entryOf: (value) => {
    const { key, file, name, handle, begunUnixMs } = value;
    const isWhole =
      typeof key === "string" &&
      typeof file === "string" &&
      isFileId(file) &&
      typeof name === "string" &&
      typeof handle === "object" &&
      typeof begunUnixMs === "number";
    return isWhole ? (value as DownloadEntry) : undefined;
  },
};

export interface DownloadParts {
  readonly files: AccountFiles;
  readonly downloads: TransferJournal<DownloadEntry>;
  readonly clock: Clock;
  readonly hashing: Hashing;
}

/** `handle`: `undefined` if the download ends with this page. */
type Begun = Pick<DownloadEntry, "key" | "file" | "name" | "begunUnixMs"> & {
  readonly handle: SaveHandle | undefined;
};

/**
 * Checks each chunk before it is written. A download can be paused, and the next page resumes it if
 * the browser keeps the chosen file. The browser's own unchecked downloads do not use this.
 */
export class Download implements PageTask {
  readonly view: TransferTask["view"];
  readonly isResumable: boolean;
  readonly #parts: DownloadParts;
  readonly #begun: Begun;
  /** `undefined` if it must be reopened by its handle. */
  #sink: SaveSink | undefined;
  /** The page may write to the file. */
  #isPermitted: boolean;

  constructor(parts: DownloadParts, begun: Begun, sink?: SaveSink) {
    const { key: id, file, name, handle } = begun;
    this.view = { id, kind: "download", file, name, to: [] };
    this.isResumable = handle !== undefined;
    this.#parts = parts;
    this.#begun = begun;
    this.#sink = sink;
    this.#isPermitted = sink !== undefined;
  }

  async run(signal: AbortSignal, onProgress: (progress: ProgressReport) => void): Promise<void> {
    const { files, downloads, hashing } = this.#parts;
    const { key, file, handle } = this.#begun;
    try {
      if (handle !== undefined) this.#sink ??= await SaveSink.again(handle, hashing);
      assert(this.#sink !== undefined, "a download without a handle keeps its sink");
      await files.get({ ...requestInto(this.#sink, file), signal, onProgress });
      downloads.remove(key);
    } catch (error) {
      asFault(error);
      await this.#keep();
      throw error;
    }
  }

  /** Reports whether the page may write to the file; `requestPermission` asks the user. */
  async mayWrite(how: "queryPermission" | "requestPermission"): Promise<boolean> {
    const answer = await this.#begun.handle?.[how]?.({ mode: "readwrite" });
    this.#isPermitted = answer === "granted";
    return this.#isPermitted;
  }

  async reopen(): Promise<boolean> {
    return this.#isPermitted || this.mayWrite("requestPermission");
  }

  storePaused(isPaused: boolean): void {
    const { handle, ...begun } = this.#begun;
    if (handle !== undefined) this.#parts.downloads.put({ ...begun, handle, isPaused });
  }

  async discard(): Promise<void> {
    const { downloads, clock } = this.#parts;
    const { key, handle } = this.#begun;
    await this.#sink?.abandon().catch(() => undefined); // The user then keeps an incomplete file.
    if (this.#sink === undefined && handle !== undefined) await removePart(handle, clock);
    downloads.remove(key);
  }

  /** Flushes the file. If writing fails, the next attempt reopens it. */
  async #keep(): Promise<void> {
    try {
      await this.#sink?.keep();
    } catch (error) {
      asFault(error);
      if (this.isResumable) this.#sink = undefined;
    }
  }
}

/** Returns a request that resumes after the chunks in the sink. */
export function requestInto(sink: SaveSink, file: FileId): DownloadRequest {
  const openSink: DownloadRequest["openSink"] = async (about) => sink.opened(about);
  return { file, into: "", chunksLeft: () => sink.have, openSink };
}
