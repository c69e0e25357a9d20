/** Encodes records as lines. */

import { assert } from "../../base/assert.ts";
import { toBase64Url, utf8Encode, withCapacity } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";
import {
  type Head,
  LEAF_PREFIX,
  LINE_FRAME_BYTES_MAX,
  type LogRecord,
  type SealedDraft,
} from "../../wire/record.ts";

export interface RecordPosition {
  readonly seq: number;
  readonly n: number;
  readonly time: number;
}

const HEAD = utf8Encode('{"head":');
const LINE_END = utf8Encode("}\n");
const INITIAL_BYTES = 64 << 10;
const RETAINED_BYTES_MAX = 1 << 20;

export class LineWriter {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #at = 0;

  get sizeBytes(): number {
    return this.#at;
  }

  add(
    { draft, salt, bodyBytes, commit }: SealedDraft,
    position: RecordPosition,
    durable: number,
  ): LogRecord {
    const { seq, n, time } = position;
    const { kind, room, by, id } = draft;
    assert(durable < seq, "only written lines are durable");
    const head: Head = { v: 1, seq, time, kind, room, n, by, id, commit };
    const headBytes = utf8Encode(JSON.stringify(head));
    this.#bytes = withCapacity(this.#bytes, this.#at, LINE_FRAME_BYTES_MAX + bodyBytes.length);
    this.#put(HEAD);
    this.#put(headBytes);
    this.#put(utf8Encode(`,"durable":${durable},"salt":"${toBase64Url(salt)}","body":`));
    this.#put(bodyBytes);
    this.#put(LINE_END);
    return { head, headBytes, salt, bodyBytes };
  }

  copy(line: Uint8Array): void {
    this.#bytes = withCapacity(this.#bytes, this.#at, line.length);
    this.#put(line);
  }

  drain(): Uint8Array {
    const lines = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    if (this.#bytes.length > RETAINED_BYTES_MAX) this.#bytes = new Uint8Array(INITIAL_BYTES);
    return lines;
  }

  #put(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}

/**
 * Hashes a line without copying it: the leaf's prefix temporarily replaces the colon before the
 * head.
 */
export function leafHashIn(
  bytes: Uint8Array,
  lineAt: number,
  headLength: number,
  sha256: Sha256,
): Uint8Array {
  const colonAt = lineAt + HEAD.length - 1;
  const colon = bytes[colonAt] ?? 0;
  bytes[colonAt] = LEAF_PREFIX;
  const leaf = sha256(bytes.subarray(colonAt, lineAt + HEAD.length + headLength));
  bytes[colonAt] = colon;
  return leaf;
}
