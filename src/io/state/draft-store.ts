/** Store for the full screen's unsent drafts. */

import { utf8Encode } from "../../base/bytes.ts";
import { DRAFTS_STORED_MAX } from "../../base/limits-screen.ts";
import type { Draft } from "../../core/model/state.ts";
import { parseObject } from "../../wire/record.ts";
import { HomeTable } from "./home-table.ts";

export interface DraftOwner {
  readonly fingerprint: string;
  readonly user: string;
}

export class DraftStore extends HomeTable {
  list({ fingerprint, user }: DraftOwner): ReadonlyMap<string, Draft> {
    const sql = "SELECT target, draft FROM drafts WHERE fingerprint = ? AND user = ? ORDER BY at";
    const rows = this.database.all<Row>(sql, fingerprint, user.toLowerCase());
    return new Map(
      rows.flatMap(({ target, draft }) => {
        const parsed = parseDraft(draft);
        return parsed === undefined ? [] : [[target, parsed] as const];
      }),
    );
  }

  /**
   * Applies all changes or none. Retains the newest DRAFTS_STORED_MAX drafts of an account.
   * @param changes drafts by target; `undefined` deletes a draft
   */
  save(owner: DraftOwner, changes: ReadonlyMap<string, Draft | undefined>): void {
    const [fingerprint, user] = [owner.fingerprint, owner.user.toLowerCase()];
    const remove = "DELETE FROM drafts WHERE fingerprint = ? AND user = ? AND target = ?";
    const insert = `INSERT OR REPLACE INTO drafts (fingerprint, user, target, draft)
      VALUES (?, ?, ?, ?)`;
    const trim = `DELETE FROM drafts WHERE fingerprint = ?1 AND user = ?2 AND at <= (
      SELECT at FROM drafts WHERE fingerprint = ?1 AND user = ?2
      ORDER BY at DESC LIMIT 1 OFFSET ${DRAFTS_STORED_MAX})`;
    this.database.transact(() => {
      for (const [target, draft] of changes) {
        if (draft === undefined) this.database.run(remove, fingerprint, user, target);
        else this.database.run(insert, fingerprint, user, target, JSON.stringify(draft));
      }
      this.database.run(trim, fingerprint, user);
    });
  }
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
