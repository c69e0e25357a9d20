/** Line printed between messages from different days. */

import { formatLocalDay } from "../../base/time.ts";
import type { Context } from "../context.ts";
import { clockColor } from "./color.ts";

export class DayLines {
  #day: string;

  constructor(private readonly context: Pick<Context, "clock" | "offsetMinutes" | "color">) {
    this.#day = formatLocalDay(context.clock.unixMs(), context.offsetMinutes);
  }

  before(unixMs: number): string {
    const day = formatLocalDay(unixMs, this.context.offsetMinutes);
    if (day === this.#day) return "";
    this.#day = day;
    return `${clockColor(`--- ${day} ---`, this.context.color)}\n`;
  }
}
