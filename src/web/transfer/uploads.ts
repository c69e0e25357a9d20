/** Uploads of the page: queued, resumable and journaled. */

import { toBase64Url } from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import { ID_BYTES } from "../../base/ids.ts";
import { PAGE_UPLOADS_AT_ONCE, PAGE_UPLOADS_MAX } from "../../base/limits-page.ts";
import { Transfers } from "../../client/transfer/transfers.ts";
import type { TransferState } from "../../core/model/state.ts";
import type { ProgressReport } from "../../core/transfer/progress.ts";
import { PageFault } from "../../ui/text/page-fault.ts";
import { FileSource, stampOf } from "../browser/file-source.ts";
import type { PageTransfersOptions } from "./journal.ts";
import { PageFiles } from "./page-files.ts";
import { BrowserUploadJournal, type FileHandle, type UploadEntry } from "./upload-journal.ts";

/** An upload shown on the page. */
interface Upload {
  readonly key: string;
  readonly name: string;
  readonly to: string;
  /** `undefined` if the user must choose the file again. */
  file: File | undefined;
  state: TransferState | { readonly kind: "queued" };
  progress: ProgressReport | undefined;
  stop: AbortController | undefined;
  release: () => void;
}

export interface UploadWay {
  /** Lets a later page read the file again; `undefined` if unsupported. */
  readonly handle?: FileHandle | undefined;
  /** Text posted with the file. */
  readonly text?: string | undefined;
  /** Shared by all files that are sent together. */
  readonly sending?: string | undefined;
}

/** Files that this page sends. A journal lets a reloaded page resume them. */
export class Uploads {
  readonly #options: PageTransfersOptions;
  readonly #journal: BrowserUploadJournal;
  readonly #files: PageFiles;
  readonly #uploads = new Map<string, Upload>(); // By key; bounded by PAGE_UPLOADS_MAX.
  #isLeft = false;

  constructor(options: PageTransfersOptions) {
    this.#options = options;
    this.#journal = new BrowserUploadJournal(options.platform.store, options.owner);
    const { channels, sealed } = options;
    const transfers = new Transfers(channels);
    const { hashing } = channels;
    this.#files = new PageFiles({ transfers, hashing, uploads: this.#journal, sealed });
  }

  has(key: string): boolean {
    return this.#uploads.has(key);
  }

