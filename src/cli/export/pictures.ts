/** Selects the pictures to embed in an exported page. */

import { PICTURE_FETCHED_BYTES_MAX } from "../../base/limits-page.ts";
import { pictureHeader } from "../../core/client/picture-header.ts";
import { isPictureName } from "../../core/client/picture-name.ts";
import type { DisplayFile } from "../output/render.ts";

/** Base64 adds a third, so the page stays below 100 MB, which browsers can open. */
const PICTURES_BYTES_MAX = 64 * 1024 * 1024;
/** These pixels take 1 GB when decoded. */
const PICTURES_PIXELS_MAX = 256_000_000;

export class PictureBudget {
  #bytes = PICTURES_BYTES_MAX;
  #pixels = PICTURES_PIXELS_MAX;

  reserve({ name, sizeBytes, folder }: DisplayFile): boolean {
    if (folder !== undefined || !isPictureName(name)) return false;
    if (sizeBytes > Math.min(PICTURE_FETCHED_BYTES_MAX, this.#bytes)) return false;
    this.#bytes -= sizeBytes;
    return true;
  }

  embed(bytes: Uint8Array): string | undefined {
    const header = pictureHeader(bytes);
    if (header === undefined) return undefined;
    const { type, width, height } = header;
    if (width * height > this.#pixels) return undefined;
    this.#pixels -= width * height;
    return `data:image/${type};base64,${Buffer.from(bytes).toString("base64")}`;
  }
}
