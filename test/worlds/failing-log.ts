import { Fault } from "../../src/base/fault.ts";
import type { RoomId, UserId } from "../../src/base/ids.ts";
import { erasuresOf } from "../../src/core/rooms/erasures.ts";
import { hasSigned, signCheckpoint } from "../../src/crypto/checkpoint.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Clock } from "../../src/io/clock.ts";
import type { Disk } from "../../src/io/disk/disk.ts";
import { readCheckpointFile } from "../../src/io/log/checkpoint-file.ts";
import { Checkpoints } from "../../src/io/log/checkpoints.ts";
import { type LogFile, openLog } from "../../src/io/log/log-file.ts";
import { type LogValue, readSnapshot, type SnapshotPlace } from "../../src/io/log/snapshot.ts";
import { SnapshotKeeper } from "../../src/io/log/snapshot-keeper.ts";
import { verifyLog } from "../../src/io/log/verify.ts";
import type { FoldedRecord } from "../../src/wire/record.ts";
import { identityOfSeed } from "../crypto/seed-identity.ts";
import type { SimFile } from "../io/disk/sim-file.ts";
import { snapshotKeyOf } from "../io/log/snapshot-key.ts";
import { soon, textOf } from "./disk-world.ts";
import { type Aftermath, FailingMachine, type FailingWorld } from "./failing-call.ts";

export const FOLDER = "/data/history";
const KEY = snapshotKeyOf("the server");
const SNAPSHOT = "/data/cache/history.snapshot";
const ROOM = "rLLLLLLLLLLL" as RoomId;
const ANA = "uAAAAAAAAAAA" as UserId;
const SERVER = identityOfSeed(new Uint8Array(32).fill(1));
/** Some three records. */
const SEGMENT_BYTES = 700;
const RESERVE_BYTES = 300;

/** Timers of seconds never come: what they would do is done by the test. */
const CLOCK: Clock = {
  now: () => 0,
  unixMs: () => 1_763_617_717_000,
  after: (delayMs, callback) => (delayMs < 100 ? soon(delayMs, callback) : () => undefined),
};

function demand(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(promise);
}

/** What is done to a log, and may fail. */
export interface Operation {
  /** Done while the disk is well. */
  readonly before?: (world: LogWorld) => Promise<void>;
  readonly run: (world: LogWorld) => Promise<void>;
  /** What must be so when it has succeeded. */
  readonly after?: (world: LogWorld) => Promise<void> | void;
}

/** How a wrong program would differ. */
export interface Mutant {
  readonly disk?: (disk: Disk) => Disk;
  /** Changes what a snapshot says. */
  readonly snapshot?: (value: LogValue) => LogValue;
}

/** One log with all that belongs to it, and what was promised to its users. */
export class LogWorld implements FailingWorld {
  readonly machine: FailingMachine;
  readonly #operation: Operation;
  readonly #mutant: Mutant;
  /** Texts that were acknowledged, by seq. */
  readonly #acked = new Map<number, string>();
  readonly #refused = new Set<string>();
  /** How much of it was signed and kept. */
  #signed = 0;
  /** Erasures that were acknowledged. */
  readonly #erased = new Set<number>();
  #texts = 0;
  /** The fold: all records as they are known now. */
  #state: FoldedRecord[] = [];
  #log: LogFile | undefined;

  private constructor(operation: Operation, seed: number, mutant: Mutant) {
    this.#operation = operation;
    this.#mutant = mutant;
    this.machine = new FailingMachine(seed);
  }

  static async make(operation: Operation, seed: number, mutant: Mutant = {}): Promise<LogWorld> {
    const world = new LogWorld(operation, seed, mutant);
    await world.open();
    for (let i = 0; i < 8; i++) await world.append();
    await world.sign();
    await operation.before?.(world);
    return world;
  }

