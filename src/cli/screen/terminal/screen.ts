import { COPY_BYTES_MAX } from "../../../base/limits-screen.ts";
import { titleText } from "../../../base/text.ts";
import type { Clock } from "../../../io/clock.ts";
import type { Size, TerminalDevice } from "../../../io/terminal/device.ts";
import type { Frame } from "../state/frame.ts";
import { TerminalModes } from "./modes.ts";
import { notificationText } from "./notification.ts";
import { Pacing } from "./pacing.ts";
import { Painter, type Place } from "./painter.ts";
import { Pens } from "./pen.ts";
import { PictureLayer, type PicturePainter } from "./picture-layer.ts";
import { TerminalQueries } from "./query.ts";
import { EMPTY_ROW, type Row, rowOf } from "./row.ts";
import { scrolledRows, scrollOf } from "./scroll.ts";

export interface ScreenParts {
  readonly device: TerminalDevice;
  readonly clock: Pick<Clock, "after">;
  /** Clicks and the wheel come as keys; the terminal's own selection needs Shift then. */
  readonly mouse: boolean;
  /** Another size, or the same one again after the screen was lost: a new frame is wanted. */
  readonly onResize: (size: Size) => void;
}

/** Larger changes are shown as one, where the terminal can; smaller ones come in one piece. */
const SYNCHRONIZED_BYTES_MIN = 512;
const BEGIN_SYNCHRONIZED = "\x1b[?2026h";
const END_SYNCHRONIZED = "\x1b[?2026l";

/** What goes out beside the frames. */
type Aside = "bell" | "copy" | "notification" | "pictures";

/** What is on the terminal when all that was written has arrived. */
interface Shown {
  readonly size: Size;
  /** As the frame has them. */
  readonly lines: readonly Row[];
  /** As they are: where a picture is still to be painted, blank. */
  readonly rows: readonly Row[];
  readonly place: Place | undefined;
  readonly hasCursor: boolean;
}

/**
 * Shows whole frames, and writes of each only what is new. A terminal that takes nothing for a
 * while costs one frame of memory: of those that come meanwhile only the newest is kept.
 */
export class TerminalScreen {
  readonly #device: TerminalDevice;
  readonly #modes: TerminalModes;
  readonly #queries: TerminalQueries;
  readonly #pacing: Pacing;
  readonly #onResize: (size: Size) => void;
  /** Undefined: nobody knows what is there. */
  #shown: Shown | undefined;
  #title: string | undefined;
  /** The newest that was not drawn yet. */
  #next: Frame | undefined;
  /** What is drawn now or was drawn last: for a screen that was lost. */
  #last: Frame | undefined;
  /** By kind, so that a stopped terminal rings once. */
  readonly #aside = new Map<Aside, string>();
  readonly #pictures: PictureLayer;
  readonly #pens = new Pens();
  #isWaiting = false;

  constructor({ device, clock, mouse, onResize }: ScreenParts) {
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
      onLost: () => this.#lost(),
      onLeave: () => this.#pictures.left(),
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

  /** Resolves when the terminal has its own screen back; `enter` goes on. */
  leave(): Promise<void> {
    return this.#modes.leave();
  }

  /** Ctrl-Z: gives the terminal back, and stops; `fg` draws all again, once. */
  suspend(): Promise<void> {
    return this.#modes.suspend();
  }

  /** For good, and soon: also when the terminal takes nothing. */
  close(): Promise<void> {
    return this.#modes.close();
  }

  show(frame: Frame): void {
    this.#next = frame;
    this.#write();
  }

  /** Ctrl-L: everything anew, whatever is there. */
  redraw(): void {
    this.#shown = undefined;
    this.#next ??= this.#last;
    this.#write();
  }

  /**
   * Written before a frame; see `TerminalQueries`. What is asked before `enter` finds the screen
   * blank, and may write on it: the first frame covers it.
   */
  ask(question: string): Promise<string | undefined> {
    const answers = this.#queries.ask(question);
    this.#write();
    return answers;
  }

  /** The reader of the keys gives all reports here. */
  answered(report: string): void {
    this.#queries.answered(report);
  }

  /** What begins as an answer may be one, however slowly it comes. */
  get isAnswerDue(): boolean {
    return this.#queries.isDue;
  }

  ring(): void {
    this.#beside("bell", "\x07");
  }

  /**
   * Into the clipboard of the user's terminal, also over ssh (OSC 52).
   * @returns false: it is too long, and nothing was copied
   */
  copy(text: string): boolean {
    const bytes = Buffer.from(text);
    if (bytes.length > COPY_BYTES_MAX) return false;
    this.#beside("copy", `\x1b]52;c;${bytes.toString("base64")}\x1b\\`);
    return true;
  }

  /** By the terminal itself. */
  notify(title: string, text: string, how: "osc9" | "osc777"): void {
    this.#beside("notification", notificationText(title, text, how));
  }

  /** From the next frame on; undefined: none. */
  showPictures(painter: PicturePainter | undefined): void {
    this.#shown = undefined;
    this.#next ??= this.#last;
    this.#beside("pictures", this.#pictures.use(painter));
  }

  /** One that was not ready when it was wanted. */
  pictureReady(): void {
    this.#pictures.ready();
  }

  #beside(kind: Aside, text: string): void {
    this.#aside.set(kind, text);
    this.#write();
  }

