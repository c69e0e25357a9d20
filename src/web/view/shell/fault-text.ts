import { Fault } from "../../../base/fault.ts";
import { cleanText } from "../../../base/text.ts";
import type { Texts } from "../../text/en.ts";
import { momentIn, withLocalMoments } from "../../text/times.ts";

/** What ends by itself: their sentences say when. */
const PASSING: ReadonlySet<string> = new Set(["banned", "muted"]);

/**
 * What went wrong, in the language of the page as far as it has words for it, and in the time of
 * this device.
 */
export function faultText(error: unknown, texts: Texts): string {
  if (!(error instanceof Fault)) return cleanText(String(error));
  const { message, remedy, code } = error;
  const known = texts.faults[code];
  if (known === undefined) return cleanText(withLocalMoments(`${message}: ${remedy}`, texts));
  const end = PASSING.has(code) ? momentIn(message, texts) : undefined;
  return end === undefined ? `${known}.` : `${known}, ${texts.until(end)}.`;
}
