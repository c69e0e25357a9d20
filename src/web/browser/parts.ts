/** Parts of the page's program that are fetched when they are needed. */

import { withTimeout } from "../../io/clock.ts";
import { PageFault } from "../../ui/text/fault-text.ts";

/** A request may never be answered, and not fail either. */
const LATE_MS = 30_000;

/** @throws {Fault} unreachable if the part cannot be fetched, or not in time */
export function withFetchFault<Module>(load: () => Promise<Module>): () => Promise<Module> {
  return async () => {
    try {
      return await withTimeout(load(), LATE_MS, () => {
        throw new Error("the part did not arrive in time");
      });
    } catch (cause) {
      throw new PageFault("unreachable", "loadFailed", { cause });
    }
  };
}
