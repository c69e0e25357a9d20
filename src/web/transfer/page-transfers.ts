/** Uploads and downloads of one account on the page. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { cleanFileName } from "../../base/file-names.ts";
import { type FileId, ID_BYTES } from "../../base/ids.ts";
import {
  CONCURRENT_PAGE_UPLOADS_MAX,
  PAGE_DOWNLOADS_STORED_MAX,
  PAGE_UPLOADS_MAX,
} from "../../base/limits-page.ts";
import { AccountFiles } from "../../client/sealed/account-files.ts";
import { TransferQueue } from "../../client/transfer/queue.ts";
import { Transfers } from "../../client/transfer/transfers.ts";
import { stampOf } from "../browser/file-source.ts";
import { MemoryTarget, SaveSink } from "../browser/save-sink.ts";
import { DOWNLOAD_JOURNAL, Download, type DownloadParts, requestInto } from "./download.ts";
import { type PageTask, type PageTransfersOptions, TransferJournal } from "./journal.ts";
import { KeptAttached } from "./kept-attached.ts";
import { Upload, type UploadParts } from "./upload.ts";
import { BrowserUploadJournal, type UploadEntry } from "./upload-journal.ts";

/** Creates the transfers; their code is loaded after login. */
export type OpenTransfers = (options: PageTransfersOptions) => PageTransfers;

export type UploadWay = Partial<Pick<UploadEntry, "handle" | "text" | "sending">>;

export interface PreviewOptions {
  /** Hex, as in the message that announces the file. */
  readonly digest?: string;
  readonly signal?: AbortSignal;
}

/** Downloads are not bounded: the user starts each one. */
const AT_ONCE = { upload: CONCURRENT_PAGE_UPLOADS_MAX, download: Number.POSITIVE_INFINITY };

/** Journals let a reloaded page resume the transfers. */
export class PageTransfers extends TransferQueue<PageTask> {
  readonly attached: KeptAttached;
  readonly files: AccountFiles;
  readonly #options: PageTransfersOptions;
  readonly #parts: UploadParts & { readonly uploads: BrowserUploadJournal } & DownloadParts;

  constructor(options: PageTransfersOptions) {
    const { platform, owner, channels, session, say, tell } = options;
    const { locks, store, clock } = platform;
    super({
      runningMax: AT_ONCE,
      lock: ({ kind, id }) => locks.hold(`chat ${kind} ${id}`),
      emit: tell,
    });
    const uploads = new BrowserUploadJournal(store, owner);
    const downloads = new TransferJournal(store, owner, DOWNLOAD_JOURNAL);
    const { hashing } = channels;
    const transfers = new Transfers(channels);
    const files = new AccountFiles({ transfers, hashing, uploads, session: () => session });
    this.#options = options;
    this.#parts = { files, uploads, downloads, clock, hashing, say };
    this.files = files;
    this.attached = new KeptAttached(options);
  }

  /** Shows the transfers of earlier pages and resumes those it can. @throws {Fault} store-… */
  async restoreAll(): Promise<void> {
    const { uploads, downloads, clock } = this.#parts;
    for (const [target, one] of await this.attached.restore()) this.#options.attach?.(target, one);
    for (const entry of await uploads.left(clock.unixMs())) {
      if (this.ofKind("upload").length >= PAGE_UPLOADS_MAX) break;
      const upload = new Upload(this.#parts, entry);
      await this.restore(upload, async () => {
        await uploads.adopt(entry);
        if (await upload.isReadable()) return { kind: entry.isPaused ? "paused" : "queued" };
        return { kind: "needs-file", again: entry.handle === undefined ? "choose" : "permit" };
      });
    }
    for (const entry of await downloads.left(clock.unixMs())) {
      if (this.ofKind("download").length >= PAGE_DOWNLOADS_STORED_MAX) break;
      const download = new Download(this.#parts, entry);
      await this.restore(download, async () => {
        if (!(await download.mayWrite("queryPermission"))) {
          return { kind: "needs-file", again: "permit" };
        }
        return { kind: entry.isPaused ? "paused" : "queued" };
      });
    }
  }

  /** Id shared by files that are sent together. */
  newSending(): string {
    return toBase64Url(this.#options.platform.entropy(ID_BYTES));
  }

  /** Starts an upload, or resumes one of the same file to the same target. */
  async upload(to: string, file: File, { handle, text, sending }: UploadWay = {}): Promise<void> {
    const { uploads, clock } = this.#parts;
    const shown = this.ofKind("upload");
    const left = shown.find(({ task, state }) => {
      const isSame = task instanceof Upload && task.isOf(file) && task.noted?.to === to;
      return state.kind === "needs-file" && isSame;
    })?.task.view.id;
    if (left !== undefined) {
      const given = { ...(text && { text }), ...(sending && { sending }) };
      const noted = uploads.get(left);
      if (noted !== undefined) uploads.put({ ...noted, ...given });
      return this.resume(left, (task) => task.reopen(file));
    }
    if (shown.length >= PAGE_UPLOADS_MAX) {
      throw new Fault("too-many", `${PAGE_UPLOADS_MAX} files are on their way already`);
    }
    const entry: UploadEntry = {
      ...this.#options.owner,
      key: toBase64Url(this.#options.platform.entropy(ID_BYTES)),
      to,
      name: file.name,
      sizeBytes: file.size,
      stamp: stampOf(file),
      handle,
      text,
      sending,
      isPaused: false,
      begunUnixMs: clock.unixMs(),
      file: undefined,
      upTo: 0,
    };
    uploads.put(entry);
    await this.add(new Upload(this.#parts, entry, file));
  }

  /** Asks where to save. Must be called from a click. */
  async download(file: FileId, named: string): Promise<void> {
    const { platform } = this.#options;
    const { clock, hashing } = this.#parts;
    const name = cleanFileName(named);
    const target = await platform.chooseTarget(name);
    if (target === undefined) return;
    const key = toBase64Url(platform.entropy(ID_BYTES));
    const begun = { key, file, name, handle: target.handle, begunUnixMs: clock.unixMs() };
    const download = new Download(this.#parts, begun, new SaveSink(target, hashing));
    download.storePaused(false);
    await this.add(download);
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
    const request = requestInto(new SaveSink(target, this.#parts.hashing), file);
    const got = await this.files.get({ ...request, signal, isPreview: true });
    if (digest !== undefined && got.digest !== digest) {
      throw new Fault("checksum-wrong", "this is not the file that the message names");
    }
    return target.bytes();
  }

  /** Resolves when the journal of uploads is written. */
  written(): Promise<void> {
    return this.#parts.uploads.written();
  }

  override close(): void {
    super.close();
    this.attached.leave();
  }
}

export const openTransfers: OpenTransfers = (options) => new PageTransfers(options);
