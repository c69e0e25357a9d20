import { Fault } from "../../src/base/fault.ts";
import type { RoomId, UserId } from "../../src/base/ids.ts";
import { erasuresOf } from "../../src/core/log/erasures.ts";
import { hasSigned, signCheckpoint } from "../../src/crypto/checkpoint.ts";
import type { Clock } from "../../src/io/clock.ts";
import type { Disk } from "../../src/io/disk/disk.ts";
import { readCheckpointFile, writeCheckpointFile } from "../../src/io/log/checkpoints.ts";
import { type LogFile, type LogOptions, openLog } from "../../src/io/log/log-file.ts";
import {
  type LogSnapshot,
  type LogValue,
  readSnapshot,
  type SnapshotLocation,
  writeSnapshot,
} from "../../src/io/log/snapshot.ts";
import { verifyLog } from "../../src/io/log/verify.ts";
import { type FoldedRecord, type LogRecord, parseBody } from "../../src/wire/record.ts";
import { identityOfSeed } from "../crypto/seed-identity.ts";
import { SimDisk } from "../io/disk/sim.ts";
import type { Random } from "../io/disk/sim-file.ts";
import { MachineStopped } from "../io/disk/sim-tree.ts";
import { snapshotKeyOf } from "../io/log/snapshot-key.ts";

