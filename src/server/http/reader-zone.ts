/** Time zone of the reader of an archive, which the page names in the address. */

import { dateOf, MINUTE_MS, type OffsetMinutes } from "../../base/time.ts";

/** Longer than any name in the time zone database. */
const ZONE_NAME_LENGTH_MAX = 64;
/** Offsets change at most at every quarter of an hour. */
const SPAN_MS = 15 * MINUTE_MS;
const SPANS_MAX = 4_096;

/** @param zone such as `Asia/Jakarta`; any other text selects the time zone of this machine */
export function offsetsIn(zone: string | null): OffsetMinutes {
  const format = formatIn(zone);
  if (format === undefined) return (unixMs) => -dateOf(unixMs).getTimezoneOffset();
  const offsets = new Map<number, number>();
  return (unixMs) => {
    const span = Math.floor(unixMs / SPAN_MS);
    const known = offsets.get(span);
    if (known !== undefined) return known;
    if (offsets.size >= SPANS_MAX) offsets.clear();
    const offset = offsetAt(format, span * SPAN_MS);
    offsets.set(span, offset);
    return offset;
  };
}

function formatIn(zone: string | null): Intl.DateTimeFormat | undefined {
  if (zone === null || zone.length > ZONE_NAME_LENGTH_MAX) return undefined;
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  } catch {
    return undefined;
  }
}

/** Formats as `GMT+07:00`, or as `GMT` for UTC. Ignores the seconds of offsets before 1972. */
function offsetAt(format: Intl.DateTimeFormat, unixMs: number): number {
  const [, sign, hours, minutes] =
    /GMT([+-])(\d\d):(\d\d)/.exec(format.format(dateOf(unixMs))) ?? [];
  const offset = 60 * Number(hours ?? 0) + Number(minutes ?? 0);
  return sign === "-" ? -offset : offset;
}
