/** Pinned messages in a room or conversation. */

import type { Sha256 } from "../base/ids.ts";
import { PAGE_RECORDS_MAX, PINS_MAX } from "../base/limits.ts";
import { type ChatRecord, readPage } from "../core/client/chat-record.ts";
import { type ChangeMap, noteChange, withEditedText } from "../core/model/changes.ts";
import type { Model } from "../core/model/state.ts";
import { isHiddenWork } from "../core/model/unignored.ts";
import type { FetchPage, HistorySource, SendRequest } from "./link/queries.ts";

export interface PinsOptions {
  readonly request: SendRequest;
  readonly sha256: Sha256;
  readonly history: HistorySource;
  readonly model: Pick<Model, "ignored">;
}

export async function queryPins(
  { request, sha256, history, model }: PinsOptions,
  target: string,
): Promise<readonly ChatRecord[]> {
  const pinned: ChatRecord[] = [];
  let before: number | undefined;
  for (let pages = 0; pages < PINS_MAX; pages++) {
    const fetchPage: FetchPage = async () => {
      const { records, ...page } = await request("pins", { target, before });
      return { records: readPage({ ...page, records }, sha256), more: page.more };
    };
    const { records, more } = await history({ target, limit: PAGE_RECORDS_MAX }, fetchPage);
    const messages = applyEdits(records);
    const shown = messages.filter(({ kind, from }) => !isHiddenWork(model, kind, from));
    pinned.push(...shown.reverse());
    before = messages[0]?.seq;
    // A faulty server may announce another page but send no records.
    if (!more || before === undefined) break;
  }
  return pinned;
}

function applyEdits(records: readonly ChatRecord[]): ChatRecord[] {
  const changes: ChangeMap = new Map();
  for (const record of records) noteChange(changes, record);
  return records
    .filter(({ kind, state }) => kind !== "edit" && state !== "erased")
    .map((record) => withEditedText(record, changes));
}
