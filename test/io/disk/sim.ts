import { dirname } from "node:path";
import { assert } from "../../../src/base/assert.ts";
import type { DiskFile, FileMetadata, FileProperty, TreeDisk } from "../../../src/io/disk/disk.ts";
import { type Random, SimFile } from "./sim-file.ts";
import { SimHandle } from "./sim-handle.ts";
import {
  ChangedPaths,
  type Entry,
  MachineStopped,
  type Move,
  moveAll,
  systemError,
  Tree,
  under,
} from "./sim-tree.ts";

export type DiskCall =
  | "open"
  | "list"
  | "makeFolder"
  | "syncFolder"
  | "rename"
  | "remove"
  | "read"
  | "write"
  | "sync"
  | "truncate"
  | "name"
  | "move"
  | "dress";

/** Content by path; `undefined` for a folder. */
export type DiskBackup = ReadonlyMap<string, Uint8Array | undefined>;

export type DiskFailure = "ENOSPC" | "EIO" | "EACCES" | "short";

export interface SimDiskOptions {
  readonly random: Random;
  readonly failure?: (call: DiskCall, path: string, number: number) => DiskFailure | undefined;
  readonly unixMs?: () => number;
}

/**
 * A disk in memory that tears and loses unsynced writes, including folder entries. One instance is
 * one machine; `losePower` and `killProcess` restart it.
 */
export class SimDisk implements TreeDisk {
  readonly #random: Random;
  readonly #failure: SimDiskOptions["failure"];
  /** Contains all paths at which the trees differ. */
  readonly #changed = new ChangedPaths();
  readonly #visible = new Tree(this.#changed);
  /** Durable content. */
  readonly #kept = new Tree(this.#changed);
  #moves: Move[] = [];
  readonly #unixMs: () => number;
  #life = 0;
  #calls = 0;
  #stopAt = Number.POSITIVE_INFINITY;
  #isStopped = false;
  #capacityBytes = Number.POSITIVE_INFINITY;

  constructor(options: SimDiskOptions) {
    this.#random = options.random;
    this.#failure = options.failure;
    this.#unixMs = options.unixMs ?? (() => 0);
  }

  get calls(): number {
    return this.#calls;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  stopAt(call: number): void {
    this.#stopAt = call;
  }

  leave(bytes: number): void {
    this.#capacityBytes = this.#usedBytes() + bytes;
  }

