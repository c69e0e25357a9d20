/** Paths of the source tree, for builds. */

import { join } from "node:path";

/**
 * Repository, when the program runs from source. These paths do not exist in a compiled program.
 */
export const ROOT = join(import.meta.dir, "..", "..");
export const MAIN_SOURCE = join(ROOT, "src", "main.ts");
/** Entry point of the page. */
export const PAGE_SOURCE = join(ROOT, "src", "web", "index.html");
