/** What counts or numbers something: a whole number from 0 that is kept exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
