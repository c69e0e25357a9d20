/** Writes a received file, and renames it when it is complete. */

import { join, resolve } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { cleanFileName, numbered } from "../../base/file-names.ts";
import type { FileId, Sha256 } from "../../base/ids.ts";
import { SAME_NAMES_MAX } from "../../base/limits.ts";
import { fileContent } from "../blob/blob.ts";
import { ChunkSequence, type Content, WRITTEN_AT_ONCE } from "../blob/chunk-file.ts";
import type { FolderSize, Renamed, Sink } from "../blob/interfaces.ts";
import { type DiskFile, diskFault, type TreeDisk } from "../disk/disk.ts";
import { type Lock, lockFile } from "../disk/lock.ts";
import { systemDisk } from "../disk/system-disk.ts";
import { syncWithParents } from "../log/folder.ts";
import { type Part, takePart } from "./part-file.ts";
import { PartFolder } from "./part-folder.ts";

export interface SinkOptions {
  /** Target folder; created if missing. */
  readonly folder: string;
  /** As sent: it is cleaned here. */
  readonly name: string;
  readonly file: FileId;
  /** Fingerprint of the server: the same id at another server is another file. */
  readonly server: string;
  readonly sha256: Sha256;
  /**
   * Secret of this home. A journal begun with it is trusted; without it, or with another one, all
   * existing content is read again.
   */
  readonly secret?: Uint8Array | undefined;
  /** Set if a folder is received. */
  readonly folderSize?: FolderSize;
  /** `undefined` if known only at the end. */
  readonly sizeBytes?: number;
  /** Default: the system's. */
  readonly disk?: TreeDisk;
  /** Takes a lock file; returns `undefined` if another process holds it. Default: the system's. */
  readonly lock?: (path: string) => Lock | undefined;
}

/**
 * Begins or resumes receiving a file or folder: `NAME.part`, with `NAME.part.journal` beside it. If
 * the name is taken by another transfer or another file, it becomes `NAME (1).part`.
 * @throws Fault store-…
 */
export async function openSink(options: SinkOptions): Promise<Sink> {
  const { file, server, secret, sha256, folderSize } = options;
  const { disk = systemDisk(), lock = lockFile } = options;
  const folder = resolve(options.folder);
  const name = cleanFileName(options.name);
  try {
    disk.makeFolder(folder);
    await syncWithParents(disk, folder);
    const owner = { file, server };
    const isFolder = folderSize !== undefined;
    const part = await takePart({ disk, folder, name, owner, secret, isFolder, lock });
    try {
      const content = contentOf(disk, part, folderSize);
      const options = {
        ...{ content, lines: openJournal(disk, part, content), linesPath: part.journalPath },
        ...{ headBytes: part.headBytes, isStrict: false, isProven: part.isProven, sha256 },
      };
      const chunks = await ChunkSequence.open(options, (...opened) => new ChunkSequence(...opened));
      return new PartSink({ disk, folder, name, part, content, chunks });
    } catch (error) {
      part.lock.release();
      throw error;
    }
  } catch (error) {
    throw diskFault(error, join(folder, name));
  }
}

function contentOf(disk: TreeDisk, part: Part, folderSize: FolderSize | undefined): Content {
  if (folderSize === undefined) return fileContent(disk.openPlain(part.path, "write"));
  const { manifestBytes } = folderSize;
  return new PartFolder({ disk, path: part.path, manifestPath: part.manifestPath, manifestBytes });
}

function openJournal(disk: TreeDisk, { journalPath }: Part, content: Content): DiskFile {
  try {
    return disk.openPlain(journalPath, "write");
  } catch (error) {
    content.close();
    throw error;
  }
}

interface PartSinkOptions {
  readonly disk: TreeDisk;
  readonly folder: string;
  readonly name: string;
  readonly part: Part;
  readonly content: Content;
  readonly chunks: ChunkSequence;
}

class PartSink implements Sink {
  readonly appendsAtOnce = WRITTEN_AT_ONCE;
  readonly #options: PartSinkOptions;
  #have: number;
  #isClosed = false;

  constructor(options: PartSinkOptions) {
    this.#options = options;
    this.#have = options.chunks.have;
  }

  get have(): number {
    return this.#have;
  }

  get sizeBytes(): number {
    return this.#options.chunks.sizeBytes;
  }

  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    return this.#options.chunks.append(sha256, bytes);
  }

  async sync(): Promise<void> {
    await this.#options.chunks.sync();
  }

  digest(): Uint8Array {
    return this.#options.chunks.digest();
  }

  async restart(): Promise<void> {
    await this.#options.chunks.clear();
    this.#have = 0;
  }

  async finish(): Promise<string> {
    const { disk, folder, name, part, content, chunks } = this.#options;
    try {
      await chunks.sync();
      if (content instanceof PartFolder) await content.complete(chunks.sizeBytes);
      this.#isClosed = true;
      await chunks.end(); // Windows cannot rename open files.
      const path = this.#settle(content instanceof PartFolder);
      await disk.syncFolder(folder);
      if (content instanceof PartFolder) disk.remove(part.manifestPath);
      else disk.remove(part.path);
      disk.remove(part.journalPath);
      await disk.syncFolder(folder);
      part.lock.release();
      disk.remove(part.lockPath);
      return path;
    } catch (error) {
      if (this.#isClosed) part.lock.release();
      throw diskFault(error, join(folder, name));
    }
  }

  get renamed(): readonly Renamed[] {
    const { content } = this.#options;
    return content instanceof PartFolder ? content.renamed : [];
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { chunks, part } = this.#options;
    const release = () => part.lock.release();
    chunks.end().then(release, release);
  }

  /** Takes the first free name. */
  #settle(isFolder: boolean): string {
    const { disk, folder, name, part } = this.#options;
    for (let n = 0; n <= SAME_NAMES_MAX; n++) {
      const path = join(folder, numbered(name, n));
      const isOurs = isFolder ? disk.moveFolderNew(part.path, path) : disk.nameNew(part.path, path);
      if (isOurs) return path;
    }
    const sentence = msg`${folder} has ${SAME_NAMES_MAX} of the name ${name} already`;
    throw new Fault("too-many", sentence, { remedy: "move some of them away" });
  }
}
