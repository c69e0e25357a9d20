/**
 * Scanner for log lines (see record.ts). Allocates no memory, because a server scans each of a
 * million records at its start.
 */

import { BRACE_CLOSE, ZERO } from "../base/ascii.ts";

// Pure annotations let the page's bundle, which reads no log lines, omit these constants.
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const WORD_BYTES = 4;
const LINE_BEGIN = /* @__PURE__ */ literalOf('{"head":{"v":1,"seq":');
const TIME_KEY = /* @__PURE__ */ literalOf(',"time":');
const KIND_KEY = /* @__PURE__ */ literalOf(',"kind":"');
const ROOM_KEY = /* @__PURE__ */ literalOf('","room":"');
const N_KEY = /* @__PURE__ */ literalOf('","n":');
const BY_KEY = /* @__PURE__ */ literalOf(',"by":"');
const ID_KEY = /* @__PURE__ */ literalOf('","id":"');
const COMMIT_KEY = /* @__PURE__ */ literalOf('","commit":"');
const DURABLE_KEY = /* @__PURE__ */ literalOf('"},"durable":');
const SALT_KEY = /* @__PURE__ */ literalOf(',"salt":"');
const BODY_KEY = /* @__PURE__ */ literalOf('","body":');
const ERASED_KEY = /* @__PURE__ */ literalOf(',"erased":');

const HEAD_AT = '{"head":'.length;
const COMMIT_LETTERS = 43;
const SALT_LETTERS = 22;
const DIGITS_MAX = 16;
const WORD_MAX = 64;
const KIND_MAX = 32;
const COMMA = 0x2c;

const WORD = 1;
const ID = 2;
const KIND = 4;
const KIND_BEGIN = 8;
/** May end a commitment: in canonical base64url, the unused bits of the last character are zero. */
const COMMIT_END = 16;
const SALT_END = 32;
const CLASSES = /* @__PURE__ */ classesOf();
const SEXTETS = /* @__PURE__ */ sextetsOf();
/** Base64url characters for each 12-bit value, as a 16-bit word in native byte order. */
const PAIRS = /* @__PURE__ */ pairsOf();
const NOTHING = /* @__PURE__ */ new Uint8Array(0);

export class LineScanner {
  seq = 0;
  time = 0;
  n = 0;
  durable = 0;
  kindStart = 0;
  kindEnd = 0;
  roomStart = 0;
  roomEnd = 0;
  byStart = 0;
  byEnd = 0;
  idStart = 0;
  idEnd = 0;
  commitStart = 0;
  commitEnd = 0;
  headStart = 0;
  headEnd = 0;
  /** An erasure overwrites the line from this offset, which follows `durable` and its comma. */
  frameEnd = 0;
  /** Seq of the record that ordered the erasure; 0 if the record has a body. */
  erased = 0;
  saltStart = 0;
  saltEnd = 0;
  /** Offset of the body or, in an erased line, of the trailing spaces. */
  bodyStart = 0;
  #position = 0;
  #number = 0;
  #bytes: Uint8Array = NOTHING;
  #view: DataView = new DataView(NOTHING.buffer);

  /** Scans the head and `durable`. Returns false unless the bytes are canonical ASCII. */
  scanHead(bytes: Uint8Array, start: number): boolean {
    return this.findHead(bytes, start) && this.hasCommit(bytes);
  }

  scanTail(bytes: Uint8Array): boolean {
    if (!this.findTail(bytes)) return false;
    return this.erased > 0 || isLetters(bytes, this.saltStart, this.saltEnd, SALT_END);
  }

  hasCommit(bytes: Uint8Array): boolean {
    return isLetters(bytes, this.commitStart, this.commitEnd, COMMIT_END);
  }

