/** Messages whose files are being uploaded, stored until their posts are queued. */

import { unreachable } from "../base/assert.ts";
import { toBase64Url, toHex } from "../base/bytes.ts";
import { decodeJson } from "../base/decode.ts";
import { asFault, Fault, type FaultCode, ignoreFault, msg } from "../base/fault.ts";
import { type FileId, ID_BYTES } from "../base/ids.ts";
import {
  FILES_UPLOADED_TOGETHER_MAX,
  SMALL_FILE_BYTES_MAX,
  WAITING_MESSAGES_MAX,
} from "../base/limits.ts";
import { defined } from "../base/values.ts";
import type { Receipt } from "../core/client/outbox.ts";
import {
  type OutgoingCommand,
  type OutgoingEffect,
  type OutgoingInput,
  OutgoingMessage,
  storedFault,
  type UploadedContent,
  type WaitingFile,
  type WaitingMessage,
} from "../core/client/outgoing.ts";
import type { QueuedBody } from "../core/client/queued-body.ts";
import type { LocalEvent } from "../core/model/event.ts";
import { waitingView } from "../core/model/waiting.ts";
import type { Source } from "../io/blob/interfaces.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { MessageStore, StoredMessage } from "../io/state/message-store.ts";
import type { OutboxOwner } from "../io/state/outbox-store.ts";
import { TaskQueue } from "../io/task-queue.ts";
import type { TransferProgress } from "./files/progress.ts";
import type { CompleteUpload, Transfers } from "./files/transfers.ts";
import { decryptMessage, encryptMessage } from "./outbox-queue.ts";
import { boxOf } from "./sealed/queued-posts.ts";
import type { AccountSession } from "./session.ts";

/** A file as it was found on the disk. */
export interface OpenedFile<Stored> {
  readonly source: Source;
  /** How the file is found again. */
  readonly stored: Stored;
}

export interface OutgoingListener<Stored> {
  progress?(file: WaitingFile<Stored>, progress: TransferProgress): void;
  /** A file was uploaded. It is in no message yet. */
  uploaded?(file: WaitingFile<Stored>, content: UploadedContent): void;
  sent?(key: string, message: WaitingMessage<Stored>, to: string, receipt: Receipt): void;
  /** The message now waits for its author. */
  stuck?(key: string, message: WaitingMessage<Stored>): void;
  /** Called for each source, complete or not, before it is closed. */
  closed?(source: Source): void;
  /** Returns text and files to the composer, in the transaction that deletes the message. */
  returned?(message: WaitingMessage<Stored>): void;
}

export interface OutgoingMessagesOptions<Stored> {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly store: Pick<MessageStore, "adopt" | "get" | "add" | "update" | "remove" | "release">;
  /** Id of this process as the one that continues its messages. */
  readonly window: string;
  readonly session: () => Pick<AccountSession, "posts" | "sealing">;
  readonly transfers: Pick<Transfers, "upload" | "withdraw">;
  /**
   * @param isRetry the author wants the file even if it has changed
   * @throws {Fault} file-changed, not-found, …
   */
  readonly open: (file: WaitingFile<Stored>, isRetry: boolean) => Promise<OpenedFile<Stored>>;
  readonly emit: (event: Extract<LocalEvent, { kind: `waiting${string}` }>) => void;
  readonly listener: OutgoingListener<Stored>;
}

export interface NewOutgoing<Stored> extends Pick<WaitingMessage<Stored>, "to" | "text"> {
  readonly re?: number | undefined;
  readonly thread?: boolean | undefined;
  readonly files: readonly (Pick<WaitingFile<Stored>, "name" | "source" | "isFolder"> & {
    readonly size: number | undefined;
    /** The file, which is closed after its upload. */
    readonly opened: () => Promise<Source>;
  })[];
}

interface Entry<Stored> {
  readonly key: string;
  readonly target: string;
  readonly machine: OutgoingMessage<Stored>;
  /** Files that were opened when the message was written. */
  readonly opened: Map<number, () => Promise<Source>>;
  readonly uploads: Map<number, { readonly stop: AbortController; file: FileId | undefined }>;
  readonly progress: Map<number, TransferProgress>;
  cancelTimer: (() => void) | undefined;
  isStuck: boolean;
}

/** The link or the session has ended, which says nothing about the message. */
const PAUSING_CODES: ReadonlySet<FaultCode> = new Set([
  "interrupted",
  "not-logged-in",
  "link-closed",
  "timeout",
  "no-majority",
]);
const PAUSE_MS = 5_000;

