/** Paths of the source tree, for builds. */

import { join } from "node:path";

/** The repository, when the program runs from its source: in a compiled one these are not there. */
export const ROOT = join(import.meta.dir, "..", "..");
export const MAIN_SOURCE = join(ROOT, "src", "main.ts");
/** What begins with this file is the page. */
export const PAGE_SOURCE = join(ROOT, "src", "web", "index.html");
