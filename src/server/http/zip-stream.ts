/** Zip archive of a folder, streamed while the folder is read. */

import { crc32 } from "node:zlib";
import { utf8Decode, utf8Encode, withCapacity } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { cleanFileName } from "../../base/file-names.ts";
import { BUSY_RETRY_MS, CHUNK_BYTES } from "../../base/limits.ts";
import type { OffsetMinutes } from "../../base/time.ts";
import { FolderPlan, topEntry } from "../../core/transfer/folder-plan.ts";
import { renamedComment } from "../../core/transfer/renamed-comment.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { FileDetails } from "../../wire/file-details.ts";
import { isFolder, type ManifestEntry, manifestEntries } from "../../wire/manifest.ts";
import {
  isFolderEntry,
  type ZipEntry,
  zipCentral,
  zipChecksum,
  zipChecksumBytes,
  zipEnd,
  zipLocal,
  zipLocalBytes,
} from "../../wire/zip.ts";

export interface ZipSource {
  readonly name: string;
  readonly digest: string;
  readonly manifestBytes: number;
  readonly details: FileDetails | undefined;
  readonly lists: ZipLists;
  /** Time zone of the reader. */
  readonly offsetMinutes: OffsetMinutes;
  chunks(from: number): AsyncIterable<Uint8Array>;
}

const BUFFER_BYTES = 64 * 1024;

/**
 * Concurrent downloads of a folder share the parsed manifest. Each adds only a checksum per entry.
 * @throws {Fault} frame-malformed, folder-malformed or too-large if the manifest is invalid,
 * too-many, or a fault of the content
 */
export async function* zipStream(source: ZipSource): AsyncGenerator<Uint8Array> {
  const { name, digest, manifestBytes, details, lists, offsetMinutes } = source;
  const root = cleanFileName(name);
  let reader: ByteReader | undefined;
  let acquired: AcquiredZipList | undefined;
  try {
    acquired = await lists.acquire(JSON.stringify([digest, details, root]), async () => {
      reader = new ByteReader(source.chunks(0));
      const manifest = await reader.readAll(manifestBytes);
      return await readZipList(root, manifest, details, lists.yieldTurn);
    });
    reader ??= skipManifest(source);
    const entries = new ZipEntries(acquired.list, offsetMinutes);
    yield* archive(entries, reader, lists.yieldTurn);
  } finally {
    acquired?.release();
    await reader?.close();
  }
}

function skipManifest({ manifestBytes, chunks }: ZipSource): ByteReader {
  const from = Math.floor(manifestBytes / CHUNK_BYTES);
  return new ByteReader(chunks(from), manifestBytes % CHUNK_BYTES);
}

async function* archive(
  list: ZipEntries,
  reader: ByteReader,
  yieldTurn: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const crcs = new Uint32Array(list.count);
  const buffer = new WriteBuffer();
  for (let index = 0; index < list.count; index++) {
    const entry = list.entry(index);
    buffer.add(zipLocal(entry));
    if (!isFolderEntry(entry)) {
      let crc = 0;
      for await (const piece of reader.pieces(entry.sizeBytes)) {
        crc = crc32(piece, crc);
        if (!buffer.fits(piece)) {
          yield* buffer.flush();
          yield piece;
        } else buffer.add(piece);
      }
      crcs[index] = crc;
      buffer.add(zipChecksum(entry, crc));
    }
    if (buffer.isFull) {
      yield* buffer.flush();
      // Reads of buffered chunks never wait, so yield to other clients.
      await yieldTurn();
    }
  }
  yield* centralDirectory(list, crcs, buffer, yieldTurn);
}

async function* centralDirectory(
  list: ZipEntries,
  crcs: Uint32Array,
  buffer: WriteBuffer,
  yieldTurn: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let [offset, tableBytes] = [0, 0];
  for (let index = 0; index < list.count; index++) {
    const entry = list.entry(index);
    const line = zipCentral({ entry, offset, crc: crcs[index] ?? 0 });
    const nameBytes = Buffer.byteLength(entry.path);
    offset += zipLocalBytes(entry, nameBytes) + entry.sizeBytes;
    if (!isFolderEntry(entry)) offset += zipChecksumBytes(entry);
    tableBytes += line.length;
    buffer.add(line);
    if (buffer.isFull) {
      yield* buffer.flush();
      await yieldTurn();
    }
  }
  const { comment, count: entries } = list;
  buffer.add(zipEnd({ entries, offset, sizeBytes: tableBytes, comment }));
  yield* buffer.flush();
}

class WriteBuffer {
  readonly #bytes = new Uint8Array(2 * BUFFER_BYTES);
  #used = 0;

  get isFull(): boolean {
    return this.#used >= BUFFER_BYTES;
  }

  fits(piece: Uint8Array): boolean {
    return this.#used + piece.length <= BUFFER_BYTES;
  }

  add(piece: Uint8Array): void {
    this.#bytes.set(piece, this.#used);
    this.#used += piece.length;
  }

  *flush(): Generator<Uint8Array> {
    if (this.#used > 0) yield this.#bytes.slice(0, this.#used);
    this.#used = 0;
  }
}

export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #remaining = new Uint8Array(0);
  #skip: number;

