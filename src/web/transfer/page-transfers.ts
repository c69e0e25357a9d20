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
import { TransferQueue } from "../../client/files/queue.ts";
import { Transfers } from "../../client/files/transfers.ts";
import { fileStamp } from "../browser/file-source.ts";
import { MemoryTarget, SaveSink } from "../browser/save-sink.ts";
import { AttachmentStore } from "./attachment-store.ts";
import { DOWNLOAD_JOURNAL, Download, type DownloadDependencies, sinkRequest } from "./download.ts";
import { type PageTask, type PageTransfersOptions, TransferJournal } from "./journal.ts";
import { PreviewStore } from "./preview-store.ts";
import { Upload, type UploadDependencies } from "./upload.ts";
import { BrowserUploadJournal, type UploadEntry } from "./upload-journal.ts";

export type UploadOptions = Partial<Pick<UploadEntry, "handle" | "text" | "sending" | "isSmaller">>;

export interface PreviewOptions {
  readonly digest?: string;
  readonly signal?: AbortSignal;
}

/** Downloads have no limit, because the user starts each of them. */
const CONCURRENT_MAX = { upload: CONCURRENT_PAGE_UPLOADS_MAX, download: Number.POSITIVE_INFINITY };

export class PageTransfers extends TransferQueue<PageTask> {
  readonly attached: AttachmentStore;
  readonly files: Transfers;
  readonly madePreviews: PreviewStore;
  #lastBegunUnixMs = 0;
  readonly #dependencies: UploadDependencies & {
    readonly uploads: BrowserUploadJournal;
  } & DownloadDependencies;

  constructor(private readonly options: PageTransfersOptions) {
    const { platform, owner, channels, session, photos, post, emit } = options;
    const { locks, store, clock } = platform;
    super({
      runningMax: CONCURRENT_MAX,
      lock: ({ kind, id }) => locks.hold(`chat ${kind} ${id}`),
      emit,
    });
    const uploads = new BrowserUploadJournal(store, owner);
    const downloads = new TransferJournal(store, owner, DOWNLOAD_JOURNAL);
    const { hashing } = channels;
    const files = new Transfers({ ...channels, uploads, session: () => session });
    this.#dependencies = { files, uploads, downloads, clock, hashing, post, photos };
    this.files = files;
    this.attached = new AttachmentStore(options);
    this.madePreviews = new PreviewStore(options);
  }

  async restoreAll(): Promise<void> {
    const { uploads, downloads, clock } = this.#dependencies;
    for (const [target, attachment] of await this.attached.restore())
      this.options.attach?.(target, attachment);
    for (const entry of await uploads.loadEntries(clock.unixMs())) {
      if (this.ofKind("upload").length >= PAGE_UPLOADS_MAX) break;
      const upload = new Upload(this.#dependencies, entry);
      await this.restore(upload, async () => {
        await uploads.adopt(entry);
        if (await upload.isReadable()) return { kind: entry.isPaused ? "paused" : "queued" };
        return { kind: "needs-file", again: entry.handle === undefined ? "choose" : "permit" };
      });
    }
    for (const entry of await downloads.loadEntries(clock.unixMs())) {
      if (this.ofKind("download").length >= PAGE_DOWNLOADS_STORED_MAX) break;
      const download = new Download(this.#dependencies, entry);
      await this.restore(download, async () => {
        if (!(await download.mayWrite("queryPermission"))) {
          return { kind: "needs-file", again: "permit" };
        }
        return { kind: entry.isPaused ? "paused" : "queued" };
      });
    }
  }

  newSending(): string {
    return toBase64Url(this.options.platform.entropy(ID_BYTES));
  }

  async upload(
    to: string,
    file: File,
    { handle, text, sending, isSmaller = false }: UploadOptions = {},
  ): Promise<void> {
    const { uploads, clock } = this.#dependencies;
    const visible = this.ofKind("upload");
    const resumableId = visible.find(({ task, state }) => {
      if (!(task instanceof Upload) || !task.isSameFile(file)) return false;
      const { journalEntry: entry } = task;
      const isSame = entry?.to === to && (entry.isSmaller ?? false) === isSmaller;
      return state.kind === "needs-file" && isSame;
    })?.task.view.id;
    if (resumableId !== undefined) {
      const changes = { ...(text && { text }), ...(sending && { sending }) };
      const entry = uploads.get(resumableId);
      if (entry !== undefined) uploads.put({ ...entry, ...changes });
      return this.resume(resumableId, (task) => task.reopen(file));
    }
    if (visible.length >= PAGE_UPLOADS_MAX) {
      throw new Fault("too-many", `${PAGE_UPLOADS_MAX} uploads are already in progress`);
    }
    // Times differ, so that a reloaded page restores the order.
    this.#lastBegunUnixMs = Math.max(clock.unixMs(), this.#lastBegunUnixMs + 1);
    const entry: UploadEntry = {
      ...this.options.owner,
      key: toBase64Url(this.options.platform.entropy(ID_BYTES)),
      to,
      name: file.name,
      sizeBytes: file.size,
      stamp: fileStamp(file),
      handle,
      text,
      sending,
      isSmaller,
      isPaused: false,
      begunUnixMs: this.#lastBegunUnixMs,
      file: undefined,
      upTo: 0,
    };
    uploads.put(entry);
    await this.add(new Upload(this.#dependencies, entry, file));
  }

  /** Must be called from a click handler, as the save dialog requires. */
  async download(file: FileId, suggestedName: string): Promise<void> {
    const { platform } = this.options;
    const { clock, hashing } = this.#dependencies;
    const name = cleanFileName(suggestedName);
    const target = await platform.chooseTarget(name);
    if (target === undefined) return;
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
    const target = new MemoryTarget(sizeBytesMax);
    const request = sinkRequest(new SaveSink(target, this.#dependencies.hashing), file);
    const result = await this.files.get({ ...request, signal, isPreview: true });
    if (digest !== undefined && result.digest !== digest) {
      throw new Fault("checksum-wrong", "the file does not match its message");
    }
    return target.bytes();
  }

  written(): Promise<void> {
    return this.#dependencies.uploads.written();
  }

  override close(): void {
    super.close();
    this.attached.close();
    this.madePreviews.close();
  }
}
