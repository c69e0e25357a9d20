/** Offsets of a named time zone, such as `Asia/Jakarta`. */

import { dateOf } from "./time.ts";

/** Longer than any name in the time zone database. */
const ZONE_NAME_LENGTH_MAX = 64;

/** Returns `undefined` if the runtime does not know the zone. */
export function zoneFormat(zone: string): Intl.DateTimeFormat | undefined {
  if (zone.length > ZONE_NAME_LENGTH_MAX) return undefined;
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  } catch {
    return undefined;
  }
}

/**
 * Returns minutes ahead of UTC. Formats as `GMT+07:00`, or as `GMT` for UTC. Ignores the seconds of
 * offsets before 1972.
 */
export function zoneOffset(format: Intl.DateTimeFormat, unixMs: number): number {
  const [, sign, hours, minutes] =
    /GMT([+-])(\d\d):(\d\d)/.exec(format.format(dateOf(unixMs))) ?? [];
  const offset = 60 * Number(hours ?? 0) + Number(minutes ?? 0);
  return sign === "-" ? -offset : offset;
}
