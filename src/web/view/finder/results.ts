/** Groups of results, to which late ones are added without moving what is visible. */

import type { Candidate, RankedHit } from "../../../core/finder/finder.ts";
import { groupHits } from "../../../core/finder/groups.ts";
import type { FoundKind } from "./store.ts";

export const GROUPS: readonly FoundKind[] = [
  "people",
  "rooms",
  "messages",
  "files",
  "actions",
  "settings",
  "help",
];

/** Rows of a group among others, and rows that one group draws before it is scrolled. */
const GROUP_ROWS_MAX = 3;
export const ROWS_PER_PAGE = 50;

export interface ResultGroup<Row> {
  readonly kind: FoundKind;
  readonly rows: readonly Row[];
  /** Number of rows that are drawn. */
  readonly shown: number;
  readonly count: number;
  readonly hasMore: boolean;
}

interface Kinded extends Candidate {
  readonly kind: FoundKind;
}

export interface ResultCount {
  readonly count: number;
  readonly hasMore: boolean;
}

interface GroupingOptions {
  /** The only group. */
  readonly group: FoundKind | undefined;
  readonly messages: ResultCount;
  /** Whether the server may find more messages. */
  readonly isSearching: boolean;
}

/** A group to which the server may add rows is last, unless it has all that it draws. */
export function groupedResults<Row extends Kinded>(
  hits: readonly RankedHit<Row>[],
  { group, messages, isSearching }: GroupingOptions,
): readonly ResultGroup<Row>[] {
  const shownMax = group === undefined ? GROUP_ROWS_MAX : ROWS_PER_PAGE;
  const groups = groupHits(hits, group === undefined ? GROUPS : [group]).map((found) => {
    const rows = found.hits.map(({ candidate }) => candidate);
    const counts = found.kind === "messages" ? messages : { count: rows.length, hasMore: false };
    return { kind: found.kind, rows, shown: Math.min(shownMax, rows.length), ...counts };
  });
  const isGrowing = ({ kind, shown }: ResultGroup<Row>) =>
    isSearching && kind === "messages" && shown < GROUP_ROWS_MAX;
  return [...groups.filter((one) => !isGrowing(one)), ...groups.filter(isGrowing)];
}

/** Adds rows below the rows of their group. Only the last group draws more of them. */
export function withLate<Row extends Kinded>(
  groups: readonly ResultGroup<Row>[],
  kind: FoundKind,
  late: readonly Row[],
  counts?: ResultCount,
): readonly ResultGroup<Row>[] {
  if (late.length === 0 && counts === undefined) return groups;
  const at = groups.findIndex((group) => group.kind === kind);
  const group = groups[at];
  if (group === undefined) {
    const shown = Math.min(late.length, GROUP_ROWS_MAX);
    const added = { kind, rows: late, shown, count: late.length, hasMore: false, ...counts };
    return late.length === 0 ? groups : [...groups, added];
  }
  const rows = [...group.rows, ...late];
  const isLast = at === groups.length - 1;
  const shownMax = groups.length === 1 ? ROWS_PER_PAGE : GROUP_ROWS_MAX;
  const shown = isLast ? Math.max(group.shown, Math.min(rows.length, shownMax)) : group.shown;
  const count = group.count + late.length;
  return groups.with(at, { ...group, rows, shown, count, ...counts });
}
