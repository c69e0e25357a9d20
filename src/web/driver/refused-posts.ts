/**
 * Refused posts, stored until the user resends or discards them. Each tab owns its rows of the
 * shared store, and takes over those of closed tabs when it starts.
 */

import { Fault, type FaultCode, type Translatable } from "../../base/fault.ts";
import type { LocalEvent } from "../../core/model/event.ts";
import { type RefusedPost, refusedPosts } from "../../core/model/selectors.ts";
import type { PendingPost } from "../../core/model/state.ts";
import type { Platform } from "../browser/environment.ts";
import type { Preferences, TabRow } from "../browser/preferences.ts";
import type { TabDrafts } from "./drafts.ts";

/** Refused posts of a tab that are stored. The newest are kept. */
const STORED_MAX = 100;
const POSTS_LOCK_WAIT_MS = 5_000;
const TABLE = "refused";

interface StoredPost extends Pick<PendingPost, "to" | "body" | "writtenUnixMs"> {
  readonly code: FaultCode;
  readonly message: string | Translatable;
}

export interface RefusedPostsOptions {
  readonly platform: Pick<Platform, "locks">;
  readonly preferences: Preferences;
  readonly tabs: Pick<TabDrafts, "id" | "rows">;
  /** `undefined` while nobody is logged in. */
  readonly user: () => string | undefined;
  readonly pending: () => readonly PendingPost[];
  readonly emit: (event: LocalEvent) => void;
  /** Resolves when the posts so far are stored. */
  readonly written: () => Promise<void>;
}

export class RefusedPosts {
  /** Keys of the posts that this tab has stored. */
  #stored = new Set<string>();
  #seen: readonly PendingPost[] = [];

  constructor(private readonly options: RefusedPostsOptions) {}

  /** The model may have changed. */
  follow(): void {
    const pending = this.options.pending();
    const user = this.options.user();
    if (pending === this.#seen || user === undefined) return;
    this.#seen = pending;
    const before = this.#stored;
    const refused = refusedPosts({ pending }).slice(-STORED_MAX);
    this.#stored = new Set(refused.map(({ key }) => key));
    const added = refused.filter(({ key }) => !before.has(key));
    const gone = [...before].filter((key) => !this.#stored.has(key));
    if (added.length + gone.length > 0) void this.#store(user, added, gone);
  }

  /** Shows the refused posts of this tab before its reload, and those of closed tabs. */
  async restore(user: string): Promise<void> {
    const { platform, emit } = this.options;
    const rows = await platform.locks.run("chat refused", POSTS_LOCK_WAIT_MS, () =>
      this.#adopt(user),
    );
    if (this.options.user()?.toLowerCase() !== user.toLowerCase()) return;
    for (const { key, value } of rows) {
      if (this.#stored.has(key)) continue;
      const { code, message, ...post } = value as StoredPost;
      emit({ kind: "posted", key, id: "", ...post });
      this.#stored.add(key);
      const fault = new Fault(code, message);
      emit({ kind: "settled", key, outcome: { kind: "refused", fault } });
    }
  }

  /** Called at a logout. The rows stay for the next login. */
  clear(): void {
    this.#stored.clear();
    this.#seen = [];
  }

  /** Makes this tab the owner of the rows of closed tabs. */
  async #adopt(user: string): Promise<readonly TabRow[]> {
    const { preferences, tabs } = this.options;
    const tab = await tabs.id();
    const rows = (await tabs.rows(TABLE, user)).filter(({ isOpen }) => !isOpen);
    const moved = rows.flatMap((row) =>
      row.isOwn
        ? []
        : [
            { ...row, tab },
            { ...row, value: undefined },
          ],
    );
    await preferences.storeTabRows(TABLE, user, moved);
    return rows;
  }

  async #store(user: string, posts: readonly RefusedPost[], gone: readonly string[]) {
    const { preferences, tabs, written } = this.options;
    const tab = await tabs.id();
    const rows = posts.map(({ key, to, body, writtenUnixMs, state: { fault } }) => {
      const { message = fault.message } = fault.translatable;
      const value: StoredPost = { to, body, writtenUnixMs, code: fault.code, message };
      return { key, tab, value };
    });
    if (gone.length > 0) await written(); // A post that was sent again is in the outbox first.
    const deleted = gone.map((key) => ({ key, tab, value: undefined }));
    await preferences.storeTabRows(TABLE, user, [...rows, ...deleted]);
  }
}
