/** Index of sealed files in the device's store. */

import { fromBase64Url, toBase64Url, toHex } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId, RoomId } from "../../base/ids.ts";
import { OUTBOX_KEEP_MS, UPLOAD_KEEP_MS } from "../../base/limits.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import { filesIn } from "../../core/rooms/files.ts";
import { type FileSecret, makeFileSecret } from "../../crypto/seal/file-stream.ts";
import { isCarrierBody, readSealedFile, type SealedFileBody } from "./body.ts";
import type { RoomStates, RoomTransaction } from "./room-state.ts";
import {
  allOf,
  type ContentRow,
  contentKey,
  fileAtKey,
  fileAtRange,
  fileKey,
  previewKey,
  type SealedFileRow,
  type SealedUploadRow,
  seqOf,
  uploadKey,
} from "./rows.ts";
import type { KeyRange } from "./store.ts";
import type { OpenedRow, Vault } from "./vault.ts";

const SEALED_UPLOADS_MAX = 1_000;
const LISTED_ROWS_MAX = 1_000;

interface FileAtRow {
  readonly file: FileId;
  readonly room: RoomId;
  /** Commitment of the record. */
  readonly commit?: string | undefined;
}

interface PreviewRow {
  /** The original. */
  readonly file: FileId;
}

export interface DescribedFile extends SealedFileBody {
  readonly from: string;
}

export interface UndescribedFile {
  readonly file: FileId;
  readonly target: string;
}

export class FileIndex {
  constructor(
    private readonly states: RoomStates,
    private readonly unixMs: () => number,
  ) {}

  uploads(): Promise<ReadonlySet<string>> {
    return this.states.transact(async (vault) => {
      const ageMs = ({ begunUnixMs }: SealedUploadRow) => this.unixMs() - begunUnixMs;
      const files = new Set<string>();
      for (const { key, value } of await vault.list<SealedUploadRow>(
        allOf("upload", SEALED_UPLOADS_MAX),
      )) {
        const keepMs = value.recorded.length === 0 ? UPLOAD_KEEP_MS : OUTBOX_KEEP_MS;
        if (ageMs(value) > keepMs) await vault.delete(key);
        else files.add(key.slice(key.indexOf("/") + 1));
      }
      return files;
    });
  }

  secretOf(file: FileId, rooms: Readonly<Record<string, string>>): Promise<FileSecret> {
    return this.states.transact(async (vault) => {
      const known = await vault.get<SealedUploadRow>(uploadKey(file));
      if (known !== undefined) return storedSecret(known);
      const secret = makeFileSecret();
      const row: SealedUploadRow = {
        key: toBase64Url(secret.key),
        prefix: toBase64Url(secret.prefix),
        begunUnixMs: this.unixMs(),
        rooms,
        recorded: [],
        posts: {},
      };
      await vault.put(uploadKey(file), row);
      return secret;
    });
  }

  setDescription(file: FileId, bodyOf: (secret: FileSecret) => unknown): Promise<void> {
    return this.states.transact(async (vault) => {
      const row = await vault.get<SealedUploadRow>(uploadKey(file));
      if (row === undefined) return;
      await vault.put(uploadKey(file), { ...row, body: bodyOf(storedSecret(row)) });
    });
  }

  removeRefused(file: FileId, targets: readonly string[]): Promise<void> {
    return this.states.transact(async (vault) => {
      const row = await vault.get<SealedUploadRow>(uploadKey(file));
      if (row === undefined) return;
      const remaining = Object.entries(row.rooms).filter(([, target]) => !targets.includes(target));
      await vault.put(uploadKey(file), { ...row, rooms: Object.fromEntries(remaining) });
    });
  }

  /** Called when the file's messages are posted and its command has ended. */
  remove(file: FileId): Promise<void> {
    return this.states.transact((vault) => vault.delete(uploadKey(file)));
  }

  undescribed(): Promise<readonly UndescribedFile[]> {
    return this.states.transact(async (vault) => {
      const files: UndescribedFile[] = [];
      for (const { key, value } of await vault.list<SealedUploadRow>(
        allOf("upload", SEALED_UPLOADS_MAX),
      )) {
        const file = key.slice(key.indexOf("/") + 1) as FileId;
        if (value.body === undefined) continue;
        for (const room of value.recorded) {
          const target = value.rooms[room];
          if (target !== undefined && value.posts[room] === undefined) files.push({ file, target });
        }
      }
      return files;
    });
  }

