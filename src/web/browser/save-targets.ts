/** Save targets: a file that the user chooses, or a browser download. */

import { Fault } from "../../base/fault.ts";
import { SAVED_BLOB_KEEP_MS } from "../../base/limits-page.ts";
import type { Clock } from "../../io/clock.ts";
import { settled } from "../../io/promises.ts";
import type { SaveHandle, SaveTarget, Writable } from "./environment.ts";

/** Retries removal, because a previous page may still have the incomplete file open. */
const REMOVE_ATTEMPTS_MAX = 10;

interface SavingLink {
  href: string;
  download: string;
  click(): void;
}

export interface SavingPage {
  readonly URL: { createObjectURL(blob: Blob): string; revokeObjectURL(url: string): void };
  readonly Blob: new (parts: readonly unknown[]) => Blob;
  readonly document: { createElement(tag: "a"): SavingLink };
  setTimeout(callback: () => void, delayMs: number): unknown;
  showSaveFilePicker?(options: { readonly suggestedName: string }): Promise<SaveHandle>;
}

/**
 * @returns `undefined` if the user cancels
 * @throws {Fault} store-denied
 */
export async function chooseSaveTarget(
  page: SavingPage,
  name: string,
): Promise<SaveTarget | undefined> {
  if (page.showSaveFilePicker === undefined) return new BlobTarget(page, name);
  try {
    const handle = await page.showSaveFilePicker({ suggestedName: name });
    return new FileTarget(handle, await handle.createWritable(), 0);
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") return undefined;
    throw deniedFault(error);
  }
}

export async function reopenSaveTarget(handle: SaveHandle, haveBytes: number): Promise<SaveTarget> {
  try {
    return new FileTarget(handle, await openWritableAt(handle, haveBytes), haveBytes);
  } catch (error) {
    throw deniedFault(error);
  }
}

const REMOVE_RETRY_MS = 1_000;

/** Leaves the incomplete file on disk if the browser forbids its removal. */
export async function removeIncomplete(handle: SaveHandle, clock: Clock): Promise<void> {
  for (let tries = 1; tries <= REMOVE_ATTEMPTS_MAX; tries++) {
    try {
      return await handle.remove?.();
    } catch {
      await new Promise<void>((resolve) => clock.after(REMOVE_RETRY_MS, resolve));
    }
  }
}

async function openWritableAt(handle: SaveHandle, bytes: number): Promise<Writable> {
  const writable = await handle.createWritable({ keepExistingData: true });
  await writable.truncate(bytes);
  await writable.seek(bytes);
  return writable;
}

function deniedFault(cause: unknown): Fault {
  return new Fault("store-denied", "the browser does not allow writing there", { cause });
}

/** Large, because the browser copies the complete file for each flush. */
const FLUSH_BYTES_MIN = 32 * 1024 * 1024;

/**
 * The browser replaces the file only on close, so a crash would lose all bytes. The target
 * therefore reopens the file each time its size doubles, which copies less than twice the file in
 * total.
 */
class FileTarget implements SaveTarget {
  #bytes: number;
  #flushedBytes: number;
  #isFinished = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly handle: SaveHandle,
    private writable: Writable,
    haveBytes: number,
  ) {
    this.#bytes = haveBytes;
    this.#flushedBytes = haveBytes;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#next(async () => {
      await this.writable.write(bytes);
      this.#bytes += bytes.length;
    });
  }

  flush(mode: "now" | "due"): Promise<void> {
    return this.#next(async () => {
      const newBytes = this.#bytes - this.#flushedBytes;
      const isDue = newBytes >= Math.max(FLUSH_BYTES_MIN, this.#flushedBytes);
      if (this.#isFinished || newBytes === 0 || (mode === "due" && !isDue)) return;
      await this.writable.close();
      this.#flushedBytes = this.#bytes;
      this.writable = await openWritableAt(this.handle, this.#bytes);
    });
  }

  restart(): Promise<void> {
    return this.#next(async () => {
      await this.writable.truncate(0);
      await this.writable.seek(0);
      this.#bytes = 0;
      this.#flushedBytes = 0;
    });
  }

  finish(): Promise<void> {
    return this.#next(async () => {
      this.#isFinished = true;
      await this.writable.close();
    });
  }

  abandon(): Promise<void> {
    return this.#next(async () => {
      if (this.#isFinished) return;
      this.#isFinished = true;
      await this.writable.abort();
      if (this.#flushedBytes > 0) await this.handle.remove?.();
    });
  }

  #next<Value>(act: () => Promise<Value>): Promise<Value> {
    const done = this.#last.then(act);
    this.#last = settled(done);
    return done;
  }
}

/** Chunks are collected in blobs, because browsers can move blobs to disk. */
const CHUNKS_PER_BLOB = 64;

/**
 * Target for browsers without a save dialog. An incomplete download is lost when the page closes.
 */
class BlobTarget implements SaveTarget {
  readonly handle = undefined;
  #blobs: Blob[] = [];
  #chunks: Uint8Array[] = [];

  constructor(
    private readonly page: SavingPage,
    private readonly name: string,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    this.#chunks.push(bytes.slice());
    if (this.#chunks.length >= CHUNKS_PER_BLOB) this.#joinChunks();
  }

  async flush(): Promise<void> {
    // Unused: blobs are lost when the page closes.
  }

  async restart(): Promise<void> {
    this.#blobs = [];
    this.#chunks = [];
  }

  async finish(): Promise<void> {
    this.#joinChunks();
    const { URL, Blob, document } = this.page;
    const url = URL.createObjectURL(new Blob(this.#blobs));
    const link = document.createElement("a");
    link.href = url;
    link.download = this.name;
    link.click();
    // The browser may prompt before it reads the blob.
    this.page.setTimeout(() => URL.revokeObjectURL(url), SAVED_BLOB_KEEP_MS);
    await this.restart();
  }

  async abandon(): Promise<void> {
    await this.restart();
  }

  #joinChunks(): void {
    this.#blobs.push(new this.page.Blob(this.#chunks));
    this.#chunks = [];
  }
}
