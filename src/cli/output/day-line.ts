/** The line between two days. */

import { formatLocalDay, type OffsetMinutes } from "../../base/time.ts";
import type { Context } from "../context.ts";
import { clockColor } from "./color.ts";

/** For screens that show hours and minutes: a line wherever another day begins. */
export class DayLines {
  readonly #offsetMinutes: OffsetMinutes;
  readonly #color: boolean;
  /** Of what was shown last; at first today, which needs no line. */
  #day: string;

  constructor({ clock, offsetMinutes, color }: Pick<Context, "clock" | "offsetMinutes" | "color">) {
    this.#offsetMinutes = offsetMinutes;
    this.#color = color;
    this.#day = formatLocalDay(clock.unixMs(), offsetMinutes);
  }

  /** What to write before something of this moment: a line, or nothing. */
  before(unixMs: number): string {
    const day = formatLocalDay(unixMs, this.#offsetMinutes);
    if (day === this.#day) return "";
    this.#day = day;
    return `${clockColor(`--- ${day} ---`, this.#color)}\n`;
  }
}
