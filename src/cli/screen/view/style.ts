/** Lines of spans, the output of the view before it becomes terminal bytes. */

import type { PictureBox } from "../state/frame.ts";
import type { Role } from "./roles.ts";
import { cutTo, widthOf } from "./width.ts";

/** Cleaned text without line feeds. */
export interface Span {
  readonly text: string;
  readonly role?: Role;
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly strike?: boolean;
  readonly link?: string;
  /** Effect of a click; if absent, a click acts on the row. */
  readonly clickAction?: "fetch" | "unfold" | "newest" | "unread";
  /** Set if the text is cells of a picture, which have no colour. */
  readonly picture?: PictureBox;
}

export type Line = readonly Span[];

export function lineWidth(line: Line): number {
  let columns = 0;
  for (const { text } of line) columns += widthOf(text);
  return columns;
}

/** Returns the span at a column from 0; `undefined` if there is none. */
export function spanAt(line: Line, column: number): Span | undefined {
  let end = 0;
  return line.find(({ text }) => {
    end += widthOf(text);
    return column < end;
  });
}

/** Cuts a line to the columns, with `…` if it was cut. */
export function cutLine(line: Line, columns: number): Line {
  if (lineWidth(line) <= columns) return line;
  const cut: Span[] = [];
  let remaining = columns;
  for (const span of line) {
    const width = widthOf(span.text);
    // Reserves a column for `…` if more text follows.
    if (width < remaining) {
      cut.push(span);
      remaining -= width;
      continue;
    }
    const text = cutTo(`${span.text}${width === remaining ? "  " : ""}`, remaining);
    if (remaining > 0) cut.push({ ...span, text });
    break;
  }
  return cut;
}

/** Cuts or fills a line to exactly this width. */
export function fitLine(line: Line, columns: number): Line {
  const cut = cutLine(line, columns);
  const padding = columns - lineWidth(cut);
  return padding > 0 ? [...cut, { text: " ".repeat(padding) }] : cut;
}

/** Joins left and right text in one line. Drops the right text if both do not fit. */
export function splitLine(left: Line, right: Line, columns: number): Line {
  const width = lineWidth(right);
  if (width === 0 || width >= columns) return fitLine(left, columns);
  const room = columns - width;
  if (lineWidth(left) + 1 > room && room < columns / 3) return fitLine(left, columns);
  return [...fitLine(cutLine(left, room - 1), room), ...right];
}
