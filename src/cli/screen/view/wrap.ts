/** Wraps spans into lines: between words, and inside a word that is too long. */

import type { Line, Span } from "./style.ts";
import { graphemesOf, widthOf } from "./width.ts";

/** Columns between tab stops. */
const TAB_COLUMNS = 8;
const PIECE = /\n|\t| +|[^\n\t ]+/g;
const ASCII = /^[\x20-\x7e]*$/;
/** Scripts without spaces: a line may end after each character. */
const BREAKABLE = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]/u;

interface Piece {
  readonly span: Span;
  readonly text: string;
  readonly width: number;
}

/**
 * At least one line, each at most so many columns wide.
 * @param spans clean text, which may have line feeds and tabs
 * @param columns 2 or more: a wide character needs them
 */
export function wrapSpans(spans: readonly Span[], columns: number): readonly Line[] {
  const [only] = spans;
  if (spans.length === 1 && only !== undefined) {
    // Fast path: most messages.
    if (only.text.length <= columns && ASCII.test(only.text)) return [spans];
  }
  const paper = new LineBuilder(columns);
  for (const span of spans) {
    for (const [text] of span.text.matchAll(PIECE)) {
      if (text === "\n") paper.newLine();
      else if (text === "\t") paper.tab(span);
      else if (text.startsWith(" ")) paper.space({ span, text, width: text.length });
      else if (!BREAKABLE.test(text)) paper.word({ span, text, width: widthOf(text) });
      else for (const part of partsOf(text)) paper.part({ span, text: part, width: widthOf(part) });
    }
  }
  return paper.finished();
}

/** Splits a text at the points where a line may end. */
function partsOf(text: string): readonly string[] {
  const parts: string[] = [];
  let run = "";
  for (const grapheme of graphemesOf(text)) {
    if (!BREAKABLE.test(grapheme)) {
      run += grapheme;
      continue;
    }
    // Characters that follow without a space belong to it: a full stop does not begin a line.
    if (run !== "") parts.push(run);
    run = grapheme;
  }
  if (run !== "") parts.push(run);
  return parts;
}

/** Lines being built. */
class LineBuilder {
  readonly #columns: number;
  readonly #lines: Line[] = [];
  #line: Span[] = [];
  /** End of the line with a single style, joined only once. */
  #run: Span | undefined;
  #runText = "";
  #width = 0;
  /** Precede the word if it stays on the line. */
  #spaces: Piece[] = [];
  #spacesWidth = 0;
  /** Contains no break point. */
  #word: Piece[] = [];
  #wordWidth = 0;

  constructor(columns: number) {
    this.#columns = Math.max(2, columns);
  }

  word(piece: Piece): void {
    this.#word.push(piece);
    this.#wordWidth += piece.width;
  }

  /** Adds a word that needs no space before it. */
  part(piece: Piece): void {
    this.#putWord();
    this.word(piece);
  }

  space(piece: Piece): void {
    this.#putWord();
    this.#spaces.push(piece);
    this.#spacesWidth += piece.width;
  }

  tab(span: Span): void {
    this.#putWord();
    const at = this.#width + this.#spacesWidth;
    const width = TAB_COLUMNS - (at % TAB_COLUMNS);
    this.space({ span, text: " ".repeat(width), width });
  }

  newLine(): void {
    this.#putWord();
    this.#end();
  }

  finished(): readonly Line[] {
    this.#putWord();
    this.#end();
    return this.#lines;
  }

  #putWord(): void {
    if (this.#word.length === 0) return;
    const needed = this.#width + this.#spacesWidth + this.#wordWidth;
    if (needed <= this.#columns) {
      this.#takeSpaces();
      for (const piece of this.#word) this.#put(piece);
    } else if (this.#wordWidth <= this.#columns && this.#width > 0) {
      this.#end();
      for (const piece of this.#word) this.#put(piece);
    } else {
      // An address, or a line of one letter: it begins here, and continues below.
      if (this.#width + this.#spacesWidth < this.#columns) this.#takeSpaces();
      else this.#end();
      for (const piece of this.#word) this.#putSplit(piece);
    }
    this.#word = [];
    this.#wordWidth = 0;
  }

  #takeSpaces(): void {
    for (const piece of this.#spaces) this.#put(piece);
    this.#dropSpaces();
  }

  #dropSpaces(): void {
    this.#spaces = [];
    this.#spacesWidth = 0;
  }

  #put({ span, text, width }: Piece): void {
    if (this.#run === undefined || !isSameStyle(this.#run, span)) {
      this.#endRun();
      this.#run = span;
    }
    this.#runText += text;
    this.#width += width;
  }

  #endRun(): void {
    if (this.#run !== undefined) this.#line.push({ ...this.#run, text: this.#runText });
    this.#run = undefined;
    this.#runText = "";
  }

  #putSplit({ span, text }: Piece): void {
    let run = "";
    let runWidth = 0;
    for (const grapheme of graphemesOf(text)) {
      const width = widthOf(grapheme);
      if (this.#width + runWidth + width > this.#columns) {
        if (run !== "") this.#put({ span, text: run, width: runWidth });
        this.#end();
        run = "";
        runWidth = 0;
      }
      if (width > this.#columns) continue; // Wider than any known one.
      run += grapheme;
      runWidth += width;
    }
    if (run !== "") this.#put({ span, text: run, width: runWidth });
  }

  #end(): void {
    this.#endRun();
    this.#lines.push(this.#line);
    this.#line = [];
    this.#width = 0;
    this.#dropSpaces();
  }
}

function isSameStyle(one: Span, other: Span): boolean {
  if (one === other) return true;
  const isSameRole = one.role === other.role && one.bold === other.bold;
  const isSameLook = isSameRole && one.italic === other.italic && one.strike === other.strike;
  return isSameLook && one.link === other.link && one.clickAction === other.clickAction;
}
