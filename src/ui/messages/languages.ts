/** What each language calls itself; in the order in which they are offered. */
export const LANGUAGES: ReadonlyMap<string, string> = new Map([
  ["en", "English"],
  ["id", "Bahasa Indonesia"],
]);

/** @param wanted as browsers tell it, best first: `id-ID`, `en` @returns one of LANGUAGES */
export function languageFor(wanted: readonly string[]): string {
  const languages = wanted.map((tag) => tag.toLowerCase().split("-")[0] ?? "");
  return languages.find((language) => LANGUAGES.has(language)) ?? "en";
}
