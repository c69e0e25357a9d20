/** Parts of the page's program that are fetched when they are needed. */

import { PageFault } from "../../ui/text/fault-text.ts";

/** A request may never be answered, and not fail either. */
const LATE_MS = 30_000;

/** @throws {Fault} unreachable if the part cannot be fetched, or not in time */
export function withFetchFault<Module>(load: () => Promise<Module>): () => Promise<Module> {
  return async () => {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error("the part did not arrive in time")), LATE_MS);
    try {
      return await Promise.race([load(), late]);
    } catch (cause) {
      throw new PageFault("unreachable", "loadFailed", { cause });
    } finally {
      clearTimeout(timer);
    }
  };
}
