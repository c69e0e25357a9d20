/** Zip archive of a folder, streamed while the folder is read. */

import { crc32 } from "node:zlib";
import { Fault } from "../../base/fault.ts";
import { cleanFileName } from "../../base/file-names.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import {
  isFolder,
  zipCentral,
  zipChecksum,
  zipChecksumBytes,
  zipEnd,
  zipLocal,
  zipLocalBytes,
} from "../../wire/zip.ts";
import { type AcquiredZipList, readZipList, type ZipList, type ZipLists } from "./zip-list.ts";

export interface ZipSource {
  readonly name: string;
  readonly digest: string;
  readonly manifestBytes: number;
  readonly lists: ZipLists;
  chunks(from: number): AsyncIterable<Uint8Array>;
}

const BUFFER_BYTES = 64 * 1024;

/**
 * Concurrent downloads of a folder share the parsed manifest. Each adds only a checksum per entry.
 * @throws {Fault} frame-malformed, folder-malformed or too-large if the manifest is invalid,
 * too-many, or a fault of the content
 */
export async function* zipStream(source: ZipSource): AsyncGenerator<Uint8Array> {
  const { name, digest, manifestBytes, lists } = source;
  const root = cleanFileName(name);
  let reader: ByteReader | undefined;
  let acquired: AcquiredZipList | undefined;
  try {
    acquired = await lists.acquire(`${digest} ${root}`, async () => {
      reader = new ByteReader(source.chunks(0));
      return await readZipList(root, await reader.readAll(manifestBytes), lists.yieldTurn);
    });
    reader ??= skipManifest(source);
    yield* archive(acquired.list, reader, lists.yieldTurn);
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
  list: ZipList,
  reader: ByteReader,
  yieldTurn: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const crcs = new Uint32Array(list.count);
  const buffer = new WriteBuffer();
  for (let index = 0; index < list.count; index++) {
    const entry = list.entry(index);
    buffer.add(zipLocal(entry));
    if (!isFolder(entry)) {
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
  list: ZipList,
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
    if (!isFolder(entry)) offset += zipChecksumBytes(entry);
    tableBytes += line.length;
    buffer.add(line);
    if (buffer.isFull) {
      yield* buffer.flush();
      await yieldTurn();
    }
  }
  buffer.add(zipEnd(list.count, offset, tableBytes));
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

class ByteReader {
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
