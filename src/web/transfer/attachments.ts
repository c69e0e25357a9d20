/** Files attached to the next message of each room. */

import { PAGE_UPLOADS_MAX } from "../../base/limits-page.ts";
import type { FileHandle } from "./upload-journal.ts";

export interface Attachment {
  readonly file: File;
  /** Lets a reloaded page read the file again; `undefined` if unsupported. */
  readonly handle: FileHandle | undefined;
}

/** `left`: sent or removed. */
export type AttachmentChange = "added" | "left";

const NO_FILES: readonly Attachment[] = [];

export class Attachments {
  readonly #changed: (target: string, one: Attachment, change: AttachmentChange) => void;
  readonly #files = new Map<string, readonly Attachment[]>(); // Each bounded by PAGE_UPLOADS_MAX.
  readonly #stored = new Set<Attachment>();

  constructor(changed: (target: string, one: Attachment, change: AttachmentChange) => void) {
    this.#changed = changed;
  }

  /** Returns the same array until it changes. */
  filesFor(target: string): readonly Attachment[] {
    return this.#files.get(target) ?? NO_FILES;
  }

  /** Whether closing the page would lose an attached file. */
  get isLossy(): boolean {
    return [...this.#files.values()].some((files) => files.some((one) => !this.#stored.has(one)));
  }

  add(target: string, more: readonly Attachment[]): void {
    const before = this.filesFor(target);
    const accepted = more.slice(0, Math.max(0, PAGE_UPLOADS_MAX - before.length));
    this.#files.set(target, [...before, ...accepted]);
    for (const one of accepted) this.#changed(target, one, "added");
  }

  addStored(target: string, one: Attachment): void {
    this.#stored.add(one);
    this.#files.set(target, [...this.filesFor(target), one]);
  }

  remove(target: string, removed: readonly Attachment[]): void {
    this.#files.set(
      target,
      this.filesFor(target).filter((one) => !removed.includes(one)),
    );
    for (const one of removed) {
      this.#stored.delete(one);
      this.#changed(target, one, "left");
    }
  }

  markStored(one: Attachment): void {
    this.#stored.add(one);
  }

  clear(): void {
    this.#files.clear();
    this.#stored.clear();
  }
}
