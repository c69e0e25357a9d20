/** Output of the view before it becomes terminal bytes: lines of spans, each with a role. */

import type { PictureBox } from "../state/frame.ts";
import type { Role } from "./roles.ts";
import { cutTo, widthOf } from "./width.ts";

/** Clean text without line feeds. */
export interface Span {
  readonly text: string;
  readonly role?: Role;
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly strike?: boolean;
  /** Web address that the text links to. */
  readonly link?: string;
  /** Effect of a click; if absent, that of a click on its row. */
  readonly clickAction?: "fetch" | "unfold" | "newest" | "unread";
  /** The text is cells of a picture, which have no colour of their own. */
  readonly picture?: PictureBox;
}

export type Line = readonly Span[];

export function lineWidth(line: Line): number {
  let columns = 0;
  for (const { text } of line) columns += widthOf(text);
  return columns;
}

/** Span at that column, from 0; `undefined` if there is none. */
export function spanAt(line: Line, column: number): Span | undefined {
  let end = 0;
  return line.find(({ text }) => {
    end += widthOf(text);
    return column < end;
  });
}

/** The beginning of a line that fits, with `…` if it was cut. */
export function cutLine(line: Line, columns: number): Line {
  if (lineWidth(line) <= columns) return line;
  const cut: Span[] = [];
  let left = columns;
  for (const span of line) {
    const width = widthOf(span.text);
    // A mark has to fit after the remaining text.
    if (width < left) {
      cut.push(span);
      left -= width;
      continue;
    }
    const text = cutTo(`${span.text}${width === left ? "  " : ""}`, left);
    if (left > 0) cut.push({ ...span, text });
    break;
  }
  return cut;
}

/** Cut or filled to exactly so many columns. */
export function fitLine(line: Line, columns: number): Line {
  const cut = cutLine(line, columns);
  const left = columns - lineWidth(cut);
  return left > 0 ? [...cut, { text: " ".repeat(left) }] : cut;
}

/** Left and right text in one line; the right one is dropped if both do not fit. */
export function splitLine(left: Line, right: Line, columns: number): Line {
  const width = lineWidth(right);
  if (width === 0 || width >= columns) return fitLine(left, columns);
  const room = columns - width;
  if (lineWidth(left) + 1 > room && room < columns / 3) return fitLine(left, columns);
  return [...fitLine(cutLine(left, room - 1), room), ...right];
}