  #lost(): void {
    this.#shown = undefined;
    this.#title = undefined;
    this.#next ??= this.#last;
    this.#onResize(this.#device.size());
    this.#write();
  }

  /** Nothing is queued behind what has not gone out yet, or is not known to be shown. */
  #write(): void {
    if (this.#isWaiting || !this.#modes.isIn) return;
    const { output } = this.#device;
    while (output.queuedBytes() === 0) {
      if (!this.#pacing.isOpen) return;
      const told = this.#asideText() + this.#queries.take() + this.#frameText();
      const text = told === "" ? this.#pictureText() : told;
      if (text === "") return;
      output.write(this.#pacing.marked(text));
    }
    this.#isWaiting = true;
    void output.flushed().then(() => {
      this.#isWaiting = false;
      this.#write();
    });
  }

  #asideText(): string {
    const text = [...this.#aside.values()].join("");
    this.#aside.clear();
    return text;
  }

  #frameText(): string {
    const frame = this.#next;
    if (frame === undefined) return "";
    this.#next = undefined;
    this.#last = frame;
    const size = this.#device.size();
    if (!isSize(this.#shown?.size, size)) this.#pictures.erased();
    const isPainted = this.#pictures.hasPainted;
    const lines = rowsOf(frame, size, this.#shown, this.#pens);
    const rows = this.#pictures.cells(lines, frame.pictures ?? []);
    const cursorPlace = cursorOf(frame, size);
    const { text, place } = drawn(this.#shown, rows, size, cursorPlace, !isPainted);
    const hasCursor = frame.cursor !== undefined;
    const cursor = hasCursor === this.#shown?.hasCursor ? "" : `\x1b[?25${hasCursor ? "h" : "l"}`;
    this.#shown = { size, lines, rows, place, hasCursor };
    const gone = this.#pictures.takeFarewell();
    const all = this.#titleText(frame.title) + gone + text + cursor;
    if (all.length < SYNCHRONIZED_BYTES_MIN) return all;
    return BEGIN_SYNCHRONIZED + all + END_SYNCHRONIZED;
  }

  #pictureText(): string {
    const shown = this.#shown;
    const frame = this.#last;
    if (shown === undefined || frame === undefined) return "";
    const next = this.#pictures.next();
    if (next === undefined || !next.movesCursor) return next?.text ?? "";
    const rows = this.#pictures.cells(shown.lines, frame.pictures ?? []);
    const place = cursorOf(frame, shown.size);
    this.#shown = { ...shown, rows, place };
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

function isSize(one: Size | undefined, other: Size): boolean {
  return one?.columns === other.columns && one.rows === other.rows;
}

function rowsOf(
  { lines }: Frame,
  { columns, rows }: Size,
  shown: Shown | undefined,
  pens: Pens,
): Row[] {
  const isKnown = shown?.size.columns === columns;
  const known = new Map(isKnown ? shown.lines.map((row) => [row.line, row]) : []);
  return Array.from({ length: rows }, (_, at) => {
    const line = lines[at] ?? "";
    return known.get(line) ?? rowOf(line, columns, pens);
  });
}

function cursorOf({ cursor }: Frame, { columns, rows }: Size): Place | undefined {
  if (cursor === undefined) return undefined;
  return { row: Math.min(cursor.row, rows - 1), column: Math.min(cursor.column, columns - 1) };
}

interface Drawn {
  readonly text: string;
  readonly place: Place | undefined;
}

function drawn(
  shown: Shown | undefined,
  next: readonly Row[],
  size: Size,
  cursor: Place | undefined,
  mayScroll: boolean,
): Drawn {
  if (shown === undefined || !isSize(shown.size, size)) {
    const painter = new Painter(size.columns, undefined);
    painter.erase();
    return paint(painter, [], next, cursor);
  }
  const anew = paint(new Painter(size.columns, shown.place), shown.rows, next, cursor);
  const scroll = mayScroll ? scrollOf(shown.rows, next) : undefined;
  if (scroll === undefined) return anew;
  const { top, bottom, by } = scroll;
  const painter = new Painter(size.columns, shown.place);
  painter.scroll(top, bottom, by);
  const scrolled = paint(painter, scrolledRows(shown.rows, scroll), next, cursor);
  return scrolled.text.length < anew.text.length ? scrolled : anew;
}

function paint(
  painter: Painter,
  shown: readonly Row[],
  next: readonly Row[],
  cursor: Place | undefined,
): Drawn {
  for (const [at, row] of next.entries()) {
    const before = shown[at] ?? EMPTY_ROW;
    if (before !== row) painter.row(at, before, row);
  }
  return { text: painter.finish(cursor, next), place: painter.place };
}
