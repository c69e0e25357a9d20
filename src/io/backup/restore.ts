/** Atomic restore of a backup into a new folder, with verification before and after. */

import { dirname, join } from "node:path";
import { toBase64Url } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { GROUP_INFO_BYTES_MAX } from "../../base/limits-sealed.ts";
import { counted } from "../../base/sizes.ts";
import { Files } from "../../core/rooms/files.ts";
import { checkDataFolder, isVolumeFile } from "../disk/data-folder.ts";
import {
  diskFault,
  moveFile,
  onDisk,
  removeFile,
  syncWithParents,
  type TreeDisk,
} from "../disk/disk.ts";
import { lockFolder } from "../disk/lock.ts";
import { isMountPoint } from "../disk/stat.ts";
import { absolutePath } from "../disk/working-folder.ts";
import { readCheckpointFile } from "../log/checkpoints.ts";
import { ifPossible } from "../promises.ts";
import { BACKUP_LOGS, DAMAGED_LISTED_MAX, SMALL_BYTES_MAX, SMALL_FILES } from "./backup.ts";
import {
  copyContents,
  copyGroupInfos,
  copyLog,
  copySmall,
  eraseDue,
  GROUP_INFOS,
  truncateLog,
} from "./copy.ts";
import { firstLeaf, ignoreCorrupt, type VerifiedLog, verifyLogCopy } from "./log-verification.ts";
import { type Manifest, readManifest, readStartMark } from "./manifest.ts";

export interface RestoreOptions {
  readonly disk: TreeDisk;
  readonly sha256: Sha256;
  readonly backup: string;
  readonly data: string;
  readonly acceptsRollback: boolean;
  readonly acceptsLoss: boolean;
  readonly nowUnixMs: number;
  readonly onWarning: (message: string) => void;
  readonly onProgress: (copiedBytes: number) => void;
  readonly finish: (path: string, newestNote: string | undefined) => Promise<void>;
}

export interface RestoreResult {
  readonly size: number;
  readonly root: string;
  readonly bytes: number;
  readonly data: string;
  readonly aside: string | undefined;
  readonly missingFiles: number;
  readonly damagedFiles: number;
  readonly damagedRecords: number;
}

const STAGING_MARK = "restore-begun";
const OLD_FOLDERS_MAX = 1_000;
const LOSS_REMEDY = "restore another backup, or accept the loss with --accept-loss";

