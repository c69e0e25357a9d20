import { dirname } from "node:path";
import { assert } from "../base/assert.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { type Random, SimFile } from "./disk-sim-file.ts";

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
  | "truncate";

/** What goes wrong with one call: an error code, or for a write only a part of it. */
export type Trouble = "ENOSPC" | "EIO" | "EACCES" | "short";

export interface SimDiskOptions {
  readonly random: Random;
  /** Asked before each call; `number` counts the calls from 1. */
  readonly trouble?: (call: DiskCall, path: string, number: number) => Trouble | undefined;
}

type Entry = { readonly kind: "file"; readonly file: SimFile } | { readonly kind: "folder" };

/** Thrown by every call after the machine stopped: whoever sees it is not running any more. */
export class MachineStopped extends Error {}

/**
 * A disk in memory that keeps, tears and forgets as real ones may: what was not synced, entries of
 * folders included. One instance is one machine; `losePower` and `killProcess` start it again.
 */
export class SimDisk implements Disk {
  readonly #random: Random;
  readonly #trouble: SimDiskOptions["trouble"];
  /** By absolute path; `#kept` is what the disk has of it. */
  #shown = new Map<string, Entry>();
  #kept = new Map<string, Entry>();
  /** Handles of an earlier process are of no use. */
  #life = 0;
  #calls = 0;
  #stopAt = Number.POSITIVE_INFINITY;
  #isStopped = false;
  #capacityBytes = Number.POSITIVE_INFINITY;

  constructor(options: SimDiskOptions) {
    this.#random = options.random;
    this.#trouble = options.trouble;
  }

