/** Sources for an export: a server, with the rights of an account, or a data folder. */

import { join } from "node:path";
import { fromHex, toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { type FileId, isFileId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { formatTarget, type Target } from "../../base/names.ts";
import type { Client } from "../../client/client.ts";
import { MemorySink } from "../../client/files/memory-sink.ts";
import type { TransferProgress } from "../../client/files/progress.ts";
import type { DownloadedFile } from "../../client/files/transfers.ts";
import { titleOf } from "../../core/client/chat-record.ts";
import { roomAt } from "../../core/client/room-names.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { METADATA_BYTES_MAX, parseMetadata } from "../../io/blob/blob-store.ts";
import { readWholeFile } from "../../io/disk/disk.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import { openSink } from "../../io/file/sink.ts";
import { HASH_LINE_BYTES } from "../../wire/chunks.ts";
import { READ_KINDS } from "../../wire/kinds.ts";
import { displayRecords } from "../chat/console.ts";
import { historyPages } from "../connect/lists.ts";
import { receiveFile } from "../files/receive-file.ts";
import type { FolderHistory } from "../history/folder.ts";
import type { DisplayFile, DisplayRecord } from "../output/render.ts";

export interface ExportRoom {
  /** Name of the file. */
  readonly name: string;
  /** Heading of the page. */
  readonly title: string;
  pages(): AsyncGenerator<readonly DisplayRecord[]>;
}

export type SavedFile = Pick<DownloadedFile, "path" | "notKept" | "isExisting">;

export interface ExportSource {
  /**
   * @param requested an empty list requests all rooms
   * @throws {Fault} room-unknown
   */
  rooms(requested: readonly Target[]): ExportRoom[];
  /** @param onBytes called with the number of bytes saved so far */
  save(file: DisplayFile, folder: string, onBytes: (bytes: number) => void): Promise<SavedFile>;
  read(file: DisplayFile): Promise<Uint8Array>;
}

export function serverSource(client: Client, user: string): ExportSource {
  async function* pages(target: string): AsyncGenerator<readonly DisplayRecord[]> {
    for await (const page of historyPages(client, { target })) yield displayRecords(page, user);
  }
  return {
    rooms: (requested) => {
      const targets = requested.length === 0 ? client.rooms : requested;
      return targets.map(formatTarget).map((name) => {
        const view = roomAt(client.rooms, name);
        const title = view?.title === undefined ? name : titleOf(view);
        return { name, title, pages: () => pages(name) };
      });
    },
    save: async ({ id }, folder, onBytes) => {
      const file = fileIdOf(id);
      const onProgress = ({ doneBytes }: TransferProgress) => onBytes(doneBytes);
      return await receiveFile(client, { file, out: folder, onProgress });
    },
    read: async ({ id, sizeBytes }) => {
      const sink = new MemorySink(sizeBytes, sha256);
      const openSink = () => Promise.resolve(sink);
      await client.transfers.get({ file: fileIdOf(id), into: "", openSink });
      return sink.bytes();
    },
  };
}

/** Reads a data folder, even while its server is running. */
export class FolderSource implements ExportSource {
  constructor(
    private readonly folder: FolderHistory,
    private readonly data: string,
  ) {}

  rooms(requested: readonly Target[]): ExportRoom[] {
    const folder = this.folder;
    const ids =
      requested.length === 0 ? folder.rooms : requested.flatMap((target) => folder.find(target));
    return [...new Set(ids)].map((id) => ({
      name: folder.nameOf(id),
      title: folder.titleOf(id),
      pages: () => folder.pages({ rooms: new Set([id]), kinds: READ_KINDS }),
    }));
  }

  async save(
    { id, name, sizeBytes, digest }: DisplayFile,
    folder: string,
    onBytes: (bytes: number) => void,
  ): Promise<SavedFile> {
    const file = fileIdOf(id);
    const metadata = this.#about(file);
    const target = { folder, name, file, server: "folder", sha256, sizeBytes };
    const { folder: folderSize, details } = metadata;
    const content = { folderSize, details, digest: fromHex(digest) };
    const sink = await openSink({ ...target, ...content });
    try {
      for await (const { bytes, hash } of this.#chunks(file, sizeBytes, sink.have)) {
        await sink.append(hash, bytes);
        onBytes(sink.sizeBytes);
        if (sink.isExisting === true) break;
      }
      const path = await sink.finish();
      return { path, notKept: sink.notKept ?? [], isExisting: sink.isExisting === true };
    } finally {
      sink.close();
    }
  }

  async read({ id, sizeBytes }: DisplayFile): Promise<Uint8Array> {
    const sink = new MemorySink(sizeBytes, sha256);
    for await (const { bytes, hash } of this.#chunks(fileIdOf(id), sizeBytes, 0)) {
      await sink.append(hash, bytes);
    }
    return sink.bytes();
  }

  #about(file: FileId) {
    const disk = systemDisk();
    const path = join(this.data, "files", file, "about.json");
    const bytes = readWholeFile(disk, path, METADATA_BYTES_MAX);
    if (bytes === undefined) throw new Fault("file-unknown", `the content of ${file} is missing`);
    const metadata = parseMetadata(bytes);
    if (metadata === undefined) throw new Fault("store-failed", `${path} is damaged`);
    return metadata;
  }

  async *#chunks(
    file: FileId,
    sizeBytes: number,
    first: number,
  ): AsyncGenerator<{ readonly bytes: Uint8Array; readonly hash: Uint8Array }> {
    this.#about(file);
    const disk = systemDisk();
    const folder = join(this.data, "files", file);
    using content = disk.open(join(folder, "content"), "read");
    using lines = disk.open(join(folder, "chunks.jsonl"), "read");
    for (let index = first; index * CHUNK_BYTES < sizeBytes; index++) {
      const bytes = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes - index * CHUNK_BYTES));
      const readBytes = await content.readLater(bytes, index * CHUNK_BYTES);
      const line = new Uint8Array(HASH_LINE_BYTES);
      lines.read(line, index * HASH_LINE_BYTES);
      const hash = sha256(bytes);
      const written = new TextDecoder().decode(line.subarray(1, HASH_LINE_BYTES - 2));
      if (readBytes < bytes.length || toBase64Url(hash) !== written) {
        throw new Fault("checksum-wrong", `the content of ${file} is damaged in ${folder}`, {
          remedy: "restore it from a backup",
        });
      }
      yield { bytes, hash };
    }
  }
}

function fileIdOf(id: string): FileId {
  if (isFileId(id)) return id;
  throw new Fault("file-unknown", "the record of a file has an invalid id");
}
