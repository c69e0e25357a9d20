/** `/grant` and `/revoke`. */

import { grant as grantIn, type RoomActor } from "../../client/chat/room-actions.ts";
import { type Answer, type Command, type Host, person } from "./command.ts";

type Order = { readonly user: string };

export const grant: Command<Order> = {
  usage: "/grant NAME",
  parse: person,
  run: (order, session, host) => change(order, session, host, true),
};

export const revoke: Command<Order> = {
  usage: "/revoke NAME",
  parse: person,
  run: (order, session, host) => change(order, session, host, false),
};

async function change(
  { user }: Order,
  session: RoomActor,
  { room }: Host,
  on: boolean,
): Promise<Answer> {
  await grantIn(session, room, user, on);
  return { json: { kind: on ? "granted" : "revoked", user, role: "moderator", room } };
}
