/** File transfers on a server: uploads, downloads, erasure and cleanup. */

import { toBase64Url } from "../../base/bytes.ts";
import { asFault, Fault, type FaultCode, ignoreFault, msg } from "../../base/fault.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import { UPLOADS_PAGE_MAX } from "../../base/limits.ts";
import { isPrivateTarget } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { contentIds, type FileEntry, isPrivateFile, unknownFile } from "../../core/rooms/files.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { BlobMetadata, BlobStore } from "../../io/blob/interfaces.ts";
import { type ContentStore, SharedFiles } from "../../io/cluster/shared-files.ts";
import { formatAddress } from "../../wire/invite.ts";
import type { Answer, NoticeOf, RequestOf } from "../../wire/messages.ts";
import type { AttachedFile } from "../../wire/messages-files.ts";
import { bodyOf, type LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import { DEFERRED, type Deferred, type Senders, type SomeHandlers } from "../kernel/service.ts";
import type { Cancel } from "../kernel/siblings.ts";
import type { FanOut } from "../rooms/broadcast.ts";
import type { HeldFiles } from "../rooms/posts.ts";
import type { ClientConnection, TransferNotice } from "../session/client-connection.ts";
import type { DownloadContent } from "../session/connection-state.ts";
import { redacted, reportHostFault } from "../session/redacted-fault.ts";
import { attachFiles } from "./attachments.ts";
import { DownloadSender, downloadInfo, downloadQueueBytes } from "./downloads.ts";
import { HandedOver } from "./handed-over.ts";
import { deletedUpload } from "./offer-checks.ts";
import { QUOTAS_DEFAULT, Quotas, UploadBudget } from "./quotas.ts";
import { Recipients } from "./recipients.ts";
import { type OpenContent, type SharedFetch, SharedFetches } from "./shared-fetches.ts";
import { shareLocalFiles } from "./shared-upload.ts";
import { SmallFiles } from "./small-files.ts";
import { UploadReceiver } from "./upload-receiver.ts";
import { type PartialUpload, UploadService } from "./uploads.ts";

/**
 * Maximum size of a file in a cluster. A majority of the NATS servers stores each file, and a
 * server that rejoins has to copy all of that data.
 */
const CLUSTER_FILE_BYTES_MAX = 4_000_000_000;

export type TransferEntry = Answer<"transfers">["transfers"][number];

export interface SharedContents {
  readonly store: ContentStore;
  /** Resolves to false if this server may not have applied all earlier records of other servers. */
  readonly waitUntilCurrent: () => Promise<boolean>;
}

export interface FileServiceOptions extends ServerContext {
  readonly blobs: BlobStore;
  readonly fanOut: FanOut;
  readonly contents: SharedContents | undefined;
}

type TransferRequest = RequestOf<"offer" | "finish" | "withdraw" | "fetch" | "got">;
type ChannelSender = Senders["lane"];
type Transfer = "starting" | UploadReceiver | DownloadSender;

const SWEEP_INTERVAL_MS = 60 * 60_000;
/** Interval at which expired uploads are removed from this server. */
const LOCAL_SWEEP_INTERVAL_MS = 60_000;
const REQUEST_ID_BYTES = 8;
const NO_UPLOAD_CODES: ReadonlySet<FaultCode> = new Set(["file-unknown", "not-allowed"]);

export class FileService {
  readonly #recipients: Recipients;
  readonly #uploadBudget = new UploadBudget();
  readonly #quotas: Quotas;
  readonly #uploads: UploadService;
  readonly #smallFiles: SmallFiles;
  readonly #shared: SharedFiles | undefined;
  readonly #sharedFetches: SharedFetches | undefined;
  readonly #handedOver: HandedOver | undefined;
  readonly #transfers = new Map<ClientConnection, Transfer>();
  readonly #senders = new WeakMap<UploadReceiver, ClientConnection>();
  readonly #startTimes = new WeakMap<ClientConnection, number>();
  readonly #readers = new Map<FileId, Set<DownloadSender>>();
  /** Numbers of running downloads, of each account and in all. */
  readonly #downloads = new Map<UserId, number>();
  #downloadCount = 0;
  readonly #pendingTasks = new Set<Promise<void>>();
  #cancelSweep = () => {};
  #nextLocalSweepMs = 0;
  #isStopping = false;
  #receivedBytes = 0;
  #sentBytes = 0;
  /** Bytes sent over HTTP, which the link counters do not include. */
  #webSentBytes = 0;

  get fileBytesMax(): number {
    return this.#quotas.fileBytesMax;
  }

  constructor(private readonly options: FileServiceOptions) {
    const { clock, rooms, registry, settings, blobs, contents } = options;
    const { files } = options.engine;
    this.#recipients = new Recipients({ rooms, directory: registry, sha256 });
    const quotas = settings.files ?? QUOTAS_DEFAULT;
    const fileBytesMax = Math.min(quotas.fileBytesMax, CLUSTER_FILE_BYTES_MAX);
    this.#quotas = new Quotas(
      contents === undefined ? quotas : { ...quotas, fileBytesMax },
      files,
      blobs,
    );
    const shared =
      contents === undefined ? undefined : new SharedFiles({ ...contents, clock, sha256 });
    this.#shared = shared;
    this.#handedOver = shared && new HandedOver(shared);
    this.#sharedFetches =
      shared === undefined
        ? undefined
        : new SharedFetches({
            shared,
            blobs,
            quotas: this.#quotas,
            fact: (file) => files.get(file),
            endUpload: (file) => this.#uploads.endUpload(file),
            onChange: (file) => this.onChange(file),
          });
    this.#uploads = new UploadService({
      ...options,
      budget: this.#uploadBudget,
      quotas: this.#quotas,
      recipients: this.#recipients,
      shared,
      files: this,
    });
    this.#smallFiles = new SmallFiles({ context: options, uploads: this.#uploads, files: this });
  }

  readonly handlers = {
    offer: (request, from) => this.#serve(request, from, () => this.#offer(request, from)),
    finish: (request, from) => this.#serve(request, from, () => this.#finish(request, from)),
    withdraw: (request, from) => this.#serve(request, from, () => this.#withdraw(request, from)),
    fetch: (request, from) => this.#serve(request, from, () => this.#fetch(request, from)),
    got: (request, from) => this.#serve(request, from, () => this.#downloaded(request, from)),
    put: (request, from) => this.#reported(() => this.#smallFiles.put(request, from)),
    "fetch-small": (request, from) => this.#reported(() => this.#smallFiles.fetch(request, from)),
    uploads: async ({ after = "", handed = false }, { account: { id } }) => {
      const user = handed ? id : undefined;
      const isElsewhere = (file: FileId) =>
        file > after && this.#uploads.offerOf(file) === undefined;
      const listed = UPLOADS_PAGE_MAX + 1;
      const shared = handed ? await this.#handedOver?.list(id, isElsewhere, listed) : undefined;
      const elsewhere = (shared ?? []).filter(
        ({ about }) => about.by === id || this.#recipients.isHanded(id, about),
      );
      const here = this.#uploads.unfinishedOf(id, user, after);
      const own = [...here.take(listed), ...elsewhere].sort((a, b) =>
        a.about.file < b.about.file ? -1 : 1,
      );
      const uploads = own.slice(0, UPLOADS_PAGE_MAX).map(uploadEntry);
      return { uploads, more: own.length > uploads.length };
    },
  } satisfies SomeHandlers;

  async #serve<Result>(
    request: TransferRequest,
    { channel: { file } }: ChannelSender,
    run: () => Result | Promise<Result>,
  ): Promise<Result> {
    const isRead = request.kind === "fetch" || request.kind === "got";
    if (file !== undefined && !(isRead && request.file === file)) {
      const remedy = "request a ticket";
      throw new Fault("not-allowed", "this data channel is for one download only", { remedy });
    }
    return this.#reported(run);
  }

  async #reported<Result>(run: () => Result | Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      throw this.reportFault(error);
    }
  }

  *list(): Iterable<TransferEntry> {
    for (const [client, transfer] of this.#transfers) {
      if (transfer === "starting" || (transfer instanceof DownloadSender && transfer.isFinished))
        continue;
      if (client.channel?.open !== undefined) continue; // Listed by the service that opened it.
      const isUpload = transfer instanceof UploadReceiver;
      const about = isUpload ? transfer.blob.metadata : transfer.about;
      const { file, name } = about;
      const sizeBytes = isUpload ? transfer.blob.metadata.sizeBytes : transfer.sizeBytes;
      yield defined({
        file,
        name: this.#isPrivate(about) ? undefined : name,
        direction: isUpload ? "up" : "down",
        user: client.channel?.account.name ?? "?",
        address: formatAddress(client.link.remote),
        since: this.#startTimes.get(client) ?? client.sinceMs,
        doneBytes: isUpload ? transfer.blob.sizeBytes : transfer.doneBytes,
        sizeBytes,
        web: false,
      });
    }
  }

  #isPrivate({ file, to }: BlobMetadata): boolean {
    const fact = this.options.engine.files.get(file);
    if (fact !== undefined) return isPrivateFile(fact, this.options.rooms);
    return to.every(isPrivateTarget);
  }

  countSent(bytes: number): void {
    this.#sentBytes += bytes;
    this.#webSentBytes += bytes;
  }

  get counters() {
    const { files } = this.options.engine;
    return {
      files: files.size,
      fileBytes: files.totalBytes,
      unfinishedFiles: this.#uploads.unfinishedCount,
      unfinishedFileBytes: this.#quotas.unfinishedBytes,
      fileQueuedBytes: this.#uploadBudget.queuedBytes,
      fileReceivedBytes: this.#receivedBytes,
      fileSentBytes: this.#sentBytes,
      webSentBytes: this.#webSentBytes,
    };
  }

  unfinished(): Iterable<PartialUpload> {
    return this.#uploads.unfinished();
  }

  unfinishedBytesOf(user: UserId): number {
    return this.#quotas.unfinishedBytesOf(user);
  }

  tick(): void {
    const now = this.options.clock.now();
    if (now < this.#nextLocalSweepMs || this.#isStopping) return;
    this.#nextLocalSweepMs = now + LOCAL_SWEEP_INTERVAL_MS;
    this.track(this.#uploads.sweep());
  }

  async start(): Promise<void> {
    await this.#uploads.restore();
    this.track(this.#uploads.measure(() => this.#isStopping).then(() => this.#sweep()));
  }

  async close(): Promise<void> {
    this.#isStopping = true;
    this.#cancelSweep();
    this.#shared?.stop();
    await this.#sharedFetches?.stop();
    while (this.#pendingTasks.size > 0) await Promise.all(this.#pendingTasks);
  }

  async #finish(
    request: RequestOf<"finish">,
    { client, channel: { account } }: ChannelSender,
  ): Promise<void> {
    const transfer = this.#transfers.get(client);
    const receiver = transfer instanceof UploadReceiver ? transfer : undefined;
    await this.#uploads.finish(receiver, account, request);
    if (receiver?.blob.metadata.file === request.file) this.#transfers.delete(client);
  }

  onNotice(client: ClientConnection, notice: TransferNotice): void {
    const transfer = this.#transfers.get(client);
    if (notice.kind === "ack") {
      if (transfer instanceof DownloadSender) transfer.onAck(notice);
    } else if (transfer instanceof UploadReceiver) {
      this.receive(transfer, notice);
    } else {
      const message = msg`chunk ${notice.index} does not belong to an upload on this channel`;
      client.close(new Fault("out-of-order", message));
    }
  }

  receive(receiver: UploadReceiver, chunk: NoticeOf<"chunk">): void {
    this.#receivedBytes += chunk.bytes.length;
    receiver.receive(chunk, this.options.clock.now());
  }

  onClosed(client: ClientConnection): void {
    const transfer = this.#transfers.get(client);
    this.#transfers.delete(client);
    if (transfer instanceof UploadReceiver) this.track(this.#uploads.release(transfer));
    if (transfer instanceof DownloadSender) transfer.stop();
  }

  onRecord(_room: Room, record: LogRecord): void {
    const { kind, seq } = record.head;
    if (kind === "file" || kind === "sealed")
      for (const file of this.options.engine.files.idsAt([seq])) this.#uploads.onPosted(file);
    if (kind !== "erase") return;
    for (const file of this.#erasedFiles(record)) {
      this.onChange(file);
      if (this.#shared !== undefined) this.track(this.#uploads.onErased(file, false));
    }
  }

  async deleteErased(record: LogRecord): Promise<void> {
    try {
      for (const file of this.#erasedFiles(record)) await this.#uploads.onErased(file, true);
    } catch (error) {
      throw this.reportFault(error);
    }
  }

  #erasedFiles(record: LogRecord): FileId[] {
    const { files } = this.options.engine;
    const named = (bodyOf(record, "erase")?.files ?? []) as readonly FileId[];
    return [...new Set(named.filter((file) => files.wasErased(file)))];
  }

  /** @throws {Fault} file-unknown or usage, or too-many during another transfer of a file */
  attach(by: UserId, named: readonly AttachedFile[]): Promise<HeldFiles> {
    return this.#reported(async () => {
      await this.#smallFiles.untilSent(contentIds(named));
      return attachFiles(by, named, { engine: this.options.engine, uploads: this.#uploads });
    });
  }

  hasReaders(file: FileId): boolean {
    return this.#readers.has(file);
  }

  onChange(file: FileId): void {
    for (const download of this.#readers.get(file) ?? []) download.refresh();
  }

  async #offer(
    request: RequestOf<"offer">,
    { client, channel: { account } }: ChannelSender,
  ): Promise<Answer<"offer">> {
    this.#reserve(client);
    try {
      const fact = this.options.engine.files.get(request.file as FileId);
      if (fact !== undefined) {
        await this.#uploads.reoffer(account, fact, request);
        this.#transfers.delete(client);
        const window = this.#uploadBudget.grant();
        this.#uploadBudget.release(window);
        return { have: fact.chunks, window };
      }
      const { receiver, isNew } = await this.#uploads.offer(client, account, request);
      if (client.isClosed) await this.#uploads.release(receiver);
      else {
        this.#transfers.set(client, receiver);
        this.#senders.set(receiver, client);
      }
      if (isNew) this.announceOffer(client, account, receiver.blob.metadata, request);
      const { blob, windowBytes: window } = receiver;
      return { have: blob.have, window };
    } catch (error) {
      this.#transfers.delete(client);
      throw error;
    }
  }

  /** Notifies the readers of a new upload, unless it has a purpose of its own. */
  announceOffer(
    client: ClientConnection,
    account: Account,
    about: BlobMetadata,
    { thread }: RequestOf<"offer">,
  ): void {
    if (about.purpose !== undefined) return;
    const { fanOut, onEvent } = this.options;
    const { file, name, to, sizeBytes, folder, by } = about;
    for (const room of this.#recipients.rooms(by, to)) {
      const offer = { room: room.id, file, from: account.name, name, size: sizeBytes, thread };
      fanOut.publish(room, defined({ kind: "offered", ...offer, folder: folder && { ...folder } }));
    }
    onEvent(
      defined({
        kind: "offered",
        ...this.#eventFields(client, account, file, name),
        to,
        sizeBytes,
      }),
    );
  }

  async #withdraw(
    { file: id }: RequestOf<"withdraw">,
    { client, channel: { account } }: ChannelSender,
  ): Promise<void> {
    const file = id as FileId;
    const handed = this.#offerOf(file);
    const isHanded = handed !== undefined && this.#recipients.isHanded(account.id, handed);
    const user = isHanded ? handed.by : account.id;
    const { name } = await this.#deleteUpload(user, file, deletedUpload(), client);
    const { entropy, sequencer, siblings } = this.options;
    if (sequencer.isShared) {
      // Another server may have an older part, and another data channel of the same upload.
      const ask = toBase64Url(entropy(REQUEST_ID_BYTES));
      siblings.publish({ kind: "cancel", ask, file, user, by: user, direction: "up" });
    }
    this.options.onEvent({ kind: "withdrawn", ...this.#eventFields(client, account, file, name) });
  }

  /** Closes the data channel that sends the upload, unless that channel requests the deletion. */
  async #deleteUpload(
    by: UserId,
    file: FileId,
    fault: Fault,
    requester?: ClientConnection,
  ): Promise<BlobMetadata> {
    const receiver = this.#uploads.receiverOf(file);
    const client = receiver && this.#senders.get(receiver);
    const about = await this.#uploads.withdraw(by, file);
    if (client !== undefined && this.#transfers.get(client) === receiver) {
      this.#transfers.delete(client);
      if (client !== requester) client.close(fault);
    }
    return about;
  }

  /** Returns false if there is no such transfer. */
  async cancel({ file, user, direction, by }: Cancel): Promise<boolean> {
    const fault = by === user ? deletedUpload() : cancelledTransfer();
    if (direction === "up") {
      try {
        await this.#deleteUpload(user, file, fault);
        return true;
      } catch (error) {
        if (error instanceof Fault && NO_UPLOAD_CODES.has(error.code)) return false;
        throw this.reportFault(error);
      }
    }
    const readers = [...(this.#readers.get(file) ?? [])];
    const clients = readers
      .map((download) => ({ download, client: download.client }))
      .filter(({ download, client }) => this.#transfers.get(client) === download)
      .filter(({ client }) => client.channel?.account.id === user);
    for (const { client } of clients) client.close(fault);
    return clients.length > 0;
  }

  /** Deletes the unfinished uploads of an account whose messages are erased. */
  async eraseUploads(user: UserId): Promise<void> {
    const { sequencer, siblings } = this.options;
    if (sequencer.isShared) siblings.publish({ kind: "uploads-erased", user });
    await this.#eraseLocal(user);
  }

  eraseLocalUploads(user: UserId): void {
    this.track(this.#eraseLocal(user));
  }

  async #eraseLocal(user: UserId): Promise<void> {
    for (const { about } of [...this.#uploads.unfinishedOf(user, undefined)]) {
      // An upload that is being finished becomes a message.
      await this.#deleteUpload(user, about.file, deletedUpload()).catch(ignoreFault);
    }
  }

  async #fetch(
    request: RequestOf<"fetch">,
    { client, channel: { account, open } }: ChannelSender,
  ): Promise<Deferred> {
    const { engine, clock, registry } = this.options;
    const { files } = engine;
    const file = request.file as FileId;
    const mayRead = () => open !== undefined || this.#mayRead(account.id, file);
    if (!mayRead()) throw unknownFile();
    this.#reserve(client);
    let blob: DownloadContent | undefined;
    let arrival: SharedFetch | undefined;
    try {
      if (open === undefined) {
        const content = await this.open(file);
        blob = content?.blob ?? (await this.#handedOver?.open(file));
        arrival = content?.fetch;
      } else blob = await open(client.link.remote, request.from);
      if (blob === undefined || !mayRead()) throw unknownFile();
      const sender = registry.nameOf(blob.metadata.by) ?? "";
      const fact = blob.fact ?? files.get(file);
      client.answer(request.ref, downloadInfo(blob, fact, request.from, sender));
    } catch (error) {
      blob?.close();
      this.#transfers.delete(client);
      throw error;
    }
    if (client.isClosed) {
      blob.close();
      return DEFERRED;
    }
    const { from, window: windowBytes, prefix: sendsPrefix = false } = request;
    const content = blob;
    const download = new DownloadSender({
      client,
      blob: content,
      fetch: arrival,
      from,
      sendsPrefix,
      windowBytes,
      clock,
      fact: () => content.fact ?? files.get(file),
      queueBytesMax: () => this.#queueShare(account),
      checkMayRead: () => {
        // Other content checks access whenever it is read.
        if (open === undefined) this.#checkMayRead(account.id, file);
      },
      countSent: (bytes) => {
        this.#sentBytes += bytes;
      },
      reportFault: (fault) => this.reportFault(fault),
    });
    this.#transfers.set(client, download);
    const readers = this.#readers.get(file) ?? new Set();
    this.#readers.set(file, readers.add(download));
    this.#countDownload(account, 1);
    this.track(
      download.done.then(() => {
        this.#countDownload(account, -1);
        readers.delete(download);
        if (readers.size === 0 && this.#readers.get(file) === readers) this.#readers.delete(file);
      }),
    );
    return DEFERRED;
  }

  /** Share of one of the account's downloads in the bytes that may be queued. */
  #queueShare({ id }: Account): number {
    return downloadQueueBytes(this.#downloads.get(id) ?? 0, this.#downloadCount);
  }

  #countDownload({ id }: Account, change: 1 | -1): void {
    const own = (this.#downloads.get(id) ?? 0) + change;
    if (own > 0) this.#downloads.set(id, own);
    else this.#downloads.delete(id);
    this.#downloadCount += change;
  }

  async open(file: FileId): Promise<OpenContent | undefined> {
    const fact = this.options.engine.files.get(file);
    if (fact !== undefined && this.#sharedFetches !== undefined)
      return this.#sharedFetches.open(fact);
    const blob = await this.options.blobs.open(file);
    return blob === undefined ? undefined : { blob };
  }

  #downloaded(
    { file: id }: RequestOf<"got">,
    { client, channel: { account } }: ChannelSender,
  ): void {
    const file = id as FileId;
    this.checkMayFetch(account.id, file);
    const fact = this.options.engine.files.get(file);
    if (fact === undefined) throw unknownFile();
    this.#got(client, account, fact);
  }

  #got(client: ClientConnection, account: Account, { file, name }: FileEntry): void {
    this.options.onEvent({ kind: "got", ...this.#eventFields(client, account, file, name) });
  }

  /** Counts a file that is sent in an answer, of which no further request reports the receipt. */
  fetchedSmall(client: ClientConnection, account: Account, fact: FileEntry, isView: boolean): void {
    this.#sentBytes += fact.size;
    if (!isView) this.#got(client, account, fact);
  }

  /** @throws {Fault} file-unknown */
  checkMayFetch(user: UserId, file: FileId): void {
    if (!this.#mayRead(user, file)) throw unknownFile();
  }

  #reserve(client: ClientConnection): void {
    const transfer = this.#transfers.get(client);
    if (transfer !== undefined && !(transfer instanceof DownloadSender && transfer.isFinished)) {
      throw new Fault("out-of-order", "this data channel is already carrying a file", {
        remedy: "open another data channel",
      });
    }
    this.#transfers.set(client, "starting");
    this.#startTimes.set(client, this.options.clock.unixMs());
  }

  #checkMayRead(user: UserId, file: FileId): void {
    if (this.#mayRead(user, file)) return;
    const { files } = this.options.engine;
    if (files.get(file) === undefined && this.#offerOf(file) === undefined) throw unknownFile();
    throw new Fault("not-member", msg`you can no longer read this file`);
  }

  /** Returns the metadata of a file without a record. */
  #offerOf(file: FileId): BlobMetadata | undefined {
    return this.#uploads.offerOf(file) ?? this.#handedOver?.aboutOf(file);
  }

  #mayRead(user: UserId, file: FileId): boolean {
    const { engine, rooms } = this.options;
    const about = this.#offerOf(file);
    if (about !== undefined) {
      if (about.by === user || this.#recipients.isHanded(user, about)) return true;
      return about.purpose === undefined && this.#recipients.canRead(user, about.to);
    }
    return engine.files.mayRead(file, user, (room) => rooms.get(room)?.members.has(user) === true);
  }

  #eventFields(client: ClientConnection, account: Account, file: FileId, name: string) {
    return { user: account.name, address: client.link.remote, file, name };
  }

  /** A fault in a file's content affects only that file. A fault in the log stops the server. */
  reportFault(error: unknown): Fault {
    const fault = asFault(error);
    reportHostFault(fault, this.options.onEvent);
    return redacted(fault);
  }

  track(task: Promise<void>): void {
    const tracked = task.catch((error: unknown) => void this.reportFault(error));
    this.#pendingTasks.add(tracked);
    void tracked.finally(() => this.#pendingTasks.delete(tracked));
  }

  async #sweepShared(): Promise<void> {
    const shared = this.#shared;
    if (shared === undefined) return;
    const isStopped = () => this.#isStopping;
    await this.#uploads.sweepShared(isStopped);
    await shareLocalFiles(shared, this.options.blobs, this.options.engine.files, isStopped);
  }

  #sweep(): void {
    if (this.#isStopping) return;
    this.track(this.#uploads.sweep().then(() => this.#sweepShared()));
    this.#cancelSweep = this.options.clock.after(SWEEP_INTERVAL_MS, () => this.#sweep());
  }
}

function cancelledTransfer(): Fault {
  return new Fault("not-allowed", msg`an operator cancelled this transfer`, {
    remedy: msg`ask an operator`,
  });
}

function uploadEntry(upload: PartialUpload): Answer<"uploads">["uploads"][number] {
  const { about, doneBytes: bytes, isSending: sending, expiresMs: expires } = upload;
  const { file, name, purpose, sizeBytes: size, sinceMs: since } = about;
  const complete = upload.isComplete || undefined;
  const entry = { file, name, purpose, bytes, size, since, expires, sending, complete };
  return { to: [...about.to], ...defined(entry) };
}
