/** Formatting and parsing of sizes, rates and durations in decimal units, as on disk labels. */

import { Fault, msg } from "./fault.ts";
import { quoteText } from "./text.ts";
import { SECOND_MS } from "./time.ts";

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;
const STEP = 1000;
const SIZE = /^(\d{1,15}(?:\.\d{1,6})?) ?(?:([kmgtp])(i)?)?(b)?$/i;
const POWERS = "kmgtp";
const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;
const DAYS_MAX = 99;

export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

export function formatSize(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= STEP - 0.5 && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

export function formatRate(bytesPerS: number): string {
  return `${formatSize(bytesPerS)}/s`;
}

/** Returns `8 s`, `3 min 20 s`, `2 h 5 min` or `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.ceil(Math.max(0, ms) / SECOND_MS);
  if (seconds > DAYS_MAX * DAY_S) return `over ${DAYS_MAX} d`;
  if (seconds < MINUTE_S) return `${seconds} s`;
  if (seconds < HOUR_S) return twoUnits(seconds, MINUTE_S, "min", 1, "s");
  if (seconds < DAY_S) return twoUnits(seconds, HOUR_S, "h", MINUTE_S, "min");
  return twoUnits(seconds, DAY_S, "d", HOUR_S, "h");
}

/** Returns `4.1 s`, or the text of `formatDuration` for a minute or more. */
export function formatElapsed(ms: number): string {
  const tenths = Math.round(Math.max(0, ms) / (SECOND_MS / 10));
  return tenths < MINUTE_S * 10 ? `${(tenths / 10).toFixed(1)} s` : formatDuration(ms);
}

/**
 * Parses `500`, `10M`, `10MB`, `1.5 GB` (decimal) or `10GiB` (binary), in upper or lower case.
 * @throws {Fault} usage if the text is not a size
 */
export function parseSize(text: string): number {
  const [, digits = "", unit = "", binary] = SIZE.exec(text) ?? [];
  const power = POWERS.indexOf(unit.toLowerCase()) + (unit === "" ? 0 : 1);
  const bytes = Math.round(Number(digits) * (binary === undefined ? STEP : 1024) ** power);
  if (digits !== "" && Number.isSafeInteger(bytes)) return bytes;
  throw new Fault("usage", msg`${quoteText(text)} is not a size`, {
    remedy: msg`use 500M, 10G or 1.5TB`,
  });
}

function twoUnits(
  seconds: number,
  big: number,
  bigName: string,
  small: number,
  smallName: string,
): string {
  const bigCount = Math.floor(seconds / big);
  const smallCount = Math.floor((seconds % big) / small);
  return smallCount === 0
    ? `${bigCount} ${bigName}`
    : `${bigCount} ${bigName} ${smallCount} ${smallName}`;
}
