/** Files attached to the next message of each room. */

import { PAGE_UPLOADS_MAX } from "../../base/limits-page.ts";
import type { FileHandle } from "./upload-journal.ts";

/** A file that goes with the next message. */
export interface Attached {
  readonly file: File;
  /** Lets a reloaded page read the file again; `undefined` if unsupported. */
  readonly handle: FileHandle | undefined;
}

/** `left` if the file was sent or removed. */
export type AttachedChange = "added" | "left";

const NOTHING: readonly Attached[] = [];

/** Files attached to the next message of each room, until it is sent. */
export class AttachedFiles {
  readonly #changed: (target: string, one: Attached, change: AttachedChange) => void;
  readonly #all = new Map<string, readonly Attached[]>(); // Each bounded by PAGE_UPLOADS_MAX.
  /** Files that are stored for a later page. */
  readonly #kept = new Set<Attached>();

  constructor(changed: (target: string, one: Attached, change: AttachedChange) => void) {
    this.#changed = changed;
  }

  /** Returns the same array until it changes. */
  of(target: string): readonly Attached[] {
    return this.#all.get(target) ?? NOTHING;
  }

  /** Whether closing the page would lose an attached file. */
  get isLossy(): boolean {
    return [...this.#all.values()].some((files) => files.some((one) => !this.#kept.has(one)));
  }

  add(target: string, more: readonly Attached[]): void {
    const before = this.of(target);
    const room = more.slice(0, Math.max(0, PAGE_UPLOADS_MAX - before.length));
    this.#all.set(target, [...before, ...room]);
    for (const one of room) this.#changed(target, one, "added");
  }

  /** Adds a file that an earlier page stored. */
  restored(target: string, one: Attached): void {
    this.#kept.add(one);
    this.#all.set(target, [...this.of(target), one]);
  }

  remove(target: string, gone: readonly Attached[]): void {
    this.#all.set(
      target,
      this.of(target).filter((one) => !gone.includes(one)),
    );
    for (const one of gone) {
      this.#kept.delete(one);
      this.#changed(target, one, "left");
    }
  }

  kept(one: Attached): void {
    this.#kept.add(one);
  }

  /** Removes all files for the next user. */
  clear(): void {
    this.#all.clear();
    this.#kept.clear();
  }
}
