/** docs/card.md, from the texts that are printed with cards. */

import type { CardGuide } from "../src/core/people/cards.ts";
import { ENGLISH_CARDS } from "../src/ui/messages/en/cards.ts";
import { INDONESIAN_CARDS } from "../src/ui/messages/id/cards.ts";

const COLUMNS = 120;
const BLANK = "_".repeat(22);
const HEAD = `# One page for pupils

${wrapped(
  [
    "Print this page, or copy it to a slide. The first part is in English, the second in",
    "Indonesian. To print it with the cards, with the server's address in it, choose **Print",
    "instructions, too** on the page, or add `--instructions` to",
    "`chat admin accounts import class.csv --cards cards.html`.",
  ].join(" "),
)}
`;

function wrapped(text: string, indent = ""): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length + indent.length <= COLUMNS) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return lines.join(`\n${indent}`);
}

function part({ title, steps, columns, rows, notes }: CardGuide): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const numbered = steps(BLANK, `https://${BLANK}:2428`).map((step, i) => {
    return `${i + 1}. ${wrapped(step, "   ")}\n`;
  });
  const table = [columns, ["---", "---"], ...rows].map(row).join("");
  const rest = notes(`${BLANK}:2428`).map((note) => `${wrapped(note)}\n`);
  return [`## ${title}\n`, numbered.join(""), table, ...rest].join("\n");
}

export function cardGuide(): string {
  return [HEAD, part(ENGLISH_CARDS.guide), part(INDONESIAN_CARDS.guide)].join("\n");
}
