/** Index of sealed files in the device's store, and the secrets of uploads. */

import { fromBase64Url, toBase64Url, toHex } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId, RoomId } from "../../base/ids.ts";
import { type Fields, objectFields } from "../../base/json-fields.ts";
import { OUTBOX_KEEP_MS, UPLOAD_KEEP_MS } from "../../base/limits.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { contentIds, fileIn, filesIn } from "../../core/rooms/files.ts";
import { type FileSecret, makeFileSecret } from "../../crypto/seal/file-stream.ts";
import type { AttachedFile } from "../../wire/messages-files.ts";
import type { UploadedFile } from "../files/transfers.ts";
import { readSealedFiles, type SealedFileBody, type SealedFileEntry } from "./body.ts";
import type { RoomStates, RoomTransaction } from "./room-state.ts";
import {
  type ArchivedRow,
  allOf,
  contentKey,
  fileKey,
  fileRange,
  recordOfFile,
  type SealedUploadRow,
  uploadKey,
} from "./rows.ts";
import type { Vault } from "./vault.ts";

const SEALED_UPLOADS_MAX = 1_000;
/** Maximum number of messages that are searched for a file. Each sender lists only own files. */
const MESSAGES_SEARCHED_MAX = 32;
const MARK = Uint8Array.of(1);

export interface DescribedFile extends Omit<SealedFileBody, "preview"> {
  readonly from: string;
}

type UploadedContent = Pick<UploadedFile, "name" | "sizeBytes" | "chunks" | "digest">;

export class FileIndex {
  constructor(
    private readonly states: RoomStates,
    private readonly unixMs: () => number,
  ) {}

  /** Returns the uploads whose secrets are stored. Removes those that no post can list any more. */
  uploads(): Promise<ReadonlySet<string>> {
    return this.states.transact(async (vault) => {
      const files = new Set<string>();
      for (const { key, value } of await vault.list<SealedUploadRow>(
        allOf("upload", SEALED_UPLOADS_MAX),
      )) {
        const isExpired = this.unixMs() - value.begunUnixMs > UPLOAD_KEEP_MS + OUTBOX_KEEP_MS;
        if (isExpired) await vault.delete(key);
        else files.add(key.slice(key.indexOf("/") + 1));
      }
      return files;
    });
  }

  /**
   * Returns the secret of an upload, which it stores before the first call returns.
   * @param isResumed never makes a new secret
   * @throws {Fault} file-unknown if another program has posted the resumed upload
   */
  secretOf(file: FileId, isResumed = false): Promise<FileSecret> {
    return this.states.transact(async (vault) => {
      const known = await vault.get<SealedUploadRow>(uploadKey(file));
      if (known !== undefined) return storedSecret(known);
      if (isResumed) throw lostKey(file);
      const secret = makeFileSecret();
      const row: SealedUploadRow = {
        key: toBase64Url(secret.key),
        prefix: toBase64Url(secret.prefix),
        begunUnixMs: this.unixMs(),
      };
      await vault.put(uploadKey(file), row);
      return secret;
    });
  }

  setEntry(file: FileId, entryOf: (secret: FileSecret) => SealedFileEntry): Promise<void> {
    return this.states.transact(async (vault) => {
      const row = await vault.get<SealedUploadRow>(uploadKey(file));
      if (row === undefined) return;
      await vault.put(uploadKey(file), { ...row, entry: entryOf(storedSecret(row)) });
    });
  }

  /** Returns name, size and digest of a complete upload, as readers see them. */
  contentOf(file: FileId): Promise<UploadedContent | undefined> {
    return this.states.transact(async (vault) => {
      const row = await vault.find<SealedUploadRow>(uploadKey(file));
      const entry = fileIn(row?.entry);
      if (entry === undefined) return undefined;
      const { name, size: sizeBytes, chunks, digest } = entry;
      return { name, sizeBytes, chunks, digest };
    });
  }

  /** Called when the file's messages are posted and its command has ended. */
  remove(files: readonly FileId[]): Promise<void> {
    return this.states.transact(async (vault) => {
      for (const file of files) await vault.delete(uploadKey(file));
    });
  }

  /**
   * Returns the entries of the files that a post lists.
   * @throws {Fault} file-unknown if the secret of a file is lost
   */
  async entriesOf(
    { vault }: RoomTransaction,
    files: readonly AttachedFile[],
  ): Promise<readonly SealedFileEntry[]> {
    const entries: SealedFileEntry[] = [];
    for (const { preview, ...file } of files) {
      const entry = await entryOf(vault, file);
      const previewEntry = preview && (await entryOf(vault, preview));
      entries.push(previewEntry ? { ...entry, preview: previewEntry } : entry);
    }
    return entries;
  }

  /** Indexes the files that a record lists, even if this device cannot decrypt its message. */
  async addRecord({ vault, room }: RoomTransaction, { seq, body }: ChatRecord): Promise<void> {
    for (const file of contentIds(filesIn(body)))
      await vault.putRaw(fileKey(file, room, seq), MARK);
  }

  /**
   * Returns `sealed` for a sealed file whose message this device has not read, and `undefined` for
   * a file in an open room.
   */
  find(file: FileId): Promise<DescribedFile | "sealed" | undefined> {
    return this.states.transact(async (vault) => {
      const rows = await vault.rows(fileRange(file, MESSAGES_SEARCHED_MAX));
      const previews: DescribedFile[] = [];
      for (const { key } of rows) {
        const { room, seq } = recordOfFile(key);
        for (const listed of await filesAt(vault, room, seq)) {
          if (listed.file === file) return listed;
          if (listed.preview?.file === file) previews.push(previewFile(listed, listed.preview));
        }
      }
      const [preview] = previews;
      return preview ?? (rows.length === 0 ? undefined : "sealed");
    });
  }
}

async function entryOf(
  vault: Vault,
  { file, digest }: Pick<AttachedFile, "file" | "digest">,
): Promise<SealedFileEntry> {
  const row = await vault.find<SealedUploadRow>(uploadKey(file));
  const entry = objectFields(row?.entry);
  if (entry !== undefined && entry["root"] === toHex(digest)) return entry;
  throw lostKey(file);
}

function lostKey(file: string): Fault {
  return new Fault("file-unknown", msg`the key of file ${file} is lost`, {
    remedy: msg`send it again as a new file`,
  });
}

type ListedFile = SealedFileBody & { readonly from: string };

async function filesAt(vault: Vault, room: RoomId, seq: number): Promise<readonly ListedFile[]> {
  const content = await vault.find<ArchivedRow>(contentKey(room, seq));
  if (content?.kind !== "said") return [];
  const files = readSealedFiles(content.body as Fields) ?? [];
  return files.map((file) => ({ ...file, from: content.user }));
}

function previewFile(
  { name, from }: ListedFile,
  { file, size, digest, root, secret }: NonNullable<SealedFileBody["preview"]>,
): DescribedFile {
  const noDetails = { folder: undefined, details: undefined };
  return { file, name, from, sizeBytes: size, digest, root, secret, ...noDetails };
}

function storedSecret({ key, prefix }: SealedUploadRow): FileSecret {
  return { key: fromBase64Url(key), prefix: fromBase64Url(prefix) };
}
