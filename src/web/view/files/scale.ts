/** Downscaled copies of pictures, without their metadata. */

import { AVATAR_BYTES_MAX } from "../../../base/limits-page.ts";
import { PICTURE_HEAD_BYTES, type PictureHeader } from "../../../core/client/picture-header.ts";
import {
  type PreviewPicture,
  Previews,
  pictureInfo,
  type ScaleLimits,
} from "../../transfer/previews.ts";
import type { PageValue } from "../shell/context.tsx";

const QUALITIES = [0.8, 0.6, 0.4, 0.25];
const SHRINKS_MAX = 4;
/** Ratio of the sides up to which a square has its full size. */
const SQUARE_MARGIN = 4;
const GRID = 8;
const AVATAR_SIDE = 256;
const RATIO_TOLERANCE = 0.03;
/** Mean difference of 255 steps. */
const BRIGHTNESS_TOLERANCE = 20;

/**
 * Decodes a JPEG of any size at a fraction of its sides, so that memory is bounded. Other decoders
 * need 4 bytes per pixel, which the caller bounds by the header.
 * @returns `undefined` if the browser cannot decode the picture
 */
export async function scalePicture(
  source: Blob,
  header: PictureHeader,
  limits: ScaleLimits,
): Promise<PreviewPicture | undefined> {
  let frame: VideoFrame | ImageBitmap | undefined;
  try {
    const { sideMax, isSquare = false } = limits;
    frame = await decode(source, header, isSquare ? SQUARE_MARGIN * sideMax : sideMax);
    return await encode(frame, limits);
  } catch (error) {
    // DOMException: corrupt or truncated. RangeError, TypeError: unsupported.
    if (error instanceof DOMException || error instanceof TypeError) return undefined;
    if (error instanceof RangeError) return undefined;
    throw error;
  } finally {
    frame?.close();
  }
}

async function decode(
  source: Blob,
  { type, width, height }: PictureHeader,
  sideMax: number,
): Promise<VideoFrame | ImageBitmap> {
  if (type === "jpeg" && "ImageDecoder" in globalThis) {
    // The decoder chooses the largest fraction within these sides.
    const desired = { desiredWidth: 2 * sideMax, desiredHeight: 2 * sideMax };
    const decoder = new ImageDecoder({
      data: await source.arrayBuffer(),
      type: "image/jpeg",
      ...desired,
    });
    try {
      return (await decoder.decode()).image;
    } finally {
      decoder.close();
    }
  }
  if (Math.max(width, height) <= sideMax) return createImageBitmap(source);
  const resize = width >= height ? { resizeWidth: sideMax } : { resizeHeight: sideMax };
  return createImageBitmap(source, { ...resize, resizeQuality: "high" });
}

async function encode(
  frame: VideoFrame | ImageBitmap,
  { sideMax, bytesMax, isSquare = false, type: wantedType = "image/webp" }: ScaleLimits,
): Promise<PreviewPicture | undefined> {
  const [fullWidth, fullHeight] =
    frame instanceof ImageBitmap
      ? [frame.width, frame.height]
      : [frame.displayWidth, frame.displayHeight];
  const side = Math.min(fullWidth, fullHeight);
  const [cutWidth, cutHeight] = isSquare ? [side, side] : [fullWidth, fullHeight];
  const [left, top] = [(fullWidth - cutWidth) / 2, (fullHeight - cutHeight) / 2];
  let scale = Math.min(1, sideMax / Math.max(cutWidth, cutHeight));
  for (let shrinks = 0; shrinks < SHRINKS_MAX; shrinks++, scale /= 2) {
    const scaled = (full: number) => Math.max(1, Math.round(full * scale));
    const [width, height] = [scaled(cutWidth), scaled(cutHeight)];
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    if (context === null) return undefined;
    context.imageSmoothingQuality = "high";
    context.drawImage(frame, left, top, cutWidth, cutHeight, 0, 0, width, height);
    for (const quality of QUALITIES) {
      // Browsers that cannot encode WebP would return a PNG.
      let blob = await canvas.convertToBlob({ type: wantedType, quality });
      if (blob.type !== wantedType)
        blob = await canvas.convertToBlob({ type: "image/jpeg", quality });
      if (blob.size <= bytesMax) return { blob, width, height };
    }
  }
  return undefined;
}

/** @returns `undefined` unless the file is a JPEG, PNG or WebP that the browser can decode */
export async function makeAvatar(file: File): Promise<Uint8Array | undefined> {
  const head = await file.slice(0, PICTURE_HEAD_BYTES).arrayBuffer();
  const { header } = pictureInfo(new Uint8Array(head)) ?? {};
  if (header === undefined || header.type === "gif") return undefined;
  const limits = { sideMax: AVATAR_SIDE, bytesMax: AVATAR_BYTES_MAX, isSquare: true };
  const scaled = await scalePicture(file, header, limits);
  return scaled && new Uint8Array(await scaled.blob.arrayBuffer());
}

/** Reports whether both have about the same sides, and the same brightness on a coarse grid. */
export async function isSamePicture(
  original: HTMLImageElement,
  previewUrl: string,
): Promise<boolean> {
  const preview = new Image();
  preview.src = previewUrl;
  await Promise.all([original.decode(), preview.decode()]);
  const ratio = ({ naturalWidth, naturalHeight }: HTMLImageElement) => naturalWidth / naturalHeight;
  if (Math.abs(ratio(original) / ratio(preview) - 1) > RATIO_TOLERANCE) return false;
  const [left, right] = [brightness(original), brightness(preview)];
  const differences = left.map((value, i) => Math.abs(value - (right[i] ?? 0)));
  return differences.reduce((sum, value) => sum + value, 0) / left.length <= BRIGHTNESS_TOLERANCE;
}

function brightness(image: HTMLImageElement): readonly number[] {
  const context = new OffscreenCanvas(GRID, GRID).getContext("2d");
  if (context === null) return [];
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, GRID, GRID);
  const { data } = context.getImageData(0, 0, GRID, GRID);
  return Array.from({ length: GRID * GRID }, (_, i) => {
    const [red = 0, green = 0, blue = 0] = data.subarray(4 * i);
    return 0.3 * red + 0.59 * green + 0.11 * blue;
  });
}

export function getPreviews({ previews, chat }: Pick<PageValue, "previews" | "chat">): Previews {
  previews.instance ??= new Previews(chat, scalePicture);
  return previews.instance;
}
