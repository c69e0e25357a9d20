/** Tells pasted text from typed keys. */

import { PASTE_BYTES_MAX } from "../../base/limits-page.ts";

/** Ask a terminal to put marks around what is pasted (bracketed paste), and to stop that. */
export const PASTE_MARKS_ON = "\x1b[?2004h";
export const PASTE_MARKS_OFF = "\x1b[?2004l";

/** What came from the keyboard: keys as they were pressed, or a paste as one piece. */
export type Typed =
  | { readonly kind: "keys"; readonly bytes: Uint8Array }
  | { readonly kind: "paste"; readonly text: string }
  /** Longer than any message may be: nothing of it is kept. */
  | { readonly kind: "oversize" };

const BEGIN = Buffer.from("\x1b[200~");
const END = Buffer.from("\x1b[201~");
/** Ctrl-C and Ctrl-D, alone in a read: a person who wants out of a paste whose end never came. */
const BREAKS: ReadonlySet<number> = new Set([0x03, 0x04]);
/** Sequences of a terminal: strings (OSC, DCS and their like), CSI, and the short ones. */
const SEQUENCE =
  /\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]?/g;
/** Control characters but line feed and tab, and what reverses the order of what is shown. */
const UNSHOWN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Tells pastes from keys. A paste may contain marks that its author put there, to have the rest
 * taken for keys: so it ends at the last end mark of a read, not at the first. A patient splitter
 * also holds what stands behind that mark: it is keys if `release` comes before another end mark.
 */
export class PasteSplitter {
  /** Outside a paste: perhaps the beginning of a mark. Inside: the paste so far. */
  #held: Buffer = Buffer.alloc(0); // Bounded by PASTE_BYTES_MAX and one read.
  #isInside = false;
  /** Behind an end mark that something follows: perhaps still inside. */
  #isDoubtful = false;
  #isOversize = false;
  readonly #isPatient: boolean;

  /** @param isPatient holds an Esc that came alone, too: its reader calls `release` soon */
  constructor(isPatient = false) {
    this.#isPatient = isPatient;
  }

  push(read: Uint8Array): Typed[] {
    if (this.#isInside) return this.#inside(read);
    const bytes = Buffer.concat([this.#held, read]);
    this.#held = Buffer.alloc(0);
    const at = bytes.indexOf(BEGIN);
    if (at >= 0) {
      this.#isInside = true;
      return [...keys(bytes.subarray(0, at)), ...this.#inside(bytes.subarray(at + BEGIN.length))];
    }
    const cutBytes = markBegun(bytes, this.#isPatient);
    this.#held = bytes.subarray(bytes.length - cutBytes);
    return keys(bytes.subarray(0, bytes.length - cutBytes));
  }

  /** Bytes are held that may be the beginning of a mark, or keys that were pressed. */
  get isHolding(): boolean {
    return this.heldBytes > 0 || this.#isDoubtful;
  }

  /** Bytes that may be the beginning of a mark. */
  get heldBytes(): number {
    return this.#isInside ? 0 : this.#held.length;
  }

  /** They were keys: nothing came behind them. */
  release(): Typed[] {
    if (!this.isHolding) return [];
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    if (!this.#isDoubtful) return keys(held);
    this.#isDoubtful = false;
    this.#isInside = false;
    if (!this.#isOversize) return this.push(held);
    this.#isOversize = false;
    return [{ kind: "oversize" }];
  }

  #inside(read: Uint8Array): Typed[] {
    const isBreak = read.length === 1 && BREAKS.has(read[0] ?? 0);
    const bytes = Buffer.concat([this.#held, read]);
    const at = bytes.lastIndexOf(END);
    if (at < 0 && !isBreak) {
      this.#hold(bytes);
      return [];
    }
    const end = isBreak ? this.#held.length : at;
    const rest = isBreak ? read : bytes.subarray(at + END.length);
    const isOversize = this.#isOversize || end > PASTE_BYTES_MAX;
    this.#held = Buffer.alloc(0);
    this.#isInside = false;
    this.#isOversize = false;
    this.#isDoubtful = this.#isPatient && !isBreak && rest.length > 0;
    const pasted: Typed = isOversize
      ? { kind: "oversize" }
      : { kind: "paste", text: cleanPaste(new TextDecoder().decode(bytes.subarray(0, end))) };
    if (!this.#isDoubtful) return [pasted, ...this.push(rest)];
    this.#isInside = true;
    this.#held = Buffer.from(rest);
    return [pasted];
  }

  /** Of what is too long only as much as may be the beginning of the end mark. */
  #hold(bytes: Buffer): void {
    if (bytes.length > PASTE_BYTES_MAX) this.#isOversize = true;
    this.#held = this.#isOversize ? bytes.subarray(-(END.length - 1)) : bytes;
  }
}

/**
 * Text that moves no cursor, without line feeds at its ends. What terminals send in place of a line
 * feed, carriage returns, is one again.
 */
function cleanPaste(text: string): string {
  return text
    .replaceAll(/\r\n?|[\u2028\u2029]/g, "\n")
    .replaceAll(SEQUENCE, "")
    .replaceAll(UNSHOWN, "")
    .toWellFormed()
    .replaceAll(/^\n+|\n+$/g, "");
}

function keys(bytes: Uint8Array): Typed[] {
  return bytes.length === 0 ? [] : [{ kind: "keys", bytes }];
}

/** How many bytes at the end may be the beginning of a mark; the Esc key alone is none, else. */
function markBegun(bytes: Buffer, isPatient: boolean): number {
  for (let count = BEGIN.length - 1; count > 0; count--) {
    if (count > bytes.length || !bytes.subarray(-count).equals(BEGIN.subarray(0, count))) continue;
    return isPatient || count > 2 || bytes.length > count ? count : 0;
  }
  return 0;
}
