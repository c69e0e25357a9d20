/** Modules that are loaded early, but not while the page starts. */

import { useEffect } from "react";
import { ifPossible } from "../../../io/promises.ts";
import { listen } from "./effects.ts";
import type { LazyModule } from "./lazy.ts";

/** Loads the module before the connection may be lost, but not while the page starts. */
export function usePreload(module: LazyModule<unknown>): void {
  useEffect(() => {
    const preload = () => void ifPossible(module.fetch()); // Opening it loads it again.
    return listen(window, "keydown pointerdown", preload, { once: true });
  }, [module]);
}
