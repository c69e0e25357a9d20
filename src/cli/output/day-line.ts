/** The line between messages of different days. */

import { formatLocalDay, type OffsetMinutes } from "../../base/time.ts";
import type { Context } from "../context.ts";
import { clockColor } from "./color.ts";

/** Day lines for output that displays only hours and minutes. */
export class DayLines {
  readonly #offsetMinutes: OffsetMinutes;
  readonly #color: boolean;
  /** Day of the last output, initially today. */
  #day: string;

  constructor({ clock, offsetMinutes, color }: Pick<Context, "clock" | "offsetMinutes" | "color">) {
    this.#offsetMinutes = offsetMinutes;
    this.#color = color;
    this.#day = formatLocalDay(clock.unixMs(), offsetMinutes);
  }

  /** Returns the line to print before output with this time; empty on the same day. */
  before(unixMs: number): string {
    const day = formatLocalDay(unixMs, this.#offsetMinutes);
    if (day === this.#day) return "";
    this.#day = day;
    return `${clockColor(`--- ${day} ---`, this.#color)}\n`;
  }
}
