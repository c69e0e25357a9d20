/** Signs and stores checkpoints of a log at intervals. */

import { join } from "node:path";
import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import {
  CHECKPOINT_INTERVAL_MS,
  CHECKPOINT_INTERVAL_RECORDS,
  NOTE_BYTES_MAX,
} from "../../base/limits.ts";
import { type Checkpoint, parseCheckpoint, parseNote } from "../../wire/checkpoint.ts";
import type { Clock } from "../clock.ts";
import { type Disk, diskFault, readWholeFile, writeWholeFile } from "../disk/disk.ts";
import type { Log } from "./log.ts";
import type { LogFile } from "./log-file.ts";

export interface StoredCheckpoint {
  readonly note: string;
  readonly checkpoint: Checkpoint;
}

export const LOG_ROOM = "server" as RoomId;

export function checkpointPath(folder: string): string {
  return join(folder, "checkpoint");
}

/** @throws {Fault} log-corrupt if the file is not a checkpoint, store-… if it cannot be read */
export function readCheckpointFile(disk: Disk, folder: string): StoredCheckpoint | undefined {
  const path = checkpointPath(folder);
  try {
    const bytes = readWholeFile(disk, path, NOTE_BYTES_MAX);
    if (bytes === undefined) return undefined;
    const note = utf8Decode(bytes);
    return { note, checkpoint: parseCheckpoint(parseNote(note).text) };
  } catch (error) {
    if (error instanceof Fault && error.blame === "host" && error.code !== "data-foreign") {
      throw error;
    }
    throw new Fault("log-corrupt", `${path} is not a signed checkpoint`, {
      remedy: "restore it from a backup, or start with --accept-loss",
      cause: error,
    });
  }
}

export function writeCheckpointFile(disk: Disk, folder: string, note: string): Promise<void> {
  return writeWholeFile(disk, checkpointPath(folder), utf8Encode(note));
}

export interface CheckpointsOptions {
  readonly log: Pick<LogFile, "tree" | "origin" | "head" | "lastSeq" | "follow" | "appendThen">;
  readonly folder: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly sign: (checkpoint: Checkpoint) => string;
  readonly isRecorded: boolean;
  readonly recordIn?: Pick<Log, "appendThen">;
  readonly onWriteError: (fault: Fault) => void;
}

export interface SignedCheckpoint {
  readonly size: number;
  readonly note: string;
}

/**
 * Signs at most once a second, within a second of each record, and at shutdown. Appends never wait
 * for a signature.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  #signed: SignedCheckpoint | undefined;
  #signedAt = 0;
  #storedSize = -1;
  #cancelTimer: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #hasFailed = false;
  #isClosed = false;
  #unfollow = () => {};

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { log } = this.#options;
    this.#unfollow = await log.follow(log.head() + 1, () => this.#arm());
    await this.#store();
  }

  /**
   * Signs a new checkpoint if the newest one covers fewer records than `sizeMin`; `undefined` if
   * the log is empty.
   */
  newest(sizeMin = 0): SignedCheckpoint | undefined {
    const { clock } = this.#options;
    const isOld = clock.now() - this.#signedAt >= CHECKPOINT_INTERVAL_MS;
    const isEnough = this.#signed !== undefined && this.#signed.size >= sizeMin;
    return isOld || !isEnough ? this.#sign() : this.#signed;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unfollow();
    this.#cancelTimer?.();
    await this.#writing;
    await this.#store();
  }

  #arm(): void {
    if (this.#cancelTimer !== undefined || this.#isClosed) return;
    this.#cancelTimer = this.#options.clock.after(CHECKPOINT_INTERVAL_MS, () => {
      this.#writing = this.#store().finally(() => {
        this.#writing = undefined;
        this.#cancelTimer = undefined;
        if (this.#storedSize !== this.#options.log.head()) this.#arm();
      });
    });
  }

  #sign(): SignedCheckpoint | undefined {
    const { log, clock, sign } = this.#options;
    const { origin, tree } = log;
    const size = log.head();
    if (origin === undefined || tree.size !== size) return this.#signed;
    this.#signedAt = clock.now();
    if (this.#signed?.size === size) return this.#signed;
    this.#signed = { size, note: sign({ origin, size, root: tree.root() }) };
    return this.#signed;
  }

  async #store(): Promise<void> {
    const { disk, folder, onWriteError: onTrouble } = this.#options;
    const signed = this.#sign();
    if (signed === undefined || signed.size === this.#storedSize) return;
    try {
      await writeCheckpointFile(disk, folder, signed.note);
      this.#storedSize = signed.size;
      this.#hasFailed = false;
      this.#record(signed);
    } catch (error) {
      if (!this.#hasFailed) onTrouble(diskFault(error, folder));
      this.#hasFailed = true;
    }
  }

  #record({ size, note }: SignedCheckpoint): void {
    const { log, isRecorded, recordIn = log } = this.#options;
    if (!isRecorded || this.#isClosed) return;
    if (size - log.lastSeq(LOG_ROOM) < CHECKPOINT_INTERVAL_RECORDS) return;
    const body = { note };
    const draft = { kind: "checkpoint", room: LOG_ROOM, by: "server", id: "", body } as const;
    recordIn.appendThen([draft], {}, () => undefined);
  }
}
