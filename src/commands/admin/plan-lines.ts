/** Lines that tell scripts and people what an import does with each line of its list. */

import { counted } from "../../base/sizes.ts";
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

/** Returns a line for each new room, and for each person all that changes. */
export function changeLines(changes: readonly ImportChange[]): readonly string[] {
  const rooms = changes.filter((change) => change.kind === "create-room");
  const persons = Map.groupBy(
    changes.filter((change) => change.kind !== "create-room"),
    ({ user }) => user,
  );
  return [
    ...rooms.map(({ room }) => `new room ${room}`),
    ...[...persons].map(([user, all]) => personLine(user, all)),
  ];
}

type PersonChange = Exclude<ImportChange, { kind: "create-room" }>;

function personLine(user: string, changes: readonly PersonChange[]): string {
  const roomsOf = (isListed: (change: PersonChange) => boolean) =>
    changes.flatMap((change) =>
      isListed(change) && "room" in change && change.room !== undefined ? [change.room] : [],
    );
  const moderated = roomsOf(
    ({ kind, ...change }) => kind === "grant" && "on" in change && change.on,
  );
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ["added to", roomsOf(({ kind }) => kind === "add").filter((room) => !moderated.includes(room))],
    ["moderator of", moderated],
    ["no longer moderator of", roomsOf((change) => change.kind === "grant" && !change.on)],
    ["leaves", roomsOf(({ kind }) => kind === "leave")],
  ];
  const texts = changes.flatMap((change) => {
    if (change.kind === "create-account") return ["new account"];
    if (change.kind === "renew-code") return ["new code"];
    if (change.kind === "display-name") return change.isNew ? [] : [`now called ${change.text}`];
    if (change.kind !== "grant" || change.room !== undefined) return [];
    return [change.on ? "operator" : "no longer operator"];
  });
  const named = changes.find((change) => change.kind === "display-name" && change.isNew);
  const name = named?.kind === "display-name" ? `${user} (${named.text})` : user;
  const lists = parts.filter(([, rooms]) => rooms.length > 0);
  const all = [...texts, ...lists.map(([text, rooms]) => `${text} ${rooms.join(", ")}`)];
  return `${name}: ${all.join("; ")}`;
}

/** Such as "25 people on the list: 24 new accounts, 2 new rooms, 1 other changed". */
export function sumText(people: number, changes: readonly ImportChange[]): string {
  const created = changes.filter(({ kind }) => kind === "create-account");
  const rooms = changes.filter(({ kind }) => kind === "create-room").length;
  const isNew = new Set(created.map((change) => "user" in change && change.user));
  const others = new Set(
    changes.flatMap((change) =>
      change.kind === "create-room" || change.kind === "leave" || isNew.has(change.user)
        ? []
        : [change.user],
    ),
  );
  const parts = [
    [created.length, counted(created.length, "new account")],
    [rooms, counted(rooms, "new room")],
    [others.size, `${others.size} known and changed`],
  ] as const;
  const texts = parts.filter(([count]) => count > 0).map(([, text]) => text);
  const listed = people === 1 ? "1 person" : `${people} people`;
  return `${listed} on the list: ${texts.length === 0 ? "nothing to change" : texts.join(", ")}`;
}
