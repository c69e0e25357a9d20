/** Paths of the source tree, for builds. */

import { join } from "node:path";

/** The repository, if the program runs from source; these paths do not exist in a compiled one. */
export const ROOT = join(import.meta.dir, "..", "..");
export const MAIN_SOURCE = join(ROOT, "src", "main.ts");
/** The entry point of the page. */
export const PAGE_SOURCE = join(ROOT, "src", "web", "index.html");
