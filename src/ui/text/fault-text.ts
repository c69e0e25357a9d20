/** Texts of faults on the page. */

import { Fault } from "../../base/fault.ts";
import type { Texts } from "../messages/en/first.ts";
import { PageFault } from "./page-fault.ts";
import { momentIn } from "./times.ts";

/** Templates of temporary faults, with the index of the value that is their end. */
const ENDS: Readonly<Record<string, number>> = {
  "you are banned from this server until {}{}": 0,
  "you are muted in '{}' until {}": 1,
};

/**
 * Returns the text of a fault in the page's language and this device's time zone.
 * @param error a string is returned unchanged
 */
export function faultText(error: unknown, texts: Texts): string {
  if (typeof error === "string") return error;
  if (error instanceof PageFault) return texts[error.text];
  const { code, translatable } = error instanceof Fault ? error : new Fault("internal", "");
  const known = texts.faults[code];
  const { template = "", values = [] } = translatable.message ?? {};
  const moment = Object.hasOwn(ENDS, template) ? values[ENDS[template] ?? 0] : undefined;
  const end = moment === undefined ? undefined : momentIn(moment, texts);
  return end === undefined ? `${known}.` : `${known}, ${texts.until(end)}.`;
}
