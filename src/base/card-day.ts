/** Dates on cards: until when the codes work. */

import { RESET_MS_MAX } from "./limits.ts";
import { dateOf, HOUR_MS } from "./time.ts";

/** The server's clock may be behind this one. */
const MARGIN_MS = HOUR_MS;

/**
 * Returns the end of the last day that is within the longest lifetime of a code, so that a card can
 * state the day alone.
 */
export function cardExpiry(unixMs: number): number {
  return dateOf(unixMs + RESET_MS_MAX - MARGIN_MS).setHours(0, 0, 0, 0) - 1;
}

/** Day in local time, with the clock unless the code works until the end of the day. */
export function cardDay(locale: string, unixMs: number): string {
  const isWholeDay = dateOf(unixMs + 1).setHours(0, 0, 0, 0) === unixMs + 1;
  const time = isWholeDay ? {} : ({ hour: "2-digit", minute: "2-digit" } as const);
  const day = { day: "numeric", month: "long", year: "numeric" } as const;
  return new Intl.DateTimeFormat(locale, { ...day, ...time, hourCycle: "h23" }).format(unixMs);
}
