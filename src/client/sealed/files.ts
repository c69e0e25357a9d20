/** Uploads and downloads in sealed rooms. */

import { equalBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import type { Receipt } from "../../core/client/outbox.ts";
import type { OpenFileCipher } from "../../crypto/seal/file-cipher.ts";
import { FILE_TAG_BYTES } from "../../crypto/seal/file-stream.ts";
import type {
  FoundUpload,
  ResumableUpload,
  ResumableUploads,
  UploadKey,
} from "../../io/state/resumable-upload.ts";
import { chunkCount } from "../../wire/chunks.ts";
import type { PostBody } from "../../wire/messages.ts";
import { SEALED_FILE_NAME } from "../../wire/messages-sealed.ts";
import type { Hashing } from "../files/hashing.ts";
import type { TransferProgress } from "../files/progress.ts";
import type {
  DownloadedFile,
  DownloadRequest,
  PostedFile,
  Transfers,
  UploadedFile,
  UploadRequest,
} from "../files/transfers.ts";
import { sealedFilePost } from "./body.ts";
import { sealedFileBody } from "./file-body.ts";
import type { DescribedFile } from "./file-index.ts";
import { completeChunks, DecryptingSink } from "./file-sink.ts";
import { EncryptingSource, type SealedContent } from "./file-source.ts";
import type { SealedRooms } from "./rooms.ts";

export interface SealedFilesOptions {
  readonly transfers: Transfers;
  readonly hashing: Hashing;
  readonly cipher?: OpenFileCipher | undefined;
  readonly uploads: ResumableUploads | undefined;
  readonly session: {
    readonly rooms: readonly RoomView[];
    readonly posts: { post(target: string, body: PostBody): Promise<Receipt> };
    readonly sealing: { rooms(): Promise<SealedRooms> };
  };
}

export interface SealedTarget {
  readonly target: string;
  readonly room: RoomView;
}

/**
 * Uploads encrypted content without a name, then posts a message that describes the file. The
 * secret is stored before the first byte is sent, so that exactly one run posts the message.
 */
export class SealedFiles {
  readonly #options: SealedFilesOptions;

  constructor(options: SealedFilesOptions) {
    this.#options = options;
  }

  async send(request: UploadRequest, sealed: readonly SealedTarget[]): Promise<UploadedFile> {
    if (sealed.length < request.to.length) {
      throw new Fault("usage", msg`send a file to encrypted and unencrypted rooms separately`, {
        remedy: msg`send it to ${sealed.map(({ target }) => target).join(", ")} first`,
      });
    }
    const rooms = await this.#rooms();
    for (const { room } of sealed) await rooms.checkMayWrite(room);
    return this.#send(request, sealed, rooms);
  }

  async get(request: DownloadRequest): Promise<DownloadedFile> {
    const { transfers } = this.#options;
    const known = await this.#find(request.file);
    if (typeof known === "object") return this.#get(request, known);
    // True if the file may be in a sealed room whose message this device has not read yet.
    let isAmbiguous = false;
    const openSink: DownloadRequest["openSink"] = (about) => {
      isAmbiguous = about.name === SEALED_FILE_NAME && this.#sealedViews().length > 0;
      if (isAmbiguous) throw cannotOpen(request.file);
      return request.openSink(about);
    };
    try {
      return await transfers.get({ ...request, openSink });
    } catch (error) {
      if (!isAmbiguous) throw error;
    }
    const rooms = await this.#rooms();
    for (const view of this.#sealedViews()) await rooms.syncRoom(view);
    const found = await this.#find(request.file);
    if (found === "sealed") throw cannotOpen(request.file);
    return found === undefined ? transfers.get(request) : this.#get(request, found);
  }

  async announceUploads(): Promise<void> {
    const rooms = await this.#rooms();
    const undescribed = await rooms.files.undescribed();
    const announcements = undescribed.map(({ file, target }) =>
      this.#options.session.posts.post(target, sealedFilePost(file)).catch((error: unknown) => {
        if (!(error instanceof Fault)) throw error;
      }),
    );
    await Promise.all(announcements);
  }

  async #find(file: FileId): Promise<DescribedFile | "sealed" | undefined> {
    return (await this.#rooms()).files.find(file);
  }

  #rooms(): Promise<SealedRooms> {
    return this.#options.session.sealing.rooms();
  }

  #sealedViews(): readonly RoomView[] {
    return this.#options.session.rooms.filter(({ isSealed }) => isSealed === true);
  }

  async #send(
    request: UploadRequest,
    targets: readonly SealedTarget[],
    rooms: SealedRooms,
  ): Promise<UploadedFile> {
    const { transfers, hashing, cipher, uploads } = this.#options;
    const { source, onProgress, text, sending, ...requestFields } = request;
    const { name, folder } = source;
    const { files } = rooms;
    const ids = Object.fromEntries(targets.map(({ target, room }) => [room.id, target]));
    let content: SealedContent | undefined;
    let isSent = false;
    const encryptingSource = new EncryptingSource({
      ...{ source, hashing, cipher },
      secretOf: (file) => files.secretOf(file, ids),
      onDescribed: async (file, sentContent) => {
        content = sentContent;
        await files.setDescription(file, (secret) =>
          sealedFileBody({
            ...{ file, name, folder, secret, ...sentContent },
            ...(text && { text }),
            ...(sending && { sending }),
          }),
        );
      },
    });
    const journal = uploads && new SealedUploadJournal(uploads, name, await files.uploads());
    try {
      // The caption is sent only in the sealed message.
      const sent = await transfers.send(
        {
          ...requestFields,
          source: encryptingSource,
          onProgress: onProgress && ((progress) => onProgress(plainProgress(progress, name))),
        },
        journal,
      );
      isSent = true;
      const refused = sent.refused.map(({ to }) => to);
      if (refused.length > 0) await files.removeRefused(sent.id, refused);
      const posted = await this.#announce(sent, targets);
      journal?.removeFinished();
      await files.remove(sent.id);
      const { sizeBytes = 0, digest = "" } = content ?? {};
      return {
        ...{ ...sent, name, sizeBytes, digest, posted },
        chunks: chunkCount(sizeBytes),
        resumedBytes: plainBytes(sent.resumedBytes),
      };
    } finally {
      if (!isSent) journal?.removeFinished();
      encryptingSource.close();
    }
  }

  #announce(
    { id, posted }: UploadedFile,
    targets: readonly SealedTarget[],
  ): Promise<readonly PostedFile[]> {
    return Promise.all(
      posted.map(async (post) => {
        try {
          const receipt = await this.#options.session.posts.post(post.to, sealedFilePost(id));
          const { seq, n, time: timeUnixMs, queued = false } = receipt;
          return { to: post.to, seq, n, timeUnixMs, queued };
        } catch (error) {
          const room = targets.find(({ target }) => target === post.to)?.room;
          const seq = room && (await this.#descriptionSeq(id, room));
          if (seq === undefined) throw error;
          return { ...post, seq };
        }
      }),
    );
  }

  async #descriptionSeq(file: FileId, room: RoomView): Promise<number | undefined> {
    const rooms = await this.#rooms();
    await rooms.syncRoom(room);
    return rooms.files.descriptionSeq(file, room.id);
  }

  async #get(request: DownloadRequest, description: DescribedFile): Promise<DownloadedFile> {
    const { transfers, hashing, cipher } = this.#options;
    const { name, folder, sizeBytes, from, digest } = description;
    const { onProgress, chunksLeft } = request;
    const got = await transfers.get({
      ...request,
      name,
      openSink: async (options) => {
        const sink = await request.openSink({ ...options, name, folderSize: folder, sizeBytes });
        try {
          return await DecryptingSink.open({ sink, file: description, hashing, cipher });
        } catch (error) {
          sink.close();
          throw error;
        }
      },
      chunksLeft: chunksLeft && ((partial) => encryptedChunks(chunksLeft(partial), sizeBytes)),
      onProgress: onProgress && ((progress) => onProgress(plainProgress(progress, name))),
    });
    return {
      ...{ ...got, name, sizeBytes, from, digest },
      chunks: chunkCount(sizeBytes),
      resumedBytes: plainBytes(got.resumedBytes),
      entries: folder?.entries,
    };
  }
}

