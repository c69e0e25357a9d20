/** Modules that the page loads when they are needed. */

import { useEffect, useRef, useState } from "react";
import { withFetchFault } from "../../browser/parts.ts";
import { whenSettled } from "./effects.ts";

export class LazyModule<Module> {
  loaded: Module | undefined;
  #loading: Promise<Module> | undefined;
  readonly #load: () => Promise<Module>;

  constructor(load: () => Promise<Module>) {
    this.#load = withFetchFault(load);
  }

  /**
   * After a failure, the next call retries.
   * @throws {Fault} unreachable if the module cannot be fetched, or not in time
   */
  async fetch(): Promise<Module> {
    if (this.loaded !== undefined) return this.loaded;
    this.#loading ??= this.#load();
    try {
      this.loaded = await this.#loading;
      return this.loaded;
    } finally {
      this.#loading = undefined;
    }
  }
}

const RETRY_MS = 2_000;

/**
 * Returns the module, which it loads if needed, and until then `undefined`.
 * @param onFault called if it cannot be loaded; by default, the module is loaded again later
 */
export function useModule<Module>(
  module: LazyModule<Module>,
  isNeeded = true,
  onFault?: (fault: unknown) => void,
): Module | undefined {
  return useLoading(module, isNeeded, onFault).loaded;
}

/** Returns also whether the module could not be loaded so far, or not in time. */
export function useLoading<Module>(
  module: LazyModule<Module>,
  isNeeded = true,
  onFault?: (fault: unknown) => void,
): { readonly loaded: Module | undefined; readonly hasFailed: boolean } {
  const [loaded, setLoaded] = useState(module.loaded);
  const [failures, setFailures] = useState(0);
  const latest = useRef(onFault);
  latest.current = onFault;
  // biome-ignore lint/correctness/useExhaustiveDependencies: loads again after a failure
  useEffect(() => {
    if (!isNeeded || loaded !== undefined) return;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const onFailure = (fault: unknown) => {
      if (latest.current !== undefined) return latest.current(fault);
      retry = setTimeout(() => setFailures((before) => before + 1), RETRY_MS);
    };
    const cancel = whenSettled(module.fetch(), setLoaded, onFailure);
    return () => {
      cancel();
      clearTimeout(retry);
    };
  }, [module, isNeeded, loaded, failures]);
  return { loaded, hasFailed: failures > 0 && loaded === undefined };
}
