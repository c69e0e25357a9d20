/** Places where the user has left rooms and threads. */

import { READING_PLACES_MAX } from "../../base/limits-page.ts";
import type { ReadingPlace, ReadingPlaces } from "./state.ts";

export const NO_PLACES: ReadingPlaces = new Map();

/** @param root seq of the message that the thread answers */
export function placeKey(room: string, root?: number): string {
  return root === undefined ? room : `${room} ${root}`;
}

export function isSamePlace(a: ReadingPlace | undefined, b: ReadingPlace | undefined): boolean {
  return a?.seq === b?.seq && a?.above === b?.above;
}

/** @param place `undefined` at the end, where a room opens without a place */
export function withPlace(
  places: ReadingPlaces,
  key: string,
  place: ReadingPlace | undefined,
): ReadingPlaces {
  if (isSamePlace(places.get(key), place)) return places;
  const changed = new Map(places);
  changed.delete(key);
  if (place !== undefined) changed.set(key, place);
  return new Map([...changed].slice(-READING_PLACES_MAX));
}
