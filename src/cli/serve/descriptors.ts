/** Connection limit derived from the available file descriptors. */

import { DESCRIPTORS_RESERVED, LINKS_MAX } from "../../base/limits.ts";
import { descriptorLimit } from "../../io/disk/descriptors.ts";
import { type Context, printNotice } from "../context.ts";

/**
 * Each connection and each open file needs a descriptor. Prints a notice if the system allows fewer
 * than LINKS_MAX connections. `limit` is already the hard limit, because Bun raises the soft limit.
 */
export function linksWithinLimit(
  context: Pick<Context, "stderr">,
  limit: number | undefined = descriptorLimit(),
): number {
  if (limit === undefined) return LINKS_MAX;
  const links = Math.max(DESCRIPTORS_RESERVED, limit - 2 * DESCRIPTORS_RESERVED);
  if (limit < LINKS_MAX) {
    printNotice(
      context,
      `this system allows ${limit} open files, enough for ${links} connections; ` +
        "raise it with ulimit -n, or LimitNOFILE= of systemd",
    );
  }
  return Math.min(LINKS_MAX, links);
}
