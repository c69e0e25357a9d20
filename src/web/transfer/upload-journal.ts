import { concatBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES, UPLOAD_KEEP_MS } from "../../base/limits.ts";
import type {
  FoundUpload,
  ResumableUpload,
  ResumableUploads,
  UploadKey,
} from "../../io/state/kept-upload.ts";
import { HASH_BYTES } from "../../wire/chunks.ts";
import type { Change, Store } from "../browser/indexed-db.ts";

/** What a drop and a file picker give, where browsers have it: kept over a reload. */
export interface FileHandle {
  readonly name: string;
  getFile(): Promise<File>;
  queryPermission?(mode: { readonly mode: "read" }): Promise<string>;
  requestPermission?(mode: { readonly mode: "read" }): Promise<string>;
}

/** One upload of this browser, as it is kept. */
export interface UploadEntry {
  /** Of this upload; its `path` for the journal. */
  readonly key: string;
  readonly fingerprint: string;
  readonly user: string;
  readonly to: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** By which the same file is known again. */
  readonly stamp: string;
  readonly handle: FileHandle | undefined;
  readonly isPaused: boolean;
  readonly begunUnixMs: number;
  /** Undefined: it was not offered yet. */
  readonly file: FileId | undefined;
  /** Chunks whose checksums are known. */
  readonly upTo: number;
}

/** Keys sort like indexes. */
const DIGITS = 16;
/**
 * Checksums in one row. A page that is gone before so many more are known has its next one hash
 * those chunks again; writing after each few takes a tenth of the time that an upload does.
 */
const ROW_HASHES = TRANSFER_SYNC_BYTES / CHUNK_BYTES;

/**
 * Uploads of this browser that are not finished, so that a page that is loaded again goes on with
 * them. In memory, and written down behind it: it only spares work, since what is durable, the
 * server says.
 */
