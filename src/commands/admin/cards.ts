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
main { display: grid; grid-template-columns: 1fr 1fr }
article { display: flex; gap: 5mm; padding: 6mm; border: 0.2mm dashed #999; break-inside: avoid }
svg { flex: none; width: 32mm; height: 32mm }
h2, p { margin: 0 0 1mm }
h2 { font-size: 15pt; overflow-wrap: anywhere }
code { font-size: 9pt; overflow-wrap: anywhere }
@page { margin: 10mm }`;

export function formatCards(server: string, cards: readonly Card[]): string {
  const title = Bun.escapeHTML(server);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${STYLE}</style>
<main>
${cards.map((card) => cardHtml(title, card)).join("\n")}
</main>
</html>
`;
}

function cardHtml(title: string, { user, displayName = user, code, web, expires }: Card): string {
  const { size, path } = qrPath(web);
  const [day] = formatUtc(expires).split("T");
  const account = displayName === user ? "" : `\n<p>${Bun.escapeHTML(user)}</p>`;
  return `<article>
<svg viewBox="0 0 ${size} ${size}"><path d="${path}"/></svg>
<div>
<h2>${Bun.escapeHTML(displayName)}</h2>${account}
<p>${title}</p>
<p>Scan the code, or open<br><code>${Bun.escapeHTML(web)}</code></p>
<p>In a terminal: <code>chat passwd --reset</code>, then <code>${Bun.escapeHTML(code)}</code></p>
<p>Choose a password until ${day}.</p>
</div>
</article>`;
}
