/** Requests to the server on behalf of a model. */

import { asFault, Fault } from "../../base/fault.ts";
import type { RoomId, Sha256 } from "../../base/ids.ts";
import { PAGE_RECORDS_MAX } from "../../base/limits.ts";
import { SCROLL_PAGE_RECORDS } from "../../base/limits-page.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import type { ModelEffect, ModelEvent } from "../../core/model/event.ts";
import type { RequestFields } from "../../wire/messages.ts";
import {
  type Ask,
  type AskPage,
  type HistoryPage,
  queryHistory,
  queryUsers,
} from "../link/queries.ts";

type Effect<Kind extends ModelEffect["kind"]> = Extract<ModelEffect, { kind: Kind }>;

/** Members that a list holds; in larger rooms the rest is searched by name. */
const MEMBERS_MAX = 5 * PAGE_RECORDS_MAX;

/** @param ask requests the server's part of the page */
export type HistoryOf = (fields: RequestFields<"history">, ask: AskPage) => Promise<HistoryPage>;

export interface ModelQueriesOptions {
  readonly ask: Ask;
  readonly sha256: Sha256;
  readonly tell: (event: ModelEvent) => void;
  /** Adds what this device has of sealed rooms to a page. */
  readonly history: HistoryOf;
}

export class ModelQueries {
  readonly #parts: ModelQueriesOptions;

  constructor(parts: ModelQueriesOptions) {
    this.#parts = parts;
  }

  async page({ room, target, side, seq }: Effect<"page">): Promise<void> {
    const { tell } = this.#parts;
    try {
      const page = await this.#page(target, side, seq);
      tell({ kind: "page", room, side, seq, ...page });
    } catch (error) {
      tell({ kind: "page-failed", room, side, seq, fault: asFault(error) });
    }
  }

  async search({ query, before }: Effect<"search">): Promise<void> {
    const { tell } = this.#parts;
    const { text, target, from, files } = query;
    try {
      const found = await this.#history({
        ...(text === "" ? {} : { grep: text, ignoreCase: true }),
        ...(target === undefined ? {} : { target }),
        ...(from === undefined ? {} : { from }),
        ...(files === true ? { files } : {}),
        ...(before === undefined ? {} : { before }),
        limit: SCROLL_PAGE_RECORDS,
      });
      tell({ kind: "found", query, records: found.records, hasMore: found.more });
    } catch (error) {
      tell({ kind: "search-failed", query, fault: asFault(error) });
    }
  }

  /** A list that fails to load is requested again when the room is opened again. */
  async members(room: RoomId, target: string): Promise<void> {
    try {
      const { ask, tell } = this.#parts;
      const users = await queryUsers(ask, target, MEMBERS_MAX);
      const members = users.map(({ user, online, role }) => {
        return { name: user, isOnline: online, role };
      });
      tell({ kind: "members", room, members });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }

  /** Returns a record; `undefined` if it does not exist. @throws {Fault} */
  async record(target: string, seq: number): Promise<ChatRecord | undefined> {
    const { records } = await this.#history({ target, after: seq - 1, before: seq + 1, limit: 1 });
    return records[0];
  }

  async #page(target: string, side: Effect<"page">["side"], seq: number) {
    const limit = SCROLL_PAGE_RECORDS;
    if (side === "newer") {
      const { records, more } = await this.#history({ target, after: seq, limit });
      return { records, hasOlder: true, hasNewer: more };
    }
    if (side === "older") {
      const before = seq === Number.MAX_SAFE_INTEGER ? {} : { before: seq };
      const { records, more } = await this.#history({ target, ...before, limit });
      return { records, hasOlder: more, hasNewer: true };
    }
    const [older, newer] = await Promise.all([
      this.#history({ target, before: seq + 1, limit: limit / 2 }),
      this.#history({ target, after: seq, limit: limit / 2 }),
    ]);
    const records = [...older.records, ...newer.records];
    return { records, hasOlder: older.more, hasNewer: newer.more };
  }

  async #history(fields: RequestFields<"history">): Promise<HistoryPage> {
    const { ask, sha256, history } = this.#parts;
    const askPage: AskPage = (asked) => queryHistory(ask, sha256, asked);
    return history(fields, askPage);
  }
}
