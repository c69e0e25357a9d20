/** Reads text files of any size line by line, in constant memory. */

import { type FileHandle, open } from "node:fs/promises";
import { Fault } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { diskFault } from "../../io/disk/disk.ts";
import type { TextLine } from "./entry.ts";
import { readFault, utf16EncodingOf } from "./source.ts";

const CHUNK_BYTES = 1024 * 1024;
/** A text has at most 64 KiB; a longer line is no message. */
const LINE_BYTES_MAX = 1024 * 1024;
/** A pipe is read into memory, because the import reads its source twice. */
const PIPE_BYTES_MAX = 512 * 1024 * 1024;
const LINE_FEED = 0x0a;
/** Ends the lines of a file that has no line feed. */
const CARRIAGE_RETURN = 0x0d;
const NUL = 0x00;

export interface SourceLine extends TextLine {
  /** Why the line cannot be read; its text is empty. */
  readonly problem?: string;
}

/**
 * Bytes of a file that can be read several times. The second time must give the same bytes as the
 * first, so that nothing is imported that was not checked.
 */
export class ByteSource {
  readonly #digests: Uint8Array[] = [];

  private constructor(
    readonly path: string,
    private readonly sizeBytes: number,
    /** Content of a pipe. */
    readonly pieces: readonly Uint8Array[] | undefined,
  ) {}

  /** @throws {Fault} not-found, too-large, store-… */
  static async open(path: string): Promise<ByteSource> {
    return onFile(path, async (file) => {
      const stat = await file.stat();
      if (stat.isFile()) return new ByteSource(path, stat.size, undefined);
      const pieces = await readPipe(file, path);
      return new ByteSource(path, sizeOf(pieces), pieces);
    });
  }

  /** Changes with the bytes; known after the first reading. */
  get digest(): string {
    return Buffer.from(sha256(Buffer.concat(this.#digests))).toString("base64url");
  }

  /**
   * A line that is added to a log meanwhile is left to the next import.
   * @throws {Fault} usage if the file changed since the first reading
   */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    let index = 0;
    let readBytes = 0;
    for await (const chunk of this.#read()) {
      const digest = sha256(chunk);
      const known = this.#digests[index];
      if (known === undefined) this.#digests.push(digest);
      else if (Buffer.compare(known, digest) !== 0) throw this.#changed();
      index++;
      readBytes += chunk.length;
      yield chunk;
    }
    if (readBytes < this.sizeBytes) throw this.#changed();
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.pieces !== undefined) {
      yield* this.pieces;
      return;
    }
    const file = await openFile(this.path);
    try {
      for (let position = 0; position < this.sizeBytes; ) {
        const length = Math.min(CHUNK_BYTES, this.sizeBytes - position);
        const buffer = Buffer.allocUnsafe(length);
        let filled = 0;
        while (filled < length) {
          const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
          if (bytesRead === 0) return;
          filled += bytesRead;
        }
        position += filled;
        yield buffer;
      }
    } catch (error) {
      throw error instanceof Fault ? error : diskFault(error, quoteText(this.path));
    } finally {
      await file.close();
    }
  }

  #changed(): Fault {
    return new Fault("usage", `${quoteText(this.path)} changed while it was read`, {
      remedy: "run the same command again",
    });
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    throw readFault(error, path);
  }
}

async function onFile<Result>(
  path: string,
  task: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const file = await openFile(path);
  try {
    return await task(file);
  } catch (error) {
    throw error instanceof Fault ? error : diskFault(error, quoteText(path));
  } finally {
    await file.close();
  }
}

/** Asynchronous, so that a signal ends a wait for the writer. */
async function readPipe(file: FileHandle, path: string): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let sizeBytes = 0; sizeBytes <= PIPE_BYTES_MAX; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return pieces;
    pieces.push(Buffer.from(buffer.subarray(0, bytesRead)));
    sizeBytes += bytesRead;
  }
  throw new Fault("too-large", `${quoteText(path)} is larger than 512 MiB and not a regular file`, {
    remedy: "save its content to a file, and import the file",
  });
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** @throws {Fault} usage if the runtime does not know the encoding */
export function decoderOf(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding as Bun.Encoding, { fatal: true });
  } catch (cause) {
    throw new Fault("usage", `unknown encoding ${quoteText(encoding)}`, {
      remedy: "use a name such as latin1, iso-8859-2, windows-1251, koi8-r or shift_jis",
      cause,
    });
  }
}

/**
 * Decodes the lines of a source, one list per chunk. A byte order mark selects UTF-8 or UTF-16.
 * Without one and without `encoding`, a line that is not UTF-8 is Latin-1, the encoding of older
 * IRC clients.
 * @param prefix text before the number of a line in its location
 */
