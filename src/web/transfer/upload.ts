/** An upload of the page: resumable and journaled. */

import { asFault } from "../../base/fault.ts";
import type { AccountFiles } from "../../client/sealed/account-files.ts";
import type { TransferTask } from "../../client/transfer/queue.ts";
import type { ProgressReport } from "../../core/transfer/progress.ts";
import { PageFault } from "../../ui/text/page-fault.ts";
import { FileSource, stampOf } from "../browser/file-source.ts";
import type { PageTask } from "./journal.ts";
import type { BrowserUploadJournal, UploadEntry } from "./upload-journal.ts";

export interface UploadParts {
  readonly files: AccountFiles;
  readonly uploads: BrowserUploadJournal;
  /** Posts the text as a separate message if the server is too old to store it with the file. */
  readonly say?: ((to: string, text: string) => void) | undefined;
}

export class Upload implements PageTask {
  readonly isResumable = true;
  readonly #parts: UploadParts;
  /** As it began. */
  readonly #entry: UploadEntry;
  /** `undefined` if the user must choose the file again. */
  #content: File | undefined;

  constructor(parts: UploadParts, entry: UploadEntry, content?: File) {
    this.#parts = parts;
    this.#entry = entry;
    this.#content = content;
  }

  get view(): TransferTask["view"] {
    const { key: id, name, to } = this.#entry;
    return { id, kind: "upload", file: this.noted?.file, name, to: [to] };
  }

  /** Its entry in the journal; `undefined` once the file is sent. */
  get noted(): UploadEntry | undefined {
    return this.#parts.uploads.get(this.#entry.key);
  }

  isOf(file: File): boolean {
    return this.#entry.name === file.name && this.#entry.stamp === stampOf(file);
  }

  async run(signal: AbortSignal, onProgress: (progress: ProgressReport) => void): Promise<void> {
    const { files, uploads, say } = this.#parts;
    const { noted } = this;
    if (noted === undefined || this.#content === undefined) return;
    const { key, to, text, sending } = noted;
    const source = new FileSource(this.#content, key);
    try {
      const sent = await files.send({ source, to: [to], text, sending, signal, onProgress });
      const [refused] = sent.refused;
      if (refused !== undefined && sent.posted.length === 0) throw refused.fault;
      uploads.remove(key);
      if (sent.unsaid !== undefined) say?.(to, sent.unsaid);
    } finally {
      source.close();
    }
  }

  /** Reads the file of an earlier page, if the browser permits it without a prompt. */
  async isReadable(): Promise<boolean> {
    this.#content ??= await this.#permitted("queryPermission");
    return this.#content !== undefined;
  }

  async reopen(chosen?: File): Promise<boolean> {
    const given = chosen ?? this.#content ?? (await this.#permitted("requestPermission"));
    if (given === undefined || this.noted === undefined) return false;
    if (!this.isOf(given)) throw new PageFault("file-changed", "otherFile");
    this.#content = given;
    return true;
  }

  storePaused(isPaused: boolean): void {
    if (this.noted !== undefined) this.#parts.uploads.put({ ...this.noted, isPaused });
  }

  /** The server discards its part, too. */
  discard(): void {
    const { files, uploads } = this.#parts;
    const file = this.noted?.file;
    uploads.remove(this.#entry.key);
    // Ignored: the upload may be finished or the account gone.
    if (file !== undefined) files.withdraw(file).catch(asFault);
  }

  /** Returns the file of an earlier page if it is still the same. */
  async #permitted(how: "queryPermission" | "requestPermission"): Promise<File | undefined> {
    const { handle, stamp } = this.#entry;
    if ((await handle?.[how]?.({ mode: "read" })) !== "granted") return undefined;
    try {
      const file = await handle?.getFile();
      return file !== undefined && stampOf(file) === stamp ? file : undefined;
    } catch {
      return undefined; // The file no longer exists.
    }
  }
}
