/** Page to print with one card per person, which signs in with its code. */

import { qrPath } from "../../base/qr.ts";

export interface Card {
  readonly user: string;
  readonly displayName: string | undefined;
  readonly code: string;
  /** Address of the page that asks for a new password. */
  readonly web: string;
  /** Unix ms. */
  readonly expires: number;
}

const STYLE = `body { margin: 0; font: 10pt/1.3 system-ui, sans-serif; color: #000;
  background: #fff }
main { font-size: 9pt; display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(90mm, 100%), 1fr)) }
article { display: grid; grid-template-columns: auto 1fr; gap: 1mm 4mm; padding: 4mm;
  border: 0.2mm dashed #999; break-inside: avoid; align-content: start }
article > div { min-width: 0 }
article > div + div { grid-column: 1 / -1 }
svg { width: 28mm; height: 28mm }
h1, h2, p { margin: 0 0 1mm }
h2 { font-size: 17pt; line-height: 1.1 }
.code { font: 600 15pt/1.2 ui-monospace, monospace; white-space: nowrap }
b, h2 { overflow-wrap: anywhere }
small, small code { font-size: 8pt }
.blank { display: inline-block; width: 30mm; border-bottom: 0.2mm solid #000 }
section { max-width: 180mm; padding: 5mm; break-after: page }
section li, section p { margin: 0 0 2mm }
section .blank { width: 60mm }
table { border-collapse: collapse; margin: 0 0 4mm }
th, td { padding: 1.2mm 3mm 1.2mm 0; border-bottom: 0.2mm solid #999; text-align: start }
@page { margin: 10mm }`;

function head(lang: string): string {
  return `<!doctype html>
<html lang="${lang}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
`;
}

/** Instructions for the people who get cards. Texts can contain **bold**, *italic* and `code`. */
export interface CardGuide {
  readonly title: string;
  /** @param network name of the Wi-Fi, or a blank */
  readonly steps: (network: string, address: string) => readonly string[];
  readonly columns: readonly [to: string, act: string];
  readonly rows: readonly (readonly [to: string, act: string])[];
  readonly notes: (host: string) => readonly string[];
}

export interface CardTexts {
  readonly lang: string;
  readonly cardScan: string;
  /** After the address. */
  readonly cardType: string;
  readonly cardWarning: string;
  /** Before the account's name. */
  readonly cardThen: string;
  readonly cardPassword: string;
  readonly cardTerminal: string;
  readonly cardUntil: (unixMs: number) => string;
  readonly guide: CardGuide;
}

export interface CardServer {
  readonly name: string;
  /** Origin of the page, such as `https://192.0.2.7:2428`. */
  readonly origin: string;
}

const BLANK = '<span class="blank"></span>';

/** Start of a page, to which cards are added. A page without its end displays, too. */
export function cardsStart(server: CardServer, texts: CardTexts, hasGuide: boolean): string {
  const guide = hasGuide ? guideHtml(server, texts.guide) : "";
  return `${head(texts.lang)}<title>${escapeHtml(server.name)}</title>
<style>${STYLE}</style>
${guide}<main>
`;
}

export const CARDS_END = "</main>\n</html>\n";

/** Shows the account's name and the code largest, because people type them. */
export function cardHtml(
  { name, origin }: CardServer,
  { user, displayName = user, code, web, expires }: Card,
  texts: CardTexts,
): string {
  const { size, path } = qrPath(web);
  const person = displayName === user ? "" : `<p>${escapeHtml(displayName)}</p>\n`;
  const account = escapeHtml(user);
  return `<article>
<svg viewBox="0 0 ${size} ${size}"><path d="${path}" stroke="#000"/></svg>
<div data-user="${user}" data-expires="${expires}">
<h2>${account}</h2>
${person}<p>${escapeHtml(name)}</p>
<p>Wi-Fi ${BLANK}</p>
<p><small>${texts.cardUntil(expires)}</small></p>
</div>
<div>
<p>${texts.cardScan} <b>${escapeHtml(origin)}</b>${texts.cardType}</p>
<p class="code">${escapeHtml(code)}</p>
<p><small>${texts.cardWarning}</small></p>
<p>${texts.cardThen} <b>${account}</b> ${texts.cardPassword}</p>
<p><small>${texts.cardTerminal} <code>chat login ${escapeHtml(hostOf(origin))}</code></small></p>
</div>
</article>
`;
}

function hostOf(origin: string): string {
  return origin.replace(/^https?:\/\//, "");
}

function guideHtml({ name, origin }: CardServer, guide: CardGuide): string {
  const { title, columns, rows } = guide;
  const steps = guide.steps("{}", origin).map((text) => marked(text).replace("{}", BLANK));
  const cells = (tag: "th" | "td", texts: readonly string[]) =>
    texts.map((text) => `<${tag}>${marked(text)}</${tag}>`).join("");
  return `<section>
<h1>${escapeHtml(title)} · ${escapeHtml(name)}</h1>
<ol>
${lines(steps.map((step) => `<li>${step}</li>`))}</ol>
<table>
<tr>${cells("th", columns)}</tr>
${lines(rows.map((row) => `<tr>${cells("td", row)}</tr>`))}</table>
${lines(guide.notes(hostOf(origin)).map((text) => `<p>${marked(text)}</p>`))}</section>
`;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

function marked(text: string): string {
  return escapeHtml(text)
    .replace(/\*\*([^*]+)\*\*/g, "<b>$1</b>")
    .replace(/\*([^*]+)\*/g, "<i>$1</i>")
    .replace(/`([^`]+)`/g, "<code>$1</code>");
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
