import { expect } from "bun:test";
import { ENGLISH_DEFERRED } from "../../src/ui/messages/en/deferred.ts";
import { ENGLISH } from "../../src/ui/messages/en/first.ts";
import { loadTexts } from "../../src/web/browser/texts.ts";
import type { VisitOptions } from "./browser.ts";
import type { Visit } from "./visit.ts";

/** The window that differs most from a wide one in light colours and in English. */
export const DARK_PHONE: readonly [look: string, options: VisitOptions] = [
  "dark, narrow, in Indonesian",
  { isDark: true, language: "id-ID", width: 390, height: 844 },
];

export async function expectNoBarrier(visit: Visit, look: string, screen: string): Promise<void> {
  expect([look, screen, await visit.barriers()]).toEqual([look, screen, []]);
  if (look.includes("Indonesian")) expect([screen, await englishIn(visit)]).toEqual([screen, []]);
}

async function englishIn({ page }: Visit): Promise<readonly string[]> {
  const own = new Set<unknown>(Object.values(await loadTexts("id")));
  const words = Object.values({ ...ENGLISH, ...ENGLISH_DEFERRED });
  const english = new Set<unknown>(words.filter((text) => !own.has(text)));
  const said = await page.evaluate<string[]>(`[...document.querySelectorAll("body *")].flatMap(
    (element) => [
      ...[...element.childNodes].filter(({ nodeType }) => nodeType === 3).map((text) => text.data),
      ...["aria-label", "title", "placeholder", "alt"].map((name) => element.getAttribute(name)),
    ]).filter((text) => text !== null).map((text) => text.trim()).filter((text) => text !== "")`);
  return said.filter((text) => english.has(text));
}
