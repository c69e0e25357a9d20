/** Guides on a terminal. */

import { type Guide, withGuideLinks } from "./guides.ts";

/** Wider lines are hard to read. */
const COLUMNS_MAX = 100;

export interface GuideStyle {
  readonly columns: number;
  readonly color: boolean;
  /** Names of commands, whose help `chat help NAME` shows. */
  readonly commands: readonly string[];
}

/** Returns the text of a guide for a terminal: wrapped, and with links as commands. */
export function guideText(guide: Guide, guides: readonly Guide[], style: GuideStyle): string {
  const markdown = withGuideLinks(guide, guides, (name) =>
    name === "" ? undefined : `chat help ${typedName(name, style.commands)}`,
  );
  return markdownText(markdown, style);
}

export function markdownText(
  markdown: string,
  style: Pick<GuideStyle, "columns" | "color">,
): string {
  const { color: colors } = style;
  const columns = Math.min(style.columns, COLUMNS_MAX);
  return Bun.markdown.ansi(markdown, { colors, columns, hyperlinks: false });
}

/** Returns the word that selects the guide; a command of the same name has precedence. */
export function typedName(name: string, commands: readonly string[]): string {
  return commands.includes(name) ? `${name}.md` : name;
}

/** Returns the guide of a typed name such as `backup`, `backup.md` or `docs/backup.md`. */
export function findGuide(typed: string, guides: readonly Guide[]): Guide | undefined {
  const name = typed.toLowerCase().replace(/^docs\//, "");
  return guides.find((guide) => guide.name === name.replace(/\.md$/, ""));
}

/** Returns the guides as lines under their headings. */
export function guideList(guides: readonly Guide[], commands: readonly string[]): string {
  const rows = guides.map(({ name, about, group }) => ({
    word: typedName(name, commands),
    about,
    group,
  }));
  const width = Math.max(...rows.map(({ word }) => word.length));
  const groups = [...Map.groupBy(rows, ({ group }) => group)].flatMap(([group, entries]) => [
    group,
    ...entries.map(({ word, about }) => `  ${word.padEnd(width)}  ${about}`),
    "",
  ]);
  return ["GUIDES", "", ...groups].join("\n");
}