export async function* readLines(
  source: ByteSource,
  { encoding, prefix = "" }: { readonly encoding?: string | undefined; readonly prefix?: string },
): AsyncGenerator<SourceLine[], void, undefined> {
  let splitter: LineSplitter | undefined;
  for await (const chunk of source.chunks()) {
    splitter ??= new LineSplitter(encodingOf(chunk) ?? encoding, prefix);
    yield splitter.push(chunk, source.path);
  }
  if (splitter !== undefined) yield splitter.end(source.path);
}

function encodingOf(bytes: Uint8Array): string | undefined {
  const [first, second, third] = bytes;
  const hasUtf8Mark = first === 0xef && second === 0xbb && third === 0xbf;
  return hasUtf8Mark ? "utf-8" : utf16EncodingOf(bytes);
}

class LineSplitter {
  /** Converts UTF-16, whose lines do not end with a single byte. */
  readonly #wide: TextDecoder | undefined;
  readonly #strict: TextDecoder;
  /** In the WHATWG encoding standard, "latin1" means Windows-1252, and decoding it never fails. */
  readonly #fallback: TextDecoder | undefined;
  /** Found in the first chunk that has a line. */
  #newline: number | undefined;
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  #number = 0;

  constructor(
    private readonly encoding: string | undefined,
    private readonly prefix: string,
  ) {
    const isWide = encoding?.startsWith("utf-16") === true;
    if (isWide) this.#wide = decoderOf(encoding);
    this.#strict = decoderOf(isWide ? "utf-8" : (encoding ?? "utf-8"));
    this.#fallback = encoding === undefined ? new TextDecoder("latin1") : undefined;
  }

  push(chunk: Uint8Array, path: string): SourceLine[] {
    return this.#split(this.#converted(chunk, path, true));
  }

  end(path: string): SourceLine[] {
    const lines = this.#split(this.#converted(new Uint8Array(), path, false));
    if (this.#pieceBytes > 0) lines.push(this.#line(new Uint8Array()));
    return lines;
  }

  #converted(chunk: Uint8Array, path: string, stream: boolean): Uint8Array {
    if (this.#wide === undefined) return chunk;
    try {
      return Buffer.from(this.#wide.decode(chunk, { stream }));
    } catch (cause) {
      const text = `${quoteText(path)} is not valid ${this.encoding?.toUpperCase()}`;
      throw new Fault("usage", `${text} after line ${this.#number}; nothing was imported`, {
        remedy: "name its encoding with --encoding",
        cause,
      });
    }
  }

  #split(bytes: Uint8Array): SourceLine[] {
    const lines: SourceLine[] = [];
    this.#newline ??= [LINE_FEED, CARRIAGE_RETURN].find((end) => bytes.includes(end));
    for (let start = 0; start < bytes.length; ) {
      const newline = bytes.indexOf(this.#newline ?? LINE_FEED, start);
      if (newline < 0) {
        this.#retain(bytes.subarray(start));
        break;
      }
      lines.push(this.#line(bytes.subarray(start, newline)));
      start = newline + 1;
    }
    return lines;
  }

  /** Counts the bytes of a line that is too long without storing them. */
  #retain(piece: Uint8Array): void {
    this.#pieceBytes += piece.length;
    if (this.#pieceBytes <= LINE_BYTES_MAX) this.#pieces.push(piece.slice());
    else this.#pieces = [];
  }

  #line(rest: Uint8Array): SourceLine {
    this.#number++;
    const location = `${this.prefix}line ${this.#number}`;
    const sizeBytes = this.#pieceBytes + rest.length;
    const bytes = this.#pieceBytes === 0 ? rest : Buffer.concat([...this.#pieces, rest]);
    this.#pieces = [];
    this.#pieceBytes = 0;
    if (sizeBytes > LINE_BYTES_MAX) return unreadable(location, "the line is longer than 1 MiB");
    if (bytes.includes(NUL)) {
      return unreadable(
        location,
        "the line contains a NUL character; is the file UTF-16 or damaged?",
      );
    }
    let text: string;
    let isLatin1 = false;
    try {
      text = this.#strict.decode(bytes);
    } catch {
      if (this.#fallback === undefined) {
        return unreadable(location, `the line is not valid ${this.encoding}`);
      }
      const damaged = damagedUtf8(bytes);
      text = damaged ?? this.#fallback.decode(bytes);
      isLatin1 = damaged === undefined;
    }
    return { location, text: text.endsWith("\r") ? text.slice(0, -1) : text, isLatin1 };
  }
}

/**
 * IRC cuts long messages between the bytes of a character.
 * @returns `undefined` if the bytes have no more characters of UTF-8 than other bytes
 */
function damagedUtf8(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(bytes);
  const foreign = text.match(/[^\p{ASCII}]/gu) ?? [];
  const damagedCount = foreign.filter((char) => char === "\ufffd").length;
  return foreign.length > 2 * damagedCount ? text : undefined;
}

function unreadable(location: string, problem: string): SourceLine {
  return { location, text: "", isLatin1: false, problem };
}
