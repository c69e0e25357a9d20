/** Rows that show what an import does with each line of its list, for all user interfaces. */

import { msg } from "../../base/fault.ts";
import type { Name } from "../../base/names.ts";
import type { AccountEntry } from "./class-list.ts";
import type { ImportChange, ImportPlan, LeftRoom } from "./import-plan.ts";
import type { Reason } from "./list-text.ts";

/** Name that answers a question. */
export interface PlanAnswer {
  readonly kind: "account" | "room" | "new-room";
  readonly name: Name;
}

export interface PlanRow {
  readonly line: number;
  /** `note`: the line tells something that changes nothing. */
  readonly action: "new" | "known" | "change" | "question" | "problem" | "note";
  /** Account that the line means. */
  readonly user?: Name | undefined;
  /** `undefined` if the import creates the account. */
  readonly entry?: AccountEntry | undefined;
  /** Without the display name of a new account, which is created with it. */
  readonly changes: readonly ImportChange[];
  readonly left: readonly LeftRoom[];
  readonly reason?: Reason;
  readonly answers: readonly PlanAnswer[];
}

const NOTHING = { changes: [], left: [], answers: [] } as const;

/** Returns the rows in the order of their lines. A line has a row for each problem or question. */
export function planRows(plan: ImportPlan): readonly PlanRow[] {
  const { people, problems, questions, planned, settled, left } = plan;
  const users = new Map(people.map(({ line, user }) => [line, user]));
  const open: PlanRow[] = [
    ...problems.map(({ line, reason }) => {
      return { ...NOTHING, line, action: "problem", user: users.get(line), reason } as const;
    }),
    ...questions.map(({ line, reason, subject, newRoom }): PlanRow => {
      const answers: readonly PlanAnswer[] = [
        ...(subject === undefined ? [] : [subject]),
        ...(newRoom === undefined ? [] : [{ kind: "new-room", name: newRoom } as const]),
      ];
      return { ...NOTHING, line, action: "question", user: users.get(line), reason, answers };
    }),
  ];
  const openLines = new Set(open.map(({ line }) => line));
  const listed = new Set(people.map(({ line }) => line));
  const changes = Map.groupBy(
    planned.filter((change) => !("isNew" in change && change.isNew)),
    ({ line }) => line,
  );
  const departures = Map.groupBy(left, ({ line }) => line);
  const persons = people.map(({ line, user, entry }): PlanRow => {
    const own = changes.get(line) ?? [];
    const action = entry === undefined ? "new" : own.length === 0 ? "known" : "change";
    const gone = departures.get(line) ?? [];
    return { line, action, user, entry, changes: own, left: gone, answers: [] };
  });
  const rooms = [...changes].flatMap(([line, own]): PlanRow[] =>
    listed.has(line) ? [] : [{ ...NOTHING, line, action: "change", changes: own }],
  );
  const known = settled.map(({ line, reason }): PlanRow => {
    return { ...NOTHING, line, action: "known", reason };
  });
  const clear = [...persons, ...rooms, ...known].filter(({ line }) => !openLines.has(line));
  return [...noteRows(plan), ...open, ...clear].sort((a, b) => a.line - b.line);
}

function noteRows({ notes, kept }: ImportPlan): readonly PlanRow[] {
  const roles = kept.map(({ line, user, room }) => {
    const role =
      room === undefined
        ? msg`${user} imports this list, and keeps the role of an operator`
        : msg`${user} imports this list, and keeps the role in ${room}`;
    return { line, reason: [role] };
  });
  return [...notes, ...roles].map(({ line, reason }) => {
    return { ...NOTHING, line, action: "note", reason };
  });
}
