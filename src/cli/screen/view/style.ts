/** Styled lines, which the palette converts to terminal text. */

import type { PictureBox } from "../state/frame.ts";
import type { Role } from "./roles.ts";
import { cutTo, widthOf } from "./width.ts";

/** Cleaned text without line feeds, in a single style. */
export interface Span {
  readonly text: string;
  readonly role?: Role;
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly strike?: boolean;
  readonly link?: string;
  /** If absent, a click selects the row. */
  readonly clickAction?: "fetch" | "unfold" | "newest" | "unread";
  /** Set for picture cells, whose colour encodes the picture, so that no style applies. */
  readonly picture?: PictureBox;
}

export type Line = readonly Span[];

export function lineWidth(line: Line): number {
  let columns = 0;
  for (const { text } of line) columns += widthOf(text);
  return columns;
}

export function spanAt(line: Line, column: number): Span | undefined {
  let end = 0;
  return line.find(({ text }) => {
    end += widthOf(text);
    return column < end;
  });
}

/** A line that was cut ends with `…`. */
export function cutLine(line: Line, columns: number): Line {
  if (lineWidth(line) <= columns) return line;
  const cut: Span[] = [];
  let remaining = columns;
  for (const span of line) {
    const width = widthOf(span.text);
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

export function fitLine(line: Line, columns: number): Line {
  const cut = cutLine(line, columns);
  const padding = columns - lineWidth(cut);
  return padding > 0 ? [...cut, { text: " ".repeat(padding) }] : cut;
}

/** Omits the right text if there is not enough space. */
export function splitLine(left: Line, right: Line, columns: number): Line {
  const width = lineWidth(right);
  if (width === 0 || width >= columns) return fitLine(left, columns);
  const room = columns - width;
  if (lineWidth(left) + 1 > room && room < columns / 3) return fitLine(left, columns);
  return [...fitLine(cutLine(left, room - 1), room), ...right];
}
