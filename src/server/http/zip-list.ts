/** Entry lists of zip archives, shared by all downloads of a folder. */

import { utf8Decode, utf8Encode, withCapacity } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { FolderPlan } from "../../io/file/partial-folder.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { isFolder, type ManifestEntry, manifestEntries } from "../../wire/manifest.ts";
import type { ZipEntry } from "../../wire/zip.ts";

/** Holds about four lists of 100,000 entries with long names. */
const ZIP_LISTS_BYTES_MAX = 64 * 1024 * 1024;

const ENTRIES_PER_TURN = 500;
const BUSY_MS = 1_000;
const ENTRY_BYTES = 4 + 8 + 2 + 8;

type YieldNow = () => Promise<void>;

const yieldNow: YieldNow = () => new Promise((resolve) => setImmediate(resolve));

/**
 * Flat arrays, so that 100,000 entries take little more memory than their names. `FolderPlan`
 * sanitises the names.
 */
export class ZipList {
  readonly count: number;
  readonly #root: string;
  readonly #names: Uint8Array;
  readonly #ends: Uint32Array;
  readonly #sizes: Float64Array;
  readonly #modes: Uint16Array;
  readonly #mtimes: Float64Array;

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

export async function readZipList(
  root: string,
  manifest: Uint8Array,
  yieldTurn: YieldNow = yieldNow,
): Promise<ZipList> {
  const plan = new FolderPlan("", []);
  const entries: ManifestEntry[] = [];
  const ends: number[] = [];
  let names = new Uint8Array(manifest.length);
  let used = 0;
  for (const entry of manifestEntries(manifest)) {
    const path = plan.add(entry).replaceAll("\\", "/");
    const name = utf8Encode(isFolder(entry) ? `${path}/` : path);
    names = withCapacity(names, used, name.length);
    names.set(name, used);
    used += name.length;
    ends.push(used);
    entries.push(entry);
    if (entries.length % ENTRIES_PER_TURN === 0) await yieldTurn();
  }
  return new ZipList(root, entries, names.slice(0, used), Uint32Array.from(ends));
}

export interface AcquiredZipList {
  readonly list: ZipList;
  release(): void;
}

interface CachedList {
  readonly list: ZipList;
  useCount: number;
}

export class ZipLists {
  readonly #bytesMax: number;
  readonly #cache = new Map<string, CachedList>();
  #bytes = 0;
  /** Serialises the creation of lists, which takes several times the memory of the result. */
  readonly #creations = new TaskQueue();
  readonly #yields = new TaskQueue();

  constructor(bytesMax = ZIP_LISTS_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /**
   * @param make called if the list is not cached; failures are not cached
   * @throws {Fault} too-many if lists in use fill the cache, or a fault of `make`
   */
  async acquire(key: string, make: () => Promise<ZipList>): Promise<AcquiredZipList> {
    return this.#acquireCached(key) ?? (await this.#creations.run(() => this.#create(key, make)));
  }

  /** In each turn of the event loop, only one archive continues. */
  readonly yieldTurn = (): Promise<void> => this.#yields.run(yieldNow);

  async #create(key: string, make: () => Promise<ZipList>): Promise<AcquiredZipList> {
    const existing = this.#acquireCached(key);
    if (existing !== undefined) return existing;
    const list = await make();
    this.#evict(list.memoryBytes);
    this.#cache.set(key, { list, useCount: 0 });
    this.#bytes += list.memoryBytes;
    return this.#acquireCached(key) ?? { list, release: () => {} };
  }

  #acquireCached(key: string): AcquiredZipList | undefined {
    const cached = this.#cache.get(key);
    if (cached === undefined) return undefined;
    this.#cache.delete(key);
    this.#cache.set(key, cached);
    cached.useCount += 1;
    let isInUse = true;
    const release = () => {
      if (isInUse) cached.useCount -= 1;
      isInUse = false;
    };
    return { list: cached.list, release };
  }

  #evict(bytes: number): void {
    for (const [key, { list, useCount }] of this.#cache) {
      if (this.#bytes + bytes <= this.#bytesMax) return;
      if (useCount > 0) continue;
      this.#cache.delete(key);
      this.#bytes -= list.memoryBytes;
    }
    if (this.#bytes + bytes <= this.#bytesMax) return;
    throw new Fault("too-many", "too many large folders are being downloaded", {
      retryAfterMs: BUSY_MS,
    });
  }
}
