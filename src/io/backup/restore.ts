/** Restores a backup into a new folder, verified before and after, completely or not at all. */

import { dirname, join, resolve } from "node:path";
import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { counted } from "../../base/sizes.ts";
import { Files } from "../../core/rooms/files.ts";
import { checkDataFolder } from "../disk/data-folder.ts";
import { diskFault, type TreeDisk } from "../disk/disk.ts";
import { lockFolder } from "../disk/lock.ts";
import { readCheckpointFile, type StoredCheckpoint } from "../log/checkpoint-file.ts";
import { syncWithParents } from "../log/folder.ts";
import { DAMAGED_SHOWN_MAX, LOGS, SMALL_BYTES_MAX, SMALL_FILES } from "./backup.ts";
import { copyContents, copySmall } from "./content-copy.ts";
import { copyLog, cutLog, eraseDue } from "./log-copy.ts";
import { firstLeaf, type Walked, walkLog } from "./log-walk.ts";
import { type Manifest, readBegun, readManifest } from "./manifest.ts";

export interface RestoreOptions {
  readonly disk: TreeDisk;
  readonly sha256: Sha256;
  readonly backup: string;
  /** Target folder, which is new or empty. */
  readonly data: string;
  /** The target may hold the same server in a newer state: it is moved aside. */
  readonly acceptsRollback: boolean;
  /** Restores the sound part of a damaged backup. */
  readonly acceptsLoss: boolean;
  readonly nowUnixMs: number;
  readonly say: (sentence: string) => void;
  readonly onProgress: (copiedBytes: number) => void;
  /**
   * Checks the folder and writes missing files before the folder is renamed.
   * @param path current path of the folder
   */
  readonly finish: (path: string, newestNote: string | undefined) => Promise<void>;
}

export interface RestoreResult {
  readonly size: number;
  /** Root of the history in the backup, in base64url as `chat verify` prints it. */
  readonly root: string;
  readonly bytes: number;
  readonly data: string;
  /** New path of the folder that was in the target. */
  readonly aside: string | undefined;
  /** Contents that the backup does not include. */
  readonly missingFiles: number;
  /** Contents that are damaged in the backup; they are not restored. */
  readonly damagedFiles: number;
  /** Records whose body is damaged: the server will show them as such. */
  readonly damagedRecords: number;
}

const MARK = "restore-begun";
const ASIDE_MAX = 1_000;
const LOSS_REMEDY = "restore another backup, or accept the loss with --accept-loss";

/**
 * @throws Fault not-found, not-allowed (it would be a rollback), data-…, log-corrupt,
 * checksum-wrong, store-…
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  try {
    return await restoreTo(options, resolve(options.data));
  } catch (error) {
    throw diskFault(error, resolve(options.data));
  }
}

async function restoreTo(options: RestoreOptions, data: string): Promise<RestoreResult> {
  const { disk, sha256 } = options;
  const backup = resolve(options.backup);
  const manifest = readManifest(disk, backup);
  if (manifest === undefined) throw noBackup(backup, readBegun(disk, backup) !== undefined);
  checkDataFolder(backup);
  const files = new Files();
  const before = await verified(options, backup, manifest, files);
  const damagedRecords = reportDamaged(options, before);
  if (damagedRecords > 0 && !options.acceptsLoss) {
    const sentence = `the backup has ${counted(damagedRecords, "damaged record")}`;
    throw new Fault("log-corrupt", sentence, { remedy: LOSS_REMEDY });
  }
  const newer = await newestOf(disk, sha256, { backup, data, manifest });
  if (newer !== undefined && !options.acceptsRollback) {
    throw new Fault("not-allowed", newer.sentence, {
      remedy: "restore a newer backup, or accept the loss with --accept-rollback",
    });
  }
  const part = await stage(disk, data);
  let aside: string | undefined;
  try {
    const bytes = await copyLogs(options, { backup, part, before });
    const folders = { from: join(backup, "files"), to: join(part, "files") };
    const onFault = ({ code, message }: Fault) => {
      if (code !== "file-unknown") options.say(message);
    };
    const contents = { disk, sha256, ...folders, onBytes: () => undefined, onFault };
    const { missing, damaged } = await copyContents(contents, files);
    const expected = manifest.missingFiles ?? missing; // Older manifests omit it.
    const lost = damaged + (manifest.files ? Math.max(0, missing - expected) : 0);
    if (lost > 0 && !options.acceptsLoss) {
      const sentence = `the contents of ${counted(lost, "file")} are damaged in the backup or gone`;
      throw new Fault("checksum-wrong", sentence, { remedy: LOSS_REMEDY });
    }
    const after = await verified(options, part, manifest);
    for (const name of LOGS) {
      if (after[name].damaged.length > before[name].damaged.length) throw miscopied(part);
    }
    for (const name of LOGS) await eraseDue(disk, join(part, name), after[name].due);
    await options.finish(
      part,
      newer?.note ?? readCheckpointFile(disk, join(part, "history"))?.note,
    );
    await syncWithParents(disk, part);
    if (newer?.isThere === true) {
      aside = moveAside(disk, data, options.nowUnixMs);
      await disk.syncFolder(dirname(data)); // Otherwise a power loss may leave both under one name.
    }
    disk.rename(part, data);
    // Otherwise a power loss may bring back the part without the mark that says that it is ours.
    await disk.syncFolder(dirname(data));
    // Until now the mark allows a later run to delete all of this.
    disk.remove(join(data, MARK));
    await syncWithParents(disk, data);
    const { size } = manifest.history;
    const root = toBase64Url(Uint8Array.fromHex(manifest.history.root));
    const lostFiles = { missingFiles: missing, damagedFiles: damaged, damagedRecords };
    return { size, root, bytes: bytes + files.totalBytes, data, aside, ...lostFiles };
  } catch (error) {
    await removePart(disk, part).catch(() => undefined);
    if (aside !== undefined) moveBack(options, aside, data);
    throw diskFault(error, part);
  }
}

type WalkedLogs = Readonly<Record<(typeof LOGS)[number], Walked>>;

/**
 * Walks both logs as far as the backup goes.
 * @throws Fault log-corrupt
 */
