import { crc32 } from "node:zlib";
import { Fault } from "../base/fault.ts";
import { cleanFileName, cleanPath } from "../base/file-names.ts";
import { type ManifestEntry, parseManifest } from "../wire/manifest.ts";
import {
  isFolder,
  type ZipEntry,
  type ZipWritten,
  zipCentral,
  zipChecksum,
  zipEnd,
  zipLocal,
} from "../wire/zip.ts";

/** Lines of the table at the end that are written together. */
const TABLE_BYTES = 64 * 1024;

/**
 * A folder as a zip archive, made while it is read: its manifest first, then what is in it.
 * @param content the folder's bytes, from the first on
 * @throws Fault frame-malformed, too-large: the manifest is none; and the content's
 */
export async function* zipStream(
  name: string,
  manifestBytes: number,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(content);
  try {
    const manifest = parseManifest(await reader.whole(manifestBytes));
    const written: ZipWritten[] = []; // As many as the manifest names.
    let offset = 0;
    for (const entry of zipEntries(cleanFileName(name), manifest)) {
      const start = offset;
      const head = zipLocal(entry);
      offset += head.length;
      yield head;
      let crc = 0;
      if (!isFolder(entry)) {
        for await (const piece of reader.pieces(entry.sizeBytes)) {
          crc = crc32(piece, crc);
          offset += piece.length;
          yield piece;
        }
        const tail = zipChecksum(entry, crc);
        offset += tail.length;
        yield tail;
      }
      written.push({ entry, offset: start, crc });
    }
    yield* table(written, offset);
  } finally {
    await reader.close();
  }
}

function* table(written: readonly ZipWritten[], offset: number): Generator<Uint8Array> {
  let lines: Uint8Array[] = [];
  let [waiting, tableBytes] = [0, 0];
  for (const one of written) {
    const line = zipCentral(one);
    lines.push(line);
    waiting += line.length;
    if (waiting < TABLE_BYTES) continue;
    yield new Uint8Array(Buffer.concat(lines));
    tableBytes += waiting;
    lines = [];
    waiting = 0;
  }
  tableBytes += waiting;
  yield new Uint8Array(Buffer.concat([...lines, zipEnd(written.length, offset, tableBytes)]));
}

/**
 * Paths as disks take them, below a folder of that name; two never become the same. One at a time:
 * all those of a large folder would hold up the event loop.
 */
export function* zipEntries(root: string, manifest: Iterable<ManifestEntry>): Generator<ZipEntry> {
  const taken = new Map<string, number>();
  for (const entry of manifest) {
    const clean = [root, ...cleanPath(entry.path)].join("/");
    const { mode, mtime } = entry;
    if ("dir" in entry) {
      const key = clean.toLowerCase();
      taken.set(key, taken.get(key) ?? 1);
      yield { path: `${clean}/`, sizeBytes: 0, mode, mtime };
    } else yield { path: newPath(taken, clean), sizeBytes: entry.size, mode, mtime };
  }
}

/**
 * @param taken paths as disks compare them, each with the number behind it that may be free: as
 * many as a folder has may be the same
 */
function newPath(taken: Map<string, number>, clean: string): string {
  const wanted = clean.toLowerCase();
  for (let n = taken.get(wanted) ?? 0; ; n++) {
    const path = n === 0 ? clean : `${clean} (${n})`;
    const key = path.toLowerCase();
    if (n > 0 && taken.has(key)) continue; // Ends: there are more numbers than paths.
    taken.set(key, 1);
    taken.set(wanted, n + 1);
    return path;
  }
}

/** Bytes that come in pieces, taken in other ones. */
class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest = new Uint8Array(0);

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#source = content[Symbol.asyncIterator]();
  }

  async whole(sizeBytes: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.pieces(sizeBytes)) pieces.push(piece);
    return new Uint8Array(Buffer.concat(pieces));
  }

  async *pieces(sizeBytes: number): AsyncGenerator<Uint8Array> {
    let left = sizeBytes;
    while (left > 0) {
      if (this.#rest.length === 0) await this.#more();
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next();
    if (done === true) throw new Fault("frame-malformed", "the folder ends before its list does");
    this.#rest = new Uint8Array(value);
  }
}
