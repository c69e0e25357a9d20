import { assert } from "../../../src/base/assert.ts";
import type { DiskFile } from "../../../src/io/disk/disk.ts";
import type { DiskCall, DiskFailure, SimDisk } from "./sim.ts";
import type { SimFile } from "./sim-file.ts";
import { MachineStopped, systemError } from "./sim-tree.ts";

export class SimHandle implements DiskFile {
  readonly #disk: SimDisk;
  readonly #path: string;
  readonly #file: SimFile;
  readonly #life: number;
  #isClosed = false;
  readonly [Symbol.dispose] = () => this.close();

  constructor(disk: SimDisk, path: string, file: SimFile) {
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
    this.#life = disk.life();
  }

  isPresent(): boolean {
    return this.#disk.holds(this.#path, this.#file);
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

  async readBuffersLater(into: readonly Uint8Array[], offset: number): Promise<number> {
    let done = 0;
    for (const part of into) done += await this.readLater(part, offset + done);
    return done;
  }

  write(bytes: Uint8Array, offset: number): number {
    const failure = this.#enter("write");
    const expected = failure === "short" ? this.#disk.shorten(bytes.length) : bytes.length;
    const beyond = Math.max(0, offset + expected - this.#file.sizeBytes);
    const granted = expected - beyond + this.#disk.grant(beyond);
    if (granted === 0 && bytes.length > 0) throw systemError("ENOSPC", this.#path);
    this.#file.write(bytes.subarray(0, granted), offset, this.#disk.now());
    return granted;
  }

  async writeLater(bytes: Uint8Array, offset: number): Promise<number> {
    const wrote = this.write(bytes, offset);
    await this.#disk.pause();
    this.#check();
    return wrote;
  }

  /** May write only part of the first buffer, like a real system. */
  async writeBuffersLater(parts: readonly Uint8Array[], offset: number): Promise<number> {
    const [first = new Uint8Array(0)] = parts;
    return this.writeLater(first, offset);
  }

  async sync(): Promise<void> {
    this.#check();
    const snapshot = this.#file.snapshot();
    try {
      this.#enter("sync");
    } catch (error) {
      if (!(error instanceof MachineStopped)) await this.#disk.pause();
      throw error;
    }
    await this.#disk.pause();
    this.#check();
    this.#file.keep(snapshot);
  }

  truncate(sizeBytes: number): void {
    this.#enter("truncate");
    this.#file.truncate(sizeBytes, this.#disk.now());
  }

  close(): void {
    assert(!this.#isClosed, `${this.#path} is closed once`);
    this.#isClosed = true;
  }

  #enter(call: DiskCall): DiskFailure | undefined {
    this.#check();
    return this.#disk.enter(call, this.#path);
  }

  #check(): void {
    this.#disk.check();
    assert(!this.#isClosed, `${this.#path} is open`);
    if (this.#life !== this.#disk.life()) throw new MachineStopped("an earlier process");
  }
}
