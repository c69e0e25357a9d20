/** Everything that was handed in in an assignment room, as one folder for `zipStream`. */

import { utf8Encode } from "../../base/bytes.ts";
import { asFault } from "../../base/fault.ts";
import { nameFiles } from "../../base/file-names.ts";
import type { FileId } from "../../base/ids.ts";
import {
  CHUNK_BYTES,
  FOLDER_ENTRIES_MAX,
  MANIFEST_BYTES_MAX,
  PATH_BYTES_MAX,
} from "../../base/limits.ts";
import { encodeSorted, isFolder, type ManifestEntry, parseManifest } from "../../wire/manifest.ts";

/** Content that is not a stored file. */
export interface HandedSource {
  chunks(): AsyncIterable<Uint8Array>;
}

export interface HandedPart {
  readonly name: string;
  readonly unixMs: number;
  readonly sizeBytes: number;
  readonly content: HandedSource | FileId;
  /** Only for a folder. */
  readonly manifestBytes?: number | undefined;
}

/** Files and texts of a person, in a folder with the name of the person. */
export interface HandedWork {
  readonly folder: string;
  /** Earlier parts have priority. */
  readonly parts: readonly HandedPart[];
}

export interface CollectedOptions {
  /** Reads verified chunks of a file. */
  readonly read: (file: FileId, from: number) => AsyncIterable<Uint8Array>;
  readonly yieldTurn: () => Promise<void>;
}

export interface CollectedFolder {
  readonly sizeBytes: number;
  readonly manifestBytes: number;
  readonly entries: number;
  chunks(): AsyncGenerator<Uint8Array>;
}

/** A larger list, which takes long to check, is not unpacked: its folder stays one file. */
const UNPACKED_MANIFEST_BYTES_MAX = 1024 * 1024;
const MODE = 0o644;
const FOLDER_MODE = 0o755;
/** The fields of an entry in the list besides its path. */
const ENTRY_BYTES = 100;
const STEPS_PER_TURN = 64;
const OMITTED_NAME = "not-included.txt";

interface Placed {
  readonly part: HandedPart;
  readonly path: string;
  readonly bytes: number;
  /** Entries of a folder that is unpacked. */
  inner?: readonly ManifestEntry[];
}

/** Free space in the list of the whole folder. */
interface Room {
  entries: number;
  bytes: number;
}

/**
 * Gives each file a safe name that is unique in its folder. Nobody can prevent the download of the
 * others: each person has a share of the list, and a note replaces the files beyond it. A folder
 * whose list is malformed or too long stays one file.
 */
export async function collectedFolder(
  works: readonly HandedWork[],
  options: CollectedOptions,
): Promise<CollectedFolder> {
  const placed = await place(works, options);
  placed.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const entries = placed.flatMap(({ part, path, inner }) => {
    return inner ?? [{ path, size: part.sizeBytes, mode: MODE, mtime: part.unixMs }];
  });
  const manifest = await inTurns(encodeSorted(entries), options);
  const sizes = entries.map((entry) => (isFolder(entry) ? 0 : entry.size));
  // Only what the content needs stays in memory while it is sent.
  const contents = placed.map(({ part, inner }) => {
    return {
      content: part.content,
      skipBytes: inner === undefined ? 0 : (part.manifestBytes ?? 0),
    };
  });
  return {
    sizeBytes: sizes.reduce((sum, size) => sum + size, manifest.length),
    manifestBytes: manifest.length,
    entries: entries.length,
    async *chunks() {
      yield manifest;
      for (const { content, skipBytes } of contents) yield* contentOf(content, skipBytes, options);
    },
  };
}

async function place(works: readonly HandedWork[], options: CollectedOptions): Promise<Placed[]> {
  const room = { entries: FOLDER_ENTRIES_MAX, bytes: MANIFEST_BYTES_MAX - ENTRY_BYTES };
  const placed: Placed[] = [];
  // A person with few files leaves the rest of an equal share to the others.
  const bySize = [...works].sort((a, b) => a.parts.length - b.parts.length);
  for (const [index, work] of bySize.entries()) {
    const others = bySize.length - index;
    const share = { entries: room.entries / others, bytes: room.bytes / others };
    for (const one of await placeWork(work, share, options)) {
      room.entries -= 1;
      room.bytes -= one.bytes;
      placed.push(one);
    }
  }
  const folders = placed.filter(({ part }) => part.manifestBytes !== undefined);
  folders.sort((a, b) => (a.part.manifestBytes ?? 0) - (b.part.manifestBytes ?? 0));
  for (const folder of folders) await unpack(folder, room, options);
  return placed;
}

