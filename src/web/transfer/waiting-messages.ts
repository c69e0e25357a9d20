/** Messages with files of one account on the page, until the server has recorded them. */

import * as v from "valibot";
import { unreachable } from "../../base/assert.ts";
import { toBase64Url } from "../../base/bytes.ts";
import { asFault, Fault, ignoreFault, msg } from "../../base/fault.ts";
import { ID_BYTES } from "../../base/ids.ts";
import { FILES_UPLOADED_TOGETHER_MAX } from "../../base/limits.ts";
import { PAGE_WAITING_MESSAGES_MAX } from "../../base/limits-page.ts";
import { defined } from "../../base/values.ts";
import type { CompleteUpload, PreviewContent, Transfers } from "../../client/files/transfers.ts";
import {
  type OutgoingOrder,
  OutgoingRun,
  type UploadCallbacks,
} from "../../client/outgoing-run.ts";
import {
  type OutgoingCommand,
  refusedMessage,
  type WaitingFile,
  type WaitingMessage,
  withoutLostTarget,
} from "../../core/client/outgoing.ts";
import { isVoiceName } from "../../core/client/voice.ts";
import { threadOfPost } from "../../core/model/selectors.ts";
import { waitingView } from "../../core/model/waiting.ts";
import type { ProgressReport } from "../../core/transfer/progress.ts";
import type { Source } from "../../io/blob/interfaces.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { PageFault } from "../../ui/text/fault-text.ts";
import { FileSource, fileStamp } from "../browser/file-source.ts";
import { accountPrefix, numberKey, type TableChange } from "../browser/indexed-db.ts";
import { withFetchFault } from "../browser/parts.ts";
import { readSound } from "../browser/sound.ts";
import type { AttachmentStore } from "./attachment-store.ts";
import { type AttachedContent, type Attachment, folderModule } from "./attachments.ts";
import type { PageTransfersOptions } from "./journal.ts";
import type { BrowserUploadJournal, FileHandle, FolderHandle } from "./upload-journal.ts";

/** How the page reads a file again after a reload. */
interface StoredSource {
  /** Key of the stored attachment, and of the upload's journal. */
  readonly key: string;
  readonly stamp: string;
  readonly handle?: FileHandle | FolderHandle;
  /** Sends a smaller copy of a photo. */
  readonly isSmaller?: true;
  /** The message was sent before the page had searched the file for personal data. */
  readonly isUnexamined?: true;
}

type Message = WaitingMessage<StoredSource>;
type MessageFile = WaitingFile<StoredSource>;

interface StoredMessage extends Message {
  /** Set in the transaction that stores the post, and removed if the server refuses the post. */
  readonly isPosted?: true;
}

const STORED_MESSAGE = v.looseObject({
  to: v.pipe(v.array(v.string()), v.minLength(1)),
  text: v.string(),
  createdUnixMs: v.number(),
  files: v.array(
    v.looseObject({
      id: v.number(),
      name: v.string(),
      source: v.looseObject({ key: v.string(), stamp: v.string() }),
      state: v.looseObject({ kind: v.picklist(["waiting", "complete", "failed"]) }),
    }),
  ),
});

/** Module that finds personal data in files, which most visits do not need. */
const personalDataModule = withFetchFault(() => import("./cleaned-file.ts"));

const NO_PROGRESS: ReadonlyMap<number, ProgressReport> = new Map();

function isStoredMessage(value: unknown): value is StoredMessage {
  return v.is(STORED_MESSAGE, value);
}

interface Entry {
  readonly key: string;
  run: OutgoingRun<StoredSource>;
  readonly contents: Map<number, Attachment>;
  /** Keys of all files whose rows exist. */
  readonly sources: Map<number, string>;
  release: (() => void) | undefined;
  isStored: boolean;
  isPosted: boolean;
}

interface NewFile {
  readonly attachment: Attachment;
  readonly isSmaller: boolean;
  /** False if its author may not know of a location or a name in it. */
  readonly isExamined: boolean;
}

