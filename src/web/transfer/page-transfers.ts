/** Uploads and downloads of one account on the page. */

import * as v from "valibot";
import { assert } from "../../base/assert.ts";
import { toBase64Url } from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import { cleanFileName } from "../../base/file-names.ts";
import { type FileId, ID_BYTES, isFileId } from "../../base/ids.ts";
import {
  CONCURRENT_PAGE_UPLOADS_MAX,
  DOWNLOAD_NOTE_KEEP_MS,
  PAGE_DOWNLOADS_STORED_MAX,
  PAGE_UPLOADS_MAX,
} from "../../base/limits-page.ts";
import type { DownloadSinkOptions } from "../../client/files/download.ts";
import type { Hashing } from "../../client/files/hashing.ts";
import { countLocated } from "../../client/files/located-files.ts";
import { MemorySink } from "../../client/files/memory-sink.ts";
import { sentWhole } from "../../client/files/message.ts";
import { type RunOptions, TransferQueue, type TransferTask } from "../../client/files/queue.ts";
import { type PreviewContent, Transfers } from "../../client/files/transfers.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { isVoiceName } from "../../core/client/voice.ts";
import { type FileMessage, fileMessageOf } from "../../core/rooms/files.ts";
import type { Source } from "../../io/blob/interfaces.ts";
import type { Clock } from "../../io/clock.ts";
import { ifPossible } from "../../io/promises.ts";
import { PageFault } from "../../ui/text/fault-text.ts";
import type { FileDetails } from "../../wire/file-details.ts";
import type { SaveHandle, SaveTarget } from "../browser/environment.ts";
import { FileSource, fileStamp, readableFile } from "../browser/file-source.ts";
import { withFetchFault } from "../browser/parts.ts";
import { SaveSink } from "../browser/save-sink.ts";
import { removeIncomplete } from "../browser/save-targets.ts";
import { readSound } from "../browser/sound.ts";
import { AttachmentStore } from "./attachment-store.ts";
import { type AttachedContent, folderModule } from "./attachments.ts";
import {
  type JournalEntry,
  type JournalOptions,
  type PageTask,
  type PageTransfersOptions,
  TransferJournal,
} from "./journal.ts";
import type { Photos } from "./photos.ts";
import { PreviewStore } from "./preview-store.ts";
import { BrowserUploadJournal, type UploadEntry } from "./upload-journal.ts";

export type PageUploadOptions = FileMessage & Partial<Pick<UploadEntry, "handle" | "isSmaller">>;

