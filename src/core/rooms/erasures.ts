import { type FoldedRecord, parseBody, type RecordKind } from "../../wire/record.ts";

/** Of accounts: the password that was there goes, and with the account what it had set. */
const BY_REPLACING: ReadonlySet<RecordKind> = new Set(["password", "account-gone"]);

/** Whether such a record orders the password that was there to be blanked. */
export function replacesPassword(kind: RecordKind): boolean {
  return BY_REPLACING.has(kind);
}

/** Whether the body of such a record may order others to be blanked. */
export function erasesOthers(kind: RecordKind): boolean {
  return kind === "erase" || kind === "prefs-erase" || BY_REPLACING.has(kind);
}

/**
 * The records whose bodies this one orders to be blanked, by seq: those that an `erase` names with
 * their edits, the password before a new one, or of an account that is removed, and what such an
 * account had set. Only earlier records; none in a damaged one.
 */
export function erasuresOf(record: FoldedRecord): number[] {
  const { kind, seq } = record.head;
  if (!erasesOthers(kind)) return [];
  const body = parseBody(record);
  if (typeof body !== "object" || body === null) return [];
  const { seq: of, also, replaces } = body as Readonly<Record<string, unknown>>;
  const others = kind !== "password" && Array.isArray(also) ? also : [];
  const named = [BY_REPLACING.has(kind) ? replaces : of, ...others];
  return named.filter((one): one is number => Number.isSafeInteger(one) && isBefore(one, seq));
}

function isBefore(one: unknown, seq: number): boolean {
  return typeof one === "number" && one >= 1 && one < seq;
}
