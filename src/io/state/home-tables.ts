/** Tables of the client's database with one subject each: drafts, muted targets and files. */

import { utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { KNOWN_FILES_MAX, RECEIVED_FILES_MAX } from "../../base/limits.ts";
import { DRAFTS_STORED_MAX, SETTINGS_LISTED_MAX } from "../../base/limits-screen.ts";
import { keyWithoutThread, withoutTargets } from "../../core/model/draft-targets.ts";
import type { ComposerDraft } from "../../core/model/state.ts";
import { parseObject } from "../../wire/record.ts";
import type { AcceptedHistories } from "./accepted-histories.ts";
import type { OutboxStore } from "./outbox-store.ts";
import type { StateDatabase } from "./schema.ts";

export abstract class HomeTable {
  constructor(protected readonly database: StateDatabase) {}
}

export interface DraftOwner {
  readonly fingerprint: string;
  readonly user: string;
}

/** Full screen of one process. */
export interface DraftWindow {
  /** Locked while the process runs. */
  readonly id: string;
}

/** Each window owns its drafts while its process runs. Afterwards, the next window takes them. */
export class DraftStore extends HomeTable {
  constructor(
    database: StateDatabase,
    private readonly locks: Pick<OutboxStore, "hold" | "isHeld" | "release">,
    private readonly histories: AcceptedHistories,
  ) {
    super(database);
  }

  /**
   * Joins the drafts of one target.
   * @param window takes over the drafts of closed windows; without it, the result has the drafts of
   * all windows, and nothing changes
   */
  list(owner: DraftOwner, window?: DraftWindow): ReadonlyMap<string, ComposerDraft> {
    const rows = this.#rows(owner);
    if (window === undefined || rows.length === 0) return joinedDrafts(rows);
    return this.database.transact(() => {
      this.locks.hold(window.id);
      const isClosed = ({ windowId }: Row) =>
        windowId === window.id || !this.locks.isHeld(windowId);
      const closed = this.#rows(owner).filter(isClosed);
      const drafts = joinedDrafts(closed);
      for (const { key } of closed) this.#write(owner, key, undefined);
      for (const [target, draft] of drafts) this.#write(owner, keyOf(target, window), draft);
      return drafts;
    });
  }

  /**
   * Applies all changes or none. Retains the newest DRAFTS_STORED_MAX drafts of an account.
   * @param changes drafts by target; `undefined` deletes a draft
   */
  save(
    owner: DraftOwner,
    changes: ReadonlyMap<string, ComposerDraft | undefined>,
    window: DraftWindow,
  ): void {
    this.database.transact(() => {
      this.locks.hold(window.id);
      for (const [target, draft] of changes) this.#write(owner, keyOf(target, window), draft);
      this.#trim(owner);
    });
  }

  /**
   * Stores a text beside the window's draft, which it joins in the next window.
   * @param draft `undefined` removes it
   */
  saveBeside(
    owner: DraftOwner,
    { target, name }: { readonly target: string; readonly name: string },
    draft: ComposerDraft | undefined,
    window: DraftWindow,
  ): void {
    this.database.transact(() => {
      this.locks.hold(window.id);
      this.#write(owner, keyOf(target, window, name), draft);
    });
  }

  /** Leaves the window's drafts to the next one. */
  release(window: DraftWindow): void {
    this.locks.release(window.id);
  }

  #rows({ fingerprint, user }: DraftOwner): Row[] {
    const sql = "SELECT target, draft FROM drafts WHERE fingerprint = ? AND user = ? ORDER BY at";
    const rows = this.database.all<StoredRow>(sql, fingerprint, user.toLowerCase());
    return rows.map(({ target: key, draft }) => {
      const [target = "", windowId = ""] = key.split(SEPARATOR);
      return { key, target, windowId, draft };
    });
  }

  #write({ fingerprint, user }: DraftOwner, key: string, draft: ComposerDraft | undefined): void {
    const owner = [fingerprint, user.toLowerCase()] as const;
    const remove = "DELETE FROM drafts WHERE fingerprint = ? AND user = ? AND target = ?";
    const insert = `INSERT OR REPLACE INTO drafts (fingerprint, user, target, draft)
      VALUES (?, ?, ?, ?)`;
    if (draft === undefined) return void this.database.run(remove, ...owner, key);
    const isReplaced = this.histories.isReplaced(fingerprint);
    const stored = JSON.stringify(isReplaced ? withoutTargets(draft) : draft);
    this.database.run(insert, ...owner, isReplaced ? unlinkedKey(key, 0) : key, stored);
  }

  #trim({ fingerprint, user }: DraftOwner): void {
    const trim = `DELETE FROM drafts WHERE fingerprint = ?1 AND user = ?2 AND at <= (
      SELECT at FROM drafts WHERE fingerprint = ?1 AND user = ?2
      ORDER BY at DESC LIMIT 1 OFFSET ${DRAFTS_STORED_MAX})`;
    this.database.run(trim, fingerprint, user.toLowerCase());
  }
}

