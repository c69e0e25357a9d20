/** Parses only the heads of records. */

const SEQ_AT = '{"head":{"v":1,"seq":'.length;
const TIME_KEY_BYTES = ',"time":'.length;
const KIND_KEY_BYTES = ',"kind":"'.length;
const ROOM_KEY_BYTES = '","room":"'.length;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const NEWLINE = 0x0a;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Finds seq, time and room of a line without allocating an object: ten million lines have to pass
 * in seconds. It assumes that the line is ours and notices only plain violations.
 */
export class HeadScanner {
  seq = 0;
  time = 0;
  roomStart = 0;
  roomEnd = 0;
  /** Offset after the newline. */
  next = 0;
  /** False if the line has no valid head; then only `next` is set. */
  isHead = false;

  /** Returns false if there is no whole line at `at`. */
  scan(bytes: Buffer, at: number): boolean {
    this.isHead = this.#scanHead(bytes, at);
    const newline = bytes.indexOf(NEWLINE, this.isHead ? this.roomEnd : at);
    this.next = newline + 1;
    return newline >= 0;
  }

  #scanHead(bytes: Buffer, at: number): boolean {
    let place = at + SEQ_AT;
    if (bytes[place - 1] !== COLON) return false;
    const seqStart = place;
    let seq = 0;
    for (let code = bytes[place] ?? 0; code >= ZERO && code <= NINE; code = bytes[++place] ?? 0) {
      seq = seq * 10 + code - ZERO;
    }
    if (place === seqStart || bytes[place] !== COMMA) return false;
    place += TIME_KEY_BYTES;
    if (bytes[place - 1] !== COLON) return false;
    const timeStart = place;
    let time = 0;
    for (let code = bytes[place] ?? 0; code >= ZERO && code <= NINE; code = bytes[++place] ?? 0) {
      time = time * 10 + code - ZERO;
    }
    if (place === timeStart || bytes[place] !== COMMA) return false;
    place += KIND_KEY_BYTES;
    while ((bytes[place] ?? QUOTE) !== QUOTE) place += 1;
    place += ROOM_KEY_BYTES;
    if (bytes[place - 1] !== QUOTE || bytes[place - 2] !== COLON) return false;
    this.roomStart = place;
    while ((bytes[place] ?? QUOTE) !== QUOTE) place += 1;
    this.seq = seq;
    this.time = time;
    this.roomEnd = place;
    return true;
  }
}