  /**
   * Reserves the description for this post.
   * @throws {Fault} seal-refused if another post has reserved it
   */
  async claimDescription(
    { vault, room }: RoomTransaction,
    post: string,
    file: FileId,
  ): Promise<unknown> {
    const row = await vault.get<SealedUploadRow>(uploadKey(file));
    if (row?.body === undefined || row.rooms[room] === undefined) throw alreadyDescribed();
    const postId = row.posts[room];
    if (postId !== undefined && postId !== post) throw alreadyDescribed();
    if (postId === undefined) {
      await vault.put(uploadKey(file), { ...row, posts: { ...row.posts, [room]: post } });
    }
    return row.body;
  }

  async addRecord(
    { vault, room }: RoomTransaction,
    { seq, from = "", commit, body = {} }: ChatRecord,
  ): Promise<void> {
    const [content] = filesIn(body);
    if (content === undefined || !isCarrierBody(body)) return;
    const { file, digest: root, preview: named } = content;
    const row = (await vault.find<SealedFileRow>(fileKey(file))) ?? EMPTY_ROW;
    if (row.records[room] === undefined) {
      const preview = named && { file: named.file, root: named.digest };
      const record = { seq, root, from, preview };
      await vault.put(fileKey(file), { ...row, records: { ...row.records, [room]: record } });
      if (preview !== undefined) await vault.put(previewKey(preview.file), { file });
      await vault.put(fileAtKey(seq), { file, room, commit } satisfies FileAtRow);
    }
    const upload = await vault.find<SealedUploadRow>(uploadKey(file));
    if (upload === undefined || upload.recorded.includes(room)) return;
    await vault.put(uploadKey(file), { ...upload, recorded: [...upload.recorded, room] });
  }

  /**
   * The content must match the record. Only the first description is valid, except that a later one
   * by the file's sender overrides an earlier one by a different user.
   */
  async mayDescribe(
    { vault, room }: RoomTransaction,
    description: SealedFileBody,
    sender: string,
  ): Promise<boolean> {
    const row = await vault.find<SealedFileRow>(fileKey(description.file));
    const record = row?.records[room];
    // The file's record was erased before this message, so there is nothing to compare.
    if (row === undefined || record === undefined) return true;
    if (record.root !== toHex(description.root)) return false;
    const descriptionSeq = row.said[room];
    if (descriptionSeq === undefined) return true;
    const known = await readDescription(vault, room, descriptionSeq);
    return isSameName(record.from, sender) && !isSameName(record.from, known?.from);
  }

  async addDescription({ vault, room }: RoomTransaction, seq: number, file: FileId): Promise<void> {
    const row = (await vault.find<SealedFileRow>(fileKey(file))) ?? EMPTY_ROW;
    await vault.put(fileKey(file), { ...row, said: { ...row.said, [room]: seq } });
    const upload = await vault.find<SealedUploadRow>(uploadKey(file));
    if (upload === undefined) return;
    const { [room]: _described, ...rooms } = upload.rooms;
    await vault.put(uploadKey(file), { ...upload, rooms });
  }

  /**
   * Returns `sealed` for a sealed file whose description this device has not read, and `undefined`
   * for a file in an open room.
   * @throws {Fault} file-unknown if the description was erased
   */
  find(file: FileId): Promise<DescribedFile | "sealed" | undefined> {
    return this.states.transact(async (vault) => {
      const row = await vault.find<SealedFileRow>(fileKey(file));
      if (row === undefined) return findPreview(vault, file);
      const descriptions = Object.entries(row.said);
      for (const [room, seq] of descriptions) {
        const known = await readDescription(vault, room as RoomId, seq);
        if (known !== undefined) return known;
      }
      if (descriptions.length === 0) return "sealed";
      throw new Fault("file-unknown", msg`file ${file} was deleted`);
    });
  }

  descriptionSeq(file: FileId, room: RoomId): Promise<number | undefined> {
    return this.states.transact(async (vault) => {
      return (await vault.find<SealedFileRow>(fileKey(file)))?.said[room];
    });
  }

  async isCarrier(vault: Vault, { state, body, seq, commit }: ChatRecord): Promise<boolean> {
    if (state === "whole") return isCarrierBody(body);
    const location = await vault.find<FileAtRow>(fileAtKey(seq));
    return location !== undefined && (location.commit ?? commit) === commit;
  }

