/** An account's uploads and downloads, each over its own data channel and any number of links. */

import { fromHex } from "../../base/bytes.ts";
import { asFault, Fault, ignoreFault, msg } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { defined } from "../../base/values.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import type { Renamed } from "../../core/transfer/folder-plan.ts";
import type { OpenFileCipher } from "../../crypto/seal/file-cipher.ts";
import type { Sink, Source } from "../../io/blob/interfaces.ts";
import type { FileProperty } from "../../io/disk/disk.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { AttachedFile } from "../../wire/messages-files.ts";
import { unlessAborted } from "../link/abort.ts";
import type { Connection } from "../link/connection.ts";
import { runOverChannels } from "./data-channel.ts";
import { Download, type DownloadSinkOptions, type PartialDownload } from "./download.ts";
import { DownloadChannel } from "./download-channel.ts";
import type { Hashing } from "./hashing.ts";
import { MemorySink } from "./memory-sink.ts";
import type {
  AttachmentRequest,
  MessagePosts,
  MessageRequest,
  PreparedMessage,
  SentMessage,
} from "./message.ts";
import type { TransferProgress } from "./progress.ts";
import { type SourceUpload, Upload, type UploadOptions } from "./upload.ts";

/** Small copy of a picture, which recipients see without its original. */
export interface PreviewContent {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface UploadRequest {
  readonly source: Source;
  readonly preview?: PreviewContent | undefined;
  readonly to: readonly string[];
  /** Root of the thread that will show the file. */
  readonly thread?: number | undefined;
  /** Number of earlier uploads of the same source in the message. */
  readonly copy?: number;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Aborts the transfer with `interrupted`. Repeating the command resumes the transfer. */
  readonly signal?: AbortSignal | undefined;
}

export type SentPreview = NonNullable<AttachedFile["preview"]>;

export interface DownloadRequest {
  readonly file: FileId;
  readonly name?: string;
  readonly into: string;
  readonly openSink: (about: DownloadSinkOptions) => Promise<Sink>;
  /** Returns the number of chunks that the sink probably has. The first request skips them. */
  readonly chunksLeft?: ((part: PartialDownload) => number) | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Costs a round trip if the file is not small, unless the request left with the log-in. */
  readonly triesSmall?: boolean | undefined;
  /** True to display the content, which the server does not log as a download. */
  readonly isView?: boolean;
}

export interface UploadedFile {
  readonly id: FileId;
  readonly name: string;
  readonly sizeBytes: number;
  readonly chunks: number;
  readonly digest: string;
  readonly resumedBytes: number;
  /** True if the file has changed since an earlier run and was therefore sent from the start. */
  readonly changed: boolean;
}

export interface RefusedTarget {
  readonly to: string;
  readonly fault: Fault;
}

/** Upload that a post can list. */
export interface CompleteUpload {
  readonly file: UploadedFile;
  /** As a post lists the file. */
  readonly entry: AttachedFile;
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
  /** True if an earlier run had received the file, so nothing was written. */
  readonly isExisting: boolean;
  readonly entries: number | undefined;
  readonly renamed: readonly Renamed[];
  readonly notKept: readonly FileProperty[];
}

export interface FileSession {
  readonly rooms: readonly RoomView[];
  readonly posts: MessagePosts & { forgetKept(): void };
  readonly sealing: {
    untilListed(): Promise<void>;
    sealedTargets(targets: readonly string[]): Promise<readonly SealedTarget[]>;
    exists(): Promise<boolean>;
    cipherStage(options: CipherStageOptions): Promise<CipherStage>;
  };
}

export interface SealedTarget {
  readonly target: string;
  readonly room: RoomView;
}

export interface CipherStageOptions {
  readonly hashing: Hashing;
  readonly cipher?: OpenFileCipher | undefined;
  readonly session: FileSession;
}

export type DownloadFile = (request: DownloadRequest) => Promise<DownloadedFile>;

export interface CipherStage {
  /** @throws {Fault} usage if a target is not encrypted, and if this device cannot post there */
  checkTargets(to: readonly string[], targets: readonly SealedTarget[]): Promise<void>;
  encrypt(request: UploadRequest): Promise<EncryptedUpload>;
  /** Marks the body of a post that must never leave unencrypted. */
  mark(body: PostBody): PostBody;
  /** Returns a complete upload as its sender sees it, without encryption. */
  plain(sent: UploadedFile): Promise<UploadedFile>;
  /** Called when all messages that list the files are posted. */
  posted(files: readonly FileId[]): Promise<void>;
  /** @param download downloads the encrypted content, or a file of an open room */
  get(request: DownloadRequest, download: DownloadFile): Promise<DownloadedFile>;
}

export interface EncryptedUpload {
  readonly request: SourceUpload;
  /** Encrypts the request's preview, under its own secret. */
  readonly preview: Source | undefined;
  close(): void;
}

/**
 * Uploads that hand messages over, each of at most one chunk. Only devices of this account, and of
 * the user to whom they are sent, can list and fetch them.
 */
export interface OwnUploads {
  /** @param user another user who receives the upload */
  send(name: string, bytes: Uint8Array, user?: string): Promise<FileId>;
  fetch(file: FileId, sizeBytes: number): Promise<Uint8Array>;
  withdraw(file: FileId): Promise<void>;
}

interface OwnUpload {
  readonly to: readonly string[];
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface TransfersOptions extends UploadOptions, Pick<CipherStageOptions, "cipher"> {
  readonly confirmed?: (seq: number) => void;
  /** Fails if posts make no progress. If this function is absent, they wait. */
  readonly untilPosted?: (settled: Promise<void>) => Promise<void>;
  readonly session: () => FileSession;
}

/** Module for commands, which no page loads. */
const messageModule = () => import("./message.ts");

/** Maximum wait for the withdrawal of an upload that failed. */
const WITHDRAW_TIMEOUT_MS = 3_000;
/** Maximum wait for a hand-over of one chunk, which a later attempt repeats. */
const OWN_UPLOAD_TIMEOUT_MS = 60_000;

/** Encrypts and decrypts files of sealed rooms, with a module that is loaded when it is needed. */
export class Transfers {
  /** Uploads that no later run can resume. */
  readonly #streams = new Map<AbortController, Promise<unknown>>();
  readonly #prepared = new WeakMap<Source, PreparedMessage>();

