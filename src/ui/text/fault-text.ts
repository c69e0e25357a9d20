/** Fault messages for the page. */

import { Fault } from "../../base/fault.ts";
import type { Texts } from "../messages/en/first.ts";
import { PageFault } from "./page-fault.ts";
import { formatTimestampIn } from "./times.ts";

const END_INDEX: Readonly<Record<string, number>> = {
  "you are banned from this server until {}{}": 0,
  "you are muted in '{}' until {}": 1,
};

/** @param error a string is returned unchanged */
export function faultText(error: unknown, texts: Texts): string {
  if (typeof error === "string") return error;
  if (error instanceof PageFault) return texts[error.text];
  const { code, translatable } = error instanceof Fault ? error : new Fault("internal", "");
  const text = texts.faults[code];
  const { template = "", values = [] } = translatable.message ?? {};
  const timestamp = Object.hasOwn(END_INDEX, template)
    ? values[END_INDEX[template] ?? 0]
    : undefined;
  const end = timestamp === undefined ? undefined : formatTimestampIn(timestamp, texts);
  return end === undefined ? `${text}.` : `${text}, ${texts.until(end)}.`;
}
