/** Sixel encoding of pictures with few colours. */

import { inflateSync } from "node:zlib";
import { PICTURE_SIXEL_PIXELS_MAX } from "../../../base/limits-screen.ts";

export interface IndexedPicture {
  readonly width: number;
  readonly height: number;
  readonly colors: readonly (readonly [number, number, number, number])[];
  readonly pixels: Uint8Array;
}

const BAND_ROWS = 6;
const FIRST_SIXEL = 0x3f;
const RUN_MIN = 4;
const ALPHA_MIN = 128;

/**
 * @param png PNG with an 8-bit palette and without interlacing
 * @returns `undefined` if the format is different or the file is damaged
 */
export function readIndexed(png: Uint8Array): IndexedPicture | undefined {
  const chunks = chunksOf(Buffer.from(png.buffer, png.byteOffset, png.byteLength));
  const head = chunks.get("IHDR");
  const palette = chunks.get("PLTE");
  const data = chunks.get("IDAT");
  if (head?.length !== 13 || palette === undefined || data === undefined) return undefined;
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const isPlain = head[8] === 8 && head[9] === 3 && head[12] === 0;
  if (!isPlain || width * height > PICTURE_SIXEL_PIXELS_MAX) return undefined;
  const alpha = chunks.get("tRNS");
  const colors = Array.from({ length: Math.floor(palette.length / 3) }, (_, i) => {
    const [red = 0, green = 0, blue = 0] = palette.subarray(3 * i);
    return [red, green, blue, alpha?.[i] ?? 255] as const;
  });
  const pixels = unfiltered(inflated(data, height * (width + 1)), width, height);
  return pixels === undefined ? undefined : { width, height, colors, pixels };
}

function chunksOf(png: Buffer): ReadonlyMap<string, Buffer> {
  const chunks = new Map<string, Buffer[]>();
  for (let at = 8; at + 12 <= png.length; ) {
    const length = png.readUInt32BE(at);
    const name = png.toString("latin1", at + 4, at + 8);
    chunks.set(name, [...(chunks.get(name) ?? []), png.subarray(at + 8, at + 8 + length)]);
    at += 12 + length;
  }
  return new Map([...chunks].map(([name, buffers]) => [name, Buffer.concat(buffers)]));
}

function inflated(data: Buffer, bytes: number): Buffer {
  try {
    return inflateSync(data, { maxOutputLength: bytes });
  } catch {
    return Buffer.alloc(0);
  }
}

/** Reverses the PNG filters (PNG specification, section 9). */
function unfiltered(rows: Buffer, width: number, height: number): Uint8Array | undefined {
  if (rows.length !== height * (width + 1)) return undefined;
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const kind = rows[y * (width + 1)] ?? 0;
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const left = x === 0 ? 0 : (pixels[at - 1] ?? 0);
      const up = y === 0 ? 0 : (pixels[at - width] ?? 0);
      const corner = x === 0 || y === 0 ? 0 : (pixels[at - width - 1] ?? 0);
      pixels[at] = (rows[y * (width + 1) + 1 + x] ?? 0) + predicted(kind, left, up, corner);
    }
  }
  return pixels;
}

function predicted(kind: number, left: number, up: number, corner: number): number {
  if (kind === 1) return left;
  if (kind === 2) return up;
  if (kind === 3) return (left + up) >> 1;
  if (kind !== 4) return 0;
  const estimate = left + up - corner;
  const [a, b, c] = [
    Math.abs(estimate - left),
    Math.abs(estimate - up),
    Math.abs(estimate - corner),
  ];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** Transparent pixels leave the screen unchanged. */
export function sixelPicture(picture: IndexedPicture): string {
  const { width, height, colors } = picture;
  const percent = (value: number) => Math.round((value * 100) / 255);
  const table = colors.map(([red, green, blue], i) => {
    return `#${i};2;${percent(red)};${percent(green)};${percent(blue)}`;
  });
  const bands: string[] = [];
  for (let top = 0; top < height; top += BAND_ROWS) bands.push(bandOf(picture, top));
  return `\x1bP0;1q"1;1;${width};${height}${table.join("")}${bands.join("-")}\x1b\\`;
}

/** Encodes six pixel rows, colour by colour, with a return to the left edge between colours. */
function bandOf({ width, height, colors, pixels }: IndexedPicture, top: number): string {
  const bits = new Map<number, Uint8Array>();
  for (let y = top; y < Math.min(top + BAND_ROWS, height); y++) {
    for (let x = 0; x < width; x++) {
      const color = pixels[y * width + x] ?? 0;
      if ((colors[color]?.[3] ?? 0) < ALPHA_MIN) continue;
      const row = bits.get(color) ?? new Uint8Array(width);
      bits.set(color, row);
      row[x] = (row[x] ?? 0) | (1 << (y - top));
    }
  }
  return [...bits].map(([color, row]) => `#${color}${runLengthEncoded(row)}`).join("$");
}

function runLengthEncoded(row: Uint8Array): string {
  let end = row.length;
  while (end > 0 && row[end - 1] === 0) end--;
  let text = "";
  for (let at = 0; at < end; ) {
    let next = at + 1;
    while (next < end && row[next] === row[at]) next++;
    const sign = String.fromCharCode(FIRST_SIXEL + (row[at] ?? 0));
    text += next - at < RUN_MIN ? sign.repeat(next - at) : `!${next - at}${sign}`;
    at = next;
  }
  return text;
}
