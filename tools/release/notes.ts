/** Release notes: the section for one version in CHANGELOG.md. */

import { UsageError } from "./run.ts";

export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find((text) => text.startsWith(`## ${version} (`));
  const [heading = "", ...lines] = (section ?? "").split("\n");
  if (!/\(\d{4}-\d{2}-\d{2}\)$/.test(heading)) {
    throw new UsageError(`CHANGELOG.md has no dated section "## ${version} (YYYY-MM-DD)"`);
  }
  return `# chat ${version}\n\n${lines.join("\n").trim()}\n`;
}
