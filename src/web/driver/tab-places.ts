/** Places of this tab, which outlast a reload or a crash. */

import { decodeJson } from "../../base/decode.ts";
import { unlessFault } from "../../base/fault.ts";
import { READING_PLACES_MAX } from "../../base/limits-page.ts";
import { NO_PLACES } from "../../core/model/places.ts";
import type { Model, ReadingPlace, ReadingPlaces } from "../../core/model/state.ts";
import type { PageClient } from "./page-client.ts";

type Rows = readonly (readonly [key: string, seq: number, above: number])[];

/** @internal */
export function formatPlaces(owner: string, places: ReadingPlaces): string {
  const rows: Rows = [...places].map(([key, { seq, above }]) => [key, seq, above]);
  return JSON.stringify([owner, rows]);
}

/**
 * Returns no places if the text is malformed, or belongs to another account.
 * @internal
 */
export function parsePlaces(owner: string, text: string): ReadingPlaces {
  const stored: unknown = unlessFault(() => decodeJson(text));
  const [storedOwner, rows]: unknown[] = Array.isArray(stored) ? stored : [];
  if (storedOwner !== owner || !Array.isArray(rows)) return NO_PLACES;
  const places = new Map<string, ReadingPlace>();
  for (const row of rows.slice(-READING_PLACES_MAX)) {
    const [key, seq, above] = Array.isArray(row) ? (row as unknown[]) : [];
    if (typeof key === "string" && Number.isSafeInteger(seq) && Number.isSafeInteger(above))
      places.set(key, { seq: Number(seq), above: Number(above) });
  }
  return places;
}

function ownerOf({ me = "", server }: Model): string {
  return `${server?.fingerprint} ${me.toLowerCase()}`;
}

export function restorePlaces({ model, platform, store }: PageClient): void {
  const places = parsePlaces(ownerOf(model), platform.tabPlaces.read() ?? "");
  store.applyNow({ kind: "places", places });
}

export function storePlaces({ model, platform }: PageClient): void {
  const { places } = model;
  const text = places.size === 0 ? undefined : formatPlaces(ownerOf(model), places);
  platform.tabPlaces.write(text);
}
