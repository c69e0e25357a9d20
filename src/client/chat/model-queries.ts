/** Server requests on behalf of a model. */

import { asFault, Fault } from "../../base/fault.ts";
import type { RoomId, Sha256 } from "../../base/ids.ts";
import { PAGE_RECORDS_MAX } from "../../base/limits.ts";
import { SCROLL_PAGE_RECORDS } from "../../base/limits-page.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import type { ModelEffect, ModelEvent } from "../../core/model/event.ts";
import type { RequestFields } from "../../wire/messages.ts";
import {
  type FetchPage,
  type HistoryPage,
  queryHistory,
  queryUsers,
  type SendRequest,
} from "../link/queries.ts";

type Effect<Kind extends ModelEffect["kind"]> = Extract<ModelEffect, { kind: Kind }>;

/** Maximum number of members listed. In larger rooms, users search for members by name. */
const MEMBERS_MAX = 5 * PAGE_RECORDS_MAX;

export type HistorySource = (
  fields: RequestFields<"history">,
  ask: FetchPage,
) => Promise<HistoryPage>;

export interface ModelQueriesOptions {
  readonly request: SendRequest;
  readonly sha256: Sha256;
  readonly emit: (event: ModelEvent) => void;
  readonly history: HistorySource;
}

export class ModelQueries {
  readonly #options: ModelQueriesOptions;

  constructor(options: ModelQueriesOptions) {
    this.#options = options;
  }

  async page({ room, target, side, seq }: Effect<"page">): Promise<void> {
    const { emit } = this.#options;
    try {
      const page = await this.#page(target, side, seq);
      emit({ kind: "page", room, side, seq, ...page });
    } catch (error) {
      emit({ kind: "page-failed", room, side, seq, fault: asFault(error) });
    }
  }

  async search({ query, before }: Effect<"search">): Promise<void> {
    const { emit } = this.#options;
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
      emit({ kind: "found", query, records: found.records, hasMore: found.more });
    } catch (error) {
      emit({ kind: "search-failed", query, fault: asFault(error) });
    }
  }

  async members(room: RoomId, target: string): Promise<void> {
    try {
      const { request, emit } = this.#options;
      const users = await queryUsers(request, target, MEMBERS_MAX);
      const members = users.map(({ user, online, role, mutedUntil }) => {
        return { name: user, isOnline: online, role, mutedUntilUnixMs: mutedUntil };
      });
      emit({ kind: "members", room, members });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }

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
    const { request, sha256, history } = this.#options;
    const fetchPage: FetchPage = (query) => queryHistory(request, sha256, query);
    return history(fields, fetchPage);
  }
}