export interface NewMessage {
  readonly to: string;
  readonly text: string;
  readonly re?: number | undefined;
  readonly thread?: boolean | undefined;
  readonly files: readonly NewFile[];
  /** Changes that remove the draft in the transaction that stores the message. */
  readonly draft?: Promise<readonly TableChange[]> | undefined;
}

export interface WaitingMessagesOptions extends PageTransfersOptions {
  readonly attached: AttachmentStore;
  readonly journal: BrowserUploadJournal;
  readonly files: Transfers;
}

/** A changed or missing file needs the user, who may choose it again. */
function mustChoose(name: string): Fault {
  return new Fault("file-changed", msg`'${name}' has changed or cannot be read: choose it again`);
}

function stampOf(content: AttachedContent): string {
  return content instanceof File ? fileStamp(content) : content.stamp;
}

/**
 * A row of the store is the message. A browser lock shows that the tab of a message is open; the
 * others show it. After the tab closes, another tab continues it.
 */
export class WaitingMessages {
  readonly #prefix: string;
  readonly #entries = new Map<string, Entry>();
  /** Messages of other tabs. */
  #others: ReadonlySet<string> = new Set();
  /** Why adopted posts were refused, by the keys of their messages. */
  readonly #refusals = new Map<string, Fault>();
  readonly #writes = new TaskQueue();
  readonly #restoring = new TaskQueue();
  readonly #running = new TaskQueue({ running: FILES_UPLOADED_TOGETHER_MAX });
  #lastCreatedMs = 0;
  #isClosed = false;

  constructor(private readonly options: WaitingMessagesOptions) {
    this.#prefix = accountPrefix(options.owner);
  }

  get hasMessages(): boolean {
    return [...this.#entries.values()].some(({ isPosted }) => !isPosted);
  }

  /** True if a message or one of its files is lost when the page closes. */
  get isLossy(): boolean {
    const { attached } = this.options;
    return [...this.#entries.values()].some(({ isStored, isPosted, run, contents }) => {
      if (isPosted) return false;
      return (
        !isStored ||
        run.message.files.some(({ id, state, source }) => {
          const attachment = contents.get(id);
          if (attachment === undefined || state.kind === "complete") return false;
          return source.handle === undefined && !attached.isStored(attachment);
        })
      );
    });
  }

  /** Content of a file of a message that is not recorded yet, if this tab has it. */
  contentAt(key: string, index: number): AttachedContent | undefined {
    const entry = this.#entries.get(key);
    const file = entry?.run.message.files[index];
    return file && entry?.contents.get(file.id)?.file;
  }

