/** Adjusts the limit of connections to the limit of descriptors. */

import { DESCRIPTORS_RESERVED, LINKS_MAX } from "../../base/limits.ts";
import { descriptorLimit } from "../../io/disk/descriptors.ts";
import { type Context, printNotice } from "../context.ts";

/**
 * Connections that a server can accept: each needs a file descriptor, and so do its files. Notes
 * when the system allows fewer than LINKS_MAX. Bun has raised the soft limit to the hard one.
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
