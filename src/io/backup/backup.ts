/** Backs up a server's folder, while the server runs or not. */

// At every step the folder holds a restorable backup: the previous one until `backup.json` is
// replaced, then the new one. Steps: copy what is new, walk all of it, cut, copy contents, write
// backup.json, erase in the copy.

import { join, resolve, sep } from "node:path";
import { toBase64Url, toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { READ_POSITIONS_BYTES_MAX } from "../../base/limits.ts";
import { formatUtc } from "../../base/time.ts";
import { Files } from "../../core/rooms/files.ts";
import { type Clock, delay } from "../clock.ts";
import { checkDataFolder } from "../disk/data-folder.ts";
import { diskFault, type TreeDisk } from "../disk/disk.ts";
import { lockFile } from "../disk/lock.ts";
import { readCheckpointFile, writeCheckpointFile } from "../log/checkpoint-file.ts";
import { syncWithParents } from "../log/folder.ts";
import { copyContents, copySmall, type MissingContents, removeOthers } from "./content-copy.ts";
import { copyLog, cutLog, eraseDue } from "./log-copy.ts";
import { endOf, firstLeaf, type Walked, walkLog } from "./log-walk.ts";
import {
  type LogExtent,
  type Manifest,
  OWN_NAMES,
  readBegun,
  readManifest,
  removeBegun,
  removeManifest,
  writeBegun,
  writeManifest,
} from "./manifest.ts";

export interface BackupOptions {
  readonly disk: TreeDisk;
  readonly sha256: Sha256;
  readonly clock: Clock;
  /** Data folder of the server. */
  readonly data: string;
  /** Folder of the backup. */
  readonly out: string;
  /** Includes the contents of files. */
  readonly files: boolean;
  /** Reports a problem that did not stop the backup, for people. */
  readonly say: (sentence: string) => void;
  readonly onProgress: (copiedBytes: number) => void;
}

export interface BackupResult {
  readonly size: number;
  /** Root of the history in base64url, as `chat verify` prints it. */
  readonly root: string;
  /** Size of the whole backup. */
  readonly bytes: number;
  readonly copiedBytes: number;
  /** Contents that do not match their announcement; they are not part of the backup. */
  readonly damagedFiles: number;
  /** Records whose body is damaged in the server's folder, and so in the backup. */
  readonly damagedRecords: number;
}

/**
 * Files that make the folder the same server elsewhere. Locks and files that are rebuilt are
 * omitted.
 */
export const SMALL_FILES: readonly string[] = [
  ...["format.json", "identity.key", "tls.crt", "tls.key", "settings.toml", "settings.json"],
  ...["invite", "marks.json", "devices.json"],
];
/** Size limit of the largest of them. */
export const SMALL_BYTES_MAX = READ_POSITIONS_BYTES_MAX;
const LOCK = "backup.lock";
/** A killed server signs nothing more; after this long its last signature is the end. */
const CHECKPOINT_WITHIN_MS = 2_000;
const CHECKPOINT_LOOK_MS = 50;
/** Damaged items listed by name; the rest is only counted. */
export const DAMAGED_SHOWN_MAX = 20;
export const LOGS = ["history", "accounts"] as const;
type LogName = (typeof LOGS)[number];

interface CopiedLog extends Walked {
  /** Newest signed checkpoint. */
  readonly note: string | undefined;
}

/** @throws Fault data-foreign, data-locked, not-found, log-corrupt, version-unsupported, store-… */
export async function backUp(options: BackupOptions): Promise<BackupResult> {
  try {
    return await backUpLocked(options);
  } catch (error) {
    throw diskFault(error, resolve(options.out));
  }
}

async function backUpLocked(options: BackupOptions): Promise<BackupResult> {
  const data = checkDataFolder(options.data);
  const out = resolve(options.out);
  if (isWithin(out, data) || isWithin(data, out)) {
    throw new Fault("data-foreign", "a backup cannot lie in the folder itself, nor hold it", {
      remedy: "name another folder",
    });
  }
  const { disk, sha256 } = options;
  const server = await firstLeaf(disk, join(data, "history"), sha256);
  if (server === undefined) {
    throw new Fault("not-found", `there is nothing in ${data} yet`, {
      remedy: "start the server once",
    });
  }
  const known = checkOut(disk, out, server);
  disk.makeFolder(out);
  if (known === undefined) await writeBegun(disk, out, server);
  await syncWithParents(disk, out);
  const lock = lockFile(join(out, LOCK));
  if (lock === undefined) {
    throw new Fault("data-locked", `another backup into ${out} is running`, {
      remedy: "wait for it",
    });
  }
  try {
    return await new Backup({ ...options, data, out }, server, known).run();
  } finally {
    lock.release();
  }
}

/**
 * @returns the manifest of an earlier run
 * @throws Fault data-foreign, version-unsupported
 */
function checkOut(disk: TreeDisk, out: string, server: string): Manifest | undefined {
  const manifest = readManifest(disk, out);
  if (manifest !== undefined) checkDataFolder(out); // Its data may be of a newer version.
  const of = manifest?.server ?? readBegun(disk, out);
  if (of !== undefined && of !== server) {
    throw new Fault("data-foreign", `${out} is a backup of another server`, {
      remedy: "name another folder",
    });
  }
  const foreign = disk.list(out).find((name) => name !== LOCK && !OWN_NAMES.includes(name));
  const kind = disk.kind(out);
  if (of === undefined && (foreign !== undefined || (kind !== undefined && kind !== "folder"))) {
    throw new Fault("data-foreign", `${out} is neither a backup nor empty`, {
      remedy: "name a new folder",
    });
  }
  return manifest;
}

class Backup {
  readonly #options: BackupOptions;
  readonly #server: string;
  #known: Manifest | undefined;
  /** Files that the history walked last refers to. */
  #files = new Files();
  #copiedBytes = 0;

  constructor(options: BackupOptions, server: string, known: Manifest | undefined) {
    this.#options = options;
    this.#server = server;
    this.#known = known;
  }

  async run(): Promise<BackupResult> {
    const { disk, data, out, clock, files } = this.#options;
    await this.#checkpointed();
    await this.#checkSame();
    // In this order: an account is on disk before the first record that it writes.
    const history = await this.#log("history");
    const accounts = await this.#log("accounts");
    const walked: Record<LogName, CopiedLog> = { history, accounts };
    for (const name of LOGS) {
      await cutLog(disk, join(out, name), walked[name].extent.segments);
    }
    await disk.syncFolder(out); // The logs must be durable before the manifest.
    for (const name of SMALL_FILES) {
      const place = { from: join(data, name), to: join(out, name) };
      this.#copied(await copySmall(disk, { ...place, sizeBytesMax: SMALL_BYTES_MAX }));
    }
    const { missing, damaged } = files ? await this.#contents() : { missing: 0, damaged: 0 };
    await syncWithParents(disk, out);
    // The previous backup has fewer records than the new checkpoints cover.
    const isFirst = this.#known === undefined;
    if (isFirst) await this.#keepCheckpoints(walked);
    await writeManifest(disk, out, {
      server: this.#server,
      history: history.extent,
      accounts: accounts.extent,
      files,
      missingFiles: missing + damaged,
      made: formatUtc(clock.unixMs()),
    });
    if (!isFirst) await this.#keepCheckpoints(walked);
    removeBegun(disk, out);
    // Erased by orders that are in the backup by now: a run cut off here is resumed by the next.
    for (const name of LOGS) await eraseDue(disk, join(out, name), walked[name].due);
    await removeOthers(disk, join(out, "files"), (file) => this.#files.get(file) !== undefined);
    let damagedRecords = 0;
    for (const name of LOGS) {
      for (const seq of walked[name].damaged) {
        if (++damagedRecords > DAMAGED_SHOWN_MAX) continue;
        this.#options.say(`record ${seq} of ${name} is damaged in the server's folder`);
      }
    }
    const { size } = history.extent;
    const root = toBase64Url(Uint8Array.fromHex(history.extent.root));
    const bytes = [history, accounts].map(({ extent }) => bytesIn(extent));
    const total = bytes.reduce((sum, one) => sum + one, files ? this.#files.totalBytes : 0);
    const done = { size, root, bytes: total, copiedBytes: this.#copiedBytes };
    return { ...done, damagedFiles: damaged, damagedRecords };
  }

  /**
   * Waits for the next checkpoint: a running server signs within a second, so recent records are
   * included.
   */
  async #checkpointed(): Promise<void> {
    const { disk, data, clock } = this.#options;
    const folder = join(data, "history");
    const { seq } = endOf(disk, folder);
    for (let waitedMs = 0; waitedMs < CHECKPOINT_WITHIN_MS; waitedMs += CHECKPOINT_LOOK_MS) {
      if ((readCheckpointFile(disk, folder)?.checkpoint.size ?? seq) >= seq) return;
      await delay(clock, CHECKPOINT_LOOK_MS);
    }
  }

  /**
   * Checks that the server still has what the backup has; otherwise the backup may be the only
   * copy.
   */
  async #checkSame(): Promise<void> {
    const known = this.#known;
    if (known === undefined) return;
    const { disk, data, sha256, out } = this.#options;
    for (const name of LOGS) {
      const { size, root } = known[name];
      const folder = join(data, name);
      const atLeast = Math.min(size, endOf(disk, folder).durable);
      const { roots } = await walkLog({ disk, folder, sha256, atLeast, upTo: size, sizes: [size] });
      if (roots.get(size) !== root) throw diverged(out, data);
    }
  }

  async #log(name: LogName): Promise<CopiedLog> {
    const { disk, data, out } = this.#options;
    const from = join(data, name);
    const to = join(out, name);
    // Read before the copy, so that the copy contains what the checkpoint covers.
    const kept = readCheckpointFile(disk, from);
    const trusted = this.#known?.[name].segments ?? {};
    const onBytes = (count: number) => this.#copied(count);
    const copy = { disk, from, to, onBytes };
    await copyLog({ ...copy, trusted, keepsWhole: this.#known === undefined });
    const walkOf = (folder: string) => this.#walk(name, folder, kept?.checkpoint.size);
    let walked = await corruptAsUndefined(walkOf(to));
    if (walked === undefined || walked.damaged.length > 0) {
      // A line may be read while it is blanked, and a backup's own disk may fail. The server's
      // folder is copied again if it is in a better state.
      const { damaged } = await walkOf(from);
      if (walked === undefined || damaged.length < walked.damaged.length) {
        await this.#demote();
        await copyLog({ ...copy, trusted: {}, keepsWhole: false });
      }
      walked = await walkOf(to);
    }
    if (kept !== undefined) {
      const { size, root } = kept.checkpoint;
      if (size > 0 && walked.roots.get(size) !== toHex(root)) {
        throw new Fault("log-corrupt", `${from} is not what its checkpoint of ${size} says`, {
          remedy: "see chat verify --data",
        });
      }
    }
    return { ...walked, note: kept?.note };
  }

  async #keepCheckpoints(copied: Readonly<Record<LogName, CopiedLog>>): Promise<void> {
    const { disk, out } = this.#options;
    for (const name of LOGS) {
      const { note } = copied[name];
      if (note !== undefined) await writeCheckpointFile(disk, join(out, name), note);
    }
  }

  /**
   * Walks the history up to its last durable record, and the accounts as far as they go: what the
   * history needs of them is on disk, whether or not their checkpoint covers it yet.
   */
  #walk(name: LogName, folder: string, checkpoint: number | undefined): Promise<Walked> {
    const { disk, sha256 } = this.#options;
    const atLeast = Math.max(checkpoint ?? 0, endOf(disk, folder).durable);
    const sizes = checkpoint === undefined ? [] : [checkpoint];
    const isHistory = name === "history";
    const options = { disk, folder, sha256, atLeast, sizes };
    const upTo = isHistory && checkpoint !== undefined ? { upTo: atLeast } : {};
    if (!isHistory) return walkLog(options);
    const files = new Files();
    this.#files = files;
    return walkLog({ ...options, ...upTo, onRecord: (record) => files.apply(record) });
  }

  /** Marks the old backup as unfinished: it is damaged and about to be replaced in place. */
  async #demote(): Promise<void> {
    const { disk, out } = this.#options;
    this.#options.say("the copy is damaged, and is made anew");
    await writeBegun(disk, out, this.#server);
    removeManifest(disk, out);
    await disk.syncFolder(out);
    this.#known = undefined;
  }

  #contents(): Promise<MissingContents> {
    const { disk, data, out, sha256, say } = this.#options;
    const folders = { from: join(data, "files"), to: join(out, "files") };
    const onBytes = (count: number) => this.#copied(count);
    const onFault = ({ message }: Fault) => say(message);
    return copyContents({ disk, sha256, ...folders, onBytes, onFault }, this.#files);
  }

  #copied(count: number): void {
    this.#copiedBytes += count;
    this.#options.onProgress(this.#copiedBytes);
  }
}

async function corruptAsUndefined(walking: Promise<Walked>): Promise<Walked | undefined> {
  try {
    return await walking;
  } catch (error) {
    if (error instanceof Fault && error.code === "log-corrupt") return undefined;
    throw error;
  }
}

function bytesIn({ segments }: LogExtent): number {
  return Object.values(segments).reduce((sum, one) => sum + one, 0);
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
}

function diverged(out: string, data: string): Fault {
  const sentence = `${out} holds records that ${data} no longer has: one of them was set back`;
  return new Fault("data-foreign", sentence, {
    remedy: "keep that backup, and name a new folder",
  });
}
