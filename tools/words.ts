/** Counts the words of the documents without generated tables: `bun tools/words.ts`. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Headings of the generated tables, by document. */
const GENERATED: Readonly<Record<string, readonly string[]>> = {
  "docs/commands.md": [
    "Commands of the program",
    "Slash commands",
    "Other names of slash commands",
  ],
  "docs/settings.md": [
    "Settings of a server",
    "Settings of the full screen",
    "Settings of the page",
  ],
  "docs/design/PROTOCOL.md": ["Notices", "Requests", "What older programs do", "Limits"],
};

function withoutGenerated(path: string, text: string): string {
  const parts = text.split(/^(?=#{1,6} )/m).map((part) => {
    const heading = /^#+ (.*)/.exec(part)?.[1] ?? "";
    return GENERATED[path]?.includes(heading) ? part.replaceAll(/^\|.*\n/gm, "") : part;
  });
  return parts.join("");
}

/** Counts words with a letter or digit, so that the frame of a table has none. */
function wordsOf(text: string): number {
  return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

const documents = ["*.md", "docs/*.md", "docs/design/*.md", "data/*.md"].map(
  (pattern) => `:(glob)${pattern}`,
);
const paths = execFileSync("git", ["ls-files", ...documents], { encoding: "utf8" })
  .trim()
  .split("\n");
const rows = paths.map((path) => ({
  path,
  words: wordsOf(withoutGenerated(path, readFileSync(path, "utf8"))),
}));
for (const { path, words } of rows.toSorted((a, b) => b.words - a.words)) {
  process.stdout.write(`${String(words).padStart(7)} ${path}\n`);
}
const total = rows.reduce((sum, { words }) => sum + words, 0);
process.stdout.write(`${String(total).padStart(7)} in all\n`);
