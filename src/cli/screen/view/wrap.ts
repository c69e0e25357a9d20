/** Line breaking between words, and inside words that are too long. */

import { PRINTABLE_ASCII } from "../../word-wrap.ts";
import { graphemesOf, type Span, type StyledLine, widthOf } from "./style.ts";

const TAB_COLUMNS = 8;
const PIECE = /\n|\t| +|[^\n\t ]+/g;
/** Scripts without spaces, in which a line may end after each character. */
const BREAKABLE = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]/u;

interface Piece {
  readonly span: Span;
  readonly text: string;
  readonly width: number;
}

/**
 * Returns at least one line.
 * @param spans cleaned text, which may contain line feeds and tabs
 * @param columns at least 2, the width of a wide character
 */
export function wrapSpans(spans: readonly Span[], columns: number): readonly StyledLine[] {
  const [only] = spans;
  if (spans.length === 1 && only !== undefined) {
    // Fast path for most messages, which are short ASCII texts.
    if (only.text.length <= columns && PRINTABLE_ASCII.test(only.text)) return [spans];
  }
  const builder = new LineBuilder(columns);
  for (const span of spans) {
    for (const [text] of span.text.matchAll(PIECE)) {
      if (text === "\n") builder.newLine();
      else if (text === "\t") builder.tab(span);
      else if (text.startsWith(" ")) builder.space({ span, text, width: text.length });
      else if (!BREAKABLE.test(text)) builder.word({ span, text, width: widthOf(text) });
      else
        for (const piece of breakableParts(text))
          builder.breakablePart({ span, text: piece, width: widthOf(piece) });
    }
  }
  return builder.finished();
}

function breakableParts(text: string): readonly string[] {
  const segments: string[] = [];
  let run = "";
  for (const grapheme of graphemesOf(text)) {
    if (!BREAKABLE.test(grapheme)) {
      run += grapheme;
      continue;
    }
    // A character at which no line may end, such as a full stop, stays with the preceding
    // character.
    if (run !== "") segments.push(run);
    run = grapheme;
  }
  if (run !== "") segments.push(run);
  return segments;
}

class LineBuilder {
  readonly #columns: number;
  readonly #lines: StyledLine[] = [];
  #line: Span[] = [];
  #run: Span | undefined;
  #runText = "";
  #width = 0;
  /** Spaces before the current word; dropped if the line ends there. */
  #spaces: Piece[] = [];
  #spacesWidth = 0;
  /** Pieces of the current word, which is split only if it is longer than a line. */
  #word: Piece[] = [];
  #wordWidth = 0;

  constructor(columns: number) {
    this.#columns = Math.max(2, columns);
  }

  word(piece: Piece): void {
    this.#word.push(piece);
    this.#wordWidth += piece.width;
  }

  breakablePart(piece: Piece): void {
    this.#appendWord();
    this.word(piece);
  }

  space(piece: Piece): void {
    this.#appendWord();
    this.#spaces.push(piece);
    this.#spacesWidth += piece.width;
  }

  tab(span: Span): void {
    this.#appendWord();
    const at = this.#width + this.#spacesWidth;
    const width = TAB_COLUMNS - (at % TAB_COLUMNS);
    this.space({ span, text: " ".repeat(width), width });
  }

  newLine(): void {
    this.#appendWord();
    this.#endLine();
  }

  finished(): readonly StyledLine[] {
    this.#appendWord();
    this.#endLine();
    return this.#lines;
  }

  #appendWord(): void {
    if (this.#word.length === 0) return;
    const needed = this.#width + this.#spacesWidth + this.#wordWidth;
    if (needed <= this.#columns) {
      this.#appendSpaces();
      for (const piece of this.#word) this.#append(piece);
    } else if (this.#wordWidth <= this.#columns && this.#width > 0) {
      this.#endLine();
      for (const piece of this.#word) this.#append(piece);
    } else {
      // A word longer than a whole line starts on the current line.
      if (this.#width + this.#spacesWidth < this.#columns) this.#appendSpaces();
      else this.#endLine();
      for (const piece of this.#word) this.#appendSplit(piece);
    }
    this.#word = [];
    this.#wordWidth = 0;
  }

  #appendSpaces(): void {
    for (const piece of this.#spaces) this.#append(piece);
    this.#dropSpaces();
  }

  #dropSpaces(): void {
    this.#spaces = [];
    this.#spacesWidth = 0;
  }

  #append({ span, text, width }: Piece): void {
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

  #appendSplit({ span, text }: Piece): void {
    let run = "";
    let runWidth = 0;
    for (const grapheme of graphemesOf(text)) {
      const width = widthOf(grapheme);
      if (this.#width + runWidth + width > this.#columns) {
        if (run !== "") this.#append({ span, text: run, width: runWidth });
        this.#endLine();
        run = "";
        runWidth = 0;
      }
      if (width > this.#columns) continue; // No known grapheme is so wide.
      run += grapheme;
      runWidth += width;
    }
    if (run !== "") this.#append({ span, text: run, width: runWidth });
  }

  #endLine(): void {
    this.#endRun();
    this.#lines.push(this.#line);
    this.#line = [];
    this.#width = 0;
    this.#dropSpaces();
  }
}

function isSameStyle(a: Span, b: Span): boolean {
  if (a === b) return true;
  const isSameRole = a.role === b.role && a.bold === b.bold;
  const isSameFont = isSameRole && a.italic === b.italic && a.strike === b.strike;
  const isSameClick = a.clickAction === b.clickAction && a.file === b.file;
  return isSameFont && a.link === b.link && isSameClick;
}
