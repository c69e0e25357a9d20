/** Time zone of the reader of an archive, which the page names in the address. */

import { dateOf, MINUTE_MS, type OffsetMinutes } from "../../base/time.ts";
import { zoneFormat, zoneOffset } from "../../base/zone-offset.ts";

/** Offsets change at most at every quarter of an hour. */
const SPAN_MS = 15 * MINUTE_MS;
const SPANS_MAX = 4_096;

/** @param zone such as `Asia/Jakarta`; any other text selects the time zone of this machine */
export function offsetsIn(zone: string | null): OffsetMinutes {
  const format = zone === null ? undefined : zoneFormat(zone);
  if (format === undefined) return (unixMs) => -dateOf(unixMs).getTimezoneOffset();
  const offsets = new Map<number, number>();
  return (unixMs) => {
    const span = Math.floor(unixMs / SPAN_MS);
    const known = offsets.get(span);
    if (known !== undefined) return known;
    if (offsets.size >= SPANS_MAX) offsets.clear();
    const offset = zoneOffset(format, span * SPAN_MS);
    offsets.set(span, offset);
    return offset;
  };
}
