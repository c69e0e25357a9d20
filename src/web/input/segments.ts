import { cleanText } from "../../base/text.ts";

/** A text as the page shows it: cleaned, addresses and names apart. Nothing of it is markup. */
export type Segment =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string }
  | { readonly kind: "mention"; readonly text: string; readonly name: string };

const LINK_OR_NAME =
  /\bhttps?:\/\/[^\s<>"'`]{1,2000}|(?<![A-Za-z0-9_.@/-])@[A-Za-z0-9_-]{1,32}(?![A-Za-z0-9_@-])/giu;
/** Belongs to the sentence, not to the address. */
const AFTER = /[.,:;!?)\]}*_~]+$/;

/** @param names folded: `@name` of any other name is plain text */
export function segmentsOf(text: string, names: ReadonlySet<string>): readonly Segment[] {
  const cleaned = cleanText(text, { lines: true, tabs: true });
  const segments: Segment[] = [];
  let end = 0;
  for (const match of cleaned.matchAll(LINK_OR_NAME)) {
    const segment = segmentOf(match[0], names);
    if (segment === undefined) continue;
    if (match.index > end) segments.push({ kind: "text", text: cleaned.slice(end, match.index) });
    segments.push(segment);
    end = match.index + segment.text.length;
  }
  if (end < cleaned.length) segments.push({ kind: "text", text: cleaned.slice(end) });
  return segments;
}

function segmentOf(found: string, names: ReadonlySet<string>): Segment | undefined {
  if (found.startsWith("@")) {
    const name = found.slice(1);
    return names.has(name.toLowerCase()) ? { kind: "mention", text: found, name } : undefined;
  }
  const text = withoutTail(found);
  const href = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = href?.protocol === "http:" || href?.protocol === "https:";
  // A name before the host makes an address look like another one.
  if (href === undefined || !isWeb || href.username !== "" || href.password !== "")
    return undefined;
  return { kind: "link", text, href: href.href };
}

/** A bracket that was opened inside stays. */
function withoutTail(found: string): string {
  const tail = AFTER.exec(found)?.[0] ?? "";
  if (tail.startsWith(")") && found.includes("("))
    return found.slice(0, -tail.length + 1 || undefined);
  return tail === "" ? found : found.slice(0, -tail.length);
}
