/** Data that this browser stores per server: users, drafts, operator token, fingerprints. */

import * as v from "valibot";
import { decodeJson } from "../../base/decode.ts";
import { asFault, ignoreFault } from "../../base/fault.ts";
import type { ComposerDraft } from "../../core/model/state.ts";
import { isDraft } from "../../ui/text/draft.ts";
import { accountPrefix, type Store, type TableChange, type TableName } from "./indexed-db.ts";

export const SEALED_FLAG = { table: "places", key: "sealed" } as const;

/** The name is independent of the server's key, which may be replaced. */
export function sealedDatabaseName(account: string): string {
  return `chat sealed ${account}`;
}

export const TAB_SEPARATOR = "\n";

/** Changed drafts by target; `undefined` was deleted. */
export type Drafts = ReadonlyMap<string, ComposerDraft | undefined>;

/** Tables whose rows belong to tabs. */
export type TabTable = "drafts" | "refused";

export interface TabRow {
  /** Target of a draft, or key of a refused post. Neither contains control characters. */
  readonly key: string;
  /** Id of the tab that owns the row; empty if the tab could not store its id. */
  readonly tab: string;
  readonly value: unknown;
}

const LAST_USER = v.object({ user: v.string(), hasLeft: v.boolean() });

export class Preferences {
  #fingerprints: readonly string[] = [];
  readonly #enrolled = new Map<string, string>();
  #last: v.InferOutput<typeof LAST_USER> | undefined;

  constructor(private readonly store: Store) {}

  async loadLastUser(): Promise<string | undefined> {
    const last = await this.#get("last");
    this.#last = v.is(LAST_USER, last) ? last : undefined;
    return this.signedInUser;
  }

  get signedInUser(): string | undefined {
    return this.#last?.hasLeft === false ? this.#last.user : undefined;
  }

  /**
   * @param formers former fingerprints of the server
   * @returns the stored fingerprint if the server has an unrelated identity
   */
  async recordGreeting(
    fingerprint: string,
    formers: readonly string[],
  ): Promise<string | undefined> {
    this.#fingerprints = [fingerprint, ...formers];
    this.#enrolled.clear();
    for (const fingerprint of this.#fingerprints) {
      for (const [, value] of await this.#all(`enrolled ${fingerprint} `)) {
        if (typeof value === "string") this.#enrolled.set(value.toLowerCase(), value);
      }
    }
    const storedFingerprint = await this.#get("server");
    await this.#put([{ table: "places", key: "server", value: fingerprint }]);
    const hasChanged =
      typeof storedFingerprint === "string" && !this.#fingerprints.includes(storedFingerprint);
    return hasChanged ? storedFingerprint : undefined;
  }

  isEnrolled(user: string): boolean {
    return this.#enrolled.has(user.toLowerCase());
  }

  get users(): string[] {
    const last = this.#last?.user.toLowerCase();
    const rank = (user: string) => (user.toLowerCase() === last ? 0 : 1);
    return [...this.#enrolled.values()].sort((a, b) => rank(a) - rank(b));
  }

  recordLogin(user: string, isEnrolled: boolean): void {
    this.#last = { user, hasLeft: false };
    const changes: TableChange[] = [{ table: "places", key: "last", value: this.#last }];
    if (isEnrolled) {
      this.#enrolled.set(user.toLowerCase(), user);
      changes.push({ table: "places", key: this.#enrolledKey(user), value: user });
    }
    void this.#put(changes);
  }

  recordLogout(user: string, forget: boolean): void {
    this.#last = { user, hasLeft: true };
    const changes: TableChange[] = [{ table: "places", key: "last", value: this.#last }];
    if (forget) {
      this.#enrolled.delete(user.toLowerCase());
      for (const fingerprint of this.#fingerprints) {
        const key = this.#enrolledKey(user, fingerprint);
        changes.push({ table: "places", key, value: undefined });
      }
    }
    void this.#put(changes);
  }

  async migrate(old: string, user: string): Promise<void> {
    const present = this.#prefix(user);
    const changes: TableChange[] = [];
    for (const fingerprint of this.#fingerprints) {
      const prefix = accountPrefix({ fingerprint, user: old });
      if (prefix === present) continue;
      for (const table of ACCOUNT_TABLES) {
        for (const [key, value] of await this.#all(prefix, table)) {
          const newKey = present + key.slice(prefix.length);
          changes.push({ table, key: newKey, value }, { table, key, value: undefined });
        }
      }
    }
    if (changes.length > 0) await this.#put(changes);
  }

  /** Rows of all tabs. */
  async tabRows(table: TabTable, user: string): Promise<readonly TabRow[]> {
    const prefix = this.#prefix(user);
    return (await this.#all(prefix, table)).map(([suffix, value]) => {
      const [key = "", tab = ""] = suffix.slice(prefix.length).split(TAB_SEPARATOR);
      return { key, tab, value };
    });
  }

  /**
   * Stores all rows or none; `undefined` deletes one.
   * @returns false if they do not outlast the page
   */
  storeTabRows(table: TabTable, user: string, rows: readonly TabRow[]): Promise<boolean> {
    return this.#put(this.tabChanges(table, user, rows));
  }

  tabChanges(table: TabTable, user: string, rows: readonly TabRow[]): TableChange[] {
    return rows.map(({ key, tab, value }) => {
      const suffix = tab === "" ? "" : TAB_SEPARATOR + tab;
      return { table, key: this.#prefix(user) + key + suffix, value };
    });
  }

  serializeDrafts(user: string, drafts: Drafts): string {
    return JSON.stringify({ prefix: this.#prefix(user), drafts: [...drafts] });
  }

  /** @returns an empty map if the text is malformed or belongs to another account */
  parseDrafts(user: string, text: string): Drafts {
    try {
      const { prefix, drafts } = decodeJson(text) as {
        readonly prefix: unknown;
        readonly drafts: Iterable<readonly [target: unknown, draft: unknown]>;
      };
      if (prefix !== this.#prefix(user)) return new Map();
      return new Map(
        [...drafts].map(([target, draft]) => [`${target}`, isDraft(draft) ? draft : undefined]),
      );
    } catch {
      return new Map();
    }
  }

  /** Deletes waiting messages, attached files, and previews of received ones. */
  async deleteContent(user: string): Promise<void> {
    for (const table of ["messages", "attached", "uploads", "hashes", "previews"] as const) {
      const rows = await this.#all(this.#prefix(user), table);
      await this.#put(rows.map(([key]) => ({ table, key, value: undefined })));
    }
  }

  #prefix(user: string): string {
    return accountPrefix({ fingerprint: String(this.#fingerprints[0]), user });
  }

  #enrolledKey(user: string, fingerprint = this.#fingerprints[0]): string {
    return `enrolled ${fingerprint} ${user.toLowerCase()}`;
  }

  async #get(key: string): Promise<unknown> {
    return (await this.#all(key)).find(([entryKey]) => entryKey === key)?.[1];
  }

  async #all(prefix: string, table: TableName = "places"): Promise<[string, unknown][]> {
    return (await this.store.all(table, prefix).catch(ignoreFault)) ?? [];
  }

  async #put(changes: readonly TableChange[]): Promise<boolean> {
    try {
      await this.store.write(changes);
      return this.store.isEphemeral !== true;
    } catch (error) {
      asFault(error);
      return false;
    }
  }
}

const ACCOUNT_TABLES = [
  ...(["outbox", "uploads", "hashes", "drafts", "downloads", "attached"] as const),
  ...(["messages", "previews", "refused"] as const),
];
