/** Fast parser of record heads. */

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

/** Finds the seq, time and room in a line without allocating. Detects only obvious errors. */
export class HeadScanner {
  seq = 0;
  time = 0;
  roomStart = 0;
  roomEnd = 0;
  next = 0;
  isHead = false;

  scan(bytes: Buffer, at: number): boolean {
    this.isHead = this.#scanHead(bytes, at);
    const newline = bytes.indexOf(NEWLINE, this.isHead ? this.roomEnd : at);
    this.next = newline + 1;
    return newline >= 0;
  }

  #scanHead(bytes: Buffer, at: number): boolean {
    let position = at + SEQ_AT;
    if (bytes[position - 1] !== COLON) return false;
    const seqStart = position;
    let seq = 0;
    for (
      let code = bytes[position] ?? 0;
      code >= ZERO && code <= NINE;
      code = bytes[++position] ?? 0
    ) {
      seq = seq * 10 + code - ZERO;
    }
    if (position === seqStart || bytes[position] !== COMMA) return false;
    position += TIME_KEY_BYTES;
    if (bytes[position - 1] !== COLON) return false;
    const timeStart = position;
    let time = 0;
    for (
      let code = bytes[position] ?? 0;
      code >= ZERO && code <= NINE;
      code = bytes[++position] ?? 0
    ) {
      time = time * 10 + code - ZERO;
    }
    if (position === timeStart || bytes[position] !== COMMA) return false;
    position += KIND_KEY_BYTES;
    while ((bytes[position] ?? QUOTE) !== QUOTE) position += 1;
    position += ROOM_KEY_BYTES;
    if (bytes[position - 1] !== QUOTE || bytes[position - 2] !== COLON) return false;
    this.roomStart = position;
    while ((bytes[position] ?? QUOTE) !== QUOTE) position += 1;
    this.seq = seq;
    this.time = time;
    this.roomEnd = position;
    return true;
  }
}
