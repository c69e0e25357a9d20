/** Writes an export, and renames it when it is complete. */

import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { Fault } from "../../base/fault.ts";
import { diskFault } from "../../io/disk/disk.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";

/** Characters buffered before a write. */
const BUFFER_CHARS = 256 * 1024;

/**
 * A file written under a temporary name with mode 0600, and renamed when it is complete. Never
 * replaces an existing file.
 */
export class OutputFile {
  readonly path: string;
  readonly #part: string;
  #fd: number;
  #waiting = "";

  /** @throws Fault usage (the name is in use), store-full, store-denied, store-failed */
  constructor(path: string) {
    checkFree(path);
    this.path = path;
    this.#part = `${path}.part`;
    try {
      rmSync(this.#part, { force: true }); // Left by a run that was killed.
      this.#fd = openSync(this.#part, "wx", 0o600);
    } catch (error) {
      throw diskFault(error, path);
    }
  }

  write(text: string): void {
    this.#waiting += text;
    if (this.#waiting.length >= BUFFER_CHARS) this.#flush();
  }

  finish(): void {
    this.#flush();
    try {
      fsyncSync(this.#fd);
      this.#close();
      const disk = systemDisk();
      if (!disk.nameNew(this.#part, this.path)) throw inUse(this.path);
      disk.remove(this.#part);
    } catch (error) {
      throw diskFault(error, this.path);
    }
  }

  /** Removes an incomplete file; does nothing after `finish`. */
  discard(): void {
    if (this.#fd < 0) return;
    this.#close();
    rmSync(this.#part, { force: true });
  }

  #flush(): void {
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = "";
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

/** @throws Fault usage */
export function checkFree(path: string): void {
  if (systemDisk().kind(path) !== undefined) throw inUse(path);
}

function inUse(path: string): Fault {
  return new Fault("usage", `${path} is there already, and is not replaced`, {
    remedy: "name another place with --out, or remove it",
  });
}
