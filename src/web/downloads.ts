import { toBase64Url } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { cleanFileName } from "../base/file-names.ts";
import { type FileId, ID_BYTES } from "../base/ids.ts";
import type { WorkEvent } from "../core/model-event.ts";
import type { TransferState } from "../core/model-state.ts";
import type { ProgressReport } from "../core/progress.ts";
import type { Sink } from "../io/content.ts";
import type { SinkAbout } from "../io/download.ts";
import type { KeptUploads } from "../io/kept-upload.ts";
import { type GotFile, Transfers, type TransfersParts } from "../io/transfers.ts";
import { Digest } from "../wire/chunks.ts";
import type { Place, Surroundings } from "./surroundings.ts";

export interface DownloadsParts {
  readonly surroundings: Surroundings;
  readonly lanes: Omit<TransfersParts, "uploads">;
  readonly tell: (event: WorkEvent) => void;
}

interface Download {
  readonly key: string;
  readonly file: FileId;
  readonly name: string;
  readonly sink: PlaceSink;
  state: TransferState;
  progress: ProgressReport | undefined;
  stop: AbortController | undefined;
  /** The last run, which may still be writing. */
  running: Promise<void>;
}

/** A download notes no upload. */
const NONE: KeptUploads = {
  find: () => undefined,
  begin: () => {
    throw new Fault("internal", "a download begins no upload");
  },
};

/**
 * Files that this page fetches itself, each chunk checked before it is written; paused and resumed
 * as long as the page lasts. What needs no check goes by the browser's own download.
 */
export class Downloads {
  readonly #parts: DownloadsParts;
  readonly #transfers: Transfers;
  readonly #downloads = new Map<string, Download>(); // As many as a person asks for.

  constructor(parts: DownloadsParts) {
    this.#parts = parts;
    this.#transfers = new Transfers({ ...parts.lanes, uploads: NONE });
  }

  has(key: string): boolean {
    return this.#downloads.has(key);
  }

  /** Asks where to; must be called from a click. */
  async add(file: FileId, named: string): Promise<void> {
    const name = cleanFileName(named);
    const place = await this.#parts.surroundings.choosePlace(name);
    if (place === undefined) return;
    const key = toBase64Url(this.#parts.surroundings.entropy(ID_BYTES));
    const newDigest = () => new Digest(this.#parts.lanes.hashing.newHash());
    const sink = new PlaceSink(place, newDigest);
    const state = { kind: "running" } as const;
    const running = Promise.resolve();
    const nothing = { progress: undefined, stop: undefined, running };
    const download: Download = { key, file, name, sink, state, ...nothing };
    this.#downloads.set(key, download);
    this.#begin(download);
  }

  /** Whole and checked in memory. @throws Fault too-large, and as a download */
  async preview(file: FileId, sizeBytesMax: number): Promise<Uint8Array> {
    const place = new MemoryPlace(sizeBytesMax);
    const newDigest = () => new Digest(this.#parts.lanes.hashing.newHash());
    const sink = new PlaceSink(place, newDigest);
    await this.#get(file, sink, undefined, () => undefined);
    return place.bytes();
  }

  pause(key: string): void {
    const download = this.#downloads.get(key);
    if (download?.state.kind !== "running") return;
    download.state = { kind: "paused" };
    download.stop?.abort();
    download.stop = undefined;
    this.#tell(download);
  }

  resume(key: string): void {
    const download = this.#downloads.get(key);
    const kind = download?.state.kind;
    if (download === undefined || (kind !== "paused" && kind !== "failed")) return;
    this.#begin(download);
  }

  cancel(key: string): void {
    const download = this.#downloads.get(key);
    if (download === undefined) return;
    this.#downloads.delete(key);
    download.stop?.abort();
    this.#parts.tell({ kind: "transfer-gone", id: key });
    if (download.state.kind !== "done") void download.sink.abandon();
  }

  leave(): void {
    for (const key of [...this.#downloads.keys()]) this.cancel(key);
  }

  #begin(download: Download): void {
    const { running } = download;
    download.state = { kind: "running" };
    download.running = running.then(() => this.#run(download));
  }

  async #run(download: Download): Promise<void> {
    if (download.state.kind !== "running") return; // Paused meanwhile.
    const stop = new AbortController();
    download.stop = stop;
    this.#tell(download);
    try {
      const got = await this.#get(download.file, download.sink, stop.signal, (progress) => {
        download.progress = progress;
        if (download.stop === stop) this.#tell(download);
      });
      this.#settle(download, stop, got.path === "" ? { kind: "done" } : doneAt(got.path));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (!stop.signal.aborted) this.#settle(download, stop, { kind: "failed", fault: error });
    }
  }

  #get(
    file: FileId,
    sink: PlaceSink,
    signal: AbortSignal | undefined,
    onProgress: (progress: ProgressReport) => void,
  ): Promise<GotFile> {
    return this.#transfers.get({
      file,
      into: "",
      chunksLeft: () => sink.have,
      openSink: async (about) => sink.opened(about),
      onProgress,
      signal,
    });
  }

  #settle(download: Download, stop: AbortController, state: TransferState): void {
    if (download.stop !== stop) return;
    download.stop = undefined;
    download.state = state;
    this.#tell(download);
  }

  #tell({ key, name, state, progress }: Download): void {
    const transfer = { id: key, kind: "download", name, to: [], state, progress } as const;
    this.#parts.tell({ kind: "transfer", transfer });
  }
}