export class UploadJournal implements ResumableUploads {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #journal = new Map<string, UploadEntry>(); // By key; bounded by PAGE_UPLOADS_MAX.
  readonly #hashes = new Map<string, Uint8Array[]>();
  /** How many of those are in the browser. */
  readonly #kept = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, owner: { readonly fingerprint: string; readonly user: string }) {
    this.#store = store;
    this.#prefix = `${owner.fingerprint} ${owner.user.toLowerCase()} `;
  }

  /** Those that an earlier page left, oldest first; what the server has given up is forgotten. */
  async left(unixMs: number): Promise<UploadEntry[]> {
    const kept = await this.#store.all("uploads", this.#prefix);
    const journal = kept.flatMap(([, value]) => noteOf(value) ?? []);
    const old = journal.filter(({ begunUnixMs }) => begunUnixMs < unixMs - UPLOAD_KEEP_MS);
    for (const { key } of old) this.remove(key);
    const fresh = journal.filter((note) => !old.includes(note));
    return fresh.sort((one, other) => one.begunUnixMs - other.begunUnixMs);
  }

  /** Goes on with what was left. */
  async adopt(note: UploadEntry): Promise<void> {
    const rows = await this.#store.all("hashes", `${this.#prefix}${note.key} `);
    const hashes = rows.flatMap(([, value]) => (value instanceof Uint8Array ? split(value) : []));
    const upTo = Math.min(note.upTo, hashes.length);
    this.#journal.set(note.key, { ...note, upTo });
    this.#hashes.set(note.key, hashes.slice(0, upTo));
    this.#kept.set(note.key, upTo);
  }

  /** Whether it is kept already when this resolves, only `written` knows. */
  put(note: UploadEntry): void {
    this.#journal.set(note.key, note);
    this.#write([{ table: "uploads", key: this.#prefix + note.key, value: note }]);
  }

  get(key: string): UploadEntry | undefined {
    return this.#journal.get(key);
  }

  remove(key: string): void {
    this.#journal.delete(key);
    this.#hashes.delete(key);
    this.#kept.delete(key);
    this.#write([{ table: "uploads", key: this.#prefix + key, value: undefined }]);
    this.#later(() => this.#removeHashes(key, 0));
  }

  /** Resolves when all is written that was noted so far. */
  written(): Promise<void> {
    return this.#writing;
  }

  find(key: UploadKey, stamp: string): FoundUpload | undefined {
    const note = this.#journal.get(key.path);
    if (note?.file === undefined) return undefined;
    return { upload: this.#entry(note.key, note.file), changed: note.stamp !== stamp };
  }

  begin(key: UploadKey, stamp: string, file: FileId): ResumableUpload {
    const note = this.#journal.get(key.path);
    this.#hashes.set(key.path, []);
    this.#kept.delete(key.path);
    if (note !== undefined) this.put({ ...note, file, stamp, upTo: 0 });
    this.#later(() => this.#removeHashes(key.path, 0));
    return this.#entry(key.path, file);
  }

  #entry(key: string, file: FileId): ResumableUpload {
    const hashes = () => this.#hashes.get(key) ?? [];
    const count = () => hashes().length;
    return {
      file,
      get upTo() {
        return count();
      },
      note: (more) => this.#note(key, more),
      cut: (upTo) => this.#cut(key, upTo),
      *hashes() {
        yield* hashes();
      },
      end: () => {
        const note = this.#journal.get(key);
        if (note !== undefined) this.put({ ...note, file: undefined, upTo: 0 });
        this.#hashes.set(key, []);
        this.#kept.delete(key);
      },
    };
  }

  #note(key: string, more: readonly Uint8Array[]): void {
    const note = this.#journal.get(key);
    const known = this.#hashes.get(key);
    if (note === undefined || known === undefined || more.length === 0) return;
    known.push(...more);
    const changed = { ...note, upTo: known.length };
    this.#journal.set(key, changed);
    const kept = this.#kept.get(key) ?? 0;
    if (known.length - kept < ROW_HASHES) return;
    this.#kept.set(key, known.length);
    const row = `${this.#prefix}${key} ${String(kept).padStart(DIGITS, "0")}`;
    this.#write([
      { table: "uploads", key: this.#prefix + key, value: changed },
      { table: "hashes", key: row, value: concatBytes(...known.slice(kept)) },
    ]);
  }

  #cut(key: string, upTo: number): void {
    const note = this.#journal.get(key);
    const known = this.#hashes.get(key);
    if (note === undefined || known === undefined || upTo >= known.length) return;
    const kept = known.slice(0, upTo);
    this.#hashes.set(key, []);
    this.#kept.delete(key);
    this.put({ ...note, upTo: 0 });
    this.#later(() => this.#removeHashes(key, 0)); // They may reach over the cut.
    this.#note(key, kept);
  }

  async #removeHashes(key: string, from: number): Promise<void> {
    const rows = await this.#store.all("hashes", `${this.#prefix}${key} `);
    const gone = rows.slice(from).map(([row]) => ({ table: "hashes", key: row, value: undefined }));
    await this.#store.write(gone as Change[]);
  }

  #write(changes: readonly Change[]): void {
    this.#later(() => this.#store.write(changes));
  }

  /** In order. What the browser does not keep costs some hashing after a reload. */
  #later(act: () => Promise<void>): void {
    this.#writing = this.#writing.then(act).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
    });
  }
}

function split(bytes: Uint8Array): Uint8Array[] {
  const count = Math.floor(bytes.length / HASH_BYTES);
  return Array.from({ length: count }, (_, i) => bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

function noteOf(value: unknown): UploadEntry | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { key, to, name, stamp, begunUnixMs, upTo } = value as Partial<UploadEntry>;
  const isWhole =
    typeof key === "string" &&
    typeof to === "string" &&
    typeof name === "string" &&
    typeof stamp === "string" &&
    typeof begunUnixMs === "number" &&
    Number.isSafeInteger(upTo);
  return isWhole ? (value as UploadEntry) : undefined;
}
