/**
 * Slack's markup, converted to ours. Both mark code, quotes and `_italic_` alike.
 * @see https://docs.slack.dev/messaging/formatting-message-text
 */

import { formatUtc } from "../../base/time.ts";

/** Names by id, from the export's lists. */
export interface SlackNames {
  readonly users: ReadonlyMap<string, string>;
  readonly channels: ReadonlyMap<string, string>;
}

export const CODE = /```[\s\S]*?```|`[^`\n]+`/g;
const REFERENCE = /<([^<>\n]+)>/g;
/** Marks a part that is already converted. A noncharacter is in no text. */
const HELD = "\ufffe";
const HELD_PART = /\ufffe(\d+)\ufffe/g;
const BOLD = /(?<![\p{L}\p{N}*\\])\*(?=[^\s*])([^*\n]*[^*\s])\*(?![\p{L}\p{N}*])/gu;
const STRIKE = /(?<![\p{L}\p{N}~\\])~(?=[^\s~])([^~\n]*[^~\s])~(?![\p{L}\p{N}~])/gu;

/** @param withEmoji replaces names between colons outside of code */
export function markdownWith(
  mrkdwn: string,
  names: SlackNames,
  withEmoji: (text: string) => string,
): string {
  const held: string[] = [];
  const hold = (text: string) => `${HELD}${held.push(text) - 1}${HELD}`;
  const marked = mrkdwn
    .replaceAll(HELD, "\ufffd")
    .replaceAll(CODE, (code) =>
      hold(code.replaceAll(REFERENCE, (_, inner: string) => plainReference(inner))),
    )
    .replaceAll(REFERENCE, (_, inner: string) => hold(referenceText(inner, names)))
    .replaceAll(BOLD, "**$1**")
    .replaceAll(STRIKE, "~~$1~~");
  const text = withEmoji(marked).replaceAll(
    HELD_PART,
    (_, index: string) => held[Number(index)] ?? "",
  );
  return unescaped(text);
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function referenceText(inner: string, { users, channels }: SlackNames): string {
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? "" : inner.slice(bar + 1);
  const id = target.slice(1);
  if (target.startsWith("@")) return `@${users.get(id) || label.replace(/^@/, "") || id}`;
  if (target.startsWith("#")) return `#${channels.get(id) || label.replace(/^#/, "") || id}`;
  if (target.startsWith("!")) return specialText(id, label);
  // Some programs do not escape `<b>` in their messages.
  if (!/^[a-z][a-z0-9+.-]*:/i.test(target)) return `<${inner}>`;
  return linkText(target.replace(/^mailto:/, ""), label);
}

/** `!here`, `!subteam^S1|@group`, `!date^1392734382^{date}|18 February`. */
function specialText(name: string, label: string): string {
  const [kind = "", id = ""] = name.split("^");
  if (/^(?:here|channel|everyone)$/.test(kind)) return `@${kind}`;
  if (label !== "") return label;
  if (kind === "date") return dateText(id);
  return `@${id || kind}`;
}

export function dateText(seconds: string): string {
  const time = Number(seconds) * 1_000;
  return Number.isFinite(time) ? formatUtc(time).slice(0, 16).replace("T", " ") : seconds;
}

export function linkText(address: string, label: string): string {
  if (address === "") return label;
  const isSame = label === address || label === address.replace(/^https?:\/\//, "");
  return label === "" || isSame ? address : `${label} (${address})`;
}

/** Slack also marks addresses inside code. */
function plainReference(inner: string): string {
  if (!/^(?:https?:|mailto:)/.test(inner)) return `<${inner}>`;
  return inner.slice(inner.indexOf("|") + 1).replace(/^mailto:/, "");
}