export class OutgoingMessages<Stored> {
  readonly #entries = new Map<string, Entry<Stored>>();
  /** Serialises encryptions, so that an older state never replaces a newer one. */
  readonly #writes = new TaskQueue();
  readonly #uploads = new TaskQueue({ running: FILES_UPLOADED_TOGETHER_MAX });
  #owner: OutboxOwner | undefined;
  #isOnline = false;
  #lastCreatedMs = 0;
  #isClosed = false;

  constructor(private readonly options: OutgoingMessagesOptions<Stored>) {}

  get size(): number {
    return this.#entries.size;
  }

  /** Messages that wait for nothing but the uploads of their files. */
  get unstuckCount(): number {
    return [...this.#entries.values()].filter(({ machine }) => !machine.isStuck).length;
  }

  /** Messages by key, oldest first. */
  get messages(): readonly (readonly [key: string, message: WaitingMessage<Stored>])[] {
    return [...this.#entries].map(([key, { machine }]) => [key, machine.message]);
  }

  /**
   * Shows the messages that earlier processes have left, and continues them after `connected`.
   * @throws {Fault} store-…
   */
  async open(owner: OutboxOwner): Promise<void> {
    this.#owner = owner;
    const { store, window } = this.options;
    for (const stored of store.adopt(owner, window)) await this.#restore(stored);
  }

  /** The session knows its rooms, so that no text is sent unencrypted by mistake. */
  connected(): void {
    this.#isOnline = true;
    for (const entry of this.#entries.values()) this.#handle(entry, { kind: "started" });
  }

  /** Messages of refused posts were stored under these keys. */
  async returned(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const stored = this.options.store.get(key, this.options.window);
      if (stored === undefined) continue;
      const entry = await this.#restore(stored);
      if (entry !== undefined && this.#isOnline) this.#handle(entry, { kind: "started" });
    }
  }

  /**
   * Resolves when the message is stored. Nothing then depends on this process.
   * @param onStored receives its key, before anything else happens to it
   * @throws {Fault} not-logged-in, too-many, store-…
   */
  async send(
    { files, to, text, re, thread }: NewOutgoing<Stored>,
    onStored: (key: string) => void = () => {},
  ): Promise<void> {
    const { clock, entropy, store, window, session } = this.options;
    const owner = this.#owner;
    if (owner === undefined) throw new Fault("not-logged-in", msg`you are not logged in`);
    if (this.#entries.size >= WAITING_MESSAGES_MAX) {
      const message = msg`${WAITING_MESSAGES_MAX} messages with files are waiting already`;
      throw new Fault("too-many", message, { remedy: msg`wait until one is sent` });
    }
    const createdUnixMs = Math.max(clock.unixMs(), this.#lastCreatedMs + 1);
    this.#lastCreatedMs = createdUnixMs;
    const key = `${createdUnixMs} ${toBase64Url(entropy(ID_BYTES))}`;
    const message: WaitingMessage<Stored> = {
      to,
      text,
      ...defined({ re, thread }),
      createdUnixMs,
      files: files.map(({ name, size, isFolder, source }, id) => {
        return { id, name, ...defined({ size, isFolder }), source, state: { kind: "waiting" } };
      }),
    };
    const entry = this.#add(key, to[0] ?? "", message);
    for (const [id, { opened }] of files.entries()) entry.opened.set(id, opened);
    try {
      store.add(owner, window, await encryptMessage(session().sealing, storedOf(entry)));
    } catch (error) {
      this.#drop(entry);
      throw error;
    }
    onStored(key);
    this.#emit(entry);
    if (this.#isOnline) this.#handle(entry, { kind: "started" });
  }

  command(key: string, command: OutgoingCommand): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#handle(entry, command);
  }

  /** Leaves the messages to the next process. */
  close(): void {
    this.#isClosed = true;
    for (const entry of this.#entries.values()) this.#stopAll(entry);
    this.options.store.release(this.options.window);
  }

  /** The account's session has ended; its messages stay in the store. */
  loggedOut(): void {
    this.#isOnline = false;
    this.#owner = undefined;
    for (const entry of [...this.#entries.values()]) this.#drop(entry);
    this.options.store.release(this.options.window);
  }

  async #restore(stored: StoredMessage): Promise<Entry<Stored> | undefined> {
    if (this.#entries.has(stored.key)) return undefined;
    const { sealing } = this.options.session();
    const decrypted = decryptMessage(sealing, stored);
    // Its key is available after the log-in.
    if (decrypted === undefined && boxOf(stored) !== undefined) return undefined;
    const [opened = stored] = (await decrypted) ?? [];
    const isReadable = !("fault" in opened);
    const message = messageOf<Stored>(isReadable ? opened.body : stored.body, stored.target);
    if (this.#isClosed || message === undefined || this.#entries.has(stored.key)) return undefined;
    const fault = isReadable ? message.fault : storedFault(opened.fault);
    const shown = { ...message, ...defined({ fault }) };
    const entry = this.#add(stored.key, stored.target, shown);
    this.#emit(entry);
    return entry;
  }

  #add(key: string, target: string, message: WaitingMessage<Stored>): Entry<Stored> {
    const machine = new OutgoingMessage(message);
    const entry: Entry<Stored> = {
      key,
      target,
      machine,
      opened: new Map(),
      uploads: new Map(),
      progress: new Map(),
      cancelTimer: undefined,
      isStuck: machine.isStuck,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #handle(entry: Entry<Stored>, input: OutgoingInput<Stored>): void {
    if (this.#isClosed || this.#entries.get(entry.key) !== entry) return;
    const { clock, listener } = this.options;
    const { machine } = entry;
    const effects = machine.handle(input, clock.now());
    for (const effect of effects) this.#perform(entry, effect);
    entry.cancelTimer?.();
    const deadline = machine.deadline();
    entry.cancelTimer =
      deadline === undefined
        ? undefined
        : clock.after(Math.max(1, deadline - clock.now()), () => {
            this.#handle(entry, { kind: "tick" });
          });
    if (machine.isGone) return this.#drop(entry);
    const wasStuck = entry.isStuck;
    entry.isStuck = machine.isStuck;
    if (effects.length > 0 && machine.actions.length > 0) this.#emit(entry);
    if (entry.isStuck && !wasStuck) listener.stuck?.(entry.key, machine.message);
  }

  #perform(entry: Entry<Stored>, effect: OutgoingEffect<Stored>): void {
    const { store, listener, transfers } = this.options;
    switch (effect.kind) {
      case "store":
        return this.#update(entry);
      case "upload":
        return void this.#upload(entry, effect.file, effect.isRetry);
      case "stop":
        return this.#stop(entry, effect.file);
      case "withdraw":
        return void transfers.withdraw(effect.content.file).catch(ignoreFault);
      case "post":
        return void this.#post(entry, effect.posts);
      case "return":
        return store.remove(entry.key, () => listener.returned?.(effect.message));
      case "delete":
        return store.remove(entry.key);
      default:
        return unreachable(effect);
    }
  }

  #update(entry: Entry<Stored>): void {
    const { store, session, window } = this.options;
    const encrypted = encryptMessage(session().sealing, storedOf(entry));
    if (!(encrypted instanceof Promise)) return store.update(encrypted, window);
    void this.#writes.run(async () => {
      const row = await encrypted;
      if (this.#entries.get(entry.key) === entry) store.update(row, window);
    });
  }

  async #upload(entry: Entry<Stored>, file: WaitingFile<Stored>, isRetry: boolean): Promise<void> {
    const { id, size = Number.POSITIVE_INFINITY } = file;
    const stop = new AbortController();
    const upload = { stop, file: undefined };
    entry.uploads.set(id, upload);
    const send = () => this.#send(entry, file, isRetry, stop.signal);
    try {
      const isSmall = size <= SMALL_FILE_BYTES_MAX;
      const complete = await (isSmall ? send() : this.#uploads.run(send));
      if (entry.uploads.get(id) === upload) entry.uploads.delete(id);
      const content = contentOf(complete);
      this.options.listener.uploaded?.(file, content);
      this.#handle(entry, { kind: "uploaded", file: id, content });
    } catch (error) {
      if (entry.uploads.get(id) === upload) entry.uploads.delete(id);
      if (stop.signal.aborted) return;
      this.#handle(entry, { kind: "failed", file: id, fault: pausing(asFault(error)) });
    }
  }

  async #send(
    entry: Entry<Stored>,
    file: WaitingFile<Stored>,
    isRetry: boolean,
    signal: AbortSignal,
  ): Promise<CompleteUpload> {
    const { transfers, open, listener } = this.options;
    const { id } = file;
    const { to, re, thread, files } = entry.machine.message;
    const opened = entry.opened.get(id);
    entry.opened.delete(id);
    const { source, stored } = opened
      ? { source: await opened(), stored: file.source }
      : await open(file, isRetry);
    try {
      signal.throwIfAborted();
      if (isRetry) {
        const { sizeBytes } = source;
        this.#handle(entry, { kind: "opened", file: id, source: stored, size: sizeBytes });
      }
      const isSame = (other: WaitingFile<Stored>) =>
        other.id < id && JSON.stringify(other.source) === JSON.stringify(stored);
      return await transfers.upload({
        source,
        to,
        re,
        thread,
        signal,
        copy: files.filter(isSame).length,
        onProgress: (progress) => {
          const upload = entry.uploads.get(id);
          if (upload !== undefined) upload.file = progress.id;
          entry.progress.set(id, progress);
          listener.progress?.(file, progress);
          if (this.#entries.get(entry.key) === entry && !this.#isClosed) this.#emit(entry);
        },
      });
    } finally {
      listener.closed?.(source);
      source.close();
    }
  }

  #stop(entry: Entry<Stored>, id: number): void {
    const upload = entry.uploads.get(id);
    upload?.stop.abort();
    entry.uploads.delete(id);
    if (upload?.file !== undefined) {
      this.options.transfers.withdraw(upload.file).catch(ignoreFault);
    }
  }

  #stopAll(entry: Entry<Stored>): void {
    entry.cancelTimer?.();
    for (const { stop } of entry.uploads.values()) stop.abort();
  }

  async #post(
    entry: Entry<Stored>,
    posts: Extract<OutgoingEffect<Stored>, { kind: "post" }>["posts"],
  ): Promise<void> {
    const { session, store, window, emit, listener } = this.options;
    const { key, machine } = entry;
    const { message } = machine;
    const names = message.files.map(({ name }) => name);
    const queue = session().posts;
    if (!queue.accepts(posts)) {
      const fault = new Fault("too-many", msg`too many messages are queued already`);
      return this.#handle(entry, { kind: "not-queued", fault });
    }
    let refusal: Fault | undefined;
    for (const { to, body } of posts) {
      const queued: QueuedBody = { ...meantOf(message), ...body, names, waiting: { key, message } };
      queue.post(to, queued).then(
        (receipt) => listener.sent?.(key, message, to, receipt),
        (error: unknown) => {
          refusal = asFault(error);
        },
      );
    }
    emit({ kind: "waiting-gone", key });
    await queue.written();
    const isKept = store.get(key, window) !== undefined;
    const fault = refusal ?? new Fault("store-failed", msg`the message cannot be stored`);
    this.#handle(entry, isKept ? { kind: "not-queued", fault } : { kind: "queued" });
  }

  #drop(entry: Entry<Stored>): void {
    this.#stopAll(entry);
    for (const opened of entry.opened.values()) {
      void opened().then((source) => source.close(), ignoreFault);
    }
    this.#entries.delete(entry.key);
    this.options.emit({ kind: "waiting-gone", key: entry.key });
  }

  #emit({ key, machine, progress }: Entry<Stored>): void {
    this.options.emit({ kind: "waiting", message: waitingView(key, machine.message, progress) });
  }
}

function storedOf({ key, target, machine }: Entry<unknown>): StoredMessage {
  return { key, target, body: JSON.stringify(machine.message) };
}

/** Mark of a message that was written for an encrypted room. */
function meantOf(message: object): object {
  return "meant" in message ? { meant: message.meant } : {};
}

/**
 * Returns a message without its reference to a message that the server has lost, and without files
 * if it cannot be read.
 */
function messageOf<Stored>(body: string, target: string): WaitingMessage<Stored> | undefined {
  const value = decodeJson(body) as Partial<WaitingMessage<Stored>> & { lostAfter?: number };
  const { lostAfter, ...message } = value;
  const { to = [target], text = "", createdUnixMs = 0, files = [] } = message;
  const whole = { ...message, to, text, createdUnixMs, files };
  if (lostAfter === undefined || (whole.re ?? 0) <= lostAfter) return whole;
  const { re: _, thread: __, ...unlinked } = whole;
  const lost = msg`the server has lost the message that an unsent message refers to`;
  const remedy = msg`send it again as a new message`;
  return { ...unlinked, fault: storedFault(new Fault("not-found", lost, { remedy })) };
}

function pausing(fault: Fault): Fault {
  if (!PAUSING_CODES.has(fault.code)) return fault;
  return new Fault(fault.code, fault.message, { cause: fault, retryAfterMs: PAUSE_MS });
}

function contentOf({ entry }: CompleteUpload): UploadedContent {
  const { file, size, chunks, digest, preview } = entry;
  const content = { file: file as FileId, size, chunks, digest: toHex(digest) };
  if (preview === undefined) return content;
  const shown = { ...preview, file: preview.file as FileId, digest: toHex(preview.digest) };
  return { ...content, preview: defined(shown) };
}