function doneAt(url: string): TransferState {
  return { kind: "done", url };
}

/** Checked chunks on their way to a place; stays over pauses. */
class PlaceSink implements Sink {
  readonly #place: Place;
  readonly #newDigest: () => Digest;
  #digest: Digest;
  #sizeBytes = 0;

  constructor(place: Place, newDigest: () => Digest) {
    this.#place = place;
    this.#digest = newDigest();
    this.#newDigest = newDigest;
  }

  get have(): number {
    return this.#digest.chunks;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** @throws Fault usage: a folder cannot be unpacked here */
  opened({ folderSize }: SinkAbout): Sink {
    if (folderSize === undefined) return this;
    throw new Fault("usage", "a folder cannot be fetched by a browser", {
      remedy: "fetch it with chat get-file",
    });
  }

  async append(sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    try {
      await this.#place.write(bytes);
    } catch (cause) {
      if (cause instanceof Fault) throw cause;
      throw new Fault("store-failed", "the browser could not write the file", { cause });
    }
    this.#digest.add(sha256);
    this.#sizeBytes += bytes.length;
  }

  async sync(): Promise<void> {
    // Browsers make it durable when it is finished.
  }

  digest(): Uint8Array {
    return this.#digest.value();
  }

  async finish(): Promise<string> {
    return (await this.#place.finish()) ?? "";
  }

  async restart(): Promise<void> {
    await this.#place.restart();
    this.#digest = this.#newDigest();
    this.#sizeBytes = 0;
  }

  close(): void {
    // A pause closes it, too: the place stays.
  }

  abandon(): Promise<void> {
    return this.#place.abandon();
  }
}

class MemoryPlace implements Place {
  readonly #sizeBytesMax: number;
  #parts: Uint8Array[] = []; // Bounded by sizeBytesMax.
  #sizeBytes = 0;

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > this.#sizeBytesMax) {
      throw new Fault("too-large", `the file is above ${this.#sizeBytesMax} bytes`);
    }
    this.#parts.push(bytes.slice());
  }

  async restart(): Promise<void> {
    this.#parts = [];
    this.#sizeBytes = 0;
  }

  async finish(): Promise<undefined> {
    return undefined;
  }

  async abandon(): Promise<void> {
    this.#parts = [];
  }

  bytes(): Uint8Array {
    const whole = new Uint8Array(this.#sizeBytes);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