  constructor(private readonly options: TransfersOptions) {}

  /**
   * Posts one message with files to each target. A file that fails does not stop the others.
   * @throws {Fault} interrupted if the signal or the client ends the uploads, and no-majority
   */
  async sendMessage(message: MessageRequest): Promise<SentMessage> {
    const session = await this.#listedSession(message.signal);
    const { to, refused } = await knownTargets(session, message.to);
    const sent = await this.#sendMessage({ ...message, to });
    return { ...sent, refused: [...refused, ...sent.refused] };
  }

  async #sendMessage(request: MessageRequest): Promise<SentMessage> {
    const stage = await this.#stageFor(request);
    const { posts } = this.options.session();
    const [first] = request.files;
    const { hashing, untilPosted = (settled: Promise<void>) => settled } = this.options;
    const body = stage?.mark(request.body) ?? request.body;
    const { MessageSending } = await messageModule();
    const sending = new MessageSending(
      { ...request, body },
      {
        posts,
        sha256: hashing.sha256,
        untilPosted,
        upload: (upload) => this.#resend(upload, () => this.#complete(upload, stage)),
        withdraw: (file) => this.#withdrawFailed(file),
        prepared: first && this.#prepared.get(first.source),
        confirmed: this.options.confirmed,
        stage,
      },
    );
    return sending.run();
  }

  /** Called when a command has reported its messages, so that a repetition sends them again. */
  commandDone(): void {
    this.options.session().posts.forgetKept();
  }

  /**
   * Uploads a file, with its preview, for a message. Resumes after every loss of the link, without
   * a time limit. Lists a folder again if one of its files cannot be read to its end.
   * @throws {Fault} file-changed if the file keeps changing, interrupted if the
   * signal or the client ends the upload, and the server's refusal. If no later run can resume the
   * upload, a failure withdraws it.
   */
  async upload(request: AttachmentRequest): Promise<CompleteUpload> {
    const stage = await this.#stageFor(request);
    return this.#resend(request, () => this.#complete(request, stage));
  }

