/** Messages whose files are being uploaded, stored until their posts are queued. */

import { unreachable } from "../base/assert.ts";
import { toBase64Url } from "../base/bytes.ts";
import { decodeJson } from "../base/decode.ts";
import { asFault, Fault, ignoreFault, msg } from "../base/fault.ts";
import { type FileId, ID_BYTES } from "../base/ids.ts";
import { FILES_UPLOADED_TOGETHER_MAX, WAITING_MESSAGES_MAX } from "../base/limits.ts";
import { defined } from "../base/values.ts";
import type { Receipt } from "../core/client/outbox.ts";
import {
  type OutgoingCommand,
  type OutgoingEffect,
  storedFault,
  type UploadedContent,
  type WaitingFile,
  type WaitingMessage,
  withoutLostTarget,
} from "../core/client/outgoing.ts";
import type { QueuedBody } from "../core/client/queued-body.ts";
import type { LocalEvent } from "../core/model/event.ts";
import { threadOfPost } from "../core/model/selectors.ts";
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
import {
  type OutgoingOrder,
  OutgoingRun,
  type UploadCallbacks,
  uploadedContent,
} from "./outgoing-run.ts";
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
  readonly run: OutgoingRun<Stored>;
  /** Files that were opened when the message was written. */
  readonly opened: Map<number, () => Promise<Source>>;
  isStuck: boolean;
}

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
    return [...this.#entries.values()].filter(({ run }) => !run.isStuck).length;
  }

  /** Messages by key, oldest first. */
  get messages(): readonly (readonly [key: string, message: WaitingMessage<Stored>])[] {
    return [...this.#entries].map(([key, { run }]) => [key, run.message]);
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
    for (const { run } of this.#entries.values()) run.handle({ kind: "started" });
  }

  /** Messages of refused posts were stored under these keys. */
  async returned(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const stored = this.options.store.get(key, this.options.window);
      if (stored === undefined) continue;
      const entry = await this.#restore(stored);
      if (this.#isOnline) entry?.run.handle({ kind: "started" });
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
    if (this.#isOnline) entry.run.handle({ kind: "started" });
  }

  command(key: string, command: OutgoingCommand): void {
    this.#entries.get(key)?.run.handle(command);
  }

  /** Leaves the messages to the next process. */
  close(): void {
    this.#isClosed = true;
    for (const { run } of this.#entries.values()) run.close();
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
    const { clock, listener } = this.options;
    const run = new OutgoingRun(message, {
      clock,
      uploads: this.#uploads,
      upload: async (file, isRetry, callbacks) => {
        const complete = await this.#upload(entry, file, isRetry, callbacks);
        listener.uploaded?.(file, uploadedContent(complete));
        return complete;
      },
      perform: (order) => this.#perform(entry, order),
      changed: () => this.#changed(entry),
    });
    const entry: Entry<Stored> = { key, target, run, opened: new Map(), isStuck: run.isStuck };
    this.#entries.set(key, entry);
    return entry;
  }

  #changed(entry: Entry<Stored>): void {
    const { key, run } = entry;
    const wasStuck = entry.isStuck;
    entry.isStuck = run.isStuck;
    this.#emit(entry);
    if (entry.isStuck && !wasStuck) this.options.listener.stuck?.(key, run.message);
  }

  #perform(entry: Entry<Stored>, order: OutgoingOrder<Stored>): void {
    const { store, listener } = this.options;
    const { key, run } = entry;
    switch (order.kind) {
      case "store":
        return this.#update(entry);
      case "stop":
        return this.#withdraw(run.progress.get(order.file)?.id);
      case "withdraw":
        return this.#withdraw(order.content.file);
      case "post":
        return void this.#post(entry, order.posts);
      case "return":
        store.remove(key, () => listener.returned?.(order.message));
        return this.#drop(entry);
      case "delete":
        store.remove(key);
        return this.#drop(entry);
      default:
        return unreachable(order);
    }
  }

  #withdraw(file: FileId | undefined): void {
    if (file !== undefined) this.options.transfers.withdraw(file).catch(ignoreFault);
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

  async #upload(
    entry: Entry<Stored>,
    file: WaitingFile<Stored>,
    isRetry: boolean,
    { signal, onProgress }: UploadCallbacks,
  ): Promise<CompleteUpload> {
    const { transfers, open, listener } = this.options;
    const { id } = file;
    const { message } = entry.run;
    const { to, files } = message;
    const opened = entry.opened.get(id);
    entry.opened.delete(id);
    const { source, stored } = opened
      ? { source: await opened(), stored: file.source }
      : await open(file, isRetry);
    try {
      signal.throwIfAborted();
      if (isRetry) {
        const { sizeBytes } = source;
        entry.run.handle({ kind: "opened", file: id, source: stored, size: sizeBytes });
      }
      const isSame = (other: WaitingFile<Stored>) =>
        other.id < id && JSON.stringify(other.source) === JSON.stringify(stored);
      return await transfers.upload({
        source,
        to,
        thread: threadOfPost(message),
        signal,
        copy: files.filter(isSame).length,
        onProgress: (progress) => {
          listener.progress?.(file, progress);
          onProgress(progress);
        },
      });
    } finally {
      listener.closed?.(source);
      source.close();
    }
  }

  async #post(
    entry: Entry<Stored>,
    posts: Extract<OutgoingEffect<Stored>, { kind: "post" }>["posts"],
  ): Promise<void> {
    const { session, store, window, emit, listener } = this.options;
    const { key, run } = entry;
    const { message } = run;
    const names = message.files.map(({ name }) => name);
    const queue = session().posts;
    if (!queue.accepts(posts)) {
      const fault = new Fault("too-many", msg`too many messages are queued already`);
      return run.handle({ kind: "not-queued", fault });
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
    run.handle(isKept ? { kind: "not-queued", fault } : { kind: "queued" });
    if (run.isGone) this.#drop(entry);
  }

  #drop(entry: Entry<Stored>): void {
    entry.run.close();
    for (const opened of entry.opened.values()) {
      void opened().then((source) => source.close(), ignoreFault);
    }
    this.#entries.delete(entry.key);
    this.options.emit({ kind: "waiting-gone", key: entry.key });
  }

  #emit({ key, run }: Entry<Stored>): void {
    this.options.emit({ kind: "waiting", message: waitingView(key, run.message, run.progress) });
  }
}

function storedOf<Stored>({ key, target, run }: Entry<Stored>): StoredMessage {
  return { key, target, body: JSON.stringify(run.message) };
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
  return lostAfter === undefined || (whole.re ?? 0) <= lostAfter ? whole : withoutLostTarget(whole);
}
