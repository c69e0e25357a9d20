/** Files of one account on the page: downloads, and the messages whose files are uploaded. */

import * as v from "valibot";
import { assert } from "../../base/assert.ts";
import { toBase64Url } from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import { cleanFileName } from "../../base/file-names.ts";
import { type FileId, ID_BYTES, isFileId } from "../../base/ids.ts";
import { DOWNLOAD_NOTE_KEEP_MS, PAGE_DOWNLOADS_STORED_MAX } from "../../base/limits-page.ts";
import type { DownloadSinkOptions } from "../../client/files/download.ts";
import type { Hashing } from "../../client/files/hashing.ts";
import { MemorySink } from "../../client/files/memory-sink.ts";
import { type RunOptions, TransferQueue, type TransferTask } from "../../client/files/queue.ts";
import { Transfers } from "../../client/files/transfers.ts";
import type { Clock } from "../../io/clock.ts";
import { ifPossible } from "../../io/promises.ts";
import type { FileDetails } from "../../wire/file-details.ts";
import type { SaveHandle, SaveTarget } from "../browser/environment.ts";
import { withFetchFault } from "../browser/parts.ts";
import { SaveSink } from "../browser/save-sink.ts";
import { removeIncomplete } from "../browser/save-targets.ts";
import { AttachmentStore } from "./attachment-store.ts";
import {
  type JournalEntry,
  type JournalOptions,
  type PageTask,
  type PageTransfersOptions,
  TransferJournal,
} from "./journal.ts";
import { PreviewStore } from "./preview-store.ts";
import { BrowserUploadJournal } from "./upload-journal.ts";
import { WaitingMessages } from "./waiting-messages.ts";

/** Folder as its message describes it. */
export interface SavedFolder {
  readonly manifestBytes: number;
  readonly details: FileDetails | undefined;
}

export interface PreviewOptions {
  readonly digest?: string;
  readonly signal?: AbortSignal;
}

export class PageTransfers extends TransferQueue<PageTask> {
  readonly attached: AttachmentStore;
  readonly files: Transfers;
  readonly madePreviews: PreviewStore;
  readonly messages: WaitingMessages;
  readonly #dependencies: DownloadDependencies;

  /** Downloads have no limit, because the user starts each of them. */
  constructor(private readonly options: PageTransfersOptions) {
    const { platform, owner, channels, session, emit } = options;
    const { locks, store, clock } = platform;
    super({ lock: ({ kind, id }) => locks.hold(`chat ${kind} ${id}`), emit });
    const journal = new BrowserUploadJournal(store, owner, clock);
    const downloads = new TransferJournal<DownloadEntry>(store, owner, DOWNLOAD_JOURNAL);
    const { hashing } = channels;
    const files = new Transfers({ ...channels, uploads: journal, session: () => session });
    this.#dependencies = { files, downloads, clock, hashing };
    this.files = files;
    const sentKeys = () => this.messages.fileKeys();
    const attached = new AttachmentStore({ platform, owner, sentKeys });
    this.attached = attached;
    this.messages = new WaitingMessages({ ...options, attached, journal, files });
    this.madePreviews = new PreviewStore(options);
  }

  async restoreAll(): Promise<void> {
    const { downloads, clock } = this.#dependencies;
    await this.messages.restore();
    for (const [target, attachment] of await this.attached.restore())
      this.options.attach?.(target, attachment);
    for (const entry of await downloads.loadEntries(clock.unixMs())) {
      if (this.ofKind("download").length >= PAGE_DOWNLOADS_STORED_MAX) break;
      const download = new Download(this.#dependencies, entry);
      await this.restore(download, async () => {
        if (!(await download.mayWrite("queryPermission"))) return { kind: "needs-permission" };
        return { kind: entry.isPaused ? "paused" : "queued" };
      });
    }
  }

  /**
   * Must be called from a click handler, as the save dialog requires.
   * @param folder saves the content of a folder as a zip archive
   */
  async download(file: FileId, suggestedName: string, folder?: SavedFolder): Promise<void> {
    const { platform } = this.options;
    const { clock, hashing } = this.#dependencies;
    const root = cleanFileName(suggestedName);
    const name = folder === undefined ? root : cleanFileName(`${root}.zip`);
    const chosen = await platform.chooseTarget(name);
    if (chosen === undefined) return;
    const target = folder === undefined ? chosen : await zipTarget(chosen, root, folder);
    const key = toBase64Url(platform.entropy(ID_BYTES));
    const info = { key, file, name, handle: target.handle, begunUnixMs: clock.unixMs() };
    const download = new Download(this.#dependencies, info, new SaveSink(target, hashing));
    download.storePaused(false);
    await this.add(download);
  }

  /** @throws {Fault} too-large, checksum-wrong, or a fault of a download */
  async preview(
    file: FileId,
    sizeBytesMax: number,
    { digest, signal }: PreviewOptions = {},
  ): Promise<Uint8Array> {
    const sink = new MemorySink(sizeBytesMax, this.#dependencies.hashing.sha256);
    const openSink = async () => sink;
    const result = await this.files.get({ file, into: "", openSink, signal, isView: true });
    if (digest !== undefined && result.digest !== digest) {
      throw new Fault("checksum-wrong", "the file does not match its message");
    }
    return sink.bytes();
  }

  /** @param common `seq` of the last record that both histories contain */
  async historyReplaced(common: number): Promise<void> {
    await this.messages.historyReplaced(common);
    await this.attached.historyReplaced(common);
  }

  async written(): Promise<void> {
    await Promise.all([this.messages.written(), this.attached.written()]);
  }

  override close(): void {
    super.close();
    this.messages.close();
    this.attached.close();
    this.madePreviews.close();
  }
}

const zipModule = withFetchFault(() => import("../browser/zip-target.ts"));

async function zipTarget(
  chosen: SaveTarget,
  root: string,
  { manifestBytes, details }: SavedFolder,
): Promise<SaveTarget> {
  const { ZipTarget } = await zipModule();
  return new ZipTarget(chosen, root, manifestBytes, details);
}

interface DownloadEntry extends JournalEntry {
  readonly name: string;
  readonly isPaused: boolean;
  readonly file: FileId;
  readonly handle: SaveHandle;
}

const DOWNLOAD_JOURNAL: JournalOptions = {
  table: "downloads",
  maxAgeMs: DOWNLOAD_NOTE_KEEP_MS,
  schema: v.looseObject({
    key: v.string(),
    file: v.pipe(v.string(), v.check(isFileId)),
    name: v.string(),
    handle: v.custom((handle) => typeof handle === "object"),
    begunUnixMs: v.number(),
  }),
};

interface DownloadDependencies {
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
class Download implements PageTask {
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
      const { sink } = this;
      assert(sink !== undefined, "a download without a handle keeps its sink");
      const openSink = async (options: DownloadSinkOptions) => sink.opened(options);
      const chunksLeft = () => sink.have;
      await files.get({ file, into: "", chunksLeft, openSink, signal, onProgress });
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
    await ifPossible(this.sink?.abandon());
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
