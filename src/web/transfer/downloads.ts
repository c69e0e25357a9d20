/** Downloads that the page fetches and verifies chunk by chunk. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { cleanFileName } from "../../base/file-names.ts";
import { type FileId, ID_BYTES, isFileId } from "../../base/ids.ts";
import { DOWNLOAD_NOTE_KEEP_MS, PAGE_DOWNLOADS_KEPT_MAX } from "../../base/limits-page.ts";
import { type GetRequest, type GotFile, Transfers } from "../../client/transfer/transfers.ts";
import type { TransferState } from "../../core/model/state.ts";
import type { ProgressReport } from "../../core/transfer/progress.ts";
import type { SaveHandle } from "../browser/environment.ts";
import { MemoryTarget, SaveSink } from "../browser/save-sink.ts";
import { removePart } from "../browser/save-targets.ts";
import {
  type JournalEntry,
  type JournalOptions,
  type PageTransfersOptions,
  TransferJournal,
} from "./journal.ts";
import { PageFiles } from "./page-files.ts";

/** A download into a file that the user has chosen. */
interface DownloadEntry extends JournalEntry {
  readonly file: FileId;
  readonly handle: SaveHandle;
}

const JOURNAL: JournalOptions<DownloadEntry> = {
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

export interface PreviewOptions {
  /** Hex, as in the message that announces the file. */
  readonly digest?: string;
  readonly signal?: AbortSignal;
}

interface Download {
  readonly key: string;
  readonly file: FileId;
  readonly name: string;
  readonly begunUnixMs: number;
  /** Lets a later page resume; `undefined` if the download ends with this page. */
  readonly handle: SaveHandle | undefined;
  /** `undefined` if it must be reopened by its handle. */
  sink: SaveSink | undefined;
  state: TransferState;
  progress: ProgressReport | undefined;
  stop: AbortController | undefined;
  /** The last run; it may still be writing. */
  running: Promise<void>;
  release: () => void;
}

type Begun = Pick<Download, "key" | "file" | "name" | "begunUnixMs" | "handle" | "sink">;

/**
 * Downloads by the page itself: each chunk is checked before it is written. They can be paused, and
 * the next page resumes them if the browser keeps the chosen file. The browser's own unchecked
 * downloads do not use this.
 */
export class Downloads {
  readonly #options: PageTransfersOptions;
  readonly #journal: TransferJournal<DownloadEntry>;
  readonly #files: PageFiles;
  readonly #downloads = new Map<string, Download>(); // Bounded by the user's requests.
  #isLeft = false;

  constructor(options: PageTransfersOptions) {
    this.#options = options;
    this.#journal = new TransferJournal(options.platform.store, options.owner, JOURNAL);
    const { channels, sealed } = options;
    const transfers = new Transfers(channels);
    const { hashing } = channels;
    this.#files = new PageFiles({ transfers, hashing, uploads: undefined, sealed });
  }

  /** Asks where to save. Must be called from a click. */
  async add(file: FileId, named: string): Promise<void> {
    const { platform, channels } = this.#options;
    const name = cleanFileName(named);
    const target = await platform.chooseTarget(name);
    if (target === undefined) return;
    const key = toBase64Url(platform.entropy(ID_BYTES));
    const begunUnixMs = platform.clock.unixMs();
    const { handle } = target;
    const sink = new SaveSink(target, channels.hashing);
    const download = this.#put({ key, file, name, begunUnixMs, handle, sink });
    this.#note(download);
    this.#begin(download);
    download.release = (await platform.locks.hold(lockOf(key))) ?? (() => undefined);
    if (this.#downloads.get(key) !== download) download.release();
  }

  /** Shows the downloads of earlier pages and resumes those whose file may be written. */
  async restore(): Promise<void> {
    const { clock, locks } = this.#options.platform;
    for (const entry of await this.#journal.left(clock.unixMs())) {
      const isFull = this.#downloads.size >= PAGE_DOWNLOADS_KEPT_MAX;
      if (this.#downloads.has(entry.key) || isFull) continue;
      const release = await locks.hold(lockOf(entry.key));
      if (release === undefined) continue; // Another tab is downloading it.
      const isAllowed = await mayWrite(entry, "queryPermission");
      if (this.#isLeft) return release();
      const download = this.#put({ ...entry, sink: undefined });
      download.release = release;
      if (isAllowed && !entry.isPaused) this.#begin(download);
      else if (isAllowed) download.state = { kind: "paused" };
      else download.state = { kind: "needs-file", again: "permit" };
      this.#tell(download);
    }
  }

  /**
   * Fetches a whole file into memory and checks it. @throws {Fault} too-large, checksum-wrong, or
   * as a download
   */
  async preview(
    file: FileId,
    sizeBytesMax: number,
    { digest, signal }: PreviewOptions = {},
  ): Promise<Uint8Array> {
    const target = new MemoryTarget(sizeBytesMax);
    const sink = new SaveSink(target, this.#options.channels.hashing);
    const got = await this.#get(file, sink, { signal, isPreview: true });
    if (digest !== undefined && got.digest !== digest) {
      throw new Fault("checksum-wrong", "this is not the file that the message names");
    }
    return target.bytes();
  }

  pause(key: string): void {
    const download = this.#downloads.get(key);
    if (download?.state.kind !== "running") return;
    download.state = { kind: "paused" };
    download.stop?.abort();
    download.stop = undefined;
    this.#note(download);
    this.#tell(download);
  }

  /** Must be called from a click: the browser may ask for permission to write. */
  async resume(key: string): Promise<void> {
    const download = this.#downloads.get(key);
    if (download === undefined) return;
    const { state, handle } = download;
    if (state.kind === "needs-file") {
      if (handle === undefined || !(await mayWrite({ handle }, "requestPermission"))) return;
    } else if (state.kind !== "paused" && state.kind !== "failed") return;
    if (this.#downloads.get(key) !== download || download.state !== state) return;
    this.#begin(download);
    this.#note(download);
  }

  cancel(key: string): void {
    const download = this.#downloads.get(key);
    if (download === undefined) return;
    this.#downloads.delete(key);
    download.stop?.abort();
    void this.#forget(download);
  }

  /** Removes the entry last, so that the next page can clean up if this one ends. */
  async #forget({ key, sink, handle, release }: Download): Promise<void> {
    const { clock } = this.#options.platform;
    await sink?.abandon().catch(() => undefined); // The user then keeps an incomplete file.
    if (sink === undefined && handle !== undefined) await removePart(handle, clock);
    this.#journal.remove(key);
    release();
    this.#options.tell({ kind: "transfer-gone", id: key });
  }

  /** Stops, keeping what a later page can resume. */
  leave(): void {
    this.#isLeft = true;
    for (const download of [...this.#downloads.values()]) {
      if (download.handle === undefined) this.cancel(download.key);
      download.stop?.abort();
      download.release();
    }
    this.#downloads.clear();
  }

  #put(begun: Begun): Download {
    const download: Download = {
      ...begun,
      state: { kind: "running" },
      progress: undefined,
      stop: undefined,
      running: Promise.resolve(),
      release: () => undefined,
    };
    this.#downloads.set(begun.key, download);
    return download;
  }

  #begin(download: Download): void {
    const { running } = download;
    download.state = { kind: "running" };
    download.running = running.then(() => this.#run(download));
  }

  async #run(download: Download): Promise<void> {
    if (download.state.kind !== "running" || this.#isLeft) return; // Paused in the meantime.
    const stop = new AbortController();
    download.stop = stop;
    this.#tell(download);
    try {
      const sink = await this.#sinkOf(download);
      const onProgress = (progress: ProgressReport) => {
        download.progress = progress;
        if (download.stop === stop) this.#tell(download);
      };
      await this.#get(download.file, sink, { signal: stop.signal, onProgress });
      this.#journal.remove(download.key);
      this.#settle(download, stop, { kind: "done" });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      await this.#keep(download);
      if (!stop.signal.aborted) this.#settle(download, stop, { kind: "failed", fault: error });
    }
  }

  /** @throws {Fault} store-… */
  async #sinkOf(download: Download): Promise<SaveSink> {
    const { sink, handle } = download;
    if (sink !== undefined) return sink;
    if (handle === undefined) throw new Fault("internal", "a download has nowhere to go");
    download.sink = await SaveSink.again(handle, this.#options.channels.hashing);
    return download.sink;
  }

  /** Flushes the file. If writing fails, the next attempt reopens it. */
  async #keep(download: Download): Promise<void> {
    try {
      await download.sink?.keep();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (download.handle !== undefined) download.sink = undefined;
    }
  }

  #get(
    file: FileId,
    sink: SaveSink,
    about: Partial<Pick<GetRequest, "signal" | "onProgress" | "isPreview">>,
  ): Promise<GotFile> {
    return this.#files.get({
      file,
      into: "",
      chunksLeft: () => sink.have,
      openSink: async (opened) => sink.opened(opened),
      ...about,
    });
  }

  #settle(download: Download, stop: AbortController, state: TransferState): void {
    if (download.stop !== stop) return;
    download.stop = undefined;
    download.state = state;
    this.#tell(download);
  }

  #note({ key, file, name, handle, begunUnixMs, state }: Download): void {
    if (handle === undefined) return;
    const isPaused = state.kind === "paused";
    this.#journal.put({ key, file, name, handle, begunUnixMs, isPaused });
  }

  #tell({ key, file, name, state, progress }: Download): void {
    if (this.#isLeft) return;
    const transfer = { id: key, kind: "download", file, name, to: [], state, progress } as const;
    this.#options.tell({ kind: "transfer", transfer });
  }
}

function lockOf(key: string): string {
  return `chat download ${key}`;
}

async function mayWrite(
  { handle }: Pick<DownloadEntry, "handle">,
  how: "queryPermission" | "requestPermission",
): Promise<boolean> {
  return (await handle[how]?.({ mode: "readwrite" })) === "granted";
}
