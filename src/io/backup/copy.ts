/** Copies a log incrementally, and file contents, which it verifies during the copy. */

import { join } from "node:path";
import { equalBytes, toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { type FileId, isFileId, type Sha256 } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import type { FileEntry, Files } from "../../core/rooms/files.ts";
import {
  chunkCount,
  chunkSize,
  Digest,
  encodeHashLine,
  HASH_LINE_BYTES,
} from "../../wire/chunks.ts";
import { METADATA_BYTES_MAX, parseMetadata } from "../blob/blob-store.ts";
import {
  type Disk,
  diskFault,
  moveFile,
  onDisk,
  readWholeFile,
  removeFile,
  replaceFile,
  syncWithParents,
  type TreeDisk,
  writeSynced,
  writeWhole,
} from "../disk/disk.ts";
import { appendSparse } from "../disk/sparse.ts";
import { eraseLine } from "../log/erasure.ts";
import { linesOf, scanBlocks } from "../log/scan.ts";
import { listSegments, segmentName } from "../log/segment.ts";
import { ifPossible } from "../promises.ts";
import type { LogExtent } from "./manifest.ts";

const BLOCK_BYTES = 1 << 20;
const SYNC_BYTES_MAX = 0;

interface CopyOptions {
  readonly disk: Disk;
  readonly from: string;
  readonly to: string;
  readonly trusted: LogExtent["segments"];
  readonly keepsComplete: boolean;
  readonly upTo?: LogExtent["segments"];
  readonly onBytes: (count: number) => void;
}

export async function copyLog(options: CopyOptions): Promise<void> {
  const { disk, from, to } = options;
  await onDisk(to, async () => {
    disk.makeFolder(to);
    const firstSeqs = listSegments(disk, from);
    for (const [index, firstSeq] of firstSeqs.entries()) {
      await copySegment(options, firstSeq, index === firstSeqs.length - 1);
    }
    // An interrupted run may have copied segments that the server has since truncated.
    for (const firstSeq of listSegments(disk, to)) {
      if (!firstSeqs.includes(firstSeq)) await removeFile(disk, join(to, segmentName(firstSeq)));
    }
    await disk.syncFolder(to);
  });
}

async function copySegment(
  { disk, from, to, trusted, keepsComplete, upTo, onBytes }: CopyOptions,
  firstSeq: number,
  isLast: boolean,
): Promise<void> {
  const name = segmentName(firstSeq);
  using source = disk.open(join(from, name), "read");
  const sizeBytes = source.sizeBytes();
  const endBytes = upTo === undefined ? sizeBytes : Math.min(sizeBytes, upTo[firstSeq] ?? 0);
  using copy = disk.open(join(to, name), "write");
  const copiedBytes = copy.sizeBytes();
  const isComplete = keepsComplete && !isLast && copiedBytes === endBytes;
  let at = isComplete ? endBytes : Math.min(copiedBytes, trusted[firstSeq] ?? 0);
  if (copiedBytes > at) copy.truncate(at);
  if (at === endBytes) return;
  const buffer = new Uint8Array(Math.min(BLOCK_BYTES, endBytes - at));
  while (at < endBytes) {
    const target = buffer.subarray(0, Math.min(BLOCK_BYTES, endBytes - at));
    const bytesRead = await source.readLater(target, at);
    if (bytesRead === 0) break;
    await writeWhole(copy, target.subarray(0, bytesRead), at, SYNC_BYTES_MAX);
    at += bytesRead;
    onBytes(bytesRead);
  }
  await copy.sync();
  await disk.syncFolder(to); // A segment must be durable before a later segment exists.
}

export async function truncateLog(disk: Disk, folder: string, segments: LogExtent["segments"]) {
  await onDisk(folder, async () => {
    for (const firstSeq of listSegments(disk, folder)) {
      const path = join(folder, segmentName(firstSeq));
      const endBytes = segments[firstSeq];
      if (endBytes === undefined) {
        await removeFile(disk, path);
        continue;
      }
      using file = disk.open(path, "write");
      if (file.sizeBytes() > endBytes) file.truncate(endBytes);
      await file.sync();
    }
    await disk.syncFolder(folder);
  });
}

export async function eraseDue(
  disk: Disk,
  folder: string,
  due: ReadonlyMap<number, number>,
): Promise<void> {
  if (due.size === 0) return;
  await onDisk(folder, async () => {
    for (const firstSeq of listSegments(disk, folder)) {
      const path = join(folder, segmentName(firstSeq));
      using file = disk.open(path, "read");
      let seq = firstSeq;
      for await (const block of scanBlocks(file, 0, file.sizeBytes())) {
        for (const { bytes, offset } of linesOf(block)) {
          const eraseSeq = due.get(seq++);
          if (eraseSeq === undefined) continue;
          const line = { path, offset, bytes: Uint8Array.from(bytes) };
          const reservePath = join(folder, "..", "reserve");
          await eraseLine({ disk, reservePath }, line, eraseSeq);
        }
      }
    }
  });
}

interface ContentOptions {
  readonly disk: TreeDisk;
  readonly sha256: Sha256;
  readonly from: string;
  readonly to: string;
  readonly onBytes: (count: number) => void;
  readonly onFault: (fault: Fault, file: FileId) => void;
}

export interface MissingContents {
  readonly missing: number;
  readonly damaged: number;
}

const ABOUT = "about.json";
const CONTENT = "content";
const LINES = "chunks.jsonl";
const PARTS: readonly string[] = [ABOUT, CONTENT, LINES];

export async function copyContents(
  options: ContentOptions,
  files: Files,
): Promise<MissingContents> {
  const { disk, to, onFault } = options;
  disk.makeFolder(to);
  let [missing, damaged] = [0, 0];
  for (const id of files.ids()) {
    const file = files.get(id);
    if (file === undefined || hasContent(disk, to, file)) continue;
    try {
      await copyContent(options, file);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === "checksum-wrong") damaged++;
      else if (error.code === "file-unknown") missing++;
      else throw error;
      onFault(error, id);
    }
  }
  await disk.syncFolder(to);
  return { missing, damaged };
}

