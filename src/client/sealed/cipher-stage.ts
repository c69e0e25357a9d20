/** Encrypts uploads to sealed rooms and decrypts downloads from them. */

import { fromHex } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { FILE_TAG_BYTES } from "../../crypto/seal/file-stream.ts";
import { chunkCount } from "../../wire/chunks.ts";
import type { PostBody } from "../../wire/messages.ts";
import { SEALED_FILE_NAME } from "../../wire/messages-sealed.ts";
import type { TransferProgress } from "../files/progress.ts";
import {
  type CipherStage,
  type CipherStageOptions,
  type DownloadedFile,
  type DownloadFile,
  type DownloadRequest,
  type EncryptedUpload,
  memorySource,
  type PreviewContent,
  type SealedTarget,
  type UploadedFile,
  type UploadRequest,
} from "../files/transfers.ts";
import { markSealed, sealedFileEntry, sealedPreviewEntry } from "./body.ts";
import { completeChunks, DecryptingSink, EncryptingSource } from "./file-chunks.ts";
import type { DescribedFile } from "./file-index.ts";
import type { SealedRooms } from "./rooms.ts";

/**
 * Uploads encrypted content without a name. Its entry, with name and secret, becomes part of the
 * messages that list the file. Secrets are stored before the first byte is sent.
 */
export class SealedCipherStage implements CipherStage {
  #resumable: Promise<ReadonlySet<string>> | undefined;

  constructor(
    private readonly options: CipherStageOptions,
    private readonly rooms: SealedRooms,
  ) {}

  async checkTargets(to: readonly string[], targets: readonly SealedTarget[]): Promise<void> {
    if (targets.length < to.length) {
      throw new Fault("usage", msg`send a file to encrypted and unencrypted rooms separately`, {
        remedy: msg`send it to ${targets.map(({ target }) => target).join(", ")} first`,
      });
    }
    for (const { room } of targets) await this.rooms.get(room).checkMayWrite();
  }

  async encrypt(request: UploadRequest): Promise<EncryptedUpload> {
    const { hashing, cipher } = this.options;
    const { files } = this.rooms;
    const { source, preview, to, copy, signal, onProgress } = request;
    const { name, folder, details } = source;
    this.#resumable ??= files.uploads();
    const resumable = await this.#resumable;
    const previewSource = preview && this.#encryptPreview(preview);
    const encryptingSource = new EncryptingSource({
      source,
      hashing,
      cipher,
      secretOf: (file) => files.secretOf(file, resumable.has(file)),
      onDescribed: (file, content) =>
        files.setEntry(file, (secret) =>
          sealedFileEntry({ file, name, folder, details, secret, ...content }),
        ),
    });
    return {
      preview: previewSource,
      // The server sees these fields. All others belong to the sealed message.
      request: {
        to,
        copy,
        signal,
        source: encryptingSource,
        onProgress: onProgress && ((progress) => onProgress(plainProgress(progress, name))),
        encryption: {
          journalName: `sealed/${name}`, // File names never contain a slash.
          canResume: (file) => resumable.has(file),
        },
      },
      close: () => {
        previewSource?.close();
        encryptingSource.close();
      },
    };
  }

  #encryptPreview({ bytes, width, height }: PreviewContent): EncryptingSource {
    const { hashing, cipher } = this.options;
    const { files } = this.rooms;
    return new EncryptingSource({
      source: memorySource(SEALED_FILE_NAME, bytes),
      hashing,
      cipher,
      secretOf: (file) => files.secretOf(file),
      onDescribed: (file, { sizeBytes: size, digest, root }) =>
        files.setEntry(file, (secret) =>
          sealedPreviewEntry({ file, size, digest, width, height, root, secret }),
        ),
    });
  }

  async plain(sent: UploadedFile): Promise<UploadedFile> {
    const resumedBytes = plainBytes(sent.resumedBytes);
    return { ...sent, ...(await this.rooms.files.contentOf(sent.id)), resumedBytes };
  }

  mark(body: PostBody): PostBody {
    return markSealed(body);
  }

  posted(files: readonly FileId[]): Promise<void> {
    return this.rooms.files.remove(files);
  }

  async get(request: DownloadRequest, download: DownloadFile): Promise<DownloadedFile> {
    const known = await this.rooms.files.find(request.file);
    if (typeof known === "object") return this.#get(request, known, download);
    // True if the file may belong to a message in a sealed room that this device has not read yet.
    let isAmbiguous = false;
    const openSink: DownloadRequest["openSink"] = (about) => {
      const isSealed = about.name === SEALED_FILE_NAME && this.#sealedViews().length > 0;
      isAmbiguous = isSealed || known === "sealed";
      if (isAmbiguous) throw cannotOpen(request.file);
      return request.openSink(about);
    };
    try {
      return await download({ ...request, openSink });
    } catch (error) {
      if (!isAmbiguous) throw error;
    }
    for (const view of this.#sealedViews()) await this.rooms.get(view).changes.sync();
    const found = await this.rooms.files.find(request.file);
    if (found === "sealed") throw cannotOpen(request.file);
    return found === undefined ? download(request) : this.#get(request, found, download);
  }

  #sealedViews(): readonly RoomView[] {
    return this.options.session.rooms.filter(({ isSealed }) => isSealed === true);
  }

  async #get(
    request: DownloadRequest,
    description: DescribedFile,
    download: DownloadFile,
  ): Promise<DownloadedFile> {
    const { hashing, cipher } = this.options;
    const { name, folder, details, sizeBytes, from, digest } = description;
    const { onProgress, chunksLeft } = request;
    const got = await download({
      ...request,
      name,
      openSink: async (options) => {
        const content = { folderSize: folder, details, sizeBytes, digest: fromHex(digest) };
        const sink = await request.openSink({ ...options, name, ...content, dataBytes: undefined });
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
      ...got,
      name,
      sizeBytes,
      from,
      digest,
      chunks: chunkCount(sizeBytes),
      resumedBytes: plainBytes(got.resumedBytes),
      entries: folder?.entries,
    };
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
    { remedy: msg`ask a member to send it again` },
  );
}
