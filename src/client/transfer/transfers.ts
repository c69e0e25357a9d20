import { Fault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import type { Renamed, Sink, Source } from "../../io/blob/interfaces.ts";
import type { Connection } from "../link/connection.ts";
import { overDataChannels } from "./data-channel.ts";
import { Download, type LeftPart, type SinkAbout } from "./download.ts";
import type { TransferProgress } from "./progress.ts";
import { Upload, type UploadOptions } from "./upload.ts";

/** What to send, and where to. */
export interface SendRequest {
  readonly source: Source;
  /** Rooms, and people as `@name`. */
  readonly to: readonly string[];
  /** What is said with it. */
  readonly text?: string | undefined;
  /** The same of all files that are sent at once. */
  readonly sending?: string | undefined;
  /** At most four times a second, and once at the end. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Ends it with `interrupted`; the same command goes on from there. */
  readonly signal?: AbortSignal | undefined;
}

export interface GetRequest {
  readonly file: FileId;
  /** What it is called, where the server does not know that. */
  readonly name?: string;
  /** The folder for it. */
  readonly into: string;
  /** Called once, when the server has named the file; mostly io's `openSink`. */
  readonly openSink: (about: SinkAbout) => Promise<Sink>;
  /** How many chunks that sink is likely to have: the first request begins there. */
  readonly chunksLeft?: ((part: LeftPart) => number) | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** To look at, and not to keep: the server logs no download. */
  readonly isPreview?: boolean;
}

/** One target that has the file now. */
export interface PostedFile {
  readonly to: string;
  readonly seq: number;
  readonly n: number;
  readonly timeUnixMs: number;
  /** The recipient is offline, and gets it at the next log-in. */
  readonly queued: boolean;
}

export interface SentFile {
  readonly id: FileId;
  readonly name: string;
  readonly sizeBytes: number;
  readonly chunks: number;
  /** Hex. */
  readonly digest: string;
  /** Sent by earlier runs. */
  readonly resumedBytes: number;
  readonly posted: readonly PostedFile[];
  /** Targets that the user may not write to any more. */
  readonly refused: readonly { readonly to: string; readonly fault: Fault }[];
  /** The file has changed since an earlier run: it was sent from the start. */
  readonly changed: boolean;
  /** What was to be said with it is not there: the server is too old to know such words. */
  readonly unsaid?: string;
}

export interface GotFile {
  readonly id: FileId;
  /** As the sender calls it: clean it before showing. */
  readonly name: string;
  /** The sender. */
  readonly from: string;
  /** Where it is now. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly chunks: number;
  /** Hex. */
  readonly digest: string;
  /** Fetched by earlier runs. */
  readonly resumedBytes: number;
  /** Of a folder: how many it holds. */
  readonly entries: number | undefined;
  /** Entries of a folder that could not keep the sender's names. */
  readonly renamed: readonly Renamed[];
}

export interface TransfersOptions extends UploadOptions {
  /** A record of a file is on the server's disk. */
  readonly confirmed?: (seq: number) => void;
}

/** Sends and fetches files: each over a data channel of its own, and any number of links. */
export class Transfers {
  readonly #options: TransfersOptions;

  constructor(options: TransfersOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the server has all of it on disk and checked, and has announced it to the
   * targets. Goes on after every loss of the link, without a time limit.
   * @param uploads another journal than the one of all
   * @throws Fault as the server refused it; file-changed (the upload is withdrawn); interrupted
   * (by the signal, or the client was closed: it can be resumed); the source's
   */
  async send(request: SendRequest, uploads = this.#options.uploads): Promise<SentFile> {
    const options = { ...this.#options, uploads };
    const upload = (stop: AbortSignal) => new Upload(options, request, stop).run();
    const sent = await this.#until(request.signal, upload);
    for (const { seq } of sent.posted) this.#options.confirmed?.(seq);
    return sent;
  }

  /**
   * Resolves when all of it is checked and durable under its name.
   * @throws Fault file-unknown, not-member, checksum-wrong (names file and chunk), interrupted, the
   * sink's; checked chunks are kept, and the same call goes on from there
   */
  get(request: GetRequest): Promise<GotFile> {
    return this.#until(request.signal, (stop) => new Download(this.#options, request, stop).run());
  }

  /**
   * Gives an upload up: the server forgets what it has of it.
   * @throws Fault as the server refused it, when it is finished or unknown; the client was closed
   */
  withdraw(file: FileId): Promise<void> {
    const along = async (channel: Connection): Promise<"withdrawn"> => {
      await channel.ask("withdraw", { file });
      return "withdrawn";
    };
    return this.#until(undefined, async (stop) => {
      const route = { stop, along, moved: () => 0, held: () => undefined };
      await overDataChannels(this.#options, route);
    });
  }

  /** Runs until it is complete, the signal stops it, or the client has logged out. */
  async #until<Result>(
    signal: AbortSignal | undefined,
    run: (stop: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const { activeLink } = this.#options;
    const stop = new AbortController();
    const interrupt = () => stop.abort(interrupted());
    if (activeLink.fault !== undefined) throw activeLink.fault;
    if (signal?.aborted === true) throw interrupted();
    signal?.addEventListener("abort", interrupt, { once: true });
    const undo = activeLink.onLeft((fault) => stop.abort(fault));
    try {
      return await run(stop.signal);
    } finally {
      undo();
      signal?.removeEventListener("abort", interrupt);
    }
  }
}

function interrupted(): Fault {
  return new Fault("interrupted", "it was stopped before the file was through", {
    remedy: "the same command goes on from there",
  });
}
