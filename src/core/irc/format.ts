/** Formatting of lines that contain text of clients. */

import { cutText, utf8Encode } from "../../base/bytes.ts";
import { formatLine, type LineFields, NO_TAGS, REST_BYTES_MAX } from "../../wire/irc/line.ts";
import { isWithin } from "./text.ts";

/** No nick, channel, mode or id is longer. */
const MIDDLE_BYTES_MAX = 100;
const UTF8_BYTES_MAX = 3;
const PLAIN_MIDDLE = /^[#\w+=.-]{1,100}$/;
const BREAKS = /[\0\r\n]+/g;

/**
 * Formats a line without CR LF. Text that would end the line, or become another parameter, is
 * replaced, and a line that is too long is cut.
 */
export function formatSafely({ tags = NO_TAGS, source, command, params }: LineFields): string {
  const last = params.length - 1;
  const safe = params.map(middle);
  if (last >= 0) safe[last] = unbroken(params[last] ?? "");
  const fields = { tags: tags === NO_TAGS ? tags : safeTags(tags), source, command, params: safe };
  const line = formatLine(fields);
  const rest = line.startsWith("@") ? line.slice(line.indexOf(" ") + 1) : line;
  if (rest.length * UTF8_BYTES_MAX <= REST_BYTES_MAX) return line;
  const overBytes = utf8Encode(rest).length - REST_BYTES_MAX;
  if (overBytes <= 0) return line;
  const text = safe[last] ?? "";
  safe[last] = cutText(text, Math.max(0, utf8Encode(text).length - overBytes));
  return formatLine(fields);
}

/** Formats lines with CR LF. Lines that differ only in their text share the rest of the work. */
export function formatLines(lines: readonly LineFields[]): string {
  let formatted = "";
  let before: LineFields | undefined;
  let [tags, head] = ["", ""];
  for (const line of lines) {
    const text = unbroken(line.params.at(-1) ?? "");
    const isShared = head !== "" && before !== undefined && isSameHead(line, before);
    if (isShared && isWithin(head + text, REST_BYTES_MAX)) {
      formatted += `${tags}${head}${text}\r\n`;
      continue;
    }
    const whole = formatSafely(line);
    formatted += `${whole}\r\n`;
    before = line;
    tags = whole.startsWith("@") ? whole.slice(0, whole.indexOf(" ") + 1) : "";
    head = text !== "" && whole.endsWith(` :${text}`) ? whole.slice(tags.length, -text.length) : "";
  }
  return formatted;
}

function isSameHead(a: LineFields, b: LineFields): boolean {
  const hasTwo = a.params.length === 2 && b.params.length === 2;
  const isSame = a.tags === b.tags && a.source === b.source && a.command === b.command;
  return hasTwo && isSame && a.params[0] === b.params[0];
}

function middle(param: string): string {
  if (PLAIN_MIDDLE.test(param)) return param;
  const text = cutText(unbroken(param), MIDDLE_BYTES_MAX).replaceAll(" ", "_");
  return text === "" || text.startsWith(":") ? "*" : text;
}

function unbroken(text: string): string {
  return text.replaceAll(BREAKS, " ");
}

function safeTags(tags: NonNullable<LineFields["tags"]>): NonNullable<LineFields["tags"]> {
  const values = Object.entries(tags).map(([key, value]) => [key, value?.replaceAll("\0", "")]);
  return Object.fromEntries(values);
}
