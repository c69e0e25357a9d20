/** Store for the files of unsent messages, so that a reloaded page has them. */

import * as v from "valibot";
import { toBase64Url } from "../../base/bytes.ts";
import { asFault } from "../../base/fault.ts";
import { ID_BYTES } from "../../base/ids.ts";
import { ATTACHMENTS_KEEP_MS, ATTACHMENTS_STORED_BYTES_MAX } from "../../base/limits-page.ts";
import { keyWithoutThread } from "../../core/model/draft-targets.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { accountPrefix, type TableChange } from "../browser/indexed-db.ts";
import type { Attachment } from "./attachments.ts";
import type { PageTransfersOptions } from "./journal.ts";
import type { FileHandle, FolderHandle } from "./upload-journal.ts";

/** Contains the file itself, because a pasted file exists nowhere else. */
const STORED_ATTACHMENT = v.object({
  target: v.string(),
  file: v.instance(File),
  handle: v.optional(v.custom<FileHandle | FolderHandle>(() => true)),
  addedUnixMs: v.number(),
});

interface OwnAttachment {
  readonly key: string;
  readonly sizeBytes: number;
  isStored: boolean;
  /** True if the content was read from the store. */
  readonly isCopy?: true;
  /** Releases the lock of a file that is stored for a composer. */
  release?: () => void;
}

export interface AttachmentStoreOptions extends Pick<PageTransfersOptions, "platform" | "owner"> {
  /** Keys of the files of stored messages, which no longer belong to a composer. */
  readonly sentKeys?: () => Promise<ReadonlySet<string>>;
}

const NOTHING_SENT: ReadonlySet<string> = new Set();

/**
 * A browser lock shows that the tab of a file is open. After the tab closes, another tab adopts it.
 */
export class AttachmentStore {
  readonly #prefix: string;
  readonly #own = new Map<Attachment, OwnAttachment>();
  /** Serialises writes, so that a file is added before it is removed. */
  readonly #writes = new TaskQueue();
  #lastKeyMs = 0;
  #isClosed = false;

  constructor(private readonly options: AttachmentStoreOptions) {
    this.#prefix = accountPrefix(options.owner);
  }

  /**
   * Returns the files of the composers of closed pages, in the order of attachment.
   * @throws {Fault} store-…
   */
  async restore(): Promise<readonly (readonly [string, Attachment])[]> {
    const { clock, locks, store } = this.options.platform;
    const since = clock.unixMs() - ATTACHMENTS_KEEP_MS;
    const found: (v.InferOutput<typeof STORED_ATTACHMENT> & {
      readonly key: string;
      readonly release: () => void;
    })[] = [];
    const rows = await store.all("attached", this.#prefix);
    const sentBefore = await this.#sentKeys(rows.length);
    for (const [row, value] of rows) {
      const key = row.slice(this.#prefix.length);
      if (sentBefore.has(key)) continue;
      if (!v.is(STORED_ATTACHMENT, value) || value.addedUnixMs < since) {
        await store.write([this.removal(key)]);
        continue;
      }
      const release = await locks.hold(lockName(row));
      if (release === undefined) continue; // The tab is still open; it may be this tab.
      if (this.#isClosed) {
        release();
        break;
      }
      found.push({ ...value, key, release });
    }
    // A tab can have sent a file, and closed, before its lock was free.
    const sent = await this.#sentKeys(found.length);
    const restored: [string, Attachment][] = [];
    for (const { target, file, handle, key, release } of found) {
      if (sent.has(key) || this.#isClosed) {
        release();
        continue;
      }
      const attachment = { file, handle };
      this.#own.set(attachment, { key, sizeBytes: file.size, isStored: true, release });
      restored.push([target, attachment]);
    }
    return restored;
  }

  #sentKeys(count: number): ReadonlySet<string> | Promise<ReadonlySet<string>> {
    return count === 0 ? NOTHING_SENT : (this.options.sentKeys?.() ?? NOTHING_SENT);
  }

  /**
   * @param before file whose place the attachment takes
   * @returns false for a folder, or if the file is too large or the browser cannot store it
   */
  async store(target: string, attachment: Attachment, before?: Attachment): Promise<boolean> {
    const own = this.#begin(attachment, before && this.#own.get(before));
    if (before !== undefined) await this.delete(before);
    return this.#writes.run(async () => {
      if (own === undefined || !this.#own.has(attachment)) return false;
      const isStored = await this.#store(target, attachment, own);
      if (!isStored) this.#own.delete(attachment);
      return isStored;
    });
  }

  /** Key of a file that is stored or about to be stored. */
  keyOf(attachment: Attachment): string | undefined {
    return this.#own.get(attachment)?.key;
  }

  isStored(attachment: Attachment): boolean {
    return this.#own.get(attachment)?.isStored === true;
  }