async function placeWork(
  { folder, parts }: HandedWork,
  share: Readonly<Room>,
  options: CollectedOptions,
): Promise<Placed[]> {
  const first = parts.slice(0, Math.max(1, Math.floor(share.entries) - 1));
  const names = await inTurns(nameFiles([OMITTED_NAME, ...first.map(({ name }) => name)]), options);
  const placed: Placed[] = [];
  let bytes = 2 * ENTRY_BYTES;
  for (const [i, part] of first.entries()) {
    const path = `${folder}/${names[i + 1]}`;
    const entryBytes = utf8Encode(path).length + ENTRY_BYTES;
    bytes += entryBytes;
    if (bytes > share.bytes) break;
    placed.push({ part, path, bytes: entryBytes });
  }
  const omitted = parts.length - placed.length;
  if (omitted === 0) return placed;
  const limit = `which is limited to ${FOLDER_ENTRIES_MAX} entries`;
  const text = `${omitted} more files are not in this archive, ${limit}.\n`;
  const content = utf8Encode(text);
  const note = {
    name: OMITTED_NAME,
    unixMs: parts[0]?.unixMs ?? 0,
    sizeBytes: content.length,
    content: {
      chunks: async function* () {
        yield content;
      },
    },
  };
  return [...placed, { part: note, path: `${folder}/${OMITTED_NAME}`, bytes: ENTRY_BYTES }];
}

async function unpack(folder: Placed, room: Room, options: CollectedOptions): Promise<void> {
  const { part, path, bytes: ownBytes } = folder;
  const { content, manifestBytes = Number.POSITIVE_INFINITY } = part;
  if (typeof content !== "string" || manifestBytes > UNPACKED_MANIFEST_BYTES_MAX) return;
  const manifest = await readList(content, manifestBytes, options);
  const inner: ManifestEntry[] = [];
  let bytes = 0;
  try {
    for (const [i, entry] of parseManifest(manifest).entries()) {
      const long = { ...entry, path: `${path}/${entry.path}` };
      const pathBytes = utf8Encode(JSON.stringify(long.path)).length;
      bytes += pathBytes + ENTRY_BYTES;
      if (utf8Encode(long.path).length > PATH_BYTES_MAX) return;
      inner.push(long);
      if (i % STEPS_PER_TURN === 0) await options.yieldTurn();
    }
  } catch (error) {
    asFault(error);
    return;
  }
  if (inner.length === 0) inner.push({ path, dir: true, mode: FOLDER_MODE, mtime: part.unixMs });
  if (inner.length - 1 > room.entries || bytes - ownBytes > room.bytes) return;
  room.entries -= inner.length - 1;
  room.bytes -= bytes - ownBytes;
  folder.inner = inner;
}

async function readList(
  file: FileId,
  manifestBytes: number,
  { read }: CollectedOptions,
): Promise<Uint8Array> {
  const manifest = new Uint8Array(manifestBytes);
  let used = 0;
  for await (const chunk of read(file, 0)) {
    const piece = chunk.subarray(0, manifestBytes - used);
    manifest.set(piece, used);
    used += piece.length;
    if (used === manifestBytes) break;
  }
  return manifest;
}

/** Sorts like the paths of the entries. */
function keyOf({ path, inner }: Placed): string {
  return inner === undefined ? path : `${path}/`;
}

async function inTurns<Result>(
  steps: Generator<void, Result>,
  { yieldTurn }: CollectedOptions,
): Promise<Result> {
  for (let count = 1; ; count++) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (count % STEPS_PER_TURN === 0) await yieldTurn();
  }
}

async function* contentOf(
  content: HandedPart["content"],
  skipBytes: number,
  { read }: CollectedOptions,
): AsyncGenerator<Uint8Array> {
  if (typeof content !== "string") return yield* content.chunks();
  let skip = skipBytes % CHUNK_BYTES;
  for await (const chunk of read(content, Math.floor(skipBytes / CHUNK_BYTES))) {
    if (chunk.length > skip) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}
