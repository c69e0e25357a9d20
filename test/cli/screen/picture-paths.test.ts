import { expect, test } from "bun:test";
import { PICTURE_PATHS_MAX } from "../../../src/base/limits-screen.ts";
import { PicturePaths } from "../../../src/cli/screen/visible-pictures.ts";

class State {
  stored: string | undefined;
  readonly preference = () => this.stored;
  readonly changePreference = (
    _: "pictures",
    change: (stored: string | undefined) => string,
  ): void => {
    this.stored = change(this.stored);
  };
}

test("stores sent and downloaded pictures across runs", () => {
  const state = new State();
  const paths = new PicturePaths(state);
  paths.add("f1", "/home/ana/cat.png");
  paths.add("f2", "/home/ana/notes.txt");
  paths.add("f1", "/home/ana/cats/cat.png");
  const again = new PicturePaths(state);
  expect(again.get("f1")).toBe("/home/ana/cats/cat.png");
  expect(again.get("f2")).toBeUndefined();
});

test("drops the oldest path", () => {
  const state = new State();
  const paths = new PicturePaths(state);
  for (let i = 0; i <= PICTURE_PATHS_MAX; i++) paths.add(`f${i}`, `/${i}.png`);
  for (const instance of [paths, new PicturePaths(state)]) {
    expect(instance.get("f0")).toBeUndefined();
    expect(instance.get("f1")).toBe("/1.png");
    expect(instance.get(`f${PICTURE_PATHS_MAX}`)).toBe(`/${PICTURE_PATHS_MAX}.png`);
  }
});

test.each(["{", "{}", "null", "[1]", '[["a"]]', '[["a", 1]]'])("ignores a stored %s", (value) => {
  const state = new State();
  state.stored = value;
  expect(new PicturePaths(state).get("a")).toBeUndefined();
});
