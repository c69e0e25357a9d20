/** Journal of unfinished uploads, with the checksums of their chunks. */

import * as v from "valibot";
import { concatBytes, SHA256_BYTES } from "../../base/bytes.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES, UPLOAD_KEEP_MS } from "../../base/limits.ts";
import { ATTACHMENTS_STORED_BYTES_MAX } from "../../base/limits-page.ts";
import type { FileMessage } from "../../core/rooms/files.ts";
import type { OutboxOwner } from "../../io/state/outbox-store.ts";
import type {
  FoundUpload,
  ResumableUpload,
  ResumableUploads,
  UploadKey,
} from "../../io/state/upload-journal.ts";
import { numberKey, type Store, type TableChange } from "../browser/indexed-db.ts";
import type { FolderNode } from "../browser/local-folder.ts";
import { type JournalEntry, type JournalOptions, TransferJournal } from "./journal.ts";

/** Handle from a drop or file picker. Survives reloads. */
export interface FileHandle {
  readonly name: string;
  getFile(): Promise<File>;
  queryPermission?(mode: { readonly mode: "read" }): Promise<string>;
  requestPermission?(mode: { readonly mode: "read" }): Promise<string>;
}

export interface FolderHandle
  extends FolderNode,
    Pick<FileHandle, "queryPermission" | "requestPermission"> {}

export interface UploadEntry extends JournalEntry, FileMessage {
  readonly fingerprint: string;
  readonly user: string;
  readonly to: string;
  readonly sizeBytes: number;
  readonly stamp: string;
  readonly handle: FileHandle | FolderHandle | undefined;
  readonly isFolder?: boolean | undefined;
  /** Sends a smaller copy of a photo. The other fields describe the original. */
  readonly isSmaller?: boolean | undefined;
  readonly file: FileId | undefined;
  readonly upTo: number;
}

/**
 * A reloaded page hashes unstored chunks again. Smaller rows would make an upload ten times slower.
 */
const HASHES_PER_ROW = TRANSFER_SYNC_BYTES / CHUNK_BYTES;

const OPTIONS: JournalOptions = {
  table: "uploads",
  maxAgeMs: UPLOAD_KEEP_MS,
  schema: v.looseObject({
    key: v.string(),
    to: v.string(),
    name: v.string(),
    stamp: v.string(),
    begunUnixMs: v.number(),
    upTo: v.pipe(v.number(), v.safeInteger()),
    text: v.optional(v.string()),
    sending: v.optional(v.string()),
    re: v.optional(v.pipe(v.number(), v.safeInteger())),
    thread: v.optional(v.boolean()),
  }),
};

export class BrowserUploadJournal extends TransferJournal<UploadEntry> implements ResumableUploads {
  readonly #entries = new Map<string, UploadEntry>();
  readonly #hashes = new Map<string, Uint8Array[]>();
  readonly #storedCounts = new Map<string, number>();
  /** Sizes of the files in the store. */
  readonly #contentBytes = new Map<string, number>();

  constructor(store: Store, owner: OutboxOwner) {
    super(store, owner, OPTIONS);
  }

