/**
 * Drafts of this tab. Each tab owns its rows of the shared store. A tab shows copies of the drafts
 * of other tabs. It adopts those of closed tabs when the user changes them, because a tab that
 * reloads also seems closed.
 */

import { toBase64Url } from "../../base/bytes.ts";
import { ID_BYTES } from "../../base/ids.ts";
import { keyWithoutThread, withoutTargets } from "../../core/model/draft-targets.ts";
import type { ComposerDraft } from "../../core/model/state.ts";
import { ifPossible } from "../../io/promises.ts";
import { combinedDraft, isDraft, isSameDraft, joinedDraft } from "../../ui/text/draft.ts";
import type { Platform, TabMessage } from "../browser/environment.ts";
import type { TableChange } from "../browser/indexed-db.ts";
import type { Drafts, Preferences, TabRow, TabTable } from "../browser/preferences.ts";

const STORE_INTERVAL_MS = 500;

export interface TabDraftsOptions {
  readonly platform: Platform;
  readonly preferences: Preferences;
  /** `undefined` while nobody is logged in. */
  readonly user: () => string | undefined;
  /** Drafts of the model. */
  readonly drafts: () => ReadonlyMap<string, ComposerDraft>;
  /** Changes a draft of the model. */
  readonly emit: (target: string, draft: ComposerDraft | undefined) => void;
}

/** Copy of a draft that another tab owns, until the user changes it here. */
interface Copy {
  /** `undefined` if the draft combines those of several tabs. */
  readonly tab: string | undefined;
  readonly draft: ComposerDraft;
  /** Rows of closed tabs from which it was copied. */
  readonly closed: readonly TabRow[];
}

interface OwnedRow extends TabRow {
  readonly isOwn: boolean;
  /** Whether another open tab owns the row. */
  readonly isOpen: boolean;
}

export class TabDrafts {
  readonly #changed = new Map<string, ComposerDraft | undefined>();
  readonly #copies = new Map<string, Copy>();
  /** Rows of closed tabs whose drafts have changed here. */
  #adopted: readonly TabRow[] = [];
  #cancelTimer: (() => void) | undefined;
  #tab: Promise<string> | undefined;

  constructor(private readonly options: TabDraftsOptions) {}

