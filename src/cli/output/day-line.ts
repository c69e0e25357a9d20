/** Line printed between messages of different days. */

import { formatLocalDay, type OffsetMinutes } from "../../base/time.ts";
import type { Context } from "../context.ts";
import { clockColor } from "./color.ts";

/** Creates day lines for output that shows only hours and minutes. */
export class DayLines {
  readonly #offsetMinutes: OffsetMinutes;
  readonly #color: boolean;
  /** Day of the last output. Initially the current day. */
  #day: string;

  constructor({ clock, offsetMinutes, color }: Pick<Context, "clock" | "offsetMinutes" | "color">) {
    this.#offsetMinutes = offsetMinutes;
    this.#color = color;
    this.#day = formatLocalDay(clock.unixMs(), offsetMinutes);
  }

  /**
   * Returns the line to print before output with a given time; empty if the day has not changed.
   */
  before(unixMs: number): string {
    const day = formatLocalDay(unixMs, this.#offsetMinutes);
    if (day === this.#day) return "";
    this.#day = day;
    return `${clockColor(`--- ${day} ---`, this.#color)}\n`;
  }
}
