/** `/ignore` and `/unignore`. */

import { checkName } from "../../base/names.ts";
import type { RoomActor } from "../../client/chat/room-actions.ts";
import { type Answer, type Command, person } from "./command.ts";

type Order = { readonly user: string };

export const ignore: Command<Order> = {
  usage: "/ignore NAME",
  parse: person,
  run: (order, session) => change(order, session, true),
};

export const unignore: Command<Order> = {
  usage: "/unignore NAME",
  parse: person,
  run: (order, session) => change(order, session, false),
};

async function change(order: Order, session: RoomActor, on: boolean): Promise<Answer> {
  const user = checkName(order.user, "person's name");
  await session.request("ignore", { user, on });
  const json = { kind: on ? "ignoring" : "unignored", user };
  return { json, text: (texts) => (on ? texts.youIgnore : texts.youHear)(user) };
}
