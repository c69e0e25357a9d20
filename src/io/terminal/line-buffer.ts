/** Buffer that splits standard input into lines. */

import { utf8Decode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const ESCAPE = 0x1b;

export class LineBuffer {
  #bytes: Buffer = Buffer.alloc(0);
  #scanned = 0;
  #skipping = false;

  constructor(private readonly lineBytesMax: number) {}

  push(bytes: Uint8Array): void {
    this.#bytes =
      this.#bytes.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#bytes, bytes]);
  }

  /**
   * @param ended whether bytes without a line feed form the last line
   * @throws {Fault} text-invalid if the line is not UTF-8 or contains NUL; too-large
   */
  takeLine(ended: boolean): string | undefined {
    for (;;) {
      const line = this.#takeBytes(ended);
      if (line === undefined) return undefined;
      if (!this.#skipping) return lineText(line);
      this.#skipping = false;
    }
  }

  takeAll(): Uint8Array {
    const all = this.#bytes;
    this.#drop(all.length);
    return all;
  }

  takeKey(): string | undefined {
    const first = this.#bytes[0];
    if (first === undefined) return undefined;
    const sizeBytes = Math.min(
      first === ESCAPE ? this.#escapeBytes() : keyBytes(first),
      this.#bytes.length,
    );
    const key = this.#bytes.toString("utf8", 0, sizeBytes);
    this.#drop(sizeBytes);
    return key;
  }

  #takeBytes(ended: boolean): Buffer | undefined {
    const at = this.#bytes.indexOf(LINE_FEED, this.#scanned);
    if (at < 0) {
      this.#scanned = this.#bytes.length;
      if (this.#bytes.length > this.lineBytesMax) this.#refuse();
      if (!ended || this.#bytes.length === 0) return undefined;
    }
    const line = this.#bytes.subarray(0, at < 0 ? this.#bytes.length : at);
    this.#drop(line.length + (at < 0 ? 0 : 1));
    return line;
  }

  #refuse(): void {
    this.#drop(this.#bytes.length);
    if (this.#skipping) return;
    this.#skipping = true;
    throw new Fault("too-large", `a line of the input is longer than ${this.lineBytesMax} bytes`);
  }

  #escapeBytes(): number {
    const secondByte = this.#bytes[1];
    if (secondByte !== 0x5b && secondByte !== 0x4f) return 1;
    const final = this.#bytes.findIndex((byte, i) => i > 1 && byte >= 0x40 && byte <= 0x7e);
    return final < 0 ? this.#bytes.length : final + 1;
  }

  #drop(sizeBytes: number): void {
    this.#bytes = this.#bytes.subarray(sizeBytes);
    this.#scanned = 0;
  }
}

function lineText(line: Buffer): string {
  const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
  // Latin letters in UTF-16 are UTF-8 with NUL characters.
  if (line.includes(0)) {
    throw new Fault("text-invalid", "a line of the input contains NUL", {
      remedy: "convert it to UTF-8, for example with iconv -f UTF-16",
    });
  }
  try {
    return utf8Decode(line.subarray(0, end));
  } catch (cause) {
    throw new Fault("text-invalid", "a line of the input is not UTF-8", { cause });
  }
}

function keyBytes(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
