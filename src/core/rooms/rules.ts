/** Rules of a room: who may post, set the topic, join and mention everyone. */

import { isEmoji } from "../../base/emoji.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import {
  EVERYONE_MEMBERS_MAX,
  NEWCOMERS_ROOMS_MAX,
  ROOM_MEMBERS_MAX,
  SLOW_SECONDS_MAX,
} from "../../base/limits.ts";
import { clampUnixMs, SECOND_MS } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import type { Body } from "../../wire/kinds.ts";
import type { RoomRules } from "../../wire/messages.ts";
import type { Draft } from "../../wire/record.ts";
import { setNewest } from "../evict.ts";
import type { Room } from "./rooms.ts";
import { RULE_NAMES, type RuleName } from "./rule-names.ts";
import { displayedName } from "./targets.ts";

type RuleFields = Omit<Body<"rules">, "changed">;
type RulesBody = { readonly [Rule in keyof RuleFields]: RuleFields[Rule] | undefined };

/** Returns the rules that differ from the defaults. Omits values that only later versions know. */
export function rulesOf(body: RulesBody): RoomRules {
  const { post, topic, slow = 0, join, everyone, newcomers, boxes, due = 0 } = body;
  return defined({
    post: post === "moderators" || post === "private" ? post : undefined,
    topic: topic === "moderators" ? topic : undefined,
    slow: slow === 0 ? undefined : Math.min(slow, SLOW_SECONDS_MAX),
    join: join === "password" || join === "approval" ? join : undefined,
    everyone: everyone === "moderators" || everyone === "everyone" ? everyone : undefined,
    newcomers: newcomers === true ? newcomers : undefined,
    boxes: boxes === "open" ? boxes : undefined,
    due: post === "private" && due > 0 ? clampUnixMs(due) : undefined,
  });
}

/** Names of the rules that differ. */
export function changedRules(before: RoomRules, after: RoomRules): readonly RuleName[] {
  return RULE_NAMES.filter((name) => before[name] !== after[name]);
}

/** Rooms that new accounts join. A cluster may have recorded a few too many at once. */
export function newcomersRooms(rooms: Iterable<Room>): Room[] {
  return [...rooms].filter(({ rules }) => rules.newcomers === true).slice(0, NEWCOMERS_ROOMS_MAX);
}

/** Reports whether the user may join only by a password, an approval or an invitation. */
export function needsAdmission({ rules, admitted }: Room, user: UserId): boolean {
  return rules.join !== undefined && !admitted.has(user);
}

/** @throws {Fault} room-password-wrong or approval-needed */
export function refuseJoin({ rules, name }: Room): never {
  if (rules.join === "approval") {
    throw new Fault("approval-needed", msg`'${name}' needs the approval of a moderator`, {
      remedy: msg`ask for it: ${`/join ${name}`}`,
    });
  }
  throw new Fault("room-password-wrong", msg`'${name}' requires a password`, {
    remedy: msg`enter it: ${"/join ROOM PASSWORD"}`,
  });
}

/** Reports whether a member who is no moderator may mention everyone. */
function everyoneMentions({ rules, members, pair }: Room): boolean {
  if (pair !== undefined) return true;
  return (rules.everyone ?? defaultEveryone(members.size)) === "everyone";
}

function defaultEveryone(members: number): "everyone" | "moderators" {
  return members > EVERYONE_MEMBERS_MAX ? "moderators" : "everyone";
}

/**
 * Checks a message, a reaction, an edit or a vote by a member who is no moderator.
 * @throws {Fault} not-allowed, text-invalid or too-fast
 */
export function checkRules(
  room: Room,
  user: UserId,
  { kind, body }: Pick<Draft, "kind" | "body">,
  unixMs: number,
  userName?: string,
): void {
  const name = displayedName(room);
  const { everyone } = body as Body<"text">;
  if (everyone !== undefined && !everyoneMentions(room)) {
    throw new Fault("not-allowed", msg`only moderators may mention everyone in '${name}'`, {
      remedy: msg`omit the @`,
    });
  }
  if (kind === "vote") return checkBoxOpen(room);
  if (kind === "reaction") return checkReaction(room, body);
  checkPoster(room, userName);
  const waitMs = kind === "edit" ? 0 : (slowEnd(room, user, unixMs) ?? 0) - unixMs;
  if (waitMs <= 0) return;
  // Without `retryAfterMs`, because a retry would hold up the messages to other rooms.
  const seconds = Math.ceil(waitMs / SECOND_MS);
  throw new Fault("too-fast", msg`slow mode in '${name}': you can post again in ${seconds} s`, {
    remedy: msg`send it again later`,
  });
}

