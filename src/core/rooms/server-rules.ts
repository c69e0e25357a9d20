/** Rules of the server: who may write to whom, create rooms and send files. */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { defined } from "../../base/values.ts";
import type { Body } from "../../wire/kinds.ts";
import type { ServerRules } from "../../wire/messages.ts";
import type { Room, Rooms } from "./rooms.ts";

type Who = NonNullable<ServerRules["direct"]>;
type RulesBody = { readonly [Rule in keyof ServerRules]: Body<"server-rules">[Rule] | undefined };

export interface Rights {
  readonly rooms: Rooms;
  readonly policy:
    | { isOperator(user: UserId): boolean; readonly rules?: ServerRules | undefined }
    | undefined;
}

/** Returns the rules that differ from the defaults. Values that only later versions know do not. */
export function serverRulesOf({ direct, rooms, files }: RulesBody): ServerRules {
  const limited = (who: unknown) => (who === "moderators" || who === "operators" ? who : undefined);
  return defined({
    direct: limited(direct),
    rooms: rooms === "operators" ? rooms : undefined,
    files: limited(files),
  });
}

/**
 * Checks a message of the user to the other members of a conversation.
 * @throws {Fault} not-allowed
 */
export function checkMayWrite(rights: Rights, user: UserId, others: Iterable<UserId>): void {
  const who = rights.policy?.rules?.direct;
  if (who === undefined) return;
  for (const other of others) {
    if (other === user || guides(rights, who, user, other)) continue;
    if (guides(rights, who, other, user)) continue;
    throw new Fault(
      "not-allowed",
      who === "operators"
        ? msg`on this server, people can write directly only to operators`
        : msg`on this server, people can write directly only to moderators of their rooms`,
      { remedy: "write in a room" },
    );
  }
}

/**
 * @param room `undefined` if the conversation does not exist yet
 * @throws {Fault} not-allowed
 */
export function checkMaySendFiles(
  rights: Rights,
  user: UserId,
  room: Pick<Room, "pair" | "moderators"> | undefined,
  other?: UserId,
): void {
  const who = rights.policy?.rules?.files;
  if (who === undefined) return;
  const partner = other ?? room?.pair?.find((one) => one !== user);
  const isGuide =
    partner !== undefined
      ? guides(rights, who, user, partner)
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
    remedy: "ask an operator",
  });
}

/** Reports whether the user is an operator or moderates a room of the other user. */
function guides({ rooms, policy }: Rights, who: Who, user: UserId, other: UserId): boolean {
  if (policy?.isOperator(user) === true) return true;
  if (who !== "moderators") return false;
  for (const { name, moderators, members } of rooms.roomsOf(user))
    if (name !== undefined && moderators.has(user) && members.has(other)) return true;
  return false;
}
