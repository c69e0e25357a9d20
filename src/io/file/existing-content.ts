/** Recognises files and folders that an earlier run has received completely. */

import { join } from "node:path";
import { equalBytes } from "../../base/bytes.ts";
import { ignoreFault } from "../../base/fault.ts";
import { numbered } from "../../base/file-names.ts";
import type { Sha256 } from "../../base/ids.ts";
import { CHUNK_BYTES, SAME_NAMES_MAX } from "../../base/limits.ts";
import { Digest } from "../../wire/chunks.ts";
import { fileContent } from "../blob/blob-store.ts";
import type { Content } from "../blob/chunk-file.ts";
import { onDisk, type TreeDisk } from "../disk/disk.ts";
import { PartialFolder, type PartialFolderOptions } from "./partial-folder.ts";

/** Users delete some copies, so a search continues after this many missing numbers. */
const MISSING_NUMBERS_MAX = 16;
/** Files of the same name and size that a search always compares. */
const COMPARED_FILES = 16;
/** Bytes that a search reads before it compares no further files. */
const COMPARED_BYTES_MAX = 1024 * 1024 * 1024;

export interface ExistingContent {
  readonly path: string;
  readonly digest: Uint8Array;
}

export interface ContentSearchOptions {
  readonly disk: TreeDisk;
  readonly folder: string;
  /** A safe name; the search also tries `NAME (1)` and so on. */
  readonly name: string;
  readonly sha256: Sha256;
  /** `undefined` for a file. A folder's manifest is in the partial download. */
  readonly manifest?: Pick<PartialFolderOptions, "manifestPath" | "manifestBytes"> | undefined;
}

interface OpenContent {
  readonly content: Content;
  readonly sizeBytes: number;
}

/** Compares each path once, and never follows links. */
export class ContentSearch {
  readonly #compared = new Set<string>(); // Bounded by SAME_NAMES_MAX.
  #comparedBytes = 0;

  constructor(private readonly options: ContentSearchOptions) {}

  /**
   * @param sizeBytes size of a file; ignored for a folder, whose manifest has its size
   * @param digest `undefined` to accept any content of this size
   */
  async find(sizeBytes: number, digest?: Uint8Array): Promise<ExistingContent | undefined> {
    const { disk, folder, name } = this.options;
    for (const path of numberedPaths(folder, name, (path) => disk.kind(path) !== undefined)) {
      const existing = await this.compare(path, sizeBytes, digest);
      if (existing !== undefined) return existing;
    }
    return undefined;
  }

  /** @returns `undefined` if the path has other content, was compared before, or is unreadable */
  async compare(
    path: string,
    sizeBytes: number,
    digest?: Uint8Array,
  ): Promise<ExistingContent | undefined> {
    const isExhausted =
      this.#compared.size >= COMPARED_FILES && this.#comparedBytes >= COMPARED_BYTES_MAX;
    if (isExhausted || this.#compared.has(path)) return undefined;
    const actual = await onDisk(path, () => this.#digestAt(path, sizeBytes)).catch(ignoreFault);
    if (actual === undefined) return undefined;
    if (digest !== undefined && !equalBytes(actual, digest)) return undefined;
    return { path, digest: actual };
  }

  async #digestAt(path: string, sizeBytes: number): Promise<Uint8Array | undefined> {
    const open = await this.#open(path, sizeBytes);
    if (open === undefined) return undefined;
    this.#compared.add(path);
    try {
      this.#comparedBytes += open.sizeBytes;
      return await digestOf(open, this.options.sha256);
    } finally {
      open.content.close();
    }
  }

  async #open(path: string, sizeBytes: number): Promise<OpenContent | undefined> {
    const { disk, manifest } = this.options;
    if (!disk.isTrusted(path)) return undefined;
    if (manifest !== undefined) return openFolder({ disk, path, finalPath: path, ...manifest });
    if (disk.kind(path) !== "file") return undefined;
    const file = disk.openPlain(path, "read");
    if (file.sizeBytes() === sizeBytes) return { content: fileContent(file), sizeBytes };
    file.close();
    return undefined;
  }
}

/** @returns `undefined` if the folder lacks an entry of the manifest; other entries are ignored */
async function openFolder(options: PartialFolderOptions): Promise<OpenContent | undefined> {
  const { disk, path } = options;
  if (disk.kind(path) !== "folder") return undefined;
  const content = new PartialFolder(options);
  const sizeBytes = await content.completeBytes().catch((error: unknown) => {
    content.close();
    throw error;
  });
  if (sizeBytes !== undefined) return { content, sizeBytes };
  content.close();
  return undefined;
}

/** Paths of the names `NAME`, `NAME (1)` and so on that exist. */
export function* numberedPaths(
  folder: string,
  name: string,
  exists: (path: string) => boolean,
  nameOf = numbered,
): Generator<string> {
  let missingCount = 0;
  for (let n = 0; n <= SAME_NAMES_MAX && missingCount < MISSING_NUMBERS_MAX; n++) {
    const path = join(folder, nameOf(name, n));
    if (exists(path)) yield path;
    else missingCount += 1;
  }
}

/** @returns `undefined` if the content ends early or late, because it is being changed */
async function digestOf(
  { content, sizeBytes }: OpenContent,
  sha256: Sha256,
): Promise<Uint8Array | undefined> {
  const digest = new Digest(new Bun.CryptoHasher("sha256"));
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let offset = 0; offset < sizeBytes; offset += CHUNK_BYTES) {
    const bytes = buffer.subarray(0, Math.min(CHUNK_BYTES, sizeBytes - offset));
    if ((await content.read([bytes], offset)) < bytes.length) return undefined;
    digest.add(sha256(bytes));
  }
  const hasMore = (await content.read([buffer.subarray(0, 1)], sizeBytes)) > 0;
  return hasMore ? undefined : digest.value();
}