function hasContent(disk: TreeDisk, folder: string, { file, size }: FileEntry): boolean {
  const path = join(folder, file);
  if (PARTS.some((name) => disk.kind(join(path, name)) !== "file")) return false;
  return (
    sizeOf(disk, join(path, CONTENT)) === size &&
    sizeOf(disk, join(path, LINES)) === chunkCount(size) * HASH_LINE_BYTES
  );
}

async function copyContent(options: ContentOptions, file: FileEntry): Promise<void> {
  const { disk, from, to } = options;
  const source = join(from, file.file);
  const staging = join(to, `${file.file}.part`);
  try {
    const about = readWholeFile(disk, join(source, ABOUT), METADATA_BYTES_MAX);
    if (about === undefined || disk.kind(join(source, CONTENT)) !== "file") {
      throw new Fault("file-unknown", `the content of ${file.file} is missing`);
    }
    if (parseMetadata(about)?.file !== file.file) throw damaged(file, source);
    await disk.removeFolder(staging); // A killed run may have left a staging folder.
    disk.makeFolder(staging);
    const digest = await copyChunks(options, file, { source, staging });
    if (digest !== file.digest) throw damaged(file, source);
    await writeSynced(disk, join(staging, ABOUT), about);
    await disk.syncFolder(staging);
    await disk.removeFolder(join(to, file.file));
    await moveFile(disk, staging, join(to, file.file));
  } catch (error) {
    await ifPossible(disk.removeFolder(staging));
    throw diskFault(error, to);
  }
}

