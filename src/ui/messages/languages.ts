/** Languages of the user interfaces. */

export type Language = "en" | "id";

/** Name of each language in the language itself, in menu order. */
export const LANGUAGES: ReadonlyMap<Language, string> = new Map([
  ["en", "English"],
  ["id", "Bahasa Indonesia"],
]);

export function languageFor(preferred: readonly string[]): Language {
  const languages = preferred.map((tag) => tag.toLowerCase().split("-")[0] ?? "");
  const isKnown = (language: string): language is Language => LANGUAGES.has(language as Language);
  return languages.find(isKnown) ?? "en";
}
