/** Texts of faults: the same sentence in every interface and language. */

import {
  FAULTS,
  Fault,
  type FaultCode,
  type FaultDetail,
  fillTemplate,
  type Translatable,
} from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";
import type { StartTexts } from "../messages/en/start.ts";
import { withLocalTimestamps } from "./times.ts";

type PlainText = {
  [Key in keyof StartTexts]-?: StartTexts[Key] extends string ? Key : never;
}[keyof StartTexts];

/** Fault that the page detects, with a more specific text than the text for its code. */
export class PageFault extends Fault {
  constructor(
    code: FaultCode,
    readonly text: PlainText,
    detail: FaultDetail = {},
  ) {
    super(code, text, detail);
  }
}

type Templates = StartTexts["faultTemplates"];

/**
 * Sanitises the values, but never translates them, because they may be user input.
 * @param templates by English template; empty for English
 * @returns `undefined` if the table lacks the template
 */
export function translated(
  text: Translatable | undefined,
  templates: Templates,
): string | undefined {
  if (text === undefined || !Object.hasOwn(templates, text.template)) return undefined;
  return fillTemplate(
    templates[text.template] ?? "",
    text.values.map((value) => cleanText(value)),
  );
}

const SLOW = "slow mode in '{}': you can post again in {} s";

/** Text of a fault beside a message that stays refused, when the wait of slow mode has passed. */
export function refusalText(
  fault: Fault,
  texts: StartTexts,
  textOf: (fault: Fault) => string = (fault) => faultText(fault, texts),
): string {
  return fault.translatable.message?.template === SLOW ? texts.slowRefused : textOf(fault);
}

/** Remedies that name commands or flags of the program. */
const IN_TERMINAL = /\bchat \w|--\w|\bcommand\b/;

/**
 * Text for the page: the fault's own sentence if the user can act on it, with the remedy that it
 * names; otherwise the text for its code, because only the page knows what a browser can do.
 * @param error a string is returned unchanged
 */
export function faultText(error: unknown, texts: StartTexts): string {
  if (typeof error === "string") return error;
  if (error instanceof PageFault) return texts[error.text];
  const fault = error instanceof Fault ? error : new Fault("internal", "");
  const { code, message, remedy, translatable } = fault;
  const byCode = texts.faults[code];
  if (byCode !== undefined) return `${byCode}.`;
  const { faultTemplates: templates } = texts;
  const own = translated(translatable.message, templates) ?? cleanText(message);
  const isNamed = remedy !== FAULTS[code].remedy && !IN_TERMINAL.test(remedy);
  const help = isNamed ? (translated(translatable.remedy, templates) ?? cleanText(remedy)) : "";
  return withLocalTimestamps([own, help].map(sentence).join(" ").trim(), texts);
}

function sentence(text: string): string {
  const [first = ""] = text;
  return first.toUpperCase() + text.slice(first.length) + (/^$|[.!?…]$/.test(text) ? "" : ".");
}
