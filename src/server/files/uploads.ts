/** Uploads in progress: offers, resumption, completion, withdrawal and cleanup. */

import { toHex } from "../../base/bytes.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import {
  HANDOVERS_PER_SENDER_MAX,
  HANDOVERS_PER_USER_MAX,
  LINKS_MAX,
  STREAM_KEEP_MS,
  UPLOAD_IDLE_TIMEOUT_MS,
  UPLOAD_KEEP_MS,
  UPLOADS_PER_ACCOUNT_MAX,
  UPLOADS_TOGETHER_MAX,
} from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { type FileBody, type FileEntry, unknownFile } from "../../core/rooms/files.ts";
import type { Blob, BlobMetadata } from "../../io/blob/interfaces.ts";
import type { SharedFiles } from "../../io/cluster/shared-files.ts";
import { Slots, TaskQueue } from "../../io/task-queue.ts";
import type { RequestOf } from "../../wire/messages.ts";
import { contentOf } from "./attachments.ts";
import type { FileService, FileServiceOptions } from "./file-service.ts";
import {
  checkFolder,
  checkPurpose,
  checkSameOffer,
  foreignFile,
  RELEASE_RETRY_MS,
  uploadBusy,
} from "./offer-checks.ts";
import type { Quotas, UploadBudget } from "./quotas.ts";
import { distinctRecipients, type RecipientFile, type Recipients } from "./recipients.ts";
import { resumeShared, type SharedUpload, type UploadQuota } from "./shared-upload.ts";
import { inOrder, UploadLists } from "./upload-lists.ts";
import { type UploadClient, UploadReceiver } from "./upload-receiver.ts";

interface UploadsOptions extends FileServiceOptions {
  readonly budget: UploadBudget;
  readonly quotas: Quotas;
  readonly recipients: Recipients;
  readonly files: Pick<FileService, "hasReaders" | "onChange" | "reportFault" | "track">;
  readonly shared: SharedFiles | undefined;
}

/** Runs a task that changes files on the disk in the sender's turn. */
export type InTurn = <Result>(task: () => Promise<Result>) => Promise<Result>;

interface Upload {
  readonly file: FileId;
  readonly by: UserId;
  /** User to whom the upload hands messages over. */
  addressee: UserId | undefined;
  about: BlobMetadata | undefined;
  state: "idle" | "busy" | UploadReceiver;
  finishing: number;
  /** Content that this server has verified, so that a post need not open the file. */
  complete: FileContent | undefined;
  /** 0 after the file is posted, because the file list built from the log then counts its bytes. */
  countedBytes: number;
  touchedMs: number;
  /** Resolves when the last data channel has released the upload. */
  released: Promise<void>;
}

export type FileContent = Pick<FileBody, "size" | "chunks" | "digest">;

/** Upload whose file is not posted yet. */
export interface PartialUpload {
  readonly about: BlobMetadata;
  readonly doneBytes: number;
  readonly isSending: boolean;
  /** A post can list the upload. After a restart, unknown for a stream. */
  readonly isComplete: boolean;
  /** Unix milliseconds at which the upload is removed, unless its sender returns. */
  readonly expiresMs: number;
}

