/** People who are put into a room together. The page loads this with its rooms. */

import { asFault } from "../base/fault.ts";
import { bareTarget } from "../client/actions.ts";
import { isSameName } from "../core/model/item.ts";
import { roomOf } from "../core/model/selectors.ts";
import type { Model } from "../core/model/state.ts";
import type { Actions } from "./actions.ts";
import type { SendRequest } from "./link/queries.ts";

/** Refusals of one person, as opposed to those of the user or the room. */
export const SKIPPED_CODES: ReadonlySet<string> = new Set(["not-allowed", "user-unknown"]);

/** Numbers of people. */
export interface PutInCounts {
  readonly added: number;
  readonly invited: number;
  /** They were in the room before. */
  readonly present: number;
  /** Removed meanwhile, or invited already. */
  readonly skipped: number;
}

export interface PutInPlan {
  readonly target: string;
  readonly users: readonly string[];
  /** People who are in the room already. */
  readonly present: readonly string[];
  /** People who become moderators, if the user is an operator. */
  readonly moderators: readonly string[];
}

interface PutInOptions {
  /** Accounts that become moderators when they are added. */
  readonly moderators?: readonly string[];
  /** Whether people become members without an invitation, which only operators can do. */
  readonly adds?: boolean;
  readonly onDone?: (user: string) => void;
}

interface Putter {
  readonly actions: Pick<Actions, "addUser" | "peopleOf">;
  readonly model: Pick<Model, "isOperator" | "rooms">;
  readonly request: SendRequest;
}

/**
 * Puts people into a room. An operator makes them members, and others invite them. People who
 * were removed meanwhile are skipped.
 * @throws {Fault} the first other refusal, after everyone else; or the first refusal, if it
 * concerns all of them
 */
export async function putIn(
  { actions, model, request }: Putter,
  target: string,
  users: readonly string[],
  options: PutInOptions = {},
): Promise<PutInCounts> {
  const room = bareTarget(target);
  const { moderators = [], onDone } = options;
  const adds = options.adds ?? model.isOperator;
  let [added, invited, present, skipped] = [0, 0, 0, 0];
  let skip: unknown;
  let refusal: unknown;
  for (const user of users) {
    try {
      if (!adds) {
        await actions.addUser(room, user);
        invited++;
      } else {
        const { joined } = await request("add", { room, user });
        if (joined) added++;
        else present++;
        if (moderators.includes(user)) await request("grant", { room, user, on: true });
      }
      onDone?.(user);
    } catch (error) {
      const { blame, code } = asFault(error);
      if (blame !== "user") throw error;
      if (SKIPPED_CODES.has(code)) {
        skip ??= error;
        skipped++;
      } else refusal ??= error;
      // The others would be refused as well.
      if (code === "too-many") break;
    }
  }
  if (refusal !== undefined) throw refusal;
  if (skip !== undefined && skipped === users.length) throw skip;
  return { added, invited, present, skipped };
}

/** Returns whom `putAllIn` would put into a room, for a question before it. */
export async function putInPlan(
  { actions, model, request }: Putter,
  target: string,
  from: string,
): Promise<PutInPlan> {
  const people = await actions.peopleOf(from);
  const isOfficial = model.isOperator && (await isOfficialRoom(request, bareTarget(from)));
  const moderators = people
    .filter(({ role }) => role === "operator" || (role === "moderator" && isOfficial))
    .map(({ user }) => user);
  // An operator can add people to a room without being in it.
  const isMember = roomOf(model, target) !== undefined;
  const members = isMember ? await actions.peopleOf(target) : [];
  const present = new Set(members.map(({ user }) => user));
  const users = people.map(({ user }) => user).filter((user) => !present.has(user));
  const known = people.map(({ user }) => user).filter((user) => present.has(user));
  return { target, users, present: known, moderators };
}

/**
 * Puts the people of another room into a room. Its moderators become moderators, unless the other
 * room was made without an operator's rights: anyone can become the moderator of such a room.
 */
export async function putAllIn(
  chat: Putter,
  { target, users, present, moderators }: PutInPlan,
): Promise<PutInCounts> {
  const promoted = chat.model.isOperator ? present.filter((user) => moderators.includes(user)) : [];
  const counts = await putIn(chat, target, [...users, ...promoted], { moderators });
  return { ...counts, present: counts.present + present.length - promoted.length };
}

/** Reports whether an operator made the room. Only operators can ask. */
async function isOfficialRoom(request: SendRequest, room: string): Promise<boolean> {
  const { rooms } = await request("all-rooms", { find: room, sort: "name" });
  const entry = rooms.find((listed) => isSameName(listed.room, room));
  return entry !== undefined && entry.maker === undefined;
}
