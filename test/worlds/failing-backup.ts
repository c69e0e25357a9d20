import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { toHex } from "../../src/base/bytes.ts";
import { Fault } from "../../src/base/fault.ts";
import type { FileId, RoomId, UserId } from "../../src/base/ids.ts";
import { hasSigned, signCheckpoint } from "../../src/crypto/checkpoint.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { backUp } from "../../src/io/backup/backup.ts";
import { restoreBackup } from "../../src/io/backup/restore.ts";
import { encodeMetadata } from "../../src/io/blob/blob-store.ts";
import type { Clock } from "../../src/io/clock.ts";
import type { TreeDisk } from "../../src/io/disk/disk.ts";
import { writeCheckpointFile } from "../../src/io/log/checkpoints.ts";
import { type LogFile, openLog } from "../../src/io/log/log-file.ts";
import { verifyLog } from "../../src/io/log/verify.ts";
import { Digest, encodeHashLine } from "../../src/wire/chunks.ts";
import type { Draft } from "../../src/wire/record.ts";
import { identityOfSeed } from "../crypto/seed-identity.ts";
import { check, nextTurn } from "./disk-world.ts";
import { type Aftermath, FailingMachine, type FailingWorld } from "./failing-call.ts";

const ROOM = "rLLLLLLLLLLL" as RoomId;
const ANA = "uAAAAAAAAAAA" as UserId;
const SERVER = identityOfSeed(new Uint8Array(32).fill(1));
const SEGMENT_BYTES = 700;
const CONTENT_BYTES = 100;
const LOGS = ["history", "accounts"] as const;
const NO_BACKUP: ReadonlySet<string> = new Set(["not-found", "data-foreign"]);

const CLOCK: Clock = { now: () => 0, unixMs: () => 1_763_617_717_000, after: nextTurn };

export interface Operation {
  readonly before?: (world: BackupWorld) => Promise<void>;
  readonly run: (world: BackupWorld) => Promise<void>;
  readonly check: (world: BackupWorld, isDone: boolean) => Promise<void>;
}

export type Mutant = (disk: TreeDisk) => TreeDisk;

/**
 * Server folder, its backup and restored data on a simulated disk. The program checks locks and
 * folder types on the real disk, where a folder with the same name contains only these files.
 */
export class BackupWorld implements FailingWorld {
  readonly machine: FailingMachine;
  readonly data: string;
  readonly out: string;
  readonly restored: string;
  readonly #operation: Operation;
  readonly #mutant: Mutant;
  readonly #states = new Set<string>();
  #newest = "";
  readonly #reported = new Set<string>();
  #texts = 0;
  #files = 0;

  private constructor(operation: Operation, real: string, seed: number, mutant: Mutant) {
    this.#operation = operation;
    this.#mutant = mutant;
    this.machine = new FailingMachine(seed);
    [this.data, this.out, this.restored] = ["data", "out", "restored"].map((name) =>
      join(real, name),
    ) as [string, string, string];
  }

