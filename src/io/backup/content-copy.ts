/** Copies file contents, verifies them during the copy and renames them when complete. */

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
import { METADATA_BYTES_MAX, parseMetadata } from "../blob/metadata.ts";
import { diskFault, type TreeDisk, writeWhole } from "../disk/disk.ts";
import { readWholeFile, replaceFile, writeSynced } from "../disk/whole-file.ts";

export interface ContentOptions {
  readonly disk: TreeDisk;
  readonly sha256: Sha256;
  readonly from: string;
  readonly to: string;
  readonly onBytes: (count: number) => void;
  readonly onFault: (fault: Fault) => void;
}

export interface MissingContents {
  readonly missing: number;
  readonly damaged: number;
}

const ABOUT = "about.json";
const CONTENT = "content";
const LINES = "chunks.jsonl";
const PARTS: readonly string[] = [ABOUT, CONTENT, LINES];
const SYNC_BYTES_MAX = 0;

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
      onFault(error);
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
    disk.rename(staging, join(to, file.file));
  } catch (error) {
    await disk.removeFolder(staging).catch(() => undefined);
    throw diskFault(error, staging);
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
    await writeWhole(copy, bytes.subarray(0, bytesRead), index * CHUNK_BYTES, SYNC_BYTES_MAX);
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
  try {
    for (const name of disk.list(folder)) {
      const file = name.replace(/\.part$/, "");
      if (!isFileId(file) || (file === name && isKept(file))) continue;
      await disk.removeFolder(join(folder, name));
    }
    if (disk.kind(folder) === "folder") await disk.syncFolder(folder);
  } catch (error) {
    throw diskFault(error, folder);
  }
}

export async function copySmall(
  disk: TreeDisk,
  { from, to, sizeBytesMax }: { from: string; to: string; sizeBytesMax: number },
): Promise<number> {
  const bytes = readWholeFile(disk, from, sizeBytesMax);
  if (bytes === undefined) {
    disk.remove(to);
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
