/** Files attached to the next message in each room. */

import { PAGE_UPLOADS_MAX } from "../../base/limits-page.ts";
import type { FileHandle } from "./upload-journal.ts";

export interface Attachment {
  readonly file: File;
  readonly handle: FileHandle | undefined;
}

/** `left`: sent or removed. */
export type AttachmentChange = "added" | "left";

const NO_FILES: readonly Attachment[] = [];

export class Attachments {
  readonly #onChange: (target: string, attachment: Attachment, change: AttachmentChange) => void;
  readonly #files = new Map<string, readonly Attachment[]>();
  readonly #stored = new Set<Attachment>();

  constructor(
    onChange: (target: string, attachment: Attachment, change: AttachmentChange) => void,
  ) {
    this.#onChange = onChange;
  }

  /** Returns the same array while nothing changes. */
  filesFor(target: string): readonly Attachment[] {
    return this.#files.get(target) ?? NO_FILES;
  }

  get isLossy(): boolean {
    return [...this.#files.values()].some((files) =>
      files.some((attachment) => !this.#stored.has(attachment)),
    );
  }

  add(target: string, added: readonly Attachment[]): void {
    const before = this.filesFor(target);
    const accepted = added.slice(0, Math.max(0, PAGE_UPLOADS_MAX - before.length));
    this.#files.set(target, [...before, ...accepted]);
    for (const attachment of accepted) this.#onChange(target, attachment, "added");
  }

  addStored(target: string, attachment: Attachment): void {
    this.#stored.add(attachment);
    this.#files.set(target, [...this.filesFor(target), attachment]);
  }

  remove(target: string, removed: readonly Attachment[]): void {
    this.#files.set(
      target,
      this.filesFor(target).filter((attachment) => !removed.includes(attachment)),
    );
    for (const attachment of removed) {
      this.#stored.delete(attachment);
      this.#onChange(target, attachment, "left");
    }
  }

  markStored(attachment: Attachment): void {
    this.#stored.add(attachment);
  }

  clear(): void {
    this.#files.clear();
    this.#stored.clear();
  }
}