/** A reply or an edit must not refer to another message with the same number. */
export function unlinkDrafts(database: StateDatabase, fingerprint: string, common: number): void {
  const select = "SELECT at, target, draft FROM drafts WHERE fingerprint = ?";
  const update = "UPDATE drafts SET target = ?, draft = ? WHERE at = ?";
  const rows = database.all<StoredRow & { readonly at: number }>(select, fingerprint);
  for (const { at, target, draft: json } of rows) {
    const draft = parseDraft(json);
    if (draft === undefined) continue;
    const unlinked = JSON.stringify(withoutTargets(draft, common));
    database.run(update, unlinkedKey(target, common), unlinked, at);
  }
}

/** A draft of a thread that the history lacks joins those of its room in the next window. */
function unlinkedKey(key: string, common: number): string {
  const [target = "", windowId = "", ...names] = key.split(SEPARATOR);
  const moved = keyWithoutThread(target, common);
  return moved === target ? key : [moved, windowId, ...names, target].join(SEPARATOR);
}

/** Separates a target, a window and a name, which have no line feed. */
const SEPARATOR = "\n";

function keyOf(target: string, { id }: DraftWindow, ...names: readonly string[]): string {
  return [target, id, ...names].join(SEPARATOR);
}

interface StoredRow {
  readonly target: string;
  readonly draft: string;
}

interface Row extends StoredRow {
  readonly key: string;
  readonly windowId: string;
}

function joinedDrafts(rows: readonly Row[]): ReadonlyMap<string, ComposerDraft> {
  const drafts = new Map<string, ComposerDraft>();
  for (const { target, draft: json } of rows) {
    const draft = parseDraft(json);
    if (draft === undefined) continue;
    const first = drafts.get(target);
    const isSame = first === undefined || first.text === draft.text;
    drafts.set(target, isSame ? draft : { ...first, text: `${first.text}\n${draft.text}` });
  }
  return drafts;
}

function parseDraft(json: string): ComposerDraft | undefined {
  const value: unknown = parseObject(utf8Encode(json));
  return isDraft(value) ? value : undefined;
}

function isDraft(value: unknown): value is ComposerDraft {
  if (typeof value !== "object" || value === null) return false;
  const { text, re, edits, before } = value as Partial<Record<keyof ComposerDraft, unknown>>;
  return (
    typeof text === "string" &&
    [re, edits].every((seq) => seq === undefined || Number.isSafeInteger(seq)) &&
    (before === undefined || isDraft(before))
  );
}

export class MutedTargets extends HomeTable {
  list(fingerprint: string, user: string): readonly string[] {
    const sql = "SELECT target FROM muted WHERE fingerprint = ? AND user = ? ORDER BY target";
    const rows = this.database.all<{ target: string }>(sql, fingerprint, user.toLowerCase());
    return rows.map(({ target }) => target);
  }

