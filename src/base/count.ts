/** Check for safe non-negative integers. */

/** Reports whether the value is a non-negative integer that a double stores exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
