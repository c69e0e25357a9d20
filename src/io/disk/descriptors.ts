/** Limit on this process's file descriptors, and a reserve of free ones. */

// Without a reserve, an attacker who opens many connections could block the log, file transfers and
// operators.

import { closeSync, openSync, readFileSync } from "node:fs";
import { DESCRIPTORS_RESERVED } from "../../base/limits.ts";
import { errorCode } from "./disk.ts";

const DESCRIPTORS_SPARE = 8;

const ANY_FILE = process.platform === "win32" ? "NUL" : "/dev/null";

export function descriptorLimit(limitsFile = "/proc/self/limits"): number | undefined {
  try {
    const limit = /^Max open files +(\d+) /m.exec(readFileSync(limitsFile, "utf8"))?.[1];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}

/** Reports whether fewer than DESCRIPTORS_RESERVED descriptors are free, by opening that many. */
export function areDescriptorsLow(open: () => number = openAny): boolean {
  const opened: number[] = [];
  try {
    while (opened.length < DESCRIPTORS_RESERVED) opened.push(open());
    return false;
  } catch {
    return true;
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

function openAny(): number {
  return openSync(ANY_FILE, "r");
}

export class SpareDescriptors {
  readonly #spare: number[] = [];

  constructor() {
    this.#refill();
  }

  use<Opened>(open: () => Opened): Opened {
    try {
      const opened = open();
      this.#refill();
      return opened;
    } catch (error) {
      const spare = isExhausted(error) ? this.#spare.pop() : undefined;
      if (spare === undefined) throw error;
      closeSync(spare);
      const opened = open();
      this.#refill();
      return opened;
    }
  }

  close(descriptor: number): void {
    closeSync(descriptor);
    this.#refill();
  }

  #refill(): void {
    try {
      while (this.#spare.length < DESCRIPTORS_SPARE) this.#spare.push(openAny());
    } catch {}
  }
}

function isExhausted(error: unknown): boolean {
  const code = errorCode(error);
  return code === "EMFILE" || code === "ENFILE";
}
