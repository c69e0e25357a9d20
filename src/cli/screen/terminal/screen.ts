/** Terminal output of frames, limited to the cells that have changed. */

import { COPY_BYTES_MAX } from "../../../base/limits-screen.ts";
import { titleText } from "../../../base/text.ts";
import type { Clock } from "../../../io/clock.ts";
import type { Size, TerminalDevice } from "../../../io/terminal/device.ts";
import type { ScreenFrame } from "../state/screen-state.ts";
import { TerminalModes } from "./modes.ts";
import { notificationText } from "./notification.ts";
import { type CursorPosition, Painter, scrolledRows, scrollOf } from "./painter.ts";
import { PictureLayer, type PicturePainter } from "./picture-layer.ts";
import { Pacing, TerminalQueries } from "./query.ts";
import { EMPTY_ROW, Pens, rowOf, type TerminalRow } from "./row.ts";

export interface TerminalScreenOptions {
  readonly device: TerminalDevice;
  readonly clock: Pick<Clock, "after">;
  /**
   * Whether the terminal reports clicks and wheel movements. To select text, the user then holds
   * Shift.
   */
  readonly mouse: boolean;
  /** Called when the size has changed or the content was lost; must draw a new frame. */
  readonly onResize: (size: Size) => void;
  readonly farewell?: () => string;
}

/**
 * Minimum size of a synchronized update. A terminal usually reads a smaller update in one piece.
 */
const SYNCHRONIZED_BYTES_MIN = 512;
const BEGIN_SYNCHRONIZED = "\x1b[?2026h";
const END_SYNCHRONIZED = "\x1b[?2026l";

type SideOutput = "bell" | "copy" | "notification" | "pictures";

/** Terminal content after all written output has been processed. */
interface TerminalContent {
  readonly size: Size;
  readonly lines: readonly TerminalRow[];
  readonly rows: readonly TerminalRow[];
  readonly cursor: CursorPosition | undefined;
  readonly hasCursor: boolean;
}

export class TerminalScreen {
  readonly modes: TerminalModes;
  readonly queries: TerminalQueries;
  readonly #pacing: Pacing;
  #content: TerminalContent | undefined;
  #title: string | undefined;
  #next: ScreenFrame | undefined;
  /** Last drawn frame, for restoring a lost screen. */
  #last: ScreenFrame | undefined;
  /** Keyed by kind, so that a blocked terminal later rings only once. */
  readonly #sideOutput = new Map<SideOutput, string>();
  readonly #pictures: PictureLayer;
  readonly #pens = new Pens();
  #isFlushing = false;
  readonly #mayAsk = Promise.withResolvers<void>();

  constructor(private readonly options: TerminalScreenOptions) {
    const { clock } = options;
    this.queries = new TerminalQueries(clock);
    this.#pacing = new Pacing(this.queries, () => this.#write());
    this.#pictures = new PictureLayer(clock, () => this.#write());
    this.modes = new TerminalModes({
      ...options,
      queries: this.queries,
      onInvalidated: () => this.#invalidate(),
      onLeave: () => this.#pictures.release(),
    });
  }

  size(): Size {
    return this.options.device.size();
  }

  show(frame: ScreenFrame): void {
    this.#next = frame;
    this.#write();
  }

  redraw(): void {
    this.#content = undefined;
    this.#next ??= this.#last;
    this.#write();
  }

  /**
   * From now on, questions are sent. If the client exits before an answer arrives, the shell reads
   * it as typed text, so call this when the session has lasted some time.
   */
  allowQuestions(): void {
    this.#mayAsk.resolve();
  }

  /**
   * @param damage rows that the question erases, or that a terminal damages that does not know it
   */
  async ask(question: string, damage: "first-row" | "all"): Promise<string | undefined> {
    await this.#mayAsk.promise;
    const answers = this.queries.ask(question);
    const content = this.#content;
    if (damage === "all" || content === undefined) this.#content = undefined;
    else {
      const rows = content.rows.with(0, EMPTY_ROW);
      this.#content = { ...content, rows, cursor: { row: 0, column: 0 } };
    }
    this.#next ??= this.#last;
    this.#write();
    return answers;
  }

  ring(): void {
    this.#queueSideOutput("bell", "\x07");
  }

  /**
   * OSC 52 also works over ssh.
   * @returns false if the text is too long to copy
   */
  copy(text: string): boolean {
    const bytes = Buffer.from(text);
    if (bytes.length > COPY_BYTES_MAX) return false;
    this.#queueSideOutput("copy", `\x1b]52;c;${bytes.toString("base64")}\x1b\\`);
    return true;
  }

  notify(title: string, text: string, protocol: "osc9" | "osc777"): void {
    this.#queueSideOutput("notification", notificationText(title, text, protocol));
  }

  showPictures(painter: PicturePainter | undefined): void {
    this.#content = undefined;
    this.#next ??= this.#last;
    this.#queueSideOutput("pictures", this.#pictures.setPainter(painter));
  }

  drawReadyPictures(): void {
    this.#pictures.requestDraw();
  }

