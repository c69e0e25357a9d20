/** Small files, each of which one request on the main link sends or fetches. */

import { assert } from "../../base/assert.ts";
import { equalBytes } from "../../base/bytes.ts";
import { Fault, ignoreFault, msg } from "../../base/fault.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import {
  BUSY_RETRY_MS,
  DATA_CHANNELS_PER_ACCOUNT_MAX,
  REQUESTS_IN_FLIGHT_MAX,
  SMALL_FILE_BYTES_MAX,
} from "../../base/limits.ts";
import { unknownFile } from "../../core/rooms/files.ts";
import { wrongChecksum } from "../../core/transfer/receiver.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { releaseBuffer } from "../../io/disk/buffer-pool.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { chunkCount, Digest } from "../../wire/chunks.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { Sender } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { DownloadContent } from "../session/connection-state.ts";
import { downloadInfo } from "./downloads.ts";
import type { FileService } from "./file-service.ts";
import { damagedFile, readStored } from "./offer-checks.ts";
import type { UploadClient, UploadReceiver } from "./upload-receiver.ts";
import type { UploadService } from "./uploads.ts";

export interface SmallFilesOptions {
  readonly context: ServerContext;
  readonly uploads: UploadService;
  readonly files: FileService;
}

export class SmallFiles {
  readonly #fetches = new TaskQueue({ waiting: REQUESTS_IN_FLIGHT_MAX });
  /** Numbers of files that are being sent, of each account that sends any. */
  readonly #running = new Map<UserId, number>();

  /** Files that are being sent. `#running` limits their number. */
  readonly #sending = new Map<FileId, Promise<void>>();

  constructor(private readonly options: SmallFilesOptions) {}

  put(request: RequestOf<"put">, from: Sender): Promise<void> {
    const answer = this.#limited(from, () => this.#put(request, from));
    const file = request.file as FileId;
    const settled = answer.catch(ignoreFault);
    this.#sending.set(file, settled);
    void settled.finally(() => {
      if (this.#sending.get(file) === settled) this.#sending.delete(file);
    });
    return answer;
  }

  /** A post may follow the requests that send its files without waiting for their answers. */
  async untilSent(files: readonly FileId[]): Promise<void> {
    for (const file of files) await this.#sending.get(file);
  }

  fetch(request: RequestOf<"fetch-small">, from: Sender): Promise<Answer<"fetch-small">> {
    const { id, link } = from.client;
    // Answers wait in the memory of the server.
    return this.#fetches.runFor(id, async () => {
      if (link.queuedBytes() > SMALL_FILE_BYTES_MAX) await link.drained(SMALL_FILE_BYTES_MAX);
      return this.#fetch(request, from);
    });
  }

  async #limited<Result>({ account: { id } }: Sender, run: () => Promise<Result>): Promise<Result> {
    const count = this.#running.get(id) ?? 0;
    if (count >= DATA_CHANNELS_PER_ACCOUNT_MAX) {
      const message = msg`limit of ${DATA_CHANNELS_PER_ACCOUNT_MAX} transfers per account reached`;
      throw new Fault("too-many", message, { retryAfterMs: BUSY_RETRY_MS });
    }
    this.#running.set(id, count + 1);
    try {
      return await run();
    } finally {
      const left = (this.#running.get(id) ?? 0) - 1;
      if (left > 0) this.#running.set(id, left);
      else this.#running.delete(id);
    }
  }

  async #put(request: RequestOf<"put">, { client, account }: Sender): Promise<void> {
    const { sha256: checksum, bytes, ...about } = request;
    if (!equalBytes(sha256(bytes), checksum)) throw wrongChecksum(0);
    const { uploads, files, context } = this.options;
    const size = bytes.length;
    const chunks = chunkCount(size);
    const digest = new Digest(new Bun.CryptoHasher("sha256"));
    if (chunks > 0) digest.add(checksum);
    const { ref, file } = about;
    const offer = { ...about, kind: "offer", size } as const;
    const finish = { kind: "finish", ref, file, size, chunks, digest: digest.value() } as const;
    const posted = context.engine.files.get(file as FileId);
    if (posted !== undefined) {
      await uploads.reoffer(account, posted, offer);
      return uploads.finish(undefined, account, finish);
    }
    const sender = new RequestSender(client);
    let receiver: UploadReceiver | undefined;
    try {
      const content = await uploads.inTurn(account.id, async (inTurn) => {
        const { receiver: started, isNew } = await uploads.offer(sender, account, offer, inTurn);
        receiver = started;
        if (isNew) files.announceOffer(client, account, started.blob.metadata, offer);
        // The receiver releases the buffer, which the request may share with other messages.
        const chunk = { kind: "chunk", file, index: 0, sha256: checksum } as const;
        if (chunks > 0) files.receive(started, { ...chunk, bytes: bytes.slice() });
        await started.finish(finish);
        return started;
      });
      await uploads.finish(content, account, finish);
    } catch (error) {
      throw sender.fault ?? error;
    } finally {
      if (receiver !== undefined) await uploads.release(receiver);
    }
  }

  async #fetch(
    { file: id, view }: RequestOf<"fetch-small">,
    { client, account }: Sender,
  ): Promise<Answer<"fetch-small">> {
    const file = id as FileId;
    const { files, context } = this.options;
    files.checkMayFetch(account.id, file);
    const fact = context.engine.files.get(file);
    if (fact === undefined || fact.size > SMALL_FILE_BYTES_MAX) return {};
    const blob = (await files.open(file))?.blob;
    if (blob === undefined) throw unknownFile();
    try {
      if (blob.have !== fact.chunks) return {};
      const chunk = fact.chunks === 0 ? undefined : await readFirst(blob);
      files.checkMayFetch(account.id, file); // Access may have been revoked.
      const sender = context.registry.nameOf(blob.metadata.by) ?? "";
      const about = downloadInfo(blob, fact, 0, sender);
      files.fetchedSmall(client, account, fact, view === true);
      return { content: { ...about, ...(chunk ?? { bytes: new Uint8Array() }) } };
    } finally {
      blob.close();
    }
  }
}

async function readFirst(
  blob: DownloadContent,
): Promise<{ readonly sha256: Uint8Array; readonly bytes: Uint8Array }> {
  const checksum = await readStored(blob.hash(0));
  const [pooled] = await readStored(blob.readSome(0, 1));
  assert(pooled !== undefined, "one chunk was requested");
  const bytes = pooled.slice();
  releaseBuffer(pooled);
  if (!equalBytes(sha256(bytes), checksum)) throw damagedFile();
  return { sha256: checksum, bytes };
}

/** A request has all its content, so its sender neither waits for notices nor loses its link. */
class RequestSender implements UploadClient {
  fault: Fault | undefined;

  constructor(private readonly client: ClientConnection) {}

  get isClosed(): boolean {
    return this.client.isClosed;
  }

  notify(): void {}

  close(fault: Fault): void {
    this.fault ??= fault;
  }
}