  /** @throws {Fault} too-many */
  send({ to, text, re, thread, files, draft }: NewMessage): void {
    if (this.#entries.size >= PAGE_WAITING_MESSAGES_MAX) {
      const max = PAGE_WAITING_MESSAGES_MAX;
      throw new Fault("too-many", msg`${max} messages with files are waiting already`, {
        remedy: msg`wait until one is sent`,
      });
    }
    const { clock, entropy } = this.options.platform;
    // Keys increase, so that a reloaded page restores the order.
    const createdUnixMs = Math.max(clock.unixMs(), this.#lastCreatedMs + 1);
    this.#lastCreatedMs = createdUnixMs;
    const key = `${numberKey(createdUnixMs)} ${toBase64Url(entropy(ID_BYTES))}`;
    const contents = new Map<number, Attachment>();
    const waiting = files.map(({ attachment, isSmaller, isExamined }, i): MessageFile => {
      const { file, handle } = attachment;
      contents.set(i + 1, attachment);
      return {
        id: i + 1,
        name: file.name,
        size: file.size,
        ...(file instanceof File ? {} : { isFolder: true }),
        source: {
          key: this.options.attached.keyOf(attachment) ?? this.options.attached.newKey(),
          stamp: stampOf(file),
          ...defined({ handle }),
          ...(isSmaller && { isSmaller }),
          ...(!isExamined && { isUnexamined: true }),
        },
        state: { kind: "waiting" },
      };
    });
    const message = { to: [to], text, ...defined({ re, thread }), createdUnixMs, files: waiting };
    const entry = this.#add(key, message, contents);
    this.#show(entry);
    void this.#begin(entry, draft);
  }

  async #begin(entry: Entry, draft: NewMessage["draft"]): Promise<void> {
    const { locks } = this.options.platform;
    entry.release = await locks.hold(this.#lockName(entry.key)).catch(ignoreFault);
    await this.#writes.run(async () => {
      const changes = (await draft?.catch(ignoreFault)) ?? [];
      await this.#write(entry, changes);
    });
    entry.run.handle({ kind: "started" });
  }

  #add(key: string, message: Message, contents: Map<number, Attachment>): Entry {
    const entry: Entry = {
      key,
      run: this.#run(message, () => entry),
      contents,
      sources: new Map(message.files.map(({ id, source }) => [id, source.key])),
      release: undefined,
      isStored: false,
      isPosted: false,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #run(message: Message, entry: () => Entry): OutgoingRun<StoredSource> {
    const { platform, journal } = this.options;
    return new OutgoingRun(message, {
      clock: platform.clock,
      uploads: this.#running,
      upload: (file, isRetry, callbacks) => this.#upload(entry(), file, isRetry, callbacks),
      uploaded: ({ id, source }) => {
        journal.forget(source.key);
        this.#reportOmissions(entry(), id);
      },
      perform: (order) => this.#perform(entry(), order),
      changed: () => this.#show(entry()),
    });
  }

  /**
   * Continues the messages of closed pages, and shows those of other tabs.
   * @throws {Fault} store-…
   */
  restore(): Promise<void> {
    return this.#restoring.run(() => this.#restore());
  }

  async #restore(): Promise<void> {
    const { platform, emit } = this.options;
    const { store, locks } = platform;
    const others = new Set<string>();
    for (const [row, value] of await store.all("messages", this.#prefix)) {
      const key = row.slice(this.#prefix.length);
      if (this.#entries.has(key) || !isStoredMessage(value)) continue;
      const release = await locks.hold(this.#lockName(key));
      if (this.#isClosed) return release?.();
      if (release === undefined) {
        if (value.isPosted === true) continue;
        others.add(key);
        emit({
          kind: "waiting",
          message: { ...waitingView(key, value, NO_PROGRESS), actions: [] },
        });
        continue;
      }
      // Its tab may have changed or sent it since the rows were read.
      const latest = await store.get("messages", row);
      if (isStoredMessage(latest)) await this.#adopt(key, latest, release);
      else release();
    }
    const gone = [...this.#others].filter((key) => !others.has(key) && !this.#entries.has(key));
    this.#others = others;
    for (const key of gone) emit({ kind: "waiting-gone", key });
  }

  async #adopt(key: string, stored: StoredMessage, release: () => void): Promise<void> {
    const { attached, journal, session } = this.options;
    const { isPosted = false, ...message } = stored;
    const entry = this.#add(key, message, new Map());
    entry.release = release;
    entry.isStored = true;
    const keys = new Set(message.files.map(({ source }) => source.key));
    await journal.adopt(keys);
    for (const { id, source } of message.files) {
      const attachment = await attached.adopt(source.key);
      if (attachment !== undefined) entry.contents.set(id, attachment);
    }
    if (this.#isClosed) return;
    if (!isPosted) {
      this.#show(entry);
      return entry.run.handle({ kind: "started" });
    }
    entry.isPosted = true;
    const posts = await session.posts.takeAdopted(key);
    const refusal = posts.length === 0 ? this.#refusals.get(key) : undefined;
    if (refusal !== undefined) return this.#refused(entry, message, refusal);
    await this.#follow(
      entry,
      message,
      posts.map(({ receipt }) => receipt),
    );
  }

  /** The post of a message of an earlier page was refused. */
  noteRefusal(key: string, fault: Fault): void {
    this.#refusals.set(key, fault);
  }

  command(key: string, command: OutgoingCommand): void {
    const entry = this.#entries.get(key);
    if (entry?.isPosted === false) entry.run.handle(command);
  }

  /** Must be called from a click handler, because the browser may ask for access to the files. */
  async retry(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.isPosted) return;
    for (const file of entry.run.message.files) {
      if (file.state.kind !== "failed" || entry.contents.has(file.id)) continue;
      await this.#permitted(entry, file, "requestPermission");
    }
    entry.run.handle({ kind: "retry" });
  }

  /**
   * Continues with a file that the user has chosen again.
   * @throws {Fault} file-changed if it has another name
   */
  choose(key: string, id: number, content: AttachedContent): void {
    const entry = this.#entries.get(key);
    const file = entry?.run.message.files.find((each) => each.id === id);
    if (entry === undefined || file === undefined) return;
    if (content.name !== file.name)
      throw new PageFault("file-changed", file.isFolder ? "otherFolder" : "otherFile");
    entry.contents.set(id, { file: content, handle: undefined });
    entry.run.handle({ kind: "retry" });
  }

  #perform(entry: Entry, order: OutgoingOrder<StoredSource>): void {
    const { files } = this.options;
    switch (order.kind) {
      case "store":
        this.#dropRemoved(entry);
        return void this.#writes.run(() => this.#write(entry));
      case "stop":
        return;
      case "withdraw":
        return void files.withdraw(order.content.file).catch(ignoreFault);
      case "post":
        return this.#post(entry, order.posts);
      case "return":
        return void this.#giveBack(entry, order.message);
      case "delete":
        return void this.#remove(entry, entry.run.message);
      default:
        return unreachable(order);
    }
  }

  #dropRemoved(entry: Entry): void {
    const remaining = new Set(entry.run.message.files.map(({ id }) => id));
    for (const id of [...entry.sources.keys()]) if (!remaining.has(id)) this.#dropFile(entry, id);
  }

  /** Deletes what is stored of a file, and what the server has of its upload. */
  #dropFile(entry: Entry, id: number): void {
    const { attached, journal, files } = this.options;
    const { contents, sources } = entry;
    const key = sources.get(id);
    const attachment = contents.get(id);
    sources.delete(id);
    contents.delete(id);
    if (attachment !== undefined) void attached.delete(attachment);
    if (key === undefined) return;
    const file = journal.fileOf(key);
    journal.forget(key);
    if (file !== undefined) files.withdraw(file).catch(ignoreFault);
  }

  /** Reports the entries of a folder that the page could not read. */
  #reportOmissions({ contents }: Entry, id: number): void {
    const content = contents.get(id)?.file;
    const fault = content instanceof File ? undefined : content?.takeOmissions();
    if (fault !== undefined) this.options.emit({ kind: "fault", fault });
  }

  async #upload(
    entry: Entry,
    file: MessageFile,
    isRetry: boolean,
    callbacks: UploadCallbacks,
  ): Promise<CompleteUpload> {
    const content = await this.#contentFor(entry, file, isRetry);
    try {
      return await this.#uploadContent(entry, file, { content, isRetry }, callbacks);
    } catch (error) {
      if (asFault(error).code !== "file-changed" || callbacks.signal.aborted) throw error;
      const stored = await this.#storedCopy(entry, file.id);
      if (stored === undefined) throw error;
      return await this.#uploadContent(entry, file, { content: stored, isRetry }, callbacks);
    }
  }

  /** The file as it was when it was attached. */
  async #storedCopy({ contents }: Entry, id: number): Promise<AttachedContent | undefined> {
    const attachment = contents.get(id);
    const copy = attachment && (await this.options.attached.copyOf(attachment));
    if (copy !== undefined) contents.set(id, copy);
    return copy?.file;
  }

  async #uploadContent(
    entry: Entry,
    file: MessageFile,
    { content, isRetry }: { readonly content: AttachedContent; readonly isRetry: boolean },
    callbacks: UploadCallbacks,
  ): Promise<CompleteUpload> {
    const { files } = this.options;
    const { message } = entry.run;
    const { source, preview } = await this.#open(content, file.source, isRetry);
    try {
      return await files.upload({
        source,
        preview,
        to: message.to,
        thread: threadOfPost(message),
        ...callbacks,
      });
    } finally {
      source.close();
    }
  }

  /** @throws {Fault} file-changed if the user must choose the file again */
  async #contentFor(entry: Entry, file: MessageFile, isRetry: boolean): Promise<AttachedContent> {
    const { id, name, source } = file;
    const known = entry.contents.get(id)?.file;
    const content = known ?? (await this.#permitted(entry, file, "queryPermission"));
    if (content === undefined) throw mustChoose(name);
    const stamp = stampOf(content);
    if (stamp === source.stamp) return content;
    if (!isRetry) throw mustChoose(name);
    const stored = { ...source, stamp };
    entry.run.handle({ kind: "opened", file: id, source: stored, size: content.size });
    return content;
  }

  async #permitted(
    entry: Entry,
    { id, source: { handle } }: MessageFile,
    method: "queryPermission" | "requestPermission",
  ): Promise<AttachedContent | undefined> {
    if (handle === undefined) return undefined;
    try {
      if ((await handle[method]?.({ mode: "read" })) !== "granted") return undefined;
      const file =
        "getFile" in handle
          ? await handle.getFile()
          : await (await folderModule()).LocalFolder.read(handle);
      entry.contents.set(id, { file, handle });
      return file;
    } catch {
      return undefined;
    }
  }

  async #open(
    original: AttachedContent,
    { key, isSmaller, isUnexamined }: StoredSource,
    isRetry: boolean,
  ): Promise<{ readonly source: Source; readonly preview: PreviewContent | undefined }> {
    if (!(original instanceof File)) return { source: original.open(key), preview: undefined };
    const { photos } = this.options;
    const smaller = isSmaller === true ? await photos?.smaller(original) : undefined;
    if (smaller === undefined && !isRetry && (isUnexamined === true || isSmaller === true))
      await (await personalDataModule()).checkPersonalData(original);
    const content = smaller ?? original;
    const sound = isVoiceName(content.name) ? await readSound(content) : undefined;
    const source = new FileSource(content, key, fileStamp(original), sound);
    return { source, preview: await photos?.preview(content) };
  }

  #post(
    entry: Entry,
    posts: Extract<OutgoingOrder<StoredSource>, { kind: "post" }>["posts"],
  ): void {
    const { session } = this.options;
    const { key, run } = entry;
    const { message } = run;
    const names = message.files.map(({ name }) => name);
    entry.isPosted = true;
    // The page keeps the message itself until its post is settled.
    const waiting = { key, message: { ...message, files: [] } };
    const receipts = posts.map(({ to, body }) =>
      session.posts.post(to, { ...body, message: key, names, waiting }),
    );
    run.handle({ kind: "queued" });
    this.options.emit({ kind: "waiting-gone", key });
    void this.#follow(entry, message, receipts);
  }

  /** Changes that belong into the transaction that stores the post of a message. */
  posted(key: string): readonly TableChange[] {
    const entry = this.#entries.get(key);
    if (entry?.isPosted !== true || !entry.isStored) return [];
    const value: StoredMessage = { ...entry.run.message, isPosted: true };
    return [{ table: "messages", key: this.#prefix + key, value }];
  }

  /** Waits until the server has recorded or refused the posts of a message. */
  async #follow(
    entry: Entry,
    message: Message,
    receipts: readonly Promise<unknown>[],
  ): Promise<void> {
    try {
      await Promise.all(receipts);
      this.options.session.posts.forgetKept();
      await this.#remove(entry, message);
    } catch (error) {
      const fault = asFault(error);
      // Ends of the session leave the post in the outbox.
      if (this.#isClosed) return;
      this.#refused(entry, message, fault);
    }
  }

  #refused(entry: Entry, message: Message, fault: Fault): void {
    entry.isPosted = false;
    const [to = ""] = message.to;
    entry.run.close();
    entry.run = this.#run(refusedMessage(message, to, fault), () => entry);
    void this.#writes.run(() => this.#write(entry));
    this.#show(entry);
    entry.run.handle({ kind: "started" });
  }

  /** The contents stay where they are stored, and belong to the composer again. */
  async #giveBack(entry: Entry, message: Message): Promise<void> {
    const { attached, giveBack, emit, platform } = this.options;
    const { key, contents, sources } = entry;
    this.#entries.delete(key);
    const attachments = message.files.flatMap(({ id }) => contents.get(id) ?? []);
    await Promise.all(attachments.map((attachment) => attached.hold(attachment)));
    const [to = ""] = message.to;
    const { text, re, thread } = message;
    const storing = giveBack?.({ to, text, ...defined({ re, thread }), attachments });
    emit({ kind: "waiting-gone", key });
    contents.clear();
    const lost = message.files.filter(({ source }) => attached.isOwn(source.key) === false);
    await this.#writes.run(async () => {
      const draft = (await storing?.catch(ignoreFault)) ?? [];
      const removals = lost.map(({ source }) => attached.removal(source.key));
      await platform.store.write([...draft, this.#removal(key), ...removals]).catch(asFault);
    });
    for (const id of [...sources.keys()]) this.#dropFile(entry, id);
    this.#left(entry);
  }

  /** The message was recorded or discarded. */
  async #remove(entry: Entry, message: Message): Promise<void> {
    const { attached, emit, platform } = this.options;
    const { key, contents, sources, isPosted } = entry;
    this.#entries.delete(key);
    emit({ kind: "waiting-gone", key });
    await this.#writes.run(() => {
      const rows = message.files.map(({ source }) => attached.removal(source.key));
      return platform.store.write([this.#removal(key), ...rows]).catch(asFault);
    });
    for (const attachment of contents.values()) attached.forget(attachment)?.release?.();
    contents.clear();
    if (!isPosted) for (const id of [...sources.keys()]) this.#dropFile(entry, id);
    this.#left(entry);
  }

  #left({ run, release }: Entry): void {
    run.close();
    release?.();
    this.#notifyTabs();
  }

  /** A failed write keeps the message in memory, and `WatchedStore` says so once. */
  async #write(entry: Entry, more: readonly TableChange[] = []): Promise<void> {
    const { key, run, isPosted } = entry;
    if (this.#entries.get(key) !== entry || isPosted || this.#isClosed) return;
    const change = { table: "messages", key: this.#prefix + key, value: run.message } as const;
    try {
      await this.options.platform.store.write([change, ...more]);
      entry.isStored = this.options.platform.store.isEphemeral !== true;
    } catch (error) {
      asFault(error);
    }
    this.#notifyTabs();
  }

  #removal(key: string): TableChange {
    return { table: "messages", key: this.#prefix + key, value: undefined };
  }

  #notifyTabs(): void {
    const { platform, owner } = this.options;
    platform.tabs.broadcast({ kind: "messages", user: owner.user });
  }

  #show({ key, run }: Entry): void {
    const message = waitingView(key, run.message, run.progress);
    this.options.emit({ kind: "waiting", message });
  }

  /** Keys of the files of all stored messages, also of other tabs. */
  async fileKeys(): Promise<ReadonlySet<string>> {
    const rows = await this.options.platform.store.all("messages", this.#prefix);
    const messages = rows.flatMap(([, value]) => (v.is(STORED_MESSAGE, value) ? [value] : []));
    return new Set(messages.flatMap(({ files }) => files.map(({ source }) => source.key)));
  }

  /**
   * Messages that answer a message which the accepted history lacks wait for their author, without
   * the reference. The page starts again afterwards.
   * @param common `seq` of the last record that both histories contain
   */
  async historyReplaced(common: number): Promise<void> {
    const { store } = this.options.platform;
    for (const { key, run, isPosted } of this.#entries.values()) {
      if (isPosted || (run.message.re ?? 0) <= common) continue;
      const change = { table: "messages", key: this.#prefix + key } as const;
      const value = withoutLostTarget(run.message);
      await this.#writes.run(() => store.write([{ ...change, value }]));
    }
    await this.written();
  }

  written(): Promise<void> {
    return this.#writes.run(async () => undefined);
  }

  close(): void {
    this.#isClosed = true;
    for (const { run, release } of this.#entries.values()) {
      run.close();
      release?.();
    }
    this.#entries.clear();
  }

  #lockName(key: string): string {
    return `chat message ${this.#prefix}${key}`;
  }
}
