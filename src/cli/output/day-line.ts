/** The line between two days. */

import { formatLocalDay, type OffsetMinutes } from "../../base/time.ts";
import type { Context } from "../context.ts";
import { clockColor } from "./color.ts";

/** Day lines for output with only hours and minutes: one wherever another day begins. */
export class DayLines {
  readonly #offsetMinutes: OffsetMinutes;
  readonly #color: boolean;
  /** Day of the last output; initially today, which needs no line. */
  #day: string;

  constructor({ clock, offsetMinutes, color }: Pick<Context, "clock" | "offsetMinutes" | "color">) {
    this.#offsetMinutes = offsetMinutes;
    this.#color = color;
    this.#day = formatLocalDay(clock.unixMs(), offsetMinutes);
  }

  /** Line to print before output with this time; may be empty. */
  before(unixMs: number): string {
    const day = formatLocalDay(unixMs, this.#offsetMinutes);
    if (day === this.#day) return "";
    this.#day = day;
    return `${clockColor(`--- ${day} ---`, this.#color)}\n`;
  }
}
