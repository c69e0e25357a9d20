import { type Pen, PLAIN, penAfter, penWithLink } from "../../../../src/cli/screen/terminal/row.ts";
import type { Size } from "../../../../src/io/terminal/device.ts";

interface Cell {
  /** Grapheme; empty for the second column of a wide grapheme. */
  readonly text: string;
  readonly pen: Pen;
}

const SEQUENCE = new RegExp(
  [
    /\x1b\[4l|\x1b\(B|\x0f/, // Sequences without an effect in this emulator.
    /\x1b\[([?>]?)([\d;:]*)([@-~])/,
    /\x1b\]([^\x07\x1b]*)(?:\x07|\x1b\\)/,
    /\x1b([M\\])|([\n\r\b\x07\x18])|([^\x00-\x1f]+)/,
    /\x1b_([^\x1b]*)\x1b\\|\x1bP([^\x1b]*)\x1b\\/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "g",
);
const BEGUN = /\x1b(?:\[[\d;?>]*|\][^\x07\x1b]*\x1b?|[_P][^\x1b]*\x1b?)?$/;
const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

export class Emulator {
  readonly size: Size;
  cells: Cell[][];
  row = 0;
  column = 0;
  hasCursor = true;
  title = "";
  readonly modes = new Set<string>(["7"]);
  readonly commands: string[] = [];
  readonly queries: string[] = [];
  readonly graphics: string[] = [];
  readonly overlays = new Map<number, readonly [row: number, column: number]>();
  readonly painted: { readonly row: number; readonly column: number; readonly text: string }[] = [];
  bells = 0;
  #pen: Pen = PLAIN;
  #isPastEnd = false;
  #isMeasured = false;
  #incomplete = "";
  #top = 0;
  #bottom: number;
  readonly #widthOf: (grapheme: string) => number;

  constructor(size: Size, widthOf: (grapheme: string) => number = Bun.stringWidth) {
    this.size = size;
    this.#bottom = size.rows - 1;
    this.#widthOf = widthOf;
    this.cells = Array.from({ length: size.rows }, () =>
      Array.from({ length: size.columns }, () => ({ text: "?", pen: PLAIN })),
    );
  }

  write(bytes: string): void {
    const all = this.#incomplete + bytes;
    this.#incomplete = BEGUN.exec(all)?.[0] ?? "";
    const text = all.slice(0, all.length - this.#incomplete.length);
    let end = 0;
    for (const match of text.matchAll(SEQUENCE)) {
      if (match.index !== end)
        throw new Error(`not understood: ${JSON.stringify(text.slice(end))}`);
      end = match.index + match[0].length;
      const [, mark, parameters = "", final = "", command, short, control, letters] = match;
      const [graphics, device] = match.slice(8);
      if (final === "n") this.#isMeasured ||= parameters === "6";
      else if (final === "c" && this.#isMeasured) this.#isMeasured = false;
      else if (mark === ">" || final === "c" || /^1[46]t$/.test(parameters + final)) {
        this.queries.push(parameters + final);
      } else if (graphics?.includes("a=q")) this.queries.push("kitty");
      else if (graphics !== undefined) this.#graphic(graphics);
      else if (device !== undefined) this.#paint(device);
      else if (mark === "?") this.#mode(parameters, final === "h");
      else if (mark !== undefined) this.#csi(parameters, final);
      else if (command !== undefined) this.#osc(command);
      else if (short === "M") this.#reverseIndex();
      else if (control !== undefined) this.#control(control);
      else if (letters !== undefined) this.#write(letters);
    }
    if (end !== text.length) throw new Error(`not understood: ${JSON.stringify(text.slice(end))}`);
  }

  visibleRow(row: number): string[] {
    const cells = (this.cells[row] ?? []).map(({ text, pen }) => {
      return text === " " && !pen.isVisibleOnBlank ? "blank" : text + pen.key;
    });
    while (cells.at(-1) === "blank") cells.pop();
    return cells;
  }

  text(row: number): string {
    return (this.cells[row] ?? [])
      .map(({ text }) => text)
      .join("")
      .trimEnd();
  }

  #mode(parameters: string, isOn: boolean): void {
    for (const mode of parameters.split(";")) {
      if (mode === "25") this.hasCursor = isOn;
      if (isOn) this.modes.add(mode);
      else this.modes.delete(mode);
    }
  }

  #csi(parameters: string, final: string): void {
    if (final === "m") {
      this.#pen = penAfter(this.#pen, parameters);
      return;
    }
    this.#isPastEnd = false;
    const numbers = parameters.split(";").map((parameter) => Math.max(1, Number(parameter) || 1));
    const [first = 1, second = 1] = numbers;
    const { columns, rows } = this.size;
    if (final === "H") [this.row, this.column] = [first - 1, second - 1];
    else if (final === "G") this.column = first - 1;
    else if (final === "d") this.row = first - 1;
    else if (final === "C") this.column += first;
    else if (final === "A") this.row = Math.max(this.#top, this.row - first);
    else if (final === "B") this.row = Math.min(this.#bottom, this.row + first);
    else if (final === "L") for (let i = 0; i < first; i++) this.#scroll(this.#bottom, this.row);
    else if (final === "K") this.#erase(this.column, columns);
    else if (final === "X") this.#erase(this.column, this.column + first);
    else if (final === "J") for (let row = 0; row < rows; row++) this.#blank(row);
    else if (final === "r") {
      this.#top = parameters === "" ? 0 : first - 1;
      this.#bottom = parameters === "" ? rows - 1 : second - 1;
      [this.row, this.column] = [0, 0];
    } else if (final !== "t") throw new Error(`CSI ${parameters}${final} is not known`);
    const isOff = this.row >= rows || this.column >= columns || this.row < 0 || this.column < 0;
    if (isOff) throw new Error(`the cursor left the screen: ${this.row} ${this.column}`);
  }

  #osc(command: string): void {
    if (command.startsWith("2;")) this.title = command.slice(2);
    else if (command.startsWith("8;")) this.#pen = penWithLink(this.#pen, command.slice(2));
    else if (command.startsWith("1337;File=")) this.#paint(command);
    else this.commands.push(command);
  }

  /**
   * Applies a kitty graphics command. A picture at the cursor covers the cells until it is removed
   * by number.
   */
  #graphic(command: string): void {
    this.graphics.push(command);
    const [, deed, more = ""] = /^G(?:a=(\w))?([^;]*)/.exec(command) ?? [];
    const [, id = ""] = /,i=(\d+)/.exec(more) ?? [];
    if (deed === "d") this.overlays.delete(Number(id));
    if (deed !== "T" || !more.includes(",C=1")) return;
    this.overlays.set(Number(id), [this.row, this.column]);
  }

  #paint(text: string): void {
    const { row, column } = this;
    this.painted.push({ row, column, text });
    const [, columns = 0, rows = 0] = /;width=(\d+);height=(\d+);/.exec(text) ?? [];
    for (let y = row; y < row + Number(rows); y++) {
      for (let x = column; x < column + Number(columns); x++) {
        const cells = this.cells[y];
        if (cells !== undefined) cells[x] = { text: `<${text.split(":").at(-1)}>`, pen: PLAIN };
      }
    }
    [this.row, this.column] = [this.size.rows - 1, 0];
  }

  #control(control: string): void {
    this.#isPastEnd = false;
    if (control === "\x07") this.bells++;
    else if (control === "\r") this.column = 0;
    else if (control === "\b") this.column--;
    else if (control === "\n" && this.row < this.#bottom) this.row++;
    else if (control === "\n") this.#scroll(this.#top, this.#bottom);
  }

  #reverseIndex(): void {
    if (this.row > this.#top) this.row--;
    else this.#scroll(this.#bottom, this.#top);
  }

  #scroll(out: number, into: number): void {
    this.cells.splice(out, 1);
    this.cells.splice(into, 0, []);
    this.#blank(into);
  }

  #blank(row: number): void {
    this.cells[row] = Array.from({ length: this.size.columns }, () => this.#erased());
  }

  #erased(): Cell {
    const background = this.#pen.slots[9] ?? "";
    return { text: " ", pen: background === "" ? PLAIN : penAfter(PLAIN, background) };
  }

  #erase(from: number, end: number): void {
    for (let at = from; at < Math.min(end, this.size.columns); at++) this.#set(at, this.#erased());
  }

  #write(text: string): void {
    for (const { segment } of segmenter.segment(text)) {
      const width = this.#widthOf(segment);
      if (this.#isPastEnd || this.column + width > this.size.columns) {
        if (this.modes.has("7")) throw new Error("a line was wrapped");
        this.column = this.size.columns - width;
      }
      this.#set(this.column, { text: segment, pen: this.#pen });
      for (let at = 1; at < width; at++)
        this.#set(this.column + at, { text: "", pen: this.#pen }, true);
      this.column += width;
      this.#isPastEnd = this.column >= this.size.columns;
      if (this.#isPastEnd) this.column = this.size.columns - 1;
    }
  }

  #set(at: number, cell: Cell, isSecond = false): void {
    const cells = this.cells[this.row] ?? [];
    const blank = (column: number) => {
      cells[column] = { text: " ", pen: cells[column]?.pen ?? PLAIN };
    };
    if (cells[at]?.text === "" && !isSecond) {
      for (let back = at - 1; back >= 0; back--) {
        const { text } = cells[back] ?? { text: " " };
        blank(back);
        if (text !== "") break;
      }
    }
    cells[at] = cell;
    for (let next = at + 1; cells[next]?.text === ""; next++) blank(next);
  }
}