/** At most one data channel sends each file. A later channel can resume a partial upload. */
export class UploadService {
  readonly #uploads = new Map<FileId, Upload>();
  readonly #owners = new UploadLists();
  readonly #addressees = new UploadLists();
  /** Files that are created, completed or removed, in turns between accounts. */
  readonly #turns = new TaskQueue({
    running: UPLOADS_TOGETHER_MAX,
    waiting: LINKS_MAX,
    slots: new Slots(UPLOADS_TOGETHER_MAX),
  });
  /** Posts in flight that list a file. Their number limits it. */
  readonly #holds = new Map<FileId, Set<Promise<void>>>();
  /** No stream expires earlier than STREAM_KEEP_MS after the start. */
  readonly #startedMs: number;

  constructor(private readonly options: UploadsOptions) {
    this.#startedMs = options.clock.unixMs();
  }

  get unfinishedCount(): number {
    return this.#uploads.size;
  }

  *unfinished(): Iterable<PartialUpload> {
    for (const upload of this.#uploads.values()) {
      const found = this.#partial(upload);
      if (found !== undefined) yield found;
    }
  }

  /**
   * Unfinished uploads after a file id, in the order of their ids. Takes no longer on a server with
   * more uploads of others.
   * @param handedTo user to whom messages are handed over, to include these uploads
   */
  *unfinishedOf(by: UserId, handedTo: UserId | undefined, after = ""): Generator<PartialUpload> {
    const lists = [this.#owners.after(by, after)];
    if (handedTo !== undefined) lists.push(this.#addressees.after(handedTo, after));
    for (const file of inOrder(lists)) {
      const found = this.#partial(this.#uploads.get(file));
      if (found !== undefined) yield found;
    }
  }

  #partial(upload: Upload | undefined): PartialUpload | undefined {
    if (upload?.about === undefined || this.#isPosted(upload.file)) return undefined;
    const { about, state, countedBytes: doneBytes } = upload;
    const isSending = state instanceof UploadReceiver;
    const isWhole = !isSending && about.sizeBytes === doneBytes;
    const isComplete = upload.complete !== undefined || isWhole;
    return { about, doneBytes, isSending, isComplete, expiresMs: this.#expiryMs(upload) };
  }

  /** Receives the upload at the moment; `undefined` if no client sends it. */
  receiverOf(file: FileId): UploadReceiver | undefined {
    const state = this.#uploads.get(file)?.state;
    return state instanceof UploadReceiver ? state : undefined;
  }

  offerOf(file: FileId): BlobMetadata | undefined {
    return this.#isPosted(file) ? undefined : this.#uploads.get(file)?.about;
  }

  /**
   * Runs a task that creates and completes a file in one turn, so that the files of one account do
   * not all begin before one is complete.
   */
  inTurn<Result>(by: UserId, task: (inTurn: InTurn) => Promise<Result>): Promise<Result> {
    return this.#turns.runFor(by, () => task((step) => step()));
  }

  /** @param inTurn runs what changes files on the disk, by default in a turn of its own */
  async offer(
    client: UploadClient,
    account: Account,
    request: RequestOf<"offer">,
    inTurn: InTurn = (task) => this.#turns.runFor(account.id, task),
  ): Promise<{ receiver: UploadReceiver; isNew: boolean }> {
    const file = request.file as FileId;
    checkFolder(request);
    checkPurpose(request);
    const existing = this.#uploads.get(file);
    if (existing !== undefined && existing.by !== account.id) throw foreignFile();
    if (this.#isPosted(file)) {
      throw new Fault("not-found", msg`this file was deleted`, {
        remedy: msg`send it again as a new file`,
      });
    }
    if (existing !== undefined) this.#checkFree(existing);
    else this.#checkNew(account, request);
    // The sender may truncate the file, which a post in flight lists.
    if (this.#holds.has(file)) throw uploadBusy(RELEASE_RETRY_MS);
    const upload = existing ?? newUpload(file, account.id);
    upload.complete = undefined;
    upload.state = "busy";
    this.#add(upload);
    try {
      const receiver = await this.#attach(client, upload, request, inTurn);
      upload.state = receiver;
      return { receiver, isNew: existing === undefined };
    } catch (error) {
      upload.state = "idle";
      if (upload.about === undefined) this.#forget(upload);
      else await this.#settle(upload, inTurn);
      throw error;
    }
  }

  async reoffer(account: Account, fact: FileEntry, request: RequestOf<"offer">): Promise<void> {
    if (fact.by !== account.id) throw foreignFile();
    checkSameOffer(await this.#postedOffer(fact.file), request);
  }

  async finish(
    receiver: UploadReceiver | undefined,
    account: Account,
    request: RequestOf<"finish">,
  ): Promise<void> {
    const file = request.file as FileId;
    const upload = this.#uploads.get(file);
    if (upload !== undefined && upload.state === receiver && receiver !== undefined) {
      upload.finishing++;
      try {
        await receiver.finish(request);
        await this.#checkTotals(account);
        upload.complete = contentOf(request);
        return;
      } finally {
        upload.finishing--;
        if (upload.complete !== undefined) await this.release(receiver);
        await this.#settle(upload);
      }
    }
    const fact = this.options.engine.files.get(file);
    if (fact?.by !== account.id) throw unknownFile();
    const isSame = fact.size === request.size && fact.digest === toHex(request.digest);
    if (!isSame) throw new Fault("usage", "this file was completed with different content");
  }

  /**
   * Holds contents that a post in flight lists: until the result is called, no order of erasure, no
   * withdrawal, no sweep and no transfer changes them.
   * @throws {Fault} file-unknown if one belongs to another account, which a hold would hinder
   */
  hold(by: UserId, files: readonly FileId[]): () => void {
    const isForeign = (file: FileId) => (this.#ownerOf(file) ?? by) !== by;
    if (files.some(isForeign)) throw unknownFile();
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const file of files) {
      const holds = this.#holds.get(file) ?? new Set();
      this.#holds.set(file, holds.add(promise));
    }
    return () => {
      for (const file of files) {
        const holds = this.#holds.get(file);
        holds?.delete(promise);
        if (holds?.size === 0) this.#holds.delete(file);
      }
      resolve();
      for (const file of files) {
        const upload = this.#uploads.get(file);
        if (upload !== undefined) this.options.files.track(this.#settle(upload));
      }
    };
  }

  /**
   * Checks that the server has the account's complete file with this content, which is held.
   * @throws {Fault} file-unknown or usage, or too-many during a transfer of the file
   */
  async complete(by: UserId, file: FileId, content: FileContent): Promise<BlobMetadata> {
    const { engine, blobs, shared } = this.options;
    const upload = this.#uploads.get(file);
    if (engine.files.wasErased(file) || (upload !== undefined && upload.by !== by))
      throw unknownFile();
    if (upload !== undefined && upload.state !== "idle") throw uploadBusy(RELEASE_RETRY_MS);
    // The first read of a file after a start syncs it, which costs more than its post.
    if (upload?.about !== undefined && upload.complete !== undefined) {
      checkSameContent(upload.complete, content);
      return upload.about;
    }
    const blob = await blobs.open(file);
    try {
      const about = blob?.metadata ?? (await shared?.about(file));
      if (about?.by !== by || engine.files.wasErased(file)) throw unknownFile();
      const posted = engine.files.get(file);
      if (posted !== undefined) checkSameContent(posted, content);
      else if (blob === undefined) await shared?.hashes({ file, ...content });
      else {
        if (blob.durable < content.chunks) throw unknownFile();
        const digest = toHex(blob.digest());
        checkSameContent({ size: blob.sizeBytes, chunks: blob.have, digest }, content);
      }
      if (upload !== undefined) upload.complete = content;
      return about;
    } finally {
      blob?.close();
    }
  }

  onPosted(file: FileId): void {
    const upload = this.#uploads.get(file);
    if (upload !== undefined) {
      this.#count(upload, 0);
      if (upload.state === "idle" && !this.#isInUse(upload)) this.#forget(upload);
    }
    this.options.files.onChange(file);
  }

  async endUpload(file: FileId): Promise<void> {
    const upload = this.#uploads.get(file);
    if (upload === undefined) return;
    const { state } = upload;
    if (this.#isInUse(upload) || state === "busy") throw uploadBusy();
    if (state !== "idle") {
      await this.release(state);
      state.client.close(new Fault("link-closed", "this file is complete", { retryAfterMs: 0 }));
    }
    if (this.#uploads.has(file)) throw uploadBusy();
  }

  /** Called when the channel ends or carries a different file. Keeps the partial upload. */
  async release(receiver: UploadReceiver): Promise<void> {
    const upload = this.#uploads.get(receiver.blob.metadata.file);
    if (upload?.state !== receiver) return;
    upload.state = "busy";
    const released = Promise.withResolvers<void>();
    upload.released = released.promise;
    try {
      await receiver.stop();
      this.options.budget.release(receiver.windowBytes);
      upload.touchedMs = this.options.clock.unixMs();
      upload.state = "idle";
    } finally {
      released.resolve();
    }
    await this.#settle(upload);
  }

  async withdraw(by: UserId, file: FileId): Promise<BlobMetadata> {
    if (this.options.engine.files.get(file)?.by === by) {
      const remedy = "delete its message instead";
      throw new Fault("not-allowed", "this file is already complete", { remedy });
    }
    const upload = this.#uploads.get(file);
    if (upload === undefined) return this.#withdrawShared(by, file);
    if (upload.by !== by) throw unknownFile();
    await upload.released;
    if (this.#uploads.get(file) !== upload) throw unknownFile();
    const { about, state } = upload;
    if (about === undefined) throw unknownFile();
    if (this.#isInUse(upload) || state === "busy") throw uploadBusy();
    if (state !== "idle") await this.release(state);
    if (this.#isInUse(upload) || upload.state !== "idle" || this.#isPosted(file))
      throw uploadBusy();
    await this.#remove(upload);
    return about;
  }

  async #withdrawShared(by: UserId, file: FileId): Promise<BlobMetadata> {
    const { shared } = this.options;
    const about = this.#isPosted(file) ? undefined : await shared?.about(file);
    if (about?.by !== by) throw unknownFile();
    if (this.#holds.has(file)) throw uploadBusy();
    await shared?.erase(file);
    return about;
  }

  async onErased(file: FileId, isLocalOrder: boolean): Promise<void> {
    // A post that was checked before the order may list the file again. Later ones are refused.
    await Promise.all(this.#holds.get(file) ?? []);
    if (!this.#isErased(file)) return;
    const upload = this.#uploads.get(file);
    if (upload !== undefined) return this.#settle(upload);
    await this.options.blobs.remove(file);
    if (isLocalOrder) await this.options.shared?.erase(file);
  }

  async restore(): Promise<void> {
    const { blobs, engine } = this.options;
    for (const about of await blobs.list()) {
      const { file, by, sinceMs } = about;
      if (engine.files.get(file) !== undefined || this.#uploads.has(file)) continue;
      if (!this.#isPosted(file)) {
        this.#add({ ...newUpload(file, by), about, touchedMs: sinceMs });
      } else if (this.#isErased(file)) {
        // The server crashed after recording the erasure and before deleting the content.
        await blobs.remove(file);
      }
    }
  }

  async measure(isStopped: () => boolean): Promise<void> {
    for (const upload of [...this.#uploads.values()]) {
      if (isStopped()) return;
      if (upload.state !== "idle" || this.#uploads.get(upload.file) !== upload) continue;
      upload.state = "busy";
      try {
        const blob = await this.options.blobs.open(upload.file);
        if (blob === undefined) this.#forget(upload);
        else {
          this.#count(upload, blob.sizeBytes);
          upload.touchedMs = blob.lastAppendMs();
          blob.close();
        }
      } catch (error) {
        this.options.files.reportFault(error);
      }
      upload.state = "idle";
      await this.#settle(upload).catch((error) => this.options.files.reportFault(error));
    }
  }

  async sweep(): Promise<void> {
    const nowMs = this.options.clock.expiryUnixMs();
    for (const upload of [...this.#uploads.values()]) {
      const isUnposted = this.#uploads.get(upload.file) === upload && !this.#isPosted(upload.file);
      const isAbandoned = upload.state === "idle" && !this.#isInUse(upload);
      if (!isUnposted || !isAbandoned || this.#expiryMs(upload) > nowMs) continue;
      const removed = this.#removeExpired(upload, nowMs);
      await removed.catch((error: unknown) => this.options.files.reportFault(error));
    }
  }

  async #removeExpired(upload: Upload, nowMs: number): Promise<void> {
    const { shared } = this.options;
    // Another server may have received more chunks more recently.
    const isShared =
      isStream(upload.about) &&
      ((await shared?.lastPutMs(upload.file)) ?? nowMs) <= nowMs - STREAM_KEEP_MS;
    if (upload.state !== "idle" || this.#isInUse(upload)) return;
    await this.#remove(upload, { isShared });
  }

  /** A complete stream is kept like a file, because its sender has stored the message. */
  #expiryMs({ about, touchedMs, complete }: Upload): number {
    const expiryMs = touchedMs + UPLOAD_KEEP_MS;
    if (!isStream(about) || complete !== undefined) return expiryMs;
    return Math.min(expiryMs, Math.max(touchedMs, this.#startedMs) + STREAM_KEEP_MS);
  }

  /** Removes abandoned uploads, and files that were erased while their server was down. */
  async sweepShared(isStopped: () => boolean): Promise<void> {
    const { shared, engine, clock, contents } = this.options;
    if (shared === undefined || (await contents?.waitUntilCurrent()) === false) return;
    const before = clock.expiryUnixMs() - UPLOAD_KEEP_MS;
    for (const file of await shared.files()) {
      if (isStopped()) return;
      if (engine.files.get(file) !== undefined || this.#uploads.has(file)) continue;
      const isAbandoned = this.#isPosted(file)
        ? this.#isErased(file)
        : ((await shared.lastPutMs(file)) ?? Number.POSITIVE_INFINITY) <= before;
      if (isAbandoned && !this.#holds.has(file)) await shared.erase(file);
    }
  }

  #checkFree({ state }: Upload): void {
    if (state === "idle") return;
    const isSilent =
      state !== "busy" && this.options.clock.now() - state.lastChunkAt >= UPLOAD_IDLE_TIMEOUT_MS;
    if (isSilent) state.client.close(uploadBusy());
    throw isSilent ? uploadBusy(RELEASE_RETRY_MS) : uploadBusy();
  }

  #checkNew(account: Account, request: RequestOf<"offer">): void {
    const { to, size } = request;
    const { recipients, quotas, quota, clock } = this.options;
    // The record of the file would be refused after the upload.
    const refusal = quota.refusalOf(account.id);
    if (refusal !== undefined) throw refusal;
    for (const recipient of to)
      recipients.checkMaySend(account.id, recipient, clock.expiryUnixMs(), offeredFile(request));
    if (this.#owners.count(account.id) >= UPLOADS_PER_ACCOUNT_MAX) {
      const message = msg`limit of ${UPLOADS_PER_ACCOUNT_MAX} unfinished uploads reached`;
      throw new Fault("too-many", message, { remedy: "finish or cancel some of them" });
    }
    this.#checkUnread(account, request);
    quotas.checkFile(size ?? 0);
  }

  #checkUnread({ id: by }: Account, { to, purpose }: RequestOf<"offer">): void {
    const addressee = this.options.recipients.addresseeOf({ by, to, purpose });
    if (addressee === undefined) return;
    const files = [...this.#addressees.after(addressee, "")];
    const own = files.filter((file) => this.#uploads.get(file)?.by === by);
    // Others cannot fill the list against somebody who has sent nothing.
    const isFull = own.length > 0 && files.length >= HANDOVERS_PER_USER_MAX;
    if (!isFull && own.length < HANDOVERS_PER_SENDER_MAX) return;
    throw new Fault("too-many", msg`this person has too many unread parts of earlier messages`, {
      remedy: msg`try again when they were online`,
    });
  }

  #add(upload: Upload): void {
    this.#uploads.set(upload.file, upload);
    this.#owners.add(upload.by, upload.file);
    this.#addAddressee(upload);
  }

  #addAddressee(upload: Upload): void {
    upload.addressee ??= upload.about && this.options.recipients.addresseeOf(upload.about);
    if (upload.addressee !== undefined) this.#addressees.add(upload.addressee, upload.file);
  }

  #forget({ file, by, addressee }: Upload): void {
    this.#uploads.delete(file);
    this.#owners.delete(by, file);
    if (addressee !== undefined) this.#addressees.delete(addressee, file);
  }

  async #attach(
    client: UploadClient,
    upload: Upload,
    request: RequestOf<"offer">,
    inTurn: InTurn,
  ): Promise<UploadReceiver> {
    const { quotas, budget, clock, shared, files } = this.options;
    const quota = this.#quotaOf(upload);
    await quotas.refresh();
    // Check a single byte for a stream of unknown size, so that a sender over quota is refused
    // immediately.
    const { size = upload.countedBytes + 1 } = request;
    quotas.check(upload.by, Math.max(0, size - upload.countedBytes), upload.countedBytes);
    const blob = await this.#open(upload, request, inTurn);
    let sharedUpload: SharedUpload | undefined;
    try {
      checkSameOffer(blob.metadata, request);
      this.#checkResumable(blob.metadata);
      if (blob.metadata.by !== upload.by) throw foreignFile();
      if (blob.durable < blob.have) await blob.sync();
      const upTo = await this.#dropChanged(upload, blob, request);
      sharedUpload =
        shared && (await resumeShared(shared, blob, quota, () => client.isClosed, upTo));
    } catch (error) {
      blob.close();
      throw error;
    }
    return new UploadReceiver({
      sharedUpload,
      client,
      blob,
      windowBytes: budget.grant(),
      sizeBytesMax: quotas.fileBytesMax,
      now: clock.now(),
      budget,
      quotas,
      quota,
      files,
      inTurn,
    });
  }

  /**
   * Drops the chunks that the sender's file no longer has, unless readers may have received them.
   * These would end with a wrong digest, so the sender must then begin a new upload.
   * @returns number of chunks that may be kept
   */
  async #dropChanged(
    upload: Upload,
    blob: Blob,
    { keep = Number.POSITIVE_INFINITY }: RequestOf<"offer">,
  ): Promise<number> {
    if (this.options.files.hasReaders(upload.file)) return Number.POSITIVE_INFINITY;
    if (keep >= blob.have) return keep;
    await blob.truncate(keep);
    this.#count(upload, blob.sizeBytes);
    return keep;
  }

  #quotaOf(upload: Upload): UploadQuota {
    const { quotas } = this.options;
    return {
      check: (bytes) => quotas.check(upload.by, bytes, upload.countedBytes),
      store: (bytes) => {
        quotas.spend(bytes);
        this.#count(upload, upload.countedBytes + bytes);
      },
    };
  }

  async #checkTotals({ id }: Account): Promise<void> {
    const { shared, contents, quotas } = this.options;
    if (shared === undefined) return;
    await contents?.waitUntilCurrent();
    quotas.checkTotals(id, 0);
  }

  async #open(upload: Upload, request: RequestOf<"offer">, inTurn: InTurn): Promise<Blob> {
    const { blobs } = this.options;
    const existing = await blobs.open(upload.file);
    let blob: Blob;
    try {
      const about = await this.#beginShared(existing?.metadata ?? this.#newOffer(upload, request));
      blob = existing ?? (await inTurn(() => blobs.create(about)));
    } catch (error) {
      existing?.close();
      throw error;
    }
    upload.about = blob.metadata;
    this.#addAddressee(upload);
    upload.touchedMs = this.options.clock.unixMs();
    this.#count(upload, blob.sizeBytes);
    return blob;
  }

  #newOffer(
    { file, by }: Upload,
    { name, size, folder, details, to, purpose }: RequestOf<"offer">,
  ): BlobMetadata {
    const sinceMs = this.options.clock.unixMs();
    return defined({
      file,
      by,
      name,
      to: distinctRecipients(to),
      sinceMs,
      sizeBytes: size,
      folder,
      details,
      purpose,
    });
  }

  async #beginShared(about: BlobMetadata): Promise<BlobMetadata> {
    const { shared } = this.options;
    const first = (await shared?.begin(about)) ?? about;
    if (first.by !== about.by) throw foreignFile();
    if (first.purpose === "handover") {
      const addressee = this.options.recipients.addresseeOf(first);
      await shared?.markHanded(first.file, addressee ?? first.by);
    }
    return first;
  }

  #checkResumable(about: BlobMetadata): void {
    const { by, to } = about;
    const { recipients, clock } = this.options;
    const faults: Fault[] = [];
    for (const recipient of to) {
      try {
        recipients.checkMaySend(by, recipient, clock.expiryUnixMs(), offeredFile(about));
      } catch (error) {
        faults.push(asFault(error));
      }
    }
    if (faults.length === to.length && faults[0] !== undefined) throw faults[0];
  }

  async #postedOffer(file: FileId): Promise<BlobMetadata> {
    const { blobs, shared } = this.options;
    const blob = await blobs.open(file);
    const about = blob?.metadata ?? (await shared?.about(file));
    blob?.close();
    if (about === undefined) throw unknownFile();
    return about;
  }

  #count(upload: Upload, bytes: number): void {
    const counted = this.#isPosted(upload.file) ? 0 : bytes;
    this.options.quotas.count(upload.by, counted - upload.countedBytes);
    upload.countedBytes = counted;
  }

  async #settle(upload: Upload, inTurn?: InTurn): Promise<void> {
    if (this.#uploads.get(upload.file) !== upload) return;
    if (upload.state !== "idle" || this.#isInUse(upload)) return;
    if (this.options.engine.files.get(upload.file) !== undefined) this.#forget(upload);
    else if (this.#isPosted(upload.file) && this.#isErased(upload.file))
      await this.#remove(upload, { inTurn });
  }

  async #remove(
    upload: Upload,
    {
      isShared = true,
      inTurn = (task) => this.#turns.runFor(upload.by, task),
    }: { readonly isShared?: boolean; readonly inTurn?: InTurn | undefined } = {},
  ): Promise<void> {
    upload.state = "busy";
    try {
      if (isShared) await this.options.shared?.erase(upload.file);
      await inTurn(() => this.options.blobs.remove(upload.file));
      this.#count(upload, 0);
      this.#forget(upload);
      this.options.files.onChange(upload.file);
    } finally {
      upload.state = "idle";
    }
  }

  /**
   * A record that the disk has lost may still refer to the file, which therefore does not count as
   * erased.
   */
  #isErased(file: FileId): boolean {
    const { files } = this.options.engine;
    return files.get(file) === undefined && files.wasErased(file);
  }

  /** A preview is posted while an unerased record names it. */
  #isPosted(file: FileId): boolean {
    const { files } = this.options.engine;
    return files.get(file) !== undefined || files.wasErased(file);
  }

  #ownerOf(file: FileId): UserId | undefined {
    return this.#uploads.get(file)?.by ?? this.options.engine.files.get(file)?.by;
  }

  #isInUse({ file, finishing }: Upload): boolean {
    return finishing > 0 || this.#holds.has(file);
  }
}

function offeredFile({ name, folder, details, purpose }: RecipientFile): RecipientFile {
  return { name, folder, details, purpose };
}

/** A stream is offered without a size, and its sender cannot send it again in a later run. */
function isStream(about: BlobMetadata | undefined): boolean {
  return about !== undefined && about.sizeBytes === undefined;
}

function newUpload(file: FileId, by: UserId): Upload {
  const released = Promise.resolve();
  const idle = {
    about: undefined,
    addressee: undefined,
    state: "idle",
    finishing: 0,
    complete: undefined,
    countedBytes: 0,
    touchedMs: 0,
  } as const;
  return { file, by, ...idle, released };
}

function checkSameContent(known: FileContent, { size, chunks, digest }: FileContent): void {
  if (known.size === size && known.chunks === chunks && known.digest === digest) return;
  throw new Fault("usage", "this file was completed with different content");
}
