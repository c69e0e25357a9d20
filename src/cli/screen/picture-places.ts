import { PICTURE_PLACES_MAX } from "../../base/limits-screen.ts";
import { isPictureName } from "./pictures/header.ts";

/** What keeps the places: the home's preferences. */
export interface PlacesState {
  preference(name: "pictures"): string | undefined;
  prefer(name: "pictures", value: string): void;
}

/**
 * Where pictures are that were sent from here or fetched, by file, also by earlier runs. Whether
 * the same still stands there is found out when it is shown.
 */
export class PicturePlaces {
  readonly #state: PlacesState;
  /** Oldest first. Bounded by PICTURE_PLACES_MAX. */
  readonly #paths: Map<string, string>;

  constructor(state: PlacesState) {
    this.#state = state;
    this.#paths = new Map(readPlaces(state.preference("pictures")));
  }

  get(file: string): string | undefined {
    return this.#paths.get(file);
  }

  add(file: string, path: string): void {
    if (!isPictureName(path) || this.#paths.get(file) === path) return;
    this.#paths.delete(file);
    this.#paths.set(file, path);
    const [oldest = ""] = this.#paths.keys();
    if (this.#paths.size > PICTURE_PLACES_MAX) this.#paths.delete(oldest);
    this.#state.prefer("pictures", JSON.stringify([...this.#paths]));
  }
}

/** What cannot be read is nothing. */
function readPlaces(kept: string | undefined): [string, string][] {
  try {
    const value: unknown = JSON.parse(kept ?? "[]");
    return Array.isArray(value) ? value.filter(isPlace).slice(-PICTURE_PLACES_MAX) : [];
  } catch {
    return [];
  }
}

function isPlace(value: unknown): value is [string, string] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return value.every((one) => typeof one === "string");
}
