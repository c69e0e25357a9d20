import { Fault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import type { Renamed, Sink, Source } from "../../io/blob/interfaces.ts";
import type { Connection } from "../link/connection.ts";
import { overDataChannels, type Route } from "./data-channel.ts";
import { Download, type LeftPart, type SinkAbout } from "./download.ts";
import type { TransferProgress } from "./progress.ts";
import { Upload, type UploadOptions } from "./upload.ts";

/** What to send, and to whom. */
export interface SendRequest {
  readonly source: Source;
  /** Rooms, and people as `@name`. */
  readonly to: readonly string[];
  /** At most four times a second, and once at the end. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Ends it with `interrupted`; the same command goes on from there. */
  readonly signal?: AbortSignal | undefined;
}

export interface GetRequest {
  readonly file: FileId;
  /** Folder in which it is to stand. */
  readonly into: string;
  /** Called once, as soon as the server has said what it is called; io's `openSink`, mostly. */
  readonly openSink: (about: SinkAbout) => Promise<Sink>;
  /** How many chunks that sink is likely to have: the first question begins there. */
  readonly chunksLeft?: ((part: LeftPart) => number) | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One target that has the file now. */
export interface PostedFile {
  readonly to: string;
  readonly seq: number;
  readonly n: number;
  readonly timeUnixMs: number;
  /** The person was not there: they get it when they come. */
  readonly queued: boolean;
}

export interface SentFile {
  readonly id: FileId;
  readonly name: string;
  readonly sizeBytes: number;
  readonly chunks: number;
  /** Hex. */
  readonly digest: string;
  /** What an earlier run had sent. */
  readonly resumedBytes: number;
  readonly posted: readonly PostedFile[];
  /** Targets that may not be written to any more. */
  readonly refused: readonly { readonly to: string; readonly fault: Fault }[];
  /** The file is another than when an earlier run sent some of it: it was sent from the start. */
  readonly changed: boolean;
}

export interface GotFile {
  readonly id: FileId;
  /** As the sender calls it: clean it before showing. */
  readonly name: string;
  /** Who sent it. */
  readonly from: string;
  /** Where it stands now. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly chunks: number;
  /** Hex. */
  readonly digest: string;
  /** What an earlier run had fetched. */
  readonly resumedBytes: number;
  /** Of a folder. */
  readonly entries: number | undefined;
  /** What is called otherwise in it than the sender calls it. */
  readonly renamed: readonly Renamed[];
}

export type TransfersOptions = UploadOptions;

/** Files that are sent and fetched: each on a lane of its own, over any number of links. */
export class Transfers {
  readonly #parts: TransfersOptions;

  constructor(parts: TransfersOptions) {
    this.#parts = parts;
  }

  /**
   * Resolves when the server has it whole, checked and on its disk, and the targets were told.
   * Losses are waited out for ever, like those of posts.
   * @throws Fault as the server refused it; file-changed (the upload is withdrawn); interrupted
   * (by the signal, or the client was closed: it can be resumed); whatever the source threw
   */
  send(request: SendRequest): Promise<SentFile> {
    return this.#until(request.signal, (stop) => new Upload(this.#parts, request, stop).run());
  }

  /**
   * Resolves when it stands whole, checked and durable under its name.
   * @throws Fault file-unknown, not-member, checksum-wrong (names file and chunk), interrupted, and
   * whatever the sink threw; what was right is kept, and the same call goes on from there
   */
  get(request: GetRequest): Promise<GotFile> {
    return this.#until(request.signal, (stop) => new Download(this.#parts, request, stop).run());
  }

  /**
   * Gives an upload up: the server forgets what it has of it.
   * @throws Fault as the server refused it, when it is finished or unknown; the client was closed
   */
  withdraw(file: FileId): Promise<void> {
    return this.#until(undefined, async (stop) => {
      await overDataChannels(this.#parts, new Withdrawal(file, stop));
    });
  }

  /** Runs until it is through, the asker does not want it any more, or the client has left. */
  async #until<Result>(
    signal: AbortSignal | undefined,
    run: (stop: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const { activeLink } = this.#parts;
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

class Withdrawal implements Route<"withdrawn"> {
  readonly stop: AbortSignal;
  readonly #file: FileId;

  constructor(file: FileId, stop: AbortSignal) {
    this.#file = file;
    this.stop = stop;
  }

  async along(channel: Connection): Promise<"withdrawn"> {
    await channel.ask("withdraw", { file: this.#file });
    return "withdrawn";
  }

  moved(): number {
    return 0;
  }

  held(): void {
    // It has no progress to report.
  }
}

function interrupted(): Fault {
  return new Fault("interrupted", "it was stopped before the file was through", {
    remedy: "the same command goes on from there",
  });
}
