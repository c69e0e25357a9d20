import { expect, test } from "bun:test";
import { PICTURE_FETCHED_BYTES_MAX } from "../../../src/base/limits-page.ts";
import { isPictureName, isSmallPicture } from "../../../src/core/client/picture-name.ts";
import type { FileBody } from "../../../src/core/rooms/files.ts";
import { fileEntry } from "../../cli/screen/view/scenes.ts";

test("recognises pictures by name, excluding executable types", () => {
  for (const name of ["a.png", "A.JPG", "a.jpeg", "x.y.gif", "a.webp"]) {
    expect([name, isPictureName(name)]).toEqual([name, true]);
  }
  for (const name of ["a.svg", "a.png.exe", "png", "a.pdf", "a.html", "", "a.png "]) {
    expect([name, isPictureName(name)]).toEqual([name, false]);
  }
});

test("fetches small pictures automatically, but no folders", () => {
  const file = (more: object): FileBody => fileEntry("a.png", more) as FileBody;
  expect(isSmallPicture(file({ size: PICTURE_FETCHED_BYTES_MAX }))).toBe(true);
  expect(isSmallPicture(file({ size: PICTURE_FETCHED_BYTES_MAX + 1 }))).toBe(false);
  expect(isSmallPicture(file({ size: 1, folder: { entries: 1, manifestBytes: 9 } }))).toBe(false);
});