/** mulberry32, because it returns the same numbers for a seed on every system. */
export function randomOf(seed: number): Random {
  let state = (seed * 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(Bun.SHA256.hash(bytes) as unknown as ArrayBuffer);

export const FOLDER = "/data/history";
const KEY = snapshotKeyOf("the server");
const SNAPSHOT = "/data/cache/history.snapshot";
const SERVER = identityOfSeed(new Uint8Array(32).fill(1));
const AUTHOR = "uAAAAAAAAAAA" as UserId;
const SEGMENT_BYTES = 4096;
const RESERVE_BYTES = 700;

export interface Mutant {
  readonly disk?: (disk: Disk) => Disk;
  readonly snapshot?: (value: LogValue) => LogValue;
  readonly beforeOpen?: (disk: SimDisk) => void;
}

type AppendedFields =
  | { readonly kind: "text" }
  | { readonly kind: "erase"; readonly seq: number }
  | { readonly kind: "clock"; readonly to: number };

export class InvariantViolation extends Error {}

export function check(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new InvariantViolation(promise);
}

function isDiskError(error: unknown): boolean {
  if (error instanceof Fault || error instanceof MachineStopped) return true;
  return error instanceof Error && "code" in error;
}

type AppendState = "requested" | "acked" | "refused";

export class DiskWorld {
  readonly disk: SimDisk;
  readonly random: Random;
  readonly #mutant: Mutant;
  readonly #postStates = new Map<string, AppendState>();
  readonly #knownTexts: string[] = [];
  readonly #erasings = new Map<number, { order?: number; isAcked: boolean }>();
  #unixMs = 1_763_617_717_000;
  #texts = 0;
  #isTroubled = false;

  resumed = 0;
  /** `undefined` in worlds that sign nothing. */
  #signed: number | undefined;
  readonly #hasSnapshots: boolean;
  #state: FoldedRecord[] = [];

  constructor(seed: number, mutant: Mutant = {}, hasSnapshots = false) {
    this.#hasSnapshots = hasSnapshots;
    this.random = randomOf(seed);
    this.#mutant = mutant;
    this.#signed = this.random() < 0.5 ? 0 : undefined;
    this.disk = new SimDisk({
      random: this.random,
      failure: (call) => {
        if (!this.#isTroubled) return undefined;
        const chance = this.random();
        if (call === "write") {
          if (chance < 0.04) return "ENOSPC";
          if (chance < 0.1) return "short";
          return chance < 0.105 ? "EIO" : undefined;
        }
        return call !== "read" && call !== "open" && chance < 0.01 ? "EIO" : undefined;
      },
    });
  }

  get trace(): readonly string[] {
    return this.#knownTexts;
  }

  int(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  async run(): Promise<void> {
    const lives = 2 + this.int(4);
    for (let life = 0; life < lives; life++) await this.runOnce();
    const log = await this.open();
    await log.close();
  }

  /**
   * Runs until the machine loses power at the disk call number `call`.
   * @returns `false` if the run has fewer calls
   */
  async runUntil(call: number): Promise<boolean> {
    this.disk.stopAt(this.disk.calls + call);
    try {
      const log = await this.open();
      await this.#write(log);
      await log.close();
    } catch (error) {
      // Ignore a fault that the stop of the machine caused.
      if (error instanceof InvariantViolation || !this.disk.isStopped) throw error;
    }
    const { isStopped } = this.disk;
    this.disk.losePower();
    return isStopped;
  }

  async runOnce(): Promise<void> {
    const isPowerLoss = this.random() < 0.75;
    if (this.random() < 0.3) this.disk.stopAt(this.disk.calls + 1 + this.int(30));
    try {
      const log = await this.open();
      if (this.random() < 0.7) this.disk.stopAt(this.disk.calls + 1 + this.int(60));
      this.#isTroubled = this.random() < 0.4;
      await this.#write(log);
      this.#isTroubled = false;
      if (this.random() < 0.5) await log.close();
    } catch (error) {
      if (error instanceof InvariantViolation || !this.disk.isStopped) throw error;
    } finally {
      this.#isTroubled = false;
    }
    if (isPowerLoss) this.disk.losePower();
    else this.disk.killProcess();
  }

  async open(): Promise<LogFile> {
    this.#mutant.beforeOpen?.(this.disk);
    this.#isTroubled = this.random() < 0.2;
    try {
      return await this.#open();
    } catch (error) {
      const isPassing = !(error instanceof Fault) || error.code.startsWith("store-");
      if (!this.#isTroubled || !isDiskError(error) || !isPassing) throw error;
    } finally {
      this.#isTroubled = false;
    }
    return await this.#open();
  }

  async #open(): Promise<LogFile> {
    if (this.#hasSnapshots) return await this.#openBySnapshot();
    const records: LogRecord[] = [];
    const log = await openLog({
      ...this.#logOptions(),
      onRecord: (record) => records.push(record),
    });
    await this.#check(log, records);
    return log;
  }

  #logOptions(): LogOptions {
    return {
      folder: FOLDER,
      disk: this.#bootedDisk(),
      clock: this.#clock(),
      entropy: (sizeBytes) => Uint8Array.from({ length: sizeBytes }, () => this.int(256)),
      sha256,
      segmentBytes: SEGMENT_BYTES,
      reserveBytes: RESERVE_BYTES,
    };
  }

  async #check(log: LogFile, records: readonly FoldedRecord[]): Promise<void> {
    check(log.damaged.length === 0, `seq ${log.damaged} is called damaged`);
    this.#checkRecords(records);
    await this.#checkErased(log, records);
    const signed = readCheckpointFile(this.disk.boot(), FOLDER)?.checkpoint.size ?? 0;
    check(signed <= log.head(), "the checkpoint covers more than there is");
    check(signed >= (this.#signed ?? 0), `the checkpoint of ${this.#signed} is lost`);
    if (this.random() > 0.1) return;
    const isSigned = (note: string) => hasSigned(note, SERVER.publicKey);
    const verified = { disk: this.disk.boot(), folder: FOLDER, sha256, isSigned };
    const { findings } = await verifyLog(verified);
    check(findings.length === 0, `chat verify finds ${JSON.stringify(findings)}`);
  }

  async #sign(log: LogFile): Promise<void> {
    const { origin, tree } = log;
    const size = log.head();
    if (this.#signed === undefined || origin === undefined || tree.size !== size) return;
    const note = signCheckpoint({ origin, size, root: tree.root() }, SERVER);
    try {
      await writeCheckpointFile(this.#bootedDisk(), FOLDER, note);
      if (!this.disk.isStopped) this.#signed = size;
    } catch (error) {
      if (!isDiskError(error) && !this.disk.isStopped) throw error;
    }
  }

  #bootedDisk(): Disk {
    const disk = this.disk.boot();
    return this.#mutant.disk?.(disk) ?? disk;
  }

  async #openBySnapshot(): Promise<LogFile> {
    const whole = this.random() < 0.3 ? await this.#openFolding(undefined) : undefined;
    const expected = whole === undefined ? undefined : this.#all(whole);
    await whole?.close();
    const isDeleted = this.random() < 0.1;
    const snapshot = isDeleted ? undefined : readSnapshot<RecordValue[]>(this.#place());
    const log = await this.#openFolding(snapshot);
    if (log.coveredBytes > 0) this.resumed++;
    if (expected !== undefined) check(this.#all(log) === expected, "the snapshot differs");
    await this.#check(log, this.#state);
    check((await log.verify()).length === 0, "what a snapshot covers is called damaged");
    const state = this.#state;
    await log.follow(log.head() + 1, (record) => {
      if (this.#state === state) fold(state, record);
    });
    return log;
  }

  #place(): SnapshotLocation {
    return {
      disk: this.#bootedDisk(),
      path: SNAPSHOT,
      folder: FOLDER,
      sha256,
      version: "0",
      key: KEY,
    };
  }

  async #openFolding(snapshot: LogSnapshot<RecordValue[]> | undefined): Promise<LogFile> {
    this.#state = [];
    return await openLog({
      ...this.#logOptions(),
      ...(snapshot === undefined ? {} : { snapshot: snapshot.log }),
      fold: {
        needsBody: () => true,
        load: () => {
          this.#state = (snapshot?.folds ?? []).map(recordOf);
          return true;
        },
        apply: (record) => fold(this.#state, record),
      },
    });
  }

  #all(log: LogFile): string {
    const value = log.value();
    const erased = [...(value?.erased ?? [])].sort(([a], [b]) => a - b);
    return JSON.stringify([{ ...value, erased }, this.#state.map(recordValue)]);
  }

  /** Usually saves a signed snapshot, because worlds that sign ignore unsigned ones. */
  async #saveSnapshot(log: LogFile): Promise<void> {
    const value = log.value();
    if (value === undefined) return;
    const folds = this.#state.map(recordValue);
    check(folds.length === value.order.seq, "the fold is not where the log is");
    const changed = this.#mutant.snapshot?.(value) ?? value;
    if (this.random() < 0.8) await this.#sign(log);
    try {
      await writeSnapshot(this.#place(), { log: changed, folds });
    } catch (error) {
      if (!isDiskError(error) && !this.disk.isStopped) throw error;
    }
  }

  #checkRecords(records: readonly FoldedRecord[]): void {
    const seen = new Set<string>();
    for (const [index, record] of records.entries()) {
      check(record.head.seq === index + 1, `seq ${index + 1} is ${record.head.seq}`);
      if (record.erased !== undefined) {
        check(this.#erasings.has(index + 1), `no record orders the erasure of seq ${index + 1}`);
        continue;
      }
      const text = textOf(record);
      check(!seen.has(text), `'${text}' is recorded twice`);
      check(this.#postStates.get(text) !== "refused", `'${text}' was refused and is recorded`);
      check(this.#postStates.has(text), `nobody posted '${text}'`);
      const known = this.#knownTexts[index];
      check(known === undefined || known === text, `seq ${index + 1} was '${known}', is '${text}'`);
      seen.add(text);
      this.#knownTexts[index] = text;
    }
    check(
      records.length >= this.#knownTexts.length,
      `${this.#knownTexts.length - records.length} are lost`,
    );
  }

  async #checkErased(log: LogFile, records: readonly FoldedRecord[]): Promise<void> {
    const orders = new Map<number, number>();
    for (const record of records)
      for (const seq of erasuresOf(record)) orders.set(seq, record.head.seq);
    for (const [seq, { isAcked }] of this.#erasings) {
      check(!isAcked || orders.has(seq), `the erasing of seq ${seq} is undone`);
    }
    const texts = [...orders.keys()].map((seq) => `{"text":"${this.#knownTexts[seq - 1] ?? "?"}"`);
    for (const name of this.disk.list(FOLDER)) {
      const bytes = Buffer.from(this.disk.fileAt(`${FOLDER}/${name}`).visible);
      for (const text of texts) check(!bytes.includes(text), `'${text}' is still on the disk`);
    }
    for await (const record of log.read(1)) {
      const { seq } = record.head;
      check(record.erased === orders.get(seq), `seq ${seq} is erased by ${record.erased}`);
    }
  }

  async #write(log: LogFile): Promise<void> {
    const stop = await this.#follow(log);
    for (let tick = this.int(12); tick >= 0; tick--) {
      const answers = Array.from({ length: 1 + this.int(6) }, () => this.#append(log));
      if (this.random() < 0.25) answers.push(this.#erase(log));
      if (this.random() < 0.05) this.disk.leave(this.int(2_000));
      for (let turns = this.int(6); turns > 0; turns--) await undefined;
      if (this.random() < 0.8) await Promise.all(answers);
      if (this.#hasSnapshots && this.random() < 0.2) {
        const saving = this.#saveSnapshot(log);
        if (this.random() < 0.7) await saving;
      }
      if (this.random() < 0.1) await this.#sign(log);
      if (this.random() < 0.1) await this.#read(log);
      if (this.disk.isStopped) return;
    }
    stop();
    if (this.#hasSnapshots && this.random() < 0.5) await this.#saveSnapshot(log);
  }

  async #erase(log: LogFile): Promise<void> {
    const seq = 1 + this.int(log.head());
    const isThere = this.#knownTexts[seq - 1]?.startsWith("t") === true && seq <= log.head();
    if (!isThere || this.#erasings.has(seq)) return;
    const text = `e${this.#texts++}`;
    const erasing: { order?: number; isAcked: boolean } = { isAcked: false };
    this.#erasings.set(seq, erasing);
    try {
      const order = await this.#appendText(log, text, { kind: "erase", seq });
      if (order === undefined) {
        // After a failed sync, the record may still be on the disk.
        if (this.#postStates.get(text) === "refused") this.#erasings.delete(seq);
        return;
      }
      erasing.order = order;
      await log.erase(seq, order);
      if (!this.disk.isStopped) erasing.isAcked = true;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }

  async #append(log: LogFile): Promise<void> {
    const number = this.#texts++;
    const text = `${number} ${"é".repeat(this.int(this.random() < 0.1 ? 1_500 : 90))}`;
    if (number % 40 < 39) return void (await this.#appendText(log, `t${text}`, { kind: "text" }));
    // The clock was wrong. The log continues with the time in the record.
    const to = this.#unixMs - (number % 7) * 100_000;
    await this.#appendText(log, `c${text}`, { kind: "clock", to });
  }

  async #appendText(
    log: LogFile,
    text: string,
    { kind, ...fields }: AppendedFields,
  ): Promise<number | undefined> {
    const room = `r${this.int(4)}` as RoomId;
    this.#postStates.set(text, "requested");
    try {
      const draft = { kind, room, by: AUTHOR, id: "", body: { text, ...fields } } as const;
      const record = await log.append(draft);
      if (this.disk.isStopped) return undefined;
      const { seq } = record.head;
      check(textOf(record) === text, `'${text}' was recorded as something else`);
      check((this.#knownTexts[seq - 1] ?? text) === text, `seq ${seq} is given twice`);
      this.#postStates.set(text, "acked");
      this.#knownTexts[seq - 1] = text;
      return seq;
    } catch (error) {
      if (error instanceof InvariantViolation || !(error instanceof Fault)) throw error;
      if (this.disk.isStopped) return undefined;
      if (error.code === "store-failed") return undefined;
      this.#postStates.set(text, "refused");
      return undefined;
    }
  }

  async #follow(log: LogFile): Promise<() => void> {
    let next = 1 + this.int(log.head() + 1);
    return await log.follow(next, (record) => {
      check(record.head.seq === next, `a follower got ${record.head.seq} instead of ${next}`);
      check(record.head.seq <= log.head(), "a follower got what is not durable");
      if (!this.disk.isStopped && record.erased === undefined) {
        this.#knownTexts[record.head.seq - 1] ??= textOf(record);
      }
      next += 1;
    });
  }

  async #read(log: LogFile): Promise<void> {
    const from = 1 + this.int(log.head() + 1);
    const head = log.head();
    let next = from;
    for await (const record of log.read(from)) {
      check(record.head.seq === next, `read ${record.head.seq} instead of ${next}`);
      const isSame = textOf(record) === this.#knownTexts[next - 1];
      const isErased = record.erased !== undefined && this.#erasings.has(next);
      check(isSame || isErased, `seq ${next} reads differently`);
      next += 1;
    }
    check(next === Math.max(from, head + 1), `reading ended at ${next}, not behind ${head}`);
  }

  #clock(): Clock {
    return {
      now: () => 0,
      unixMs: () => {
        this.#unixMs += this.int(2_000) - (this.random() < 0.1 ? 500_000 : 0);
        return this.#unixMs;
      },
      after: nextTurn,
    };
  }
}

/** Clock without time: delayed callbacks run in the next turn. */
export function nextTurn(_delayMs: number, callback: () => void): () => void {
  queueMicrotask(callback);
  return () => undefined;
}

function fold(state: FoldedRecord[], record: FoldedRecord): void {
  state.push(record);
  for (const seq of erasuresOf(record)) {
    const target = state[seq - 1];
    if (target === undefined) continue;
    state[seq - 1] = { head: target.head, erased: target.erased ?? record.head.seq };
  }
}

interface RecordValue {
  readonly head: FoldedRecord["head"];
  readonly body?: string;
  readonly erased?: number;
}

function recordValue({ head, bodyBytes, erased }: FoldedRecord): RecordValue {
  const { v, seq, time, kind, room, n, by, id } = head;
  return {
    head: { v, seq, time, kind, room, n, by, id },
    ...(bodyBytes === undefined ? {} : { body: bodyBytes.toBase64() }),
    ...(erased === undefined ? {} : { erased }),
  };
}

function recordOf({ body, ...rest }: RecordValue): FoldedRecord {
  return body === undefined ? rest : { ...rest, bodyBytes: Uint8Array.fromBase64(body) };
}

export function textOf(record: FoldedRecord): string {
  const text = parseBody(record)?.["text"];
  return typeof text === "string" ? text : "";
}
