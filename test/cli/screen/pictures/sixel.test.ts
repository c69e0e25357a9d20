import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  type IndexedPicture,
  readIndexed,
  sixelPicture,
} from "../../../../src/cli/screen/pictures/sixel.ts";
import { pngOf } from "./made.ts";

const COLORS = [
  [255, 0, 0, 255],
  [0, 255, 0, 255],
  [0, 0, 255, 0],
] as const;

/** What a terminal draws: numbers of colours, -1 where nothing is. */
function drawn(sixel: string, width: number, height: number): Int16Array {
  const pixels = new Int16Array(width * height).fill(-1);
  const [, body = ""] = /^\x1bP0;1q"1;1;\d+;\d+((?:#\d+;2;\d+;\d+;\d+)*)/.exec(sixel) ?? [];
  const data = sixel.slice(sixel.indexOf(body) + body.length, -2);
  let [x, top, color] = [0, 0, 0];
  for (const [, chosen, count, sign = "", step] of data.matchAll(
    /#(\d+)|(?:!(\d+))?([?-~])|([$-])/g,
  )) {
    if (chosen !== undefined) color = Number(chosen);
    else if (step !== undefined) {
      x = 0;
      if (step === "-") top += 6;
    } else {
      const bits = sign.charCodeAt(0) - 0x3f;
      for (let i = 0; i < Number(count ?? 1); i++, x++) {
        for (let bit = 0; bit < 6; bit++) {
          if ((bits & (1 << bit)) === 0) continue;
          if (x >= width || top + bit >= height) throw new Error("beyond the picture");
          pixels[(top + bit) * width + x] = color;
        }
      }
    }
  }
  return pixels;
}

test("every pixel that is to be seen is drawn in its colour", () => {
  const sides = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }));
  const picture = sides.chain(([width, height]) =>
    fc
      .uint8Array({ minLength: width * height, maxLength: width * height, max: 2 })
      .map((pixels): IndexedPicture => ({ width, height, colors: COLORS, pixels })),
  );
  fc.assert(
    fc.property(picture, (one) => {
      const expected = Int16Array.from(one.pixels, (color) => (color === 2 ? -1 : color));
      expect(drawn(sixelPicture(one), one.width, one.height)).toEqual(expected);
    }),
  );
});

test("colours are percentages, and equal pixels a count", () => {
  const pixels = new Uint8Array(20 * 7);
  expect(sixelPicture({ width: 20, height: 7, colors: COLORS, pixels })).toBe(
    '\x1bP0;1q"1;1;20;7#0;2;100;0;0#1;2;0;100;0#2;2;0;0;100#0!20~-#0!20@\x1b\\',
  );
});

test("what was drawn in few colours is read as it was", async () => {
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
  const seen = Array.from(read?.pixels ?? [], (pixel) => read?.colors[pixel]?.slice(0, 3));
  const sent = Array.from({ length: 61 * 37 }, (_, i) => colorAt(i % 61, Math.floor(i / 61)));
  expect(seen).toEqual(sent.map((color) => [...color]));
});

test("what is something else, or broken, is none", async () => {
  const png = await new Bun.Image(pngOf(30, 20)).png({ palette: true }).bytes();
  expect(readIndexed(png)).toBeDefined();
  expect(readIndexed(pngOf(30, 20))).toBeUndefined();
  expect(readIndexed(new Uint8Array(0))).toBeUndefined();
  fc.assert(
    fc.property(fc.nat(png.length - 1), fc.nat(255), fc.nat(png.length), (at, byte, length) => {
      const broken = png.slice(0, length);
      if (at < length) broken[at] = byte;
      const read = readIndexed(broken);
      if (read !== undefined) expect(read.pixels).toHaveLength(read.width * read.height);
    }),
    { numRuns: 500 },
  );
});
