/** Texts of faults: the same sentence in every interface and language. */

import {
  Fault,
  type FaultCode,
  type FaultDetail,
  fillTemplate,
  type Translatable,
} from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";
import type { Texts } from "../messages/en/page.ts";
import type { StartTexts } from "../messages/en/start.ts";
import { withLocalTimestamps } from "./times.ts";

type PlainText<From> = {
  [Key in keyof From]-?: From[Key] extends string ? Key : never;
}[keyof From];

/** Fault that the page detects, with a more specific text than the text for its code. */
export class PageFault extends Fault {
  constructor(
    code: FaultCode,
    readonly text: PlainText<StartTexts>,
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
  texts: StartTexts & Partial<Texts>,
  textOf: (fault: Fault) => string = (fault) => faultText(fault, texts),
): string {
  const slow = fault.translatable.message?.template === SLOW ? texts.slowRefused : undefined;
  return slow ?? textOf(fault);
}

/** Labels of the page that lead to what a command does. */
const PLACES: Readonly<Record<string, readonly PlainText<Texts>[]>> = {
  "chat admin": ["dashboard"],
  "chat devices": ["settings", "devices"],
  "chat files": ["dashboardFiles"],
  "chat link-device": ["settings", "devices", "linkDevice"],
  "chat passwd": ["settings", "accountSection"],
  "chat rooms": ["browseRooms"],
  "chat users": ["people"],
  "chat verify-user": ["membersAndEncryption"],
  "/files": ["dashboardFiles"],
  "/grant": ["membersAndEncryption"],
  "/handed": ["handedInMenu"],
  "/invite": ["membersAndEncryption"],
  "/invite @NAME": ["addPeople"],
  "/join": ["browseRooms"],
  "/join ROOM --sealed": ["newThing", "createRoom"],
  "/leave": ["leaveRoom"],
  "/msg": ["newDirect"],
  "/name": ["settings", "accountSection"],
  "/poll close": ["closePoll"],
  "/receipts": ["receipts"],
  "/rules": ["rules"],
  "/sealed": ["membersAndEncryption"],
  "/status": ["settings", "accountSection"],
  "/unignore": ["settings", "privacy", "ignoredList"],
  "/unmute": ["unmute"],
  "/unpin": ["pins"],
  "/unsave": ["saved"],
  "/who": ["people"],
};

/** @returns `undefined` if the page has no place for the command */
function placeOf(command: string, texts: StartTexts & Partial<Texts>): string | undefined {
  for (let key = command; key !== ""; key = key.slice(0, Math.max(key.lastIndexOf(" "), 0))) {
    if (!Object.hasOwn(PLACES, key)) continue;
    const labels = (PLACES[key] ?? []).map((label) => texts[label]);
    return labels.includes(undefined) ? undefined : labels.join(" > ");
  }
  return undefined;
}

function onPage(
  commands: string,
  { code }: Fault,
  texts: StartTexts & Partial<Texts>,
): string | undefined {
  const all = commands.split(", or ");
  const typed = all.find((command) => command.startsWith("/"));
  // The user who typed a wrong command wants the right one.
  if (code === "usage" && typed !== undefined) return typed;
  return (
    all.map((command) => placeOf(command, texts)).find((place) => place !== undefined) ?? typed
  );
}

const COMMAND = /^(?:chat [a-z-]|\/[a-z])/;

/**
 * Remedy of a fault in the words of an interface.
 * @param nameOf returns the interface's name for a command, such as "chat files, or /files"
 * @returns `undefined` if it names a command that the interface does not have
 */
export function remedyText(
  { remedy, translatable }: Fault,
  templates: Templates,
  nameOf: (command: string) => string | undefined,
): string | undefined {
  if (translatable.remedy === undefined) return cleanText(remedy);
  const { template, values } = translatable.remedy;
  const names = values.map((value) => (COMMAND.test(value) ? nameOf(value) : value));
  if (names.includes(undefined)) return undefined;
  const own = Object.hasOwn(templates, template) ? templates[template] : undefined;
  if (own !== undefined) return cleanText(fillTemplate(own, names.map(String)));
  let text = remedy;
  names.forEach((name, i) => {
    text = text.replace(values[i] ?? "", () => name ?? "");
  });
  return cleanText(text);
}

/**
 * Text for the page: the fault's own sentence and remedy if the user can act on it; otherwise the
 * text for its code, because only the page knows what a browser can do.
 * @param error a string is returned unchanged
 * @param texts before the page's rooms have loaded, only those of the start
 */
export function faultText(error: unknown, texts: StartTexts & Partial<Texts>): string {
  if (typeof error === "string") return error;
  if (error instanceof PageFault) return texts[error.text];
  const fault = error instanceof Fault ? error : new Fault("internal", "");
  const { code, message, translatable } = fault;
  const byCode = texts.faults[code];
  if (byCode !== undefined) return `${byCode}.`;
  const { faultTemplates: templates } = texts;
  const own = translated(translatable.message, templates) ?? cleanText(message);
  // A remedy without the tag is for the terminal.
  const help =
    translatable.remedy && remedyText(fault, templates, (command) => onPage(command, fault, texts));
  return withLocalTimestamps([own, help ?? ""].map(sentence).join(" ").trim(), texts);
}

function sentence(text: string): string {
  const [first = ""] = text;
  return first.toUpperCase() + text.slice(first.length) + (/^$|[.!?…]$/.test(text) ? "" : ".");
}
