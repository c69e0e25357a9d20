/** Message with files: its uploads, then one post for each target. */

import { toBase64Url, toHex, utf8Encode } from "../../base/bytes.ts";
import { Fault, type FaultCode, ignoreFault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { FILES_UPLOADED_TOGETHER_MAX, SMALL_FILE_BYTES_MAX } from "../../base/limits.ts";
import { cleanText } from "../../base/text.ts";
import type { Receipt } from "../../core/client/outbox.ts";
import type { QueuedBody } from "../../core/client/queued-body.ts";
import { threadOfPost } from "../../core/model/selectors.ts";
import { contentIds } from "../../core/rooms/files.ts";
import type { Source } from "../../io/blob/interfaces.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { AttachedFile } from "../../wire/messages-files.ts";
import type { EarlyRequest } from "../link/connection.ts";
import type {
  CipherStage,
  CompleteUpload,
  RefusedTarget,
  UploadedFile,
  UploadRequest,
} from "./transfers.ts";
import type { Upload, UploadOwner } from "./upload.ts";

export interface AttachmentRequest extends UploadRequest {
  /** The request with the whole content has been sent, and a post may follow it. */
  readonly onRequested?: ((file: AttachedFile) => void) | undefined;
}

export type MessageFile = Pick<UploadRequest, "source" | "preview" | "onProgress">;

export interface MessageRequest {
  readonly to: readonly string[];
  readonly body: Omit<PostBody, "files">;
  /** At least one and at most FILES_PER_POST_MAX. */
  readonly files: readonly MessageFile[];
  readonly signal?: AbortSignal | undefined;
  /**
   * The message belongs to a command: a repetition after a crash does not post it twice, and its
   * posts do not wait for the answers to small files, which may delay later posts.
   */
  readonly isCommand?: boolean;
}

export interface PostedMessage {
  readonly to: string;
  readonly seq: number;
  readonly n: number;
  readonly timeUnixMs: number;
  readonly queued: boolean;
  readonly files: readonly UploadedFile[];
}

export interface SentMessage {
  /** Each file, or why it is missing from the message, in the order of the request. */
  readonly files: readonly (UploadedFile | Fault)[];
  readonly posted: readonly PostedMessage[];
  readonly refused: readonly RefusedTarget[];
}

/** Returns why files and targets are missing, each reason once. */
export function faultsOf({ files, refused }: SentMessage): readonly Fault[] {
  const missing = files.filter((file): file is Fault => file instanceof Fault);
  const faults = [...missing, ...refused.map(({ fault }) => fault)];
  return faults.filter((fault, i) => faults.findIndex((other) => isSameFault(other, fault)) === i);
}

/**
 * Returns the files of a message that must not lack any.
 * @throws {Fault} the first fault of a file or a target
 */
export function sentWhole(message: SentMessage): readonly UploadedFile[] {
  for (const fault of faultsOf(message)) throw fault;
  return message.files.filter((file): file is UploadedFile => !(file instanceof Fault));
}

export interface MessagePosts {
  post(target: string, body: QueuedBody): Promise<Receipt>;
  /** Takes the posts of a message that an earlier run of the same command has stored. */
  takeAdopted(key: string): Promise<readonly (Delivery & { readonly body: QueuedBody })[]>;
}

export interface MessageSendingOptions {
  readonly posts: MessagePosts;
  readonly upload: (request: AttachmentRequest) => Promise<CompleteUpload>;
  readonly withdraw: (file: FileId) => Promise<void>;
  readonly prepared: PreparedMessage | undefined;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly confirmed: ((seq: number) => void) | undefined;
  /** Encrypts the files; `undefined` for open rooms. */
  readonly stage: CipherStage | undefined;
  /** Fails if the posts make no progress. */
  readonly untilPosted: (settled: Promise<void>) => Promise<void>;
}

/** Faults that end all uploads of a message. */
const ENDING_CODES: ReadonlySet<FaultCode> = new Set([
  "interrupted",
  "no-majority",
  "not-logged-in",
  "link-closed",
  "timeout",
]);

/** Posts of one target. An upload can expire, or a preview be removed, before a post lists it. */
const POSTS_MAX = 3;

interface UploadRound {
  readonly isRepeated?: boolean;
  readonly hasPreviews?: boolean;
  readonly onRequested?: (index: number, file: AttachedFile) => void;
}

interface Delivery {
  readonly to: string;
  readonly receipt: Promise<Receipt>;
}

interface Outcome {
  readonly to: string;
  readonly receipt?: Receipt;
  /** Absent together with `receipt` if the message has not been posted. */
  readonly fault?: Fault;
}

export class MessageSending {
  readonly #uploads: (CompleteUpload | Fault | undefined)[];
  readonly #stop = new AbortController();
  readonly #posted: PostedMessage[] = [];
  readonly #refused: RefusedTarget[] = [];
  /** Targets for which the uploads are offered. */
  #offered: readonly string[];
  /** True if a post that lists the files may still be sent, or has been accepted. */
  #isQueued = false;
  readonly #key: string | undefined;

  constructor(
    private readonly request: MessageRequest,
    private readonly options: MessageSendingOptions,
  ) {
    this.#uploads = request.files.map(() => undefined);
    this.#offered = request.to;
    this.#key = messageKey(request, options.sha256);
  }

  async run(): Promise<SentMessage> {
    const { to } = this.request;
    try {
      const resumed = await this.#resume();
      if (resumed !== undefined) return resumed;
      let targets = this.#settle(await this.#postEarly());
      for (let count = 1; targets.length > 0; count++) {
        await this.#uploadAll({ isRepeated: count > 1, hasPreviews: count < POSTS_MAX });
        if (this.#complete.length === 0) targets = await this.#findTargets(targets);
        if (targets.length === 0) break;
        const outcomes = await this.#outcomes(this.#post(targets, this.#entries));
        targets = this.#settle(outcomes, count < POSTS_MAX && this.#canRepeat);
      }
      this.#isQueued = this.#posted.length > 0;
      await this.#withdrawStreams();
      await this.options.stage?.posted(contentIds(this.#entries));
      const order = (target: { readonly to: string }) => to.indexOf(target.to);
      this.#posted.sort((a, b) => order(a) - order(b));
      return { files: this.#results, posted: this.#posted, refused: this.#refused };
    } catch (error) {
      this.#stop.abort();
      await this.#withdrawStreams();
      throw error;
    }
  }

  get #complete(): readonly CompleteUpload[] {
    return this.#uploads.filter((upload) => isComplete(upload));
  }

  get #entries(): readonly AttachedFile[] {
    return this.#complete.map(({ entry }) => entry);
  }

  get #results(): readonly (UploadedFile | Fault)[] {
    const settled = this.#uploads.filter((upload) => upload !== undefined);
    return settled.map((upload) => (isComplete(upload) ? upload.file : upload));
  }

  /** A stream cannot be read again. */
  get #canRepeat(): boolean {
    return this.request.files.every(({ source }) => source.sizeBytes !== undefined);
  }

  /** Waits for the posts that an earlier run of the command has stored. */
  async #resume(): Promise<SentMessage | undefined> {
    const key = this.#key;
    const adopted = key === undefined ? [] : await this.options.posts.takeAdopted(key);
    const [first] = adopted;
    if (first === undefined) return undefined;
    const { files = [], names = [] } = first.body;
    const stored = files.map((file, index) => storedFile(file, names[index] ?? ""));
    const { stage } = this.options;
    const sent = await Promise.all(stored.map((file) => stage?.plain(file) ?? file));
    const outcomes = await this.#outcomes(adopted);
    // Its uploads have expired, or were not sent before the crash.
    if (outcomes.every((outcome) => isUnknownFile(outcome))) return undefined;
    this.#settle(outcomes, false, sent);
    await stage?.posted(contentIds(files));
    return { files: sent, posted: this.#posted, refused: this.#refused };
  }

  /** Sends the posts behind the requests that carry their files, without waiting for answers. */
  async #postEarly(): Promise<readonly Outcome[]> {
    const { to, files, isCommand } = this.request;
    const { prepared } = this.options;
    const notPosted = to.map((target) => ({ to: target }));
    const isSmall = files.every(({ source, preview }) => isSmallFile(source) && !preview);
    if (isCommand !== true || !isSmall) return notPosted;
    if (prepared?.deliveries !== undefined) {
      await this.#uploadAll({});
      return this.#outcomes(prepared.deliveries);
    }
    const requested = files.map(() => Promise.withResolvers<AttachedFile>());
    const uploaded = this.#uploadAll({
      onRequested: (index, file) => requested[index]?.resolve(file),
    });
    uploaded.catch(ignoreFault);
    const entries = Promise.all(requested.map(({ promise }) => promise));
    const sent = await Promise.race([entries, uploaded]);
    if (sent === undefined) return notPosted;
    const outcomes = this.#outcomes(this.#post(to, sent));
    outcomes.catch(ignoreFault);
    await uploaded;
    return outcomes;
  }

  /**
   * The server refuses uploads if it refuses one of their targets. Finds the first one that accepts
   * them, because posts to others can list them, too.
   * @returns the targets without those that were refused; empty if all were, or the files were
   */
  async #findTargets(targets: readonly string[]): Promise<readonly string[]> {
    const faults = this.#uploads.filter((upload) => upload instanceof Fault);
    const [first, ...others] = faults;
    const isOfFiles = others.some((other) => !isSameFault(other, first));
    if (targets.length < 2 || first === undefined || isOfFiles) return [];
    const refused: RefusedTarget[] = [];
    for (const [index, target] of targets.entries()) {
      this.#uploads.fill(undefined);
      this.#offered = [target];
      await this.#uploadAll({});
      if (this.#complete.length > 0) {
        this.#refused.push(...refused);
        return targets.slice(index);
      }
      const fault = this.#uploads.find((upload) => upload instanceof Fault) ?? first;
      refused.push({ to: target, fault });
    }
    return [];
  }

  #post(targets: readonly string[], files: readonly AttachedFile[]): readonly Delivery[] {
    const names = this.request.files
      .filter((_, index) => !(this.#uploads[index] instanceof Fault))
      .map(({ source }) => source.name);
    this.#isQueued = true;
    const body = { ...this.request.body, files: [...files], names, message: this.#key };
    return targets.map((to) => ({ to, receipt: this.options.posts.post(to, body) }));
  }

  async #outcomes(deliveries: readonly Delivery[]): Promise<readonly Outcome[]> {
    const outcomes = Promise.all(
      deliveries.map(async ({ to, receipt }): Promise<Outcome> => {
        try {
          return { to, receipt: await receipt };
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          return { to, fault: error };
        }
      }),
    );
    await this.options.untilPosted(outcomes.then(() => undefined));
    return outcomes;
  }

  /** @returns the targets to which the message must be posted again */
  #settle(
    outcomes: readonly Outcome[],
    repeats = true,
    files: readonly UploadedFile[] = this.#complete.map(({ file }) => file),
  ): readonly string[] {
    const again: string[] = [];
    for (const outcome of outcomes) {
      const { to, receipt, fault } = outcome;
      if (receipt !== undefined) {
        const { seq, n, time: timeUnixMs, queued = false } = receipt;
        this.options.confirmed?.(seq);
        this.#posted.push({ to, seq, n, timeUnixMs, queued, files });
      } else if (repeats && isUnposted(outcome)) again.push(to);
      else if (fault !== undefined) this.#refused.push({ to, fault });
    }
    return again;
  }

  /** Uploads the files that are not complete, or those again of which a post has missed one. */
  async #uploadAll({
    isRepeated = false,
    hasPreviews = true,
    onRequested,
  }: UploadRound): Promise<undefined> {
    const { files, body, signal } = this.request;
    const signals = [this.#stop.signal, ...(signal === undefined ? [] : [signal])];
    const send = async (index: number) => {
      const file = files[index];
      const upload = this.#uploads[index];
      const isDone = isRepeated ? upload instanceof Fault : upload !== undefined;
      if (file === undefined || isDone) return;
      try {
        this.#uploads[index] = await this.options.upload({
          ...file,
          preview: hasPreviews ? file.preview : undefined,
          to: this.#offered,
          thread: threadOfPost(body),
          copy: files.slice(0, index).filter(({ source }) => isSameFile(source, file.source))
            .length,
          signal: AbortSignal.any(signals),
          onRequested: onRequested && ((entry) => onRequested(index, entry)),
        });
      } catch (error) {
        if (!isOfFile(error) || signals.some(({ aborted }) => aborted)) throw error;
        this.#uploads[index] = error;
      }
    };
    const large = new TaskQueue({ running: FILES_UPLOADED_TOGETHER_MAX });
    await Promise.all(
      files.map(({ source }, index) =>
        isSmallFile(source) ? send(index) : large.run(() => send(index)),
      ),
    );
    return undefined;
  }

  /** A later run can resume the uploads of files, but not those of streams. */
  async #withdrawStreams(): Promise<void> {
    if (this.#isQueued) return;
    const isStream = (index: number) => {
      const { path, stamp } = this.request.files[index]?.source ?? {};
      return path === undefined || stamp === undefined;
    };
    const uploads = this.#uploads.filter((upload, index) => isComplete(upload) && isStream(index));
    await Promise.all(
      uploads.map((upload) => isComplete(upload) && this.options.withdraw(upload.file.id)),
    );
  }
}

