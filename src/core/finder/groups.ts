/** Hits of several kinds in one list. */

import type { Candidate, RankedHit } from "./finder.ts";

interface Kinded extends Candidate {
  readonly kind: string;
}

export interface HitGroup<T extends Kinded> {
  readonly kind: T["kind"];
  readonly hits: readonly RankedHit<T>[];
}

/**
 * Groups hits, which are sorted by rank, by their kinds. The group with the best hit is first;
 * those of equal rank have the given order.
 */
export function groupHits<T extends Kinded>(
  hits: readonly RankedHit<T>[],
  order: readonly T["kind"][],
): readonly HitGroup<T>[] {
  const byKind = Map.groupBy(hits, ({ candidate }) => candidate.kind);
  const groups = order.map((kind) => ({ kind, hits: byKind.get(kind) ?? [] }));
  const bestRank = ({ hits: [best] }: HitGroup<T>) => best?.rank ?? Number.POSITIVE_INFINITY;
  return groups
    .filter((group) => group.hits.length > 0)
    .toSorted((a, b) => bestRank(a) - bestRank(b));
}