  /** Scans the head up to the room. */
  findRoom(bytes: Uint8Array, start: number): boolean {
    this.#cacheView(bytes);
    this.#position = start;
    this.headStart = start + HEAD_AT;
    if (!this.#literal(LINE_BEGIN) || !this.#count(bytes)) return false;
    this.seq = this.#number;
    if (!this.#literal(TIME_KEY) || !this.#countOrZero(bytes)) return false;
    this.time = this.#number;
    if (!this.#literal(KIND_KEY)) return false;
    this.kindStart = this.#position;
    if (((CLASSES[bytes[this.#position] ?? 0] ?? 0) & KIND_BEGIN) === 0) return false;
    this.kindEnd = this.#run(bytes, KIND, KIND_MAX);
    if (!this.#literal(ROOM_KEY)) return false;
    this.roomStart = this.#position;
    this.roomEnd = this.#run(bytes, WORD, WORD_MAX);
    return this.roomEnd > this.roomStart;
  }

  /** Leaves the check of the commitment's characters to `matchesCommit`. */
  findHead(bytes: Uint8Array, start: number): boolean {
    if (!this.findRoom(bytes, start) || !this.#literal(N_KEY) || !this.#count(bytes)) return false;
    this.n = this.#number;
    if (!this.#literal(BY_KEY)) return false;
    this.byStart = this.#position;
    this.byEnd = this.#run(bytes, WORD, WORD_MAX);
    if (this.byEnd === this.byStart || !this.#literal(ID_KEY)) return false;
    this.idStart = this.#position;
    this.idEnd = this.#run(bytes, ID, WORD_MAX);
    if (!this.#literal(COMMIT_KEY)) return false;
    this.commitStart = this.#position;
    this.#position += COMMIT_LETTERS;
    this.commitEnd = this.#position;
    this.headEnd = this.#position + 2;
    if (!this.#literal(DURABLE_KEY) || !this.#countOrZero(bytes)) return false;
    this.durable = this.#number;
    this.frameEnd = this.#position + 1;
    return bytes[this.#position] === COMMA;
  }

  /** Leaves the check of the salt's characters to `copySalt`. */
  findTail(bytes: Uint8Array): boolean {
    this.erased = 0;
    const position = this.#position;
    if (this.#literal(SALT_KEY)) {
      this.saltStart = this.#position;
      this.#position += SALT_LETTERS;
      this.saltEnd = this.#position;
      if (!this.#literal(BODY_KEY)) return false;
      this.bodyStart = this.#position;
      return true;
    }
    this.#position = position;
    if (!this.#literal(ERASED_KEY) || !this.#count(bytes)) return false;
    this.erased = this.#number;
    this.bodyStart = this.#position + 1;
    return bytes[this.#position] === BRACE_CLOSE;
  }

  matchesCommit(digest: Uint8Array): boolean {
    const view = this.#view;
    let letter = this.commitStart;
    for (let i = 0; i < 30; i += 3, letter += 4) {
      const bits = ((digest[i] ?? 0) << 16) | ((digest[i + 1] ?? 0) << 8) | (digest[i + 2] ?? 0);
      const four = (PAIRS[bits >>> 12] ?? 0) | ((PAIRS[bits & 0xfff] ?? 0) << 16);
      if (view.getInt32(letter, true) !== four) return false;
    }
    const bits = ((digest[30] ?? 0) << 10) | ((digest[31] ?? 0) << 2);
    if (view.getUint16(letter, true) !== PAIRS[bits >>> 6]) return false;
    return SEXTETS[view.getUint8(letter + 2)] === (bits & 63);
  }

  /** @returns false if the salt is not canonical base64url */
  copySalt(bytes: Uint8Array, into: Uint8Array, at: number): boolean {
    let letter = this.saltStart;
    let all = 0;
    for (let i = at; i < at + 15; i += 3, letter += 4) {
      const bits =
        (sextet(bytes, letter) << 18) |
        (sextet(bytes, letter + 1) << 12) |
        (sextet(bytes, letter + 2) << 6) |
        sextet(bytes, letter + 3);
      into[i] = bits >>> 16;
      into[i + 1] = bits >>> 8;
      into[i + 2] = bits;
      all |= bits;
    }
    const bits = (sextet(bytes, letter) << 6) | sextet(bytes, letter + 1);
    into[at + 15] = bits >>> 4;
    return (all | bits) >= 0 && (bits & 15) === 0;
  }

  #cacheView(bytes: Uint8Array): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #literal(literal: Literal): boolean {
    const position = this.#position;
    const { words, sizeBytes } = literal;
    const view = this.#view;
    const last = position + sizeBytes - WORD_BYTES;
    if (last + WORD_BYTES > view.byteLength) return false;
    // The last word overlaps the previous word if the length is not a multiple of the word size.
    if (view.getInt32(last, true) !== words[words.length - 1]) return false;
    for (let i = 0, at = position; at < last; i++, at += WORD_BYTES) {
      if (view.getInt32(at, true) !== words[i]) return false;
    }
    this.#position = last + WORD_BYTES;
    return true;
  }

  #run(bytes: Uint8Array, characterClass: number, max: number): number {
    let position = this.#position;
    const end = position + max;
    while (position < end && ((CLASSES[bytes[position] ?? 0] ?? 0) & characterClass) !== 0)
      position++;
    this.#position = position;
    return position;
  }

  #count(bytes: Uint8Array): boolean {
    return bytes[this.#position] !== ZERO && this.#countOrZero(bytes);
  }

  #countOrZero(bytes: Uint8Array): boolean {
    const start = this.#position;
    let position = start;
    let number = 0;
    for (let digit = (bytes[position] ?? 0) - ZERO; digit >= 0 && digit <= 9; ) {
      number = number * 10 + digit;
      position += 1;
      digit = (bytes[position] ?? 0) - ZERO;
    }
    this.#number = number;
    this.#position = position;
    const digits = position - start;
    return digits === 1 || (digits > 1 && digits <= DIGITS_MAX && bytes[start] !== ZERO);
  }
}

interface Literal {
  readonly words: Int32Array;
  readonly sizeBytes: number;
}

function literalOf(text: string): Literal {
  const bytes = asciiOf(text);
  const view = new DataView(bytes.buffer);
  const words: number[] = [];
  const last = bytes.length - WORD_BYTES;
  for (let at = 0; at < last; at += WORD_BYTES) words.push(view.getInt32(at, true));
  words.push(view.getInt32(last, true));
  return { words: Int32Array.from(words), sizeBytes: bytes.length };
}

function asciiOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function classesOf(): Uint8Array {
  const classes = new Uint8Array(256);
  const mark = (letters: string, bits: number) => {
    for (const code of asciiOf(letters)) classes[code] = (classes[code] ?? 0) | bits;
  };
  mark(BASE64URL, WORD | ID);
  mark(".", ID);
  mark("abcdefghijklmnopqrstuvwxyz", KIND | KIND_BEGIN);
  mark("-", KIND);
  mark("AEIMQUYcgkosw048", COMMIT_END);
  mark("AQgw", SALT_END);
  return classes;
}

function sextetsOf(): Int8Array {
  const sextets = new Int8Array(256).fill(-1);
  for (const [bits, code] of asciiOf(BASE64URL).entries()) sextets[code] = bits;
  return sextets;
}

function pairsOf(): Uint16Array {
  const letters = asciiOf(BASE64URL);
  const pairs = new Uint16Array(letters.length ** 2);
  let bits = 0;
  for (const first of letters) {
    for (const second of letters) pairs[bits++] = first | (second << 8);
  }
  return pairs;
}

function sextet(bytes: Uint8Array, at: number): number {
  return SEXTETS[bytes[at] ?? 0] ?? -1;
}

function isLetters(bytes: Uint8Array, start: number, end: number, last: number): boolean {
  for (let at = start; at < end; at++) {
    if (((CLASSES[bytes[at] ?? 0] ?? 0) & WORD) === 0) return false;
  }
  return ((CLASSES[bytes[end - 1] ?? 0] ?? 0) & last) !== 0;
}
