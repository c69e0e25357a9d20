/** Parsing of durations as users type them. */

import { Fault, msg } from "../base/fault.ts";
import { UNITS_MS } from "../base/parse-time.ts";
import { formatDuration } from "../base/sizes.ts";
import { formatUtc } from "../base/time.ts";

const DURATION_MS_MAX = 100 * 365 * 86_400_000;
const DURATION = /^(\d+)([smhdw])$/;

export function isDuration(text: string): boolean {
  return DURATION.test(text);
}

/**
 * Returns the Unix time that is `10m`, `2h` or `7d` after `nowUnixMs`.
 * @throws {Fault} usage if the text is not a duration
 */
export function parseUntil(text: string, nowUnixMs: number): number {
  return nowUnixMs + parseDuration(text, { min: 1, max: DURATION_MS_MAX });
}

/**
 * Returns milliseconds.
 * @param or other accepted values, which the remedy lists
 * @throws {Fault} usage if the text is not a duration
 */
export function parseDuration(
  text: string,
  {
    min,
    max,
    alternative: or,
  }: { readonly min: number; readonly max: number; readonly alternative?: string },
): number {
  const [, count = "", unit = ""] = DURATION.exec(text) ?? [];
  const span = Number(count) * (UNITS_MS.get(unit) ?? Number.NaN);
  if (span >= min && span <= max) return span;
  const isOutside = span > 0;
  const alternativeText = or === undefined ? "" : `, or ${or}`;
  const shown = text.slice(0, 40);
  const message = isOutside
    ? msg`'${shown}' is too short or too long`
    : msg`'${shown}' is not a duration`;
  throw new Fault("usage", message, {
    remedy: isOutside
      ? msg`use a duration from ${formatDuration(min)} to ${formatDuration(max)}${alternativeText}`
      : msg`use 30s, 10m, 2h or 7d${alternativeText}`,
  });
}

/** Formats the time in field `key`, if present, as UTC with milliseconds. */
export function withUtcTime(
  fields: Readonly<Record<string, unknown>>,
  key: string,
): Readonly<Record<string, unknown>> {
  const at = fields[key];
  return typeof at === "number" ? { ...fields, [key]: formatUtc(at) } : fields;
}
