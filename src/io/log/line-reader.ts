/** Parser for record lines in blocks of bytes. */

import { BRACE_CLOSE, NEWLINE } from "../../base/ascii.ts";
import { assert } from "../../base/assert.ts";
import type { Sha256 } from "../../base/ids.ts";
import { RECORD_KINDS, type RecordKind } from "../../wire/kinds.ts";
import { LineScanner } from "../../wire/line-scanner.ts";
import {
  COMMIT_PREFIX,
  type FoldedRecord,
  isBlank,
  LEAF_PREFIX,
  type LogRecord,
  numberFlaw,
  parseLine,
  SALT_BYTES,
} from "../../wire/record.ts";
import type { Fold } from "./recovery.ts";

const CACHED_VIEW_BYTES_MAX = 1 << 10;
/** The program's own strings, because a `switch` compares others letter by letter. */
const KINDS: ReadonlyMap<string, RecordKind> = new Map(
  [...RECORD_KINDS].map((kind) => [kind, kind]),
);
const INITIAL_KIND = "text" satisfies RecordKind;

/**
 * Accepts only the exact form that `LineWriter` produces; `parseLine` describes the errors in other
 * lines.
 */
export class LineReader {
  readonly #at = new LineScanner();
  readonly #strings = new StringInterner();
  readonly #sha256: Sha256;
  readonly #leaf = new PrefixedBytes(Uint8Array.of(LEAF_PREFIX));
  readonly #commitment = new PrefixedBytes(
    Uint8Array.of(COMMIT_PREFIX, ...new Uint8Array(SALT_BYTES)),
  );
  readonly #digest = new Uint8Array(32);
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  end = 0;
  kind: RecordKind = INITIAL_KIND;
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

  get erased(): number {
    return this.#at.erased;
  }

  read(bytes: Buffer, start: number): boolean {
    const at = this.#at;
    return at.scanHead(bytes, start) && at.scanTail(bytes) && this.#readLine(bytes, start);
  }

  readVerified(bytes: Buffer, start: number): boolean {
    const at = this.#at;
    // Do not scan the salt and the commitment, because `#matchesCommitment` checks them.
    const isFound = at.findHead(bytes, start) && at.findTail(bytes);
    if (!isFound || !this.#readLine(bytes, start)) return false;
    return at.erased > 0 ? at.hasCommit(bytes) : this.#matchesCommitment();
  }

  #readLine(bytes: Buffer, start: number): boolean {
    const at = this.#at;
    const end = bytes.indexOf(NEWLINE, at.bodyStart);
    if (end === -1 || numberFlaw(at) !== undefined) return false;
    if (at.erased > 0) {
      const isLater = Number.isSafeInteger(at.erased) && at.erased > at.seq;
      if (!isLater || !isBlank(bytes, at.bodyStart, end)) return false;
    } else if (bytes[end - 1] !== BRACE_CLOSE || end - 1 <= at.bodyStart) return false;
    if (!equalsAscii(this.kind, bytes, at.kindStart, at.kindEnd)) {
      const kind = KINDS.get(bytes.toString("latin1", at.kindStart, at.kindEnd));
      if (kind === undefined) return false;
      this.kind = kind;
    }
    this.room = this.#strings.intern(bytes, at.roomStart, at.roomEnd);
    this.#bytes = bytes;
    this.#start = start;
    this.end = end;
    return true;
  }

  #matchesCommitment(): boolean {
    const at = this.#at;
    const input = this.#commitment.concat(this.#bytes, at.bodyStart, this.end - 1);
    return (
      at.copySalt(this.#bytes, input, 1) && at.matchesCommit(this.#sha256(input, this.#digest))
    );
  }

  leaf(into?: Uint8Array): Uint8Array {
    return this.#sha256(this.#leaf.concat(this.#bytes, this.#at.headStart, this.#at.headEnd), into);
  }

  logRecord(): LogRecord {
    const parsed = parseLine(this.#bytes.subarray(this.#start, this.end));
    assert(parsed.kind === "record", "both parsers accept the same lines");
    return parsed.record;
  }

  foldedRecord(needsBody: Fold["needsBody"] = () => true): FoldedRecord {
    return this.record(needsBody(this.kind, this.room, this.#lastByte));
  }

  /** Last byte of the body's last field; `undefined` if the record was erased. */
  get #lastByte(): number | undefined {
    return this.#at.erased === 0 ? this.#bytes[this.end - 3] : undefined;
  }

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
      by: this.#strings.intern(bytes, at.byStart, at.byEnd),
      id: bytes.toString("latin1", at.idStart, at.idEnd),
    } as FoldedRecord["head"];
    if (at.erased > 0) return { head, erased: at.erased };
    if (!withBody) return { head };
    return { head, bodyBytes: new Uint8Array(bytes.subarray(at.bodyStart, this.end - 1)) };
  }
}

class PrefixedBytes {
  readonly #prefix: Uint8Array;
  readonly #memory = Buffer.alloc(CACHED_VIEW_BYTES_MAX);
  readonly #views = Array.from({ length: CACHED_VIEW_BYTES_MAX + 1 }, (_, size) =>
    this.#memory.subarray(0, size),
  );

  constructor(prefix: Uint8Array) {
    this.#prefix = prefix;
    this.#memory.set(prefix);
  }

  concat(bytes: Buffer, start: number, end: number): Uint8Array {
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

class StringInterner {
  readonly #strings = new Map<number, string>();

  intern(bytes: Buffer, start: number, end: number): string {
    const hash = hashOf(bytes, start, end);
    const cached = this.#strings.get(hash);
    if (cached !== undefined && equalsAscii(cached, bytes, start, end)) return cached;
    const text = bytes.toString("latin1", start, end);
    this.#strings.set(hash, text);
    return text;
  }
}

function equalsAscii(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash;
}
