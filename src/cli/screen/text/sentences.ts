/** What commands and faults say in English, in another language: sentence by sentence. */

/** Gives a sentence in its language; undefined: it knows none. */
export type Sentence = (english: string) => string | undefined;

/**
 * @param table English to the other language. `{}` stands for what the program puts in, and is kept
 * in its order; `{}` at two places of one sentence may not stand beside each other
 */
export function sentencesOf(table: Readonly<Record<string, string>>): Sentence {
  const patterns: { readonly pattern: RegExp; readonly text: string }[] = [];
  for (const [english, text] of Object.entries(table)) {
    if (!english.includes("{}")) continue;
    const source = english.split("{}").map(RegExp.escape).join("([^]{1,2000}?)");
    patterns.push({ pattern: new RegExp(`^${source}$`), text });
  }
  return (english) => {
    if (Object.hasOwn(table, english)) return table[english];
    for (const { pattern, text } of patterns) {
      const found = pattern.exec(english);
      if (found === null) continue;
      const [first = "", ...rest] = text.split("{}");
      return first + rest.map((part, i) => (found[i + 1] ?? "") + part).join("");
    }
    return undefined;
  };
}
