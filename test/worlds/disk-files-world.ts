import { Fault } from "../../src/base/fault.ts";
import type { FileId, UserId } from "../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { openBlobStore } from "../../src/io/blob/blob-store.ts";
import type { BlobMetadata, FolderSize } from "../../src/io/blob/interfaces.ts";
import type { TreeDisk } from "../../src/io/disk/disk.ts";
import { openSink } from "../../src/io/file/sink.ts";
import { encodeManifest, type ManifestEntry } from "../../src/wire/manifest.ts";
import type { SimDisk } from "../io/disk/sim.ts";
import { digestOf } from "../wire/digest.ts";
import { check, sha256 } from "./disk-world.ts";

const FILE = "fAAAAAAAAAAA" as FileId;
const FILES = "/data/files";
export const INBOX = "/data/in";
const SYNC_CHUNKS = 2;
const TOGETHER_MAX = 6;

export interface Given {
  readonly bytes: Uint8Array;
  readonly chunks: readonly { readonly bytes: Uint8Array; readonly hash: Uint8Array }[];
  readonly digest: string;
  readonly folder?: FolderSize;
}

export function pattern(sizeBytes: number, salt = 1): Uint8Array {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + salt, 0x9e3779b9);
  return new Uint8Array(words.buffer, 0, sizeBytes);
}

export function given(bytes: Uint8Array, folder?: FolderSize): Given {
  const chunks: { bytes: Uint8Array; hash: Uint8Array }[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const chunk = bytes.subarray(at, at + CHUNK_BYTES);
    chunks.push({ bytes: chunk, hash: sha256(chunk) });
  }
  const hashes = chunks.map(({ hash }) => hash);
  const digest = Buffer.from(digestOf(hashes, sha256)).toString("hex");
  return { bytes, chunks, digest, ...(folder === undefined ? {} : { folder }) };
}

const ENTRIES: readonly ManifestEntry[] = [
  { path: "a", dir: true, mode: 0o750, mtime: 1_000_000_000_000 },
  { path: "a/big", size: 2 * CHUNK_BYTES + 99, mode: 0o640, mtime: 1_000_000_000_001 },
  { path: "a/none", size: 0, mode: 0o600, mtime: 1_000_000_000_002 },
  { path: "a/small", size: 10, mode: 0o444, mtime: 1_000_000_000_003 },
  { path: "b", dir: true, mode: 0o700, mtime: 1_000_000_000_004 },
  { path: "c:", size: 20, mode: 0o644, mtime: 1_000_000_000_005 },
  { path: "c?", size: 30, mode: 0o644, mtime: 1_000_000_000_006 },
];

export function givenFolder(entries: readonly ManifestEntry[] = ENTRIES): Given {
  const manifest = encodeManifest(entries);
  const files = entries.flatMap((entry) => ("size" in entry ? [entry.size] : []));
  const content = pattern(
    files.reduce((sum, size) => sum + size, 0),
    77,
  );
  const folder = { entries: entries.length, manifestBytes: manifest.length };
  return given(Buffer.concat([manifest, content]), folder);
}

function aboutOf({ bytes, folder }: Given, isSized = true): BlobMetadata {
  return {
    file: FILE,
    by: "uAAAAAAAAAAA" as UserId,
    name: "a \u{1f600}.bin",
    to: ["lobby", "@ana"],
    ...(isSized ? { sizeBytes: bytes.length } : {}),
    ...(folder === undefined ? {} : { folder }),
    sinceMs: 1_763_617_717_003,
  };
}

export class Promised {
  isMade = false;
  chunks = 0;
  path: string | undefined;
}

export async function upload(disk: TreeDisk, all: Given, promised: Promised): Promise<void> {
  const store = openBlobStore({ disk, folder: FILES, sha256 });
  const listed = await store.list();
  check(!promised.isMade || listed.length === 1, "an offer that was answered is there");
  const about = aboutOf(all, false);
  const known = await store.open(FILE);
  check(!promised.isMade || known !== undefined, "what was listed can be opened");
  const blob = known ?? (await store.create(about));
  promised.isMade = true;
  check(Bun.deepEquals(blob.metadata, about, true), "the offer reads as it was");
  try {
    await goOn(all, promised, blob);
    for (const [index, chunk] of all.chunks.entries()) {
      check(Buffer.from(await blob.read(index)).equals(chunk.bytes), `chunk ${index} reads right`);
      check(Buffer.from(await blob.hash(index)).equals(chunk.hash), `line ${index} reads right`);
    }
  } finally {
    blob.close();
  }
}

interface Going {
  readonly have: number;
  readonly sizeBytes: number;
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void>;
  sync(): Promise<unknown>;
  digest(): Uint8Array;
  read?(index: number): Promise<Uint8Array>;
}

async function goOn({ chunks, bytes, digest }: Given, promised: Promised, to: Going) {
  const { have } = to;
  check(have >= promised.chunks, `${have} chunks are there, ${promised.chunks} were promised`);
  promised.chunks = have;
  for (let index = 0; to.read !== undefined && index < have; index++) {
    const is = Buffer.from(await to.read(index)).equals(chunks[index]?.bytes ?? new Uint8Array());
    check(is, `chunk ${index} is right after a crash`);
  }
  for (let index = have; index < chunks.length; ) {
    const batch = chunks.slice(index, index + 1 + (index % TOGETHER_MAX));
    await Promise.all(batch.map((chunk) => to.append(chunk.hash, chunk.bytes)));
    index += batch.length;
    if (index - promised.chunks < SYNC_CHUNKS) continue;
    await to.sync();
    promised.chunks = index;
  }
  await to.sync();
  promised.chunks = chunks.length;
  check(to.sizeBytes === bytes.length, "the size is right");
  check(Buffer.from(to.digest()).toString("hex") === digest, "the digest is right");
}

export async function download(disk: TreeDisk, all: Given, promised: Promised): Promise<void> {
  const { folder } = all;
  const sink = await openSink({
    folder: INBOX,
    name: "name.tar.gz",
    details: undefined,
    file: FILE,
    server: "f",
    sha256,
    disk,
    lock: () => ({ release: () => undefined }),
    ...(folder === undefined ? {} : { folderSize: folder }),
  });
  try {
    await goOn(all, promised, sink);
    promised.path = await sink.finish();
  } finally {
    sink.close();
  }
}

export function stands(disk: SimDisk, path: string, all: Given): boolean {
  if (all.folder === undefined) return contentIs(disk, path, all.bytes);
  let at = all.folder.manifestBytes;
  const names = new Map([
    ["c:", "c_"],
    ["c?", "c_ (1)"],
  ]);
  return ENTRIES.every((entry) => {
    const place = `${path}/${names.get(entry.path) ?? entry.path}`;
    const dress = { mode: entry.mode, mtimeMs: entry.mtime };
    if (!Bun.deepEquals(disk.metadataAt(place), dress)) return false;
    if ("dir" in entry) return disk.kind(place) === "folder";
    const part = all.bytes.subarray(at, at + entry.size);
    at += entry.size;
    return contentIs(disk, place, part);
  });
}

function contentIs(disk: SimDisk, path: string, bytes: Uint8Array): boolean {
  return disk.kind(path) === "file" && Buffer.from(disk.fileAt(path).visible).equals(bytes);
}

export async function live(disk: SimDisk, life: () => Promise<void>): Promise<boolean> {
  try {
    await life();
    return !disk.isStopped;
  } catch (error) {
    if (disk.isStopped || (error instanceof Fault && error.blame === "host")) return false;
    throw error;
  }
}
