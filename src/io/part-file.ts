import { join } from "node:path";
import { equalBytes, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { partName } from "../base/file-names.ts";
import type { FileId } from "../base/ids.ts";
import { SAME_NAMES_MAX } from "../base/limits.ts";
import { type TreeDisk, writeWhole } from "./disk.ts";
import type { Lock } from "./lock.ts";

/** What stands beside a file that arrives, until it is whole. */

export interface Part {
  /** The file, or the folder. */
  readonly path: string;
  /** Whose part it is, and the checksums of its chunks. */
  readonly journalPath: string;
  /** Of a folder: what is in it. */
  readonly manifestPath: string;
  /** Held by the process that receives. */
  readonly lockPath: string;
  readonly lock: Lock;
}

export interface PartWanted {
  readonly disk: TreeDisk;
  readonly folder: string;
  /** Clean. */
  readonly name: string;
  readonly head: Uint8Array;
  readonly isFolder: boolean;
  /** @returns undefined: another process has it */
  readonly lock: (path: string) => Lock | undefined;
}

const SYNC_BYTES_MAX = 64 * 1024;

/** The first line of a journal: whose part this is. */
export function headOf({ file, server }: { file: FileId; server: string }): Uint8Array {
  return utf8Encode(`${JSON.stringify({ v: 1, file, server })}\n`);
}

/** The part that an earlier run left, or a new one: both are there then, and nobody else's. */
export async function takePart(wanted: PartWanted): Promise<Part> {
  const { disk, folder, name } = wanted;
  const names = new Set(disk.list(folder));
  const numbers = Array.from({ length: SAME_NAMES_MAX }, (_, n) => n);
  const isThere = (n: number) => names.has(`${partName(name, n)}.journal`);
  for (const n of numbers.filter(isThere)) {
    const part = await goOn(wanted, pathsOf(folder, partName(name, n)));
    if (part !== undefined) return part;
  }
  for (const n of numbers) {
    const part = await begin(wanted, pathsOf(folder, partName(name, n)));
    if (part !== undefined) return part;
  }
  throw new Fault("store-failed", `${folder} has ${SAME_NAMES_MAX} parts of ${name} already`);
}

type Paths = Omit<Part, "lock">;

function pathsOf(folder: string, name: string): Paths {
  const path = join(folder, name);
  const besides = { journalPath: `${path}.journal`, lockPath: `${path}.lock` };
  return { path, manifestPath: `${path}.folder`, ...besides };
}

async function goOn(wanted: PartWanted, paths: Paths): Promise<Part | undefined> {
  const { disk, folder, head, isFolder } = wanted;
  const { path, journalPath, manifestPath } = paths;
  if (disk.kind(journalPath) !== "file") return undefined;
  const kind = disk.kind(path);
  if (kind !== undefined && kind !== (isFolder ? "folder" : "file")) return undefined;
  if (isFolder && disk.kind(manifestPath) === "other") return undefined;
  const state = await headAt(wanted, journalPath);
  // A crash came before it was whole: then there is no content either.
  const isTorn = state === "torn" && kind === undefined;
  if (!isTorn && state !== "ours") return undefined;
  const lock = lockPart(wanted, paths);
  if (lock === undefined) return undefined;
  try {
    // Without its content a journal means nothing: the last run ended while it tidied up.
    const isGone = kind === undefined || (isFolder && disk.kind(manifestPath) === undefined);
    if (isGone) await writeHead(disk, journalPath, head);
    if (kind === undefined) makeContent(wanted, paths);
    else if (isGone) disk.openNew(manifestPath).close();
    await disk.syncFolder(folder);
    return { ...paths, lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function begin(wanted: PartWanted, paths: Paths): Promise<Part | undefined> {
  const { disk, folder, head } = wanted;
  const { path, journalPath, manifestPath } = paths;
  const isFree = [path, journalPath, manifestPath].every((each) => disk.kind(each) === undefined);
  if (!isFree) return undefined;
  const lock = lockPart(wanted, paths);
  if (lock === undefined) return undefined;
  try {
    disk.openNew(journalPath).close();
    await writeHead(disk, journalPath, head);
    makeContent(wanted, paths);
    await disk.syncFolder(folder);
    return { ...paths, lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function lockPart({ disk, lock }: PartWanted, { lockPath }: Paths): Lock | undefined {
  const kind = disk.kind(lockPath);
  return kind === undefined || kind === "file" ? lock(lockPath) : undefined;
}

function makeContent({ disk, isFolder }: PartWanted, { path, manifestPath }: Paths): void {
  if (!isFolder) {
    disk.openNew(path).close();
    return;
  }
  if (disk.kind(manifestPath) === undefined) disk.openNew(manifestPath).close();
  if (!disk.makeFolderNew(path)) throw new Fault("store-failed", `something stands at ${path}`);
}

async function writeHead(disk: TreeDisk, path: string, head: Uint8Array): Promise<void> {
  const file = disk.openPlain(path, "write");
  try {
    file.truncate(0);
    await writeWhole(file, head, 0, SYNC_BYTES_MAX);
    await file.sync();
  } finally {
    file.close();
  }
}

async function headAt(
  { disk, head }: PartWanted,
  path: string,
): Promise<"ours" | "torn" | "other"> {
  const file = disk.openPlain(path, "read");
  try {
    const bytes = new Uint8Array(head.length);
    const got = await file.readLater(bytes, 0);
    if (!equalBytes(bytes.subarray(0, got), head.subarray(0, got))) return "other";
    return got === head.length ? "ours" : "torn";
  } finally {
    file.close();
  }
}
