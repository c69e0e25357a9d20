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
import { accountsIn, type Checkpoint, parseCheckpoint, parseNote } from "../../wire/checkpoint.ts";
import { isOperatorAct } from "../../wire/kinds.ts";
import { bodyOf, type LogRecord } from "../../wire/record.ts";
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

/** Returns the commitment to the accounts log in the newest checkpoint that `log` has recorded. */
export async function recordedCommitment(
  log: Pick<LogFile, "lastSeq" | "read">,
): Promise<Checkpoint | undefined> {
  const seq = log.lastSeq(LOG_ROOM);
  for await (const record of log.read(seq, seq)) {
    const note = bodyOf(record, "checkpoint")?.note;
    return note === undefined ? undefined : accountsIn(parseNote(note))?.checkpoint;
  }
  return undefined;
}

export function writeCheckpointFile(disk: Disk, folder: string, note: string): Promise<void> {
  return writeWholeFile(disk, checkpointPath(folder), utf8Encode(note));
}

type SignedLog = Pick<LogFile, "tree" | "origin" | "head" | "follow">;

export interface CheckpointsOptions {
  readonly log: SignedLog & Pick<LogFile, "lastSeq" | "appendThen">;
  /** Accounts log, to which the checkpoints of the history also commit. */
  readonly accounts?: SignedLog;
  /** Whether no record of the history commits to the newest operator act in `accounts` yet. */
  readonly hasUncommittedAct?: boolean;
  /** Whether this server wrote an account record. Another server of a cluster records its own. */
  readonly isOwn?: (seq: number) => boolean;
  readonly folder: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly sign: (checkpoint: Checkpoint, accounts: Checkpoint | undefined) => string;
  readonly isRecorded: boolean;
  readonly recordIn?: Pick<Log, "appendThen">;
  readonly onWriteError: (fault: Fault) => void;
}

export interface SignedCheckpoint {
  readonly size: number;
  /** Size of the accounts log; 0 without a commitment to it. */
  readonly accountsSize: number;
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
  #stored: SignedCheckpoint | undefined;
  #cancelTimer: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #hasFailed = false;
  #isClosed = false;
  #hasUncommittedAct: boolean;
  readonly #unfollow: (() => void)[] = [];

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#hasUncommittedAct = options.hasUncommittedAct === true;
  }

  async start(): Promise<void> {
    const { isOwn = () => true } = this.#options;
    const onRecord = ({ head }: LogRecord) => {
      if (isOperatorAct(head) && isOwn(head.seq)) this.#commitAct();
      this.#arm();
    };
    for (const log of this.#logs) {
      this.#unfollow.push(await log.follow(log.head() + 1, onRecord));
    }
    await this.#store();
  }

  #commitAct(): void {
    this.#hasUncommittedAct = true;
    const signed = this.#sign();
    if (signed !== undefined) this.#record(signed);
  }

  get #logs(): readonly SignedLog[] {
    const { log, accounts } = this.#options;
    return accounts === undefined ? [log] : [log, accounts];
  }

  /**
   * Signs a new checkpoint if the newest one covers fewer records than `sizeMin`, or fewer of the
   * accounts log than `accountsMin`; `undefined` if the log is empty.
   */
  newest(sizeMin = 0, accountsMin = 0): SignedCheckpoint | undefined {
    const { clock } = this.#options;
    const isOld = clock.now() - this.#signedAt >= CHECKPOINT_INTERVAL_MS;
    const { size = -1, accountsSize = -1 } = this.#signed ?? {};
    const isEnough = size >= sizeMin && accountsSize >= accountsMin;
    return isOld || !isEnough ? this.#sign() : this.#signed;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const unfollow of this.#unfollow.splice(0)) unfollow();
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
        const { size, accountsSize } = this.#stored ?? {};
        const [history, accounts] = this.#logs.map((log) => log.head());
        if (size !== history || accountsSize !== (accounts ?? 0)) this.#arm();
      });
    });
  }

  #sign(): SignedCheckpoint | undefined {
    const { clock, sign } = this.#options;
    const [history, accounts] = this.#logs.map(checkpointOf);
    if (history === "busy" || accounts === "busy" || history === undefined) return this.#signed;
    this.#signedAt = clock.now();
    const { size } = history;
    const accountsSize = accounts?.size ?? 0;
    if (this.#signed?.size === size && this.#signed.accountsSize === accountsSize) {
      return this.#signed;
    }
    this.#signed = { size, accountsSize, note: sign(history, accounts) };
    return this.#signed;
  }

  async #store(): Promise<void> {
    const { disk, folder, onWriteError: onTrouble } = this.#options;
    const signed = this.#sign();
    if (signed === undefined || signed === this.#stored) return;
    try {
      await writeCheckpointFile(disk, folder, signed.note);
      this.#stored = signed;
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
    const isDue = size - log.lastSeq(LOG_ROOM) >= CHECKPOINT_INTERVAL_RECORDS;
    if (!isDue && !this.#hasUncommittedAct) return;
    this.#hasUncommittedAct = false;
    const body = { note };
    const draft = { kind: "checkpoint", room: LOG_ROOM, by: "server", id: "", body } as const;
    recordIn.appendThen([draft], {}, () => undefined);
  }
}

/** `undefined` if the log is empty, `busy` while a batch is being added. */
function checkpointOf(log: SignedLog): Checkpoint | "busy" | undefined {
  const { origin, tree } = log;
  const size = log.head();
  if (tree.size !== size) return "busy";
  return origin === undefined ? undefined : { origin, size, root: tree.root() };
}
