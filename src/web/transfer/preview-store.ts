/** Previews that this page made itself, so that a reloaded page need not fetch their originals. */

import * as v from "valibot";
import { ignoreFault } from "../../base/fault.ts";
import { PREVIEWS_STORED_BYTES_MAX, PREVIEWS_STORED_MAX } from "../../base/limits-page.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { accountPrefix } from "../browser/indexed-db.ts";
import type { PageTransfersOptions } from "./journal.ts";
import type { PreviewPicture } from "./previews.ts";

const STORED_PREVIEW = v.object({
  blob: v.instance(Blob),
  width: v.number(),
  height: v.number(),
  madeUnixMs: v.number(),
});
type StoredPreview = v.InferOutput<typeof STORED_PREVIEW>;

/** Loses previews rather than failing. The oldest are removed first. */
export class PreviewStore {
  readonly #platform: Pick<PageTransfersOptions["platform"], "store" | "clock">;
  readonly #prefix: string;
  readonly #writes = new TaskQueue();
  #isClosed = false;

  constructor({ platform, owner }: Pick<PageTransfersOptions, "platform" | "owner">) {
    this.#platform = platform;
    this.#prefix = accountPrefix(owner);
  }

  async get(file: string): Promise<PreviewPicture | undefined> {
    const { store } = this.#platform;
    return parseRow(await store.get("previews", this.#prefix + file).catch(ignoreFault));
  }

  put(file: string, { blob, width, height }: PreviewPicture): Promise<void> {
    const { store, clock } = this.#platform;
    // The store of `chat web` is outside the browser and does not store blobs.
    if (store.isExternal === true || store.isEphemeral === true) return Promise.resolve();
    return this.#writes.run(async () => {
      const key = this.#prefix + file;
      const removed = await this.#surplus(key, blob.size);
      if (this.#isClosed) return;
      const value: StoredPreview = { blob, width, height, madeUnixMs: clock.unixMs() };
      const deletions = removed.map(
        (key) => ({ table: "previews", key, value: undefined }) as const,
      );
      await store.write([...deletions, { table: "previews", key, value }]).catch(ignoreFault);
    });
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Returns the keys of the rows that leave no room for another one. */
  async #surplus(newKey: string, newBytes: number): Promise<string[]> {
    const { store } = this.#platform;
    const rows = (await store.all("previews", this.#prefix).catch(ignoreFault)) ?? [];
    const parsed = rows.map(([key, value]) => ({ key, row: parseRow(value) }));
    parsed.sort((a, b) => (b.row?.madeUnixMs ?? 0) - (a.row?.madeUnixMs ?? 0));
    let [count, bytes] = [1, newBytes];
    return parsed.flatMap(({ key, row }) => {
      if (key === newKey) return [];
      count += 1;
      bytes += row?.blob.size ?? Number.POSITIVE_INFINITY;
      return count > PREVIEWS_STORED_MAX || bytes > PREVIEWS_STORED_BYTES_MAX ? [key] : [];
    });
  }
}

function parseRow(value: unknown): StoredPreview | undefined {
  return v.is(STORED_PREVIEW, value) ? value : undefined;
}
