/** Line printed between messages from different days. */

import { formatLocalDay, type OffsetMinutes } from "../../base/time.ts";
import type { Context } from "../context.ts";
import { clockColor } from "./color.ts";

export class DayLines {
  readonly #offsetMinutes: OffsetMinutes;
  readonly #color: boolean;
  #day: string;

  constructor({ clock, offsetMinutes, color }: Pick<Context, "clock" | "offsetMinutes" | "color">) {
    this.#offsetMinutes = offsetMinutes;
    this.#color = color;
    this.#day = formatLocalDay(clock.unixMs(), offsetMinutes);
  }

  before(unixMs: number): string {
    const day = formatLocalDay(unixMs, this.#offsetMinutes);
    if (day === this.#day) return "";
    this.#day = day;
    return `${clockColor(`--- ${day} ---`, this.#color)}\n`;
  }
}
