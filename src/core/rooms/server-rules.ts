/** Rules of the server: who may write to whom, create rooms and send files. */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { defined } from "../../base/values.ts";
import type { Body } from "../../wire/kinds.ts";
import type { ServerRules } from "../../wire/messages.ts";
import type { Room, Rooms } from "./rooms.ts";

type Who = NonNullable<ServerRules["direct"]>;
/** Role of those who may write to other people if not everyone may. */
export type WriterRole = Exclude<Who, "everyone">;
type RulesBody = { readonly [Rule in keyof ServerRules]: Body<"server-rules">[Rule] | undefined };

export interface Rights {
  readonly rooms: Rooms;
  readonly policy:
    | { isOperator(user: UserId): boolean; readonly rules?: ServerRules | undefined }
    | undefined;
}

/** Returns the rules that differ from the defaults. Omits values that only later versions know. */
export function serverRulesOf({ direct, rooms, files }: RulesBody): ServerRules {
  const limited = (who: unknown) => (who === "moderators" || who === "operators" ? who : undefined);
  return defined({
    direct: limited(direct),
    rooms: rooms === "operators" ? rooms : undefined,
    files: limited(files),
  });
}

/** Members of a direct conversation or a group; `undefined` for other rooms. */
export function companyOf({ pair, isPrivate, members }: Room): Iterable<UserId> | undefined {
  return pair ?? (isPrivate === true ? members : undefined);
}

/**
 * Decides whether a conversation takes messages, for which one of its members must be entitled to
 * write to all others.
 * @returns the role that one of them would need; `undefined` if it does
 */
export function missingGuide(rights: Rights, company: Iterable<UserId>): WriterRole | undefined {
  const who = rights.policy?.rules?.direct;
  if (who === undefined || who === "everyone") return undefined;
  const people = [...new Set(company)];
  if (people.length < 2 || people.some((user) => guidesAll(rights, who, user, people)))
    return undefined;
  return who;
}

/** @throws {Fault} not-allowed if the conversation takes no messages */
export function checkMayWrite(rights: Rights, company: Iterable<UserId>): void {
  const who = missingGuide(rights, company);
  if (who === undefined) return;
  throw new Fault(
    "not-allowed",
    who === "operators"
      ? msg`on this server, direct messages are only possible from and to operators`
      : msg`on this server, direct messages are only possible from and to moderators`,
    { remedy: "write in a room" },
  );
}

/**
 * @param room `undefined` if the conversation does not exist yet
 * @param company members of the conversation; `undefined` for other rooms
 * @throws {Fault} not-allowed
 */
export function checkMaySendFiles(
  rights: Rights,
  user: UserId,
  room: Pick<Room, "moderators"> | undefined,
  company: Iterable<UserId> | undefined,
): void {
  const who = rights.policy?.rules?.files;
  if (who === undefined) return;
  const isGuide =
    company !== undefined
      ? guidesAll(rights, who, user, company)
      : rights.policy?.isOperator(user) === true ||
        (who === "moderators" && room?.moderators.has(user) === true);
  if (isGuide) return;
  throw new Fault(
    "not-allowed",
    who === "operators"
      ? msg`only operators can send files on this server`
      : msg`only moderators can send files on this server`,
  );
}

/** @throws {Fault} not-allowed */
export function checkMayCreateRoom({ policy }: Pick<Rights, "policy">, isOperator: boolean): void {
  if (isOperator || policy?.rules?.rooms === undefined) return;
  throw new Fault("not-allowed", msg`only operators can create rooms on this server`, {
    remedy: msg`ask an operator`,
  });
}

/** Reports whether the user is an operator or moderates a room of each of the others. */
function guidesAll(
  { rooms, policy }: Rights,
  who: Who,
  user: UserId,
  people: Iterable<UserId>,
): boolean {
  if (policy?.isOperator(user) === true) return true;
  if (who !== "moderators") return false;
  const others = new Set(people);
  if (others.size > 1) others.delete(user); // Otherwise these are notes to oneself.
  // Groups do not count, because their creators moderate them.
  for (const { name, isPrivate, moderators, members } of rooms.roomsOf(user)) {
    if (name === undefined || isPrivate === true || !moderators.has(user)) continue;
    for (const other of others) if (members.has(other)) others.delete(other);
  }
  return others.size === 0;
}