  #queueSideOutput(kind: SideOutput, text: string): void {
    this.#sideOutput.set(kind, text);
    this.#write();
  }

  #invalidate(): void {
    this.#content = undefined;
    this.#title = undefined;
    this.#next ??= this.#last;
    this.options.onResize(this.options.device.size());
    this.#write();
  }

  /** Delays frames until the terminal has received and confirmed the earlier output. */
  #write(): void {
    if (this.#isFlushing || !this.modes.isActive) return;
    const { output } = this.options.device;
    while (output.queuedBytes() === 0) {
      if (!this.#pacing.isOpen) return;
      const sequences = this.#takeSideOutput() + this.queries.takeUnsent() + this.#frameOutput();
      const text = sequences === "" ? this.#pictureOutput() : sequences;
      if (text === "") return;
      output.write(this.#pacing.marked(text));
    }
    this.#isFlushing = true;
    void output.flushed().then(() => {
      this.#isFlushing = false;
      this.#write();
    });
  }

  #takeSideOutput(): string {
    const text = [...this.#sideOutput.values()].join("");
    this.#sideOutput.clear();
    return text;
  }

  #frameOutput(): string {
    const frame = this.#next;
    if (frame === undefined) return "";
    this.#next = undefined;
    this.#last = frame;
    const size = this.options.device.size();
    if (!isSameSize(this.#content?.size, size)) this.#pictures.markErased();
    const isPainted = this.#pictures.hasPainted;
    const lines = rowsOf(frame, size, this.#content, this.#pens);
    const rows = this.#pictures.cells(lines, frame.pictures ?? []);
    const target = cursorOf(frame, size);
    const { text, cursor } = paintChanges(this.#content, rows, size, target, !isPainted);
    const hasCursor = frame.cursor !== undefined;
    const visibility =
      hasCursor === this.#content?.hasCursor ? "" : `\x1b[?25${hasCursor ? "h" : "l"}`;
    this.#content = { size, lines, rows, cursor, hasCursor };
    const removals = this.#pictures.takeRemovals();
    const output = this.#titleText(frame.title) + removals + text + visibility;
    if (output.length < SYNCHRONIZED_BYTES_MIN) return output;
    return BEGIN_SYNCHRONIZED + output + END_SYNCHRONIZED;
  }

  #pictureOutput(): string {
    const content = this.#content;
    const frame = this.#last;
    if (content === undefined || frame === undefined) return "";
    const picture = this.#pictures.nextOutput();
    if (picture === undefined || !picture.movesCursor) return picture?.text ?? "";
    const rows = this.#pictures.cells(content.lines, frame.pictures ?? []);
    const cursor = cursorOf(frame, content.size);
    this.#content = { ...content, rows, cursor };
    const restoreCursor =
      cursor === undefined ? "" : `\x1b[${cursor.row + 1};${cursor.column + 1}H`;
    return BEGIN_SYNCHRONIZED + picture.text + restoreCursor + END_SYNCHRONIZED;
  }

  #titleText(title: string): string {
    if (title === this.#title) return "";
    this.#title = title;
    const clean = titleText(title);
    return `\x1b]2;${clean}\x1b\\`;
  }
}

function isSameSize(a: Size | undefined, b: Size): boolean {
  return a?.columns === b.columns && a.rows === b.rows;
}

function rowsOf(
  { lines }: ScreenFrame,
  { columns, rows }: Size,
  current: TerminalContent | undefined,
  pens: Pens,
): TerminalRow[] {
  const isSameWidth = current?.size.columns === columns;
  const rowsByLine = new Map(isSameWidth ? current.lines.map((row) => [row.line, row]) : []);
  return Array.from({ length: rows }, (_, at) => {
    const line = lines[at] ?? "";
    return rowsByLine.get(line) ?? rowOf(line, columns, pens);
  });
}

function cursorOf({ cursor }: ScreenFrame, { columns, rows }: Size): CursorPosition | undefined {
  if (cursor === undefined) return undefined;
  return { row: Math.min(cursor.row, rows - 1), column: Math.min(cursor.column, columns - 1) };
}

interface PaintResult {
  readonly text: string;
  readonly cursor: CursorPosition | undefined;
}

function paintChanges(
  current: TerminalContent | undefined,
  next: readonly TerminalRow[],
  size: Size,
  cursor: CursorPosition | undefined,
  canScroll: boolean,
): PaintResult {
  if (current === undefined || !isSameSize(current.size, size)) {
    const painter = new Painter(size.columns, undefined);
    painter.erase();
    return paint(painter, [], next, cursor);
  }
  const full = paint(new Painter(size.columns, current.cursor), current.rows, next, cursor);
  const scroll = canScroll ? scrollOf(current.rows, next) : undefined;
  if (scroll === undefined) return full;
  const { top, bottom, by } = scroll;
  const painter = new Painter(size.columns, current.cursor);
  painter.scroll(top, bottom, by);
  const scrolled = paint(painter, scrolledRows(current.rows, scroll), next, cursor);
  return scrolled.text.length < full.text.length ? scrolled : full;
}

function paint(
  painter: Painter,
  currentRows: readonly TerminalRow[],
  next: readonly TerminalRow[],
  cursor: CursorPosition | undefined,
): PaintResult {
  for (const [at, row] of next.entries()) {
    const before = currentRows[at] ?? EMPTY_ROW;
    if (before !== row) painter.row(at, before, row);
  }
  return { text: painter.finish(cursor, next), cursor: painter.position };
}
