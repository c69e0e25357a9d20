/** Texts about the user's devices. */

import { cleanText } from "../../../base/text.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import type { Times } from "../../../ui/text/times.ts";
import type { DeviceInfo } from "../../driver/devices.ts";

export function lastSeenText(
  { online, seen }: Pick<DeviceInfo, "online" | "seen">,
  texts: Texts,
  times: Times,
): string {
  if (online) return texts.online;
  if (seen === undefined) return texts.offlineStatus;
  return texts.lastSeen(times.utcDay(seen));
}

/** Translates the device's own label, which is in English: `Firefox on Linux`. */
export function deviceName(id: string, label: string | undefined, texts: Texts): string {
  const [, program, system] = /^(\S.*) on (\S.*)$/s.exec(label ?? "") ?? [];
  const isPlain = program === undefined || system === undefined;
  return cleanText(isPlain ? (label ?? id.slice(0, 8)) : texts.deviceOn(program, system));
}
