import { assert } from "../../base/assert.ts";
import type { Sha256 } from "../../base/ids.ts";
import { LineScanner } from "../../wire/line-scanner.ts";
import {
  type FoldedRecord,
  isBlank,
  isKnownKind,
  type LogRecord,
  numberFlaw,
  parseLine,
  type RecordKind,
  SALT_BYTES,
} from "../../wire/record.ts";

const LEAF_PREFIX = 0x00;
/** What a scanner takes for a word is no longer. */
const WORD_LETTERS_MAX = 64;
/** Heads are shorter, and most bodies. */
const PREFIXED_BYTES_MAX = 1 << 10;
const COMMIT_PREFIX = 0x02;
const BRACE_CLOSE = 0x7d;
const NEWLINE = 0x0a;
const NOT_READ = "text" satisfies RecordKind;

/**
 * Reads the lines of a block where they stand. It answers for lines that are as we write them; what
 * is wrong with another one, `parseLine` says.
 */
export class LineReader {
  readonly #at = new LineScanner();
  readonly #words = new Words();
  readonly #sha256: Sha256;
  readonly #leaf = new Prefixed(Uint8Array.of(LEAF_PREFIX));
  readonly #commitment = new Prefixed(Uint8Array.of(COMMIT_PREFIX, ...new Uint8Array(SALT_BYTES)));
  readonly #digest = new Uint8Array(32);
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  /** Where the newline of the line stands that was read. */
  end = 0;
  kind: RecordKind = NOT_READ;
  room = "";

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  get seq(): number {
    return this.#at.seq;
  }

  get time(): number {
    return this.#at.time;
  }

  get n(): number {
    return this.#at.n;
  }

  get durable(): number {
    return this.#at.durable;
  }

  /** Seq of the record that ordered its erasing, 0 = it has a body. */
  get erased(): number {
    return this.#at.erased;
  }

  /**
   * @returns whether a record of this version, and its newline, are there; the body is not looked
   *   into
   */
  read(bytes: Buffer, start: number): boolean {
    const at = this.#at;
    return at.scanHead(bytes, start) && at.scanRest(bytes) && this.#readLine(bytes, start);
  }

  /** The same, and whether salt and body are what the head commits to, or were erased. */
  readSound(bytes: Buffer, start: number): boolean {
    const at = this.#at;
    // What the letters of salt and commitment are, `#fits` tells.
    const isFound = at.findHead(bytes, start) && at.findRest(bytes);
    if (!isFound || !this.#readLine(bytes, start)) return false;
    return at.erased > 0 ? at.hasCommit(bytes) : this.#fits();
  }

  #readLine(bytes: Buffer, start: number): boolean {
    const at = this.#at;
    const end = bytes.indexOf(NEWLINE, at.bodyStart);
    if (end < 0 || numberFlaw(at) !== undefined) return false;
    if (at.erased > 0) {
      const isLater = Number.isSafeInteger(at.erased) && at.erased > at.seq;
      if (!isLater || !isBlank(bytes, at.bodyStart, end)) return false;
    } else if (bytes[end - 1] !== BRACE_CLOSE || end - 1 <= at.bodyStart) return false;
    // Most records are of the kind of the one before them.
    if (!isSame(this.kind, bytes, at.kindStart, at.kindEnd)) {
      const kind = bytes.toString("latin1", at.kindStart, at.kindEnd);
      if (!isKnownKind(kind)) return false;
      this.kind = kind;
    }
    this.room = this.#words.of(bytes, at.roomStart, at.roomEnd);
    this.#bytes = bytes;
    this.#start = start;
    this.end = end;
    return true;
  }

  #fits(): boolean {
    const at = this.#at;
    const input = this.#commitment.over(this.#bytes, at.bodyStart, this.end - 1);
    return at.saltInto(this.#bytes, input, 1) && at.commits(this.#sha256(input, this.#digest));
  }

  /** @param into where it may be put, so that it needs no memory of its own */
  leaf(into?: Uint8Array): Uint8Array {
    return this.#sha256(this.#leaf.over(this.#bytes, this.#at.headStart, this.#at.headEnd), into);
  }