/**
 * @throws {Fault} not-found if there is no backup, data-… if a folder cannot be used, log-corrupt
 * or checksum-wrong if the backup is damaged, not-allowed if the restore would roll back the
 * server, store-… if the disk fails
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  return await onDisk(absolutePath(options.data), () =>
    restoreTo(options, absolutePath(options.data)),
  );
}

async function restoreTo(options: RestoreOptions, data: string): Promise<RestoreResult> {
  const { disk, sha256 } = options;
  const backup = absolutePath(options.backup);
  const manifest = readManifest(disk, backup);
  if (manifest === undefined) throw noBackup(backup, readStartMark(disk, backup) !== undefined);
  checkDataFolder(backup);
  const files = new Files();
  const before = await verifyLogs(options, backup, manifest, files);
  const damagedRecords = reportDamaged(options, before);
  if (damagedRecords > 0 && !options.acceptsLoss) {
    const message = `the backup has ${counted(damagedRecords, "damaged record")}`;
    throw new Fault("log-corrupt", message, { remedy: LOSS_REMEDY });
  }
  const newer = await newerState(disk, sha256, { backup, data, manifest });
  if (newer !== undefined && !options.acceptsRollback) {
    throw new Fault("not-allowed", newer.message, {
      remedy: "restore a newer backup, or accept the loss with --accept-rollback",
    });
  }
  const staging = await createStaging(disk, data);
  let aside: string | undefined;
  try {
    let copiedBytes = 0;
    const onBytes = (count: number) => {
      copiedBytes += count;
      options.onProgress(copiedBytes);
    };
    await copyLogs(disk, { backup, staging, before, onBytes });
    const logBytes = copiedBytes;
    const folders = { from: join(backup, "files"), to: join(staging, "files") };
    const onFault = ({ code, message }: Fault) => {
      if (code !== "file-unknown") options.onWarning(message);
    };
    const contents = { disk, sha256, ...folders, onBytes, onFault };
    const { missing, damaged } = await copyContents(contents, files);
    const expected = manifest.missingFiles ?? missing;
    const lost = damaged + (manifest.files ? Math.max(0, missing - expected) : 0);
    if (lost > 0 && !options.acceptsLoss) {
      const message = `${counted(lost, "file")} damaged or missing in the backup`;
      throw new Fault("checksum-wrong", message, { remedy: LOSS_REMEDY });
    }
    const verifiedCopy = await verifyLogs(options, staging, manifest);
    for (const name of BACKUP_LOGS) {
      if (verifiedCopy[name].damaged.length > before[name].damaged.length) throw miscopied(staging);
    }
    for (const name of BACKUP_LOGS)
      await eraseDue(disk, join(staging, name), verifiedCopy[name].due);
    await options.finish(
      staging,
      newer?.note ?? readCheckpointFile(disk, join(staging, "history"))?.note,
    );
    await syncWithParents(disk, staging);
    if (newer?.isAtTarget === true) {
      aside = await renameOldFolder(disk, data, options.nowUnixMs);
      // Sync the folder, or a power loss may leave both folders under one name.
      await disk.syncFolder(dirname(data));
    }
    await moveFile(disk, staging, data);
    // Sync before removing the mark, or a power loss may undo only the rename.
    await disk.syncFolder(dirname(data));
    // Remove the mark last: it allows a later run to delete the folder.
    await removeFile(disk, join(data, STAGING_MARK));
    await syncWithParents(disk, data);
    const { size } = manifest.history;
    const root = toBase64Url(Uint8Array.fromHex(manifest.history.root));
    const lostFiles = { missingFiles: missing, damagedFiles: damaged, damagedRecords };
    return { size, root, bytes: logBytes + files.totalBytes, data, aside, ...lostFiles };
  } catch (error) {
    await ifPossible(removeStaging(disk, staging));
    if (aside !== undefined) await moveBack(options, aside, data);
    throw diskFault(error, data);
  }
}

type VerifiedLogs = Readonly<Record<(typeof BACKUP_LOGS)[number], VerifiedLog>>;

async function verifyLogs(
  { disk, sha256 }: RestoreOptions,
  folder: string,
  manifest: Manifest,
  files?: Files,
): Promise<VerifiedLogs> {
  const walk = async (name: (typeof BACKUP_LOGS)[number]): Promise<VerifiedLog> => {
    const { size, root } = manifest[name];
    const onRecord =
      name === "history" && files !== undefined ? { onRecord: files.apply.bind(files) } : {};
    const path = join(folder, name);
    const range = { atLeast: size, upTo: size, sizes: [size] };
    const verified = await verifyLogCopy({ disk, folder: path, sha256, ...range, ...onRecord });
    if (verified.roots.get(size) === root && verified.extent.size === size) return verified;
    throw new Fault("log-corrupt", `${path} does not match the backup's manifest`, {
      remedy: "use another backup",
    });
  };
  return { history: await walk("history"), accounts: await walk("accounts") };
}

function reportDamaged({ onWarning }: RestoreOptions, verified: VerifiedLogs): number {
  const damaged = BACKUP_LOGS.flatMap((name) =>
    verified[name].damaged.map((seq) => ({ name, seq })),
  );
  for (const { name, seq } of damaged.slice(0, DAMAGED_LISTED_MAX)) {
    onWarning(`record ${seq} of ${name} is damaged in the backup`);
  }
  const more = damaged.length - DAMAGED_LISTED_MAX;
  if (more > 0) onWarning(`and ${counted(more, "more record")}`);
  return damaged.length;
}

interface NewerState {
  readonly message: string;
  readonly note: string | undefined;
  readonly isAtTarget: boolean;
}

async function newerState(
  disk: TreeDisk,
  sha256: Sha256,
  { backup, data, manifest }: { backup: string; data: string; manifest: Manifest },
): Promise<NewerState | undefined> {
  const { size, root } = manifest.history;
  const stored = readCheckpointFile(disk, join(backup, "history"));
  if (stored !== undefined && stored.checkpoint.size > size) {
    const message = `${backup} has ${size} records, its checkpoint has ${stored.checkpoint.size}`;
    return { message, note: stored.note, isAtTarget: false };
  }
  const kind = disk.kind(data);
  if (kind === undefined) return undefined;
  const files = kind === "folder" ? disk.list(data) : [];
  const isVolume = files.length > 0 && files.every(isVolumeFile);
  if (kind === "folder" && (isVolume || isMountPoint(data))) {
    // The restored folder replaces `data` by a rename, which no volume allows.
    throw new Fault("data-foreign", msg`${data} is the root of a volume`, {
      remedy: msg`use a folder in it: --data ${join(data, "data")}`,
    });
  }
  if (kind === "folder" && files.length === 0) return undefined;
  const notEmpty = new Fault("data-foreign", `${data} is not empty`, {
    remedy: "use a new folder with --data",
  });
  if (kind !== "folder" || !disk.exists(join(data, "format.json"))) throw notEmpty;
  const history = join(checkDataFolder(data), "history");
  const first = await ifPossible(firstLeaf(disk, history, sha256));
  if (first !== manifest.server) throw notEmpty;
  const current = await Promise.try(() => readCheckpointFile(disk, history)).catch(ignoreCorrupt);
  // Ignore damage in the old folder, because it may be the reason for the restore.
  const verified = await verifyLogCopy({
    disk,
    folder: history,
    sha256,
    atLeast: 0,
    sizes: [size],
  });
  const reached = Math.max(current?.checkpoint.size ?? 0, verified.extent.size);
  const isAhead = reached > size || (verified.roots.get(size) ?? root) !== root;
  if (!isAhead) throw notEmpty;
  const message = `${data} has ${reached} records of this server, the backup ${size}`;
  return { message, note: current?.note, isAtTarget: true };
}

async function createStaging(disk: TreeDisk, data: string): Promise<string> {
  const staging = `${data}.restoring`;
  return await onDisk(data, async () => {
    await removeStaging(disk, staging);
    if (disk.kind(staging) !== undefined) {
      throw new Fault("data-foreign", `${staging} already exists`, { remedy: "remove it" });
    }
    disk.makeFolder(staging);
    disk.open(join(staging, STAGING_MARK), "write").close();
    // The mark must be durable before the folder contains anything else.
    await disk.syncFolder(staging);
    return staging;
  });
}

/**
 * Removes the staging folder only if it is empty or marked. Removes the mark last, so that a later
 * run can finish an interrupted removal.
 */
