/** Unsent posts in this browser, in IndexedDB. */

import * as v from "valibot";
import { decodeJson } from "../../base/decode.ts";
import { ignoreFault } from "../../base/fault.ts";
import type { OutboxId } from "../../base/ids.ts";
import type { OutboxQueueStore } from "../../client/outbox-queue.ts";
import { isOutboxId } from "../../core/rooms/dedup.ts";
import type {
  AbandonedOutbox,
  OutboxChange,
  OutboxOwner,
  UnsentPost,
} from "../../io/state/outbox-store.ts";
import type { Locks } from "./environment.ts";
import { accountPrefix, numberKey, type Store, type TableChange } from "./indexed-db.ts";

const STORED_POST = v.object({
  outbox: v.custom<OutboxId>((value) => typeof value === "string" && isOutboxId(value)),
  counter: v.pipe(v.number(), v.safeInteger()),
  to: v.string(),
  body: v.looseObject({ text: v.string() }),
  writtenUnixMs: v.number(),
});
type StoredPost = v.InferOutput<typeof STORED_POST>;

interface OutboxStoreOptions {
  readonly store: Store;
  readonly locks: Pick<Locks, "hold">;
}

interface OutboxStoreHooks {
  readonly migrated?: () => Promise<void>;
  /** Changes by which a message is not sent again, because its post is stored. */
  readonly posted?: (message: string) => readonly TableChange[];
}

/** A browser lock shows that the tab of an outbox is open. */
export class BrowserOutboxStore implements OutboxQueueStore {
  readonly #store: Store;
  readonly #locks: Pick<Locks, "hold">;
  readonly #hooks: OutboxStoreHooks;
  /** Key prefix that stays the same when the server renames the account. */
  #prefix: string | undefined;
  readonly #releases = new Map<string, () => void>();

  constructor({ store, locks }: OutboxStoreOptions, hooks: OutboxStoreHooks = {}) {
    this.#store = store;
    this.#locks = locks;
    this.#hooks = hooks;
  }

  async write(id: OutboxId, change: OutboxChange): Promise<void> {
    const { added, settled, queued = [], ...owner } = change;
    await this.#hold(id);
    const prefix = this.#prefixFor(owner);
    const changes = [
      ...added.map((post) => ({ ...rowKey(prefix, id, post.counter), value: toStored(id, post) })),
      ...settled.map((counter) => ({ ...rowKey(prefix, id, counter), value: undefined })),
    ];
    const messages = queued.flatMap((key) => this.#hooks.posted?.(key) ?? []);
    try {
      await this.#store.write([...changes, ...messages]);
    } catch (error) {
      // `WatchedStore` warns that unsent messages are lost with the page. The message is still
      // sent, as in a browser that stores nothing, so no later page may send it.
      ignoreFault(error);
      if (messages.length > 0) await this.#store.write(messages).catch(ignoreFault);
    }
  }

  async adopt(owner: OutboxOwner): Promise<AbandonedOutbox[]> {
    await this.#hooks.migrated?.();
    const postsByOutbox = new Map<OutboxId, UnsentPost[]>();
    for (const [, value] of await this.#store.all("outbox", this.#prefixFor(owner))) {
      if (!v.is(STORED_POST, value) || this.#releases.has(value.outbox)) continue;
      const posts = postsByOutbox.get(value.outbox) ?? [];
      postsByOutbox.set(value.outbox, posts);
      posts.push(fromStored(value));
    }
    const since = ({ posts }: AbandonedOutbox) => posts[0]?.createdUnixMs ?? 0;
    const outboxes: AbandonedOutbox[] = [];
    for (const [id, posts] of postsByOutbox) if (await this.#hold(id)) outboxes.push({ id, posts });
    return outboxes.sort((a, b) => since(a) - since(b));
  }

  /**
   * Marks the unsent posts of this tab that were stored after another tab had accepted a different
   * history: they may refer to messages of the former one.
   */
  async markLost(lostAfter: number): Promise<void> {
    const rows = this.#prefix === undefined ? [] : await this.#store.all("outbox", this.#prefix);
    const changes = rows.flatMap(([key, value]): TableChange[] => {
      if (!v.is(STORED_POST, value) || !this.#releases.has(value.outbox)) return [];
      const { body } = value;
      return [{ table: "outbox", key, value: { ...value, body: { lostAfter, ...body } } }];
    });
    if (changes.length > 0) await this.#store.write(changes);
  }

  release(id: OutboxId): void {
    this.#releases.get(id)?.();
    this.#releases.delete(id);
  }

  #prefixFor(owner: OutboxOwner): string {
    this.#prefix ??= accountPrefix(owner);
    return this.#prefix;
  }

  async #hold(id: OutboxId): Promise<boolean> {
    if (this.#releases.has(id)) return false;
    const release = await this.#locks.hold(`chat outbox ${id}`);
    if (release === undefined) return false;
    this.#releases.set(id, release);
    return true;
  }
}

function rowKey(prefix: string, id: OutboxId, counter: number): Pick<TableChange, "table" | "key"> {
  return { table: "outbox", key: `${prefix}${id} ${numberKey(counter)}` };
}

function toStored(outbox: OutboxId, post: UnsentPost): StoredPost {
  const { counter, target: to, createdUnixMs: writtenUnixMs } = post;
  return { outbox, counter, to, body: decodeJson(post.body) as StoredPost["body"], writtenUnixMs };
}

function fromStored({ counter, to: target, body, writtenUnixMs }: StoredPost): UnsentPost {
  return { counter, target, body: JSON.stringify(body), createdUnixMs: writtenUnixMs };
}
