import { expect, test } from "bun:test";
import {
  PICTURE_AGAIN_BYTES_MAX,
  PICTURE_BYTES_MAX,
  PICTURE_DRAWN_PIXELS_MAX,
  PICTURE_SIXEL_PIXELS_MAX,
} from "../../../../src/base/limits-screen.ts";
import { type Drawn, drawPicture, drawSixel } from "../../../../src/cli/screen/pictures/drawing.ts";
import type { PictureProtocol } from "../../../../src/cli/screen/pictures/protocol.ts";
import { pictureHeader } from "../../../../src/core/client/picture-header.ts";
import { gifOf, jpegOf, pngHead, pngOf, webpOf } from "./made.ts";

function terminal(protocol: PictureProtocol, width = 10, height = 20) {
  return { protocol, cell: { width, height } };
}

async function drawn(bytes: Uint8Array, protocol: PictureProtocol = "kitty"): Promise<Drawn> {
  const made = await drawPicture(bytes, terminal(protocol));
  if (made === undefined) throw new Error("nothing was drawn");
  return made;
}

const NOISE = pngOf(1_200, 900, (x, y) => {
  const hash = Bun.hash.crc32(`${x} ${y}`);
  return [hash & 255, (hash >> 8) & 255, (hash >> 16) & 255];
});

test("a small picture keeps its size, and a large one its ratio", async () => {
  const small = await drawn(pngOf(100, 40));
  expect([small.columns, small.rows]).toEqual([10, 2]);
  expect(pictureHeader(small.bytes)).toEqual({ type: "png", width: 100, height: 40 });
  const large = await drawn(pngOf(3_000, 1_000));
  expect(large.columns / large.rows).toBeCloseTo(6, 1);
  expect(large.columns).toBeCloseTo(300, 0);
});

test("all four kinds become a PNG", async () => {
  const all = [await jpegOf(50, 30), gifOf(1, 1), await webpOf(50, 30, true)];
  for (const bytes of all) expect(pictureHeader((await drawn(bytes)).bytes)?.type).toBe("png");
  expect(pictureHeader((await drawn(await jpegOf(50, 30), "iterm2")).bytes)?.type).toBe("jpeg");
});

test("the worst of pictures is small enough", async () => {
  for (const protocol of ["kitty", "iterm2"] as const) {
    const { bytes } = await drawn(NOISE, protocol);
    const max = protocol === "kitty" ? PICTURE_BYTES_MAX : PICTURE_AGAIN_BYTES_MAX;
    expect(bytes.length).toBeLessThanOrEqual(max);
    const { width = 0, height = 0 } = pictureHeader(bytes) ?? {};
    expect(width * height).toBeLessThanOrEqual(PICTURE_DRAWN_PIXELS_MAX);
  }
  const sixel = await drawn(NOISE, "sixel");
  const box = { columns: Math.ceil(sixel.columns), rows: Math.ceil(sixel.rows) };
  const text = await drawSixel(sixel, box, terminal("sixel"));
  expect(text?.length).toBeLessThanOrEqual(PICTURE_BYTES_MAX);
  expect(text).toStartWith('\x1bP0;1q"1;1;');
});

test("on a fine screen a picture has as many pixels as it may have, and no more", async () => {
  const bytes = pngOf(3_000, 1_600);
  const most = { kitty: PICTURE_DRAWN_PIXELS_MAX, sixel: PICTURE_SIXEL_PIXELS_MAX };
  for (const [protocol, max] of Object.entries(most)) {
    const fine = terminal(protocol as PictureProtocol, 40, 80);
    const drawn = await drawPicture(bytes, fine);
    const { width = 0, height = 0 } = pictureHeader(drawn?.bytes ?? bytes) ?? {};
    expect(width * height).toBeLessThanOrEqual(max);
    expect(width * height).toBeGreaterThan(0.98 * max);
  }
});

test("no band of sixel stands in the cells below its box", async () => {
  const one = await drawn(pngOf(300, 300), "sixel");
  for (let rows = 1; rows <= 12; rows++) {
    const text = (await drawSixel(one, { columns: 30, rows }, terminal("sixel"))) ?? "";
    const bands = text.split("-").length;
    expect(6 * bands).toBeLessThanOrEqual(20 * rows);
  }
});

test.each([
  ["very wide", 16_000, 1],
  ["very high", 1, 16_000],
  ["one pixel", 1, 1],
])("a %s picture is drawn", async (_, width, height) => {
  for (const protocol of ["kitty", "sixel"] as const) {
    const { bytes } = await drawn(pngOf(width, height), protocol);
    expect(pictureHeader(bytes)).toBeDefined();
  }
});

test("what is none, is broken or absurd is not drawn", async () => {
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