async function removeStaging(disk: TreeDisk, staging: string): Promise<void> {
  if (disk.kind(staging) !== "folder") return;
  const names = disk.list(staging);
  if (names.length > 0 && !names.includes(STAGING_MARK)) return;
  for (const name of names) if (name !== STAGING_MARK) await disk.removeFolder(join(staging, name));
  await disk.syncFolder(staging);
  await disk.removeFolder(staging);
}

async function moveBack(
  { disk, onWarning }: RestoreOptions,
  aside: string,
  data: string,
): Promise<void> {
  try {
    if (disk.kind(data) === undefined) await moveFile(disk, aside, data);
  } catch {
    onWarning(`the previous content of ${data} is in ${aside}`);
  }
}

interface LogsCopy {
  readonly backup: string;
  readonly staging: string;
  readonly before: VerifiedLogs;
  readonly onBytes: (count: number) => void;
}

async function copyLogs(
  disk: TreeDisk,
  { backup, staging, before, onBytes }: LogsCopy,
): Promise<void> {
  for (const name of BACKUP_LOGS) {
    const to = join(staging, name);
    const { segments } = before[name].extent;
    const copy = { disk, from: join(backup, name), to, trusted: {}, keepsComplete: false, onBytes };
    await copyLog({ ...copy, upTo: segments });
    await truncateLog(disk, to, segments);
    const from = join(backup, name, "checkpoint");
    await copySmall(disk, { from, to: join(to, "checkpoint"), sizeBytesMax: SMALL_BYTES_MAX });
    await disk.syncFolder(to);
  }
  for (const name of SMALL_FILES) {
    const paths = { from: join(backup, name), to: join(staging, name) };
    await copySmall(disk, { ...paths, sizeBytesMax: SMALL_BYTES_MAX });
  }
  const { folder } = GROUP_INFOS;
  const infos = { from: join(backup, folder), to: join(staging, folder) };
  await copyGroupInfos(disk, { ...infos, sizeBytesMax: GROUP_INFO_BYTES_MAX });
}

async function renameOldFolder(disk: TreeDisk, data: string, nowUnixMs: number): Promise<string> {
  const lock = lockFolder(data, nowUnixMs);
  lock.release();
  for (let n = 1; n <= OLD_FOLDERS_MAX; n++) {
    const aside = `${data}.before-restore${n === 1 ? "" : `-${n}`}`;
    if (disk.kind(aside) !== undefined) continue;
    await moveFile(disk, data, aside);
    return aside;
  }
  throw new Fault("data-foreign", `${data}.before-restore already exists`, { remedy: "remove it" });
}

function miscopied(staging: string): Fault {
  return new Fault("log-corrupt", `the copy in ${staging} differs from the backup`, {
    remedy: "check the disk",
  });
}

function noBackup(backup: string, isStarted: boolean): Fault {
  if (!isStarted) {
    return new Fault("not-found", `no backup in ${backup}`, {
      remedy: "use the folder that chat backup wrote",
    });
  }
  return new Fault("data-foreign", `the backup in ${backup} is incomplete`, {
    remedy: "run chat backup again, or use another backup",
  });
}
