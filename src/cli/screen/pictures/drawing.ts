/** Converts pictures to the terminal's format, outside the event loop. */

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
import { readIndexed, sixelPicture } from "./sixel.ts";

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
