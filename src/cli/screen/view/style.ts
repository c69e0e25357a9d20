/** What is shown, before it is a terminal's bytes: lines of spans, each with a role. */

import type { PictureBox } from "../state/frame.ts";
import { cutTo, widthOf } from "./width.ts";

/** What a text is, not how it looks: a theme says that, and config.toml may say it otherwise. */
export type Role = (typeof ROLES)[number];

export const ROLES = [
  "text",
  "dim",
  "accent",
  "danger",
  "bar",
  "bar-dim",
  "bar-good",
  "bar-bad",
  "rule",
  "day",
  "unread",
  "event",
  "quote",
  "mark",
  "pending",
  "link",
  "code",
  "mention",
  "call",
  "reaction",
  "reaction-own",
  "file",
  "progress",
  "selected",
  "shown",
  "open",
  "busy",
  "count",
  "calls",
  "online",
  "prompt",
  "title",
  "nick-0",
  "nick-1",
  "nick-2",
  "nick-3",
  "nick-4",
  "nick-5",
  "nick-6",
] as const;

/** Clean text without line feeds. */
export interface Span {
  readonly text: string;
  readonly role?: Role;
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly strike?: boolean;
  /** A web address that the text leads to. */
  readonly link?: string;
  /** What a click on it does; left out: what one on its row does. */
  readonly does?: "fetch" | "unfold" | "newest" | "unread";
  /** The text is cells of a picture, which have no look of their own. */
  readonly picture?: PictureBox;
}

export type Line = readonly Span[];

export function lineWidth(line: Line): number {
  let columns = 0;
  for (const { text } of line) columns += widthOf(text);
  return columns;
}

/** What stands in that column, from 0; undefined: nothing does. */
export function spanAt(line: Line, column: number): Span | undefined {
  let end = 0;
  return line.find(({ text }) => {
    end += widthOf(text);
    return column < end;
  });
}

/** The beginning of a line that fits, with `…` where more was. */
export function cutLine(line: Line, columns: number): Line {
  if (lineWidth(line) <= columns) return line;
  const cut: Span[] = [];
  let left = columns;
  for (const span of line) {
    const width = widthOf(span.text);
    // A mark has to fit behind what stays.
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

/** Left and right in one line; the right one goes first where both do not fit. */
export function splitLine(left: Line, right: Line, columns: number): Line {
  const width = lineWidth(right);
  if (width === 0 || width >= columns) return fitLine(left, columns);
  const room = columns - width;
  if (lineWidth(left) + 1 > room && room < columns / 3) return fitLine(left, columns);
  return [...fitLine(cutLine(left, room - 1), room), ...right];
}