  /** As the program has it. */
  get #disk(): Disk {
    const disk = this.machine.disk.boot();
    return this.#mutant.disk?.(disk) ?? disk;
  }

  get log(): LogFile {
    if (this.#log === undefined) throw new Error("the log is not open");
    return this.#log;
  }

  get isOpen(): boolean {
    return this.#log !== undefined;
  }

  run(): Promise<void> {
    return this.#operation.run(this);
  }

  async goOn(aftermath: Aftermath): Promise<void> {
    if (aftermath === "the process goes on" && this.isOpen) {
      try {
        await this.#operation.run(this);
        await this.#operation.after?.(this);
      } catch (error) {
        // Behind a failed write nothing is known about the file: such a log ends its process.
        if (!(error instanceof Fault) || error.code !== "store-failed") throw error;
      }
      if (this.isOpen) await this.#check();
    }
    this.crash(aftermath === "a power loss");
    await this.open();
    await this.#check();
    this.crash(false);
    if (this.#operation.before === undefined) await this.open();
    else await this.#again();
    await this.#operation.run(this);
    await this.#operation.after?.(this);
    this.crash(true);
    await this.open();
    await this.#check();
    await this.log.close();
  }

  async #again(): Promise<void> {
    await this.open();
    await this.#operation.before?.(this);
  }

  crash(isPowerLoss: boolean): void {
    const { disk } = this.machine;
    if (isPowerLoss) disk.losePower();
    else disk.killProcess();
    this.#log = undefined;
  }

  /** As the server starts: by the snapshot, if there is one that can be believed. */
  async open(): Promise<void> {
    const snapshot = readSnapshot<string[]>(this.place());
    this.#state = [];
    const state: FoldedRecord[] = [];
    const fold = (record: FoldedRecord) => {
      state.push(record);
      for (const seq of erasuresOf(record)) {
        const target = state[seq - 1];
        if (target !== undefined) state[seq - 1] = { head: target.head, erased: record.head.seq };
      }
    };
    const log = await openLog({
      folder: FOLDER,
      disk: this.#disk,
      clock: CLOCK,
      entropy: (sizeBytes) => new Uint8Array(sizeBytes).fill(this.#texts),
      sha256,
      segmentBytes: SEGMENT_BYTES,
      reserveBytes: RESERVE_BYTES,
      ...(snapshot === undefined ? {} : { snapshot: snapshot.log }),
      fold: {
        byHead: new Set(),
        load: () => {
          const loaded = JSON.parse(snapshot?.folds.join() ?? "[]") as StoredRecord[];
          state.push(...loaded.map(recordOf));
          return true;
        },
        apply: fold,
      },
    });
    this.#state = state;
    await log.follow(log.head() + 1, fold);
    this.#log = log;
  }

  place(): SnapshotPlace {
    const disk = this.#disk;
    return { disk, path: SNAPSHOT, folder: FOLDER, sha256, version: "0", key: KEY };
  }

  /** @returns its seq @throws Fault */
  async append(): Promise<number> {
    const text = `t${this.#texts++} ${"x".repeat(40)}`;
    try {
      const body = { text };
      const record = await this.log.append({ kind: "text", room: ROOM, by: ANA, id: "", body });
      this.#acked.set(record.head.seq, text);
      return record.head.seq;
    } catch (error) {
      if (error instanceof Fault && error.code === "store-full") this.#refused.add(text);
      throw error;
    }
  }

  /** As the server does it, of several at once. @throws Fault */
  async erase(...seqs: readonly number[]): Promise<void> {
    const { head } = await this.order(...seqs);
    await Promise.all(seqs.map((seq) => this.log.erase(seq, head.seq)));
    for (const seq of seqs) this.#erased.add(seq);
  }

  /** Only the record that orders it. */
  order(...[seq, ...also]: readonly number[]): Promise<FoldedRecord> {
    const body = { seq, also };
    return this.log.append({ kind: "erase", room: ROOM, by: ANA, id: "", body });
  }

  /** The oldest texts that are still there. */
  oldest(count: number): number[] {
    const texts = this.#state.filter(({ head, erased }) => head.kind === "text" && !erased);
    return texts.slice(0, count).map(({ head }) => head.seq);
  }

  /** Signs the log and keeps it in the file. @throws Fault */
  async sign(): Promise<void> {
    const faults: Fault[] = [];
    const checkpoints = new Checkpoints({
      log: this.log,
      folder: FOLDER,
      disk: this.#disk,
      clock: CLOCK,
      sign: (checkpoint) => signCheckpoint(checkpoint, SERVER),
      isRecorded: true,
      onTrouble: (fault) => faults.push(fault),
    });
    await checkpoints.start();
    await checkpoints.close();
    for (const fault of faults) throw fault;
    this.#signed = this.log.head();
  }

  /** Records that the kept checkpoint covers. */
  signedSize(): number {
    return readCheckpointFile(this.machine.disk.boot(), FOLDER)?.checkpoint.size ?? 0;
  }

  /** Writes a snapshot as at the end of a process. @throws Fault */
  async snapshot(): Promise<void> {
    const faults: Fault[] = [];
    const { log } = this;
    const keeper = new SnapshotKeeper<string[]>({
      ...this.place(),
      clock: CLOCK,
      log: {
        value: () => this.#changed(log.value()),
        sizeBytes: () => log.sizeBytes(),
        coveredBytes: log.coveredBytes,
        head: () => log.head(),
        follow: (from, onRecord) => log.follow(from, onRecord),
      },
      folds: () => [JSON.stringify(this.#state.map(storedOf))],
      bytesMin: 1,
      onTrouble: (fault) => faults.push(fault),
    });
    await keeper.close();
    for (const fault of faults) throw fault;
  }

  lastSegment(): SimFile {
    const { disk } = this.machine;
    const name = disk.list(FOLDER).findLast((one) => one.endsWith(".jsonl"));
    return disk.fileAt(`${FOLDER}/${name}`);
  }

  /** Whether the next record begins another one. */
  isSegmentFull(): boolean {
    return this.lastSegment().sizeBytes >= SEGMENT_BYTES;
  }

  #changed(value: LogValue | undefined): LogValue | undefined {
    if (value === undefined) return undefined;
    return this.#mutant.snapshot?.(value) ?? value;
  }

  /** Holds log, folds, files and what `chat verify` says to all that was promised. */
  async #check(): Promise<void> {
    const { log } = this;
    demand(log.damaged.length === 0, `seq ${log.damaged} is called damaged`);
    demand((await log.verify()).length === 0, "what the snapshot covers is called damaged");
    const signed = this.signedSize();
    demand(signed <= log.head(), "the checkpoint covers more than there is");
    demand(signed >= this.#signed, `the checkpoint of ${this.#signed} is lost`);
    const ordered = new Set(this.#state.flatMap(erasuresOf));
    const texts = new Map<number, string>();
    for await (const record of log.read(1)) {
      const { seq } = record.head;
      const folded = this.#state[seq - 1];
      demand(folded?.head.seq === seq && folded.erased === record.erased, `seq ${seq} is folded`);
      demand(record.damaged !== true, `seq ${seq} reads as damaged`);
      demand(record.erased === undefined || ordered.has(seq), `seq ${seq} is erased by nobody`);
      if (record.erased === undefined) texts.set(seq, textOf(record));
    }
    for (const [seq, text] of this.#acked) {
      demand(texts.get(seq) === text || ordered.has(seq), `seq ${seq}, '${text}', is lost`);
    }
    for (const text of texts.values()) demand(!this.#refused.has(text), `'${text}' was refused`);
    for (const seq of this.#erased) {
      const text = this.#acked.get(seq) ?? "";
      demand(!texts.has(seq) && !this.#isOnDisk(`"${text}"`), `seq ${seq} is not erased`);
    }
    const isSigned = (note: string) => hasSigned(note, SERVER.publicKey);
    const disk = this.machine.disk.boot();
    const { ok, findings, size } = await verifyLog({ disk, folder: FOLDER, sha256, isSigned });
    demand(ok, `chat verify finds ${JSON.stringify(findings)}`);
    demand(size >= log.head(), `chat verify reads ${size} of ${log.head()} records`);
  }

  #isOnDisk(text: string): boolean {
    const { disk } = this.machine;
    return disk
      .list(FOLDER)
      .some((name) => Buffer.from(disk.fileAt(`${FOLDER}/${name}`).shown).includes(text));
  }
}

interface StoredRecord {
  readonly head: FoldedRecord["head"];
  readonly body?: string;
  readonly erased?: number;
}

function storedOf({ head, bodyBytes, erased }: FoldedRecord): StoredRecord {
  return {
    head,
    ...(bodyBytes === undefined ? {} : { body: bodyBytes.toBase64() }),
    ...(erased === undefined ? {} : { erased }),
  };
}

function recordOf({ body, ...rest }: StoredRecord): FoldedRecord {
  return body === undefined ? rest : { ...rest, bodyBytes: Uint8Array.fromBase64(body) };
}