  /** All that stands in the line, in memory of its own. */
  logRecord(): LogRecord {
    const parsed = parseLine(this.#bytes.subarray(this.#start, this.end));
    assert(parsed.kind === "record", "what both readers take for a record is one");
    return parsed.record;
  }

  /** In memory of its own. */
  record(withBody: boolean): FoldedRecord {
    const at = this.#at;
    const bytes = this.#bytes;
    const head = {
      v: 1,
      seq: at.seq,
      time: at.time,
      kind: this.kind,
      room: this.room,
      n: at.n,
      by: this.#words.of(bytes, at.byStart, at.byEnd),
      id: bytes.toString("latin1", at.idStart, at.idEnd),
    } as FoldedRecord["head"];
    if (at.erased > 0) return { head, erased: at.erased };
    if (!withBody) return { head };
    return { head, bodyBytes: new Uint8Array(bytes.subarray(at.bodyStart, this.end - 1)) };
  }
}

/**
 * Bytes behind a prefix, as they are hashed. To copy a line takes a tenth of its hash. A new view
 * of memory takes longer than the copy, so one is kept for each length that is common.
 */
class Prefixed {
  readonly #prefix: Uint8Array;
  readonly #memory = Buffer.alloc(PREFIXED_BYTES_MAX);
  readonly #views: Uint8Array[] = [];

  constructor(prefix: Uint8Array) {
    this.#prefix = prefix;
    this.#memory.set(prefix);
    for (let size = 0; size <= this.#memory.length; size++) {
      this.#views.push(this.#memory.subarray(0, size));
    }
  }

  /** Valid until the next call. */
  over(bytes: Buffer, start: number, end: number): Uint8Array {
    const prefixBytes = this.#prefix.length;
    const view = this.#views[prefixBytes + end - start];
    if (view !== undefined) {
      bytes.copy(this.#memory, prefixBytes, start, end);
      return view;
    }
    const long = new Uint8Array(prefixBytes + end - start);
    long.set(this.#prefix);
    long.set(bytes.subarray(start, end), prefixBytes);
    return long;
  }
}

/** Each room and author as one string: no more than the order of the log has entries. */
class Words {
  /** Open addressing: number of the word + 1, 0 = free. */
  #table = new Int32Array(256);
  readonly #words: string[] = [];
  /** The keys of all words, one behind the other, and where each begins. */
  #keys = new Int32Array(1_024);
  #keysEnd = 0;
  readonly #starts: number[] = [];
  /** Of the word that is looked for: its length, and its letters, four to a number. */
  readonly #key = new Int32Array(1 + WORD_LETTERS_MAX / 4);

  of(bytes: Buffer, start: number, end: number): string {
    const size = this.#setKey(bytes, start, end);
    const mask = this.#table.length - 1;
    let slot = hashOf(this.#key, 0, size) & mask;
    for (; ; slot = (slot + 1) & mask) {
      const number = this.#table[slot] ?? 0;
      if (number === 0) break;
      if (this.#hasKey(number - 1, size)) return this.#words[number - 1] ?? "";
    }
    const word = bytes.toString("latin1", start, end);
    this.#table[slot] = this.#words.push(word);
    this.#addKey(size);
    if (this.#words.length * 2 > this.#table.length) this.#grow();
    return word;
  }

  /** @returns how many numbers it has */
  #setKey(bytes: Buffer, start: number, end: number): number {
    const key = this.#key;
    key[0] = end - start;
    let size = 1;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      key[size++] =
        (bytes[at] ?? 0) |
        ((bytes[at + 1] ?? 0) << 8) |
        ((bytes[at + 2] ?? 0) << 16) |
        ((bytes[at + 3] ?? 0) << 24);
    }
    if (at === end) return size;
    let rest = 0;
    for (; at < end; at++) rest = (rest << 8) | (bytes[at] ?? 0);
    key[size++] = rest;
    return size;
  }

  #hasKey(number: number, size: number): boolean {
    const start = this.#starts[number] ?? 0;
    for (let i = 0; i < size; i++) if (this.#keys[start + i] !== this.#key[i]) return false;
    return true;
  }

  #addKey(size: number): void {
    if (this.#keysEnd + size > this.#keys.length) {
      const larger = new Int32Array(this.#keys.length * 2);
      larger.set(this.#keys);
      this.#keys = larger;
    }
    this.#keys.set(this.#key.subarray(0, size), this.#keysEnd);
    this.#starts.push(this.#keysEnd);
    this.#keysEnd += size;
  }

  #grow(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    const mask = this.#table.length - 1;
    for (const [index, start] of this.#starts.entries()) {
      let slot = hashOf(this.#keys, start, this.#starts[index + 1] ?? this.#keysEnd) & mask;
      while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
      this.#table[slot] = index + 1;
    }
  }
}

function isSame(word: string, bytes: Buffer, start: number, end: number): boolean {
  if (word.length !== end - start) return false;
  for (let i = 0; i < word.length; i++) if (word.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

/**
 * FNV-1a over numbers instead of bytes. A product moves bits up alone, and words often differ in
 * their last letter, which is the highest byte: so the end of MurmurHash3 moves them down again.
 */
function hashOf(key: Int32Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (key[i] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
