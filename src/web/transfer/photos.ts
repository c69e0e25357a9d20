/** Copies of the pictures that the user sends, made one at a time, which bounds their memory. */

import {
  PREVIEW_BYTES_MAX,
  PREVIEW_SIDE_MAX,
  SMALLER_LONG_SIDE_MAX,
  SMALLER_SHORT_SIDE_MIN,
  SMALLER_SIDE_MAX,
} from "../../base/limits-page.ts";
import { stemOf } from "../../base/text.ts";
import type { PreviewContent } from "../../client/files/transfers.ts";
import {
  isAnimated,
  PICTURE_HEAD_BYTES,
  type PictureHeader,
} from "../../core/client/picture-header.ts";
import { withTimeout } from "../../io/clock.ts";
import { ifPossible } from "../../io/promises.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { pictureInfo, type ScalePicture, VIEWED_BYTES_MAX } from "./previews.ts";

/** A phone needs seconds for its largest photos. Some browsers never answer for damaged ones. */
const SCALE_TIMEOUT_MS = 20_000;

interface Inspected {
  readonly isPicture: boolean;
  /** `undefined` unless the page may decode the picture. */
  readonly header: PictureHeader | undefined;
  readonly isAnimated: boolean;
}

export class Photos {
  readonly #scaling = new TaskQueue();
  readonly #smaller = new WeakMap<File, Promise<File | undefined>>();
  readonly #unscalable = new WeakSet<File>();
  /** Photos that have a JPEG beside them, or of which the browser can make none. */
  readonly converted = new WeakSet<File>();

  readonly scale: ScalePicture;

  constructor(scale: ScalePicture) {
    this.scale = (...picture) =>
      this.#scaling.run(() => withTimeout(scale(...picture), SCALE_TIMEOUT_MS, () => undefined));
  }

  async inspect(file: File): Promise<Inspected> {
    // Sending an unreadable file reports the error.
    const read = file.slice(0, PICTURE_HEAD_BYTES).arrayBuffer();
    const head = new Uint8Array(await read.catch(() => new ArrayBuffer(0)));
    const info = file.size > VIEWED_BYTES_MAX ? undefined : pictureInfo(head);
    const inspected = { header: info?.header, isAnimated: isAnimated(head) };
    if (inspected.header === undefined || inspected.isAnimated) this.#unscalable.add(file);
    return { isPicture: info !== undefined, ...inspected };
  }

  /**
   * Returns an upright copy without metadata, which later calls return again.
   * @returns `undefined` if the file is not a photo that the browser decodes
   * @throws {Fault} unreachable if the code that scales cannot be fetched; the next call retries
   */
  async smaller(file: File): Promise<File | undefined> {
    const copy = this.#smaller.get(file) ?? this.#makeSmaller(file);
    this.#smaller.set(file, copy);
    try {
      return await copy;
    } catch (error) {
      this.#smaller.delete(file);
      throw error;
    }
  }

  /** False after `inspect` or `smaller` has found that the file has no smaller copy. */
  mayHaveSmaller(file: File): boolean {
    return !this.#unscalable.has(file);
  }

  /** @returns `undefined` for a picture that is small or that cannot be scaled */
  async preview(file: File): Promise<PreviewContent | undefined> {
    if (file.size <= PREVIEW_BYTES_MAX) return undefined;
    // A smaller copy is decoded faster than its original.
    const source = (await ifPossible(this.#smaller.get(file))) ?? file;
    const { header } = await this.inspect(source);
    if (header === undefined) return undefined;
    const limits = { sideMax: PREVIEW_SIDE_MAX, bytesMax: PREVIEW_BYTES_MAX };
    const scaled = await ifPossible(this.scale(source, header, limits));
    if (scaled === undefined) return undefined;
    const { blob, width, height } = scaled;
    return { bytes: new Uint8Array(await blob.arrayBuffer()), width, height };
  }

  async #makeSmaller(file: File): Promise<File | undefined> {
    const { header } = await this.inspect(file);
    const copy =
      header === undefined || this.#unscalable.has(file)
        ? undefined
        : await this.scale(file, header, smallerLimits(header));
    if (copy === undefined) {
      this.#unscalable.add(file);
      return undefined;
    }
    const { type } = copy.blob;
    const extension = type === "image/jpeg" ? "jpg" : "webp";
    const hasExtension = header?.type === "jpeg" && type === "image/jpeg";
    const name = hasExtension ? file.name : `${stemOf(file.name)}.${extension}`;
    // The copy has the present time, because that of the original may tell when it was taken.
    return new File([copy.blob], name, { type });
  }
}

/** WebP keeps the transparency of other types. Long pictures stay readable. */
function smallerLimits({ type, width, height }: PictureHeader) {
  const wantedType = type === "jpeg" ? "image/jpeg" : "image/webp";
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const readable = Math.round(long * Math.min(1, SMALLER_SHORT_SIDE_MIN / short));
  return {
    sideMax: Math.max(SMALLER_SIDE_MAX, Math.min(readable, SMALLER_LONG_SIDE_MAX)),
    bytesMax: Number.POSITIVE_INFINITY,
    type: wantedType,
  } as const;
}
