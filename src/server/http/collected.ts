/** Everything that was handed in in an assignment room, as one folder for `zipStream`. */

import { utf8Encode } from "../../base/bytes.ts";
import { asFault } from "../../base/fault.ts";
import { uniqueFileNames } from "../../base/file-names.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES, FOLDER_ENTRIES_MAX, PATH_BYTES_MAX } from "../../base/limits.ts";
import {
  encodeManifest,
  isFolder,
  type ManifestEntry,
  parseManifest,
} from "../../wire/manifest.ts";

/** File or text of a person, in a folder with the name of the person. */
export interface HandedPart {
  readonly folder: string;
  readonly name: string;
  readonly unixMs: number;
  readonly sizeBytes: number;
  readonly content: Uint8Array | FileId;
  /** Only for a folder. */
  readonly manifestBytes?: number | undefined;
}

/** Reads verified chunks of a file. */
export type ReadChunks = (file: FileId, from: number) => AsyncIterable<Uint8Array>;

export interface CollectedFolder {
  readonly sizeBytes: number;
  readonly manifestBytes: number;
  readonly entries: number;
  chunks(): AsyncGenerator<Uint8Array>;
}

/** A larger list, which takes long to check, is not unpacked: its folder stays one file. */
const UNPACKED_MANIFEST_BYTES_MAX = 1024 * 1024;
const MODE = 0o644;

interface Content {
  /** Sorts like the paths of the content's entries. */
  readonly key: string;
  readonly entries: readonly ManifestEntry[];
  readonly part: HandedPart;
  readonly skipBytes: number;
}

/**
 * Gives each file a safe name that is unique in its folder. A folder whose list is malformed or too
 * long stays one file, so that nobody can prevent the download of the others.
 */
export async function collectedFolder(
  parts: readonly HandedPart[],
  read: ReadChunks,
): Promise<CollectedFolder> {
  const paths = pathsOf(parts);
  const contents: Content[] = [];
  let left = FOLDER_ENTRIES_MAX - parts.length;
  for (const part of parts) {
    const path = paths.get(part) ?? part.name;
    const inner = await innerEntries(part, read);
    const entries = inner?.map((entry) => ({ ...entry, path: `${path}/${entry.path}` }));
    if (entries === undefined || entries.length > left || entries.some(isTooLong)) {
      const entry = { path, size: part.sizeBytes, mode: MODE, mtime: part.unixMs };
      contents.push({ key: path, entries: [entry], part, skipBytes: 0 });
    } else {
      left -= entries.length;
      contents.push({ key: `${path}/`, entries, part, skipBytes: part.manifestBytes ?? 0 });
    }
  }
  contents.sort((a, b) => (a.key < b.key ? -1 : 1));
  const entries = contents.flatMap((content) => content.entries);
  const manifest = encodeManifest(entries);
  const sizes = entries.map((entry) => (isFolder(entry) ? 0 : entry.size));
  return {
    sizeBytes: sizes.reduce((sum, size) => sum + size, manifest.length),
    manifestBytes: manifest.length,
    entries: entries.length,
    async *chunks() {
      yield manifest;
      for (const { part, skipBytes } of contents) yield* contentOf(part, skipBytes, read);
    },
  };
}

function pathsOf(parts: readonly HandedPart[]): ReadonlyMap<HandedPart, string> {
  const paths = new Map<HandedPart, string>();
  for (const [folder, ofPerson] of Map.groupBy(parts, (part) => part.folder)) {
    const names = uniqueFileNames(ofPerson.map(({ name }) => name));
    for (const [index, part] of ofPerson.entries()) paths.set(part, `${folder}/${names[index]}`);
  }
  return paths;
}

function isTooLong({ path }: ManifestEntry): boolean {
  return utf8Encode(path).length > PATH_BYTES_MAX;
}

async function innerEntries(
  { content, manifestBytes }: HandedPart,
  read: ReadChunks,
): Promise<readonly ManifestEntry[] | undefined> {
  if (content instanceof Uint8Array || manifestBytes === undefined) return undefined;
  if (manifestBytes > UNPACKED_MANIFEST_BYTES_MAX) return undefined;
  const manifest = new Uint8Array(manifestBytes);
  let used = 0;
  for await (const chunk of read(content, 0)) {
    const piece = chunk.subarray(0, manifestBytes - used);
    manifest.set(piece, used);
    used += piece.length;
    if (used === manifestBytes) break;
  }
  try {
    return parseManifest(manifest);
  } catch (error) {
    asFault(error);
    return undefined;
  }
}

async function* contentOf(
  { content }: HandedPart,
  skipBytes: number,
  read: ReadChunks,
): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) return yield content;
  let skip = skipBytes % CHUNK_BYTES;
  for await (const chunk of read(content, Math.floor(skipBytes / CHUNK_BYTES))) {
    if (chunk.length > skip) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}
