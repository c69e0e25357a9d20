/** Download of one file over any number of data channels. */

import { equalBytes, toHex } from "../../base/bytes.ts";
import { Fault, ignoreFault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import type { PauseCause } from "../../core/transfer/progress.ts";
import type { FolderSize, ForeignChunks, Sink } from "../../io/blob/interfaces.ts";
import { settled } from "../../io/promises.ts";
import { chunkCount } from "../../wire/chunks.ts";
import type { FileDetails } from "../../wire/file-details.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import type { Answer, NoticeOf } from "../../wire/messages.ts";
import { unlessAborted } from "../link/abort.ts";
import type { LoggedInLink } from "../link/active-link.ts";
import type { Connection } from "../link/connection.ts";
import { type ChannelTask, type DataChannelOptions, runOverChannels } from "./data-channel.ts";
import { DownloadChannel } from "./download-channel.ts";
import type { Hashing } from "./hashing.ts";
import { Reporter } from "./progress.ts";
import type { DownloadedFile, DownloadRequest } from "./transfers.ts";

export interface DownloadSinkOptions {
  readonly folder: string;
  /** Name chosen by the sender, which the sink sanitises. */
  readonly name: string;
  readonly file: FileId;
  readonly server: Fingerprint;
  readonly folderSize?: FolderSize | undefined;
  readonly details: FileDetails | undefined;
  /** `undefined` during an upload of unknown size. */
  readonly sizeBytes?: number | undefined;
  /** Size without long runs of zeros. `undefined` if unknown. */
  readonly dataBytes?: number | undefined;
  /** `undefined` while the upload is in progress. */
  readonly digest?: Uint8Array | undefined;
}

export type PartialDownload = Pick<DownloadSinkOptions, "folder" | "file" | "server">;

export interface DownloadOptions extends DataChannelOptions {
  readonly hashing: Hashing;
}

/** Time in which a complete file is confirmed to a server whose link is lost. */
const CONFIRM_TIMEOUT_MS = 5_000;

type FileInfo = Answer<"fetch">;
type End = NoticeOf<"end">;
type SmallContent = NonNullable<Answer<"fetch-small">["content"]>;

export class Download implements ChannelTask<DownloadedFile> {
  readonly #reporter: Reporter;
  #info: FileInfo | undefined;
  #sink: Sink | undefined;
  #next = 0;
  #isPartInvalid = false;
  #hasRestarted = false;
  #resumedBytes = 0;
  #result: DownloadedFile | undefined;
  #channel: DownloadChannel | undefined;
  #waitsAt: PauseCause = "server";
  #running: Promise<unknown> = Promise.resolve();
  #progressCount = 0;
  #hasTriedMainLink = false;
  readonly #unconfirmed = new AbortController();
  #cancelConfirmation: (() => void) | undefined;
  readonly stop: AbortSignal;

  constructor(
    private readonly options: DownloadOptions,
    private readonly request: DownloadRequest,
    stop: AbortSignal,
  ) {
    this.stop = AbortSignal.any([stop, this.#unconfirmed.signal]);
    this.#reporter = new Reporter({
      clock: options.clock,
      sizeBytes: undefined,
      onProgress: request.onProgress,
      status: () => ({
        id: request.file,
        name: this.#info?.name ?? request.file,
        waitsAt: this.#channel?.waitsAt ?? this.#waitsAt,
      }),
    });
  }

  async run(): Promise<DownloadedFile> {
    try {
      const result = await unlessAborted(this.stop, runOverChannels(this.options, this));
      this.#reporter.finish();
      return result;
    } catch (error) {
      await this.#runSettled();
      // The file is complete, even if its download could not be confirmed to the server.
      if (this.#result !== undefined && error instanceof Fault) return this.#result;
      throw error;
    } finally {
      this.#cancelConfirmation?.();
      this.#reporter.close();
      await this.#closeSink();
    }
  }

  async #runSettled(): Promise<void> {
    await settled(this.#running); // `runOverChannels` has received the fault.
  }

  async #closeSink(): Promise<void> {
    const sink = this.#sink;
    if (sink === undefined) return;
    try {
      if (this.#result === undefined) await sink.sync().catch(ignoreFault);
    } finally {
      sink.close();
    }
  }

  progressCount(): number {
    return this.#progressCount;
  }

  channelLost(): void {
    this.#channel = undefined;
    this.#waitsAt = "server";
    if (this.#result === undefined) return;
    // The server may never be reachable again, such as that of a share.
    const fault = new Fault("link-closed", "the download could not be confirmed");
    this.#cancelConfirmation ??= this.options.clock.after(CONFIRM_TIMEOUT_MS, () =>
      this.#unconfirmed.abort(fault),
    );
  }

  /** Fetches a small file in one request, unless a part of it is stored here. */
  runOnMainLink(active: LoggedInLink): Promise<DownloadedFile | undefined> {
    const running = this.#runOnMainLink(active);
    this.#running = running;
    return running;
  }

  async #runOnMainLink(active: LoggedInLink): Promise<DownloadedFile | undefined> {
    const { connection } = active;
    const { triesSmall, isView, file } = this.request;
    if (triesSmall !== true || this.#hasTriedMainLink || this.#chunksLeft(active) > 0)
      return undefined;
    this.#hasTriedMainLink = true;
    const fields = isView === true ? { file, view: true } : { file };
    const { content } = await connection.request("fetch-small", fields);
    return content && this.#storeSmall(content, active);
  }

  /** Returns `undefined` if a data channel must compare or repeat the content. */
  async #storeSmall(
    { bytes, sha256, ...about }: SmallContent,
    active: LoggedInLink,
  ): Promise<DownloadedFile | undefined> {
    const { size, digest } = about;
    if (size !== bytes.length || digest === undefined) return undefined;
    const { hashing } = this.options;
    if (size > 0 && !equalBytes(await hashing.hashChunk(bytes), sha256 ?? bytes)) return undefined;
    const info = { ...about, name: this.request.name ?? about.name };
    this.#info = info;
    this.#reporter.setSize(size);
    const sink = await this.#matchingSink(info, active);
    if (sink.foreign !== undefined) return undefined;
    if (this.#next === 0 && sha256 !== undefined) {
      await sink.append(sha256, bytes);
      this.#next += 1;
      this.#progressCount += 1;
      if (sink.isExisting === true) this.#resumeFrom(sink);
    }
    const end = {
      kind: "end",
      file: this.request.file,
      size,
      chunks: chunkCount(size),
      digest,
    } as const;
    if (!this.#isIntact(sink, end)) {
      await this.#restart(sink);
      return undefined;
    }
    this.#result = await this.#finishSink(info, sink, end);
    return this.#result;
  }

  runOver(connection: Connection, active: LoggedInLink): Promise<DownloadedFile | "reopen"> {
    const running = this.#runOver(connection, active);
    this.#running = running;
    return running;
  }

  async #runOver(connection: Connection, active: LoggedInLink): Promise<DownloadedFile | "reopen"> {
    const from = this.#sink === undefined ? this.#chunksLeft(active) : this.#next;
    const needsPrefix = this.#sink?.foreign !== undefined;
    const download = new DownloadChannel({
      connection,
      hashing: this.options.hashing,
      file: this.request.file,
      from,
      needsPrefix,
    });
    const info = await this.#fetch(download, connection, from);
    if (info === undefined) return "reopen";
    if (this.#result !== undefined) return this.#confirm(this.#result, connection, download);
    this.#info = { ...info, name: this.request.name ?? this.#info?.name ?? info.name };
    if (info.size !== undefined) this.#reporter.setSize(info.size);
    const sink = await this.#matchingSink(this.#info, active);
    const { foreign } = sink;
    if (this.#next !== from || (foreign !== undefined) !== needsPrefix) return "reopen";
    this.#channel = download;
    if (foreign !== undefined && (await this.#adopt(sink, foreign, download)) === "reopen")
      return "reopen";
    const end = await this.#receive(download, sink);
    if (end === undefined) {
      this.#resumeFrom(sink);
      return "reopen";
    }
    if (!this.#isIntact(sink, end)) return this.#retryFromStart(sink);
    this.#result = await this.#finishSink(this.#info, sink, end);
    return this.#confirm(this.#result, connection, download);
  }

  /** A link that is lost behind the last chunk lacks only what was known before. */
  async #receive(download: DownloadChannel, sink: Sink): Promise<End | undefined> {
    try {
      return await download.receive(sink, () => {
        this.#next += 1;
        this.#progressCount += 1;
        this.#reporter.update(sink.sizeBytes);
      });
    } catch (error) {
      const { size, digest } = this.#info ?? {};
      if (!(error instanceof Fault) || size === undefined || digest === undefined) throw error;
      const { file } = this.request;
      const end = { kind: "end", file, size, chunks: chunkCount(size), digest } as const;
      if (error.code !== "link-closed" || !this.#isIntact(sink, end)) throw error;
      return end;
    }
  }

  #chunksLeft({ fingerprint }: LoggedInLink): number {
    const { file, into, chunksLeft } = this.request;
    if (this.#isPartInvalid || chunksLeft === undefined) return 0;
    return chunksLeft({ folder: into, file, server: fingerprint });
  }

  /** Returns `undefined` if an earlier run stored more chunks than the file has. */
  async #fetch(
    download: DownloadChannel,
    connection: Connection,
    from: number,
  ): Promise<FileInfo | undefined> {
    try {
      return await download.fetch();
    } catch (error) {
      const isPastEnd = error instanceof Fault && error.code === "usage" && !connection.isClosed;
      if (!isPastEnd || this.#sink !== undefined || from === 0) throw error;
      this.#isPartInvalid = true;
      return undefined;
    }
  }

  async #matchingSink(info: FileInfo, { fingerprint }: LoggedInLink): Promise<Sink> {
    const sink = this.#sink ?? (await this.#open(info, fingerprint));
    if (sink.foreign !== undefined || isConsistent(sink, this.#next, info)) return sink;
    await this.#restart(sink);
    return sink;
  }

  async #open(info: FileInfo, server: Fingerprint): Promise<Sink> {
    const { file, into: folder, openSink } = this.request;
    const { name, folder: folderSize, details, size: sizeBytes, data: dataBytes, digest } = info;
    this.#waitsAt = "disk";
    const content = { folderSize, details, sizeBytes, dataBytes, digest };
    const sink = await openSink({ folder, name, file, server, ...content });
    this.#sink = sink;
    this.#resumeFrom(sink);
    return sink;
  }

  async #restart(sink: Sink): Promise<void> {
    await sink.restart();
    this.#resumeFrom(sink);
  }

  #resumeFrom(sink: Sink): void {
    this.#next = chunkCount(sink.sizeBytes);
    this.#resumedBytes = sink.sizeBytes;
    this.#reporter.resume(sink.foreign === undefined ? sink.sizeBytes : 0);
  }

  /**
   * Adopts the chunks of another server up to `#next` if this server's file begins with them.
   * Otherwise halves their number, so that only few attempts precede a restart.
   */
  async #adopt(
    sink: Sink,
    foreign: ForeignChunks,
    download: DownloadChannel,
  ): Promise<"adopted" | "reopen"> {
    const prefix = await download.prefix();
    if (prefix !== undefined && equalBytes(prefix, await foreign.digest(this.#next))) {
      await foreign.adopt(this.#next);
      this.#resumeFrom(sink);
      return "adopted";
    }
    const half = prefix === undefined ? 0 : Math.floor(this.#next / 2);
    if (half < foreign.chunksMin) await this.#restart(sink);
    else this.#next = half;
    return "reopen";
  }

  #isIntact(sink: Sink, { size, chunks, digest }: End): boolean {
    const known = this.#info?.digest ?? digest;
    return (
      sink.sizeBytes === size &&
      this.#next === chunks &&
      equalBytes(sink.digest(), digest) &&
      equalBytes(known, digest)
    );
  }

  /**
   * A wrong digest despite correct chunk checksums does not show which chunk is wrong. Chunks from
   * an earlier run may belong to a different file, and the sender may have replaced chunks of an
   * unfinished file, so one retry is worthwhile.
   */
  async #retryFromStart(sink: Sink): Promise<"reopen"> {
    const wasUnfinished = this.#info?.digest === undefined;
    const mayHelp = this.#resumedBytes > 0 || (wasUnfinished && !this.#hasRestarted);
    this.#hasRestarted = true;
    await this.#restart(sink);
    if (mayHelp) return "reopen";
    const { file } = this.request;
    const text = `'${this.#info?.name}' (${file}) is corrupt: wrong digest`;
    throw new Fault("checksum-wrong", text);
  }

  async #finishSink(info: FileInfo, sink: Sink, end: End): Promise<DownloadedFile> {
    this.#waitsAt = "disk";
    await sink.sync();
    const path = await sink.finish();
    this.#reporter.setSize(end.size);
    this.#reporter.update(end.size);
    return {
      id: this.request.file,
      name: info.name,
      from: info.from,
      path,
      sizeBytes: end.size,
      chunks: end.chunks,
      digest: toHex(end.digest),
      resumedBytes: this.#resumedBytes,
      isExisting: sink.isExisting === true,
      entries: info.folder?.entries,
      renamed: sink.renamed ?? [],
      notKept: sink.notKept ?? [],
    };
  }

  /** After a loss of the channel, only the confirmation is repeated. */
  async #confirm(
    result: DownloadedFile,
    connection: Connection,
    download: DownloadChannel,
  ): Promise<DownloadedFile> {
    await download.untilEnd();
    if (this.request.isView !== true) await connection.request("got", { file: result.id });
    return result;
  }
}

function isConsistent(sink: Sink, next: number, { size, digest }: FileInfo): boolean {
  if (size === undefined) return sink.sizeBytes <= next * CHUNK_BYTES;
  const isComplete = next === chunkCount(size);
  if (next > chunkCount(size) || sink.sizeBytes !== Math.min(next * CHUNK_BYTES, size))
    return false;
  return !isComplete || digest === undefined || equalBytes(sink.digest(), digest);
}
