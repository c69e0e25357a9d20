/** Threads of sealed rooms, whose replies the server cannot check. */

import { type ChatRecord, fieldsIn } from "../../core/client/chat-record.ts";
import { kindsWith } from "../../wire/kinds.ts";
import type { ArchivedRow } from "./rows.ts";

const REACTABLE_KINDS: ReadonlySet<unknown> = kindsWith("reactable");

/** Returns the root of the thread in which a decrypted message is a reply. */
export function threadRootOf(record: ChatRecord): number | undefined {
  if (record.sealed !== "open") return undefined;
  const { thread, re } = fieldsIn(record);
  return thread === true && re !== undefined && re < record.seq ? re : undefined;
}

/** Reports whether the content may be the root of a thread. A thread has one level. */
export function isThreadRoot(row: ArchivedRow): boolean {
  if (row.kind !== "said") return row.kind === "closed" && row.reason === "deleted";
  const { kind, thread } = Object(row.body) as Readonly<Record<string, unknown>>;
  return REACTABLE_KINDS.has(kind) && thread !== true;
}

/** Reports the same of a record whose content this device has not stored. */
export function isPlainRoot(record: ChatRecord): boolean {
  if (record.kind === "sealed") return record.state === "erased";
  return REACTABLE_KINDS.has(record.kind) && fieldsIn(record).thread !== true;
}
