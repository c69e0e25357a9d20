import { expect, test } from "bun:test";
import fc from "fast-check";
import { PICTURE_PIXELS_MAX, PICTURE_SIDE_MAX } from "../../../src/base/limits-page.ts";
import { pictureHeader } from "../../../src/core/client/picture-header.ts";
import { isPictureName } from "../../../src/core/client/picture-name.ts";
import { gifOf, jpegOf, pngHead, pngOf, webpOf } from "../../cli/screen/pictures/made.ts";

test("each kind says how large it is", async () => {
  expect(pictureHeader(pngOf(300, 7))).toEqual({ type: "png", width: 300, height: 7 });
  expect(pictureHeader(gifOf(301, 8))).toEqual({ type: "gif", width: 301, height: 8 });
  expect(pictureHeader(await jpegOf(302, 9))).toEqual({ type: "jpeg", width: 302, height: 9 });
  for (const isLossless of [true, false]) {
    const webp = await webpOf(303, 10, isLossless);
    expect(pictureHeader(webp)).toEqual({ type: "webp", width: 303, height: 10 });
  }
});

test("the size of an extended WebP is that of its canvas", () => {
  const webp = Buffer.alloc(30);
  webp.write("RIFF????WEBPVP8X", "latin1");
  webp.writeUIntLE(4_000, 24, 3);
  webp.writeUIntLE(2_999, 27, 3);
  expect(pictureHeader(webp)).toEqual({ type: "webp", width: 4_001, height: 3_000 });
});

test("what stands before the size of a JPEG is passed over, and not for ever", async () => {
  const jpeg = await jpegOf(20, 10);
  const comment = Buffer.from([0xff, 0xfe, 0, 4, 0xff, 0xc0]);
  const behind = (comments: number) =>
    Buffer.concat([jpeg.subarray(0, 2), ...Array(comments).fill(comment), jpeg.subarray(2)]);
  expect(pictureHeader(behind(900))).toEqual({ type: "jpeg", width: 20, height: 10 });
  expect(pictureHeader(behind(1_100))).toBeUndefined();
  const filled = Buffer.concat([jpeg.subarray(0, 2), Buffer.alloc(50, 0xff), jpeg.subarray(2)]);
  expect(pictureHeader(filled)).toEqual({ type: "jpeg", width: 20, height: 10 });
});

test.each([
  [1, 1, true],
  [PICTURE_SIDE_MAX, 1, true],
  [1, PICTURE_SIDE_MAX, true],
  [PICTURE_SIDE_MAX + 1, 1, false],
  [8_000, PICTURE_PIXELS_MAX / 8_000, true],
  [8_000, PICTURE_PIXELS_MAX / 8_000 + 1, false],
  [0, 0, false],
  [0, 5, false],
  [5, 0, false],
  [65_535, 65_535, false],
  [2 ** 32 - 1, 2 ** 32 - 1, false],
])("%i x %i: %p", (width, height, isSane) => {
  expect(pictureHeader(pngHead(width, height)) !== undefined).toBe(isSane);
});

test("whatever the bytes are, there is a sane size or none", async () => {
  const kinds = [
    pngOf(9, 9),
    gifOf(9, 9),
    await jpegOf(9, 9),
    await webpOf(9, 9, true),
    await webpOf(9, 9, false),
  ];
  const changes = fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...kinds), changes, fc.nat(200), (kind, all, length) => {
      const bytes = kind.slice(0, length);
      for (const [at, byte] of all) if (at < bytes.length) bytes[at] = byte;
      const header = pictureHeader(bytes);
      if (header === undefined) return;
      const { width, height } = header;
      expect(Math.min(width, height)).toBeGreaterThan(0);
      expect(Math.max(width, height)).toBeLessThanOrEqual(PICTURE_SIDE_MAX);
      expect(width * height).toBeLessThanOrEqual(PICTURE_PIXELS_MAX);
    }),
    { numRuns: 2_000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void pictureHeader(bytes)));
});

test("names of pictures", () => {
  const names = ["a.png", "B.JPEG", "c.jpg", "d.gif", "e.WebP", "a.svg", "png", "a.png.exe", ""];
  expect(names.filter(isPictureName)).toEqual(names.slice(0, 5));
});
