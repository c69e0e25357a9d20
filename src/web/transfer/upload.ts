/** A resumable, journaled upload of the page. */

import { asFault } from "../../base/fault.ts";
import type { RunOptions, TransferTask } from "../../client/files/queue.ts";
import type { Transfers } from "../../client/files/transfers.ts";
import { PageFault } from "../../ui/text/fault-text.ts";
import { FileSource, fileStamp } from "../browser/file-source.ts";
import type { PageTask } from "./journal.ts";
import type { Photos } from "./photos.ts";
import type { BrowserUploadJournal, UploadEntry } from "./upload-journal.ts";

export interface UploadDependencies {
  readonly files: Transfers;
  readonly uploads: BrowserUploadJournal;
  readonly post?: ((to: string, text: string) => void) | undefined;
  readonly photos?: Photos | undefined;
}

export class Upload implements PageTask {
  readonly isResumable = true;

  constructor(
    private readonly dependencies: UploadDependencies,
    private readonly entry: UploadEntry,
    private content?: File,
  ) {}

  get view(): TransferTask["view"] {
    const { key: id, name, to } = this.entry;
    return { id, kind: "upload", file: this.journalEntry?.file, name, to: [to] };
  }

  get journalEntry(): UploadEntry | undefined {
    return this.dependencies.uploads.get(this.entry.key);
  }

  isSameFile(file: File): boolean {
    return this.entry.name === file.name && this.entry.stamp === fileStamp(file);
  }

  get sending(): string | undefined {
    return this.journalEntry?.sending;
  }

  async run(options: RunOptions): Promise<void> {
    const { files, uploads, post, photos } = this.dependencies;
    const { journalEntry } = this;
    if (journalEntry === undefined || this.content === undefined) return;
    const { key, to, text, sending } = journalEntry;
    const content = await this.#chosenSize(this.content);
    const source = new FileSource(content, key, journalEntry.stamp);
    try {
      const preview = await photos?.preview(content);
      const result = await files.send({ source, to: [to], text, sending, preview, ...options });
      const [refused] = result.refused;
      if (refused !== undefined && result.posted.length === 0) throw refused.fault;
      uploads.remove(key);
      if (result.unsaid !== undefined) post?.(to, result.unsaid);
    } finally {
      source.close();
    }
  }

  /** @throws {Fault} not-allowed if the position that the user left out would be sent */
  async #chosenSize(original: File): Promise<File> {
    const { photos } = this.dependencies;
    if (photos === undefined || this.journalEntry?.isSmaller !== true) return original;
    const smaller = await photos.smaller(original);
    if (smaller === undefined && (await photos.inspect(original)).hasPosition)
      throw new PageFault("not-allowed", "positionRemains");
    return smaller ?? original;
  }

  async isReadable(): Promise<boolean> {
    this.content ??= await this.#permitted("queryPermission");
    return this.content !== undefined;
  }

  async reopen(chosen?: File): Promise<boolean> {
    const content = chosen ?? this.content ?? (await this.#permitted("requestPermission"));
    if (content === undefined || this.journalEntry === undefined) return false;
    if (!this.isSameFile(content)) throw new PageFault("file-changed", "otherFile");
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

  async #permitted(method: "queryPermission" | "requestPermission"): Promise<File | undefined> {
    const { handle, stamp } = this.entry;
    if ((await handle?.[method]?.({ mode: "read" })) !== "granted") return undefined;
    try {
      const file = await handle?.getFile();
      return file !== undefined && fileStamp(file) === stamp ? file : undefined;
    } catch {
      return undefined;
    }
  }
}
