/** A partly received file: `NAME.part`, its journal and its lock. */

import { join } from "node:path";
import { toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { partName } from "../../base/file-names.ts";
import type { FileId } from "../../base/ids.ts";
import { SAME_NAMES_MAX } from "../../base/limits.ts";
import { type TreeDisk, writeWhole } from "../disk/disk.ts";
import type { Lock } from "../disk/lock.ts";

export interface Part {
  readonly path: string;
  /** Owner of the part, and the checksums of its chunks. */
  readonly journalPath: string;
  /** Manifest of a folder. */
  readonly manifestPath: string;
  /** Held by the receiving process. */
  readonly lockPath: string;
  /** Bytes of the journal before the first checksum. */
  readonly headBytes: number;
  /** The journal was begun by this home, for this very path. */
  readonly isProven: boolean;
  readonly lock: Lock;
}

/** Owner of a part. */
export interface PartOwner {
  readonly file: FileId;
  /** Fingerprint of the server: the same id at another server is another file. */
  readonly server: string;
}

export interface PartWanted {
  readonly disk: TreeDisk;
  readonly folder: string;
  /** Cleaned. */
  readonly name: string;
  readonly owner: PartOwner;
  /** Secret of this home, for proofs. `undefined`: no existing part can be proven. */
  readonly secret: Uint8Array | undefined;
  readonly isFolder: boolean;
  /** @returns undefined if another process holds it */
  readonly lock: (path: string) => Lock | undefined;
}

const SYNC_BYTES_MAX = 64 * 1024;

/** More than a head of ours has: an id, a fingerprint and a proof. */
const HEAD_BYTES_MAX = 1024;
const PROOF = /^[A-Za-z0-9_-]{43}$/;

/** First line of a journal. */
type Head =
  | { readonly kind: "ours"; readonly headBytes: number; readonly proof: string | undefined }
  | { readonly kind: "torn" | "other" };

/** First line of a journal: the owner of the part, and a proof that this home began it. */
function headLine({ file, server }: PartOwner, proof: string | undefined): string {
  return `${JSON.stringify({ v: 1, file, server, ...(proof === undefined ? {} : { proof }) })}\n`;
}

/**
 * Proof that only this home can write, for this path only: a journal from elsewhere, or moved
 * elsewhere, is not trusted.
 */
function proofOf(secret: Uint8Array, { file, server }: PartOwner, path: string): string {
  const words = JSON.stringify(["chat part", 1, file, server, path]);
  return toBase64Url(new Bun.CryptoHasher("sha256", secret).update(words).digest());
}

/** @param bytes the first bytes of the journal, at most HEAD_BYTES_MAX */
function parseHead(bytes: Uint8Array, owner: PartOwner, proof: string | undefined): Head {
  const text = Buffer.from(bytes).toString("latin1");
  const end = text.indexOf("\n") + 1;
  const plain = headLine(owner, undefined);
  if (end === 0) {
    const isTorn = [plain, headLine(owner, proof)].some((line) => line.startsWith(text));
    return { kind: isTorn ? "torn" : "other" };
  }
  const line = text.slice(0, end);
  if (line === plain) return { kind: "ours", headBytes: end, proof: undefined };
  const found = line.slice(`${plain.slice(0, -2)},"proof":"`.length, -'"}\n'.length);
  const isOurs = PROOF.test(found) && line === headLine(owner, found);
  return isOurs ? { kind: "ours", headBytes: end, proof: found } : { kind: "other" };
}

/** Reads the head of an existing journal; ignores `proof`. */
export function headAt(
  disk: TreeDisk,
  path: string,
  owner: PartOwner,
  proof?: string,
): Head & { readonly sizeBytes: number } {
  using file = disk.openPlain(path, "read");
  const bytes = new Uint8Array(HEAD_BYTES_MAX);
  const got = file.read(bytes, 0);
  return { ...parseHead(bytes.subarray(0, got), owner, proof), sizeBytes: file.sizeBytes() };
}

/**
 * Takes the part that an earlier run left, or creates one: part and journal then exist and are
 * locked.
 */
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
  throw new Fault("too-many", msg`${folder} has ${SAME_NAMES_MAX} parts of ${name} already`, {
    remedy: "move some of them away",
  });
}

type Paths = Pick<Part, "path" | "journalPath" | "manifestPath" | "lockPath">;

function pathsOf(folder: string, name: string): Paths {
  const path = join(folder, name);
  const besides = { journalPath: `${path}.journal`, lockPath: `${path}.lock` };
  return { path, manifestPath: `${path}.folder`, ...besides };
}

async function goOn(wanted: PartWanted, paths: Paths): Promise<Part | undefined> {
  const { disk, folder, owner, secret, isFolder } = wanted;
  const { path, journalPath, manifestPath } = paths;
  if (disk.kind(journalPath) !== "file") return undefined;
  const kind = disk.kind(path);
  if (kind !== undefined && kind !== (isFolder ? "folder" : "file")) return undefined;
  if (isFolder && disk.kind(manifestPath) === "other") return undefined;
  const proof = secret && proofOf(secret, owner, path);
  const head = headAt(disk, journalPath, owner, proof);
  // A crash came before it was complete: then there is no content either.
  const isTorn = head.kind === "torn" && kind === undefined;
  if (!isTorn && head.kind !== "ours") return undefined;
  const lock = lockPart(wanted, paths);
  if (lock === undefined) return undefined;
  try {
    // A journal without content is void: the last run ended while it cleaned up.
    const isGone = kind === undefined || (isFolder && disk.kind(manifestPath) === undefined);
    const known = isGone || head.kind !== "ours" ? undefined : head;
    const headBytes = known?.headBytes ?? (await writeHead(wanted, paths));
    if (kind === undefined) makeContent(wanted, paths);
    else if (isGone) disk.openNew(manifestPath).close();
    await disk.syncFolder(folder);
    const isProven = known?.proof !== undefined && known.proof === proof;
    return { ...paths, headBytes, isProven, lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function begin(wanted: PartWanted, paths: Paths): Promise<Part | undefined> {
  const { disk, folder } = wanted;
  const { path, journalPath, manifestPath } = paths;
  const isFree = [path, journalPath, manifestPath].every((each) => disk.kind(each) === undefined);
  if (!isFree) return undefined;
  const lock = lockPart(wanted, paths);
  if (lock === undefined) return undefined;
  try {
    disk.openNew(journalPath).close();
    const headBytes = await writeHead(wanted, paths);
    makeContent(wanted, paths);
    await disk.syncFolder(folder);
    return { ...paths, headBytes, isProven: true, lock };
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
  if (!disk.makeFolderNew(path)) throw new Fault("store-failed", msg`something stands at ${path}`);
}

/** @returns its length */
async function writeHead(
  { disk, owner, secret }: PartWanted,
  { path, journalPath }: Paths,
): Promise<number> {
  const head = utf8Encode(headLine(owner, secret && proofOf(secret, owner, path)));
  using file = disk.openPlain(journalPath, "write");
  file.truncate(0);
  await writeWhole(file, head, 0, SYNC_BYTES_MAX);
  await file.sync();
  return head.length;
}
