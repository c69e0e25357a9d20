/** Local paths of sent and downloaded pictures. */

import { PICTURE_PATHS_MAX } from "../../base/limits-screen.ts";
import { isPictureName } from "../../core/client/picture-name.ts";

export interface PicturePathStore {
  preference(name: "pictures"): string | undefined;
  setPreference(name: "pictures", value: string): void;
}

/**
 * Pictures sent or downloaded in this or an earlier run. The screen verifies the file at a path
 * before it displays the picture.
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

  /** Merges the entries that other processes have stored in the meantime. */
  add(file: string, path: string): void {
    if (!isPictureName(path)) return;
    const entries = new Map([...this.#paths, ...readPaths(this.#state)]);
    entries.delete(file);
    const paths = [...entries, [file, path] as const].slice(-PICTURE_PATHS_MAX);
    this.#paths = new Map(paths);
    this.#state.setPreference("pictures", JSON.stringify(paths));
  }
}

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
