import { PAGE_UPLOADS_MAX } from "../../base/limits-page.ts";
import type { FileHandle } from "./upload-journal.ts";

/** A file that goes with the next message. */
export interface Attached {
  readonly file: File;
  /** Where the browser has it: by this a reloaded page reads the file again. */
  readonly handle: FileHandle | undefined;
}

/** What became of one. `left`: it was sent, or taken away. */
export type AttachedChange = "added" | "left";

const NOTHING: readonly Attached[] = [];

/** What goes with the next message of each room, until it goes. */
export class AttachedFiles {
  readonly #changed: (target: string, one: Attached, change: AttachedChange) => void;
  readonly #all = new Map<string, readonly Attached[]>(); // Each bounded by PAGE_UPLOADS_MAX.
  /** Those that a later page has, too. */
  readonly #kept = new Set<Attached>();

  constructor(changed: (target: string, one: Attached, change: AttachedChange) => void) {
    this.#changed = changed;
  }

  /** The same list while it does not change. */
  of(target: string): readonly Attached[] {
    return this.#all.get(target) ?? NOTHING;
  }

  /** Something would be lost with the page. */
  get isLossy(): boolean {
    return [...this.#all.values()].some((files) => files.some((one) => !this.#kept.has(one)));
  }

  add(target: string, more: readonly Attached[]): void {
    const before = this.of(target);
    const room = more.slice(0, Math.max(0, PAGE_UPLOADS_MAX - before.length));
    this.#all.set(target, [...before, ...room]);
    for (const one of room) this.#changed(target, one, "added");
  }

  /** It was there before the page was. */
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

  /** Another user comes. */
  clear(): void {
    this.#all.clear();
    this.#kept.clear();
  }
}
