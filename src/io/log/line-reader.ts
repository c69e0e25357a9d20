/** Reads lines from blocks of bytes. */

import { assert } from "../../base/assert.ts";
import type { Sha256 } from "../../base/ids.ts";
import { isKnownKind, type RecordKind } from "../../wire/kinds.ts";
import { LineScanner } from "../../wire/line-scanner.ts";
import {
  type FoldedRecord,
  isBlank,
  type LogRecord,
  numberFlaw,
  parseLine,
  SALT_BYTES,
} from "../../wire/record.ts";

const LEAF_PREFIX = 0x00;
/** Longer than any head and most bodies. */
const PREFIXED_BYTES_MAX = 1 << 10;
const COMMIT_PREFIX = 0x02;
const BRACE_CLOSE = 0x7d;
const NEWLINE = 0x0a;
const NOT_READ = "text" satisfies RecordKind;

/**
 * Reads lines in place in a block. It accepts only lines exactly as we write them; `parseLine` says
 * what is wrong with the others.
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
  /** Offset of the newline of the line read. */
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

  /** Seq of the record that ordered the erasure, 0 = it has a body. */
  get erased(): number {
    return this.#at.erased;
  }

  /**
   * @returns whether a record of this version and its newline are present; the body is not checked
   */
  read(bytes: Buffer, start: number): boolean {
    const at = this.#at;
    return at.scanHead(bytes, start) && at.scanRest(bytes) && this.#readLine(bytes, start);
  }

  /** Like `read`, and checks that salt and body match the head's commitment or were erased. */
  readSound(bytes: Buffer, start: number): boolean {
    const at = this.#at;
    // `#fits` checks the letters of salt and commitment.
    const isFound = at.findHead(bytes, start) && at.findRest(bytes);
    if (!isFound || !this.#readLine(bytes, start)) return false;
    return at.erased > 0 ? at.hasCommit(bytes) : this.#fits();
  }

  #readLine(bytes: Buffer, start: number): boolean {
    const at = this.#at;
    const end = bytes.indexOf(NEWLINE, at.bodyStart);
    if (end === -1 || numberFlaw(at) !== undefined) return false;
    if (at.erased > 0) {
      const isLater = Number.isSafeInteger(at.erased) && at.erased > at.seq;
      if (!isLater || !isBlank(bytes, at.bodyStart, end)) return false;
    } else if (bytes[end - 1] !== BRACE_CLOSE || end - 1 <= at.bodyStart) return false;
    // Most records have the kind of the one before.
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

  /** @param into buffer for the result, to avoid an allocation */
  leaf(into?: Uint8Array): Uint8Array {
    return this.#sha256(this.#leaf.over(this.#bytes, this.#at.headStart, this.#at.headEnd), into);
  }

  /** Copies the whole record of the line. */
  logRecord(): LogRecord {
    const parsed = parseLine(this.#bytes.subarray(this.#start, this.end));
    assert(parsed.kind === "record", "what both readers take for a record is one");
    return parsed.record;
  }

  /** Copies the record. */
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
 * Bytes after a prefix, for hashing. Copying a line takes a tenth of its hash. A new view of memory
 * takes longer than the copy, so one is kept for each common length.
 */
class Prefixed {
  readonly #prefix: Uint8Array;
  readonly #memory = Buffer.alloc(PREFIXED_BYTES_MAX);
  readonly #views = Array.from({ length: PREFIXED_BYTES_MAX + 1 }, (_, size) =>
    this.#memory.subarray(0, size),
  );

  constructor(prefix: Uint8Array) {
    this.#prefix = prefix;
    this.#memory.set(prefix);
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

/** Interned strings of rooms and authors. */
class Words {
  /** Keyed by hash; on a collision the latest stays. Bounded by the order of the log. */
  readonly #words = new Map<number, string>();

  of(bytes: Buffer, start: number, end: number): string {
    const hash = hashOf(bytes, start, end);
    const known = this.#words.get(hash);
    if (known !== undefined && isSame(known, bytes, start, end)) return known;
    const word = bytes.toString("latin1", start, end);
    this.#words.set(hash, word);
    return word;
  }
}

function isSame(word: string, bytes: Buffer, start: number, end: number): boolean {
  if (word.length !== end - start) return false;
  for (let i = 0; i < word.length; i++) if (word.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash;
}
