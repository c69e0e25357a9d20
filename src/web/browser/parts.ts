/** Parts of the page's program that are fetched when they are needed. */

import { PageFault } from "../../ui/text/fault-text.ts";

/** @throws {Fault} unreachable if the part cannot be fetched */
export function withFetchFault<Module>(load: () => Promise<Module>): () => Promise<Module> {
  return () =>
    load().catch((cause: unknown) => {
      throw new PageFault("unreachable", "loadFailed", { cause });
    });
}
