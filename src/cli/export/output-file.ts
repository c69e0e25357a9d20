/** Output file of an export, a proof, or secrets such as sign-in codes. */

import { closeSync, fstatSync, fsyncSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { type DiskFile, diskFault, onDisk } from "../../io/disk/disk.ts";
import { removePath } from "../../io/disk/open-elsewhere.ts";
import { FILE_MODE } from "../../io/disk/plain-file.ts";
import { restrictAccess } from "../../io/disk/private-path.ts";
import { linkStatOf } from "../../io/disk/stat.ts";
import { downloadDisk, systemDisk } from "../../io/disk/system-disk.ts";
import { usageFault } from "../errors.ts";

const BUFFER_CHARS = 256 * 1024;

/**
 * Treatment of an existing file. `extend` replaces it only with content that begins with its
 * content, as in an export of the same room that now has more records.
 */
type ExistingPolicy = "refuse" | "extend" | "replace";

interface OutputFileOptions {
  readonly existing?: ExistingPolicy;
  /**
   * End of the content, in which a file to extend may have other digits, such as the time of its
   * export.
   */
  readonly tail?: string;
}

/**
 * File written under a temporary name and renamed when complete. Its mode is 0600, whatever that of
 * a file that it replaces. Never follows links.
 */
export class OutputFile {
  readonly #temporaryPath: string;
  readonly #existing: DiskFile | undefined;
  readonly #existingBytes: number = 0;
  readonly #tail: Uint8Array;
  readonly #policy: ExistingPolicy;
  #fd: number;
  #sizeBytes = 0;
  #buffer = "";

  constructor(
    readonly path: string,
    { existing = "refuse", tail = "" }: OutputFileOptions = {},
  ) {
    const disk = downloadDisk();
    this.#temporaryPath = `${path}.part`;
    this.#tail = Buffer.from(tail);
    this.#policy = existing;
    const kind = disk.kind(path);
    if (kind !== undefined && existing === "refuse") throw inUse(path);
    if (kind !== undefined && kind !== "file") throw notRegular(path);
    try {
      if (kind === "file" && existing === "extend") {
        this.#existing = disk.openPlain(path, "read");
        this.#existingBytes = this.#existing.sizeBytes();
      }
      removePath(this.#temporaryPath);
      this.#fd = openSync(this.#temporaryPath, "wx", FILE_MODE);
      restrictAccess(this.#temporaryPath);
    } catch (error) {
      this.#existing?.close();
      throw diskFault(error, path);
    }
  }

  /** @throws {Fault} usage if an existing file has other content */
  write(text: string): void {
    this.#buffer += text;
    if (this.#buffer.length >= BUFFER_CHARS) this.#flush();
  }

  finish(): void {
    this.#flush();
    onDisk(this.path, () => {
      fsyncSync(this.#fd);
      this.#checkTemporary();
      if (this.#policy === "replace") this.#rename();
      else if (this.#existing === undefined) this.#name();
      else this.#replace();
    });
  }

  /** Has no effect after `finish`. */
  discard(): void {
    if (this.#fd < 0) return;
    const isOwn = this.#isTemporaryOwn();
    this.#close();
    if (isOwn) removePath(this.#temporaryPath);
  }

  #name(): void {
    this.#close();
    const disk = downloadDisk();
    const isNamed = disk.nameNew(this.#temporaryPath, this.path);
    disk.remove(this.#temporaryPath);
    if (!isNamed) throw this.#policy === "refuse" ? inUse(this.path) : otherContent(this.path);
  }

  #replace(): void {
    const hasOtherTail = mask(this.#readExisting(this.#comparedBytes)) !== mask(this.#tail);
    const isEmpty = this.#existingBytes === 0;
    if (!isEmpty && (this.#existingBytes > this.#sizeBytes || hasOtherTail))
      throw otherContent(this.path);
    if (this.#existingBytes !== this.#sizeBytes) return this.#rename();
    this.discard();
    systemDisk().metadata(this.path, { mode: FILE_MODE });
  }

  #rename(): void {
    this.#close();
    systemDisk().rename(this.#temporaryPath, this.path);
  }

  get #comparedBytes(): number {
    return Math.max(0, this.#existingBytes - this.#tail.length);
  }

  #readExisting(from: number, sizeBytes = this.#existingBytes - from): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, sizeBytes));
    return bytes.subarray(0, this.#existing?.read(bytes, from) ?? 0);
  }

  #flush(): void {
    const bytes = Buffer.from(this.#buffer);
    this.#buffer = "";
    onDisk(this.path, () => {
      const comparedBytes = Math.min(bytes.length, this.#comparedBytes - this.#sizeBytes);
      const existing = this.#readExisting(this.#sizeBytes, comparedBytes);
      if (!bytes.subarray(0, existing.length).equals(existing)) throw otherContent(this.path);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    });
    this.#sizeBytes += bytes.length;
  }

  /** False if another export has replaced the temporary file, as it does after a crash. */
  #isTemporaryOwn(): boolean {
    const own = fstatSync(this.#fd);
    const named = linkStatOf(this.#temporaryPath);
    return own.ino === named?.ino && own.dev === named.dev;
  }

  #checkTemporary(): void {
    if (this.#isTemporaryOwn()) return;
    throw new Fault("data-locked", msg`another export writes to ${dirname(this.path)}`, {
      remedy: "wait until it has ended, then run the same command again",
    });
  }

  #close(): void {
    closeSync(this.#fd);
    this.#existing?.close();
    this.#fd = -1;
  }
}

function mask(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").replace(/\d/g, "0");
}

function inUse(path: string): Fault {
  return usageFault(`${path} already exists`, "choose another path with --out, or remove it");
}

function notRegular(path: string): Fault {
  return usageFault(`${path} is not a regular file`, "choose another path, or remove it");
}

function otherContent(path: string): Fault {
  return usageFault(
    `${path} exists and has other content`,
    "rename it, then run the same command again, or choose another folder with --out",
  );
}