  static async make(
    operation: Operation,
    real: string,
    seed: number,
    mutant: Mutant = (disk) => disk,
  ): Promise<BackupWorld> {
    const world = new BackupWorld(operation, real, seed, mutant);
    for (const folder of [world.data, world.out, world.restored]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "format.json"), '{"format":4,"minReader":4}\n');
    }
    world.#disk.makeFolder(world.data);
    await world.#write("format.json", Buffer.from('{"format":4,"minReader":4}\n'));
    await world.#write("identity.key", Buffer.from("a key\n"));
    await world.addRecords();
    await operation.before?.(world);
    return world;
  }

  get #disk(): TreeDisk {
    return this.machine.disk.boot();
  }

  run(): Promise<void> {
    return this.#operation.run(this);
  }

  async resume(aftermath: Aftermath): Promise<void> {
    const { disk } = this.machine;
    if (aftermath === "a kill") disk.killProcess();
    if (aftermath === "a power loss") disk.losePower();
    await this.#operation.check(this, false);
    await this.#operation.run(this);
    disk.losePower();
    await this.#operation.check(this, true);
  }

  async addRecords(): Promise<void> {
    const password = `hash ${this.#texts}`;
    await this.#within("accounts", async (log) => {
      const replaces = log.head();
      const body = { password, ...(replaces === 0 ? {} : { replaces }) };
      const record = await log.append({
        ...textDraft(""),
        kind: "password",
        room: ANA as never,
        body,
      });
      if (replaces > 0) await log.erase(replaces, record.head.seq);
    });
    const file = await this.#storeFile();
    await this.#within("history", async (log) => {
      for (let i = 0; i < 5; i++)
        await log.append(textDraft(`t${this.#texts++} ${"x".repeat(60)}`));
      await log.append({ ...textDraft(""), kind: "file", id: file.file, body: { files: [file] } });
    });
    this.#note();
  }

  async erase(): Promise<void> {
    await this.#within("history", async (log) => {
      const seqs: number[] = [];
      for await (const { head, erased } of log.read(1)) {
        if (head.kind === "file" && erased === undefined) seqs.push(head.seq - 1, head.seq);
        if (seqs.length > 0) break;
      }
      const [seq, ...also] = seqs;
      const { head } = await log.append({ ...textDraft(""), kind: "erase", body: { seq, also } });
      for (const one of seqs) await log.erase(one, head.seq);
    });
    const [oldest] = this.#disk.list(join(this.data, "files"));
    await this.#disk.removeFolder(join(this.data, "files", oldest ?? ""));
    this.#note();
  }

  backUp(): Promise<unknown> {
    const { data, out } = this;
    const disk = this.#mutant(this.#disk);
    const options = { disk, sha256, clock: CLOCK, data, out, files: true };
    const callbacks = { onWarning: () => {}, onSkipped: () => {}, onProgress: () => {} };
    return backUp({ ...options, ...callbacks });
  }

  async restore(
    to: string,
    { acceptsRollback = false }: { readonly acceptsRollback?: boolean } = {},
  ): Promise<{ readonly missingFiles: number }> {
    const result = await restoreBackup({
      disk: this.#mutant(this.#disk),
      sha256,
      backup: this.out,
      data: to,
      acceptsRollback,
      acceptsLoss: false,
      nowUnixMs: 0,
      onWarning: () => {},
      onProgress: () => {},
      finish: () => Promise.resolve(),
    });
    this.#reported.add(to);
    return result;
  }

  isExpected(folder: string): boolean {
    return this.#reported.has(folder) || this.exists(folder);
  }

  /**
   * Checks that the backup restores to an earlier state of the server, with all files. An
   * incomplete backup may be unrestorable.
   */
  async checkBackup({ isDone }: { readonly isDone: boolean }): Promise<void> {
    const probe = `${this.restored}-probe`;
    await this.#disk.removeFolder(probe);
    try {
      const { missingFiles } = await this.restore(probe);
      check(missingFiles === 0, `${missingFiles} files are missing in the backup`);
    } catch (error) {
      const isMissing = error instanceof Fault && NO_BACKUP.has(error.code);
      if (isDone || !isMissing) throw error;
      // The identity is restored last; from then on, `chat verify` requires complete logs.
      const isReadable = this.exists(join(this.out, "identity.key"));
      check(!isReadable || this.#hasNewestLogs(), "a part of a backup looks whole");
      return;
    }
    check(this.#states.has(this.#stateOf(probe)), "the backup is no state of the server");
    for (const name of LOGS) await this.#verify(join(this.out, name));
  }

  #hasNewestLogs(): boolean {
    return this.#newest.startsWith(this.#logsOf(this.out));
  }

  exists(path: string): boolean {
    return this.#disk.kind(path) !== undefined;
  }

  async checkFolder(folder: string): Promise<void> {
    check(this.#states.has(this.#stateOf(folder)), `${folder} is no state of the server`);
    check(!this.exists(join(folder, "backup.json")), `${folder} looks like a backup`);
    for (const name of LOGS) {
      await this.#verify(join(folder, name));
      check(this.exists(join(folder, name, "checkpoint")), `${folder} has lost what was signed`);
    }
  }

  isNewest(folder: string): boolean {
    return this.#stateOf(folder) === this.#newest;
  }

  #stateOf(folder: string): string {
    const files = join(folder, "files");
    const contents = this.#disk.list(files).flatMap((file) => {
      const names = this.#disk.list(join(files, file));
      return names.map((name) => `${file}/${name}: ${this.#bytes(files, file, name).toHex()}`);
    });
    return [this.#logsOf(folder), ...contents].join("\n");
  }

  #logsOf(folder: string): string {
    const lines = LOGS.flatMap((log) => {
      const names = this.#disk.list(join(folder, log)).filter((name) => name.endsWith(".jsonl"));
      return names.map((name) => `${log}/${name}: ${this.#bytes(folder, log, name).toString()}`);
    });
    return lines.join("\n");
  }

  #bytes(...names: readonly string[]): Buffer {
    return Buffer.from(this.machine.disk.fileAt(join(...names)).visible);
  }

  async #verify(folder: string): Promise<void> {
    const isSigned = (note: string) => hasSigned(note, SERVER.publicKey);
    const { ok, findings } = await verifyLog({ disk: this.#disk, folder, sha256, isSigned });
    check(ok, `chat verify finds ${JSON.stringify(findings)}`);
  }

  #note(): void {
    this.#newest = this.#stateOf(this.data);
    this.#states.add(this.#newest);
  }

  async #within(name: string, work: (log: LogFile) => Promise<void>): Promise<void> {
    const [disk, folder] = [this.#disk, join(this.data, name)];
    const entropy = (sizeBytes: number) => new Uint8Array(sizeBytes).fill(this.#texts);
    const sizes = { segmentBytes: SEGMENT_BYTES, reserveBytes: 0 };
    const log = await openLog({ folder, disk, clock: CLOCK, entropy, sha256, ...sizes });
    await work(log);
    const { origin = "", tree } = log;
    const note = signCheckpoint({ origin, size: log.head(), root: tree.root() }, SERVER);
    await writeCheckpointFile(disk, folder, note);
    await log.close();
  }

  async #storeFile() {
    const file = `f${String(++this.#files).padStart(11, "A")}` as FileId;
    const content = new Uint8Array(CONTENT_BYTES).fill(this.#files);
    const hash = sha256(content);
    const digest = new Digest(new Bun.CryptoHasher("sha256"));
    digest.add(hash);
    const about = { file, by: ANA, name: "a.bin", to: [], sinceMs: 0 };
    await this.#write(`files/${file}/about.json`, encodeMetadata(about));
    await this.#write(`files/${file}/content`, content);
    await this.#write(`files/${file}/chunks.jsonl`, encodeHashLine(hash));
    const fields = { file, name: "a.bin", size: content.length, chunks: 1 };
    return { ...fields, digest: toHex(digest.value()) };
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    const disk = this.#disk;
    const path = join(this.data, name);
    disk.makeFolder(dirname(path));
    const file = disk.open(path, "write");
    file.write(bytes, 0);
    await file.sync();
    file.close();
    for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
      await disk.syncFolder(folder);
    }
  }
}

function textDraft(text: string): Draft {
  return { kind: "text", room: ROOM, by: ANA, id: "", body: { text } };
}
