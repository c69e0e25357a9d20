export type Language = "en" | "id";

/** What each language calls itself; in the order in which they are offered. */
export const LANGUAGES: ReadonlyMap<Language, string> = new Map([
  ["en", "English"],
  ["id", "Bahasa Indonesia"],
]);

/** @param wanted as browsers tell it, best first: `id-ID`, `en` @returns one of LANGUAGES */
export function languageFor(wanted: readonly string[]): Language {
  const languages = wanted.map((tag) => tag.toLowerCase().split("-")[0] ?? "");
  const isKnown = (language: string): language is Language => LANGUAGES.has(language as Language);
  return languages.find(isKnown) ?? "en";
}
