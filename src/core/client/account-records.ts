/** Records of one account, whose proofs show that the server's log of accounts contains them. */

import { unlessFault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import type { Answer } from "../../wire/messages.ts";
import { leafHash } from "../../wire/record.ts";
import { verifyInclusion } from "../log/proofs.ts";
import type { LogPin } from "./audit.ts";
import { type HeadedRecord, readHead, verifiedBody } from "./chat-record.ts";

export type AccountRecords = NonNullable<Answer<"checkpoint">["own"]>;

export interface AccountRecord {
  readonly head: HeadedRecord["head"];
  /** `undefined` if the server omits it. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** Name of the account that caused the record. */
  readonly from: string | undefined;
}

/** @returns `undefined` if a record is invalid, about another account, or not in the log */
export function provedRecords(
  account: string,
  { records }: Pick<AccountRecords, "records">,
  { size, root }: Pick<LogPin, "size" | "root">,
  sha256: Sha256,
): AccountRecord[] | undefined {
  const proved: AccountRecord[] = [];
  for (const { path, ...record } of records) {
    const headed = unlessFault(() => readHead(record));
    if (headed === undefined) return undefined;
    const { head } = headed;
    const leaf = leafHash(record.head, sha256);
    const isIncluded = verifyInclusion({ leaf, index: head.seq - 1, size, path, root }, sha256);
    if (head.room !== account || !isIncluded) return undefined;
    const { body } = verifiedBody(headed, sha256);
    if (body === undefined && record.body !== undefined) return undefined;
    proved.push({ head, body, from: record.from });
  }
  return proved;
}
