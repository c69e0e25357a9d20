/** Page to print with one card per person, which signs in with its code. */

import { qrPath } from "../../base/qr.ts";
import { formatUtc } from "../../base/time.ts";

export interface Card {
  readonly user: string;
  readonly displayName: string | undefined;
  readonly code: string;
  /** Address of the page that asks for a new password. */
  readonly web: string;
  /** Unix ms. */
  readonly expires: number;
}

const STYLE = `body { margin: 0; font: 11pt/1.4 system-ui, sans-serif; color: #000 }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(80mm, 100%), 1fr)) }
article { display: flex; gap: 5mm; padding: 6mm; border: 0.2mm dashed #999; break-inside: avoid }
article > div { min-width: 0 }
svg { flex: none; width: 32mm; height: 32mm }
h2, p { margin: 0 0 1mm }
h2 { font-size: 15pt; overflow-wrap: anywhere }
code { font-size: 9pt; overflow-wrap: anywhere }
@page { margin: 10mm }`;

function head(lang: string): string {
  return `<!doctype html>
<html lang="${lang}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
`;
}

export interface CardTexts {
  readonly lang: string;
  readonly cardScan: string;
  readonly cardTerminal: string;
  readonly cardThen: string;
  /** @param day in ISO 8601 */
  readonly cardUntil: (day: string) => string;
}

/** Start of a page, to which cards are added. A page without its end displays, too. */
export function cardsStart(server: string, lang: string): string {
  return `${head(lang)}<title>${escapeHtml(server)}</title>
<style>${STYLE}</style>
<main>
`;
}

const RESET = "<code>chat passwd --reset</code>";

export const CARDS_END = "</main>\n</html>\n";

export function cardHtml(
  server: string,
  { user, displayName = user, code, web, expires }: Card,
  texts: CardTexts,
): string {
  const title = escapeHtml(server);
  const { size, path } = qrPath(web);
  const [day = ""] = formatUtc(expires).split("T");
  const account = displayName === user ? "" : `\n<p>${escapeHtml(user)}</p>`;
  return `<article>
<svg viewBox="0 0 ${size} ${size}"><path d="${path}" stroke="#000"/></svg>
<div data-user="${user}" data-expires="${expires}">
<h2>${escapeHtml(displayName)}</h2>${account}
<p>${title}</p>
<p>${texts.cardScan}<br><code>${escapeHtml(web)}</code></p>
<p>${texts.cardTerminal} ${RESET}, ${texts.cardThen} <code>${escapeHtml(code)}</code></p>
<p>${texts.cardUntil(day)}</p>
</div>
</article>
`;
}

/** A card on an existing page. */
export interface FormerCard {
  readonly user: string;
  readonly expires: number;
  readonly html: string;
}

const CARD_END = "</article>\n";

/** Reports whether an existing file is a page of cards, maybe without its end. */
export function isCardsPage(page: string): boolean {
  const lang = /^<!doctype html>\n<html lang="([a-z]{2})">/.exec(page)?.[1] ?? "";
  return page.startsWith(head(lang)) && page.includes("\n<main>\n");
}

/** Returns the cards that a page of this program contains. */
export function cardsIn(page: string): FormerCard[] {
  const parts = page.split(/(?=<article>\n)/).slice(1);
  return parts.flatMap((part) => {
    const end = part.indexOf(CARD_END);
    const html = part.slice(0, end + CARD_END.length);
    const [, user, expires] = /<div data-user="([\w-]+)" data-expires="(\d+)">/.exec(html) ?? [];
    return end < 0 || user === undefined ? [] : [{ user, expires: Number(expires), html }];
  });
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#x27;",
};

/** A browser has no `Bun.escapeHTML`. */
function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? "");
}
