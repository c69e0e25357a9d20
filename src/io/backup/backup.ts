/**
 * Copies a server's folder while the server runs, or not. Every state on the way is a backup that
 * can be restored: the one before, until `backup.json` is replaced, and then the new one.
 *
 *     copy what is new ── walk all of it ── cut ── contents ── backup.json ── erase in the copy
 */
import { join, resolve, sep } from "node:path";
import { toBase64Url, toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { READ_POSITIONS_BYTES_MAX } from "../../base/limits.ts";
import { formatUtc } from "../../base/time.ts";
import { Files } from "../../core/rooms/files.ts";
import type { Clock } from "../clock.ts";
import { checkDataFolder } from "../disk/data-folder.ts";
import { diskFault, type TreeDisk } from "../disk/disk.ts";
import { lockFile } from "../disk/lock.ts";
import { readCheckpointFile, writeCheckpointFile } from "../log/checkpoint-file.ts";
import { syncAbove } from "../log/folder.ts";
import { copyContent, copySmall, hasContent, removeOthers } from "./content-copy.ts";
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
  /** The folder of the server. */
  readonly data: string;
  /** Where to. */
  readonly out: string;
  /** Also the contents of files. */
  readonly files: boolean;
  /** For people: what went wrong and did not stop it. */
  readonly say: (sentence: string) => void;
  readonly onProgress: (copiedBytes: number) => void;
}

export interface BackupResult {
  readonly size: number;
  /** Root of the history in base64url, as `chat verify` has it. */
  readonly root: string;
  /** Of the whole backup. */
  readonly bytes: number;
  readonly copiedBytes: number;
  /** Contents that are not as they were announced: they are not part of it. */
  readonly damagedFiles: number;
  /** Records whose body is damaged in the server's folder, and so in the backup. */
  readonly damagedRecords: number;
}

/** What makes the folder the same server elsewhere. Neither locks nor what is made again. */
export const SMALL_FILES: readonly string[] = [
  ...["format.json", "identity.key", "tls.crt", "tls.key", "settings.toml", "settings.json"],
  ...["invite", "marks.json", "devices.json"],
];
/** Bounds of the largest of them. */
export const SMALL_BYTES_MAX = READ_POSITIONS_BYTES_MAX;
const LOCK = "backup.lock";
/** A server that was killed signs nothing more: then what it signed last is the end. */
const CHECKPOINT_WITHIN_MS = 2_000;
const CHECKPOINT_LOOK_MS = 50;
/** More are counted only. */
export const DAMAGED_SHOWN_MAX = 20;
const LOGS = ["history", "accounts"] as const;
type LogName = (typeof LOGS)[number];

interface CopiedLog extends Walked {
  /** Its newest signed checkpoint. */
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
  await syncAbove(disk, out);
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

/** @returns what is there of an earlier run @throws Fault data-foreign, version-unsupported */
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
  /** As the history that was walked last tells. */
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
    // In this order: an account is on the disk before the first record that it makes.
    const history = await this.#log("history");
    const accounts = await this.#log("accounts");
    const walked: Record<LogName, CopiedLog> = { history, accounts };
    for (const name of LOGS) {
      await cutLog(disk, join(out, name), walked[name].extent.segments);
    }
    await disk.syncFolder(out); // The logs are there before what says whose they are.
    for (const name of SMALL_FILES) {
      const place = { from: join(data, name), to: join(out, name) };
      this.#copied(await copySmall(disk, { ...place, sizeBytesMax: SMALL_BYTES_MAX }));
    }
    const { missing, damaged } = files ? await this.#contents() : { missing: 0, damaged: 0 };
    await syncAbove(disk, out);
    // The backup before has fewer records than the new checkpoints cover.
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
    // Ordered by records that the backup has by now: cut off here, the next run goes on with it.
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

  /** A running server signs within a second: what was said just before comes along. */
  async #checkpointed(): Promise<void> {
    const { disk, data, clock } = this.#options;
    const folder = join(data, "history");
    const { seq } = endOf(disk, folder);
    for (let waitedMs = 0; waitedMs < CHECKPOINT_WITHIN_MS; waitedMs += CHECKPOINT_LOOK_MS) {
      if ((readCheckpointFile(disk, folder)?.checkpoint.size ?? seq) >= seq) return;
      await new Promise<void>((resolve) => {
        clock.after(CHECKPOINT_LOOK_MS, resolve);
      });
    }
  }

  /** What the backup has must still be there: else it may be the only copy of what is lost. */
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
    // Before the copy: what it covers is then in it.
    const kept = readCheckpointFile(disk, from);
    const trusted = this.#known?.[name].segments ?? {};
    const onBytes = (count: number) => this.#copied(count);
    const copy = { disk, from, to, onBytes };
    await copyLog({ ...copy, trusted, keepsWhole: this.#known === undefined });
    const walkOf = (folder: string) => this.#walk(name, folder, kept?.checkpoint.size);
    let walked = await corruptAsUndefined(walkOf(to));
    if (walked === undefined || walked.damaged.length > 0) {
      // A line may be read while it is blanked; and a backup's own disk may fail. The server's
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
   * The history up to what is known to be on the disk. The accounts as far as they go: what the
   * history needs of them is on the disk, whether their checkpoint says so by now or not.
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

  /** The old backup is damaged, and about to be replaced in its place: it must not look whole. */
  async #demote(): Promise<void> {
    const { disk, out } = this.#options;
    this.#options.say("the copy is damaged, and is made anew");
    await writeBegun(disk, out, this.#server);
    removeManifest(disk, out);
    await disk.syncFolder(out);
    this.#known = undefined;
  }

  async #contents(): Promise<{ readonly missing: number; readonly damaged: number }> {
    const { disk, data, out, sha256, say } = this.#options;
    const to = join(out, "files");
    disk.makeFolder(to);
    let [missing, damaged] = [0, 0];
    for (const file of this.#files.ids()) {
      const fact = this.#files.get(file);
      if (fact === undefined || hasContent(disk, to, fact)) continue;
      try {
        const onBytes = (count: number) => this.#copied(count);
        await copyContent({ disk, sha256, from: join(data, "files"), to, onBytes }, fact);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (error.code !== "checksum-wrong" && error.code !== "file-unknown") throw error;
        if (error.code === "checksum-wrong") damaged++;
        else missing++;
        say(error.message);
      }
    }
    await disk.syncFolder(to);
    return { missing, damaged };
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