  /** The model's draft has changed. */
  changed(target: string, draft: ComposerDraft | undefined): void {
    const copy = this.#copies.get(target);
    if (draft !== undefined && copy?.draft === draft) return;
    this.#copies.delete(target);
    this.#adopted = [...this.#adopted, ...(copy?.closed ?? [])];
    this.#changed.set(target, draft);
    this.#cancelTimer ??= this.options.platform.clock.after(STORE_INTERVAL_MS, () => {
      void this.store();
    });
  }

  /**
   * Removes references to messages that the accepted history lacks.
   * @param common `seq` of the last record that both histories contain
   */
  historyReplaced(common: number): void {
    for (const [target, draft] of this.options.drafts()) {
      const copy = this.#copies.get(target);
      if (copy?.draft === draft && copy.closed.length === 0) continue;
      const key = keyWithoutThread(target, common);
      const unlinked = withoutTargets(draft, common);
      if (key === target && isSameDraft(unlinked, draft)) continue;
      this.options.emit(target, undefined);
      this.options.emit(key, joinedDraft(this.options.drafts().get(key), unlinked));
    }
  }

  /** Deletes the draft in other tabs where it is the same. */
  sent(target: string, draft: ComposerDraft): void {
    const user = this.options.user();
    if (user !== undefined)
      this.options.platform.tabs.broadcast({ kind: "sent", user, target, draft });
  }

  receive(message: Extract<TabMessage, { kind: "draft" | "sent" }>): void {
    const { target, draft } = message;
    const current = this.options.drafts().get(target);
    if (message.kind === "sent") {
      if (current !== undefined && isSameDraft(current, message.draft))
        this.options.emit(target, undefined);
      return;
    }
    const copy = this.#copies.get(target);
    if (copy?.tab !== message.tab || current !== copy.draft) return;
    if (draft === undefined) this.#copies.delete(target);
    else this.#copies.set(target, { ...copy, draft });
    this.options.emit(target, draft);
  }

  /**
   * Changes that store or remove a draft of this tab together with rows of other tables. The next
   * `store` writes the same.
   */
  async changesFor(target: string, draft: ComposerDraft | undefined): Promise<TableChange[]> {
    const user = this.options.user();
    if (user === undefined) return [];
    const rows = rowsOf(new Map([[target, draft]]), await this.id());
    return this.options.preferences.tabChanges("drafts", user, rows);
  }

  /** Stores drafts synchronously, because the page is closing. */
  storeNow(): void {
    const { platform, preferences } = this.options;
    const user = this.options.user();
    if (user === undefined || this.#changed.size === 0) return;
    platform.lastDrafts.write(preferences.serializeDrafts(user, this.#changed));
  }

  async store(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { platform, preferences } = this.options;
    const user = this.options.user();
    const drafts = new Map(this.#changed);
    if (user === undefined || drafts.size === 0) return;
    const tab = await this.id();
    const adopted = this.#adopted;
    this.#adopted = [];
    const moved: TabRow[] = [];
    for (const row of adopted)
      if (!(await this.#isOpen(row.tab))) moved.push({ ...row, value: undefined });
    const rows = [...moved, ...rowsOf(drafts, tab)];
    if (!(await preferences.storeTabRows("drafts", user, rows))) {
      this.#adopted = [...adopted, ...this.#adopted];
      // The session storage outlasts a reload.
      return this.storeNow();
    }
    for (const [target, draft] of drafts) {
      if (this.#changed.get(target) === draft) this.#changed.delete(target);
      const change = draft === undefined ? {} : { draft };
      platform.tabs.broadcast({ kind: "draft", user, tab, target, ...change });
    }
    if (this.#changed.size === 0) platform.lastDrafts.write(undefined);
  }

  /**
   * Restores the drafts of this tab before its reload and of closed tabs, and copies those of open
   * tabs.
   */
  async restore(user: string): Promise<void> {
    const { platform, preferences } = this.options;
    const { lastDrafts } = platform;
    const previous = platform.tabId.read() ?? "";
    const text = lastDrafts.read();
    let unstored: Drafts = new Map();
    if (text !== undefined) {
      const drafts = preferences.parseDrafts(user, text);
      const isStored = await preferences.storeTabRows("drafts", user, rowsOf(drafts, previous));
      if (isStored) lastDrafts.write(undefined);
      else unstored = drafts;
    }
    const own = await this.id();
    const isOutdated = ({ key, tab }: TabRow) => tab === own && unstored.has(key);
    const stored = (await this.rows("drafts", user)).filter((row) => !isOutdated(row));
    const latest = rowsOf(unstored, own).map((row) => ({ ...row, isOwn: true, isOpen: false }));
    for (const [target, draft] of unstored) this.#changed.set(target, draft);
    const byTarget = Map.groupBy([...latest, ...stored], ({ key }) => key);
    if (this.options.user()?.toLowerCase() !== user.toLowerCase()) return;
    for (const [target, rows] of byTarget) this.#restoreTarget(target, rows);
  }

  #restoreTarget(target: string, rows: readonly OwnedRow[]): void {
    const rank = ({ isOwn, isOpen }: OwnedRow) => (isOwn ? 0 : isOpen ? 2 : 1);
    let stored: ComposerDraft | undefined;
    const sources: OwnedRow[] = [];
    for (const row of rows.toSorted((a, b) => rank(a) - rank(b))) {
      if (!isDraft(row.value) || (row.isOpen && stored !== undefined)) continue;
      const combined = stored === undefined ? row.value : combinedDraft(stored, row.value);
      if (combined === undefined) continue;
      stored = combined;
      sources.push(row);
    }
    if (stored === undefined) return;
    const closed = sources.filter(({ isOwn, isOpen }) => !isOwn && !isOpen);
    // The user may have typed before the stored drafts were read.
    const typed = this.options.drafts().get(target);
    if (typed !== undefined) {
      if (sources[0]?.isOpen === true) return;
      const both = combinedDraft(stored, typed);
      if (both === undefined) return;
      this.#adopted = [...this.#adopted, ...closed];
      this.options.emit(target, both);
      return;
    }
    const tab = sources.length === 1 ? sources[0]?.tab : undefined;
    const isCopy = sources.some(({ isOwn }) => !isOwn);
    if (isCopy) this.#copies.set(target, { tab, draft: stored, closed });
    this.options.emit(target, stored);
  }

  clear(): void {
    this.#changed.clear();
    this.#copies.clear();
    this.#adopted = [];
    this.options.platform.lastDrafts.write(undefined);
  }

  /** Stored rows, with the state of the tabs that own them. */
  async rows(table: TabTable, user: string): Promise<readonly OwnedRow[]> {
    const own = await this.id();
    const open = new Map([
      [own, false],
      ["", false], // A tab that could not store its id.
    ]);
    const rows: OwnedRow[] = [];
    for (const row of await this.options.preferences.tabRows(table, user)) {
      const { tab } = row;
      const isOpen = open.get(tab) ?? (await this.#isOpen(tab));
      open.set(tab, isOpen);
      rows.push({ ...row, isOwn: tab === own, isOpen });
    }
    return rows;
  }

  async #isOpen(tab: string): Promise<boolean> {
    const release = await ifPossible(this.options.platform.locks.hold(lockName(tab)));
    release?.();
    return release === undefined;
  }

  /** The browser releases the lock when this tab closes. A duplicated tab gets an id of its own. */
  id(): Promise<string> {
    this.#tab ??= this.#claim();
    return this.#tab;
  }

  async #claim(): Promise<string> {
    const { tabId, locks, entropy } = this.options.platform;
    const hold = (id: string) => ifPossible(locks.hold(lockName(id)));
    const stored = tabId.read();
    if (stored !== undefined && (await hold(stored)) !== undefined) return stored;
    const created = toBase64Url(entropy(ID_BYTES));
    await hold(created);
    tabId.write(created);
    return created;
  }
}

function rowsOf(drafts: Drafts, tab: string) {
  return [...drafts].map(([key, value]) => ({ key, tab, value }));
}

function lockName(tab: string): string {
  return `chat drafts ${tab}`;
}
