/** Lines that tell scripts and people what an import does with each line of its list. */

import type { Name } from "../../base/names.ts";
import { counted } from "../../base/sizes.ts";
import { formatUtc } from "../../base/time.ts";
import type { AccountEntry } from "../../core/people/class-list.ts";
import type { ImportChange, ImportPlan } from "../../core/people/import-plan.ts";
import { reasonText } from "../../core/people/list-text.ts";
import { type PlanAnswer, type PlanRow, planRows } from "../../core/people/plan-rows.ts";

interface PlanLine extends Pick<PlanRow, "line" | "action" | "user"> {
  readonly why: string;
  /** Flags that answer the question; `undefined` if only another list can. */
  readonly confirm?: string | undefined;
}

export function planLines(
  plan: ImportPlan,
  textOf: (change: ImportChange) => string,
): readonly PlanLine[] {
  return planRows(plan).map(({ line, action, user, entry, changes, left, reason, answers }) => {
    const named = changes.flatMap((one) => ("displayName" in one ? (one.displayName ?? []) : []));
    const texts = [
      ...(reason === undefined ? [] : [reasonText(reason)]),
      ...(entry === undefined ? (action === "new" ? named : []) : [originOf(entry)]),
      ...changes.map(textOf),
      ...left.map(({ room }) => `has left ${room}, not added`),
    ];
    return { line, action, user, why: texts.join("; "), confirm: flagsOf(answers) };
  });
}

/** Text of a line for people, such as "line 3: known: ana, imported on 2026-11-28". */
export function planText({ line, action, user, why, confirm }: PlanLine): string {
  const isNamed = user !== undefined && action !== "question" && action !== "problem";
  const parts = [...(isNamed ? [user] : []), ...(why === "" ? [] : [why])];
  const answers = confirm === undefined ? "" : `; to confirm: ${confirm}`;
  return `line ${line}: ${action}: ${parts.join(", ")}${answers}`;
}

/** Such as "--room 8a or --new-room 7a". */
function flagsOf(answers: readonly PlanAnswer[]): string | undefined {
  const flags = answers.map(({ kind, name }) => `--${kind} ${name}`);
  return flags.length === 0 ? undefined : flags.join(" or ");
}

function originOf({ enrolled, since, displayName }: AccountEntry): string {
  const day = formatUtc(since).slice(0, 10);
  const origin = `${enrolled === true ? "imported" : "registered"} on ${day}`;
  return displayName === undefined ? origin : `${displayName}, ${origin}`;
}

/** @param title of a renamed room; empty if it is removed */
export function titleChange(title: string | undefined): string {
  if (title === undefined) return "";
  return title === "" ? ", without its display name" : `, displayed as '${title}'`;
}

/** Such as "new room 'VII A' as vii-a". */
export function newRoomText({
  room,
  title,
}: Extract<ImportChange, { readonly kind: "create-room" }>): string {
  return title === undefined ? `new room ${room}` : `new room '${title}' as ${room}`;
}

/** Returns a line for each new room, and for each person all that changes. */
export function changeLines(changes: readonly ImportChange[]): readonly string[] {
  const persons = Map.groupBy(
    changes.filter((change) => "user" in change),
    ({ user }) => user,
  );
  return [
    ...changes.flatMap((change) => {
      if (change.kind === "create-room") return [newRoomText(change)];
      if (change.kind === "close-room") return [`${change.room}: closed`];
      if (change.kind !== "rename-room") return [];
      return [`${change.room}: now called ${change.to}${titleChange(change.title)}`];
    }),
    ...[...persons].map(([user, all]) => personLine(user, all)),
  ];
}

type PersonChange = Extract<ImportChange, { readonly user: Name }>;

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
    ["removed from", roomsOf(({ kind }) => kind === "remove-member")],
  ];
  const texts = changes.flatMap((change) => {
    if (change.kind === "create-account") return ["new account"];
    if (change.kind === "renew-code") return ["new code"];
    if (change.kind === "external-id") return [`id ${change.value}`];
    if (change.kind === "remove-account") return ["account removed"];
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

/** Changes that do not count as changes of a person. */
const UNCOUNTED: ReadonlySet<string> = new Set(["leave", "remove-account"]);

/** Such as "25 people on the list: 24 new accounts, 2 new rooms, 1 other changed". */
export function sumText(people: number, changes: readonly ImportChange[]): string {
  const created = changes.filter(({ kind }) => kind === "create-account");
  const rooms = changes.filter(({ kind }) => kind === "create-room").length;
  const isNew = new Set(created.map((change) => "user" in change && change.user));
  const others = new Set(
    changes.flatMap((change) =>
      !("user" in change) || UNCOUNTED.has(change.kind) || isNew.has(change.user)
        ? []
        : [change.user],
    ),
  );
  const countOf = (kind: ImportChange["kind"]) =>
    changes.filter((change) => change.kind === kind).length;
  const [renamed, closed, removed] = [
    countOf("rename-room"),
    countOf("close-room"),
    countOf("remove-account"),
  ];
  const parts = [
    [renamed, `${counted(renamed, "room")} renamed`],
    [closed, `${counted(closed, "room")} closed`],
    [removed, `${counted(removed, "account")} removed`],
    [created.length, counted(created.length, "new account")],
    [rooms, counted(rooms, "new room")],
    [others.size, `${others.size} known and changed`],
  ] as const;
  const texts = parts.filter(([count]) => count > 0).map(([, text]) => text);
  const listed = people === 1 ? "1 person" : `${people} people`;
  return `${listed} on the list: ${texts.length === 0 ? "nothing to change" : texts.join(", ")}`;
}