/** Folder as its message describes it. */
export interface SavedFolder {
  readonly manifestBytes: number;
  readonly details: FileDetails | undefined;
}

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
    const { platform, owner, channels, session, photos, emit } = options;
    const { locks, store, clock } = platform;
    super({
      runningMax: CONCURRENT_MAX,
      lock: ({ kind, id }) => locks.hold(`chat ${kind} ${id}`),
      emit,
    });
    const uploads = new BrowserUploadJournal(store, owner);
    const downloads = new TransferJournal<DownloadEntry>(store, owner, DOWNLOAD_JOURNAL);
    const { hashing } = channels;
    const files = new Transfers({ ...channels, uploads, session: () => session });
    this.#dependencies = { files, uploads, downloads, clock, hashing, photos, emit };
    this.files = files;
    this.attached = new AttachmentStore(options);
    this.madePreviews = new PreviewStore(options);
  }

  async restoreAll(): Promise<void> {
    const { uploads, downloads, clock } = this.#dependencies;
    for (const [target, attachment] of await this.attached.restore())
      this.options.attach?.(target, attachment);
    const contents = await uploads.loadContents();
    for (const entry of await uploads.loadEntries(clock.unixMs())) {
      if (this.ofKind("upload").length >= PAGE_UPLOADS_MAX) break;
      const upload = new Upload(this.#dependencies, entry, contents.get(entry.key));
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
    file: AttachedContent,
    { handle, isSmaller = false, ...message }: PageUploadOptions = {},
  ): Promise<void> {
    const { uploads, clock } = this.#dependencies;
    const { text, sending, re, thread } = message;
    const visible = this.ofKind("upload");
    const resumableId = visible.find(({ task, state }) => {
      if (!(task instanceof Upload) || !task.isSameFile(file)) return false;
      const { journalEntry: entry } = task;
      const isSame =
        entry?.to === to &&
        entry.re === re &&
        entry.thread === thread &&
        (entry.isSmaller ?? false) === isSmaller;
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
      stamp: stampOf(file),
      handle,
      isFolder: !(file instanceof File),
      ...message,
      isSmaller,
      isPaused: false,
      begunUnixMs: this.#lastBegunUnixMs,
      file: undefined,
      upTo: 0,
    };
    uploads.put(entry);
    if (handle === undefined && file instanceof File) uploads.putContent(entry.key, file);
    await this.add(new Upload(this.#dependencies, entry, file));
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
    const result = await this.files.get({ file, into: "", openSink, signal, isPreview: true });
    if (digest !== undefined && result.digest !== digest) {
      throw new Fault("checksum-wrong", "the file does not match its message");
    }
    return sink.bytes();
  }

  /**
   * Pauses uploads in threads that the accepted history lacks, and removes the reference.
   * @param common `seq` of the last record that both histories contain
   */
  async historyReplaced(common: number): Promise<void> {
    const { uploads } = this.#dependencies;
    for (const { task } of this.ofKind("upload")) {
      const { id } = task.view;
      if ((uploads.get(id)?.re ?? 0) <= common) continue;
      this.pause(id);
      const entry = uploads.get(id);
      if (entry !== undefined) uploads.put({ ...entry, re: undefined, thread: undefined });
    }
    await this.attached.historyReplaced(common);
    await this.written();
  }

  async written(): Promise<void> {
    await Promise.all([this.#dependencies.uploads.written(), this.attached.written()]);
  }

  override close(): void {
    super.close();
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

function stampOf(content: AttachedContent): string {
  return content instanceof File ? fileStamp(content) : content.stamp;
}

interface UploadDependencies extends Pick<PageTransfersOptions, "emit"> {
  readonly files: Transfers;
  readonly uploads: BrowserUploadJournal;
  readonly photos?: Photos | undefined;
}

class Upload implements PageTask {
  readonly isResumable = true;

  constructor(
    private readonly dependencies: UploadDependencies,
    private readonly entry: UploadEntry,
    private content?: AttachedContent,
  ) {}

  get view(): TransferTask["view"] {
    const { key: id, name, to, isFolder } = this.entry;
    return { id, kind: "upload", file: this.journalEntry?.file, name, to: [to], isFolder };
  }

  get journalEntry(): UploadEntry | undefined {
    return this.dependencies.uploads.get(this.entry.key);
  }

  isSameFile(content: AttachedContent): boolean {
    return this.entry.name === content.name && this.entry.stamp === stampOf(content);
  }

  get sending(): string | undefined {
    return this.journalEntry?.sending;
  }

  async run(options: RunOptions): Promise<void> {
    const { files, uploads, emit } = this.dependencies;
    const { journalEntry, content } = this;
    if (journalEntry === undefined || content === undefined) return;
    const { key, to } = journalEntry;
    const { text = "", re, thread } = fileMessageOf(journalEntry);
    const body = { ...withMentions({ text }), re, thread: thread === true || undefined };
    const { source, preview } = await this.#open(content, journalEntry);
    try {
      const { onProgress, ...sending } = options;
      const file = { source, preview, onProgress };
      sentWhole(await files.sendMessage({ to: [to], body, files: [file], ...sending }));
      uploads.remove(key);
      const omissions = content instanceof File ? undefined : content.takeOmissions();
      if (omissions !== undefined) emit({ kind: "fault", fault: omissions });
    } finally {
      source.close();
    }
  }

  async #open(
    original: AttachedContent,
    { key, stamp }: UploadEntry,
  ): Promise<{ readonly source: Source; readonly preview?: PreviewContent | undefined }> {
    if (!(original instanceof File)) return { source: original.open(key) };
    const content = await this.#chosenSize(original);
    const sound = isVoiceName(content.name) ? await readSound(content) : undefined;
    const source = new FileSource(content, key, stamp, sound);
    return { source, preview: await this.dependencies.photos?.preview(content) };
  }

  /** @throws {Fault} not-allowed if the position that the user left out would be sent */
  async #chosenSize(original: File): Promise<File> {
    const { photos } = this.dependencies;
    if (photos === undefined || this.journalEntry?.isSmaller !== true) return original;
    const smaller = await photos.smaller(original);
    if (smaller === undefined && (await countLocated([readableFile(original)])).has > 0)
      throw new PageFault("not-allowed", "positionRemains");
    return smaller ?? original;
  }

  async isReadable(): Promise<boolean> {
    this.content ??= await this.#permitted("queryPermission");
    return this.content !== undefined;
  }

  async reopen(chosen?: AttachedContent): Promise<boolean> {
    const content = chosen ?? this.content ?? (await this.#permitted("requestPermission"));
    if (content === undefined || this.journalEntry === undefined) return false;
    if (content !== this.content && !this.isSameFile(content)) {
      const text = this.entry.isFolder === true ? "otherFolder" : "otherFile";
      throw new PageFault("file-changed", text);
    }
    this.content = content;
    return true;
  }

  storePaused(isPaused: boolean): void {
    if (this.journalEntry !== undefined)
      this.dependencies.uploads.put({ ...this.journalEntry, isPaused });
  }

  discard(): void {
    const { files, uploads } = this.dependencies;
    const file = this.journalEntry?.file;
    uploads.remove(this.entry.key);
    if (file !== undefined) files.withdraw(file).catch(asFault);
  }

  async #permitted(
    method: "queryPermission" | "requestPermission",
  ): Promise<AttachedContent | undefined> {
    const { handle, stamp } = this.entry;
    if (handle === undefined) return undefined;
    if ((await handle[method]?.({ mode: "read" })) !== "granted") return undefined;
    try {
      const content =
        "getFile" in handle
          ? await handle.getFile()
          : await (await folderModule()).LocalFolder.read(handle);
      return stampOf(content) === stamp ? content : undefined;
    } catch {
      return undefined;
    }
  }
}

interface DownloadEntry extends JournalEntry {
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
