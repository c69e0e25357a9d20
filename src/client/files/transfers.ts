/** Uploads and downloads, each over its own data channel and any number of links. */

import { Fault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import type { Renamed, Sink, Source } from "../../io/blob/interfaces.ts";
import type { Connection } from "../link/connection.ts";
import { runOverChannels } from "./data-channel.ts";
import { Download, type PartialDownload, type SinkOptions } from "./download.ts";
import type { TransferProgress } from "./progress.ts";
import { Upload, type UploadOptions } from "./upload.ts";

export interface UploadRequest {
  readonly source: Source;
  readonly to: readonly string[];
  readonly text?: string | undefined;
  readonly sending?: string | undefined;
  /** Delays the message, but not the content. */
  readonly untilTurn?: (() => Promise<void>) | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Aborts the transfer with `interrupted`. Repeating the command resumes the transfer. */
  readonly signal?: AbortSignal | undefined;
}

export interface DownloadRequest {
  readonly file: FileId;
  readonly name?: string;
  readonly into: string;
  readonly openSink: (about: SinkOptions) => Promise<Sink>;
  /** Returns the number of chunks that the sink probably has. The first request skips them. */
  readonly chunksLeft?: ((part: PartialDownload) => number) | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** True for a preview, which the server does not log as a download. */
  readonly isPreview?: boolean;
}

export interface PostedFile {
  readonly to: string;
  readonly seq: number;
  readonly n: number;
  readonly timeUnixMs: number;
  readonly queued: boolean;
}

export interface UploadedFile {
  readonly id: FileId;
  readonly name: string;
  readonly sizeBytes: number;
  readonly chunks: number;
  readonly digest: string;
  readonly resumedBytes: number;
  readonly posted: readonly PostedFile[];
  readonly refused: readonly { readonly to: string; readonly fault: Fault }[];
  /** True if the file has changed since an earlier run and was therefore sent from the start. */
  readonly changed: boolean;
  /** Caption that was not posted because the server is too old to support captions. */
  readonly unsaid?: string;
}

export interface DownloadedFile {
  readonly id: FileId;
  /** Name chosen by the sender, not sanitised. */
  readonly name: string;
  readonly from: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly chunks: number;
  readonly digest: string;
  readonly resumedBytes: number;
  readonly entries: number | undefined;
  readonly renamed: readonly Renamed[];
}

export interface TransfersOptions extends Omit<UploadOptions, "uploads"> {
  readonly confirmed?: (seq: number) => void;
}

export class Transfers {
  readonly #options: TransfersOptions;

  constructor(options: TransfersOptions) {
    this.#options = options;
  }

  /**
   * Resumes after every loss of the link, without a time limit.
   * @param uploads if `undefined`, no later run can resume the upload
   * @throws {Fault} file-changed if the file changes (the upload is withdrawn), interrupted if the
   * signal or the client ends the upload, and the server's refusal
   */
  async send(request: UploadRequest, uploads: UploadOptions["uploads"]): Promise<UploadedFile> {
    const options = { ...this.#options, uploads };
    const upload = (stop: AbortSignal) => new Upload(options, request, stop).run();
    const sent = await this.#runUntilStopped(request.signal, upload);
    for (const { seq } of sent.posted) this.#options.confirmed?.(seq);
    return sent;
  }

  /**
   * Resolves when the whole file is verified and durable.
   * @throws {Fault} file-unknown, not-member, checksum-wrong, interrupted, and the faults of the
   * sink; repeating the call resumes the download
   */
  get(request: DownloadRequest): Promise<DownloadedFile> {
    return this.#runUntilStopped(request.signal, (stop) =>
      new Download(this.#options, request, stop).run(),
    );
  }

  withdraw(file: FileId): Promise<void> {
    const runOver = async (channel: Connection): Promise<"withdrawn"> => {
      await channel.request("withdraw", { file });
      return "withdrawn";
    };
    return this.#runUntilStopped(undefined, async (stop) => {
      const task = { stop, runOver, progressCount: () => 0, channelLost: () => undefined };
      await runOverChannels(this.#options, task);
    });
  }

  async #runUntilStopped<Result>(
    signal: AbortSignal | undefined,
    run: (stop: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const { activeLink } = this.#options;
    const stop = new AbortController();
    const interrupt = () => stop.abort(interrupted());
    if (activeLink.fault !== undefined) throw activeLink.fault;
    if (signal?.aborted === true) throw interrupted();
    signal?.addEventListener("abort", interrupt, { once: true });
    const unsubscribe = activeLink.onLoggedOut((fault) => stop.abort(fault));
    try {
      return await run(stop.signal);
    } finally {
      unsubscribe();
      signal?.removeEventListener("abort", interrupt);
    }
  }
}

export function interrupted(): Fault {
  return new Fault("interrupted", "the transfer was interrupted", {
    remedy: "run the same command again to resume",
  });
}
