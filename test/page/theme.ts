import { expect } from "bun:test";
import { ENGLISH } from "../../src/ui/messages/en/page.ts";
import { loadTexts } from "../../src/web/browser/texts.ts";
import type { VisitOptions } from "./browser.ts";
import type { Visit } from "./visit.ts";

export const DARK_PHONE: readonly [look: string, options: VisitOptions] = [
  "dark, narrow, in Indonesian",
  { isDark: true, language: "id-ID", width: 390, height: 844 },
];

export async function expectAccessible(visit: Visit, theme: string, screen: string): Promise<void> {
  expect([theme, screen, await visit.accessibilityViolations()]).toEqual([theme, screen, []]);
  if (theme.includes("Indonesian")) expect([screen, await englishIn(visit)]).toEqual([screen, []]);
}

async function englishIn({ page }: Visit): Promise<readonly string[]> {
  const own = new Set<unknown>(Object.values(await loadTexts("id")));
  const texts = Object.values({ ...ENGLISH, ...ENGLISH });
  const english = new Set<unknown>(texts.filter((text) => !own.has(text)));
  const visibleTexts = await page.evaluate<
    string[]
  >(`[...document.querySelectorAll("body *")].flatMap(
    (element) => [
      ...[...element.childNodes].filter(({ nodeType }) => nodeType === 3).map((text) => text.data),
      ...["aria-label", "title", "placeholder", "alt"].map((name) => element.getAttribute(name)),
    ]).filter((text) => text !== null).map((text) => text.trim()).filter((text) => text !== "")`);
  return visibleTexts.filter((text) => english.has(text));
}
