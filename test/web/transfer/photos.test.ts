import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { PREVIEW_BYTES_MAX, SMALLER_SIDE_MAX } from "../../../src/base/limits-page.ts";
import { countPersonalData, NO_PERSONAL_DATA } from "../../../src/client/files/personal-data.ts";
import { readableFile } from "../../../src/web/browser/file-source.ts";
import { jpegOf as jpegCopy } from "../../../src/web/transfer/jpeg-copy.ts";
import { Photos } from "../../../src/web/transfer/photos.ts";
import { type ScalePicture, VIEWED_BYTES_MAX } from "../../../src/web/transfer/previews.ts";
import { gifOf, jpegOf } from "../../cli/screen/pictures/test-png.ts";
import { phoneExif, withExif } from "../../core/client/exif.ts";
import { photo } from "../../page/fixtures.ts";
import { rejection } from "../../rejection.ts";

const fileOf = (name: string, bytes: Uint8Array) =>
  new File([new Uint8Array(bytes)], name, { lastModified: 5 });

function scene() {
  const sources: Blob[] = [];
  const state = { running: 0, runningMax: 0 };
  const scale: ScalePicture = async (source, header, { sideMax, type }) => {
    sources.push(source);
    expect(sideMax).toBe(SMALLER_SIDE_MAX);
    state.runningMax = Math.max(state.runningMax, ++state.running);
    await source.arrayBuffer();
    state.running -= 1;
    const blob = new Blob(["copy"], { type: type ?? "image/webp" });
    return header.width === 13 ? undefined : { blob, width: 1, height: 1 };
  };
  return { sources, state, photos: new Photos(scale) };
}

test("copies one photo at a time, and each only once", async () => {
  const { photos, sources, state } = scene();
  const jpeg = fileOf("a.JPEG", await jpegOf(20, 10));
  const png = fileOf("screen.shot.png", photo(20, 10));
  const [first, second, again] = [jpeg, png, jpeg].map((file) => photos.smaller(file));
  expect(await first).toMatchObject({ name: "a.JPEG", type: "image/jpeg", size: 4 });
  // The time of the original could tell when the photo was taken.
  expect((await first)?.lastModified).not.toBe(jpeg.lastModified);
  expect(await second).toMatchObject({ name: "screen.shot.webp", type: "image/webp" });
  expect(await again).toBe((await first) as File);
  expect([sources.length, state.runningMax]).toEqual([2, 1]);
  expect(photos.mayHaveSmaller(jpeg)).toBe(true);
});

test("has no copy of other files, animations, large files, and what does not decode", async () => {
  const { photos, sources } = scene();
  const large = fileOf("large.png", photo(20, 10));
  Object.defineProperty(large, "size", { value: VIEWED_BYTES_MAX + 1 });
  const others = [
    fileOf("a.heic", Buffer.from("\0\0\0\x18ftypheic", "latin1")),
    fileOf("a.gif", gifOf(20, 10)),
    fileOf("empty.jpg", new Uint8Array()),
    large,
  ];
  for (const file of others) expect(await photos.smaller(file)).toBeUndefined();
  expect(sources).toEqual([]);
  const corrupt = fileOf("corrupt.png", photo(13, 10));
  expect(photos.mayHaveSmaller(corrupt)).toBe(true);
  expect(await photos.smaller(corrupt)).toBeUndefined();
  expect(photos.mayHaveSmaller(corrupt)).toBe(false);
});

test("retries after the code that scales could not be fetched, and sends no preview", async () => {
  let failures = 0;
  const photos = new Photos(async () => {
    if (failures++ < 3) throw new Fault("unreachable", "no code");
    return { blob: new Blob(["copy"], { type: "image/webp" }), width: 1, height: 1 };
  });
  const file = fileOf("large.png", new Uint8Array([...photo(20, 10), ...Array(PREVIEW_BYTES_MAX)]));
  expect(await rejection(photos.smaller(file))).toMatchObject({ code: "unreachable" });
  expect(await photos.preview(file)).toBeUndefined();
  expect(await rejection(photos.smaller(file))).toMatchObject({ code: "unreachable" });
  expect(photos.mayHaveSmaller(file)).toBe(true);
  expect(await photos.smaller(file)).toMatchObject({ name: "large.webp", size: 4 });
});

test("makes a JPEG of a photo that most browsers do not display, once", async () => {
  const { photos } = scene();
  const heic = fileOf("IMG_1.HEIC", Buffer.from("\0\0\0\x18ftypheic", "latin1"));
  expect(await jpegCopy(photos, heic)).toMatchObject({ name: "IMG_1.jpg", type: "image/jpeg" });
  expect(await jpegCopy(photos, heic)).toBeUndefined();
  const unable = new Photos(async () => undefined);
  expect(await jpegCopy(unable, fileOf("b.heic", new Uint8Array(4)))).toBeUndefined();
});

test.each([
  [4_000, 3_000, 2_048],
  [800, 9_000, 9_000],
  [1_080, 2_400, 2_400],
  [6_000, 1_500, 4_320],
  [500, 13_000, 12_000],
])("keeps a picture of %i x %i readable", async (width, height, sideMax) => {
  const asked: number[] = [];
  const photos = new Photos(async (_, __, limits) => {
    asked.push(limits.sideMax);
    return { blob: new Blob(["copy"], { type: "image/webp" }), width: 1, height: 1 };
  });
  const png = photo(20, 10);
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  await photos.smaller(fileOf("long.png", png));
  expect(asked).toEqual([sideMax]);
});

test("finds a location, and nothing in a file that it can't read", async () => {
  const { photos } = scene();
  const jpeg = await jpegOf(20, 10);
  const locatedIn = (file: File) => countPersonalData([readableFile(file)]);
  expect(await locatedIn(fileOf("a.jpg", jpeg))).toEqual(NO_PERSONAL_DATA);
  const located = fileOf("b.jpg", withExif(jpeg, phoneExif()));
  expect(await locatedIn(located)).toMatchObject({ location: { has: 1, mayHave: 0 } });
  const gone = fileOf("c.jpg", jpeg);
  gone.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone")) }) as never;
  const unknown = { isPicture: false, header: undefined, isAnimated: false };
  expect(await photos.inspect(gone)).toEqual(unknown);
  expect(await locatedIn(gone)).toEqual(NO_PERSONAL_DATA);
});
