import { expect, test } from "bun:test";
import {
  PICTURE_BYTES_MAX,
  PICTURE_DRAWN_PIXELS_MAX,
  PICTURE_RESENT_BYTES_MAX,
} from "../../../../src/base/limits-screen.ts";
import {
  drawPicture,
  drawSixel,
  readIndexed,
  type ScaledPicture,
  sixelPicture,
} from "../../../../src/cli/screen/pictures/drawing.ts";
import type { PictureProtocol } from "../../../../src/cli/screen/pictures/protocol.ts";
import { pictureHeader } from "../../../../src/core/client/picture-header.ts";
import { gifOf, jpegOf, pngHead, pngOf, webpOf } from "./test-png.ts";

const terminal = (protocol: PictureProtocol) => ({ protocol, cell: { width: 10, height: 20 } });

async function draw(
  bytes: Uint8Array,
  protocol: PictureProtocol = "kitty",
): Promise<ScaledPicture> {
  const picture = await drawPicture(bytes, terminal(protocol));
  if (picture === undefined) throw new Error("nothing was drawn");
  return picture;
}

const NOISE = pngOf(800, 600, (x, y) => {
  const hash = Bun.hash.crc32(`${x} ${y}`);
  return [hash & 255, (hash >> 8) & 255, (hash >> 16) & 255];
});

test("keeps the size of a small picture, and the ratio of a large picture", async () => {
  const small = await draw(pngOf(100, 40));
  expect([small.columns, small.rows]).toEqual([10, 2]);
  expect(pictureHeader(small.bytes)).toEqual({ type: "png", width: 100, height: 40 });
  const large = await draw(pngOf(3_000, 1_000));
  expect(large.columns / large.rows).toBeCloseTo(6, 1);
  expect(large.columns).toBeCloseTo(300, 0);
});

test("converts all four formats to PNG", async () => {
  const all = [await jpegOf(50, 30), gifOf(1, 1), await webpOf(50, 30, true)];
  for (const bytes of all) expect(pictureHeader((await draw(bytes)).bytes)?.type).toBe("png");
  expect(pictureHeader((await draw(await jpegOf(50, 30), "iterm2")).bytes)?.type).toBe("jpeg");
});

test("keeps even a noisy picture within the size limit", async () => {
  for (const protocol of ["kitty", "iterm2"] as const) {
    const { bytes } = await draw(NOISE, protocol);
    const max = protocol === "kitty" ? PICTURE_BYTES_MAX : PICTURE_RESENT_BYTES_MAX;
    expect(bytes.length).toBeLessThanOrEqual(max);
    const { width = 0, height = 0 } = pictureHeader(bytes) ?? {};
    expect(width * height).toBeLessThanOrEqual(PICTURE_DRAWN_PIXELS_MAX);
  }
  const sixel = await draw(NOISE, "sixel");
  const box = { columns: Math.ceil(sixel.columns), rows: Math.ceil(sixel.rows) };
  const text = await drawSixel(sixel, box, terminal("sixel"));
  expect(text?.length).toBeLessThanOrEqual(PICTURE_BYTES_MAX);
  expect(text).toStartWith('\x1bP0;1q"1;1;');
});

test("rejects malformed and oversized pictures", async () => {
  const jpeg = await jpegOf(300, 200);
  const none = [
    new Uint8Array(0),
    Buffer.from("<svg onload=alert(1)>"),
    pngHead(10, 10),
    pngHead(65_535, 65_535),
    pngHead(0, 0),
    pngOf(50, 50).subarray(0, 60),
    jpeg.subarray(0, 30),
  ];
  for (const bytes of none) expect(await drawPicture(bytes, terminal("kitty"))).toBeUndefined();
});

const COLORS = [
  [255, 0, 0, 255],
  [0, 255, 0, 255],
  [0, 0, 255, 0],
] as const;

test("encodes colours as percentages, and equal pixels as a count", () => {
  const pixels = new Uint8Array(20 * 7);
  expect(sixelPicture({ width: 20, height: 7, colors: COLORS, pixels })).toBe(
    '\x1bP0;1q"1;1;20;7#0;2;100;0;0#1;2;0;100;0#2;2;0;0;100#0!20~-#0!20@\x1b\\',
  );
});

test("reads a picture with a palette", async () => {
  const colors = [
    [250, 0, 0],
    [0, 250, 0],
    [9, 9, 250],
    [250, 250, 250],
  ] as const;
  const colorAt = (x: number, y: number) => colors[(x * y + x + 3 * y) % 4] ?? [0, 0, 0];
  const png = await new Bun.Image(pngOf(61, 37, colorAt)).png({ palette: true }).bytes();
  const read = readIndexed(png);
  expect(read).toMatchObject({ width: 61, height: 37 });
  const decoded = Array.from(read?.pixels ?? [], (pixel) => read?.colors[pixel]?.slice(0, 3));
  const sent = Array.from({ length: 61 * 37 }, (_, i) => colorAt(i % 61, Math.floor(i / 61)));
  expect(decoded).toEqual(sent.map((color) => [...color]));
});