  get calls(): number {
    return this.#calls;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The machine stops at this call, counted from the first. */
  stopAt(call: number): void {
    this.#stopAt = call;
  }

  /** Room for so many bytes beyond what is there now. */
  leave(bytes: number): void {
    this.#capacityBytes = this.#usedBytes() + bytes;
  }

  losePower(): void {
    const paths = new Set([...this.#shown.keys(), ...this.#kept.keys()]);
    const after = new Map<string, Entry>();
    for (const path of [...paths].sort()) {
      const [shown, kept] = [this.#shown.get(path), this.#kept.get(path)];
      const entry = shown === kept || this.#random() < 0.5 ? kept : shown;
      const parent = dirname(path);
      if (entry !== undefined && (after.has(parent) || parent === path)) after.set(path, entry);
    }
    for (const entry of after.values())
      if (entry.kind === "file") entry.file.losePower(this.#random);
    this.#shown = after;
    this.#kept = new Map(after);
    this.#restart();
  }

  /** The process ends, the machine goes on: nothing is lost that was written. */
  killProcess(): void {
    this.#restart();
  }

  /** The disk as one process has it: after that process ended, nothing it left behind can act. */
  boot(): Disk {
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
    };
  }

  /** For tests that damage what is there: the content of a file. */
  fileAt(path: string): SimFile {
    const entry = this.#shown.get(path);
    assert(entry?.kind === "file", `${path} is a file`);
    return entry.file;
  }

  open(path: string, access: "read" | "write"): DiskFile {
    this.enter("open", path);
    const known = this.#shown.get(path);
    if (known?.kind === "file") return new SimHandle(this, path, known.file);
    if (known !== undefined || access === "read" || !this.#shown.has(dirname(path))) {
      throw systemError(known === undefined ? "ENOENT" : "EISDIR", path);
    }
    const file = new SimFile();
    this.#shown.set(path, { kind: "file", file });
    return new SimHandle(this, path, file);
  }

  list(folder: string): string[] {
    this.enter("list", folder);
    const prefix = folder.endsWith("/") ? folder : `${folder}/`;
    const names = [...this.#shown.keys()].filter((path) => dirname(path) === folder);
    return names
      .filter((path) => path !== folder)
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  makeFolder(folder: string): void {
    this.enter("makeFolder", folder);
    for (let path = folder; !this.#shown.has(path); path = dirname(path)) {
      this.#shown.set(path, { kind: "folder" });
      if (dirname(path) === path) this.#kept.set(path, { kind: "folder" });
    }
  }

  async syncFolder(folder: string): Promise<void> {
    this.enter("syncFolder", folder);
    const life = this.#life;
    await this.pause();
    this.check();
    if (life !== this.#life) throw new MachineStopped("an earlier process");
    for (const path of new Set([...this.#shown.keys(), ...this.#kept.keys()])) {
      if (dirname(path) !== folder) continue;
      const entry = this.#shown.get(path);
      if (entry === undefined) this.#kept.delete(path);
      else this.#kept.set(path, entry);
    }
  }

  exists(path: string): boolean {
    this.check();
    return this.#shown.has(path);
  }

  rename(from: string, to: string): void {
    this.enter("rename", to);
    const entry = this.#shown.get(from);
    if (entry === undefined) throw systemError("ENOENT", from);
    this.#shown.delete(from);
    this.#shown.set(to, entry);
  }

  remove(path: string): void {
    this.enter("remove", path);
    this.#shown.delete(path);
  }

  /** One call begins: it may meet its trouble, or be the machine's last. */
  enter(call: DiskCall, path: string): Trouble | undefined {
    this.check();
    this.#calls += 1;
    if (this.#calls >= this.#stopAt) {
      this.#isStopped = true;
      throw new MachineStopped(`stopped at call ${this.#calls}, ${call} ${path}`);
    }
    const trouble = this.#trouble?.(call, path, this.#calls);
    if (trouble !== undefined && trouble !== "short") throw systemError(trouble, path);
    return trouble;
  }

  check(): void {
    if (this.#isStopped) throw new MachineStopped("the machine has stopped");
  }

  /** As many of the wanted bytes as there is room for. */
  grant(wantedBytes: number): number {
    return Math.max(0, Math.min(wantedBytes, this.#capacityBytes - this.#usedBytes()));
  }

  /** A device takes its time: others get their turn. */
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
    for (const entry of this.#shown.values())
      if (entry.kind === "file") used += entry.file.sizeBytes;
    return used;
  }
}

class SimHandle implements DiskFile {
  readonly #disk: SimDisk;
  readonly #path: string;
  readonly #file: SimFile;
  readonly #life: number;
  #isClosed = false;

  constructor(disk: SimDisk, path: string, file: SimFile) {
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
    this.#life = disk.life();
  }

  sizeBytes(): number {
    this.#check();
    return this.#file.sizeBytes;
  }

  read(into: Uint8Array, offset: number): number {
    this.#enter("read");
    return this.#file.read(into, offset);
  }

  async readLater(into: Uint8Array, offset: number): Promise<number> {
    this.#enter("read");
    await this.#disk.pause();
    this.#check();
    return this.#file.read(into, offset);
  }

  write(bytes: Uint8Array, offset: number): number {
    const trouble = this.#enter("write");
    const wanted = trouble === "short" ? this.#disk.shorten(bytes.length) : bytes.length;
    const beyond = Math.max(0, offset + wanted - this.#file.sizeBytes);
    const granted = wanted - beyond + this.#disk.grant(beyond);
    if (granted === 0 && bytes.length > 0) throw systemError("ENOSPC", this.#path);
    this.#file.write(bytes.subarray(0, granted), offset);
    return granted;
  }

  async writeLater(bytes: Uint8Array, offset: number): Promise<number> {
    const wrote = this.write(bytes, offset);
    await this.#disk.pause();
    this.#check();
    return wrote;
  }

  async sync(): Promise<void> {
    this.#check();
    const snapshot = this.#file.snapshot();
    try {
      this.#enter("sync");
    } catch (error) {
      // What the disk refused is forgotten; the next sync would say that all is well.
      if (!(error instanceof MachineStopped)) await this.#disk.pause();
      throw error;
    }
    await this.#disk.pause();
    this.#check();
    this.#file.keep(snapshot);
  }

  truncate(sizeBytes: number): void {
    this.#enter("truncate");
    this.#file.truncate(sizeBytes);
  }

  close(): void {
    assert(!this.#isClosed, `${this.#path} is closed once`);
    this.#isClosed = true;
  }

  #enter(call: DiskCall): Trouble | undefined {
    this.#check();
    return this.#disk.enter(call, this.#path);
  }

  #check(): void {
    this.#disk.check();
    assert(!this.#isClosed, `${this.#path} is open`);
    if (this.#life !== this.#disk.life()) throw new MachineStopped("an earlier process");
  }
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
