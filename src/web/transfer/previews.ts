/** Image previews, fetched, verified and cached; the latest request comes first. */

import { Fault } from "../../base/fault.ts";
import {
  PICTURE_FETCHED_BYTES_MAX,
  PICTURE_PIXELS_MAX,
  PICTURE_SCALED_PIXELS_MAX,
  PREVIEW_BYTES_MAX,
  PREVIEW_SIDE_MAX,
} from "../../base/limits-page.ts";
import { type PictureHeader, pictureHeader } from "../../core/client/picture-header.ts";
import type { FileView } from "../../core/model/state.ts";
import type { FilePreview } from "../../core/rooms/files.ts";
import { settled } from "../../io/promises.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { imageType } from "../browser/media.ts";
import type { PreviewOptions } from "./page-transfers.ts";
import type { PreviewStore } from "./preview-store.ts";

/** Maximum size of a file that the page fetches into memory, about five times a camera photo. */
export const VIEWED_BYTES_MAX = 32 * 1024 * 1024;
/** A picture with more pixels is drawn as a scaled copy, which also stops its animation. */
const DRAWN_PIXELS_MAX = 4_000_000;
/** Sides of a scaled copy in the viewer. */
const VIEWED_SIDE_MAX = 4_096;
const CACHED_MAX = 48;
/** Limited, because each preview uses its own link. */
const CONCURRENT_MAX = 3;

export interface Picture {
  readonly url: string;
  readonly sides: readonly [width: number, height: number] | undefined;
  /** False for a scaled copy. */
  readonly isOriginal: boolean;
}

export interface ScaleLimits {
  readonly sideMax: number;
  readonly bytesMax: number;
  /** Cuts the middle out of the picture. */
  readonly isSquare?: boolean;
  /** WebP by default, and JPEG if the browser cannot encode WebP. */
  readonly type?: "image/webp" | "image/jpeg";
}

export interface PreviewPicture {
  readonly blob: Blob;
  readonly width: number;
  readonly height: number;
}

/** @returns `undefined` if the browser cannot decode the picture */
export type ScalePicture = (
  source: Blob,
  header: PictureHeader,
  limits: ScaleLimits,
) => Promise<PreviewPicture | undefined>;

interface PreviewSource {
  readonly madePreviews: Pick<PreviewStore, "get" | "put">;
  preview(file: string, sizeBytesMax: number, options: PreviewOptions): Promise<Uint8Array>;
}

interface Job {
  readonly file: FileView;
  readonly stop: AbortController;
  readonly result: Promise<Picture | undefined>;
  readonly start: () => void;
  requesters: number;
}

export interface PictureRequest {
  readonly result: Promise<Picture | undefined>;
  readonly release: () => void;
}

export class Previews {
  /** Decodes one large picture at a time, which bounds the memory of all. */
  readonly #scaling = new TaskQueue();
  readonly #cache = new Map<string, Picture>();
  readonly #queue = new Map<string, Job>();
  readonly #running = new Map<string, Job>();

  constructor(
    private readonly chat: PreviewSource,
    private readonly scale: ScalePicture,
  ) {}

  get(file: string): Picture | undefined {
    return this.#cache.get(file);
  }

