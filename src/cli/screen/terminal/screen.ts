/** Shows frames on the terminal and writes only the differences. */

import { COPY_BYTES_MAX } from "../../../base/limits-screen.ts";
import { titleText } from "../../../base/text.ts";
import type { Clock } from "../../../io/clock.ts";
import type { Size, TerminalDevice } from "../../../io/terminal/device.ts";
import type { Frame } from "../state/frame.ts";
import { TerminalModes } from "./modes.ts";
import { notificationText } from "./notification.ts";
import { Pacing } from "./pacing.ts";
import { type CursorPosition, Painter } from "./painter.ts";
import { Pens } from "./pen.ts";
import { PictureLayer, type PicturePainter } from "./picture-layer.ts";
import { TerminalQueries } from "./query.ts";
import { EMPTY_ROW, type Row, rowOf } from "./row.ts";
import { scrolledRows, scrollOf } from "./scroll.ts";

export interface TerminalScreenOptions {
  readonly device: TerminalDevice;
  readonly clock: Pick<Clock, "after">;
  /** Clicks and the wheel arrive as keys; the terminal's own selection then needs Shift. */
  readonly mouse: boolean;
  /** The size changed, or the screen was lost: a new frame is needed. */
  readonly onResize: (size: Size) => void;
}

/** Larger changes use synchronized output, if supported; smaller ones arrive in one piece. */
const SYNCHRONIZED_BYTES_MIN = 512;
const BEGIN_SYNCHRONIZED = "\x1b[?2026h";
const END_SYNCHRONIZED = "\x1b[?2026l";

/** Output besides the frames. */
type SideOutput = "bell" | "copy" | "notification" | "pictures";

/** Content of the terminal after all output has arrived. */
interface TerminalContent {
  readonly size: Size;
  /** Rows of the frame. */
  readonly lines: readonly Row[];
  /** Rows on the terminal: blank where a picture is still to be painted. */
  readonly rows: readonly Row[];
  readonly place: CursorPosition | undefined;
  readonly hasCursor: boolean;
}

export class TerminalScreen {
  readonly #device: TerminalDevice;
  readonly #modes: TerminalModes;
  readonly #queries: TerminalQueries;
  readonly #pacing: Pacing;
  readonly #onResize: (size: Size) => void;
  /** `undefined` if the content is unknown. */
  #content: TerminalContent | undefined;
  #title: string | undefined;
  /** Newest undrawn frame. */
  #next: Frame | undefined;
  /** The frame that is being drawn or was drawn last, for a lost screen. */
  #last: Frame | undefined;
  /** Keyed by kind, so that a stopped terminal rings once. */
  readonly #sideOutput = new Map<SideOutput, string>();
  readonly #pictures: PictureLayer;
  readonly #pens = new Pens();
  #isWaiting = false;