/**
 * A reaction must not serve as a message in a room whose rule limits messages, and would show in an
 * assignment who has read it.
 */
function checkReaction(room: Room, body: Draft["body"]): void {
  checkBoxOpen(room);
  const { rules } = room;
  const name = displayedName(room);
  if (rules.post === "private") {
    throw new Fault("not-allowed", msg`only moderators can react in '${name}'`);
  }
  const { react = "" } = body as Body<"reaction">;
  if ((rules.post === undefined && rules.slow === undefined) || isEmoji(react)) return;
  throw new Fault("text-invalid", msg`a reaction in '${name}' must be one emoji`);
}

/** @throws {Fault} not-allowed if only moderators post in the room */
export function checkPoster(room: Room, userName = "YOUR_NAME"): void {
  checkBoxOpen(room);
  const { rules } = room;
  if (rules.post === undefined) return;
  const name = displayedName(room);
  const box = `${name}@${userName}`;
  throw new Fault("not-allowed", msg`only moderators can post in '${name}'`, {
    remedy:
      rules.post === "private"
        ? msg`hand in your work: write to ${box} on the page or with chat`
        : undefined,
  });
}

function checkBoxOpen(room: Room): void {
  if (!isClosedBox(room)) return;
  throw new Fault("not-allowed", msg`the assignment '${room.box?.of.name}' has ended`, {
    remedy: msg`ask a moderator`,
  });
}

function isClosedBox({ box }: Room): boolean {
  return box !== undefined && closesBoxes(box.of.rules);
}

/** The boxes of a room close when it is no longer an assignment, unless a rule leaves them open. */
export function closesBoxes({ post, boxes }: RoomRules): boolean {
  return post !== "private" && boxes !== "open";
}

/** A text that ends with a question mark does not count as handed in. */
export function isQuestion(text: string): boolean {
  return /[?\uff1f\u061f]\s*$/.test(text);
}

/** Reports whether members who are no moderators may post messages. */
export function mayMembersPost(room: Room): boolean {
  return room.rules.post === undefined && !isClosedBox(room);
}

/** Returns when the user may post again, in Unix ms; `undefined` if at once. */
export function slowEnd(room: Room, user: UserId, unixMs: number): number | undefined {
  const { rules, posted, accepted } = room;
  if (rules.slow === undefined) return undefined;
  const slowMs = rules.slow * SECOND_MS;
  for (const last of [posted.get(user), accepted?.get(user)]) {
    // If the clock went back or is not believed, the last message may lie far in the future.
    if (last !== undefined && Math.abs(unixMs - last) < slowMs) return last + slowMs;
  }
  return undefined;
}

/**
 * Notes a message in slow mode by the clock with which it is judged. Its record can have another
 * time while the server's clock is not believed.
 */
export function noteAccepted(room: Room, user: UserId, unixMs: number): void {
  if (room.rules.slow === undefined) return;
  room.accepted ??= new Map();
  setNewest(room.accepted, user, unixMs, ROOM_MEMBERS_MAX);
}

/** Notes a message in slow mode, and forgets the messages that no longer count. */
export function notePosted({ rules, posted }: Room, user: UserId, unixMs: number): void {
  if (rules.slow === undefined) return;
  setNewest(posted, user, unixMs, ROOM_MEMBERS_MAX);
  const oldest = unixMs - rules.slow * SECOND_MS;
  for (const [other, at] of posted) {
    if (at > oldest) return;
    posted.delete(other);
  }
}

/** Ends the requests and waits that the new rules no longer need. */
export function applyRules(room: Room, rules: RoomRules): void {
  // While a room is open, `admitted` also contains people whom moderators have removed.
  if (room.rules.join === undefined && rules.join !== undefined) {
    for (const user of room.admitted) if (!room.members.has(user)) room.admitted.delete(user);
  }
  room.rules = rules;
  if (rules.slow === undefined) {
    room.posted.clear();
    delete room.accepted;
  }
  if (rules.join === "approval") return;
  room.knocks.clear();
  room.declined.clear();
}