  request(file: FileView): PictureRequest {
    const cached = this.#cache.get(file.file);
    if (cached !== undefined) return { result: Promise.resolve(cached), release: () => undefined };
    const existing = this.#running.get(file.file) ?? this.#queue.get(file.file);
    const job = existing ?? this.#newJob(file);
    job.requesters += 1;
    if (!this.#running.has(file.file)) {
      this.#queue.delete(file.file);
      this.#queue.set(file.file, job);
    }
    this.#next();
    return { result: job.result, release: () => this.#release(job) };
  }

  #newJob(file: FileView): Job {
    const stop = new AbortController();
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    const result = started.then(() => this.#load(file, stop.signal));
    const job: Job = { file, stop, result, start, requesters: 0 };
    void settled(result).then(() => this.#finished(job));
    return job;
  }

  #next(): void {
    const [file, job] = [...this.#queue].at(-1) ?? [];
    if (file === undefined || job === undefined || this.#running.size >= CONCURRENT_MAX) return;
    this.#queue.delete(file);
    this.#running.set(file, job);
    job.start();
    this.#next();
  }

  #release(job: Job): void {
    job.requesters -= 1;
    if (job.requesters > 0) return;
    const { file } = job.file;
    if (this.#queue.get(file) === job) this.#queue.delete(file);
    job.stop.abort(new Fault("interrupted", "the preview was closed"));
    this.#finished(job);
  }

  #finished(job: Job): void {
    const { file } = job.file;
    if (this.#running.get(file) === job) this.#running.delete(file);
    this.#next();
  }

  async #load(file: FileView, signal: AbortSignal): Promise<Picture | undefined> {
    const sent = file.preview && (await this.#sent(file.preview, signal));
    const picture = sent ?? (await this.#made(file, signal));
    if (picture === undefined) return undefined;
    this.#cache.set(file.file, picture);
    this.#forgetOldest();
    return picture;
  }

  /** Previews from encrypted rooms are not stored, because the store is not encrypted. */
  async #made(file: FileView, signal: AbortSignal): Promise<Picture | undefined> {
    const store = file.isSealed === true ? undefined : this.chat.madePreviews;
    const stored = await store?.get(file.file);
    if (stored !== undefined) return pictureOf(stored.blob, stored, false);
    return this.#fetch(file, signal, {
      bytesMax: PICTURE_FETCHED_BYTES_MAX,
      pixelsMax: DRAWN_PIXELS_MAX,
      limits: { sideMax: PREVIEW_SIDE_MAX, bytesMax: PREVIEW_BYTES_MAX },
      onScaled: (scaled) => void store?.put(file.file, scaled),
    });
  }

  /** @returns `undefined` if the sender's preview is not a picture within the limits */
  async #sent({ file, digest }: FilePreview, signal: AbortSignal): Promise<Picture | undefined> {
    const fetched = this.chat.preview(file, PREVIEW_BYTES_MAX, { digest, signal });
    const bytes = await fetched.catch((error: unknown) => {
      if (!(error instanceof Fault) || signal.aborted) throw error;
      return new Uint8Array();
    });
    const header = pictureHeader(bytes, PREVIEW_SIDE_MAX ** 2);
    if (header === undefined || header.type === "gif") return undefined;
    const blob = new Blob([new Uint8Array(bytes)], { type: `image/${header.type}` });
    return pictureOf(blob, header, false);
  }

  /** Fetches the picture, or a large copy if it has too many pixels. The caller owns the URL. */
  original(file: FileView, signal: AbortSignal): Promise<Picture | undefined> {
    return this.#fetch(file, signal, {
      bytesMax: VIEWED_BYTES_MAX,
      pixelsMax: PICTURE_PIXELS_MAX,
      limits: { sideMax: VIEWED_SIDE_MAX, bytesMax: VIEWED_BYTES_MAX },
    });
  }

  async #fetch(
    { file, digest }: FileView,
    signal: AbortSignal,
    { bytesMax, pixelsMax, limits, onScaled }: DrawLimits,
  ): Promise<Picture | undefined> {
    const bytes = await this.chat.preview(file, VIEWED_BYTES_MAX, { digest, signal });
    const info = pictureInfo(bytes);
    if (info === undefined) return undefined;
    const { type, header } = info;
    const blob = new Blob([new Uint8Array(bytes)], { type });
    if (header === undefined) return pictureOf(blob, undefined, true);
    const isDrawn = bytes.length <= bytesMax && header.width * header.height <= pixelsMax;
    if (isDrawn) return pictureOf(blob, header, true);
    const scaled = await this.#scaling.run(() => this.scale(blob, header, limits));
    if (scaled === undefined) return undefined;
    onScaled?.(scaled);
    return pictureOf(scaled.blob, scaled, false);
  }

  #forgetOldest(): void {
    const [oldest] = this.#cache;
    if (oldest === undefined || this.#cache.size <= CACHED_MAX) return;
    URL.revokeObjectURL(oldest[1].url);
    this.#cache.delete(oldest[0]);
  }
}

interface DrawLimits {
  readonly bytesMax: number;
  readonly pixelsMax: number;
  readonly limits: ScaleLimits;
  readonly onScaled?: (scaled: PreviewPicture) => void;
}

function pictureOf(
  blob: Blob,
  sides: { readonly width: number; readonly height: number } | undefined,
  isOriginal: boolean,
): Picture {
  const url = URL.createObjectURL(blob);
  return { url, sides: sides && [sides.width, sides.height], isOriginal };
}

/** The header of a JPEG can have more pixels, because a scaled copy needs less memory. */
export function pictureInfo(
  bytes: Uint8Array,
): { readonly type: string; readonly header: PictureHeader | undefined } | undefined {
  const type = imageType(bytes);
  const isScalable = type === "image/jpeg" && "ImageDecoder" in globalThis;
  const pixelsMax = isScalable ? PICTURE_SCALED_PIXELS_MAX : PICTURE_PIXELS_MAX;
  const header = pictureHeader(bytes, pixelsMax);
  if (header !== undefined) return { type: `image/${header.type}`, header };
  // For all other types, the header failed to parse because the dimensions are implausible.
  if (type !== "image/avif" && type !== "image/bmp") return undefined;
  return { type, header: undefined };
}
