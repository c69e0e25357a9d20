import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");

/** Guides, in the order of README. */
export const GUIDES: readonly string[] = [
  "README.md",
  "docs/tour.md",
  "docs/install.md",
  "docs/joining.md",
  "docs/class.md",
  "docs/card.md",
  "docs/faq.md",
  "docs/troubleshooting.md",
  "docs/talking.md",
  "docs/screen.md",
  "docs/browser.md",
  "docs/files.md",
  "docs/history.md",
  "docs/accounts.md",
  "docs/lan.md",
  "docs/serving.md",
  "docs/certificates.md",
  "docs/backup.md",
  "docs/cluster.md",
  "docs/sealed.md",
  "docs/proofs.md",
  "docs/scripting.md",
  "docs/json.md",
  "docs/http.md",
  "docs/bots.md",
  "docs/irc.md",
  "docs/commands.md",
  "docs/settings.md",
  "docs/glossary.md",
];

/** Guides that begin with an installation, and pages to read or print. */
export const WITHOUT_NEEDS: readonly string[] = [
  "README.md",
  "docs/tour.md",
  "docs/install.md",
  "docs/class.md",
  "docs/card.md",
  "docs/faq.md",
  "docs/commands.md",
  "docs/settings.md",
  "docs/glossary.md",
];

/** Lines of a guide in which it must say what its reader needs. */
const FIRST_LINES = 8;

export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/**
 * Returns what a guide's line "You need" lists.
 * @throws {Error} if the guide has no such line
 */
export function needsOf(path: string): string[] {
  if (WITHOUT_NEEDS.includes(path)) return [];
  const start = textOf(path).split("\n").slice(0, FIRST_LINES).join("\n");
  const [, list] = /^\*\*You need:\*\* (.+?)\.$/ms.exec(start) ?? [];
  if (list === undefined) throw new Error(`${path} does not say what its reader needs`);
  return list
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll("`", "")
    .split(/,\s+(?:and\s+)?|\s+and\s+(?!the NATS)/)
    .map((need) => need.replaceAll(/\s+/g, " "));
}
