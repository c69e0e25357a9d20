/** Minutes that local time is ahead of UTC at that moment (east is positive). */
export type OffsetMinutes = (unixMs: number) => number;

/** The last moment that a Date holds: 13 September of the year 275760 (ECMA-262, 21.4.1.1). */
export const MOMENT_UNIX_MS_MAX = 8_640_000_000_000_000;

const MINUTE_MS = 60_000;

/**
 * The nearest moment that a date can hold; what is no number at all is the beginning of 1970. Times
 * come from other people's programs, from disks and from clocks, and a Date beyond its range throws
 * where it is written.
 */
export function nearestMoment(unixMs: number): number {
  if (Number.isNaN(unixMs)) return 0;
  return Math.trunc(Math.min(MOMENT_UNIX_MS_MAX, Math.max(-MOMENT_UNIX_MS_MAX, unixMs)));
}

/** A date that is never invalid, whatever the number. The one place that makes dates of numbers. */
export function dateOf(unixMs: number): Date {
  return new Date(nearestMoment(unixMs));
}

/** UTC with milliseconds: `2026-11-20T05:46:33.123Z`. No number makes it throw. */
export function formatUtc(unixMs: number): string {
  return dateOf(unixMs).toISOString();
}

/** For screens: `2026-11-20 05:46:33`, local. */
export function formatLocal(unixMs: number, offsetMinutes: OffsetMinutes): string {
  return localIso(unixMs, offsetMinutes).replace("T", " ").replace(/\..*$/, "");
}

/** For screens: `2026-11-20`, local. */
export function formatLocalDay(unixMs: number, offsetMinutes: OffsetMinutes): string {
  return localIso(unixMs, offsetMinutes).replace(/T.*$/, "");
}

/** For sentences: `05:46`, or `2026-11-19 05:46` on another day than this one. */
export function formatLocalSince(
  unixMs: number,
  nowUnixMs: number,
  offsetMinutes: OffsetMinutes,
): string {
  const day = formatLocalDay(unixMs, offsetMinutes);
  const clock = formatLocalClock(unixMs, offsetMinutes);
  return day === formatLocalDay(nowUnixMs, offsetMinutes) ? clock : `${day} ${clock}`;
}

/** For screens: `05:46`, local. */
export function formatLocalClock(unixMs: number, offsetMinutes: OffsetMinutes): string {
  const iso = localIso(unixMs, offsetMinutes); // Years beyond 9999 have seven characters.
  const clockAt = iso.indexOf("T") + 1;
  return iso.slice(clockAt, clockAt + 5);
}

function localIso(unixMs: number, offsetMinutes: OffsetMinutes): string {
  const moment = nearestMoment(unixMs);
  return formatUtc(moment + offsetMinutes(moment) * MINUTE_MS);
}