async function verified(
  { disk, sha256 }: RestoreOptions,
  folder: string,
  manifest: Manifest,
  files?: Files,
): Promise<WalkedLogs> {
  const walk = async (name: (typeof LOGS)[number]): Promise<Walked> => {
    const { size, root } = manifest[name];
    const onRecord =
      name === "history" && files !== undefined ? { onRecord: files.apply.bind(files) } : {};
    const path = join(folder, name);
    const range = { atLeast: size, upTo: size, sizes: [size] };
    const walked = await walkLog({ disk, folder: path, sha256, ...range, ...onRecord });
    if (walked.roots.get(size) === root && walked.extent.size === size) return walked;
    throw new Fault("log-corrupt", `${path} is not what the backup says it is`, {
      remedy: "use another backup",
    });
  };
  return { history: await walk("history"), accounts: await walk("accounts") };
}

/** @returns the number of damaged records */
function reportDamaged({ say }: RestoreOptions, walked: WalkedLogs): number {
  const damaged = LOGS.flatMap((name) => walked[name].damaged.map((seq) => ({ name, seq })));
  for (const { name, seq } of damaged.slice(0, DAMAGED_SHOWN_MAX)) {
    say(`record ${seq} of ${name} is damaged in the backup`);
  }
  const more = damaged.length - DAMAGED_SHOWN_MAX;
  if (more > 0) say(`and ${counted(more, "more record")}`);
  return damaged.length;
}

interface Newer {
  readonly sentence: string;
  readonly note: string | undefined;
  /** The folder is at the target path. */
  readonly isThere: boolean;
}

/**
 * Finds a state known to be newer than the backup.
 * @throws Fault data-foreign, data-locked
 */
async function newestOf(
  disk: TreeDisk,
  sha256: Sha256,
  { backup, data, manifest }: { backup: string; data: string; manifest: Manifest },
): Promise<Newer | undefined> {
  const { size, root } = manifest.history;
  const kept = readCheckpointFile(disk, join(backup, "history"));
  if (kept !== undefined && kept.checkpoint.size > size) {
    const sentence = `${backup} ends at ${size}, and its checkpoint says ${kept.checkpoint.size}`;
    return { sentence, note: kept.note, isThere: false };
  }
  const kind = disk.kind(data);
  if (kind === undefined || (kind === "folder" && disk.list(data).length === 0)) return undefined;
  const notEmpty = new Fault("data-foreign", `${data} is not empty`, {
    remedy: "name a new folder with --data",
  });
  if (kind !== "folder" || !disk.exists(join(data, "format.json"))) throw notEmpty;
  const history = join(checkDataFolder(data), "history");
  const first = await firstLeaf(disk, history, sha256).catch(() => undefined);
  if (first !== manifest.server) throw notEmpty;
  const there = checkpointIn(disk, history);
  // As far as it is readable: it may be damaged, which is why a backup is wanted.
  const walked = await walkLog({ disk, folder: history, sha256, atLeast: 0, sizes: [size] });
  const reached = Math.max(there?.checkpoint.size ?? 0, walked.extent.size);
  const isAhead = reached > size || (walked.roots.get(size) ?? root) !== root;
  if (!isAhead) throw notEmpty;
  const sentence = `${data} knows ${reached} records of this server, and the backup ${size}`;
  return { sentence, note: there?.note, isThere: true };
}

