/** Comment of an archive that names the entries whose names differ from the sent ones. */

import { RENAMED_LISTED_MAX } from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import type { Renamed } from "./folder-plan.ts";

export function renamedComment(renamed: readonly Renamed[]): string {
  const lines = renamed
    .slice(0, RENAMED_LISTED_MAX)
    .map(({ from, to }) => `saved ${quoteText(from)} as ${quoteText(to)}`);
  const moreCount = renamed.length - lines.length;
  if (moreCount > 0) lines.push(`${moreCount} more saved under other names`);
  return lines.join("\n");
}
