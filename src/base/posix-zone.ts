/** Time zones as rules, such as `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX.1-2024, 8.3, TZ). */

import { DAY_MS, dateOf, HOUR_MS, MINUTE_MS, SECOND_MS } from "./time.ts";

/** A day of the year and a local time on it. */
interface ZoneChange {
  readonly day:
    | {
        readonly kind: "month";
        readonly month: number;
        readonly week: number;
        readonly day: number;
      }
    /** 1 to 365, without 29 February. */
    | { readonly kind: "julian"; readonly day: number }
    /** 0 to 365. */
    | { readonly kind: "ordinal"; readonly day: number };
  readonly timeMs: number;
}

/** Offsets are milliseconds ahead of UTC. */
export interface PosixZone {
  readonly offsetMs: number;
  readonly summer?: SummerTime;
}

interface SummerTime {
  readonly offsetMs: number;
  readonly start: ZoneChange;
  readonly end: ZoneChange;
}

const NAME = "(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)";
const TIME = String.raw`[+-]?\d{1,3}(?::\d\d(?::\d\d)?)?`;
const RULE = String.raw`(?:M\d{1,2}\.\d\.\d|J\d{1,3}|\d{1,3})(?:/${TIME})?`;
const ZONE = new RegExp(`^${NAME}(${TIME})(?:${NAME}(${TIME})?(?:,(${RULE}),(${RULE}))?)?$`);
const HAS_SUMMER = new RegExp(`^${NAME}${TIME}${NAME}`);
const RULE_PARTS = /^(?:M(\d+)\.(\d)\.(\d)|(J?)(\d+))(?:\/(.+))?$/;
const OFFSET_HOURS_MAX = 24;
/** Limit of RFC 8536, for rules that begin some days earlier or later. */
const TIME_HOURS_MAX = 167;
/** Rules of the United States, which POSIX systems use without rules. */
const DEFAULT_RULES = ["M3.2.0", "M11.1.0"] as const;

/** Returns `undefined` if the text is no such rule. */
export function parsePosixZone(text: string): PosixZone | undefined {
  const [, west = "", summerWest, startText, endText] = ZONE.exec(text) ?? [];
  const westMs = parseTimeOfDay(west, OFFSET_HOURS_MAX);
  if (westMs === undefined) return undefined;
  const offsetMs = 0 - westMs;
  if (!HAS_SUMMER.test(text)) return { offsetMs };
  const summerWestMs =
    summerWest === undefined ? westMs - HOUR_MS : parseTimeOfDay(summerWest, OFFSET_HOURS_MAX);
  const start = parseChange(startText ?? DEFAULT_RULES[0]);
  const end = parseChange(endText ?? DEFAULT_RULES[1]);
  if (summerWestMs === undefined || start === undefined || end === undefined) return undefined;
  return { offsetMs, summer: { offsetMs: 0 - summerWestMs, start, end } };
}

function parseTimeOfDay(text: string, hoursMax: number): number | undefined {
  const [, sign, hours = "", minutes = "0", seconds = "0"] =
    /^([+-]?)(\d+)(?::(\d+)(?::(\d+))?)?$/.exec(text) ?? [];
  if (hours === "" || Number(hours) > hoursMax) return undefined;
  if (Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const ms = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Number(seconds) * SECOND_MS;
  return sign === "-" ? -ms : ms;
}

function parseChange(text: string): ZoneChange | undefined {
  const [, month, week, weekday, julian, number, time = "2"] = RULE_PARTS.exec(text) ?? [];
  const timeMs = parseTimeOfDay(time, TIME_HOURS_MAX);
  if (timeMs === undefined) return undefined;
  if (month !== undefined) {
    const day = { kind: "month", month: +month, week: Number(week), day: Number(weekday) } as const;
    const isValid = day.month >= 1 && day.month <= 12 && day.week >= 1 && day.week <= 5;
    return isValid && day.day <= 6 ? { day, timeMs } : undefined;
  }
  const day = Number(number ?? Number.NaN);
  if (julian === "J") {
    return day >= 1 && day <= 365 ? { day: { kind: "julian", day }, timeMs } : undefined;
  }
  return day <= 365 ? { day: { kind: "ordinal", day }, timeMs } : undefined;
}

/** Returns the times in a year at which the offset changes, in order; none without summer time. */
export function changesInYear(zone: PosixZone, year: number): readonly number[] {
  const { summer, offsetMs } = zone;
  return summer === undefined ? [] : summerIn(year, summer, offsetMs).toSorted((a, b) => a - b);
}

export function posixOffsetMs(zone: PosixZone, unixMs: number): number {
  const { summer, offsetMs } = zone;
  if (summer === undefined) return offsetMs;
  const year = dateOf(unixMs + offsetMs).getUTCFullYear();
  const [start, end] = summerIn(year, summer, offsetMs);
  const isSummer =
    start < end ? unixMs >= start && unixMs < end : !(unixMs >= end && unixMs < start);
  return isSummer ? summer.offsetMs : offsetMs;
}

/** Returns the times at which summer time starts and ends in a year. */
function summerIn(year: number, summer: SummerTime, offsetMs: number): readonly [number, number] {
  const { start, end } = summer;
  return [localMs(start, year) - offsetMs, localMs(end, year) - summer.offsetMs];
}

/** Returns the local time of a change as if it were UTC. */
function localMs({ day, timeMs }: ZoneChange, year: number): number {
  if (day.kind === "ordinal") return Date.UTC(year, 0, 1) + day.day * DAY_MS + timeMs;
  if (day.kind === "julian") {
    // Counted in a common year, because 29 February has no number.
    const counted = dateOf(Date.UTC(2001, 0, 1) + (day.day - 1) * DAY_MS);
    return Date.UTC(year, counted.getUTCMonth(), counted.getUTCDate()) + timeMs;
  }
  const first = dateOf(Date.UTC(year, day.month - 1, 1)).getUTCDay();
  const days = dateOf(Date.UTC(year, day.month, 0)).getUTCDate();
  let date = 1 + ((day.day - first + 7) % 7) + 7 * (day.week - 1);
  while (date > days) date -= 7; // Week 5 is the last one of the month.
  return Date.UTC(year, day.month - 1, date) + timeMs;
}