  losePower(): void {
    for (const { from, to } of this.#moves.splice(0).reverse()) {
      if (this.#random() < 0.5) moveAll(this.#kept, from, to);
      else moveAll(this.#visible, to, from);
    }
    const paths = new Set([...this.#visible.paths, ...this.#kept.paths]);
    const after = new Map<string, Entry>();
    for (const path of [...paths].sort()) {
      const [visible, durable] = [this.#visible.get(path), this.#kept.get(path)];
      const entry = visible === durable || this.#random() < 0.5 ? durable : visible;
      const parent = dirname(path);
      if (entry !== undefined && (after.has(parent) || parent === path)) after.set(path, entry);
    }
    for (const entry of after.values())
      if (entry.kind === "file") entry.file.losePower(this.#random);
    this.#replace(after);
    this.#restart();
  }

  killProcess(): void {
    this.#restart();
  }

  boot(): TreeDisk {
    const life = this.#life;
    const alive = (): SimDisk => {
      if (life !== this.#life) throw new MachineStopped("an earlier process");
      return this;
    };
    return {
      open: (path, access) => alive().open(path, access),
      list: (folder) => alive().list(folder),
      makeFolder: (folder) => alive().makeFolder(folder),
      syncFolder: async (folder) => await alive().syncFolder(folder),
      exists: (path) => alive().exists(path),
      rename: (from, to) => alive().rename(from, to),
      remove: (path) => alive().remove(path),
      openNew: (path) => alive().openNew(path),
      openPlain: (path) => alive().openPlain(path),
      kind: (path) => alive().kind(path),
      makeFolderNew: (path) => alive().makeFolderNew(path),
      nameNew: (from, to) => alive().nameNew(from, to),
      isTrusted: () => alive().isTrusted(),
      moveFolderNew: (from, to) => alive().moveFolderNew(from, to),
      metadata: (path, metadata) => alive().metadata(path, metadata),
      removeFolder: async (path) => await alive().removeFolder(path),
      modifiedMs: (path) => alive().modifiedMs(path),
      freeBytes: async (folder) => await alive().freeBytes(folder),
      fileBytesMax: async () => Number.POSITIVE_INFINITY,
    };
  }

  /** Returns a backup of all files. */
  backUp(): DiskBackup {
    return new Map(
      [...this.#visible.all].map(([path, entry]) => [
        path,
        entry.kind === "file" ? new Uint8Array(entry.file.visible) : undefined,
      ]),
    );
  }

  /** Replaces all files with those of a backup, as if they had been copied and synced. */
  restore(backup: DiskBackup): void {
    const entries = new Map<string, Entry>();
    for (const [path, bytes] of backup) {
      const file = new SimFile();
      if (bytes !== undefined) file.write(bytes, 0);
      file.keep(file.snapshot());
      entries.set(path, bytes === undefined ? { kind: "folder" } : { kind: "file", file });
    }
    this.#replace(entries);
    this.#moves = [];
    this.#restart();
  }

  #replace(entries: ReadonlyMap<string, Entry>): void {
    this.#visible.replace(entries);
    this.#kept.replace(entries);
    this.#changed.clearAll();
  }

  fileAt(path: string): SimFile {
    const entry = this.#visible.get(path);
    assert(entry?.kind === "file", `${path} is a file`);
    return entry.file;
  }

  open(path: string, access: "read" | "write"): DiskFile {
    this.enter("open", path);
    const known = this.#visible.get(path);
    if (known?.kind === "file") return new SimHandle(this, path, known.file);
    if (known !== undefined || access === "read" || !this.#visible.has(dirname(path))) {
      throw systemError(known === undefined ? "ENOENT" : "EISDIR", path);
    }
    return this.#make(path);
  }

  openNew(path: string): DiskFile {
    this.enter("open", path);
    if (this.#visible.has(path)) throw systemError("EEXIST", path);
    if (!this.#visible.has(dirname(path))) throw systemError("ENOENT", path);
    return this.#make(path);
  }

  openPlain(path: string): DiskFile {
    this.enter("open", path);
    const entry = this.#visible.get(path);
    if (entry?.kind === "file") return new SimHandle(this, path, entry.file);
    throw systemError(entry === undefined ? "ENOENT" : "ELOOP", path);
  }

  #make(path: string): DiskFile {
    const file = new SimFile();
    this.#visible.set(path, { kind: "file", file });
    return new SimHandle(this, path, file);
  }

  list(folder: string): string[] {
    this.enter("list", folder);
    const prefix = folder.endsWith("/") ? folder : `${folder}/`;
    return [...this.#visible.paths]
      .filter((path) => path.startsWith(prefix) && dirname(path) === folder && path !== folder)
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  makeFolder(folder: string): void {
    this.enter("makeFolder", folder);
    for (let path = folder; !this.#visible.has(path); path = dirname(path)) {
      this.#visible.set(path, { kind: "folder" });
      if (dirname(path) === path) this.#kept.set(path, { kind: "folder" });
    }
  }

  async syncFolder(folder: string): Promise<void> {
    this.enter("syncFolder", folder);
    const life = this.#life;
    await this.pause();
    this.check();
    if (life !== this.#life) throw new MachineStopped("an earlier process");
    for (const { from, to } of this.#moves.filter((move) => dirname(move.to) === folder)) {
      moveAll(this.#kept, from, to);
    }
    this.#moves = this.#moves.filter((move) => dirname(move.to) !== folder);
    for (const path of this.#changed.in(folder)) {
      const entry = this.#visible.get(path);
      if (entry === undefined) this.#kept.delete(path);
      else this.#kept.set(path, entry);
    }
    this.#changed.clear(folder);
  }

  holds(path: string, file: SimFile): boolean {
    this.check();
    const entry = this.#visible.get(path);
    return entry?.kind === "file" && entry.file === file;
  }

  exists(path: string): boolean {
    this.check();
    return this.#visible.has(path);
  }

  rename(from: string, to: string): void {
    this.enter("rename", to);
    const entry = this.#visible.get(from);
    if (entry === undefined) throw systemError("ENOENT", from);
    if (entry.kind === "folder") return this.#renameFolder(from, to);
    this.#visible.delete(from);
    this.#visible.set(to, entry);
  }

  #renameFolder(from: string, to: string): void {
    if (under(this.#visible, to).length > 1) throw systemError("ENOTEMPTY", to);
    moveAll(this.#visible, from, to);
    this.#moves.push({ from, to });
  }

  remove(path: string): void {
    this.enter("remove", path);
    this.#visible.delete(path);
  }

  kind(path: string): "file" | "folder" | undefined {
    this.check();
    return this.#visible.get(path)?.kind;
  }

  makeFolderNew(path: string): boolean {
    this.enter("makeFolder", path);
    if (this.#visible.has(path)) return false;
    if (!this.#visible.has(dirname(path))) throw systemError("ENOENT", path);
    this.#visible.set(path, { kind: "folder" });
    return true;
  }

  isTrusted(): boolean {
    return true;
  }

  nameNew(from: string, to: string): boolean {
    this.enter("name", to);
    const [entry, there] = [this.#visible.get(from), this.#visible.get(to)];
    if (entry?.kind !== "file") throw systemError("ENOENT", from);
    if (there !== undefined) return there.kind === "file" && there.file === entry.file;
    this.#visible.set(to, entry);
    return true;
  }

  moveFolderNew(from: string, to: string): boolean {
    this.enter("move", to);
    if (this.#visible.get(from)?.kind !== "folder") throw systemError("ENOENT", from);
    if (this.#visible.has(to)) return false;
    moveAll(this.#visible, from, to);
    this.#moves.push({ from, to });
    return true;
  }

  metadata(path: string, metadata: FileMetadata): FileProperty[] {
    this.enter("dress", path);
    const entry = this.#visible.get(path);
    if (entry === undefined) throw systemError("ENOENT", path);
    entry.metadata = metadata;
    return [];
  }

  async removeFolder(path: string): Promise<void> {
    const life = this.#life;
    for (const inside of [...under(this.#visible, path)].reverse()) {
      this.enter("remove", inside);
      await this.pause();
      this.check();
      if (life !== this.#life) throw new MachineStopped("an earlier process");
      this.#visible.delete(inside);
    }
  }

  modifiedMs(path: string): number | undefined {
    this.check();
    const entry = this.#visible.get(path);
    return entry?.kind === "file" ? entry.file.touchedMs : undefined;
  }

  async fileBytesMax(): Promise<number> {
    return Number.POSITIVE_INFINITY;
  }

  async freeBytes(folder: string): Promise<number> {
    this.enter("list", folder);
    return this.grant(Number.MAX_SAFE_INTEGER);
  }

  metadataAt(path: string): FileMetadata | undefined {
    return this.#visible.get(path)?.metadata;
  }

  now(): number {
    return this.#unixMs();
  }

  enter(call: DiskCall, path: string): DiskFailure | undefined {
    this.check();
    this.#calls += 1;
    if (this.#calls >= this.#stopAt) {
      this.#isStopped = true;
      throw new MachineStopped(`stopped at call ${this.#calls}, ${call} ${path}`);
    }
    const failure = this.#failure?.(call, path, this.#calls);
    if (failure !== undefined && failure !== "short") throw systemError(failure, path);
    return failure;
  }

  check(): void {
    if (this.#isStopped) throw new MachineStopped("the machine has stopped");
  }

  grant(requestedBytes: number): number {
    if (this.#capacityBytes === Number.POSITIVE_INFINITY) return requestedBytes;
    return Math.max(0, Math.min(requestedBytes, this.#capacityBytes - this.#usedBytes()));
  }

  async pause(): Promise<void> {
    for (let turns = Math.floor(this.#random() * 4); turns >= 0; turns--) await undefined;
  }

  shorten(sizeBytes: number): number {
    return Math.max(1, Math.floor(this.#random() * sizeBytes));
  }

  life(): number {
    return this.#life;
  }

  #restart(): void {
    this.#life += 1;
    this.#isStopped = false;
    this.#stopAt = Number.POSITIVE_INFINITY;
    this.#capacityBytes = Number.POSITIVE_INFINITY;
  }

  #usedBytes(): number {
    let used = 0;
    for (const entry of this.#visible.all.values())
      if (entry.kind === "file") used += entry.file.sizeBytes;
    return used;
  }
}
