/** Backup of a data folder, with or without a running server. */

// The folder holds a restorable backup at every step: the previous backup until `backup.json` is
// replaced, then the new one.

import { join, sep } from "node:path";
import { toBase64Url, toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { FileId, Sha256 } from "../../base/ids.ts";
import { READ_POSITIONS_BYTES_MAX } from "../../base/limits.ts";
import { GROUP_INFO_BYTES_MAX } from "../../base/limits-sealed.ts";
import { formatUtc } from "../../base/time.ts";
import { Files } from "../../core/rooms/files.ts";
import type { SkippedEntry } from "../../core/transfer/folder-list.ts";
import { type Clock, delay } from "../clock.ts";
import { checkDataFolder, isVolumeFile } from "../disk/data-folder.ts";
import { onDisk, syncWithParents, type TreeDisk } from "../disk/disk.ts";
import { lockFile } from "../disk/lock.ts";
import { trustedTarget } from "../disk/stat.ts";
import { absolutePath } from "../disk/working-folder.ts";
import { readCheckpointFile, writeCheckpointFile } from "../log/checkpoints.ts";
import {
  copyContents,
  copyGroupInfos,
  copyLog,
  copySmall,
  eraseDue,
  GROUP_INFOS,
  type MissingContents,
  removeOtherGroupInfos,
  removeOthers,
  truncateLog,
} from "./copy.ts";
import {
  endOf,
  firstLeaf,
  ignoreCorrupt,
  type VerifiedLog,
  verifyLogCopy,
} from "./log-verification.ts";
import {
  BACKUP_FILES,
  type LogExtent,
  type Manifest,
  readManifest,
  readStartMark,
  removeManifest,
  removeStartMark,
  writeManifest,
  writeStartMark,
} from "./manifest.ts";

export interface BackupOptions {
  readonly disk: TreeDisk;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly data: string;
  readonly out: string;
  readonly files: boolean;
  readonly onWarning: (message: string) => void;
  /** Called for each file whose content is missing or damaged in the server's folder. */
  readonly onSkipped: (entry: SkippedEntry) => void;
  readonly onProgress: (copiedBytes: number) => void;
}

export interface BackupResult {
  readonly size: number;
  readonly root: string;
  readonly bytes: number;
  readonly copiedBytes: number;
  readonly damagedFiles: number;
  readonly damagedRecords: number;
}

const SETTINGS_FILE = "settings.toml";
export const SMALL_FILES: readonly string[] = [
  ...["format.json", "identity.key", "tls.crt", "tls.key", SETTINGS_FILE, "settings.json"],
  ...["ca.crt", "ca.key", "local.crt"],
  ...["invite", "marks.json", "calls.json", "devices.json", "clock.json"],
];
export const SMALL_BYTES_MAX = READ_POSITIONS_BYTES_MAX;
const LOCK = "backup.lock";
/** Time to wait for a new checkpoint. A server that was killed never signs one. */
const CHECKPOINT_TIMEOUT_MS = 2_000;
const CHECKPOINT_INTERVAL_MS = 50;
export const DAMAGED_LISTED_MAX = 20;
export const BACKUP_LOGS = ["history", "accounts"] as const;
type LogName = (typeof BACKUP_LOGS)[number];

interface CopiedLog extends VerifiedLog {
  readonly note: string | undefined;
}

/**
 * @throws {Fault} data-foreign, data-locked or version-unsupported if a folder cannot be used,
 * not-found if there is no server, log-corrupt if a log is damaged, store-… if the disk fails
 */
export async function backUp(options: BackupOptions): Promise<BackupResult> {
  return await onDisk(absolutePath(options.out), () => backUpLocked(options));
}

async function backUpLocked(options: BackupOptions): Promise<BackupResult> {
  const data = checkDataFolder(options.data);
  const out = absolutePath(options.out);
  if (isWithin(out, data) || isWithin(data, out)) {
    throw new Fault("data-foreign", "backup and data folders must not overlap", {
      remedy: "use another folder",
    });
  }
  const { disk, sha256 } = options;
  const server = await firstLeaf(disk, join(data, "history"), sha256);
  if (server === undefined) {
    throw new Fault("not-found", `${data} is empty`, { remedy: "start the server first" });
  }
  const previous = checkTarget(disk, out, server);
  disk.makeFolder(out);
  if (previous === undefined) await writeStartMark(disk, out, server);
  await syncWithParents(disk, out);
  const lock = lockFile(join(out, LOCK));
  if (lock === undefined) {
    throw new Fault("data-locked", `another backup into ${out} is running`, {
      remedy: "wait until it finishes",
    });
  }
  try {
    return await new Backup({ ...options, data, out }, server, previous).run();
  } finally {
    lock.release();
  }
}

function checkTarget(disk: TreeDisk, out: string, server: string): Manifest | undefined {
  const manifest = readManifest(disk, out);
  if (manifest !== undefined) checkDataFolder(out);
  const expectedServer = manifest?.server ?? readStartMark(disk, out);
  if (expectedServer !== undefined && expectedServer !== server) {
    throw new Fault("data-foreign", `${out} is a backup of another server`, {
      remedy: "use another folder",
    });
  }
  const foreign = disk
    .list(out)
    .find((name) => name !== LOCK && !BACKUP_FILES.includes(name) && !isVolumeFile(name));
  const kind = disk.kind(out);
  if (
    expectedServer === undefined &&
    (foreign !== undefined || (kind !== undefined && kind !== "folder"))
  ) {
    throw new Fault("data-foreign", `${out} is neither a backup nor empty`, {
      remedy: "use a new folder",
    });
  }
  return manifest;
}

class Backup {
  #files = new Files();
  #copiedBytes = 0;

  constructor(
    private readonly options: BackupOptions,
    private readonly server: string,
    private previous: Manifest | undefined,
  ) {}

  async run(): Promise<BackupResult> {
    const { disk, data, out, clock, files } = this.options;
    await this.#waitForCheckpoint();
    await this.#checkUnchanged();
    // Copy the history first: an account is on disk before its first record in the history, so the
    // accounts copied later include it.
    const history = await this.#copyLog("history");
    const accounts = await this.#copyLog("accounts");
    const verified: Record<LogName, CopiedLog> = { history, accounts };
    for (const name of BACKUP_LOGS) {
      await truncateLog(disk, join(out, name), verified[name].extent.segments);
    }
    await disk.syncFolder(out);
    for (const name of SMALL_FILES) {
      // The packages link the operator's settings into the data folder.
      const path = join(data, name);
      const from = name === SETTINGS_FILE ? trustedTarget(path) : path;
      const paths = { from, to: join(out, name) };
      this.#countBytes(await copySmall(disk, { ...paths, sizeBytesMax: SMALL_BYTES_MAX }));
    }
    const infos = await this.#copyGroupInfos();
    const { missing, damaged } = files ? await this.#copyContents() : { missing: 0, damaged: 0 };
    await syncWithParents(disk, out);
    // In a first backup, write the checkpoints before the manifest. Later, write them after it,
    // because the previous manifest's copy lacks records that they cover.
    const isFirst = this.previous === undefined;
    if (isFirst) await this.#writeCheckpoints(verified);
    await writeManifest(disk, out, {
      server: this.server,
      history: history.extent,
      accounts: accounts.extent,
      files,
      missingFiles: missing + damaged,
      made: formatUtc(clock.unixMs()),
    });
    if (!isFirst) await this.#writeCheckpoints(verified);
    await removeStartMark(disk, out);
    for (const name of BACKUP_LOGS) await eraseDue(disk, join(out, name), verified[name].due);
    await removeOthers(disk, join(out, "files"), (file) => this.#files.get(file) !== undefined);
    await removeOtherGroupInfos(disk, join(out, GROUP_INFOS.folder), infos);
    let damagedRecords = 0;
    for (const name of BACKUP_LOGS) {
      for (const seq of verified[name].damaged) {
        if (++damagedRecords > DAMAGED_LISTED_MAX) continue;
        this.options.onWarning(`record ${seq} of ${name} is damaged in the server's folder`);
      }
    }
    const { size } = history.extent;
    const root = toBase64Url(Uint8Array.fromHex(history.extent.root));
    const sizes = [history, accounts].map(({ extent }) => totalBytes(extent));
    const total = sizes.reduce((sum, size) => sum + size, files ? this.#files.totalBytes : 0);
    const done = { size, root, bytes: total, copiedBytes: this.#copiedBytes };
    return { ...done, damagedFiles: damaged, damagedRecords };
  }

  /** Copied after the history, and therefore for its newest group changes or later ones. */
  async #copyGroupInfos(): Promise<ReadonlySet<string>> {
    const { disk, data, out } = this.options;
    const { folder } = GROUP_INFOS;
    const paths = { from: join(data, folder), to: join(out, folder) };
    const { names, bytes } = await copyGroupInfos(disk, {
      ...paths,
      sizeBytesMax: GROUP_INFO_BYTES_MAX,
    });
    this.#countBytes(bytes);
    return names;
  }

  async #waitForCheckpoint(): Promise<void> {
    const { disk, data, clock } = this.options;
    const folder = join(data, "history");
    const { seq } = endOf(disk, folder);
    for (let waitedMs = 0; waitedMs < CHECKPOINT_TIMEOUT_MS; waitedMs += CHECKPOINT_INTERVAL_MS) {
      if ((readCheckpointFile(disk, folder)?.checkpoint.size ?? seq) >= seq) return;
      await delay(clock, CHECKPOINT_INTERVAL_MS);
    }
  }

  /** Fails if the server has lost records, because the previous backup may be their only copy. */
  async #checkUnchanged(): Promise<void> {
    const previous = this.previous;
    if (previous === undefined) return;
    const { disk, data, sha256, out } = this.options;
    for (const name of BACKUP_LOGS) {
      const { size, root } = previous[name];
      const folder = join(data, name);
      const atLeast = Math.min(size, endOf(disk, folder).durable);
      const part = { atLeast, upTo: size, sizes: [size] };
      const { roots } = await verifyLogCopy({ disk, folder, sha256, ...part });
      if (roots.get(size) !== root) throw diverged(out, data);
    }
  }

  async #copyLog(name: LogName): Promise<CopiedLog> {
    const { disk, data, out } = this.options;
    const from = join(data, name);
    const to = join(out, name);
    // Read the checkpoint before copying, so that the copy contains all records it covers.
    const checkpoint = readCheckpointFile(disk, from);
    const trusted = this.previous?.[name].segments ?? {};
    const onBytes = (count: number) => this.#countBytes(count);
    const copy = { disk, from, to, onBytes };
    await copyLog({ ...copy, trusted, keepsComplete: this.previous === undefined });
    const verify = (folder: string) => this.#verify(name, folder, checkpoint?.checkpoint.size);
    let verified = await verify(to).catch(ignoreCorrupt);
    if (verified === undefined || verified.damaged.length > 0) {
      // Copy the log again if the server's log has less damage: an erasure may have changed a line
      // during the copy, or the backup's disk may have failed.
      const { damaged } = await verify(from);
      if (verified === undefined || damaged.length < verified.damaged.length) {
        await this.#invalidate();
        await copyLog({ ...copy, trusted: {}, keepsComplete: false });
      }
      verified = await verify(to);
    }
    if (checkpoint !== undefined) {
      const { size, root } = checkpoint.checkpoint;
      if (size > 0 && verified.roots.get(size) !== toHex(root)) {
        throw new Fault("log-corrupt", `${from} does not match its checkpoint of size ${size}`, {
          remedy: "see chat verify --data",
        });
      }
    }
    return { ...verified, note: checkpoint?.note };
  }

  async #writeCheckpoints(copied: Readonly<Record<LogName, CopiedLog>>): Promise<void> {
    const { disk, out } = this.options;
    for (const name of BACKUP_LOGS) {
      const { note } = copied[name];
      if (note !== undefined) await writeCheckpointFile(disk, join(out, name), note);
    }
  }

  /**
   * Verifies the accounts beyond their checkpoint, because the history may refer to later accounts.
   */
  #verify(name: LogName, folder: string, checkpoint: number | undefined): Promise<VerifiedLog> {
    const { disk, sha256 } = this.options;
    const atLeast = Math.max(checkpoint ?? 0, endOf(disk, folder).durable);
    const sizes = checkpoint === undefined ? [] : [checkpoint];
    const isHistory = name === "history";
    const options = { disk, folder, sha256, atLeast, sizes };
    const upTo = isHistory && checkpoint !== undefined ? { upTo: atLeast } : {};
    if (!isHistory) return verifyLogCopy(options);
    const files = new Files();
    this.#files = files;
    return verifyLogCopy({ ...options, ...upTo, onRecord: (record) => files.apply(record) });
  }

  async #invalidate(): Promise<void> {
    const { disk, out } = this.options;
    this.options.onWarning("the copy is damaged; copying again");
    await writeStartMark(disk, out, this.server);
    await removeManifest(disk, out);
    await disk.syncFolder(out);
    this.previous = undefined;
  }

  #copyContents(): Promise<MissingContents> {
    const { disk, data, out, sha256, onSkipped } = this.options;
    const folders = { from: join(data, "files"), to: join(out, "files") };
    const onBytes = (count: number) => this.#countBytes(count);
    const onFault = ({ message }: Fault, file: FileId) =>
      onSkipped({ path: `files/${file}`, reason: message });
    return copyContents({ disk, sha256, ...folders, onBytes, onFault }, this.#files);
  }

  #countBytes(count: number): void {
    this.#copiedBytes += count;
    this.options.onProgress(this.#copiedBytes);
  }
}

function totalBytes({ segments }: LogExtent): number {
  return Object.values(segments).reduce((sum, bytes) => sum + bytes, 0);
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
}

function diverged(out: string, data: string): Fault {
  const message = `${out} has records that ${data} lacks: one of them was rolled back`;
  return new Fault("data-foreign", message, { remedy: "keep that backup and use a new folder" });
}
