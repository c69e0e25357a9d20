/** Journal of unfinished uploads, with the checksums of their chunks. */

import * as v from "valibot";
import { concatBytes, SHA256_BYTES } from "../../base/bytes.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES, UPLOAD_KEEP_MS } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
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

/** Upload of a file of a stored message, whose key for the file is that of the entry. */
interface UploadEntry extends JournalEntry {
  readonly stamp: string;
  readonly file: FileId;
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
    stamp: v.string(),
    file: v.string(),
    begunUnixMs: v.number(),
    upTo: v.pipe(v.number(), v.safeInteger()),
  }),
};

export class BrowserUploadJournal extends TransferJournal<UploadEntry> implements ResumableUploads {
  readonly #entries = new Map<string, UploadEntry>();
  readonly #hashes = new Map<string, Uint8Array[]>();
  readonly #storedCounts = new Map<string, number>();

  constructor(
    store: Store,
    owner: OutboxOwner,
    private readonly clock: Pick<Clock, "unixMs">,
  ) {
    super(store, owner, OPTIONS);
  }

  /** Reads the entries of a message that another page has stored. */
  async adopt(keys: ReadonlySet<string>): Promise<void> {
    for (const entry of await this.loadEntries(this.clock.unixMs())) {
      const { key } = entry;
      if (!keys.has(key) || this.#entries.has(key)) continue;
      const hashes = (await this.#rows(key)).flatMap(([, value]) => {
        return value instanceof Uint8Array ? splitHashes(value) : [];
      });
      const upTo = Math.min(entry.upTo, hashes.length);
      this.#entries.set(key, { ...entry, upTo });
      this.#hashes.set(key, hashes.slice(0, upTo));
      this.#storedCounts.set(key, upTo);
    }
  }

  /** Upload of the file so far; `undefined` if none has begun. */
  fileOf(key: string): FileId | undefined {
    return this.#entries.get(key)?.file;
  }

  /** The content is uploaded, or its message discarded. */
  forget(key: string): void {
    if (this.#entries.has(key)) this.remove(key);
  }

  override remove(key: string): void {
    this.#entries.delete(key);
    this.#hashes.delete(key);
    super.remove(key);
    this.#removeRows(key);
  }

  find({ path }: UploadKey): FoundUpload | undefined {
    const entry = this.#entries.get(path);
    if (entry === undefined) return undefined;
    return { upload: this.#upload(path, entry.file), stamp: entry.stamp };
  }

  begin({ path: key }: UploadKey, stamp: string, file: FileId): ResumableUpload {
    const begunUnixMs = this.clock.unixMs();
    this.#restart(key, { key, stamp, file, begunUnixMs, upTo: 0 });
    return this.#upload(key, file);
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
        if (entry !== undefined && entry.stamp !== stamp) this.#set({ ...entry, stamp });
      },
      *hashes(from = 0) {
        yield* hashes().slice(from);
      },
      remove: () => this.forget(key),
    };
  }

  #set(entry: UploadEntry): void {
    this.#entries.set(entry.key, entry);
    this.put(entry);
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
    this.put(updated, [
      { table: "hashes", key: row, value: concatBytes(...hashes.slice(storedCount)) },
    ]);
  }

  #truncate(key: string, upTo: number): void {
    const hashes = this.#hashes.get(key) ?? [];
    const entry = this.#entries.get(key);
    if (upTo >= hashes.length || entry === undefined) return;
    this.#restart(key, entry);
    this.#appendHashes(key, hashes.slice(0, upTo));
  }

  #restart(key: string, entry: UploadEntry): void {
    this.#hashes.set(key, []);
    this.#set({ ...entry, upTo: 0 });
    this.#removeRows(key);
  }

  #removeRows(key: string): void {
    this.#storedCounts.delete(key);
    this.enqueue(async () => {
      const rows = await this.#rows(key);
      const removals = rows.map(([row]): TableChange => {
        return { table: "hashes", key: row, value: undefined };
      });
      await this.store.write(removals);
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