  constructor({ device, clock, mouse, onResize }: TerminalScreenOptions) {
    this.#device = device;
    this.#onResize = onResize;
    this.#queries = new TerminalQueries(clock);
    const queries = this.#queries;
    this.#pacing = new Pacing(queries, () => this.#write());
    this.#pictures = new PictureLayer(clock, () => this.#write());
    this.#modes = new TerminalModes({
      device,
      clock,
      mouse,
      queries,
      onLost: () => this.#invalidate(),
      onLeave: () => this.#pictures.release(),
    });
  }

  size(): Size {
    return this.#device.size();
  }

  enter(): void {
    this.#modes.enter();
  }

  setMouse(on: boolean): void {
    this.#modes.setMouse(on);
  }

  /** Resolves when the terminal has its own screen back; `enter` resumes. */
  leave(): Promise<void> {
    return this.#modes.leave();
  }

  /** Ctrl-Z: gives the terminal back, and stops; `fg` redraws once. */
  suspend(): Promise<void> {
    return this.#modes.suspend();
  }

  /** Leaves permanently and quickly, even if the terminal is blocked. */
  close(): Promise<void> {
    return this.#modes.close();
  }

  show(frame: Frame): void {
    this.#next = frame;
    this.#write();
  }

  redraw(): void {
    this.#content = undefined;
    this.#next ??= this.#last;
    this.#write();
  }

  /**
   * Written before a frame; see `TerminalQueries`. A query before `enter` finds the screen blank
   * and may write on it: the first frame covers it.
   */
  ask(question: string): Promise<string | undefined> {
    const answers = this.#queries.ask(question);
    this.#write();
    return answers;
  }

  /** Receives each report of the terminal. */
  answered(report: string): void {
    this.#queries.answered(report);
  }

  /** Reports whether an answer is pending, so that an Esc may begin it. */
  get isAnswerDue(): boolean {
    return this.#queries.isDue;
  }

  ring(): void {
    this.#queueSideOutput("bell", "\x07");
  }

  /**
   * Copies to the clipboard of the user's terminal, also over ssh (OSC 52).
   * @returns false if it is too long, and nothing was copied
   */
  copy(text: string): boolean {
    const bytes = Buffer.from(text);
    if (bytes.length > COPY_BYTES_MAX) return false;
    this.#queueSideOutput("copy", `\x1b]52;c;${bytes.toString("base64")}\x1b\\`);
    return true;
  }

  /** Notifies through the terminal itself. */
  notify(title: string, text: string, how: "osc9" | "osc777"): void {
    this.#queueSideOutput("notification", notificationText(title, text, how));
  }

  /** Applies from the next frame on. @param painter `undefined` to disable pictures */
  showPictures(painter: PicturePainter | undefined): void {
    this.#content = undefined;
    this.#next ??= this.#last;
    this.#queueSideOutput("pictures", this.#pictures.use(painter));
  }

  /** Draws pending pictures that have become ready. */
  pictureReady(): void {
    this.#pictures.ready();
  }

  #queueSideOutput(kind: SideOutput, text: string): void {
    this.#sideOutput.set(kind, text);
    this.#write();
  }

  #invalidate(): void {
    this.#content = undefined;
    this.#title = undefined;
    this.#next ??= this.#last;
    this.#onResize(this.#device.size());
    this.#write();
  }

  /** Holds frames back while earlier output is unsent or unconfirmed by the terminal. */
  #write(): void {
    if (this.#isWaiting || !this.#modes.isActive) return;
    const { output } = this.#device;
    while (output.queuedBytes() === 0) {
      if (!this.#pacing.isOpen) return;
      const sequences = this.#takeSideOutput() + this.#queries.take() + this.#frameText();
      const text = sequences === "" ? this.#pictureText() : sequences;
      if (text === "") return;
      output.write(this.#pacing.marked(text));
    }
    this.#isWaiting = true;
    void output.flushed().then(() => {
      this.#isWaiting = false;
      this.#write();
    });
  }

  #takeSideOutput(): string {
    const text = [...this.#sideOutput.values()].join("");
    this.#sideOutput.clear();
    return text;
  }

  #frameText(): string {
    const frame = this.#next;
    if (frame === undefined) return "";
    this.#next = undefined;
    this.#last = frame;
    const size = this.#device.size();
    if (!isSameSize(this.#content?.size, size)) this.#pictures.erased();
    const isPainted = this.#pictures.hasPainted;
    const lines = rowsOf(frame, size, this.#content, this.#pens);
    const rows = this.#pictures.cells(lines, frame.pictures ?? []);
    const cursorPlace = cursorOf(frame, size);
    const { text, place } = paintChanges(this.#content, rows, size, cursorPlace, !isPainted);
    const hasCursor = frame.cursor !== undefined;
    const cursor = hasCursor === this.#content?.hasCursor ? "" : `\x1b[?25${hasCursor ? "h" : "l"}`;
    this.#content = { size, lines, rows, place, hasCursor };
    const gone = this.#pictures.takeRemovals();
    const all = this.#titleText(frame.title) + gone + text + cursor;
    if (all.length < SYNCHRONIZED_BYTES_MIN) return all;
    return BEGIN_SYNCHRONIZED + all + END_SYNCHRONIZED;
  }

  #pictureText(): string {
    const shown = this.#content;
    const frame = this.#last;
    if (shown === undefined || frame === undefined) return "";
    const next = this.#pictures.next();
    if (next === undefined || !next.movesCursor) return next?.text ?? "";
    const rows = this.#pictures.cells(shown.lines, frame.pictures ?? []);
    const place = cursorOf(frame, shown.size);
    this.#content = { ...shown, rows, place };
    const back = place === undefined ? "" : `\x1b[${place.row + 1};${place.column + 1}H`;
    return BEGIN_SYNCHRONIZED + next.text + back + END_SYNCHRONIZED;
  }

  #titleText(title: string): string {
    if (title === this.#title) return "";
    this.#title = title;
    const shown = titleText(title);
    return `\x1b]2;${shown}\x1b\\`;
  }
}

function isSameSize(one: Size | undefined, other: Size): boolean {
  return one?.columns === other.columns && one.rows === other.rows;
}

function rowsOf(
  { lines }: Frame,
  { columns, rows }: Size,
  shown: TerminalContent | undefined,
  pens: Pens,
): Row[] {
  const isKnown = shown?.size.columns === columns;
  const known = new Map(isKnown ? shown.lines.map((row) => [row.line, row]) : []);
  return Array.from({ length: rows }, (_, at) => {
    const line = lines[at] ?? "";
    return known.get(line) ?? rowOf(line, columns, pens);
  });
}

function cursorOf({ cursor }: Frame, { columns, rows }: Size): CursorPosition | undefined {
  if (cursor === undefined) return undefined;
  return { row: Math.min(cursor.row, rows - 1), column: Math.min(cursor.column, columns - 1) };
}

interface PaintResult {
  readonly text: string;
  readonly place: CursorPosition | undefined;
}

function paintChanges(
  shown: TerminalContent | undefined,
  next: readonly Row[],
  size: Size,
  cursor: CursorPosition | undefined,
  mayScroll: boolean,
): PaintResult {
  if (shown === undefined || !isSameSize(shown.size, size)) {
    const painter = new Painter(size.columns, undefined);
    painter.erase();
    return paint(painter, [], next, cursor);
  }
  const full = paint(new Painter(size.columns, shown.place), shown.rows, next, cursor);
  const scroll = mayScroll ? scrollOf(shown.rows, next) : undefined;
  if (scroll === undefined) return full;
  const { top, bottom, by } = scroll;
  const painter = new Painter(size.columns, shown.place);
  painter.scroll(top, bottom, by);
  const scrolled = paint(painter, scrolledRows(shown.rows, scroll), next, cursor);
  return scrolled.text.length < full.text.length ? scrolled : full;
}

function paint(
  painter: Painter,
  shown: readonly Row[],
  next: readonly Row[],
  cursor: CursorPosition | undefined,
): PaintResult {
  for (const [at, row] of next.entries()) {
    const before = shown[at] ?? EMPTY_ROW;
    if (before !== row) painter.row(at, before, row);
  }
  return { text: painter.finish(cursor, next), place: painter.position };
}
