import { Fault } from "../../base/fault.ts";
import type { Texts } from "../messages/en/first.ts";
import { PageFault } from "./page-fault.ts";
import { momentIn } from "./times.ts";

/** Faults that end by themselves: the server's message says when. */
const PASSING: ReadonlySet<string> = new Set(["banned", "muted"]);

/**
 * The text of a fault, in the page's language and this device's time zone.
 * @param error a text of the page's own is returned as it is
 */
export function faultText(error: unknown, texts: Texts): string {
  if (typeof error === "string") return error;
  if (error instanceof PageFault) return texts[error.text];
  const { code, message } = error instanceof Fault ? error : new Fault("internal", "");
  const known = texts.faults[code];
  const end = PASSING.has(code) ? momentIn(message, texts) : undefined;
  return end === undefined ? `${known}.` : `${known}, ${texts.until(end)}.`;
}