  /**
   * Returns `undefined` for open rooms.
   * @throws {Fault} usage if only some of the targets are encrypted
   */
  async #stageFor({
    to,
    signal,
  }: Pick<UploadRequest, "to" | "signal">): Promise<CipherStage | undefined> {
    const { sealing } = await this.#listedSession(signal);
    const targets = await sealing.sealedTargets(to);
    if (targets.length === 0) return undefined;
    const stage = await this.#cipherStage();
    await stage.checkTargets(to, targets);
    return stage;
  }

  async #resend<Result>({ source, signal }: UploadRequest, send: () => Promise<Result>) {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        const isChanged = error instanceof Fault && error.code === "file-changed";
        if (!isChanged || signal?.aborted === true) throw error;
        if ((await source.relist?.()) !== true) throw error;
      }
    }
  }

  /**
   * Reads a small file of the lobby, whose request can leave with the log-in; the same source is
   * then sent after it. Other targets may be encrypted by now.
   * @returns `undefined` if the file must wait for the log-in
   */
  async prepare(message: MessageRequest): Promise<PreparedMessage | undefined> {
    const { to, files } = message;
    const [file] = files;
    if (file === undefined || files.length > 1) return undefined;
    if (!to.every((target) => isSameName(target, LOBBY))) return undefined;
    const request = { ...file, to };
    const upload = new Upload(this.options, request, new AbortController().signal);
    if (!(await upload.prepare())) return undefined;
    const { messageKey, PreparedMessage: Prepared } = await messageModule();
    const key = messageKey(message, this.options.hashing.sha256);
    const prepared = new Prepared(upload, message, key);
    this.#prepared.set(file.source, prepared);
    return prepared;
  }

  #isResumable({ path, stamp }: Source): boolean {
    return this.options.uploads !== undefined && path !== undefined && stamp !== undefined;
  }

  /** Withdraws an upload that fails and that no later run can resume. */
  async #upload<Result>(
    request: SourceUpload,
    run: (request: SourceUpload, signal: AbortSignal | undefined) => Promise<Result>,
  ): Promise<Result> {
    const { source, signal } = request;
    if (this.#isResumable(source)) return run(request, signal);
    const stop = new AbortController();
    const signals = [stop.signal, ...(signal === undefined ? [] : [signal])];
    const sending = run(request, AbortSignal.any(signals)).catch((error: unknown) => {
      throw notResumable(error);
    });
    this.#streams.set(stop, sending);
    try {
      return await sending;
    } finally {
      this.#streams.delete(stop);
    }
  }

  /** Ends the uploads that no later run can resume, and withdraws them while there is a link. */
  async interruptStreams(): Promise<void> {
    const streams = [...this.#streams];
    for (const [stop] of streams) stop.abort();
    await Promise.allSettled(streams.map(([, sending]) => sending));
  }

  async #complete(
    request: AttachmentRequest,
    stage: CipherStage | undefined,
  ): Promise<CompleteUpload> {
    const encrypted = await stage?.encrypt(request);
    try {
      return await this.#upload(encrypted?.request ?? request, (source, signal) =>
        this.#runUntilStopped(signal, async (stop) => {
          const prepared = this.#prepared.get(request.source);
          const { sentAs, deliveries } = prepared ?? {};
          // The journal of a message that is posted already is gone.
          const options = deliveries === undefined ? this.options : withoutJournal(this.options);
          const upload = new Upload(options, { ...source, sentAs }, stop);
          const stopped = new AbortController();
          const previewStop = AbortSignal.any([stop, stopped.signal]);
          const sendingPreview = this.#sendPreview(request, encrypted, previewStop);
          sendingPreview.catch(ignoreFault);
          try {
            const file = await upload.run();
            const { id, sizeBytes: size, chunks, digest } = file;
            const preview = await sendingPreview;
            const entry = defined({ file: id, size, chunks, digest: fromHex(digest), preview });
            return { file: (await stage?.plain(file)) ?? file, entry };
          } catch (error) {
            stopped.abort();
            if (!this.#isResumable(request.source)) await this.#withdrawFailed(upload.file);
            throw error;
          }
        }),
      );
    } finally {
      encrypted?.close();
    }
  }

  /** @returns `undefined` if the server refuses the preview but not the file */
  async #sendPreview(
    { preview, to }: UploadRequest,
    encrypted: EncryptedUpload | undefined,
    stop: AbortSignal,
  ): Promise<SentPreview | undefined> {
    if (preview === undefined) return undefined;
    const { bytes, width, height } = preview;
    const source = encrypted?.preview ?? memorySource("preview", bytes);
    // The server learns nothing about the content of an encrypted file.
    const sides = encrypted === undefined ? { width, height } : {};
    try {
      const upload = new Upload(this.options, { source, to, purpose: "preview" }, stop);
      const { id: file, sizeBytes: size, digest } = await upload.run();
      return { file, size, digest: fromHex(digest), ...sides };
    } catch (error) {
      if (!(error instanceof Fault) || stop.aborted) throw error;
      return undefined;
    }
  }

  /**
   * Resolves when the whole file is verified and durable.
   * @throws {Fault} file-unknown, not-member, checksum-wrong, interrupted, and the faults of the
   * sink; repeating the call resumes the download
   */
  async get(request: DownloadRequest): Promise<DownloadedFile> {
    const { sealing } = await this.#listedSession(request.signal);
    const download = (plain: DownloadRequest) =>
      this.#runUntilStopped(plain.signal, (stop) => new Download(this.options, plain, stop).run());
    if (!(await sealing.exists())) return download(request);
    return (await this.#cipherStage()).get(request, download);
  }

  /** The server deletes the upload later if this fails. */
  async #withdrawFailed(file: FileId): Promise<void> {
    if (!this.options.activeLink.isOpen) return;
    const withdraw = (signal: AbortSignal) => this.withdraw(file, signal).catch(ignoreFault);
    await this.#within(WITHDRAW_TIMEOUT_MS, withdraw);
  }

  /** @throws {Fault} file-unknown if the server has no such unfinished upload of this account */
  withdraw(file: FileId, signal?: AbortSignal): Promise<void> {
    const runOver = async (channel: Connection): Promise<"withdrawn"> => {
      await channel.request("withdraw", { file });
      return "withdrawn";
    };
    return this.#runUntilStopped(signal, async (stop) => {
      const task = { stop, runOver, progressCount: () => 0, channelLost: () => undefined };
      await runOverChannels(this.options, task);
    });
  }

  ownUploads(self: string): OwnUploads {
    const timed = <Result>(work: (signal: AbortSignal) => Promise<Result>) =>
      this.#within(OWN_UPLOAD_TIMEOUT_MS, work);
    return {
      send: (name, bytes, user = self) =>
        timed((signal) => this.#sendOwn({ to: [`@${user}`], name, bytes }, signal)),
      fetch: (file, sizeBytes) => timed((signal) => this.#fetchOwn(file, sizeBytes, signal)),
      withdraw: (file) => timed((signal) => this.withdraw(file, signal)),
    };
  }

  #sendOwn({ to, name, bytes }: OwnUpload, signal: AbortSignal): Promise<FileId> {
    return this.#runUntilStopped(signal, async (stop) => {
      const source = memorySource(name, bytes);
      const { id } = await new Upload(
        this.options,
        { source, to, purpose: "handover" },
        stop,
      ).run();
      return id;
    });
  }

  async #within<Result>(timeoutMs: number, work: (signal: AbortSignal) => Promise<Result>) {
    const timeout = new AbortController();
    const cancel = this.options.clock.after(timeoutMs, () => timeout.abort());
    return work(timeout.signal).finally(cancel);
  }

  /** The server does not end the download of a file without a record. */
  #fetchOwn(file: FileId, sizeBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const { hashing } = this.options;
    const runOver = async (connection: Connection): Promise<Uint8Array> => {
      const sink = new MemorySink(sizeBytes, hashing.sha256);
      const channel = new DownloadChannel({ connection, hashing, file, from: 0 });
      await channel.fetch();
      await channel.receive(
        {
          append: (hash, bytes) => sink.append(hash, bytes),
          sync: () => sink.sync(),
          get isExisting() {
            return sink.sizeBytes === sizeBytes;
          },
        },
        () => undefined,
      );
      return sink.bytes();
    };
    return this.#runUntilStopped(signal, (stop) =>
      runOverChannels(this.options, {
        stop,
        runOver,
        progressCount: () => 0,
        channelLost: () => undefined,
      }),
    );
  }

  async #listedSession(signal: AbortSignal | undefined): Promise<FileSession> {
    const session = this.options.session();
    const listed = session.sealing.untilListed();
    await (signal === undefined
      ? listed
      : unlessAborted(signal, listed).catch(() => {
          throw interrupted();
        }));
    return session;
  }

  #cipherStage(): Promise<CipherStage> {
    const { hashing, cipher } = this.options;
    const session = this.options.session();
    return session.sealing.cipherStage({ hashing, cipher, session });
  }

  async #runUntilStopped<Result>(
    signal: AbortSignal | undefined,
    run: (stop: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const { activeLink } = this.options;
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

/**
 * Omits targets that do not exist, so that the others receive the message.
 * @throws {Fault} the first fault if none exists
 */
async function knownTargets(
  { sealing }: FileSession,
  targets: readonly string[],
): Promise<{ readonly to: readonly string[]; readonly refused: readonly RefusedTarget[] }> {
  const refused: RefusedTarget[] = [];
  for (const to of targets.length > 1 ? targets : []) {
    const fault = await sealing.sealedTargets([to]).then(() => undefined, asFault);
    if (fault !== undefined) refused.push({ to, fault });
  }
  const [first] = refused;
  if (first !== undefined && refused.length === targets.length) throw first.fault;
  return { to: targets.filter((to) => refused.every((target) => target.to !== to)), refused };
}

function withoutJournal(options: TransfersOptions): TransfersOptions {
  return { ...options, uploads: undefined };
}

/** A remedy for a source that cannot be read again. */
function notResumable(error: unknown): unknown {
  if (!(error instanceof Fault) || error.code !== "interrupted") return error;
  return new Fault("interrupted", error.message, { remedy: SEND_AGAIN, cause: error });
}

export const SEND_AGAIN = msg`send it again from the start; a pipe cannot be resumed`;

function interrupted(): Fault {
  return new Fault("interrupted", msg`the transfer was interrupted`, {
    remedy: msg`run the same command again to resume`,
  });
}

/** @param bytes content of at most one chunk */
export function memorySource(name: string, bytes: Uint8Array): Source {
  return {
    name,
    sizeBytes: bytes.length,
    skipped: [],
    read: (index) => Promise.resolve(index === 0 ? bytes : undefined),
    release: () => undefined,
    close: () => undefined,
  };
}