  /**
   * @param target `lobby` or `@bob`, case-insensitive
   * @throws {Fault} too-many if the limit is reached, store-… if the disk refuses
   */
  mute(fingerprint: string, user: string, target: string, isMuted: boolean): void {
    const values = [fingerprint, user.toLowerCase(), target.toLowerCase()] as const;
    if (!isMuted) {
      const sql = "DELETE FROM muted WHERE fingerprint = ? AND user = ? AND target = ?";
      this.database.run(sql, ...values);
      return;
    }
    this.database.transact(() => {
      this.database.run("INSERT OR IGNORE INTO muted VALUES (?, ?, ?)", ...values);
      const sql = "SELECT COUNT(*) FROM muted WHERE fingerprint = ? AND user = ?";
      const count = this.database.value<number>(sql, values[0], values[1]) ?? 0;
      if (count <= SETTINGS_LISTED_MAX) return;
      throw new Fault(
        "too-many",
        msg`at most ${SETTINGS_LISTED_MAX} rooms and users can be muted`,
        { remedy: msg`unmute one first` },
      );
    });
  }
}

export interface KnownFile {
  readonly id: string;
  readonly name: string;
}

/** Omits the name of a file in a sealed room, because such names are never stored unencrypted. */
export function knownFile({
  id,
  name,
  sealed,
}: KnownFile & { readonly sealed?: boolean }): KnownFile {
  return { id, name: sealed === true ? "" : name };
}

export class KnownFiles extends HomeTable {
  /** @param files oldest first */
  add(fingerprint: string, files: readonly KnownFile[]): void {
    const unknown = files.slice(-KNOWN_FILES_MAX).filter(({ id }) => !this.#has(fingerprint, id));
    if (unknown.length === 0) return;
    this.database.transact(() => {
      const insert = "INSERT OR IGNORE INTO files_seen (fingerprint, file, name) VALUES (?, ?, ?)";
      for (const { id, name } of unknown) this.database.run(insert, fingerprint, id, name);
      const trim = `DELETE FROM files_seen WHERE fingerprint = ?1 AND at <= (
        SELECT at FROM files_seen WHERE fingerprint = ?1
        ORDER BY at DESC LIMIT 1 OFFSET ${KNOWN_FILES_MAX})`;
      this.database.run(trim, fingerprint);
    });
  }

  #has(fingerprint: string, file: string): boolean {
    const sql = "SELECT 1 FROM files_seen WHERE fingerprint = ? AND file = ?";
    return this.database.value(sql, fingerprint, file) !== undefined;
  }
}

interface FileRecipient {
  readonly fingerprint: string;
  readonly user: string;
}

/**
 * Stores file ids in addition to the position, because a file may be in several rooms and may
 * arrive before its record.
 */
export class ReceivedFiles extends HomeTable {
  constructor(
    database: StateDatabase,
    private readonly histories: AcceptedHistories,
  ) {
    super(database);
  }

  position({ fingerprint, user }: FileRecipient): number {
    const sql = "SELECT seq FROM files_place WHERE fingerprint = ? AND user = ?";
    return this.database.value(sql, fingerprint, user.toLowerCase()) ?? 0;
  }

  advance({ fingerprint, user }: FileRecipient, seq: number): void {
    if (this.histories.isReplaced(fingerprint)) return;
    const sql = `INSERT INTO files_place VALUES (?, ?, ?) ON CONFLICT DO UPDATE
      SET seq = excluded.seq WHERE excluded.seq > seq`;
    this.database.run(sql, fingerprint, user.toLowerCase(), seq);
  }

  has({ fingerprint, user }: FileRecipient, file: string): boolean {
    const sql = "SELECT 1 FROM files_taken WHERE fingerprint = ? AND user = ? AND file = ?";
    return this.database.value(sql, fingerprint, user.toLowerCase(), file) !== undefined;
  }

  add({ fingerprint, user }: FileRecipient, file: string): void {
    this.database.transact(() => {
      const insert = `INSERT OR IGNORE INTO files_taken (fingerprint, user, file)
        VALUES (?, ?, ?)`;
      this.database.run(insert, fingerprint, user.toLowerCase(), file);
      const trim = "DELETE FROM files_taken WHERE at <= (SELECT max(at) FROM files_taken) - ?";
      this.database.run(trim, RECEIVED_FILES_MAX);
    });
  }
}
