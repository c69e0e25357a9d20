/** Lines of a text file in UTF-8 or Latin-1, numbered from 1. */

export interface TextLine {
  readonly location: string;
  readonly text: string;
  readonly isLatin1: boolean;
}

const NEWLINE = 0x0a;

/** A line that is not UTF-8 is decoded as Latin-1, the encoding of older IRC clients. */
export function* linesIn(bytes: Uint8Array): Generator<TextLine> {
  const strict = new TextDecoder("utf-8", { fatal: true });
  // In the WHATWG encoding standard, "latin1" means Windows-1252, and decoding it never fails.
  const latin1 = new TextDecoder("latin1");
  let number = 0;
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const line = bytes.subarray(start, end);
    start = end + 1;
    number++;
    let text: string;
    let isLatin1 = false;
    try {
      text = strict.decode(line);
    } catch {
      text = latin1.decode(line);
      isLatin1 = true;
    }
    yield { location: `line ${number}`, text: text.replace(/\r$/, ""), isLatin1 };
  }
}
