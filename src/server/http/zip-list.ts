import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { ZIP_LISTS_BYTES_MAX } from "../../base/limits-page.ts";
import { Mutex } from "../../io/disk/mutex.ts";
import { FolderPlan } from "../../io/file/folder-plan.ts";
import { isFolder, type ManifestEntry, manifestEntries } from "../../wire/manifest.ts";
import type { ZipEntry } from "../../wire/zip.ts";

/** Entries that are read or spelled before others get their turn: some milliseconds. */
const ENTRIES_PER_TURN = 500;
const BUSY_MS = 1_000;
/** Of an entry beside its name. */
const ENTRY_BYTES = 4 + 8 + 2 + 8;

/** Lets others have the event loop. */
type YieldNow = () => Promise<void>;

const yieldNow: YieldNow = () => new Promise((resolve) => setImmediate(resolve));

/**
 * What is in an archive, in a few flat arrays: one list serves all who take the folder, and
 * 100,000 entries cost what their names do. Names are those that a disk would get
 * (`FolderPlan`), below a folder of the archive's own name.
 */
export class ZipList {
  readonly count: number;
  readonly #root: string;
  readonly #names: Uint8Array;
  /** Where each name ends. */
  readonly #ends: Uint32Array;
  readonly #sizes: Float64Array;
  readonly #modes: Uint16Array;
  readonly #mtimes: Float64Array;

  /** @param root clean @param entries with their places in the folder */
  constructor(
    root: string,
    entries: readonly ManifestEntry[],
    names: Uint8Array,
    ends: Uint32Array,
  ) {
    this.#root = root;
    this.count = entries.length;
    this.#names = names;
    this.#ends = ends;
    this.#sizes = Float64Array.from(entries, (entry) => (isFolder(entry) ? 0 : entry.size));
    this.#modes = Uint16Array.from(entries, ({ mode }) => mode);
    this.#mtimes = Float64Array.from(entries, ({ mtime }) => mtime);
  }

  get memoryBytes(): number {
    return this.#names.length + this.count * ENTRY_BYTES;
  }

  entry(index: number): ZipEntry {
    const start = index === 0 ? 0 : (this.#ends[index - 1] ?? 0);
    const name = utf8Decode(this.#names.subarray(start, this.#ends[index]));
    return {
      path: `${this.#root}/${name}`,
      sizeBytes: this.#sizes[index] ?? 0,
      mode: this.#modes[index] ?? 0,
      mtime: this.#mtimes[index] ?? 0,
    };
  }
}

/** Reads a folder's list in many turns. @throws Fault frame-, folder-malformed, too-large */
export async function readZipList(
  root: string,
  manifest: Uint8Array,
  breathe: YieldNow = yieldNow,
): Promise<ZipList> {
  const plan = new FolderPlan("", []);
  const entries: ManifestEntry[] = [];
  const ends: number[] = [];
  // Cleaning makes no name longer, but for a number or a sign before or behind it.
  let names = new Uint8Array(manifest.length);
  let used = 0;
  for (const entry of manifestEntries(manifest)) {
    const place = plan.add(entry).replaceAll("\\", "/"); // As Windows joins them.
    const name = utf8Encode(isFolder(entry) ? `${place}/` : place);
    if (used + name.length > names.length) {
      const wider = new Uint8Array(2 * (used + name.length));
      wider.set(names.subarray(0, used));
      names = wider;
    }
    names.set(name, used);
    used += name.length;
    ends.push(used);
    entries.push(entry);
    if (entries.length % ENTRIES_PER_TURN === 0) await breathe();
  }
  return new ZipList(root, entries, names.slice(0, used), Uint32Array.from(ends));
}

/** A list that is in use: it is held until it is let go of, once. */
export interface HeldZipList {
  readonly list: ZipList;
  release(): void;
}

interface Kept {
  readonly list: ZipList;
  users: number;
}

/** Lists of the archives that are taken, and of the last ones that were. */
export class ZipLists {
  readonly #bytesMax: number;
  /** The one that was used last at the end. Bounded by `#bytesMax`. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;
  /** A list in the making holds several times what it will: one at a time. */
  readonly #makings = new Mutex();
  readonly #breaths = new Mutex();

  constructor(bytesMax = ZIP_LISTS_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /**
   * @param make called when there is none yet; where that fails, the next who wants it makes it
   * @throws Fault too-many (those in use have the room), and what `make` throws
   */
  async hold(key: string, make: () => Promise<ZipList>): Promise<HeldZipList> {
    return this.#held(key) ?? (await this.#makings.run(() => this.#made(key, make)));
  }

  /** Of all archives together one goes on in each turn of the event loop. */
  readonly breathe = (): Promise<void> => this.#breaths.run(yieldNow);

  async #made(key: string, make: () => Promise<ZipList>): Promise<HeldZipList> {
    const known = this.#held(key);
    if (known !== undefined) return known;
    const list = await make();
    this.#makeRoom(list.memoryBytes);
    this.#kept.set(key, { list, users: 0 });
    this.#bytes += list.memoryBytes;
    return this.#held(key) ?? { list, release: () => {} };
  }

  #held(key: string): HeldZipList | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    kept.users += 1;
    let isHeld = true;
    const release = () => {
      if (isHeld) kept.users -= 1;
      isHeld = false;
    };
    return { list: kept.list, release };
  }

  #makeRoom(bytes: number): void {
    for (const [key, { list, users }] of this.#kept) {
      if (this.#bytes + bytes <= this.#bytesMax) return;
      if (users > 0) continue;
      this.#kept.delete(key);
      this.#bytes -= list.memoryBytes;
    }
    if (this.#bytes + bytes <= this.#bytesMax) return;
    throw new Fault("too-many", "many large folders are on their way as archives", {
      retryAfterMs: BUSY_MS,
    });
  }
}
