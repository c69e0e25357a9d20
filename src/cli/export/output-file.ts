/** Output file of an export. */

import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import type { Fault } from "../../base/fault.ts";
import { diskFault } from "../../io/disk/disk.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import { usageFault } from "../errors.ts";

const BUFFER_CHARS = 256 * 1024;

/**
 * File written under a temporary name and renamed when complete. Replaces an existing file only if
 * `isReplacing` is true.
 */
export class OutputFile {
  readonly #temporaryPath: string;
  #fd: number;
  #buffer = "";

  constructor(
    readonly path: string,
    private readonly options: { readonly isReplacing: boolean } = { isReplacing: false },
  ) {
    if (!options.isReplacing) checkNotExists(path);
    this.#temporaryPath = `${path}.part`;
    try {
      rmSync(this.#temporaryPath, { force: true });
      this.#fd = openSync(this.#temporaryPath, "wx", 0o600);
    } catch (error) {
      throw diskFault(error, path);
    }
  }

  write(text: string): void {
    this.#buffer += text;
    if (this.#buffer.length >= BUFFER_CHARS) this.#flush();
  }

  finish(): void {
    this.#flush();
    try {
      fsyncSync(this.#fd);
      this.#close();
      const disk = systemDisk();
      if (this.options.isReplacing) return disk.rename(this.#temporaryPath, this.path);
      if (!disk.nameNew(this.#temporaryPath, this.path)) throw inUse(this.path);
      disk.remove(this.#temporaryPath);
    } catch (error) {
      throw diskFault(error, this.path);
    }
  }

  /** Has no effect after `finish`. */
  discard(): void {
    if (this.#fd < 0) return;
    this.#close();
    rmSync(this.#temporaryPath, { force: true });
  }

  #flush(): void {
    const bytes = Buffer.from(this.#buffer);
    this.#buffer = "";
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      throw diskFault(error, this.path);
    }
  }

  #close(): void {
    closeSync(this.#fd);
    this.#fd = -1;
  }
}

export function checkNotExists(path: string): void {
  if (systemDisk().kind(path) !== undefined) throw inUse(path);
}

function inUse(path: string): Fault {
  return usageFault(`${path} already exists`, "choose another path with --out, or remove it");
}
