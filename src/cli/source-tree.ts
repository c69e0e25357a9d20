/** Paths of the source tree, for builds. */

import { join } from "node:path";

/** Repository path when the program runs from source. A compiled program contains no such paths. */
export const ROOT = join(import.meta.dir, "..", "..");
export const MAIN_SOURCE = join(ROOT, "src", "main.ts");
export const PAGE_SOURCE = join(ROOT, "src", "web", "index.html");
