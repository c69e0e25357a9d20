/** Data that this browser stores per server: users, drafts, operator token, fingerprints. */

import * as v from "valibot";
import { decodeJson } from "../../base/decode.ts";
import { asFault, ignoreFault } from "../../base/fault.ts";
import { DAY_MS } from "../../base/time.ts";
import { isSameName } from "../../core/model/item.ts";
import type { ComposerDraft } from "../../core/model/state.ts";
import { isDraft } from "../../ui/text/draft.ts";
import {
  accountPrefix,
  type Store,
  TABLES,
  type TableChange,
  type TableName,
} from "./indexed-db.ts";

export const SEALED_FLAG = { table: "places", key: "sealed" } as const;

/** The name is independent of the server's key, which may be replaced. */
export function sealedDatabaseName(account: string): string {
  return `chat sealed ${account}`;
}

/** Key of the row that tells whether this computer is shared. */
const SHARED = "shared";
const SHARED_WITHIN_MS = 7 * DAY_MS;
/** Rows that tell nothing about an account. */
const REMAINING: ReadonlySet<string> = new Set(["server", SHARED]);

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

const KNOWN_ACCOUNT = v.object({
  user: v.string(),
  account: v.optional(v.string()),
  displayName: v.optional(v.string()),
  hasPassword: v.optional(v.boolean()),
  /** Last sign-in by this browser's clock. */
  signedInUnixMs: v.optional(v.number()),
  isSignedOut: v.boolean(),
});

/** Account that somebody has used in this browser. */
export type KnownAccount = v.InferOutput<typeof KNOWN_ACCOUNT>;

export class Preferences {
  #fingerprints: readonly string[] = [];
  readonly #enrolled = new Map<string, string>();
  readonly #known = new Map<string, KnownAccount>();
  #isShared: boolean | undefined;
  #last: v.InferOutput<typeof LAST_USER> | undefined;

  constructor(private readonly store: Store) {}

  async loadLastUser(): Promise<string | undefined> {
    const last = await this.#get("last");
    this.#last = v.is(LAST_USER, last) ? last : undefined;
    const isShared = await this.#get(SHARED);
    this.#isShared = typeof isShared === "boolean" ? isShared : undefined;
    return this.signedInUser;
  }

  /** Reports whether the account is signed in in this browser, on any server of this address. */
  async isSignedIn(user: string): Promise<boolean> {
    const rows = await this.#all("known ");
    return rows.some(([, value]) => {
      return v.is(KNOWN_ACCOUNT, value) && isSameName(value.user, user) && !value.isSignedOut;
    });
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
    await this.refresh();
    const storedFingerprint = await this.#get("server");
    await this.#put([{ table: "places", key: "server", value: fingerprint }]);
    const hasChanged =
      typeof storedFingerprint === "string" && !this.#fingerprints.includes(storedFingerprint);
    return hasChanged ? storedFingerprint : undefined;
  }

