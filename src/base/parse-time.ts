/** Parser for dates and times typed by users. */

import { Fault, msg } from "./fault.ts";
import { quoteText } from "./text.ts";
import {
  DAY_MS,
  formatUtc,
  HOUR_MS,
  localInstants,
  MINUTE_MS,
  type OffsetMinutes,
} from "./time.ts";

export const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ["s", 1_000],
  ["m", MINUTE_MS],
  ["h", HOUR_MS],
  ["d", DAY_MS],
  ["w", 7 * DAY_MS],
]);
const UNIT = /seconds?|minutes?|hours?|days?|weeks?/.source;
const AGO = new RegExp(`^(\\d{1,9})(?:([smhdw])| (${UNIT}) ago)$`, "i");
const DAY = /(\d{4})-(\d\d)-(\d\d)/.source;
const CLOCK = /(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?/.source;
const ZONE = /(?: ?(Z|[+-]\d\d(?::?\d\d)?))?/.source;
const ISO = new RegExp(`^${DAY}(?:[T ]${CLOCK}${ZONE})?$`, "i");

export interface TimeContext {
  readonly nowUnixMs: number;
  readonly offsetMinutes: OffsetMinutes;
  /**
   * Selects the first (default) or last moment that the text can mean: the first or last
   * millisecond of a day, or of a minute without seconds, and the first or second pass of an hour
   * that a change of clocks repeats. `second` selects the second pass, but the start of a minute.
   */
  readonly edge?: "start" | "second" | "end";
}

/**
 * Parses a time in ISO 8601 (local time unless it has an offset), in which `today`, `yesterday`,
 * `tomorrow` or nothing may replace the date, or an age such as `90s`, `10m`, `2h`, `3d`, `1w` or
 * `2 hours ago`.
 * @returns Unix milliseconds, from 0 to UNIX_MS_MAX
 * @throws {Fault} usage if the text is not a time
 */
export function parseTime(text: string, context: TimeContext): number {
  const ago = AGO.exec(text);
  if (ago !== null) {
    const unit = (ago[2] ?? ago[3] ?? "").charAt(0).toLowerCase();
    const agoMs = Number(ago[1]) * (UNITS_MS.get(unit) ?? 0);
    return Math.max(0, context.nowUnixMs - agoMs);
  }
  const iso = ISO.exec(withDate(text, context));
  const unixMs = iso === null ? undefined : isoUnixMs(iso, context);
  if (unixMs !== undefined) return Math.max(0, unixMs);
  throw new Fault("usage", msg`${quoteText(text)} is not a time`, {
    remedy: msg`use 2026-11-20, 2026-11-20T05:46, 09:00, yesterday, 10m or '2 hours ago'`,
  });
}

function withDate(text: string, { nowUnixMs, offsetMinutes }: TimeContext): string {
  const local = nowUnixMs + offsetMinutes(nowUnixMs) * MINUTE_MS;
  const date = (daysAgo: number) => formatUtc(Math.max(0, local - daysAgo * DAY_MS)).slice(0, 10);
  return text
    .replace(/^today\b/i, date(0))
    .replace(/^yesterday\b/i, date(1))
    .replace(/^tomorrow\b/i, date(-1))
    .replace(/^(?=\d\d:)/, `${date(0)} `);
}

function isoUnixMs(iso: RegExpExecArray, context: TimeContext): number | undefined {
  const [, year, month, day, hour, minute, second, fraction, zone] = iso;
  const wholeDay = hour === undefined;
  const lastsMinute = second === undefined && context.edge === "end";
  const milliseconds = lastsMinute
    ? MINUTE_MS - 1
    : Number((fraction ?? "0").padEnd(3, "0").slice(0, 3));
  const clock = `${hour ?? "00"}:${minute ?? "00"}:${second ?? "00"}`;
  const asUtc = Date.parse(`${year}-${month}-${day}T${clock}.000Z`);
  // Date.parse interprets the 30th of February as the 2nd of March.
  const real = Number.isFinite(asUtc) && formatUtc(asUtc).startsWith(`${year}-${month}-${day}T`);
  if (!real) return undefined;
  if (wholeDay && context.edge === "end") {
    return localInstants(asUtc + DAY_MS, context.offsetMinutes).first - 1;
  }
  if (zone === undefined) {
    const { first, last } = localInstants(asUtc + milliseconds, context.offsetMinutes);
    return context.edge === undefined || context.edge === "start" ? first : last;
  }
  const minutes = zoneMinutes(zone);
  return minutes === undefined ? undefined : asUtc - minutes * MINUTE_MS + milliseconds;
}

function zoneMinutes(zone: string): number | undefined {
  if (/^z$/i.test(zone)) return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const hours = Number(digits.slice(0, 2));
  const minutes = Number(digits.slice(2));
  if (hours > 18 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
