import { toBase64Url } from "../../base/bytes.ts";
import { asFault } from "../../base/fault.ts";
import { ID_BYTES } from "../../base/ids.ts";
import { ATTACHED_KEEP_MS, ATTACHED_KEPT_BYTES_MAX } from "../../base/limits-page.ts";
import { accountPrefix } from "../browser/indexed-db.ts";
import type { Attached } from "./attached.ts";
import type { PageTransfersOptions } from "./journal.ts";
import type { FileHandle } from "./upload-journal.ts";

/** A file as the browser keeps it: with its content, since a pasted one is nowhere else. */
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
 * What is attached and not sent, so that a page that is loaded again has it. A lock of the browser
 * shows whose it is: another tab takes it over once that one is gone.
 */
export class KeptAttached {
  readonly #options: PageTransfersOptions;
  readonly #prefix: string;
  readonly #held = new Map<Attached, Held>(); // Bounded like what is attached.
  /** Asked one after the other: what is added and taken away at once is away. */
  #writing: Promise<unknown> = Promise.resolve();
  #isLeft = false;

  constructor(options: PageTransfersOptions) {
    this.#options = options;
    this.#prefix = accountPrefix(options.owner);
  }

  /** Those of pages that are gone, as they were attached. @throws Fault store-… */
  async restore(): Promise<readonly (readonly [string, Attached])[]> {
    const { platform } = this.#options;
    const { store, clock, locks } = platform;
    const since = clock.unixMs() - ATTACHED_KEEP_MS;
    const restored: [string, Attached][] = [];
    for (const [key, value] of await store.all("attached", this.#prefix)) {
      const row = rowOf(value);
      if (row === undefined || row.addedUnixMs < since) {
        await store.write([{ table: "attached", key, value: undefined }]);
        continue;
      }
      const release = await locks.hold(lockOf(key));
      if (release === undefined) continue; // Its tab is there, maybe this one.
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

  /** @returns false: it is too large, or the browser does not keep it */
  keep(target: string, one: Attached): Promise<boolean> {
    return this.#after(() => this.#keep(target, one));
  }

  /** It was sent, or taken away. */
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
    // What `chat web` keeps outside of the browser has no room for files.
    const isFull = keptBytes > ATTACHED_KEPT_BYTES_MAX;
    if (isFull || store.keepsBytes === true || store.isBrief === true) return false;
    const addedUnixMs = clock.unixMs();
    // They sort by time; of one moment, in any order.
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
    // What the browser does not store is asked for before the page is left.
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
