import { Fault } from "../../base/fault.ts";
import { type FileId, isFileId } from "../../base/ids.ts";
import { DOWNLOAD_NOTE_KEEP_MS } from "../../base/limits-page.ts";
import type { OutboxOwner as Owner } from "../../io/state/outbox-store.ts";
import type { SaveHandle } from "../browser/environment.ts";
import type { Store } from "../browser/indexed-db.ts";

/** One download into a file of this person's, as the browser keeps it. */
export interface DownloadEntry {
  readonly key: string;
  readonly file: FileId;
  /** Cleaned. */
  readonly name: string;
  readonly handle: SaveHandle;
  readonly isPaused: boolean;
  readonly begunUnixMs: number;
}

/** Downloads that are not finished, so that a page that is loaded again goes on with them. */
export class DownloadJournal {
  readonly #store: Store;
  readonly #prefix: string;

  constructor(store: Store, { fingerprint, user }: Owner) {
    this.#store = store;
    this.#prefix = `${fingerprint} ${user.toLowerCase()} `;
  }

  /** Those that an earlier page left, oldest first; what is long past is forgotten. */
  async left(unixMs: number): Promise<DownloadEntry[]> {
    const kept = await this.#store.all("downloads", this.#prefix);
    const journal = kept.flatMap(([, value]) => noteOf(value) ?? []);
    const isOld = ({ begunUnixMs }: DownloadEntry) => begunUnixMs < unixMs - DOWNLOAD_NOTE_KEEP_MS;
    for (const { key } of journal.filter(isOld)) this.remove(key);
    const fresh = journal.filter((note) => !isOld(note));
    return fresh.sort((one, other) => one.begunUnixMs - other.begunUnixMs);
  }

  put(note: DownloadEntry): void {
    this.#write(note.key, note);
  }

  remove(key: string): void {
    this.#write(key, undefined);
  }

  /** What the browser does not keep has to be fetched again after a reload. */
  #write(key: string, value: DownloadEntry | undefined): void {
    const change = { table: "downloads", key: this.#prefix + key, value } as const;
    this.#store.write([change]).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
    });
  }
}

function noteOf(value: unknown): DownloadEntry | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { key, file, name, handle, begunUnixMs } = value as Partial<DownloadEntry>;
  const isWhole =
    typeof key === "string" &&
    typeof file === "string" &&
    isFileId(file) &&
    typeof name === "string" &&
    typeof handle === "object" &&
    typeof begunUnixMs === "number";
  return isWhole ? (value as DownloadEntry) : undefined;
}
