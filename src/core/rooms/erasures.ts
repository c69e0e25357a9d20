import { isCount } from "../../base/count.ts";
import { hasTrait } from "../../wire/kinds.ts";
import { bodyOf, type FoldedRecord } from "../../wire/record.ts";

/**
 * The records whose bodies this one orders to be blanked, by seq: those that an `erase` names with
 * their edits, the password before a new one, or of an account that is removed, and what such an
 * account had set. Only earlier records; none in a damaged one.
 */
export function erasuresOf(record: FoldedRecord): number[] {
  const { kind, seq } = record.head;
  if (!hasTrait(kind, "erasing")) return [];
  const { seq: of, replaces, also = [] } = bodyOf(record, kind) ?? {};
  return [of, replaces, ...also].filter(
    (one): one is number => isCount(one) && one >= 1 && one < seq,
  );
}
