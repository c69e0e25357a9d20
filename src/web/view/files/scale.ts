/** Downscaled copies of pictures, without their metadata. */

import type { PictureHeader } from "../../../core/client/picture-header.ts";
import { Previews, type ScaledPicture, type ScaleLimits } from "../../transfer/previews.ts";
import type { PageValue } from "../shell/context.tsx";

const QUALITIES = [0.8, 0.6, 0.4, 0.25];
const SHRINKS_MAX = 4;

/**
 * Decodes a JPEG of any size at a fraction of its sides, so that memory is bounded. Other decoders
 * need 4 bytes per pixel, which the caller bounds by the header.
 * @returns `undefined` if the browser cannot decode the picture
 */
export async function scalePicture(
  source: Blob,
  header: PictureHeader,
  limits: ScaleLimits,
): Promise<ScaledPicture | undefined> {
  let frame: VideoFrame | ImageBitmap | undefined;
  try {
    frame = await decode(source, header, limits.sideMax);
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
  { sideMax, bytesMax, type: wantedType = "image/webp" }: ScaleLimits,
): Promise<ScaledPicture | undefined> {
  const [fullWidth, fullHeight] =
    frame instanceof ImageBitmap
      ? [frame.width, frame.height]
      : [frame.displayWidth, frame.displayHeight];
  let scale = Math.min(1, sideMax / Math.max(fullWidth, fullHeight));
  for (let shrinks = 0; shrinks < SHRINKS_MAX; shrinks++, scale /= 2) {
    const side = (full: number) => Math.max(1, Math.round(full * scale));
    const [width, height] = [side(fullWidth), side(fullHeight)];
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    if (context === null) return undefined;
    context.imageSmoothingQuality = "high";
    context.drawImage(frame, 0, 0, width, height);
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

export function getPreviews({ previews, chat }: Pick<PageValue, "previews" | "chat">): Previews {
  previews.instance ??= new Previews(chat, scalePicture);
  return previews.instance;
}
