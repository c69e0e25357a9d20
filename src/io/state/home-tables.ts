/** Tables of the client's database with one subject each: drafts, muted targets and files. */

import { utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { KNOWN_FILES_MAX, RECEIVED_FILES_MAX } from "../../base/limits.ts";
import { DRAFTS_STORED_MAX, SETTINGS_LISTED_MAX } from "../../base/limits-screen.ts";
import type { Draft } from "../../core/model/state.ts";
import { parseObject } from "../../wire/record.ts";
import type { AcceptedHistories } from "./accepted-histories.ts";
import type { StateDatabase } from "./schema.ts";

export abstract class HomeTable {
  constructor(protected readonly database: StateDatabase) {}
}

export interface DraftOwner {
  readonly fingerprint: string;
  readonly user: string;
}

/** A process, and the stored drafts as it knows them. */
export interface DraftWindow {
  readonly id: string;
  /** Drafts as this process has last read or stored them, by target. */
  readonly stored: ReadonlyMap<string, Draft>;
}

/**
 * Several windows may write drafts for one target. A window changes only the draft that it knows.
 * If another one has stored a different draft meanwhile, this window stores its own beside it.
 */
export class DraftStore extends HomeTable {
  constructor(
    database: StateDatabase,
    private readonly histories: AcceptedHistories,
  ) {
    super(database);
  }

  /** Drafts that several windows stored for one target are joined. */
  list(owner: DraftOwner): ReadonlyMap<string, Draft> {
    const { fingerprint, user } = owner;
    const sql = "SELECT target, draft FROM drafts WHERE fingerprint = ? AND user = ? ORDER BY at";
    const rows = this.database.all<Row>(sql, fingerprint, user.toLowerCase());
    const drafts = new Map<string, Draft>();
    for (const { target: key, draft } of rows) {
      const parsed = parseDraft(draft);
      const [target = ""] = key.split(WINDOW_MARK);
      if (parsed !== undefined) drafts.set(target, joined(drafts.get(target), parsed));
    }
    const extra = rows.filter(({ target }) => target.includes(WINDOW_MARK));
    if (extra.length > 0) this.#join(owner, extra, drafts);
    return drafts;
  }

  /**
   * Applies all changes or none. Retains the newest DRAFTS_STORED_MAX drafts of an account.
   * @param changes drafts by target; `undefined` deletes a draft
   */
  save(
    owner: DraftOwner,
    changes: ReadonlyMap<string, Draft | undefined>,
    window: DraftWindow,
  ): void {
    this.database.transact(() => {
      for (const [target, draft] of changes) {
        const key = this.#keyOf(owner, target, window);
        if (key !== undefined) this.#write(owner, key, draft);
        else if (draft !== undefined) this.#write(owner, ownKey(target, window), draft);
      }
      this.#trim(owner);
    });
  }

  /**
   * Stores a text beside the target's draft, which it joins when drafts are next listed.
   * @param draft `undefined` removes it
   */
  saveBeside(owner: DraftOwner, target: string, id: string, draft: Draft | undefined): void {
    this.#write(owner, `${target}${WINDOW_MARK}${id}`, draft);
  }

  /** `undefined` if another window has stored a draft for this target. */
  #keyOf(owner: DraftOwner, target: string, window: DraftWindow): string | undefined {
    const own = ownKey(target, window);
    if (this.#read(owner, own) !== undefined) return own;
    const current = this.#read(owner, target);
    const known = window.stored.get(target);
    const isKnown = current === undefined || current === (known && JSON.stringify(known));
    return isKnown ? target : undefined;
  }

  #join(owner: DraftOwner, extra: readonly Row[], drafts: ReadonlyMap<string, Draft>): void {
    this.database.transact(() => {
      for (const { target: key } of extra) {
        const [target = ""] = key.split(WINDOW_MARK);
        this.#write(owner, key, undefined);
        this.#write(owner, target, drafts.get(target));
      }
    });
  }

  #read({ fingerprint, user }: DraftOwner, key: string): string | undefined {
    const sql = "SELECT draft FROM drafts WHERE fingerprint = ? AND user = ? AND target = ?";
    return this.database.value(sql, fingerprint, user.toLowerCase(), key);
  }

  #write({ fingerprint, user }: DraftOwner, key: string, draft: Draft | undefined): void {
    const values = [fingerprint, user.toLowerCase(), key] as const;
    const remove = "DELETE FROM drafts WHERE fingerprint = ? AND user = ? AND target = ?";
    const insert = `INSERT OR REPLACE INTO drafts (fingerprint, user, target, draft)
      VALUES (?, ?, ?, ?)`;
    if (draft === undefined) return void this.database.run(remove, ...values);
    const stored = this.histories.isReplaced(fingerprint) ? withoutTargets(draft) : draft;
    this.database.run(insert, ...values, JSON.stringify(stored));
  }

  #trim({ fingerprint, user }: DraftOwner): void {
    const trim = `DELETE FROM drafts WHERE fingerprint = ?1 AND user = ?2 AND at <= (
      SELECT at FROM drafts WHERE fingerprint = ?1 AND user = ?2
      ORDER BY at DESC LIMIT 1 OFFSET ${DRAFTS_STORED_MAX})`;
    this.database.run(trim, fingerprint, user.toLowerCase());
  }
}

/** The numbers of the messages that the draft answers or edits may denote others. */
function withoutTargets({ re: _, edits: __, before, ...rest }: Draft): Draft {
  return { ...rest, ...(before === undefined ? {} : { before: withoutTargets(before) }) };
}

/** Separates a target from the window that stored a second draft. Names have no line feed. */
const WINDOW_MARK = "\n";

function ownKey(target: string, { id }: DraftWindow): string {
  return `${target}${WINDOW_MARK}${id}`;
}

function joined(first: Draft | undefined, second: Draft): Draft {
  if (first === undefined || first.text === second.text) return second;
  return { ...first, text: `${first.text}\n${second.text}` };
}

interface Row {
  readonly target: string;
  readonly draft: string;
}

function parseDraft(json: string): Draft | undefined {
  const value: unknown = parseObject(utf8Encode(json));
  return isDraft(value) ? value : undefined;
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const { text, re, edits, before } = value as Partial<Record<keyof Draft, unknown>>;
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
        { remedy: "unmute one first" },
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
