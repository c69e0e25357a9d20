import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  AVATAR_SIDE_MAX,
  PICTURE_PIXELS_MAX,
  PICTURE_SIDE_MAX,
} from "../../../src/base/limits-page.ts";
import { avatarType, isAnimated, pictureHeader } from "../../../src/core/client/picture-header.ts";
import { gifOf, jpegOf, pngHead, pngOf, webpOf } from "../../cli/screen/pictures/test-png.ts";
import { sampleSize } from "../../samples.ts";

test("reads the size of each type", async () => {
  expect(pictureHeader(pngOf(300, 7))).toEqual({ type: "png", width: 300, height: 7 });
  expect(pictureHeader(gifOf(301, 8))).toEqual({ type: "gif", width: 301, height: 8 });
  expect(pictureHeader(await jpegOf(302, 9))).toEqual({ type: "jpeg", width: 302, height: 9 });
  for (const isLossless of [true, false]) {
    const webp = await webpOf(303, 10, isLossless);
    expect(pictureHeader(webp)).toEqual({ type: "webp", width: 303, height: 10 });
  }
});

test("reads the size of an extended WebP from its canvas", () => {
  const webp = Buffer.alloc(30);
  webp.write("RIFF????WEBPVP8X", "latin1");
  webp.writeUIntLE(4_000, 24, 3);
  webp.writeUIntLE(2_999, 27, 3);
  expect(pictureHeader(webp)).toEqual({ type: "webp", width: 4_001, height: 3_000 });
});

test("skips a limited number of bytes before the size of a JPEG", async () => {
  const jpeg = await jpegOf(20, 10);
  const comment = Buffer.from([0xff, 0xfe, 0, 4, 0xff, 0xc0]);
  const behind = (comments: number) =>
    Buffer.concat([jpeg.subarray(0, 2), ...Array(comments).fill(comment), jpeg.subarray(2)]);
  expect(pictureHeader(behind(900))).toEqual({ type: "jpeg", width: 20, height: 10 });
  const empty = Buffer.from([0xff, 0xfe, 0, 2]);
  const afterEmpty = Buffer.concat([jpeg.subarray(0, 2), empty, jpeg.subarray(2)]);
  expect(pictureHeader(afterEmpty)).toEqual({ type: "jpeg", width: 20, height: 10 });
  const filled = Buffer.concat([jpeg.subarray(0, 2), Buffer.alloc(50, 0xff), jpeg.subarray(2)]);
  expect(pictureHeader(filled)).toEqual({ type: "jpeg", width: 20, height: 10 });
});

test("reads the size of a JPEG from its frame within the first thousand segments", () => {
  const [start, empty] = [Buffer.from([0xff, 0xd8]), Buffer.from([0xff, 0xfe, 0, 2])];
  const framed = (marker: number, ...before: readonly Uint8Array[]) => {
    const frame = Buffer.from([0xff, marker, 0, 17, 8, 0, 10, 0, 20]);
    return pictureHeader(Buffer.concat([start, ...before, frame]))?.width;
  };
  const behind = (segments: number) => framed(0xc0, ...Array<Uint8Array>(segments).fill(empty));
  expect([behind(0), behind(999), behind(1_000)]).toEqual([20, 20, undefined]);
  const markers = [0xc0, 0xcf, 0xbf, 0xd0, 0xc4, 0xc8, 0xcc];
  expect(markers.filter((marker) => framed(marker) === 20)).toEqual([0xc0, 0xcf]);
  for (const end of [0xda, 0xd9])
    expect(framed(0xc0, Buffer.from([0xff, end, 0, 2]))).toBeUndefined();
  const other = Buffer.from([0xff, 0xd7, 0xff, 0xc0, 0, 17, 8, 0, 10, 0, 20]);
  expect(pictureHeader(other)).toBeUndefined();
});

test("knows animated pictures by their header, however broken", async () => {
  const still = [pngOf(3, 3), await jpegOf(3, 3), await webpOf(3, 3, true), Buffer.alloc(0)];
  expect(still.map((bytes) => isAnimated(bytes))).toEqual([false, false, false, false]);
  const webp = Buffer.alloc(30);
  webp.write("RIFF????WEBPVP8X", "latin1");
  expect(isAnimated(webp)).toBe(false);
  webp[20] = 2;
  const png = pngOf(3, 3);
  const frames = Buffer.from("\0\0\0\x08acTL\0\0\0\x02\0\0\0\0????", "latin1");
  const animated = Buffer.concat([png.subarray(0, 33), frames, png.subarray(33)]);
  expect([webp, animated, gifOf(3, 3)].map(isAnimated)).toEqual([true, true, true]);
  animated.writeUInt32BE(0xffff_fff0, 8);
  expect(isAnimated(animated)).toBe(false);
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(typeof isAnimated(Buffer.concat([png.subarray(0, 8), bytes]))).toBe("boolean");
    }),
  );
});

test("reads only the bytes up to the size", () => {
  expect(pictureHeader(pngOf(9, 9).subarray(0, 24))?.width).toBe(9);
  expect(pictureHeader(gifOf(9, 9).subarray(0, 10))?.width).toBe(9);
  const webp = (kind: string, signature: number) => {
    const bytes = Buffer.alloc(30);
    bytes.write(kind, "latin1");
    bytes[20] = signature;
    return pictureHeader(bytes)?.width;
  };
  const kinds = ["RIFF????WEBPVP8L", "RIFF????WEBPVP8?", "RIFF????WAVEVP8L", "RIFX????WEBPVP8L"];
  expect(kinds.map((kind) => webp(kind, 0x2f))).toEqual([1, undefined, undefined, undefined]);
  expect(webp("RIFF????WEBPVP8L", 0x2e)).toBeUndefined();
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
])("reads %i x %i as %p", (width, height, isSane) => {
  expect(pictureHeader(pngHead(width, height)) !== undefined).toBe(isSane);
});

test("returns a plausible size or none for any bytes", async () => {
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
    { numRuns: sampleSize(2_000, 10_000) },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void pictureHeader(bytes)));
});

function extendedWebp(flags: number): Uint8Array {
  const webp = Buffer.alloc(30);
  webp.write("RIFF????WEBPVP8X", "latin1");
  webp[20] = flags;
  return webp;
}

test("an avatar is a still JPEG, PNG or WebP by its first bytes", async () => {
  expect(avatarType(pngOf(9, 9))).toBe("image/png");
  expect(avatarType(await jpegOf(9, 9))).toBe("image/jpeg");
  expect(avatarType(await webpOf(9, 9, true))).toBe("image/webp");
  expect(avatarType(extendedWebp(0x10))).toBe("image/webp");
  const animatedPng = Buffer.concat([pngHead(9, 9), Buffer.from("\0\0\0\x08acTL")]);
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>');
  const page = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.from("<!doctype html>")]);
  const refused = [animatedPng, extendedWebp(0x12), gifOf(9, 9), svg, page, new Uint8Array()];
  expect(refused.map(avatarType)).toEqual(refused.map(() => undefined));
});

test("an avatar has at most AVATAR_SIDE_MAX pixels each way", () => {
  const max = AVATAR_SIDE_MAX;
  expect(avatarType(pngHead(max, max))).toBe("image/png");
  const refused = [pngHead(max + 1, 1), pngHead(1, max + 1), pngHead(10_000, 10_000)];
  expect(refused.map(avatarType)).toEqual([undefined, undefined, undefined]);
});
