/** Converts pictures to the terminal's format, outside the event loop. */

import { inflateSync } from "node:zlib";
import { PICTURE_PIXELS_MAX } from "../../../base/limits-page.ts";
import {
  PICTURE_BYTES_MAX,
  PICTURE_COLUMNS_MAX,
  PICTURE_DRAWN_PIXELS_MAX,
  PICTURE_RESENT_BYTES_MAX,
  PICTURE_ROWS_MAX,
  PICTURE_SIXEL_PIXELS_MAX,
} from "../../../base/limits-screen.ts";
import { pictureHeader } from "../../../core/client/picture-header.ts";
import type { PictureProtocol, PictureTerminal } from "./protocol.ts";

export interface ScaledPicture {
  /** PNG, or JPEG for a photograph in iTerm2. */
  readonly bytes: Uint8Array;
  readonly columns: number;
  readonly rows: number;
}

interface Encoded {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

type Encoding = (image: Bun.Image) => Bun.Image;

const PIXELS: Readonly<Record<PictureProtocol, number>> = {
  kitty: PICTURE_DRAWN_PIXELS_MAX,
  "kitty-direct": PICTURE_DRAWN_PIXELS_MAX,
  iterm2: PICTURE_DRAWN_PIXELS_MAX,
  sixel: PICTURE_SIXEL_PIXELS_MAX,
};
const BYTES: Readonly<Record<PictureProtocol, number>> = {
  kitty: PICTURE_BYTES_MAX,
  "kitty-direct": PICTURE_RESENT_BYTES_MAX,
  iterm2: PICTURE_RESENT_BYTES_MAX,
  sixel: PICTURE_BYTES_MAX,
};
/** In order of preference; the first result within the size limit is used. */
const PNGS: readonly Encoding[] = [
  (image) => image.png(),
  (image) => image.png({ palette: true, colors: 256, dither: true }),
  (image) => image.png({ palette: true, colors: 32, dither: true }),
];
const JPEG: Encoding = (image) => image.jpeg({ quality: 85 });
/** In order of preference. With 8 colours, every picture is within the size limit. */
const SIXEL_COLORS = [128, 32, 8] as const;

/** `undefined` if the bytes are not a supported picture. */
export async function drawPicture(
  bytes: Uint8Array,
  { protocol, cell }: PictureTerminal,
): Promise<ScaledPicture | undefined> {
  const header = pictureHeader(bytes);
  if (header === undefined || protocol === undefined) return undefined;
  const available = [PICTURE_COLUMNS_MAX * cell.width, PICTURE_ROWS_MAX * cell.height] as const;
  const scale = Math.min(1, Math.sqrt(PIXELS[protocol] / (available[0] * available[1])));
  const sides = available.map((side) => Math.floor(side * scale));
  const isPhotograph = protocol === "iterm2" && header.type === "jpeg";
  const encodings = isPhotograph ? [JPEG, ...PNGS] : PNGS;
  const drawn = await encoded(bytes, sides, encodings, BYTES[protocol]);
  if (drawn === undefined) return undefined;
  // Decoding may rotate a photograph by 90 degrees, so the longer sides are compared.
  const reduction = Math.max(header.width, header.height) / Math.max(drawn.width, drawn.height);
  // Terminals cannot enlarge a sixel picture.
  const factor = protocol === "sixel" ? 1 : reduction;
  return {
    bytes: drawn.bytes,
    columns: (drawn.width * factor) / cell.width,
    rows: (drawn.height * factor) / cell.height,
  };
}

export async function drawSixel(
  { bytes }: ScaledPicture,
  { columns, rows }: { readonly columns: number; readonly rows: number },
  { cell }: PictureTerminal,
): Promise<string | undefined> {
  // The height is a multiple of six pixel rows, so that the last band does not reach the cells
  // below.
  const sides = [columns * cell.width, Math.max(1, Math.floor((rows * cell.height) / 6) * 6)];
  for (const colors of SIXEL_COLORS) {
    const encoding: Encoding = (image) => image.png({ palette: true, colors, dither: true });
    const result = await encoded(bytes, sides, [encoding], PICTURE_BYTES_MAX);
    const indexed = result === undefined ? undefined : readIndexed(result.bytes);
    if (indexed === undefined) return undefined;
    const text = sixelPicture(indexed);
    if (text.length <= PICTURE_RESENT_BYTES_MAX || colors === SIXEL_COLORS.at(-1)) return text;
  }
  return undefined;
}

async function encoded(
  bytes: Uint8Array,
  [width = 1, height = 1]: readonly number[],
  encodings: readonly Encoding[],
  bytesMax: number,
): Promise<Encoded | undefined> {
  for (const encode of encodings) {
    const options = { maxPixels: PICTURE_PIXELS_MAX };
    const fitOptions = { fit: "inside", withoutEnlargement: true } as const;
    try {
      const image = encode(new Bun.Image(bytes, options).resize(width, height, fitOptions));
      const encodedBytes = await image.bytes();
      if (encodedBytes.length <= bytesMax)
        return { bytes: encodedBytes, width: image.width, height: image.height };
    } catch {
      return undefined;
    }
  }
  return undefined;
}

interface IndexedPicture {
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
 * @internal
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

/**
 * Transparent pixels leave the screen unchanged.
 * @internal
 */
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
