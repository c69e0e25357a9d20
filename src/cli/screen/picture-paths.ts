/** Local paths of sent and downloaded pictures. */

import { PICTURE_PATHS_MAX } from "../../base/limits-screen.ts";
import { isPictureName } from "../../core/client/picture-name.ts";

/** Storage of the paths: the home's preferences. */
export interface PicturePathStore {
  preference(name: "pictures"): string | undefined;
  setPreference(name: "pictures", value: string): void;
}

/**
 * Paths of sent and fetched pictures by file, including earlier runs. A path is checked when its
 * picture is shown.
 */
export class PicturePaths {
  readonly #state: PicturePathStore;
  #paths: ReadonlyMap<string, string>;

  constructor(state: PicturePathStore) {
    this.#state = state;
    this.#paths = readPaths(state);
  }

  get(file: string): string | undefined {
    return this.#paths.get(file);
  }

  /** Merges with entries that other processes of the same home have added. */
  add(file: string, path: string): void {
    if (!isPictureName(path)) return;
    const entries = new Map([...this.#paths, ...readPaths(this.#state)]);
    entries.delete(file);
    const paths = [...entries, [file, path] as const].slice(-PICTURE_PATHS_MAX);
    this.#paths = new Map(paths);
    this.#state.setPreference("pictures", JSON.stringify(paths));
  }
}

/** Oldest first. Empty if the stored value cannot be read. */
function readPaths(state: PicturePathStore): ReadonlyMap<string, string> {
  try {
    const value: unknown = JSON.parse(state.preference("pictures") ?? "[]");
    const entries = Array.isArray(value) ? value.filter(isPathEntry) : [];
    return new Map(entries.slice(-PICTURE_PATHS_MAX));
  } catch {
    return new Map();
  }
}

function isPathEntry(value: unknown): value is [string, string] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return value.every((field) => typeof field === "string");
}
