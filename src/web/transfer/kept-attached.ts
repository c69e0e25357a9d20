/** Stores attached, unsent files so that a reloaded page has them. */

import { toBase64Url } from "../../base/bytes.ts";
import { asFault } from "../../base/fault.ts";
import { ID_BYTES } from "../../base/ids.ts";
import { ATTACHMENTS_KEEP_MS, ATTACHMENTS_STORED_BYTES_MAX } from "../../base/limits-page.ts";
import { accountPrefix } from "../browser/indexed-db.ts";
import type { Attached } from "./attached.ts";
import type { PageTransfersOptions } from "./journal.ts";
import type { FileHandle } from "./upload-journal.ts";

/** A file as stored, with its content: a pasted file exists nowhere else. */
interface Row {
  readonly target: string;
  readonly file: File;
  readonly handle: FileHandle | undefined;
  readonly addedUnixMs: number;
}

interface Held {
  readonly key: string;
  readonly sizeBytes: number;
  readonly release: () => void;
}

/**
 * Attached, unsent files in the browser's storage. A browser lock marks their tab; another tab
 * adopts them once that one is closed.
 */
export class KeptAttached {
  readonly #options: PageTransfersOptions;
  readonly #prefix: string;
  readonly #held = new Map<Attached, Held>(); // Bounded by the attached files.
  /** Serializes writes, so that a file removed right after it is added does not stay. */
  #writing: Promise<unknown> = Promise.resolve();
  #isLeft = false;

  constructor(options: PageTransfersOptions) {
    this.#options = options;
    this.#prefix = accountPrefix(options.owner);
  }

  /** Files of closed pages, in the order in which they were attached. @throws {Fault} store-… */
  async restore(): Promise<readonly (readonly [string, Attached])[]> {
    const { platform } = this.#options;
    const { store, clock, locks } = platform;
    const since = clock.unixMs() - ATTACHMENTS_KEEP_MS;
    const restored: [string, Attached][] = [];
    for (const [key, value] of await store.all("attached", this.#prefix)) {
      const row = rowOf(value);
      if (row === undefined || row.addedUnixMs < since) {
        await store.write([{ table: "attached", key, value: undefined }]);
        continue;
      }
      const release = await locks.hold(lockOf(key));
      if (release === undefined) continue; // Its tab is alive, maybe this one.
      if (this.#isLeft) {
        release();
        break;
      }
      const { target, file, handle } = row;
      const one = { file, handle };
      this.#held.set(one, { key, sizeBytes: file.size, release });
      restored.push([target, one]);
    }
    return restored;
  }

  /** @returns false if the file is too large or the browser cannot store it */
  keep(target: string, one: Attached): Promise<boolean> {
    return this.#after(() => this.#keep(target, one));
  }

  /** Deletes a file that was sent or removed. */
  drop(one: Attached): Promise<unknown> {
    return this.#after(async () => {
      const held = this.#held.get(one);
      if (held === undefined) return;
      this.#held.delete(one);
      const { store } = this.#options.platform;
      await store.write([{ table: "attached", key: held.key, value: undefined }]).catch(asFault);
      held.release();
    });
  }

  leave(): void {
    this.#isLeft = true;
    for (const { release } of this.#held.values()) release();
    this.#held.clear();
  }

  async #keep(target: string, one: Attached): Promise<boolean> {
    const { store, entropy, clock, locks } = this.#options.platform;
    const { file, handle } = one;
    let keptBytes = file.size;
    for (const { sizeBytes } of this.#held.values()) keptBytes += sizeBytes;
    // The store of `chat web`, outside of the browser, has no room for files.
    const isFull = keptBytes > ATTACHMENTS_STORED_BYTES_MAX;
    if (isFull || store.keepsBytes === true || store.isBrief === true) return false;
    const addedUnixMs = clock.unixMs();
    // Keys sort by time; files of the same millisecond in any order.
    const key = `${this.#prefix}${addedUnixMs} ${toBase64Url(entropy(ID_BYTES))}`;
    const release = await locks.hold(lockOf(key));
    if (release === undefined) return false;
    const value: Row = { target, file, handle, addedUnixMs };
    try {
      if (!this.#isLeft) await store.write([{ table: "attached", key, value }]);
    } catch (error) {
      release();
      asFault(error);
      return false;
    }
    if (this.#isLeft) {
      release();
      return false;
    }
    this.#held.set(one, { key, sizeBytes: file.size, release });
    return true;
  }

  #after<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#writing.then(work);
    // The page asks before it is closed if the browser did not store a file.
    this.#writing = done.catch(asFault);
    return done;
  }
}

function lockOf(key: string): string {
  return `chat attached ${key}`;
}

function rowOf(value: unknown): Row | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { target, file, addedUnixMs } = value as Partial<Row>;
  const isWhole =
    typeof target === "string" && file instanceof File && typeof addedUnixMs === "number";
  return isWhole ? (value as Row) : undefined;
}
