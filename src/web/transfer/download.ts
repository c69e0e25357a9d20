/** A download that the page fetches and verifies chunk by chunk. */

import { assert } from "../../base/assert.ts";
import { asFault } from "../../base/fault.ts";
import { type FileId, isFileId } from "../../base/ids.ts";
import { DOWNLOAD_NOTE_KEEP_MS } from "../../base/limits-page.ts";
import type { Hashing } from "../../client/files/hashing.ts";
import type { RunOptions, TransferTask } from "../../client/files/queue.ts";
import type { DownloadRequest, Transfers } from "../../client/files/transfers.ts";
import type { Clock } from "../../io/clock.ts";
import type { SaveHandle } from "../browser/environment.ts";
import { SaveSink } from "../browser/save-sink.ts";
import { removeIncomplete } from "../browser/save-targets.ts";
import type { JournalEntry, JournalOptions, PageTask, TransferJournal } from "./journal.ts";

export interface DownloadEntry extends JournalEntry {
  readonly file: FileId;
  readonly handle: SaveHandle;
}

export const DOWNLOAD_JOURNAL: JournalOptions<DownloadEntry> = {
  table: "downloads",
  maxAgeMs: DOWNLOAD_NOTE_KEEP_MS,
  parseEntry: (value) => {
    const { key, file, name, handle, begunUnixMs } = value;
    const isValid =
      typeof key === "string" &&
      typeof file === "string" &&
      isFileId(file) &&
      typeof name === "string" &&
      typeof handle === "object" &&
      typeof begunUnixMs === "number";
    return isValid ? (value as DownloadEntry) : undefined;
  },
};

export interface DownloadDependencies {
  readonly files: Transfers;
  readonly downloads: TransferJournal<DownloadEntry>;
  readonly clock: Clock;
  readonly hashing: Hashing;
}

type DownloadInfo = Pick<DownloadEntry, "key" | "file" | "name" | "begunUnixMs"> & {
  readonly handle: SaveHandle | undefined;
};

/**
 * Verifies each chunk before writing it. With file handles, a later page can resume the download.
 */
export class Download implements PageTask {
  readonly view: TransferTask["view"];
  readonly isResumable: boolean;
  #isPermitted: boolean;

  constructor(
    private readonly dependencies: DownloadDependencies,
    private readonly info: DownloadInfo,
    private sink?: SaveSink,
  ) {
    const { key: id, file, name, handle } = info;
    this.view = { id, kind: "download", file, name, to: [] };
    this.isResumable = handle !== undefined;
    this.#isPermitted = sink !== undefined;
  }

  async run({ signal, onProgress }: RunOptions): Promise<void> {
    const { files, downloads, hashing } = this.dependencies;
    const { key, file, handle } = this.info;
    try {
      if (handle !== undefined) this.sink ??= await SaveSink.resume(handle, hashing);
      assert(this.sink !== undefined, "a download without a handle keeps its sink");
      await files.get({ ...sinkRequest(this.sink, file), signal, onProgress });
      downloads.remove(key);
    } catch (error) {
      asFault(error);
      await this.#flush();
      throw error;
    }
  }

  async mayWrite(method: "queryPermission" | "requestPermission"): Promise<boolean> {
    const answer = await this.info.handle?.[method]?.({ mode: "readwrite" });
    this.#isPermitted = answer === "granted";
    return this.#isPermitted;
  }

  async reopen(): Promise<boolean> {
    return this.#isPermitted || this.mayWrite("requestPermission");
  }

  storePaused(isPaused: boolean): void {
    const { handle, ...entry } = this.info;
    if (handle !== undefined) this.dependencies.downloads.put({ ...entry, handle, isPaused });
  }

  async discard(): Promise<void> {
    const { downloads, clock } = this.dependencies;
    const { key, handle } = this.info;
    // If this fails, an incomplete file stays on disk.
    await this.sink?.abandon().catch(() => undefined);
    if (this.sink === undefined && handle !== undefined) await removeIncomplete(handle, clock);
    downloads.remove(key);
  }

  async #flush(): Promise<void> {
    try {
      await this.sink?.flush();
    } catch (error) {
      asFault(error);
      if (this.isResumable) this.sink = undefined;
    }
  }
}

export function sinkRequest(sink: SaveSink, file: FileId): DownloadRequest {
  const openSink: DownloadRequest["openSink"] = async (options) => sink.opened(options);
  return { file, into: "", chunksLeft: () => sink.have, openSink };
}
