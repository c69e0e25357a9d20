/** Slash commands `/grant` and `/revoke`. */

import { grant as grantIn, type RoomActor } from "../../client/chat/room-actions.ts";
import { type Answer, type Command, type Host, parseUser } from "./command.ts";

type Args = { readonly user: string };

export const grant: Command<Args> = {
  usage: "/grant NAME",
  parse: parseUser,
  run: (args, session, host) => change(args, session, host, true),
};

export const revoke: Command<Args> = {
  usage: "/revoke NAME",
  parse: parseUser,
  run: (args, session, host) => change(args, session, host, false),
};

async function change(
  { user }: Args,
  session: RoomActor,
  { room }: Host,
  on: boolean,
): Promise<Answer> {
  await grantIn(session, room, user, on);
  return { json: { kind: on ? "granted" : "revoked", user, role: "moderator", room } };
}
