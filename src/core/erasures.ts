import { type LogRecord, parseBody } from "../wire/record.ts";

/**
 * The records whose bodies this one orders to be blanked, by seq: those that an `erase` names with
 * their edits, and the password before a new one. Only earlier records; none in a damaged one.
 */
export function erasuresOf(record: LogRecord): number[] {
  const { kind, seq } = record.head;
  if (kind !== "erase" && kind !== "password") return [];
  const body = parseBody(record);
  if (typeof body !== "object" || body === null) return [];
  const { seq: of, also, replaces } = body as Readonly<Record<string, unknown>>;
  const named = kind === "password" ? [replaces] : [of, ...(Array.isArray(also) ? also : [])];
  return named.filter((one): one is number => Number.isSafeInteger(one) && isBefore(one, seq));
}

function isBefore(one: unknown, seq: number): boolean {
  return typeof one === "number" && one >= 1 && one < seq;
}