  /** Drops the room's records with a higher `seq`, and the descriptions that refer to them. */
  async dropAfter({ vault, room }: RoomTransaction, after: number): Promise<void> {
    for (const { key, value } of await listAll<FileAtRow>(
      vault,
      fileAtRange(after, LISTED_ROWS_MAX),
    )) {
      if (value.room !== room) continue;
      await vault.delete(key);
      await dropFrom(vault, room, value.file, after);
    }
  }

  /** Drops what the room knows of a file if it is from records with a higher `seq`. */
  dropDescription({ vault, room }: RoomTransaction, file: FileId, after: number): Promise<void> {
    return dropFrom(vault, room, file, after);
  }

  partnerOf(seq: number, rooms: readonly RoomId[]): Promise<number | undefined> {
    return this.states.transact(async (vault) => {
      const location = await vault.find<FileAtRow>(fileAtKey(seq));
      if (location !== undefined) {
        return (await vault.find<SealedFileRow>(fileKey(location.file)))?.said[location.room];
      }
      for (const room of rooms) {
        const known = await readDescription(vault, room, seq);
        if (known === undefined) continue;
        const row = await vault.find<SealedFileRow>(fileKey(known.file));
        // If a message describes another user's file, erasing the message erases nothing else.
        return row?.said[room] === seq ? row.records[room]?.seq : undefined;
      }
      return undefined;
    });
  }
}

/** Lists a range in steps, because a list is limited. */
async function listAll<Value>(vault: Vault, range: KeyRange): Promise<OpenedRow<Value>[]> {
  const listed: OpenedRow<Value>[] = [];
  for (let { from } = range; ; ) {
    const rows = await vault.rows({ ...range, from });
    listed.push(...(await vault.openRows<Value>(rows)));
    const last = rows.at(-1);
    if (last === undefined || rows.length < range.limit) return listed;
    from = fileAtKey(seqOf(last.key) + 1);
  }
}

async function dropFrom(vault: Vault, room: RoomId, file: FileId, after: number): Promise<void> {
  const row = await vault.find<SealedFileRow>(fileKey(file));
  if (row === undefined) return;
  const { [room]: record, ...records } = row.records;
  const { [room]: descriptionSeq, ...said } = row.said;
  const isKept = record !== undefined && record.seq <= after;
  const isDescribed = descriptionSeq !== undefined && descriptionSeq <= after;
  if (!isKept && record?.preview !== undefined) await vault.delete(previewKey(record.preview.file));
  const rest: SealedFileRow = {
    records: isKept ? row.records : records,
    said: isDescribed ? row.said : said,
  };
  const isEmpty = Object.keys({ ...rest.records, ...rest.said }).length === 0;
  if (isEmpty) await vault.delete(fileKey(file));
  else await vault.put(fileKey(file), rest);
}

const EMPTY_ROW: SealedFileRow = { records: {}, said: {} };

async function readDescription(
  vault: Vault,
  room: RoomId,
  seq: number,
): Promise<DescribedFile | undefined> {
  const content = await vault.find<ContentRow>(contentKey(room, seq));
  if (content?.kind !== "said") return undefined;
  const description = readSealedFile(content.body as Readonly<Record<string, unknown>>);
  return description === undefined ? undefined : { ...description, from: content.user };
}

/** The server's record must name the preview, so that no message describes one of another file. */
async function findPreview(vault: Vault, file: FileId): Promise<DescribedFile | undefined> {
  const original = (await vault.find<PreviewRow>(previewKey(file)))?.file;
  const row = original && (await vault.find<SealedFileRow>(fileKey(original)));
  for (const [room, seq] of Object.entries(row?.said ?? {})) {
    const known = await readDescription(vault, room as RoomId, seq);
    const named = row?.records[room]?.preview;
    const { preview } = known ?? {};
    if (known === undefined || preview === undefined || named?.file !== file) continue;
    if (preview.file !== file || toHex(preview.root) !== named.root) continue;
    const { size: sizeBytes, digest, root, secret } = preview;
    const { name, from } = known;
    const noDetails = { folder: undefined, details: undefined };
    return { file, name, from, sizeBytes, digest, root, secret, ...noDetails };
  }
  return undefined;
}

function storedSecret({ key, prefix }: SealedUploadRow): FileSecret {
  return { key: fromBase64Url(key), prefix: fromBase64Url(prefix) };
}

function alreadyDescribed(): Fault {
  return new Fault("seal-refused", msg`this file was already posted to the room`, {
    remedy: msg`list them: ${"/files"}`,
  });
}
