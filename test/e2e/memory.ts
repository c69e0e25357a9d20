import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";

/** Searches a process or a folder for words, as UTF-8 and as UTF-16. */

const PIECE_BYTES = 4 << 20;
const PAGE_BYTES = 4_096;
/** Bits of an entry of /proc/PID/pagemap: 63 is in memory, 62 is swapped out. */
const IS_THERE = 0xc0;

export interface Word {
  readonly word: string;
  readonly form: "utf8" | "utf16le";
}

export class WordSearch {
  readonly #patterns: readonly (Word & { readonly bytes: Buffer })[];
  readonly #found = new Set<string>();

  constructor(words: readonly string[]) {
    const forms = ["utf8", "utf16le"] as const;
    this.#patterns = words.flatMap((word) =>
      forms.map((form) => ({ word, form, bytes: Buffer.from(word, form) })),
    );
  }

  get found(): readonly string[] {
    return [...this.#found].sort();
  }

  look(bytes: Buffer, place: string): void {
    for (const { word, form, bytes: pattern } of this.#patterns) {
      if (bytes.includes(pattern)) this.#found.add(`${form} ${word} in ${place}`);
    }
  }

  folder(path: string): void {
    for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
      const below = join(entry.parentPath, entry.name);
      this.look(Buffer.from(below), "a file's name");
      if (entry.isFile()) this.look(readFileSync(below), below.slice(path.length + 1));
    }
  }

  memory(pid: number): number {
    const maps = readFileSync(`/proc/${pid}/maps`, "latin1").trim().split("\n");
    const memory = openSync(`/proc/${pid}/mem`, "r");
    const pages = openSync(`/proc/${pid}/pagemap`, "r");
    try {
      let total = 0;
      for (const line of maps) {
        const [, from = "", to = "", mode = ""] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
        if (!/^rw/.test(mode)) continue;
        const [first, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)];
        for (const [at, size] of runsOf(pages, first, end)) {
          total += this.#run(memory, at, size);
        }
      }
      return total;
    } finally {
      closeSync(memory);
      closeSync(pages);
    }
  }

  #run(memory: number, first: number, size: number): number {
    const overlap = Math.max(...this.#patterns.map(({ bytes }) => bytes.length));
    const piece = Buffer.allocUnsafe(Math.min(size, PIECE_BYTES + overlap));
    for (let at = 0; at < size; at += PIECE_BYTES) {
      const wanted = Math.min(piece.length, size - at);
      const read = readThere(memory, piece, wanted, first + at);
      this.look(piece.subarray(0, read), "memory");
    }
    return size;
  }
}

/** Adjacent pages of a mapping that are present; most of the reserved range never is. */
function* runsOf(pages: number, first: number, end: number): Iterable<readonly [number, number]> {
  const entries = Buffer.allocUnsafe(1 << 20);
  let start: number | undefined;
  let at = first;
  while (at < end) {
    const wanted = Math.min(entries.length, ((end - at) / PAGE_BYTES) * 8);
    const read = readSync(pages, entries, 0, wanted, (at / PAGE_BYTES) * 8);
    if (read < 8) break;
    for (let entry = 7; entry < read; entry += 8, at += PAGE_BYTES) {
      const isThere = ((entries[entry] ?? 0) & IS_THERE) !== 0;
      if (isThere) start ??= at;
      else if (start !== undefined) {
        yield [start, at - start];
        start = undefined;
      }
    }
  }
  if (start !== undefined) yield [start, at - start];
}

/** The process has released the page in the meantime. */
function readThere(memory: number, into: Buffer, size: number, at: number): number {
  try {
    return readSync(memory, into, 0, size, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EIO") return 0;
    throw error;
  }
}