function damaged({ file }: FileEntry, source: string): Fault {
  return new Fault("checksum-wrong", `the content of ${file} is damaged in ${source}`, {
    remedy: "ask its sender for it again",
  });
}

async function copyChunks(
  { disk, sha256, onBytes }: ContentOptions,
  { size }: FileEntry,
  { source, staging }: { readonly source: string; readonly staging: string },
): Promise<string> {
  const digest = new Digest(new Bun.CryptoHasher("sha256"));
  using content = disk.open(join(source, CONTENT), "read");
  using copy = disk.open(join(staging, CONTENT), "write");
  using lines = disk.open(join(staging, LINES), "write");
  for (let index = 0; index < chunkCount(size); index++) {
    const bytes = new Uint8Array(chunkSize(index, size));
    const bytesRead = await content.readLater(bytes, index * CHUNK_BYTES);
    const hash = sha256(bytes.subarray(0, bytesRead));
    digest.add(hash);
    await appendSparse(copy, [bytes.subarray(0, bytesRead)], index * CHUNK_BYTES);
    await writeWhole(lines, encodeHashLine(hash), index * HASH_LINE_BYTES, HASH_LINE_BYTES);
    onBytes(bytesRead);
  }
  await copy.sync();
  await lines.sync();
  return toHex(digest.value());
}

export async function removeOthers(
  disk: TreeDisk,
  folder: string,
  isKept: (file: FileId) => boolean,
): Promise<void> {
  await onDisk(folder, async () => {
    for (const name of disk.list(folder)) {
      const file = name.replace(/\.part$/, "");
      if (!isFileId(file) || (file === name && isKept(file))) continue;
      await disk.removeFolder(join(folder, name));
    }
    if (disk.kind(folder) === "folder") await disk.syncFolder(folder);
  });
}

/** GroupInfos of encrypted rooms, with which devices join. Each name is unique to its content. */
export const GROUP_INFOS = { folder: "sealed", suffix: ".group" } as const;

/** Copies the GroupInfos. A server may replace some with newer ones during the copy. */
export async function copyGroupInfos(
  disk: TreeDisk,
  { from, to, sizeBytesMax }: { from: string; to: string; sizeBytesMax: number },
): Promise<{ readonly names: ReadonlySet<string>; readonly bytes: number }> {
  const names = new Set(groupInfosIn(disk, from));
  let bytes = 0;
  if (names.size > 0) disk.makeFolder(to);
  for (const name of names) {
    const paths = { from: join(from, name), to: join(to, name) };
    bytes += await copySmall(disk, { ...paths, sizeBytesMax });
  }
  if (names.size > 0) await syncWithParents(disk, to);
  return { names, bytes };
}

export async function removeOtherGroupInfos(
  disk: TreeDisk,
  folder: string,
  kept: ReadonlySet<string>,
): Promise<void> {
  for (const name of groupInfosIn(disk, folder))
    if (!kept.has(name)) await removeFile(disk, join(folder, name));
  if (disk.kind(folder) === "folder") await disk.syncFolder(folder);
}

function groupInfosIn(disk: TreeDisk, folder: string): string[] {
  if (disk.kind(folder) !== "folder") return [];
  return disk.list(folder).filter((name) => name.endsWith(GROUP_INFOS.suffix));
}

export async function copySmall(
  disk: TreeDisk,
  { from, to, sizeBytesMax }: { from: string; to: string; sizeBytesMax: number },
): Promise<number> {
  const bytes = readWholeFile(disk, from, sizeBytesMax);
  if (bytes === undefined) {
    await removeFile(disk, to);
    return 0;
  }
  const existing = readWholeFile(disk, to, sizeBytesMax);
  if (existing !== undefined && equalBytes(existing, bytes)) return 0;
  await replaceFile(disk, to, bytes);
  return bytes.length;
}

function sizeOf(disk: TreeDisk, path: string): number {
  using file = disk.openPlain(path, "read");
  return file.sizeBytes();
}
