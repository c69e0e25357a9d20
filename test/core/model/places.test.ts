import { expect, test } from "bun:test";
import { READING_PLACES_MAX } from "../../../src/base/limits-page.ts";
import { NO_PLACES, placeKey, withPlace } from "../../../src/core/model/places.ts";
import { RowBuilder, rowOfPlace } from "../../../src/core/model/rows.ts";
import { recordEvent, scene } from "../model-scene.ts";

const PLACE = { seq: 7, above: -3 };

test("keeps the places that were changed last", () => {
  let places = NO_PLACES;
  for (let i = 0; i < READING_PLACES_MAX; i++) places = withPlace(places, `room-${i}`, PLACE);
  places = withPlace(places, "room-0", { seq: 8, above: 0 });
  expect(places.size).toBe(READING_PLACES_MAX);
  places = withPlace(places, placeKey("room-1", 5), PLACE);
  expect(places.size).toBe(READING_PLACES_MAX);
  expect(places.has("room-1")).toBe(false);
  expect([...places.keys()].slice(-2)).toEqual(["room-0", "room-1 5"]);
  expect(withPlace(places, "room-2", PLACE)).toBe(places);
  expect(withPlace(places, "room-2", undefined).has("room-2")).toBe(false);
  expect(withPlace(places, "unknown", undefined)).toBe(places);
});

test("finds the row of a place, or the next one if it is gone", () => {
  const { model } = scene(...[recordEvent(2), recordEvent(3), recordEvent(4), recordEvent(5)], {
    kind: "open",
    target: "lobby",
  });
  const { rows: all } = new RowBuilder().rowsOf(model, () => 0);
  const rows = all.filter(({ key }) => key !== "i4");
  const keyAt = (seq: number) => {
    const { index = -1, above } = rowOfPlace(rows, { seq, above: 7 }) ?? {};
    return [rows[index]?.key, above];
  };
  expect(keyAt(2)).toEqual(["i2", 7]);
  expect(keyAt(3)).toEqual(["i3", 7]);
  expect(keyAt(4)).toEqual(["i5", 0]);
  expect(keyAt(5)).toEqual(["i5", 7]);
  expect(rowOfPlace(rows, { seq: 6, above: 7 })).toBeUndefined();
  expect(rowOfPlace(rows, undefined)).toBeUndefined();
});