function checkpointIn(disk: TreeDisk, history: string): StoredCheckpoint | undefined {
  try {
    return readCheckpointFile(disk, history);
  } catch (error) {
    if (error instanceof Fault && error.code === "log-corrupt") return undefined;
    throw error;
  }
}

/** Creates a folder beside the target for everything that is not complete yet. */
async function stage(disk: TreeDisk, data: string): Promise<string> {
  const part = `${data}.restoring`;
  try {
    await removePart(disk, part);
    if (disk.kind(part) !== undefined) {
      throw new Fault("data-foreign", `${part} is in the way`, { remedy: "remove it" });
    }
    disk.makeFolder(part);
    disk.open(join(part, MARK), "write").close();
    await disk.syncFolder(part); // Before anything else is in it.
    return part;
  } catch (error) {
    throw diskFault(error, part);
  }
}

/**
 * Removes the part if it is ours or empty. Its mark is removed last, so that the rest of a killed
 * run remains recognizable.
 */
async function removePart(disk: TreeDisk, part: string): Promise<void> {
  if (disk.kind(part) !== "folder") return;
  const names = disk.list(part);
  if (names.length > 0 && !names.includes(MARK)) return;
  for (const name of names) if (name !== MARK) await disk.removeFolder(join(part, name));
  await disk.syncFolder(part);
  await disk.removeFolder(part);
}

/**
 * Moves the old folder back unless the restored one is in place: a server must not find its folder
 * empty and start afresh.
 */
function moveBack({ disk, say }: RestoreOptions, aside: string, data: string): void {
  try {
    if (disk.kind(data) === undefined) disk.rename(aside, data);
  } catch {
    say(`what was in ${data} is in ${aside} now`);
  }
}

interface Places {
  readonly backup: string;
  readonly part: string;
}

async function copyLogs(
  { disk, onProgress }: RestoreOptions,
  { backup, part, before }: Places & { readonly before: WalkedLogs },
): Promise<number> {
  let bytes = 0;
  const onBytes = (count: number) => {
    bytes += count;
    onProgress(bytes);
  };
  for (const name of LOGS) {
    const to = join(part, name);
    const { segments } = before[name].extent;
    const copy = { disk, from: join(backup, name), to, trusted: {}, keepsWhole: false, onBytes };
    await copyLog({ ...copy, upTo: segments });
    await cutLog(disk, to, segments);
    const from = join(backup, name, "checkpoint");
    await copySmall(disk, { from, to: join(to, "checkpoint"), sizeBytesMax: SMALL_BYTES_MAX });
    await disk.syncFolder(to);
  }
  for (const name of SMALL_FILES) {
    const place = { from: join(backup, name), to: join(part, name) };
    await copySmall(disk, { ...place, sizeBytesMax: SMALL_BYTES_MAX });
  }
  return bytes;
}

/**
 * Renames the target folder; nothing is deleted.
 * @throws Fault data-locked
 */
function moveAside(disk: TreeDisk, data: string, nowUnixMs: number): string {
  const lock = lockFolder(data, nowUnixMs); // A server running there would go on writing.
  lock.release();
  for (let n = 1; n <= ASIDE_MAX; n++) {
    const aside = `${data}.before-restore${n === 1 ? "" : `-${n}`}`;
    if (disk.kind(aside) !== undefined) continue;
    disk.rename(data, aside);
    return aside;
  }
  throw new Fault("data-foreign", `${data}.before-restore is in the way`, { remedy: "remove it" });
}

function miscopied(part: string): Fault {
  return new Fault("log-corrupt", `what was written to ${part} is not what was read`, {
    remedy: "check the disk",
  });
}

function noBackup(backup: string, isBegun: boolean): Fault {
  if (!isBegun) {
    return new Fault("not-found", `there is no backup in ${backup}`, {
      remedy: "name the folder of chat backup",
    });
  }
  return new Fault("data-foreign", `the backup in ${backup} was begun and never done`, {
    remedy: "run chat backup again, or use another backup",
  });
}
