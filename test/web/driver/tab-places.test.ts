import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { READING_PLACES_MAX } from "../../../src/base/limits-page.ts";
import { NO_PLACES, withPlace } from "../../../src/core/model/places.ts";
import {
  formatPlaces,
  parsePlaces,
  restorePlaces,
  storePlaces,
} from "../../../src/web/driver/tab-places.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { opened } from "../browser/browser.ts";

const openTest = fixtureTest(opened);
const PLACE = { seq: 7, above: -3 };

test("reads back what it has formatted, and ignores everything else", () => {
  const places = withPlace(withPlace(NO_PLACES, "a", PLACE), "b 4", { seq: 1, above: 900 });
  expect([...parsePlaces("o", formatPlaces("o", places))]).toEqual([...places]);
  expect(parsePlaces("p", formatPlaces("o", places)).size).toBe(0);
  const rows = ["1", "[1]", '[["a"]]', '[["a",1]]', '[["a",1.5,0]]', "[[1,1,1]]"];
  for (const text of ["", "{", "{}", "null", ...rows.map((row) => `["o",${row}]`)])
    expect(parsePlaces("o", text).size).toBe(0);
  const many = Array.from({ length: 3 * READING_PLACES_MAX }, (_, i) => [`room-${i}`, i, 0]);
  expect(parsePlaces("o", JSON.stringify(["o", many])).size).toBe(READING_PLACES_MAX);
  const isBounded = (json: string) => parsePlaces("o", `["o",${json}]`).size <= READING_PLACES_MAX;
  fc.assert(fc.property(fc.json(), isBounded));
});

openTest("keeps where a tab has read until its account signs out", async (fixture) => {
  const { site, browser, ana } = fixture;
  ana.chat.actions.setPlace("lobby", PLACE);
  ana.chat.actions.keepPlace();
  storePlaces(ana.chat);
  const again = await browser.tab({ reloads: ana });
  await again.loggedIn("ana");
  restorePlaces(again.chat);
  expect(again.chat.model.places.get("lobby")).toEqual(PLACE);
  const other = await browser.tab();
  await other.loggedIn("ana");
  restorePlaces(other.chat);
  expect(other.chat.model.places.size).toBe(0);

  await again.chat.addAccount();
  const ben = await browser.tab({ reloads: again });
  await site.wait(ben.chat.enter({ user: "ben" }));
  await ben.caughtUp();
  restorePlaces(ben.chat);
  expect(ben.chat.model.places.size).toBe(0);

  await site.wait(ana.chat.logout());
  expect(ana.tabPlaces).toBeUndefined();
  expect(ana.chat.model.places.size).toBe(0);
});
