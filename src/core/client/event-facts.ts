/** Facts of an event, read once from its record for all interfaces, IRC and JSON. */

import { isCount } from "../../base/values.ts";
import { type Body, isKnownKind, isOfLog, type KindIn } from "../../wire/kinds.ts";
import type { RoomRules } from "../../wire/messages.ts";
import { RULE_NAMES, type RuleName } from "../rooms/rule-names.ts";
import { rulesOf } from "../rooms/rules.ts";
import { type ChatRecord, type GroupChangeFacts, groupChangeOf } from "./chat-record.ts";

type HistoryKind = KindIn<"history">;

/** Kinds whose records have no text of an event. The compiler requires a text for all others. */
const NO_EVENTS = [
  // Messages.
  "text",
  "action",
  "file",
  "sealed",
  // Shown at their messages.
  "poll",
  "vote",
  "edit",
  "reaction",
  "erase",
  // Shown on the wall.
  "wall",
  // The first join says who created the room, and nobody sees a removed one.
  "room",
  "remove",
  // Not sent to readers.
  "checkpoint",
  "fork",
  "clock",
] as const satisfies readonly HistoryKind[];

export type EventKind = Exclude<HistoryKind, (typeof NO_EVENTS)[number]>;

export function isEventKind(kind: string): kind is EventKind {
  const others: readonly string[] = NO_EVENTS;
  return isKnownKind(kind) && isOfLog(kind, "history") && !others.includes(kind);
}

export interface EventFacts {
  /** Text of a message, new topic or display name of a room, or reason of a departure. */
  readonly text: string;
  /** Affected user. For `rename`, the new name of the user or room; for `group`, all users. */
  readonly subject: string | undefined;
  readonly oldName: string | undefined;
  readonly oldRoomName: string | undefined;
  readonly isRemoved: boolean;
  /**
   * For `mute`, `grant`, `pin`, `hand` and `receipts`: whether the state begins or ends. For
   * `profile`: whether the room gets or loses its display name; `undefined` if it is unchanged.
   */
  readonly on: boolean | undefined;
  /** For `hand`: whether it is lowered to call on the user. */
  readonly isCall?: boolean | undefined;
  readonly untilUnixMs: number | undefined;
  readonly keepMs: number | undefined;
  readonly rules?: RoomRules | undefined;
  /** Names of the rules that have changed; absent in records of former versions. */
  readonly changedRules?: readonly RuleName[] | undefined;
  readonly group?: GroupChangeFacts | undefined;
  /** Seq of the pinned message. */
  readonly re: number | undefined;
}

/** @param fields those of the record, which the caller has already read */
export function eventFactsOf(
  { kind, body }: Pick<ChatRecord, "kind" | "body">,
  fields: Body<HistoryKind>,
): EventFacts {
  const { text, topic, reason, title, addedBy, name, was, user } = fields;
  const group = kind === "group" ? groupChangeOf(body) : undefined;
  return {
    text: text ?? topic ?? reason ?? title ?? "",
    subject: (group === undefined ? (addedBy ?? name) : group.users.join(", ")) || undefined,
    oldName: user === undefined ? undefined : was || undefined,
    oldRoomName: user === undefined ? was || undefined : undefined,
    isRemoved: fields.removed === true,
    on: group === undefined ? (fields.on ?? isSet(title)) : isAdding(group),
    isCall: fields.call === true || undefined,
    untilUnixMs: countOf(fields.until),
    keepMs: countOf(fields.keepMs),
    rules: kind === "rules" ? rulesOf(fields) : undefined,
    changedRules: kind === "rules" ? changedRulesOf(fields.changed) : undefined,
    group,
    re: kind === "pin" ? countOf(fields.seq) : undefined,
  };
}

function changedRulesOf(names: readonly unknown[] = []): readonly RuleName[] | undefined {
  const known = RULE_NAMES.filter((name) => names.includes(name));
  return known.length === 0 ? undefined : known;
}

/** `undefined` if no devices are added or removed. */
function isAdding({ added, removed }: GroupChangeFacts): boolean | undefined {
  return added + removed === 0 ? undefined : added > 0;
}

function isSet(title: string | undefined): boolean | undefined {
  return title === undefined ? undefined : title !== "";
}

function countOf(value: number | undefined): number | undefined {
  return isCount(value) ? value : undefined;
}
