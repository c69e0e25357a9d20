/** Files attached to the next message in each room. */

import { FILES_PER_POST_MAX } from "../../base/limits.ts";
import type { LocalFolder } from "../browser/local-folder.ts";
import { withFetchFault } from "../browser/parts.ts";
import type { FileHandle, FolderHandle } from "./upload-journal.ts";

export type AttachedContent = File | LocalFolder;

export interface Attachment {
  readonly file: AttachedContent;
  readonly handle: FileHandle | FolderHandle | undefined;
}

/** Module for folders, which most visits do not need. */
export const folderModule = withFetchFault(() => import("../browser/local-folder.ts"));

/** `replaced`: another file is in the place of the one before. */
export type AttachmentChange = "added" | "removed" | "replaced";

const NO_FILES: readonly Attachment[] = [];

export class Attachments {
  readonly #files = new Map<string, readonly Attachment[]>();
  readonly #stored = new Set<Attachment>();
  readonly #isSmaller = new Map<string, boolean>();
  /** Files whose personal data the user knows. */
  readonly examined = new WeakSet<AttachedContent>();

  constructor(
    private readonly onChange: (
      target: string,
      attachment: Attachment,
      change: AttachmentChange,
      before?: Attachment,
    ) => void,
  ) {}

  /** Returns the same array while nothing changes. */
  filesFor(target: string): readonly Attachment[] {
    return this.#files.get(target) ?? NO_FILES;
  }

  /** The user's choice for the attached photos; `undefined` before the user has chosen. */
  isSmallerFor(target: string): boolean | undefined {
    return this.#isSmaller.get(target);
  }

  chooseSize(target: string, isSmaller: boolean): void {
    this.#isSmaller.set(target, isSmaller);
  }

  get hasFiles(): boolean {
    return [...this.#files.values()].some((files) => files.length > 0);
  }

  get isLossy(): boolean {
    return [...this.#files.values()].some((files) =>
      files.some((attachment) => !this.#stored.has(attachment)),
    );
  }

  add(target: string, added: readonly Attachment[]): void {
    const before = this.filesFor(target);
    const accepted = added.slice(0, Math.max(0, FILES_PER_POST_MAX - before.length));
    this.#files.set(target, [...before, ...accepted]);
    for (const attachment of accepted) this.onChange(target, attachment, "added");
  }

  addStored(target: string, attachment: Attachment): void {
    this.#stored.add(attachment);
    this.#files.set(target, [...this.filesFor(target), attachment]);
  }

  /** Puts a copy in the place of an attached file. */
  replace(target: string, before: Attachment, copy: Attachment): void {
    const files = this.filesFor(target);
    if (!files.includes(before)) return;
    this.#files.set(
      target,
      files.map((each) => (each === before ? copy : each)),
    );
    this.#stored.delete(before);
    this.onChange(target, copy, "replaced", before);
  }

  remove(target: string, removed: readonly Attachment[]): void {
    this.take(target, removed);
    for (const attachment of removed) this.onChange(target, attachment, "removed");
  }

  /** The files belong to a message from now on, which keeps what is stored of them. */
  take(target: string, taken: readonly Attachment[]): void {
    const remaining = this.filesFor(target).filter((attachment) => !taken.includes(attachment));
    this.#files.set(target, remaining);
    if (remaining.length === 0) this.#isSmaller.delete(target);
    for (const attachment of taken) this.#stored.delete(attachment);
  }

  markStored(attachment: Attachment): void {
    this.#stored.add(attachment);
  }

  clear(): void {
    this.#files.clear();
    this.#stored.clear();
    this.#isSmaller.clear();
  }
}
