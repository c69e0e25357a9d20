/** Message counts that reveal messages withheld by the server. */

import { SEALED_UNSETTLED_MAX } from "../../base/limits-sealed.ts";
import type { CountRange } from "../../crypto/seal/content.ts";

type Ranges = readonly CountRange[];

export interface OwnCounts {
  readonly count: number;
  readonly open?: Ranges;
  /** Counts in `open` that belong to refused posts. The next posts reuse these counts. */
  readonly free?: Ranges;
}

export interface ReceivedCounts {
  readonly last: number;
  readonly open: Ranges;
}

export const NO_COUNTS: ReceivedCounts = { last: 0, open: [] };

export function assignCount(own: OwnCounts): {
  readonly count: number;
  readonly own: Required<OwnCounts>;
} {
  const { open = [], free = [] } = own;
  const [lowest] = free;
  const count = lowest?.[0] ?? own.count + 1;
  const assigned: CountRange = [count, count];
  return {
    count,
    own: {
      count: Math.max(own.count, count),
      open: mergeRanges([...open, assigned]),
      free: subtract(free, [assigned]),
    },
  };
}

/**
 * Returns the counts that may be missing without having been withheld. A message with an old count
 * also lists the counts up to the highest one, for readers who were added later.
 */
export function excusedBy(own: OwnCounts, count: number): Ranges | undefined {
  const { open = [], count: highest } = own;
  const named: Ranges = count < highest ? mergeRanges([...open, [highest, highest]]) : open;
  const others = limitRanges(subtract(named, [[count, count]]));
  return others.length === 0 ? undefined : others;
}

export function settleCount(own: OwnCounts, count: number): OwnCounts {
  const settled: CountRange = [count, count];
  const { open = [], free = [] } = own;
  return { count: own.count, open: subtract(open, [settled]), free: subtract(free, [settled]) };
}

export function freeCount(own: OwnCounts, count: number): OwnCounts {
  const { open = [], free = [] } = own;
  const isOpen = open.some(([first, last]) => first <= count && count <= last);
  return isOpen ? { ...own, free: limitRanges(mergeRanges([...free, [count, count]])) } : own;
}

/**
 * @param seen `undefined` for a device's first message, which may have any count
 * @returns the number of missing messages to report
 */
export function receiveCount(
  seen: ReceivedCounts | undefined,
  count: number,
  excused: Ranges = [],
): { readonly seen: ReceivedCounts; readonly missed: number } {
  if (seen === undefined) {
    const [, highest = 0] = excused.at(-1) ?? [];
    return { seen: { last: Math.max(count, highest), open: [] }, missed: 0 };
  }
  const { last, open } = seen;
  const isNewer = count > last;
  const skipped: CountRange[] = count > last + 1 ? [[last + 1, count - 1]] : [];
  const absent = isNewer ? mergeRanges([...open, ...skipped]) : subtract(open, [[count, count]]);
  // A late message was written before those with higher counts, so it cannot list their counts.
  const unknown: CountRange[] = isNewer ? [] : [[count + 1, last]];
  const missing = subtract(absent, [...excused, ...unknown]);
  const excusedCounts = subtract(absent, missing);
  const retained = excusedCounts.slice(-SEALED_UNSETTLED_MAX);
  const missed = sizeOf(missing) + sizeOf(excusedCounts) - sizeOf(retained);
  return { seen: { last: Math.max(last, count), open: retained }, missed };
}

function sizeOf(ranges: Ranges): number {
  let size = 0;
  for (const [first, last] of ranges) size += last - first + 1;
  return Math.min(size, Number.MAX_SAFE_INTEGER);
}

function mergeRanges(ranges: Ranges): CountRange[] {
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  const result: CountRange[] = [];
  for (const [first, last] of sorted) {
    const before = result.at(-1);
    if (before === undefined || first > before[1] + 1) result.push([first, last]);
    else result[result.length - 1] = [before[0], Math.max(before[1], last)];
  }
  return result;
}

function subtract(ranges: Ranges, removed: Ranges): CountRange[] {
  let remaining = [...ranges];
  for (const [from, to] of removed) {
    remaining = remaining.flatMap(([first, last]): CountRange[] => {
      if (to < first || last < from) return [[first, last]];
      const before: CountRange[] = first < from ? [[first, from - 1]] : [];
      return to < last ? [...before, [to + 1, last]] : before;
    });
  }
  return remaining;
}

/**
 * Merges the oldest ranges if there are too many. Readers then excuse additional messages instead
 * of raising a false alarm.
 */
function limitRanges(ranges: Ranges): CountRange[] {
  const surplus = ranges.length - SEALED_UNSETTLED_MAX;
  const [first] = ranges;
  const joined = ranges[surplus];
  if (surplus <= 0 || first === undefined || joined === undefined) return [...ranges];
  return [[first[0], joined[1]], ...ranges.slice(surplus + 1)];
}
