/**
 * Files in the history. A message lists its files. A file exists until all records that list it are
 * erased.
 */

import { BRACKET_CLOSE } from "../../base/ascii.ts";
import { Fault, msg } from "../../base/fault.ts";
import { type FileId, isFileId, type RoomId, type UserId } from "../../base/ids.ts";
import {
  CHUNK_BYTES,
  FILE_BYTES_MAX,
  FILES_PER_POST_MAX,
  FOLDER_ENTRIES_MAX,
  MANIFEST_BYTES_MAX,
} from "../../base/limits.ts";
import { PREVIEW_SIDE_MAX, SEALED_PREVIEW_BYTES_MAX } from "../../base/limits-page.ts";
import type { Name } from "../../base/names.ts";
import { formatSize } from "../../base/sizes.ts";
import { defined, isCount } from "../../base/values.ts";
import { type FileDetails, readFileDetails } from "../../wire/file-details.ts";
import { fieldsOf } from "../../wire/kinds.ts";
import { bodyOf, type FoldedRecord, type JsonObject, parseBody } from "../../wire/record.ts";
import { erasuresOf } from "../log/erasures.ts";
import type { Rooms } from "./rooms.ts";

/** Small copy of a picture, which is a file of one chunk that only another file's record names. */
export interface FilePreview {
  readonly file: FileId;
  readonly size: number;
  readonly digest: string;
  /** Sides of the upright preview; `undefined` in the server's record of an encrypted file. */
  readonly width?: number;
  readonly height?: number;
}

export interface FileBody {
  readonly file: FileId;
  readonly name: string;
  readonly size: number;
  readonly chunks: number;
  readonly digest: string;
  readonly folder?: { readonly entries: number; readonly manifestBytes: number };
  readonly details?: FileDetails;
  readonly preview?: FilePreview;
}

/** Same fault for an unknown and an unreadable file, so that clients cannot probe for files. */
export function unknownFile(): Fault {
  return new Fault("file-unknown", msg`no such file`);
}

/**
 * Refusal of a file that is larger than the server allows.
 * @param names names of the files, if others were chosen with them
 */
export function fileTooLarge(sizeBytesMax: number, names = ""): Fault {
  const max = formatSize(sizeBytesMax);
  const message =
    names === ""
      ? msg`files are limited to ${max} here`
      : msg`${names}: files are limited to ${max} here`;
  return new Fault("too-large", message, {
    remedy: msg`send a smaller file, or ask the server's owner`,
  });
}

interface ListedFile {
  readonly file: string;
  readonly preview?: { readonly file: string } | undefined;
}

/** Returns the ids of files and their previews. */
export function contentIds(files: readonly ListedFile[]): readonly FileId[] {
  return files.flatMap(({ file, preview }) =>
    preview ? [file, preview.file] : [file],
  ) as FileId[];
}

export interface FileEntry extends FileBody {
  readonly by: UserId;
  readonly time: number;
  readonly isPreview?: true;
  /** Room of each unerased record of the file, by seq. Never empty. */
  readonly at: ReadonlyMap<number, RoomId>;
}

export interface FilesValue {
  readonly files: readonly (Omit<FileEntry, "at"> & {
    readonly at: readonly (readonly [number, RoomId])[];
  })[];
  /** Preview of each file that has one. */
  readonly previews: readonly (readonly [FileId, FileId])[];
  readonly erased: readonly FileId[];
  readonly erasedAt: readonly (readonly [number, readonly FileId[]])[];
  readonly unreadable: number;
}

/** Returns seq and name of the file's records in public rooms. Empty if the file is private. */
export function* namedRoomsOf(
  { at }: FileEntry,
  rooms: Pick<Rooms, "get">,
): Iterable<readonly [seq: number, name: Name]> {
  for (const [seq, id] of at) {
    const { name, isPrivate } = rooms.get(id) ?? {};
    if (name !== undefined && isPrivate !== true) yield [seq, name];
  }
}

/** A private file is only in conversations and private rooms, and operators cannot see its name. */
export function isPrivateFile(entry: FileEntry, rooms: Pick<Rooms, "get">): boolean {
  return namedRoomsOf(entry, rooms)[Symbol.iterator]().next().done === true;
}

interface Announcement extends Pick<FileEntry, "by" | "time"> {
  readonly seq: number;
  readonly room: RoomId;
}

interface MutableFileEntry extends FileEntry {
  time: number;
  readonly at: Map<number, RoomId>;
}

