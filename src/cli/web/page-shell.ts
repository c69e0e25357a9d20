/** Sign-in form in the document, which browsers paint before the page's scripts have run. */

import { ENGLISH, type Texts } from "../../ui/messages/en/page.ts";
import { INDONESIAN } from "../../ui/messages/id/page.ts";
import { initialsOf } from "../../ui/text/initials.ts";

const CONTAINER = '<div id="page"></div>';
const HEADING = headingOf("chat");
const TITLE = "<title>chat</title>";

/** The page takes the elements over, so they must match `src/web/view/login/login.tsx`. */
export function withSignInForm(html: string): string {
  const text = (of: (texts: Texts) => string) =>
    [ENGLISH, INDONESIAN]
      .map((texts) => `<span lang="${texts.lang}">${Bun.escapeHTML(of(texts))}</span>`)
      .join("");
  const input = (id: string, attributes: string) =>
    `<input id="${id}" name="${id}" ${attributes} autocapitalize="none" spellcheck="false">`;
  const field = (id: string, label: string, content: string) =>
    `<div class="field"><label for="${id}">${label}</label>${content}</div>`;
  const secret = input("enter-password", 'type="password" autocomplete="current-password"');
  const hint = `<p class="hint">${text((texts) => texts.passwordHint)}</p>`;
  const form = [
    '<form class="enter-form" novalidate>',
    `<p>${text((texts) => texts.loginExplained)}</p>`,
    field(
      "enter-name",
      text((texts) => texts.name),
      input("enter-name", 'autocomplete="username" autofocus'),
    ),
    field(
      "enter-password",
      text((texts) => texts.password),
      `<div class="secret">${secret}</div>${hint}`,
    ),
    // Disabled, so that Enter does not submit the form before the page has taken it over.
    '<button type="submit" class="button button-main button-wide" disabled>',
    `${text((texts) => texts.continueLogin)}</button></form>`,
  ];
  const sheet = `<div class="enter-sheet">${form.join("")}</div>`;
  const card = `<div class="card">${HEADING}${sheet}</div>`;
  const loading = `<p class="is-loading"${lostTexts()}>${text((texts) => texts.loading)}</p>`;
  const main = `<main class="entering is-first">${card}${loading}</main>`;
  return html.replace(
    CONTAINER,
    () => `<div id="page"><header class="banners"></header>${main}</div>`,
  );
}

/** Texts that the first script shows in place of the page. */
function lostTexts(): string {
  return [ENGLISH, INDONESIAN]
    .flatMap(({ lang, loadFailed, reload, browserTooOld }) => [
      ` data-lost-${lang}="${Bun.escapeHTML(loadFailed)}"`,
      ` data-reload-${lang}="${Bun.escapeHTML(reload)}"`,
      ` data-old-${lang}="${Bun.escapeHTML(browserTooOld)}"`,
    ])
    .join("");
}

/** Inserts the server's name and welcome message, so that nothing moves when they arrive. */
export function withServer(html: string, name: string, welcome: string | undefined): string {
  const about =
    welcome === undefined ? "" : `<p class="welcome" dir="auto">${Bun.escapeHTML(welcome)}</p>`;
  return html
    .replace(TITLE, () => `<title>${Bun.escapeHTML(name)}</title>`)
    .replace(HEADING, () => `${headingOf(name)}${about}`);
}

function headingOf(name: string): string {
  const initials = Bun.escapeHTML(initialsOf(name));
  const tile = `<span class="tile tile-server" aria-hidden="true">${initials}</span>`;
  return `${tile}<h1 dir="auto">${Bun.escapeHTML(name)}</h1>`;
}
