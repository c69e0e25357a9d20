/** Download of one file over any number of data channels. */

import { equalBytes, toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import type { WaitsAt } from "../../core/transfer/progress.ts";
import type { FolderSize, Sink } from "../../io/blob/interfaces.ts";
import { chunkCount } from "../../wire/chunks.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import type { Answer, NoticeOf } from "../../wire/messages.ts";
import { unlessAborted } from "../link/abort.ts";
import type { LoggedInLink } from "../link/active-link.ts";
import type { Connection } from "../link/connection.ts";
import { type DataChannelOptions, overDataChannels, type Route } from "./data-channel.ts";
import { DownloadChannel } from "./download-channel.ts";
import type { Hashing } from "./hashing.ts";
import { Reporter } from "./progress.ts";
import type { GetRequest, GotFile } from "./transfers.ts";

/** Arguments of io's `openSink`. */
export interface SinkAbout {
  readonly folder: string;
  /** The sender's name for the file: the sink cleans it. */
  readonly name: string;
  readonly file: FileId;
  readonly server: Fingerprint;
  readonly folderSize?: FolderSize | undefined;
  /** `undefined` while the upload runs and its sender does not know the size. */
  readonly sizeBytes?: number | undefined;
}

/** The arguments known before the server has sent the file's name. */
export type LeftPart = Pick<SinkAbout, "folder" | "file" | "server">;

export interface DownloadOptions extends DataChannelOptions {
  readonly hashing: Hashing;
}

type About = Answer<"fetch">;
type End = NoticeOf<"end">;

export class Download implements Route<GotFile> {
  readonly stop: AbortSignal;
  readonly #options: DownloadOptions;
  readonly #request: GetRequest;
  readonly #reporter: Reporter;
  #about: About | undefined;
  #sink: Sink | undefined;
  #next = 0;
  /** The parts left by an earlier run cannot be of this file. */
  #isLeftWrong = false;
  /** Bytes left by an earlier run. */
  #resumedBytes = 0;
  /** The result, once the file has its final name. */
  #got: GotFile | undefined;
  #channel: DownloadChannel | undefined;
  #where: WaitsAt = "server";
  /** The current run over a channel, which may still be writing. */
  #running: Promise<unknown> = Promise.resolve();
  #moved = 0;

  constructor(options: DownloadOptions, request: GetRequest, stop: AbortSignal) {
    this.#options = options;
    this.#request = request;
    this.stop = stop;
    this.#reporter = new Reporter({
      clock: options.clock,
      sizeBytes: undefined,
      onProgress: request.onProgress,
      about: () => ({
        id: request.file,
        name: this.#about?.name ?? request.file,
        where: this.#channel?.where ?? this.#where,
      }),
    });
  }

  /** @throws {Fault} */
  async run(): Promise<GotFile> {
    try {
      const got = await unlessAborted(this.stop, overDataChannels(this.#options, this));
      this.#reporter.finish();
      return got;
    } catch (error) {
      await this.#settled();
      // The file is complete; only the server may not know it.
      if (this.#got !== undefined && error instanceof Fault) return this.#got;
      throw error;
    } finally {
      this.#reporter.close();
      await this.#letGo();
    }
  }

  async #settled(): Promise<void> {
    await this.#running.catch(() => {}); // `overDataChannels` has received its fault.
  }

  /** Keeps the checked chunks, so that the same command resumes. */
  async #letGo(): Promise<void> {
    const sink = this.#sink;
    if (sink === undefined) return;
    try {
      if (this.#got === undefined) await sink.sync();
    } catch (error) {
      if (!(error instanceof Fault)) throw error; // The first fault says more.
    } finally {
      sink.close();
    }
  }

  moved(): number {
    return this.#moved;
  }

  held(): void {
    this.#channel = undefined;
    this.#where = "server";
  }

  along(connection: Connection, active: LoggedInLink): Promise<GotFile | "again"> {
    const running = this.#along(connection, active);
    this.#running = running;
    return running;
  }

  async #along(connection: Connection, active: LoggedInLink): Promise<GotFile | "again"> {
    const from = this.#sink === undefined ? this.#left(active) : this.#next;
    const download = new DownloadChannel({
      connection,
      hashing: this.#options.hashing,
      file: this.#request.file,
      from,
    });
    const about = await this.#fetch(download, connection, from);
    if (about === undefined) return "again";
    if (this.#got !== undefined) return this.#tell(this.#got, connection, download);
    this.#about = { ...about, name: this.#request.name ?? this.#about?.name ?? about.name };
    if (about.size !== undefined) this.#reporter.sized(about.size);
    const sink = await this.#fitting(this.#about, active);
    if (this.#next !== from) return "again"; // This channel would send the wrong chunks.
    this.#channel = download;
    const end = await download.receive(sink, () => {
      this.#next += 1;
      this.#moved += 1;
      this.#reporter.done(sink.sizeBytes);
    });
    if (!this.#isRight(sink, end)) return this.#begunAnew(sink);
    this.#got = await this.#stored(this.#about, sink, end);
    return this.#tell(this.#got, connection, download);
  }

  /** Returns how many chunks an earlier run seems to have left. */
  #left({ fingerprint }: LoggedInLink): number {
    const { file, into, chunksLeft } = this.#request;
    if (this.#isLeftWrong || chunksLeft === undefined) return 0;
    return chunksLeft({ folder: into, file, server: fingerprint });
  }

  /** @returns `undefined` if an earlier run left more chunks than the file has */
  async #fetch(
    download: DownloadChannel,
    connection: Connection,
    from: number,
  ): Promise<About | undefined> {
    try {
      return await download.fetch();
    } catch (error) {
      const isTooFar = error instanceof Fault && error.code === "usage" && !connection.isClosed;
      if (!isTooFar || this.#sink !== undefined || from === 0) throw error;
      this.#isLeftWrong = true;
      return undefined;
    }
  }

  /** Returns the sink, emptied if its content cannot be of this file. */
  async #fitting(about: About, { fingerprint }: LoggedInLink): Promise<Sink> {
    const sink = this.#sink ?? (await this.#open(about, fingerprint));
    if (fits(sink, this.#next, about)) return sink;
    await this.#restart(sink);
    return sink;
  }

  async #open(about: About, server: Fingerprint): Promise<Sink> {
    const { file, into: folder, openSink } = this.#request;
    const { name, folder: folderSize, size: sizeBytes } = about;
    this.#where = "disk";
    const sink = await openSink({ folder, name, file, server, folderSize, sizeBytes });
    this.#sink = sink;
    this.#next = sink.have;
    this.#resumedBytes = sink.sizeBytes;
    this.#reporter.resumed(sink.sizeBytes);
    return sink;
  }

  async #restart(sink: Sink): Promise<void> {
    await sink.restart();
    this.#next = 0;
    this.#resumedBytes = 0;
    this.#reporter.resumed(0);
  }

  #isRight(sink: Sink, { size, chunks, digest }: End): boolean {
    const known = this.#about?.digest ?? digest;
    return (
      sink.sizeBytes === size &&
      this.#next === chunks &&
      equalBytes(sink.digest(), digest) &&
      equalBytes(known, digest)
    );
  }

  /**
   * Restarts after a wrong digest with correct chunk checksums: which chunk is wrong is unknown.
   * Chunks of an earlier run may be of another file, so that one retry from the start is worth it.
   */
  async #begunAnew(sink: Sink): Promise<"again"> {
    const wasResumed = this.#resumedBytes > 0;
    await this.#restart(sink);
    if (wasResumed) return "again";
    const { file } = this.#request;
    const sentence = `'${this.#about?.name}' (${file}) is not what its sender sent: wrong digest`;
    throw new Fault("checksum-wrong", sentence);
  }

  async #stored(about: About, sink: Sink, end: End): Promise<GotFile> {
    this.#where = "disk";
    await sink.sync();
    const path = await sink.finish();
    this.#reporter.sized(end.size);
    this.#reporter.done(end.size);
    return {
      id: this.#request.file,
      name: about.name,
      from: about.from,
      path,
      sizeBytes: end.size,
      chunks: end.chunks,
      digest: toHex(end.digest),
      resumedBytes: this.#resumedBytes,
      entries: about.folder?.entries,
      renamed: sink.renamed ?? [],
    };
  }

  /** Reports the download to the server. After a loss, the next channel repeats only this. */
  async #tell(got: GotFile, connection: Connection, download: DownloadChannel): Promise<GotFile> {
    await download.untilEnd();
    if (this.#request.isPreview !== true) await connection.request("got", { file: got.id });
    return got;
  }
}

/** Reports whether the sink can hold the first `next` chunks of that file. */
function fits(sink: Sink, next: number, { size, digest }: About): boolean {
  if (size === undefined) return sink.sizeBytes <= next * CHUNK_BYTES;
  const isWhole = next === chunkCount(size);
  if (next > chunkCount(size) || sink.sizeBytes !== Math.min(next * CHUNK_BYTES, size))
    return false;
  return !isWhole || digest === undefined || equalBytes(sink.digest(), digest);
}
