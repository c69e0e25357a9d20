/** Lines that tell scripts what an import does with each line of its list. */

import { formatUtc } from "../../base/time.ts";
import type { AccountEntry } from "../../core/people/class-list.ts";
import type { ImportChange, ImportPlan } from "../../core/people/import-plan.ts";
import { reasonText } from "../../core/people/list-text.ts";

interface PlanLine {
  readonly line: number;
  readonly action: "new" | "known" | "change" | "question" | "problem";
  readonly user?: string | undefined;
  readonly why: string;
  /** Flag that answers the question; `undefined` if only another list can. */
  readonly confirm?: string | undefined;
}

/** Returns the lines in their order. A line with problems or questions has one item for each. */
export function planLines(
  { people, problems, questions, planned }: ImportPlan,
  textOf: (change: ImportChange) => string,
): readonly PlanLine[] {
  const users = new Map(people.map(({ line, user }) => [line, user]));
  const open: PlanLine[] = [
    ...problems.map(({ line, reason }) => {
      const why = reasonText(reason);
      return { line, action: "problem", user: users.get(line), why } as const;
    }),
    ...questions.map(({ line, reason, subject }) => {
      const confirm = subject && `--${subject.kind} ${subject.name}`;
      const why = reasonText(reason);
      return { line, action: "question", user: users.get(line), why, confirm } as const;
    }),
  ];
  const openLines = new Set(open.map(({ line }) => line));
  const changes = Map.groupBy(planned, ({ line }) => line);
  const clear = people.flatMap(({ line, user, entry }): PlanLine[] => {
    if (openLines.has(line)) return [];
    const texts = (changes.get(line) ?? []).map(textOf);
    if (entry === undefined) return [{ line, action: "new", user, why: texts.join("; ") }];
    const action = texts.length === 0 ? "known" : "change";
    return [{ line, action, user, why: [originOf(entry), ...texts].join("; ") }];
  });
  return [...open, ...clear].sort((a, b) => a.line - b.line);
}

function originOf({ enrolled, since }: AccountEntry): string {
  const day = formatUtc(since).slice(0, 10);
  return enrolled === true ? `an operator made it on ${day}` : `registered on ${day}`;
}
