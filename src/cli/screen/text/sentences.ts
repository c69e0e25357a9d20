/** The English texts of faults in another language, found by matching what was rendered. */

/** Gives a sentence in its language; undefined: it knows none. */
export type Sentence = (english: string) => string | undefined;

/**
 * @param table English to the other language. `{}` stands for what the program puts in, `{word}`
 * for one word of it; both are kept in their order
 */
export function sentencesOf(table: Readonly<Record<string, string>>): Sentence {
  const patterns: { readonly pattern: RegExp; readonly text: string }[] = [];
  for (const [english, text] of Object.entries(table)) {
    if (!/\{(?:word)?\}/.test(english)) continue;
    const source = english.split("{}").map(wordsOf).join("([^]{1,2000}?)");
    patterns.push({ pattern: new RegExp(`^${source}$`), text: text.replaceAll("{word}", "{}") });
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

function wordsOf(english: string): string {
  return english.split("{word}").map(RegExp.escape).join("(\\S{1,2000})");
}
