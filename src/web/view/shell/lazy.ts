/** Modules that the page loads when they are needed. */

import { useEffect, useState } from "react";
import { whenSettled } from "./effects.ts";

export class LazyModule<Module> {
  loaded: Module | undefined;
  readonly #load: () => Promise<Module>;

  constructor(load: () => Promise<Module>) {
    this.#load = load;
  }

  /** After a failure, the next call retries. */
  async fetch(): Promise<Module> {
    this.loaded ??= await this.#load();
    return this.loaded;
  }
}

/** Returns the module, which it loads if needed; `undefined` until then and after a failure. */
export function useModule<Module>(module: LazyModule<Module>, isNeeded = true): Module | undefined {
  const [loaded, setLoaded] = useState(module.loaded);
  useEffect(() => {
    if (isNeeded && loaded === undefined) return whenSettled(module.fetch(), setLoaded);
    return undefined;
  }, [module, isNeeded, loaded]);
  return loaded;
}
