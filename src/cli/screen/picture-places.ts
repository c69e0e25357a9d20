import { PICTURE_PLACES_MAX } from "../../base/limits-screen.ts";
import { isPictureName } from "../../core/client/picture-name.ts";

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
  #paths: ReadonlyMap<string, string>;

  constructor(state: PlacesState) {
    this.#state = state;
    this.#paths = readPlaces(state);
  }

  get(file: string): string | undefined {
    return this.#paths.get(file);
  }

  /** On top of what others have added meanwhile: several run in one home. */
  add(file: string, path: string): void {
    if (!isPictureName(path)) return;
    const others = new Map([...this.#paths, ...readPlaces(this.#state)]);
    others.delete(file);
    const paths = [...others, [file, path] as const].slice(-PICTURE_PLACES_MAX);
    this.#paths = new Map(paths);
    this.#state.prefer("pictures", JSON.stringify(paths));
  }
}

/** Oldest first. What cannot be read is nothing. */
function readPlaces(state: PlacesState): ReadonlyMap<string, string> {
  try {
    const value: unknown = JSON.parse(state.preference("pictures") ?? "[]");
    const places = Array.isArray(value) ? value.filter(isPlace) : [];
    return new Map(places.slice(-PICTURE_PLACES_MAX));
  } catch {
    return new Map();
  }
}

function isPlace(value: unknown): value is [string, string] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return value.every((one) => typeof one === "string");
}
