/** Time zones that a user names in the variable TZ, in forms that the runtime does not know. */

import { realpathSync } from "node:fs";
import {
  changesInYear,
  type PosixZone,
  parsePosixZone,
  posixOffsetMs,
} from "../base/posix-zone.ts";
import { dateOf, MINUTE_MS } from "../base/time.ts";
import { zoneFormat, zoneOffset } from "../base/zone-offset.ts";

const ZONE_FILE = /[\\/]zoneinfo[\\/](?:posix[\\/]|right[\\/])?([\w+/-]+)$/;
/** Years in which a zone's offsets must equal those of a rule, beginning with the current one. */
const YEARS = 2;

/**
 * Returns a name that the runtime knows: of a rule such as `WIB-7`, a zone with the same offsets at
 * present. The runtime would take each of them as UTC.
 * @param tz value of TZ
 * @returns `undefined` if there is no such zone
 */
export function knownZone(tz: string, nowUnixMs: number): string | undefined {
  const text = tz.replace(/^:/, "");
  if (!text.startsWith("/") && zoneFormat(text) !== undefined) return text;
  const [, name] = ZONE_FILE.exec(text.startsWith("/") ? linked(text) : text) ?? [];
  if (name !== undefined && zoneFormat(name) !== undefined) return name;
  const zone = parsePosixZone(text);
  return zone && equalZone(zone, nowUnixMs);
}

function linked(path: string): string {
  try {
    return path.includes("zoneinfo/") ? path : realpathSync(path);
  } catch {
    return path;
  }
}

function equalZone(zone: PosixZone, nowUnixMs: number): string | undefined {
  const year = dateOf(nowUnixMs).getUTCFullYear();
  const years = Array.from({ length: YEARS }, (_, i) => year + i);
  const changes = years.flatMap((current) => changesInYear(zone, current));
  const times = [nowUnixMs, ...changes.flatMap((change) => [change - MINUTE_MS, change])];
  const expected = times.map((time) => posixOffsetMs(zone, time) / MINUTE_MS);
  const hours = (expected[0] ?? 0) / 60;
  const etc = `Etc/GMT${hours > 0 ? "-" : "+"}${Math.abs(hours)}`;
  return [etc, ...Intl.supportedValuesOf("timeZone")].find((name) => {
    const format = zoneFormat(name);
    return (
      format !== undefined && times.every((time, i) => zoneOffset(format, time) === expected[i])
    );
  });
}
