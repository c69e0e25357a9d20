import { expect, test } from "bun:test";
import { PICTURE_PATHS_MAX } from "../../../src/base/limits-screen.ts";
import { PicturePaths } from "../../../src/cli/screen/picture-paths.ts";

class State {
  kept: string | undefined;
  readonly preference = () => this.kept;
  readonly setPreference = (_: "pictures", value: string) => {
    this.kept = value;
  };
}

test("remembers sent and downloaded pictures across runs", () => {
  const state = new State();
  const places = new PicturePaths(state);
  places.add("f1", "/home/ana/cat.png");
  places.add("f2", "/home/ana/notes.txt");
  places.add("f1", "/home/ana/cats/cat.png");
  const again = new PicturePaths(state);
  expect(again.get("f1")).toBe("/home/ana/cats/cat.png");
  expect(again.get("f2")).toBeUndefined();
});

test("drops the oldest path", () => {
  const state = new State();
  const places = new PicturePaths(state);
  for (let i = 0; i <= PICTURE_PATHS_MAX; i++) places.add(`f${i}`, `/${i}.png`);
  for (const known of [places, new PicturePaths(state)]) {
    expect(known.get("f0")).toBeUndefined();
    expect(known.get("f1")).toBe("/1.png");
    expect(known.get(`f${PICTURE_PATHS_MAX}`)).toBe(`/${PICTURE_PATHS_MAX}.png`);
  }
});

test.each(["{", "{}", "null", "[1]", '[["a"]]', '[["a", 1]]'])("ignores a stored %s", (kept) => {
  const state = new State();
  state.kept = kept;
  expect(new PicturePaths(state).get("a")).toBeUndefined();
});