  /** Reads the accounts again, which another tab may have changed. */
  async refresh(): Promise<void> {
    const enrolled: string[] = [];
    const known: KnownAccount[] = [];
    for (const fingerprint of this.#fingerprints) {
      for (const [, value] of await this.#all(`enrolled ${fingerprint} `))
        if (typeof value === "string") enrolled.push(value);
      for (const [, value] of await this.#all(`known ${fingerprint} `))
        if (v.is(KNOWN_ACCOUNT, value)) known.push(value);
    }
    this.#enrolled.clear();
    this.#known.clear();
    for (const user of enrolled) this.#enrolled.set(user.toLowerCase(), user);
    for (const account of known) this.#known.set(account.user.toLowerCase(), account);
    // An older page kept nothing else about an account that has signed out.
    const { user = "", hasLeft } = this.#last ?? {};
    if (
      hasLeft === true &&
      this.#enrolled.has(user.toLowerCase()) &&
      !this.#known.has(user.toLowerCase())
    )
      this.#known.set(user.toLowerCase(), { user, isSignedOut: true });
  }

  /** Whether this device's key probably opens the account. */
  isEnrolled(user: string): boolean {
    return this.#enrolled.has(user.toLowerCase()) && this.mayUseKey(user);
  }

  /** False after the user has signed out in this browser, until they sign in again. */
  mayUseKey(user: string): boolean {
    return this.#known.get(user.toLowerCase())?.isSignedOut !== true;
  }

  /** Whether the account opens without a password for somebody who chooses it in the form. */
  opensByKey(user: string): boolean {
    return this.mayUseKey(user) && this.#known.get(user.toLowerCase())?.hasPassword !== true;
  }

  /** Accounts used in this browser, the last one first. */
  get accounts(): KnownAccount[] {
    const last = this.#last?.user.toLowerCase();
    const accounts = new Map(this.#known);
    for (const [key, user] of this.#enrolled)
      if (!accounts.has(key)) accounts.set(key, { user, isSignedOut: false });
    const rank = ({ user }: KnownAccount) => (user.toLowerCase() === last ? 0 : 1);
    return [...accounts.values()].sort((a, b) => rank(a) - rank(b));
  }

  /**
   * Whether signing out also forgets the account. Until somebody has chosen, true for a browser
   * in which several accounts were signed in within a week.
   */
  get isShared(): boolean {
    if (this.#isShared !== undefined) return this.#isShared;
    const times = this.accounts.map(({ signedInUnixMs = 0 }) => signedInUnixMs);
    const newest = Math.max(...times);
    return times.filter((unixMs) => newest - unixMs < SHARED_WITHIN_MS).length > 1;
  }

  setShared(isShared: boolean): void {
    this.#isShared = isShared;
    void this.#put([{ table: "places", key: SHARED, value: isShared }]);
  }

  recordLogin(
    user: string,
    account: Omit<KnownAccount, "user" | "isSignedOut">,
    isEnrolled: boolean,
  ): void {
    this.#last = { user, hasLeft: false };
    const changes: TableChange[] = [{ table: "places", key: "last", value: this.#last }];
    if (isEnrolled) {
      this.#enrolled.set(user.toLowerCase(), user);
      changes.push({ table: "places", key: this.#enrolledKey(user), value: user });
    }
    const before = this.#known.get(user.toLowerCase());
    changes.push(this.#knownChange({ ...before, ...account, user, isSignedOut: false }));
    void this.#put(changes);
  }

  recordDisplayName(user: string, displayName: string | undefined): void {
    const before = this.#known.get(user.toLowerCase());
    if (before === undefined || before.displayName === displayName) return;
    void this.#put([this.#knownChange({ ...before, displayName })]);
  }

  recordPassword(user: string): void {
    const before = this.#known.get(user.toLowerCase());
    if (before === undefined || before.hasPassword === true) return;
    void this.#put([this.#knownChange({ ...before, hasPassword: true })]);
  }

  #knownChange(account: KnownAccount): TableChange {
    this.#known.set(account.user.toLowerCase(), account);
    return { table: "places", key: this.#knownKey(account.user), value: account };
  }

  /** From now on, this device's key does not open the account, although the server knows it. */
  async recordLogout(user: string): Promise<void> {
    await this.refresh();
    // Another tab may have forgotten the account.
    const before = this.accounts.find((account) => isSameName(account.user, user));
    const changes = this.#withoutKey(user);
    if (before !== undefined)
      changes.push(this.#knownChange({ ...before, user, isSignedOut: true }));
    if (isSameName(this.#last?.user, user)) {
      this.#last = { user, hasLeft: true };
      changes.push({ table: "places", key: "last", value: this.#last });
    }
    await this.#put(changes);
  }

  /** Another device has confirmed that the key may open the account. */
  async recordLinked(user: string): Promise<void> {
    const before = this.#known.get(user.toLowerCase());
    if (before?.isSignedOut === true)
      await this.#put([this.#knownChange({ ...before, isSignedOut: false })]);
  }

  /** Removes a former name of the account. */
  recordRename(user: string): void {
    this.#known.delete(user.toLowerCase());
    const changes = this.#withoutKey(user);
    for (const fingerprint of this.#fingerprints)
      changes.push({ table: "places", key: this.#knownKey(user, fingerprint), value: undefined });
    void this.#put(changes);
  }

  #withoutKey(user: string): TableChange[] {
    this.#enrolled.delete(user.toLowerCase());
    return this.#fingerprints.map((fingerprint) => {
      return { table: "places", key: this.#enrolledKey(user, fingerprint), value: undefined };
    });
  }

  /**
   * Deletes everything about the account; with the last account, everything but the identity of the
   * server.
   * @returns whether it was the last account
   */
  async forget(user: string): Promise<boolean> {
    await this.refresh(); // Another tab may have signed in somebody.
    this.recordRename(user);
    if (isSameName(this.#last?.user, user)) this.#last = undefined;
    const isLast = this.accounts.length === 0;
    const changes: TableChange[] = [];
    const remove = async (table: TableName, prefix: string) => {
      for (const [key] of await this.#all(prefix, table))
        if (!(table === "places" && REMAINING.has(key)))
          changes.push({ table, key, value: undefined });
    };
    if (isLast) for (const table of TABLES) await remove(table, "");
    else {
      for (const fingerprint of this.#fingerprints) {
        const prefix = accountPrefix({ fingerprint, user });
        for (const table of ACCOUNT_TABLES) await remove(table, prefix);
        for (const kind of ["own", "seen"]) await remove("places", `${kind} ${prefix}`);
        await remove("keys", `account ${fingerprint} ${user.toLowerCase()}`);
      }
      const last = await this.#get("last");
      if (v.is(LAST_USER, last) && isSameName(last.user, user))
        changes.push({ table: "places", key: "last", value: undefined });
    }
    await this.#put(changes);
    return isLast;
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

  #knownKey(user: string, fingerprint = this.#fingerprints[0]): string {
    return `known ${fingerprint} ${user.toLowerCase()}`;
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