  /** Shows the uploads of earlier pages and resumes those whose file can be read. */
  async restore(): Promise<void> {
    const { clock, locks } = this.#options.platform;
    for (const entry of await this.#journal.left(clock.unixMs())) {
      if (this.#uploads.has(entry.key) || this.#uploads.size >= PAGE_UPLOADS_MAX) continue;
      const release = await locks.hold(lockOf(entry.key));
      if (release === undefined) continue; // Another tab is sending it.
      await this.#journal.adopt(entry);
      const file = await readable(entry);
      if (this.#isLeft) return release(); // The user may log out during the read.
      const again = entry.handle === undefined ? "choose" : "permit";
      const upload: Upload = {
        key: entry.key,
        name: entry.name,
        to: entry.to,
        file,
        state: file === undefined ? { kind: "needs-file", again } : { kind: "paused" },
        progress: undefined,
        stop: undefined,
        release,
      };
      this.#uploads.set(entry.key, upload);
      if (file !== undefined && !entry.isPaused) upload.state = { kind: "queued" };
      this.#tell(upload);
    }
    this.#next();
  }

  /** Id shared by files that are sent together. */
  newSending(): string {
    return toBase64Url(this.#options.platform.entropy(ID_BYTES));
  }

  /** Starts an upload, or resumes one of the same file to the same target. */
  async add(to: string, file: File, { handle, text, sending }: UploadWay = {}): Promise<void> {
    const left = [...this.#uploads.values()].find(({ key, state }) => {
      const entry = this.#journal.get(key);
      const isSame = entry?.to === to && entry.name === file.name && entry.stamp === stampOf(file);
      return state.kind === "needs-file" && isSame;
    });
    if (left !== undefined) {
      const entry = this.#journal.get(left.key);
      const given = { ...(text && { text }), ...(sending && { sending }) };
      if (entry !== undefined) this.#journal.put({ ...entry, ...given });
      return this.resume(left.key, file);
    }
    if (this.#uploads.size >= PAGE_UPLOADS_MAX) {
      throw new Fault("too-many", `${PAGE_UPLOADS_MAX} files are on their way already`);
    }
    const { entropy, clock, locks } = this.#options.platform;
    const key = toBase64Url(entropy(ID_BYTES));
    this.#journal.put({
      ...this.#options.owner,
      key,
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
    });
    const state = { kind: "queued" } as const;
    const { name } = file;
    const nothing = { progress: undefined, stop: undefined, release: () => undefined };
    const upload: Upload = { key, name, to, file, state, ...nothing };
    this.#uploads.set(key, upload);
    this.#tell(upload);
    const release = await locks.hold(lockOf(key));
    if (release === undefined || this.#uploads.get(key) !== upload) return release?.();
    upload.release = release;
    this.#next();
  }

  pause(key: string): void {
    const upload = this.#uploads.get(key);
    if (upload === undefined || !isGoing(upload)) return;
    this.#keepPaused(key, true);
    upload.state = { kind: "paused" };
    upload.stop?.abort();
    upload.stop = undefined;
    this.#tell(upload);
    this.#next();
  }

  /** @param file chosen again by the user @throws {Fault} file-changed if it is another file */
  async resume(key: string, file?: File): Promise<void> {
    const upload = this.#uploads.get(key);
    const entry = this.#journal.get(key);
    if (upload === undefined || entry === undefined || isGoing(upload)) return;
    const given = file ?? upload.file ?? (await permitted(entry));
    if (given === undefined) return;
    if (stampOf(given) !== entry.stamp || given.name !== entry.name) {
      throw new PageFault("file-changed", "otherFile");
    }
    upload.file = given;
    upload.state = { kind: "queued" };
    this.#keepPaused(key, false);
    this.#tell(upload);
    this.#next();
  }

  /** Cancels an upload; the server discards its part. */
  cancel(key: string): void {
    const upload = this.#uploads.get(key);
    if (upload === undefined) return;
    const file = this.#journal.get(key)?.file;
    upload.stop?.abort();
    this.#forget(upload);
    // Ignored: the upload may be finished or the account gone.
    if (file !== undefined) this.#files.withdraw(file).catch(asFault);
    this.#next();
  }

  /** Hides an upload; cancels it first if unfinished. */
  dismiss(key: string): void {
    const upload = this.#uploads.get(key);
    if (upload?.state.kind === "done") this.#forget(upload);
    else this.cancel(key);
  }

  /**
   * Posts to sealed rooms the files that earlier pages uploaded but did not post. @throws {Fault}
   */
  sayLeft(): Promise<void> {
    return this.#files.sayLeft();
  }

  /** Resolves when the journal is written. */
  written(): Promise<void> {
    return this.#journal.written();
  }

  leave(): void {
    this.#isLeft = true;
    for (const upload of this.#uploads.values()) {
      upload.stop?.abort();
      upload.release();
    }
    this.#uploads.clear();
  }

  #next(): void {
    let running = 0;
    for (const { state } of this.#uploads.values()) if (state.kind === "running") running += 1;
    for (const upload of this.#uploads.values()) {
      if (running >= PAGE_UPLOADS_AT_ONCE) return;
      if (upload.state.kind !== "queued" || upload.file === undefined) continue;
      running += 1;
      void this.#run(upload, upload.file);
    }
  }

  async #run(upload: Upload, file: File): Promise<void> {
    const entry = this.#journal.get(upload.key);
    if (entry === undefined) return;
    const stop = new AbortController();
    const source = new FileSource(file, upload.key);
    upload.stop = stop;
    upload.state = { kind: "running" };
    this.#tell(upload);
    try {
      const sent = await this.#files.send({
        source,
        to: [entry.to],
        text: entry.text,
        sending: entry.sending,
        signal: stop.signal,
        onProgress: (progress) => {
          upload.progress = progress;
          if (upload.stop === stop) this.#tell(upload);
        },
      });
      const [refused] = sent.refused;
      if (refused !== undefined && sent.posted.length === 0) throw refused.fault;
      this.#journal.remove(upload.key);
      if (sent.unsaid !== undefined) this.#options.say?.(entry.to, sent.unsaid);
      this.#settle(upload, stop, { kind: "done" });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (stop.signal.aborted || this.#isLeft) return; // Paused, cancelled, or the page is closing.
      this.#settle(upload, stop, { kind: "failed", fault: error });
    } finally {
      source.close();
    }
  }

  #settle(upload: Upload, stop: AbortController, state: TransferState): void {
    if (upload.stop !== stop) return;
    upload.stop = undefined;
    upload.state = state;
    this.#tell(upload);
    this.#next();
  }

  #forget(upload: Upload): void {
    this.#uploads.delete(upload.key);
    this.#journal.remove(upload.key);
    upload.release();
    this.#options.tell({ kind: "transfer-gone", id: upload.key });
  }

  #keepPaused(key: string, isPaused: boolean): void {
    const entry = this.#journal.get(key);
    if (entry !== undefined) this.#journal.put({ ...entry, isPaused });
  }

  #tell({ key, name, to, state, progress }: Upload): void {
    if (this.#isLeft) return;
    const known = state.kind === "queued" ? ({ kind: "running" } as const) : state;
    const about = { id: key, file: this.#journal.get(key)?.file, name, to: [to] };
    const transfer = { ...about, kind: "upload", state: known, progress } as const;
    this.#options.tell({ kind: "transfer", transfer });
  }
}

function isGoing({ state }: Upload): boolean {
  return state.kind === "running" || state.kind === "queued";
}

function lockOf(key: string): string {
  return `chat upload ${key}`;
}

/** File of an earlier page, if the browser permits reading without a prompt. */
async function readable({ handle, stamp }: UploadEntry): Promise<File | undefined> {
  if (handle?.queryPermission === undefined) return undefined;
  if ((await handle.queryPermission({ mode: "read" })) !== "granted") return undefined;
  return sameFile(handle, stamp);
}

/** Must be called from a click: the browser asks the user for permission. */
async function permitted({ handle, stamp }: UploadEntry): Promise<File | undefined> {
  if (handle === undefined) return undefined;
  const answer = await handle.requestPermission?.({ mode: "read" });
  return answer === "granted" ? sameFile(handle, stamp) : undefined;
}

async function sameFile(handle: FileHandle, stamp: string): Promise<File | undefined> {
  try {
    const file = await handle.getFile();
    return stampOf(file) === stamp ? file : undefined;
  } catch {
    return undefined; // The file no longer exists.
  }
}