/** Message with a small file that leaves with the log-in. */
export class PreparedMessage {
  #deliveries: readonly Delivery[] | undefined;

  constructor(
    private readonly upload: Upload,
    private readonly request: MessageRequest,
    private readonly key: string | undefined,
  ) {}

  /** As `Upload.earlyRequest`. */
  earlyRequest(owner: UploadOwner): EarlyRequest | undefined {
    return this.upload.earlyRequest(owner);
  }

  /** @param post returns `undefined` if the post must wait for the log-in */
  post(post: (to: string, body: QueuedBody) => Promise<Receipt> | undefined): void {
    const { prepared } = this.upload;
    if (prepared === undefined) return;
    const { body, files, to } = this.request;
    const names = files.map(({ source }) => source.name);
    const queued: QueuedBody = { ...body, files: [prepared], names, message: this.key };
    const deliveries: Delivery[] = [];
    for (const target of to) {
      const receipt = post(target, queued);
      receipt?.catch(ignoreFault); // `sendMessage` or the failed log-in reports it.
      if (receipt !== undefined) deliveries.push({ to: target, receipt });
    }
    if (deliveries.length === to.length) this.#deliveries = deliveries;
  }

  get deliveries(): readonly Delivery[] | undefined {
    return this.#deliveries;
  }

