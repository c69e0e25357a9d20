/** Image previews, fetched, verified and cached; the latest request comes first. */

import { Fault } from "../../base/fault.ts";
import { pictureHeader } from "../../core/client/picture-header.ts";
import type { FileBody } from "../../core/rooms/files.ts";
import { imageType } from "../browser/media.ts";
import type { PreviewOptions } from "./page-transfers.ts";

/** Maximum size of a preview, about five times the size of a camera photo. */
export const PREVIEW_BYTES_MAX = 32 * 1024 * 1024;
const CACHED_MAX = 48;
/** Limited, because each preview uses its own link. */
const CONCURRENT_MAX = 3;

export interface Picture {
  readonly url: string;
  readonly sides: readonly [width: number, height: number] | undefined;
}

interface PreviewSource {
  preview(file: string, sizeBytesMax: number, options: PreviewOptions): Promise<Uint8Array>;
}

interface Job {
  readonly file: FileBody;
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
  readonly #chat: PreviewSource;
  readonly #cache = new Map<string, Picture>();
  readonly #queue = new Map<string, Job>();
  readonly #running = new Map<string, Job>();

  constructor(chat: PreviewSource) {
    this.#chat = chat;
  }

  get(file: string): Picture | undefined {
    return this.#cache.get(file);
  }

  request(file: FileBody): PictureRequest {
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

  #newJob(file: FileBody): Job {
    const stop = new AbortController();
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    const result = started.then(() => this.#load(file, stop.signal));
    const job: Job = { file, stop, result, start, requesters: 0 };
    // Avoids an unhandled rejection if no caller awaits the preview.
    result.catch(() => undefined).finally(() => this.#finished(job));
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

  async #load(file: FileBody, signal: AbortSignal): Promise<Picture | undefined> {
    const { digest } = file;
    const bytes = await this.#chat.preview(file.file, PREVIEW_BYTES_MAX, { digest, signal });
    const info = pictureInfo(bytes);
    if (info === undefined) return undefined;
    const { type, sides } = info;
    const url = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type }));
    const picture: Picture = { url, sides };
    this.#cache.set(file.file, picture);
    this.#forgetOldest();
    return picture;
  }

  #forgetOldest(): void {
    const [oldest] = this.#cache;
    if (oldest === undefined || this.#cache.size <= CACHED_MAX) return;
    URL.revokeObjectURL(oldest[1].url);
    this.#cache.delete(oldest[0]);
  }
}

export function pictureInfo(
  bytes: Uint8Array,
): { readonly type: string; readonly sides: Picture["sides"] } | undefined {
  const header = pictureHeader(bytes);
  if (header !== undefined) {
    return { type: `image/${header.type}`, sides: [header.width, header.height] };
  }
  const type = imageType(bytes);
  // For all other types, the header failed to parse because the dimensions are implausible.
  if (type !== "image/avif" && type !== "image/bmp") return undefined;
  return { type, sides: undefined };
}

interface PreviewsHolder {
  readonly previews: { instance?: Previews };
  readonly chat: PreviewSource;
}

export function getPreviews({ previews, chat }: PreviewsHolder): Previews {
  previews.instance ??= new Previews(chat);
  return previews.instance;
}