  isOwn(key: string): boolean {
    return [...this.#own.values()].some((own) => own.key === key);
  }

  /** Keeps other tabs from adopting the file of a composer. */
  async hold(attachment: Attachment): Promise<void> {
    const own = this.#own.get(attachment);
    if (own === undefined || own.release !== undefined) return;
    const release = await this.options.platform.locks.hold(lockName(this.#prefix + own.key));
    if (release !== undefined) own.release = release;
  }

  /** @param place key in whose place the file is restored */
  newKey(place?: string): string {
    const { clock, entropy } = this.options.platform;
    // Keys increase, because files are restored in the order of their keys.
    if (place === undefined) this.#lastKeyMs = Math.max(clock.unixMs(), this.#lastKeyMs + 1);
    const time = place?.split(" ")[0] ?? this.#lastKeyMs;
    return `${time} ${toBase64Url(entropy(ID_BYTES))}`;
  }

  /** Adopts the file of a stored message; `undefined` if it was not stored. */
  async adopt(key: string): Promise<Attachment | undefined> {
    const value = await this.options.platform.store.get("attached", this.#prefix + key);
    if (!v.is(STORED_ATTACHMENT, value) || this.#isClosed) return undefined;
    const { file, handle } = value;
    const attachment = { file, handle };
    this.#own.set(attachment, { key, sizeBytes: file.size, isStored: true, isCopy: true });
    return attachment;
  }

  /** Stored copy, once, of a file that has changed since it was attached. */
  async copyOf(attachment: Attachment): Promise<Attachment | undefined> {
    const own = this.#own.get(attachment);
    if (own?.isStored !== true || own.isCopy === true) return undefined;
    const copy = await this.adopt(own.key);
    if (copy === undefined) return undefined;
    this.#own.delete(attachment);
    this.#own.set(copy, { ...own, isCopy: true });
    return copy;
  }

  removal(key: string): TableChange {
    return { table: "attached", key: this.#prefix + key, value: undefined };
  }

  delete(attachment: Attachment): Promise<unknown> {
    return this.#writes.run(async () => {
      const own = this.forget(attachment);
      if (own === undefined) return;
      await this.options.platform.store.write([this.removal(own.key)]).catch(asFault);
      own.release?.();
    });
  }

  /** The caller has removed, or removes, the row. */
  forget(attachment: Attachment): OwnAttachment | undefined {
    const own = this.#own.get(attachment);
    this.#own.delete(attachment);
    return own;
  }

  /**
   * Moves files out of threads that the accepted history lacks, into their rooms.
   * @param common `seq` of the last record that both histories contain
   */
  historyReplaced(common: number): Promise<void> {
    const { store } = this.options.platform;
    return this.#writes.run(async () => {
      for (const [key, value] of await store.all("attached", this.#prefix)) {
        if (!v.is(STORED_ATTACHMENT, value)) continue;
        const target = keyWithoutThread(value.target, common);
        if (target === value.target) continue;
        await store.write([{ table: "attached", key, value: { ...value, target } }]);
      }
    });
  }

  written(): Promise<void> {
    return this.#writes.run(async () => undefined);
  }

  close(): void {
    this.#isClosed = true;
    for (const { release } of this.#own.values()) release?.();
    this.#own.clear();
  }

  /** @returns `undefined` if the file is not stored */
  #begin(attachment: Attachment, before?: OwnAttachment): OwnAttachment | undefined {
    const { store } = this.options.platform;
    const { file } = attachment;
    if (!(file instanceof File)) return undefined;
    let storedBytes = file.size - (before?.sizeBytes ?? 0);
    for (const { sizeBytes } of this.#own.values()) storedBytes += sizeBytes;
    // The store of `chat web` is outside the browser and does not store files.
    const isFull = storedBytes > ATTACHMENTS_STORED_BYTES_MAX;
    if (isFull || store.isExternal === true || store.isEphemeral === true) return undefined;
    const own = { key: this.newKey(before?.key), sizeBytes: file.size, isStored: false };
    this.#own.set(attachment, own);
    return own;
  }

  async #store(target: string, { file, handle }: Attachment, own: OwnAttachment): Promise<boolean> {
    const { store, clock, locks } = this.options.platform;
    const key = this.#prefix + own.key;
    const release = await locks.hold(lockName(key));
    if (release === undefined) return false;
    const value = { target, file, handle, addedUnixMs: clock.unixMs() };
    try {
      if (!this.#isClosed) await store.write([{ table: "attached", key, value }]);
    } catch (error) {
      release();
      asFault(error);
      return false;
    }
    if (this.#isClosed) {
      release();
      return false;
    }
    own.isStored = true;
    own.release = release;
    return true;
  }
}

function lockName(key: string): string {
  return `chat attached ${key}`;
}