  get sentAs(): FileId | undefined {
    return this.upload.sentAs;
  }
}

/** Identifies the message of a command, by its targets, its body and the state of its files. */
export function messageKey(
  { isCommand, to, body, files }: MessageRequest,
  sha256: (bytes: Uint8Array) => Uint8Array,
): string | undefined {
  if (isCommand !== true) return undefined;
  const sources = files.map(({ source: { path, stamp, name } }) => {
    return path === undefined || stamp === undefined ? undefined : [path, stamp, name];
  });
  if (sources.includes(undefined)) return undefined;
  return toBase64Url(sha256(utf8Encode(JSON.stringify([to, body, sources]))));
}

function isSmallFile(source: Source | undefined): boolean {
  return (source?.sizeBytes ?? Number.POSITIVE_INFINITY) <= SMALL_FILE_BYTES_MAX;
}

function isSameFile(a: Source, b: Source): boolean {
  return a.path !== undefined && a.path === b.path && a.name === b.name;
}

function isComplete(upload: CompleteUpload | Fault | undefined): upload is CompleteUpload {
  return upload !== undefined && !(upload instanceof Fault);
}

/** @param names names of the files that have the fault, among others of a message */
export function namedFault({ code, message, remedy }: Fault, names: readonly string[]): Fault {
  const list = names.map((name) => cleanText(name)).join(", ");
  return new Fault(code, `${list}: ${message}`, { remedy });
}

export function isSameFault(a: Fault, b: Fault | undefined): boolean {
  return a.code === b?.code && a.message === b.message;
}

function isUnknownFile({ fault }: Outcome): boolean {
  return fault?.code === "file-unknown";
}

/** A log-in that failed before it succeeded with a password has refused an early post. */
function isUnposted(outcome: Outcome): boolean {
  const { fault } = outcome;
  return fault === undefined || fault.code === "not-logged-in" || isUnknownFile(outcome);
}

function storedFile({ file, size, chunks, digest }: AttachedFile, name: string): UploadedFile {
  const content = { id: file as FileId, sizeBytes: size, chunks, digest: toHex(digest) };
  return { name, ...content, resumedBytes: size, changed: false };
}

function isOfFile(error: unknown): error is Fault {
  return error instanceof Fault && !ENDING_CODES.has(error.code);
}