/**
 * Stores an upload under a different name than an upload of the same file to an open room, because
 * the two are independent. An upload whose secret was lost cannot be resumed.
 */
class SealedUploadJournal implements ResumableUploads {
  readonly #uploads: ResumableUploads;
  readonly #name: string;
  readonly #secrets: ReadonlySet<string>;
  #currentFile: FileId | undefined;
  #finished: ResumableUpload | undefined;

  constructor(uploads: ResumableUploads, name: string, secrets: ReadonlySet<string>) {
    this.#uploads = uploads;
    this.#name = `sealed/${name}`; // File names never contain a slash.
    this.#secrets = secrets;
  }

  find(key: UploadKey, stamp: string): FoundUpload | undefined {
    const found = this.#uploads.find({ ...key, name: this.#name }, stamp);
    if (found === undefined) return undefined;
    const { file } = found.upload;
    const isLost = file !== this.#currentFile && !this.#secrets.has(file);
    return { upload: this.#deferEnd(found.upload), isChanged: found.isChanged || isLost };
  }

  begin(key: UploadKey, stamp: string, file: FileId, unixMs: number): ResumableUpload {
    this.#currentFile = file;
    return this.#deferEnd(this.#uploads.begin({ ...key, name: this.#name }, stamp, file, unixMs));
  }

  removeFinished(): void {
    try {
      this.#finished?.remove();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
    this.#finished = undefined;
  }

  #deferEnd(upload: ResumableUpload): ResumableUpload {
    return {
      file: upload.file,
      get upTo() {
        return upload.upTo;
      },
      addHashes: (hashes) => upload.addHashes(hashes),
      truncate: () => {},
      hashes: (from) => upload.hashes(from),
      check: (from, hashes) => checkUnchanged(upload, from, hashes),
      remove: () => {
        this.#finished = upload;
      },
    };
  }
}

/** Prevents a secret from encrypting two different contents. */
function checkUnchanged(
  upload: ResumableUpload,
  from: number,
  hashes: readonly Uint8Array[],
): void {
  const stored = upload.hashes(from);
  for (const hash of hashes.slice(0, Math.max(0, upload.upTo - from))) {
    const storedHash = stored.next();
    if (storedHash.done === true) return;
    if (equalBytes(storedHash.value, hash)) continue;
    throw new Fault("file-changed", msg`the file has changed since its upload began`, {
      remedy: msg`send it again; the upload restarts`,
    });
  }
}

function plainBytes(sealedBytes: number): number {
  const chunks = chunkCount(sealedBytes);
  return sealedBytes - chunks * FILE_TAG_BYTES;
}

function plainProgress(progress: TransferProgress, name: string): TransferProgress {
  const { doneBytes, resumedBytes, sizeBytes } = progress;
  return {
    ...progress,
    name,
    doneBytes: plainBytes(doneBytes),
    resumedBytes: plainBytes(resumedBytes),
    ...(sizeBytes === undefined ? {} : { sizeBytes: plainBytes(sizeBytes) }),
  };
}

function encryptedChunks(chunks: number, sizeBytes: number): number {
  return completeChunks(Math.min(chunks * CHUNK_BYTES, sizeBytes), sizeBytes);
}

function cannotOpen(file: FileId): Fault {
  return new Fault(
    "seal-refused",
    msg`this device cannot decrypt ${file}: it joined the room later`,
    {
      remedy: msg`ask a member to send it again`,
    },
  );
}
