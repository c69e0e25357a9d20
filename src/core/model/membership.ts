/** Sums of joins, departures and removals, which share one row between two messages. */

import { kindsWith } from "../../wire/kinds.ts";

const MEMBERSHIP_KINDS: ReadonlySet<string> = /* @__PURE__ */ kindsWith("membership");

export interface MembershipEvent {
  readonly kind: string;
  readonly from: string | undefined;
  /** The removed person, or who added the person who joined. */
  readonly subject: string | undefined;
}

/** Events of the people who did not both join and leave, in their order. */
export interface MembershipSum<T> {
  readonly joined: readonly T[];
  readonly left: readonly T[];
  readonly removed: readonly T[];
}

export function isMembership({ kind }: Pick<MembershipEvent, "kind">): boolean {
  return MEMBERSHIP_KINDS.has(kind);
}

/** Returns the person who joined, left or was removed. */
function memberOf({ kind, from, subject }: MembershipEvent): string {
  return ((kind === "kick" ? subject : from) ?? "").toLowerCase();
}

/**
 * Lets the join and the departure of one person cancel out. A removal stays, because it is a
 * decision of somebody else.
 */
export function membershipSum<T extends MembershipEvent>(events: readonly T[]): MembershipSum<T> {
  const left = new Set(events);
  const last = new Map<string, T[]>();
  for (const event of events) {
    const person = memberOf(event);
    const before = last.get(person) ?? [];
    const previous = before.at(-1);
    const opposite = event.kind === "join" ? "leave" : event.kind === "leave" ? "join" : undefined;
    if (previous !== undefined && previous.kind === opposite) {
      left.delete(previous);
      left.delete(event);
      before.pop();
    } else before.push(event);
    last.set(person, before);
  }
  const ofKind = (kind: string) => [...left].filter((event) => event.kind === kind);
  return { joined: ofKind("join"), left: ofKind("leave"), removed: ofKind("kick") };
}

export function isEmptySum({ joined, left, removed }: MembershipSum<unknown>): boolean {
  return joined.length + left.length + removed.length === 0;
}
