/** Encrypts uploads to sealed rooms and decrypts downloads from them. */

import { fromHex } from "../../base/bytes.ts";
import { Fault, ignoreFault, msg } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { FILE_TAG_BYTES, makeFileSecret } from "../../crypto/seal/file-stream.ts";
import { chunkCount } from "../../wire/chunks.ts";
import { SEALED_FILE_NAME } from "../../wire/messages-sealed.ts";
import type { TransferProgress } from "../files/progress.ts";
import {
  type AnnouncedFile,
  type AnnouncedRequest,
  type CipherStage,
  type CipherStageOptions,
  type DownloadedFile,
  type DownloadFile,
  type DownloadRequest,
  type EncryptedUpload,
  memorySource,
  type PostedFile,
  type PreviewContent,
  type SealedTarget,
} from "../files/transfers.ts";
import { type SealedPreview, sealedFileBody, sealedFilePost } from "./body.ts";
import {
  completeChunks,
  DecryptingSink,
  EncryptingSource,
  type SealedFileContent,
} from "./file-chunks.ts";
import type { DescribedFile } from "./file-index.ts";
import type { SealedRooms } from "./rooms.ts";

/**
 * Uploads encrypted content without a name, then posts a message that describes the file. The
 * secret is stored before the first byte is sent, so that exactly one run posts the message.
 */
export class SealedCipherStage implements CipherStage {
  constructor(
    private readonly options: CipherStageOptions,
    private readonly rooms: SealedRooms,
  ) {}

  async encrypt(
    request: AnnouncedRequest,
    targets: readonly SealedTarget[],
  ): Promise<EncryptedUpload> {
    if (targets.length < request.to.length) {
      throw new Fault("usage", msg`send a file to encrypted and unencrypted rooms separately`, {
        remedy: msg`send it to ${targets.map(({ target }) => target).join(", ")} first`,
      });
    }
    for (const { room } of targets) await this.rooms.get(room).checkMayWrite();
    const { hashing, cipher } = this.options;
    const { files } = this.rooms;
    const { source, preview, to, signal, onProgress } = request;
    const { name, folder, details } = source;
    const ids = Object.fromEntries(targets.map(({ target, room }) => [room.id, target]));
    const resumable = await files.uploads();
    let content: SealedFileContent | undefined;
    let sealedPreview: SealedPreview | undefined;
    const previewSource =
      preview &&
      encryptingPreview(preview, this.options, (described) => {
        sealedPreview = described;
      });
    const encryptingSource = new EncryptingSource({
      source,
      hashing,
      cipher,
      secretOf: (file) => files.secretOf(file, ids),
      onDescribed: async (file, sentContent) => {
        content = sentContent;
        await files.setDescription(file, (secret) =>
          sealedFileBody(
            { file, name, folder, details, secret, ...sentContent, preview: sealedPreview },
            request,
          ),
        );
      },
    });
    return {
      preview: previewSource,
      // The server sees these fields. All others belong to the sealed message.
      request: {
        to,
        signal,
        source: encryptingSource,
        onProgress: onProgress && ((progress) => onProgress(plainProgress(progress, name))),
        encryption: {
          journalName: `sealed/${name}`, // File names never contain a slash.
          canResume: (file) => resumable.has(file),
        },
      },
      finish: async (sent, removeJournal) => {
        const refused = sent.refused.map(({ to }) => to);
        if (refused.length > 0) await files.removeRefused(sent.id, refused);
        const posted = await this.#announce(sent, targets);
        removeJournal();
        await files.remove(sent.id);
        const { sizeBytes = 0, digest = "" } = content ?? {};
        return {
          ...sent,
          name,
          sizeBytes,
          digest,
          posted,
          chunks: chunkCount(sizeBytes),
          resumedBytes: plainBytes(sent.resumedBytes),
        };
      },
      close: () => {
        previewSource?.close();
        encryptingSource.close();
      },
    };
  }

  async get(request: DownloadRequest, download: DownloadFile): Promise<DownloadedFile> {
    const known = await this.rooms.files.find(request.file);
    if (typeof known === "object") return this.#get(request, known, download);
    // True if the file may belong to a message in a sealed room that this device has not read yet.
    let isAmbiguous = false;
    const openSink: DownloadRequest["openSink"] = (about) => {
      isAmbiguous = about.name === SEALED_FILE_NAME && this.#sealedViews().length > 0;
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

  async announceUploads(): Promise<void> {
    const undescribed = await this.rooms.files.undescribed();
    const announcements = undescribed.map(({ file, target }) =>
      this.options.session.posts.post(target, sealedFilePost(file)).catch(ignoreFault),
    );
    await Promise.all(announcements);
  }

  #sealedViews(): readonly RoomView[] {
    return this.options.session.rooms.filter(({ isSealed }) => isSealed === true);
  }

  #announce(
    { id, posted }: AnnouncedFile,
    targets: readonly SealedTarget[],
  ): Promise<readonly PostedFile[]> {
    return Promise.all(
      posted.map(async (post) => {
        try {
          const receipt = await this.options.session.posts.post(post.to, sealedFilePost(id));
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
    await this.rooms.get(room).changes.sync();
    return this.rooms.files.descriptionSeq(file, room.id);
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

/** A preview is sent in one run, so its secret is not stored before. */
function encryptingPreview(
  { bytes, width, height }: PreviewContent,
  { hashing, cipher }: CipherStageOptions,
  onDescribed: (preview: SealedPreview) => void,
): EncryptingSource {
  let secret = makeFileSecret();
  return new EncryptingSource({
    source: memorySource(SEALED_FILE_NAME, bytes),
    hashing,
    cipher,
    secretOf: () => {
      secret = makeFileSecret(); // A repeated upload has another id.
      return Promise.resolve(secret);
    },
    onDescribed: (file, { sizeBytes: size, digest, root }) => {
      onDescribed({ file, size, digest, width, height, root, secret });
      return Promise.resolve();
    },
  });
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