  constructor(content: AsyncIterable<Uint8Array>, skip = 0) {
    this.#source = content[Symbol.asyncIterator]();
    this.#skip = skip;
  }

  async readAll(sizeBytes: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(sizeBytes);
    let offset = 0;
    for await (const piece of this.pieces(sizeBytes)) {
      bytes.set(piece, offset);
      offset += piece.length;
    }
    return bytes;
  }

  async *pieces(sizeBytes: number): AsyncGenerator<Uint8Array> {
    let remaining = sizeBytes;
    while (remaining > 0) {
      while (this.#remaining.length === 0) await this.#more();
      const piece = this.#remaining.subarray(0, remaining);
      this.#remaining = this.#remaining.subarray(piece.length);
      remaining -= piece.length;
      yield piece;
    }
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next();
    if (done === true) throw new Fault("frame-malformed", "the folder is truncated");
    this.#remaining = new Uint8Array(value).subarray(this.#skip);
    this.#skip = 0;
  }
}

/** Holds about four lists of 100,000 entries with long names. */
const ZIP_LISTS_BYTES_MAX = 64 * 1024 * 1024;

const ENTRIES_PER_TURN = 500;
const ENTRY_BYTES = 4 + 8 + 2 + 8;

type YieldNow = () => Promise<void>;

const yieldNow: YieldNow = () => new Promise((resolve) => setImmediate(resolve));

/**
 * Flat arrays, so that 100,000 entries take little more memory than their names. The first entry is
 * the folder itself.
 */
class ZipList {
  readonly count: number;
  readonly #sizes: Float64Array;
  readonly #modes: Uint16Array;
  readonly #mtimes: Float64Array;

  constructor(
    private readonly root: string,
    entries: readonly ManifestEntry[],
    private readonly names: Uint8Array,
    private readonly ends: Uint32Array,
    readonly comment: string,
  ) {
    this.count = entries.length;
    this.#sizes = Float64Array.from(entries, (entry) => (isFolder(entry) ? 0 : entry.size));
    this.#modes = Uint16Array.from(entries, ({ mode }) => mode);
    this.#mtimes = Float64Array.from(entries, ({ mtime }) => mtime);
  }

  get memoryBytes(): number {
    return this.names.length + this.count * ENTRY_BYTES + this.comment.length;
  }

  entry(index: number): Omit<ZipEntry, "offsetMinutes"> {
    const start = index === 0 ? 0 : (this.ends[index - 1] ?? 0);
    const name = utf8Decode(this.names.subarray(start, this.ends[index]));
    return {
      path: `${this.root}/${name}`,
      sizeBytes: this.#sizes[index] ?? 0,
      mode: this.#modes[index] ?? 0,
      mtime: this.#mtimes[index] ?? 0,
    };
  }
}

/** Entries as one reader sees them. */
class ZipEntries {
  constructor(
    private readonly list: ZipList,
    private readonly offsetMinutes: OffsetMinutes,
  ) {}

  get count(): number {
    return this.list.count;
  }

  get comment(): string {
    return this.list.comment;
  }

  entry(index: number): ZipEntry {
    const entry = this.list.entry(index);
    return { ...entry, offsetMinutes: this.offsetMinutes(entry.mtime) };
  }
}

/** @internal */
export async function readZipList(
  root: string,
  manifest: Uint8Array,
  details: FileDetails | undefined,
  yieldTurn = yieldNow,
): Promise<ZipList> {
  const plan = new FolderPlan("", []);
  const listed: ManifestEntry[] = [];
  for (const entry of manifestEntries(manifest)) {
    plan.add(entry);
    listed.push(entry);
    if (listed.length % ENTRIES_PER_TURN === 0) await yieldTurn();
  }
  let attempts = 0;
  for (const _ of plan.complete()) if (++attempts % ENTRIES_PER_TURN === 0) await yieldTurn();
  const entries = [topEntry(listed, details), ...listed];
  const ends = new Uint32Array(entries.length);
  let names = new Uint8Array(manifest.length);
  let used = 0;
  for (const [index, entry] of entries.entries()) {
    const path = plan.pathOf(entry);
    const name = utf8Encode(isFolder(entry) && path !== "" ? `${path}/` : path);
    names = withCapacity(names, used, name.length);
    names.set(name, used);
    used += name.length;
    ends[index] = used;
    if (index % ENTRIES_PER_TURN === ENTRIES_PER_TURN - 1) await yieldTurn();
  }
  return new ZipList(root, entries, names.slice(0, used), ends, renamedComment(plan.renamed));
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
  readonly #cache = new Map<string, CachedList>();
  #bytes = 0;
  /** Serialises the creation of lists, which takes several times the memory of the result. */
  readonly #creations = new TaskQueue();
  readonly #yields = new TaskQueue();

  constructor(private readonly bytesMax = ZIP_LISTS_BYTES_MAX) {}

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
      if (this.#bytes + bytes <= this.bytesMax) return;
      if (useCount > 0) continue;
      this.#cache.delete(key);
      this.#bytes -= list.memoryBytes;
    }
    if (this.#bytes + bytes <= this.bytesMax) return;
    throw new Fault("too-many", "too many large folders are being downloaded", {
      retryAfterMs: BUSY_RETRY_MS,
    });
  }
}