  async adopt(entry: UploadEntry): Promise<void> {
    const hashes = (await this.#rows(entry.key)).flatMap(([, value]) => {
      return value instanceof Uint8Array ? splitHashes(value) : [];
    });
    const upTo = Math.min(entry.upTo, hashes.length);
    this.#entries.set(entry.key, { ...entry, upTo });
    this.#hashes.set(entry.key, hashes.slice(0, upTo));
    this.#storedCounts.set(entry.key, upTo);
  }

  /**
   * Stores a file that a reloaded page could not read otherwise, unless it is too large or the
   * browser does not store files.
   */
  putContent(key: string, file: File): void {
    if (this.store.isExternal === true || this.store.isEphemeral === true) return;
    let bytes = file.size;
    for (const storedBytes of this.#contentBytes.values()) bytes += storedBytes;
    if (bytes > ATTACHMENTS_STORED_BYTES_MAX) return;
    this.#contentBytes.set(key, file.size);
    this.enqueue(() => this.store.write([this.#contentChange(key, file)]));
  }

  /** Returns the stored files, and removes those without an upload. */
  async loadContents(): Promise<ReadonlyMap<string, File>> {
    // An upload is stored before its file, and removed before it.
    const rows = await this.store.all("sending", this.prefix);
    const known = new Set((await this.store.all("uploads", this.prefix)).map(([key]) => key));
    const contents = new Map<string, File>();
    for (const [row, file] of rows) {
      const key = row.slice(this.prefix.length);
      if (!known.has(row)) this.enqueue(() => this.store.write([this.#contentChange(key)]));
      else if (file instanceof File) contents.set(key, file);
    }
    for (const [key, { size }] of contents) this.#contentBytes.set(key, size);
    return contents;
  }

  #contentChange(key: string, value?: File): TableChange {
    return { table: "sending", key: this.prefix + key, value };
  }

  get(key: string): UploadEntry | undefined {
    return this.#entries.get(key);
  }

  override put(entry: UploadEntry): void {
    this.#entries.set(entry.key, entry);
    super.put(entry);
  }

  override remove(key: string): void {
    this.#entries.delete(key);
    this.#hashes.delete(key);
    super.remove(key);
    this.#removeRows(key);
    if (this.#contentBytes.delete(key))
      this.enqueue(() => this.store.write([this.#contentChange(key)]));
  }

  find({ path }: UploadKey): FoundUpload | undefined {
    const entry = this.#entries.get(path);
    if (entry?.file === undefined) return undefined;
    return { upload: this.#upload(path, entry.file), stamp: entry.stamp };
  }

  begin({ path }: UploadKey, stamp: string, file: FileId): ResumableUpload {
    this.#restart(path, { file, stamp });
    return this.#upload(path, file);
  }

  #upload(key: string, file: FileId): ResumableUpload {
    const hashes = () => this.#hashes.get(key) ?? [];
    return {
      file,
      get upTo() {
        return hashes().length;
      },
      addHashes: (hashes) => this.#appendHashes(key, hashes),
      truncate: (upTo) => this.#truncate(key, upTo),
      setStamp: (stamp) => {
        const entry = this.#entries.get(key);
        if (entry !== undefined && entry.stamp !== stamp) this.put({ ...entry, stamp });
      },
      *hashes(from = 0) {
        yield* hashes().slice(from);
      },
      remove: () => this.#restart(key, { file: undefined }),
    };
  }

  #appendHashes(key: string, added: readonly Uint8Array[]): void {
    const entry = this.#entries.get(key);
    const hashes = this.#hashes.get(key);
    if (entry === undefined || hashes === undefined || added.length === 0) return;
    hashes.push(...added);
    const updated = { ...entry, upTo: hashes.length };
    this.#entries.set(key, updated);
    const storedCount = this.#storedCounts.get(key) ?? 0;
    if (hashes.length - storedCount < HASHES_PER_ROW) return;
    this.#storedCounts.set(key, hashes.length);
    const row = `${this.#rowPrefix(key)}${numberKey(storedCount)}`;
    super.put(updated, [
      { table: "hashes", key: row, value: concatBytes(...hashes.slice(storedCount)) },
    ]);
  }

  #truncate(key: string, upTo: number): void {
    const hashes = this.#hashes.get(key) ?? [];
    if (upTo >= hashes.length) return;
    this.#restart(key, {});
    this.#appendHashes(key, hashes.slice(0, upTo));
  }

  #restart(key: string, change: Partial<UploadEntry>): void {
    const entry = this.#entries.get(key);
    this.#hashes.set(key, []);
    if (entry !== undefined) this.put({ ...entry, ...change, upTo: 0 });
    this.#removeRows(key);
  }

  #removeRows(key: string): void {
    this.#storedCounts.delete(key);
    this.enqueue(async () => {
      const rows = await this.#rows(key);
      await this.store.write(
        rows.map(([row]) => ({ table: "hashes", key: row, value: undefined })),
      );
    });
  }

  #rows(key: string): Promise<[string, unknown][]> {
    return this.store.all("hashes", this.#rowPrefix(key));
  }

  #rowPrefix(key: string): string {
    return `${this.prefix}${key} `;
  }
}

function splitHashes(bytes: Uint8Array): Uint8Array[] {
  const count = Math.floor(bytes.length / SHA256_BYTES);
  return Array.from({ length: count }, (_, i) =>
    bytes.slice(i * SHA256_BYTES, (i + 1) * SHA256_BYTES),
  );
}
