/** Formatting of dates and times within the range of `Date`. */

/** Minutes by which local time is ahead of UTC (positive east of Greenwich). */
export type OffsetMinutes = (unixMs: number) => number;

/** Maximum time of a `Date`: 13 September 275760 (ECMA-262, 21.4.1.1). */
export const UNIX_MS_MAX = 8_640_000_000_000_000;

export const NS_PER_MS = 1_000_000;
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/**
 * Returns the nearest time within the range of `Date`; NaN becomes 1970. Times come from other
 * programs, disks and clocks, and formatting a `Date` outside its range throws.
 */
export function clampUnixMs(unixMs: number): number {
  if (Number.isNaN(unixMs)) return 0;
  return Math.trunc(Math.min(UNIX_MS_MAX, Math.max(-UNIX_MS_MAX, unixMs)));
}

export function dateOf(unixMs: number): Date {
  return new Date(clampUnixMs(unixMs));
}

export function formatUtc(unixMs: number): string {
  return dateOf(unixMs).toISOString();
}

export function formatLocal(unixMs: number, offsetMinutes: OffsetMinutes): string {
  return localIso(unixMs, offsetMinutes).replace("T", " ").replace(/\..*$/s, "");
}

export function formatLocalDay(unixMs: number, offsetMinutes: OffsetMinutes): string {
  return localIso(unixMs, offsetMinutes).replace(/T.*$/s, "");
}

/** Formats `05:46`, or `2026-11-19 05:46` if the time is not today. */
export function formatLocalSince(
  unixMs: number,
  nowUnixMs: number,
  offsetMinutes: OffsetMinutes,
): string {
  const day = formatLocalDay(unixMs, offsetMinutes);
  const clock = formatLocalClock(unixMs, offsetMinutes);
  return day === formatLocalDay(nowUnixMs, offsetMinutes) ? clock : `${day} ${clock}`;
}

export function formatLocalClock(unixMs: number, offsetMinutes: OffsetMinutes): string {
  const iso = localIso(unixMs, offsetMinutes); // Years beyond 9999 take seven characters.
  const clockAt = iso.indexOf("T") + 1;
  return iso.slice(clockAt, clockAt + 5);
}

/** Instants at which local clocks show a time, in Unix milliseconds. */
export interface LocalInstants {
  /** First one; they differ in an hour that a change of clocks repeats. */
  readonly first: number;
  readonly last: number;
}

/**
 * Finds the instants of a local time. Both are the moment of the change if clocks skip the time.
 * @param local local time as if it were UTC, in milliseconds
 */
export function localInstants(local: number, offsetMinutes: OffsetMinutes): LocalInstants {
  const before = offsetMinutes(local - DAY_MS);
  const after = offsetMinutes(local + DAY_MS);
  const early = local - Math.max(before, after) * MINUTE_MS;
  const late = local - Math.min(before, after) * MINUTE_MS;
  if (early === late) return { first: early, last: early };
  const isShown = (unixMs: number) => unixMs + offsetMinutes(unixMs) * MINUTE_MS === local;
  const shown = [early, late].filter(isShown);
  const [first = changeBetween(early, late, offsetMinutes), last = first] = shown;
  return { first, last };
}

/** Returns the first millisecond in (`early`, `late`] with the offset of `late`. */
function changeBetween(early: number, late: number, offsetMinutes: OffsetMinutes): number {
  const offset = offsetMinutes(late);
  let [low, high] = [early, late];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMinutes(middle) === offset) high = middle;
    else low = middle;
  }
  return high;
}

function localIso(unixMs: number, offsetMinutes: OffsetMinutes): string {
  const clamped = clampUnixMs(unixMs);
  return formatUtc(clamped + offsetMinutes(clamped) * MINUTE_MS);
}

/** @returns `UTC+02:00` */
export function formatOffset(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const pad = (number: number) => String(Math.round(number)).padStart(2, "0");
  return `UTC${minutes < 0 ? "-" : "+"}${pad(hours)}:${pad(rest)}`;
}
