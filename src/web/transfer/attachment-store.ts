/** Store for attached, unsent files, so that a reloaded page has them. */

import * as v from "valibot";
import { toBase64Url } from "../../base/bytes.ts";
import { asFault } from "../../base/fault.ts";
import { ID_BYTES } from "../../base/ids.ts";
import { ATTACHMENTS_KEEP_MS, ATTACHMENTS_STORED_BYTES_MAX } from "../../base/limits-page.ts";
import { keyWithoutThread } from "../../core/model/draft-targets.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { accountPrefix } from "../browser/indexed-db.ts";
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

interface LockedAttachment {
  readonly key: string;
  readonly sizeBytes: number;
  readonly release: () => void;
}

/**
 * A browser lock shows that the tab of a file is open. After the tab closes, another tab adopts it.
 */
export class AttachmentStore {
  readonly #prefix: string;
  readonly #locked = new Map<Attachment, LockedAttachment>();
  /** Serialises writes, so that a file is added before it is removed. */
  readonly #writes = new TaskQueue();
  #lastKeyMs = 0;
  #isClosed = false;

  constructor(private readonly options: PageTransfersOptions) {
    this.#prefix = accountPrefix(options.owner);
  }

  /**
   * Returns the files of closed pages, in the order of attachment.
   * @throws {Fault} store-…
   */
  async restore(): Promise<readonly (readonly [string, Attachment])[]> {
    const { platform } = this.options;
    const { store, clock, locks } = platform;
    const since = clock.unixMs() - ATTACHMENTS_KEEP_MS;
    const restored: [string, Attachment][] = [];
    for (const [key, value] of await store.all("attached", this.#prefix)) {
      if (!v.is(STORED_ATTACHMENT, value) || value.addedUnixMs < since) {
        await store.write([{ table: "attached", key, value: undefined }]);
        continue;
      }
      const release = await locks.hold(lockName(key));
      if (release === undefined) continue; // The tab is still open; it may be this tab.
      if (this.#isClosed) {
        release();
        break;
      }
      const { target, file, handle } = value;
      const attachment = { file, handle };
      this.#locked.set(attachment, { key, sizeBytes: file.size, release });
      restored.push([target, attachment]);
    }
    return restored;
  }

  /** @returns false for a folder, or if the file is too large or the browser cannot store it */
  store(target: string, attachment: Attachment): Promise<boolean> {
    return this.#writes.run(() => this.#store(target, attachment));
  }

  delete(attachment: Attachment): Promise<unknown> {
    return this.#writes.run(async () => {
      const locked = this.#locked.get(attachment);
      if (locked === undefined) return;
      this.#locked.delete(attachment);
      const { store } = this.options.platform;
      await store.write([{ table: "attached", key: locked.key, value: undefined }]).catch(asFault);
      locked.release();
    });
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
    for (const { release } of this.#locked.values()) release();
    this.#locked.clear();
  }

  async #store(target: string, attachment: Attachment): Promise<boolean> {
    const { store, entropy, clock, locks } = this.options.platform;
    const { file, handle } = attachment;
    if (!(file instanceof File)) return false;
    let storedBytes = file.size;
    for (const { sizeBytes } of this.#locked.values()) storedBytes += sizeBytes;
    // The store of `chat web` is outside the browser and does not store files.
    const isFull = storedBytes > ATTACHMENTS_STORED_BYTES_MAX;
    if (isFull || store.isExternal === true || store.isEphemeral === true) return false;
    const addedUnixMs = clock.unixMs();
    // Keys increase, because files are restored in the order of their keys.
    this.#lastKeyMs = Math.max(addedUnixMs, this.#lastKeyMs + 1);
    const key = `${this.#prefix}${this.#lastKeyMs} ${toBase64Url(entropy(ID_BYTES))}`;
    const release = await locks.hold(lockName(key));
    if (release === undefined) return false;
    const value: v.InferOutput<typeof STORED_ATTACHMENT> = { target, file, handle, addedUnixMs };
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
    this.#locked.set(attachment, { key, sizeBytes: file.size, release });
    return true;
  }
}

function lockName(key: string): string {
  return `chat attached ${key}`;
}
