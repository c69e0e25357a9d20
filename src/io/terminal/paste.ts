/** Splitter that separates pasted text from typed keys. */

import { PASTE_BYTES_MAX } from "../../base/limits-page.ts";

/** Terminals mark pasted text between these sequences. */
export const PASTE_MARKS_ON = "\x1b[?2004h";
export const PASTE_MARKS_OFF = "\x1b[?2004l";

export type Typed =
  | { readonly kind: "keys"; readonly bytes: Uint8Array }
  | { readonly kind: "paste"; readonly text: string }
  | { readonly kind: "oversize" };

const BEGIN = Buffer.from("\x1b[200~");
const END = Buffer.from("\x1b[201~");
/** Ctrl-C or Ctrl-D ends a paste that has no end mark, if it arrives alone in a read. */
const BREAKS: ReadonlySet<number> = new Set([0x03, 0x04]);
const SEQUENCE =
  /\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]?/g;
const UNPRINTABLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Holds the beginning of a mark until further bytes decide, however slowly they arrive. A paste may
 * contain fake end marks, so the last end mark in a read ends the paste. A patient splitter also
 * retains the bytes after that mark, until the caller declares them typed keys with `release` or
 * another end mark arrives.
 */
export class PasteSplitter {
  #pending: Buffer = Buffer.alloc(0);
  #isInside = false;
  #isAmbiguous = false;
  #isOversize = false;

  constructor(private readonly isPatient = false) {}

  push(read: Uint8Array): Typed[] {
    if (this.#isInside) return this.#inside(read);
    const bytes = Buffer.concat([this.#pending, read]);
    this.#pending = Buffer.alloc(0);
    const at = bytes.indexOf(BEGIN);
    if (at >= 0) {
      this.#isInside = true;
      return [...keys(bytes.subarray(0, at)), ...this.#inside(bytes.subarray(at + BEGIN.length))];
    }
    const cutBytes = partialMarkBytes(bytes);
    this.#pending = bytes.subarray(bytes.length - cutBytes);
    return keys(bytes.subarray(0, bytes.length - cutBytes));
  }

  /** Whether `release` decides that bytes after a paste were typed. */
  get isAmbiguous(): boolean {
    return this.#isAmbiguous;
  }

  /** The held beginning of a mark, such as an Esc. */
  get beginning(): Uint8Array {
    return this.#isInside ? new Uint8Array(0) : this.#pending;
  }

  dropBeginning(): void {
    if (!this.#isInside) this.#pending = Buffer.alloc(0);
  }

  release(): Typed[] {
    if (!this.#isAmbiguous) return [];
    const pending = this.#pending;
    this.#pending = Buffer.alloc(0);
    this.#isAmbiguous = false;
    this.#isInside = false;
    if (!this.#isOversize) return this.push(pending);
    this.#isOversize = false;
    return [{ kind: "oversize" }];
  }

  #inside(read: Uint8Array): Typed[] {
    const isBreak = read.length === 1 && BREAKS.has(read[0] ?? 0);
    const bytes = Buffer.concat([this.#pending, read]);
    const at = bytes.lastIndexOf(END);
    if (at < 0 && !isBreak) {
      this.#hold(bytes);
      return [];
    }
    const end = isBreak ? this.#pending.length : at;
    const remaining = isBreak ? read : bytes.subarray(at + END.length);
    const isOversize = this.#isOversize || end > PASTE_BYTES_MAX;
    this.#pending = Buffer.alloc(0);
    this.#isInside = false;
    this.#isOversize = false;
    this.#isAmbiguous = this.isPatient && !isBreak && remaining.length > 0;
    const pasted: Typed = isOversize
      ? { kind: "oversize" }
      : { kind: "paste", text: cleanPaste(new TextDecoder().decode(bytes.subarray(0, end))) };
    if (!this.#isAmbiguous) return [pasted, ...this.push(remaining)];
    this.#isInside = true;
    this.#pending = Buffer.from(remaining);
    return [pasted];
  }

  #hold(bytes: Buffer): void {
    if (bytes.length > PASTE_BYTES_MAX) this.#isOversize = true;
    this.#pending = this.#isOversize ? bytes.subarray(-(END.length - 1)) : bytes;
  }
}

function cleanPaste(text: string): string {
  return text
    .replaceAll(/\r\n?|[\u2028\u2029]/g, "\n")
    .replaceAll(SEQUENCE, "")
    .replaceAll(UNPRINTABLE, "")
    .toWellFormed()
    .replaceAll(/^\n+|(?<!\n)\n+$/g, "");
}

function keys(bytes: Uint8Array): Typed[] {
  return bytes.length === 0 ? [] : [{ kind: "keys", bytes }];
}

function partialMarkBytes(bytes: Buffer): number {
  for (let count = BEGIN.length - 1; count > 0; count--) {
    const isPartial = count <= bytes.length;
    if (isPartial && bytes.subarray(-count).equals(BEGIN.subarray(0, count))) return count;
  }
  return 0;
}