export const HEX_DIGEST = /^[0-9a-f]{64}$/;
const NONE: readonly FileId[] = [];
const NO_FILES: readonly FileEntry[] = [];
const NO_ENTRIES: ReadonlySet<FileEntry> = new Set();

export class Files {
  readonly #files = new Map<FileId, MutableFileEntry>();
  /** Files that each record lists, without previews. */
  readonly #bySeq = new Map<number, readonly MutableFileEntry[]>();
  /** Files that are not previews, by their senders. */
  readonly #inRooms = new Map<RoomId, Map<UserId, Set<MutableFileEntry>>>();
  /** Outlives the erasure of the file, whose record then no longer names the preview. */
  readonly #previews = new Map<FileId, FileId>();
  /** Files that orders of erasure have named. The size of the log limits their number. */
  readonly #erased = new Set<FileId>();
  /** Files that were erased without the message that lists them. */
  readonly #erasedAt = new Map<number, readonly FileId[]>();
  readonly #bytesBy = new Map<UserId, number>();
  #totalBytes = 0;
  #unreadable = 0;

  get size(): number {
    return this.#files.size;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /**
   * Number of damaged but unerased file records. Their files are unknown, so content without a
   * record must not be deleted while the number is not 0.
   */
  get unreadable(): number {
    return this.#unreadable;
  }

  bytesOf(user: UserId): number {
    return this.#bytesBy.get(user) ?? 0;
  }

  get(file: FileId): FileEntry | undefined {
    return this.#files.get(file);
  }

  all(): Iterable<FileEntry> {
    return this.#files.values();
  }

  /** Returns the user's files in a room, without previews. */
  sentTo(room: RoomId, user: UserId): ReadonlySet<FileEntry> {
    return this.#inRooms.get(room)?.get(user) ?? NO_ENTRIES;
  }

  ids(): Iterable<FileId> {
    return this.#files.keys();
  }

  of(seq: number): readonly FileEntry[] {
    return this.#bySeq.get(seq) ?? NO_FILES;
  }

  /** Returns the files of a message that were erased without it. */
  erasedAt(seq: number): readonly FileId[] | undefined {
    return this.#erasedAt.get(seq);
  }

  /**
   * True if an order of erasure named the file and no record lists it. Its content is deleted, also
   * after a restart, and no record lists the id again.
   */
  wasErased(file: FileId): boolean {
    return this.#erased.has(file) && !this.#files.has(file);
  }

  /** Returns the files and previews that an order to erase these records must name. */
  idsAt(seqs: readonly number[]): readonly FileId[] {
    return this.withPreviews(seqs.flatMap((seq) => this.of(seq)).map(({ file }) => file));
  }

  withPreviews(files: readonly FileId[]): readonly FileId[] {
    return [...new Set(files.flatMap((file) => [file, this.#previews.get(file) ?? file]))];
  }

  previewOf(file: FileId): FileId | undefined {
    return this.#previews.get(file);
  }

  /** True if the user sent the file or may read a room that contains it. */
  mayRead(file: FileId, user: UserId, reads: (room: RoomId) => boolean): boolean {
    const entry = this.#files.get(file);
    if (entry === undefined) return false;
    if (entry.by === user) return true;
    for (const room of entry.at.values()) if (reads(room)) return true;
    return false;
  }

  apply(record: FoldedRecord): readonly FileId[] {
    if (record.head.kind === "file" || isSealedWithFiles(record)) this.#announce(record);
    if (record.head.kind !== "erase") return NONE;
    const { seq, of, files = [] } = bodyOf(record, "erase") ?? {};
    const named = files.filter(isId);
    for (const file of named) this.#erased.add(file);
    if (seq === undefined && of !== undefined) return this.#eraseFiles(of, new Set(named));
    return erasuresOf(record).flatMap((item) => this.#erase(item));
  }

  value(): FilesValue {
    const files = [...this.#files.values()].map(({ at, ...file }) => ({ ...file, at: [...at] }));
    const previews = [...this.#previews].filter(([file]) => this.#files.has(file));
    const erased = [...this.#erased];
    return { files, previews, erased, erasedAt: [...this.#erasedAt], unreadable: this.#unreadable };
  }

  load({ files, previews, erased, erasedAt, unreadable }: FilesValue): void {
    for (const { at, by, time, ...body } of files) {
      const fileEntry = this.#add(body, by, time);
      for (const [seq, room] of at) {
        this.#place(fileEntry, seq, room);
        if (body.isPreview !== true) this.#list(fileEntry, seq);
      }
    }
    for (const [file, preview] of previews) this.#previews.set(file, preview);
    for (const file of erased) this.#erased.add(file);
    for (const [seq, ids] of erasedAt) this.#erasedAt.set(seq, ids);
    this.#unreadable = unreadable;
  }

  #announce(record: FoldedRecord): void {
    const { seq, by, room, time } = record.head;
    if (record.erased !== undefined) return;
    const body = parseBody(record);
    const files = filesIn(body);
    const isWhole = files.length > 0 && files.length === listedIn(body).length;
    if (!isWhole || by === "server") this.#unreadable += 1;
    if (by === "server") return;
    for (const file of files) this.#announceFile(file, { seq, by, time, room: room as RoomId });
  }

  #announceFile(body: FileBody, { seq, by, time, room }: Announcement): void {
    const fileEntry = this.#files.get(body.file) ?? this.#add(body, by, time);
    if (fileEntry.by !== by || fileEntry.digest !== body.digest) return;
    this.#place(fileEntry, seq, room);
    this.#list(fileEntry, seq);
    if (body.preview === undefined) return;
    const { file, size, digest } = body.preview;
    const preview =
      this.#files.get(file) ??
      this.#add({ file, name: body.name, size, chunks: 1, digest, isPreview: true }, by, time);
    if (preview.isPreview !== true || preview.by !== by || preview.digest !== digest) return;
    this.#place(preview, seq, room);
    this.#previews.set(body.file, file);
  }

  #list(fileEntry: MutableFileEntry, seq: number): void {
    this.#bySeq.set(seq, [...(this.#bySeq.get(seq) ?? []), fileEntry]);
  }

  #add(body: FileBody & Pick<FileEntry, "isPreview">, by: UserId, time: number): MutableFileEntry {
    const fileEntry = { ...body, by, time, at: new Map<number, RoomId>() };
    this.#files.set(body.file, fileEntry);
    this.#bytesBy.set(by, this.bytesOf(by) + body.size);
    this.#totalBytes += body.size;
    return fileEntry;
  }

  #place(fileEntry: MutableFileEntry, seq: number, room: RoomId): void {
    const { at, by, isPreview } = fileEntry;
    at.set(seq, room);
    if (isPreview === true) return;
    const senders = this.#inRooms.get(room) ?? new Map<UserId, Set<MutableFileEntry>>();
    this.#inRooms.set(room, senders);
    const files = senders.get(by);
    if (files === undefined) senders.set(by, new Set([fileEntry]));
    else files.add(fileEntry);
  }

  #erase(seq: number): FileId[] {
    const listed = this.#bySeq.get(seq) ?? [];
    this.#bySeq.delete(seq);
    this.#erasedAt.delete(seq);
    return this.#removeFiles(seq, listed);
  }

  #eraseFiles(seq: number, named: ReadonlySet<FileId>): FileId[] {
    const listed = this.#bySeq.get(seq) ?? [];
    const erased = listed.filter(({ file }) => named.has(file));
    if (erased.length === 0) return [];
    const others = listed.filter(({ file }) => !named.has(file));
    if (others.length === 0) this.#bySeq.delete(seq);
    else this.#bySeq.set(seq, others);
    const ids = erased.map(({ file }) => file);
    this.#erasedAt.set(seq, [...(this.#erasedAt.get(seq) ?? []), ...ids]);
    return this.#removeFiles(seq, erased);
  }

  #removeFiles(seq: number, listed: readonly MutableFileEntry[]): FileId[] {
    const previews = listed.flatMap(({ file }) => this.#previews.get(file) ?? []);
    const entries = new Set(listed);
    for (const preview of previews) {
      const entry = this.#files.get(preview);
      if (entry !== undefined) entries.add(entry);
    }
    return [...entries].flatMap((entry) => this.#removePost(entry, seq));
  }

  #removePost(fileEntry: MutableFileEntry, seq: number): FileId[] {
    const room = fileEntry.at.get(seq);
    fileEntry.at.delete(seq);
    const isInRoom = [...fileEntry.at.values()].some((other) => other === room);
    if (room !== undefined && !isInRoom) this.#removeFrom(room, fileEntry);
    if (fileEntry.at.size > 0) return [];
    this.#files.delete(fileEntry.file);
    this.#bytesBy.set(fileEntry.by, this.bytesOf(fileEntry.by) - fileEntry.size);
    this.#totalBytes -= fileEntry.size;
    return [fileEntry.file];
  }

  #removeFrom(room: RoomId, fileEntry: MutableFileEntry): void {
    const senders = this.#inRooms.get(room);
    const files = senders?.get(fileEntry.by);
    files?.delete(fileEntry);
    if (files?.size === 0) senders?.delete(fileEntry.by);
    if (senders?.size === 0) this.#inRooms.delete(room);
  }
}

/**
 * Returns the files that a message lists and that were not erased without it. Invalid entries and
 * repeated ids are omitted, so that the other files stay available.
 */
export function filesIn(body: unknown): readonly FileBody[] {
  return readFiles(listedIn(body).filter((entry) => !isMarkedErased(entry)));
}

/** Returns the files of a message that were erased without it. */
export function erasedFilesIn(body: unknown): readonly FileBody[] {
  return readFiles(listedIn(body).filter(isMarkedErased));
}

/** Marks files of a verified body as erased. The log keeps their entries until the message goes. */
export function withErasedFiles<Fields extends JsonObject>(
  body: Fields,
  erased: Iterable<string>,
): Fields {
  const ids = new Set(erased);
  const { files } = body;
  if (ids.size === 0 || !Array.isArray(files)) return body;
  const marked = files.map((entry) => {
    return ids.has(Object(entry)["file"]) ? { ...entry, erased: true } : entry;
  });
  return { ...body, files: marked };
}

export function isMarkedErased(entry: unknown): boolean {
  return Object(entry)["erased"] === true;
}

function readFiles(entries: readonly unknown[]): readonly FileBody[] {
  const files = new Map<FileId, FileBody>();
  for (const entry of entries) {
    const file = fileIn(entry);
    if (file !== undefined && !files.has(file.file)) files.set(file.file, file);
  }
  return [...files.values()];
}

function listedIn(body: unknown): readonly unknown[] {
  if (typeof body !== "object" || body === null) return [];
  return fieldsOf("file", body as JsonObject).files?.slice(0, FILES_PER_POST_MAX) ?? [];
}

/** Returns an entry of `files`; `undefined` if it is invalid. */
export function fileIn(entry: unknown): FileBody | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const fields = entry as Readonly<Record<string, unknown>>;
  const { file, name, size, chunks, digest, folder, details, preview } = fields;
  if (!isId(file)) return undefined;
  if (typeof name !== "string" || name === "") return undefined;
  if (!isCount(size) || size > FILE_BYTES_MAX) return undefined;
  if (chunks !== Math.ceil(size / CHUNK_BYTES)) return undefined;
  if (typeof digest !== "string" || !HEX_DIGEST.test(digest)) return undefined;
  const named = previewIn(preview, file);
  const sizes = folderOf(folder);
  if (folder !== undefined && sizes === undefined) return undefined;
  const known = { file, name, size, chunks, digest, folder: sizes };
  return defined({ ...known, details: readFileDetails(details), preview: named });
}

function isId(value: unknown): value is FileId {
  return typeof value === "string" && isFileId(value);
}

/** No body is parsed, because the list is the last field of a sealed message with files. */
export function isSealedWithFiles(record: FoldedRecord): boolean {
  return record.head.kind === "sealed" && record.bodyBytes?.at(-2) === BRACKET_CLOSE;
}

function folderOf(folder: unknown): FileBody["folder"] {
  if (typeof folder !== "object" || folder === null) return undefined;
  const { entries, manifestBytes } = folder as Readonly<Record<string, unknown>>;
  // Receivers keep the list in memory, and no server checks that of an encrypted file.
  if (!isCount(entries) || entries > FOLDER_ENTRIES_MAX) return undefined;
  if (!isCount(manifestBytes) || manifestBytes > MANIFEST_BYTES_MAX) return undefined;
  return { entries, manifestBytes };
}

/** An invalid preview is ignored, so that its file remains available. */
function previewIn(value: unknown, original: FileId): FilePreview | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { file, size, digest, width, height } = value as Readonly<Record<string, unknown>>;
  if (typeof file !== "string" || !isFileId(file) || file === original) return undefined;
  if (!isCount(size) || size === 0 || size > SEALED_PREVIEW_BYTES_MAX) return undefined;
  if (typeof digest !== "string" || !HEX_DIGEST.test(digest)) return undefined;
  const isSide = (side: unknown) => isCount(side) && side >= 1 && side <= PREVIEW_SIDE_MAX;
  const sides = isSide(width) && isSide(height) ? { width, height } : {};
  return { file, size, digest, ...sides } as FilePreview;
}
