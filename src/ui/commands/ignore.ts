/** Slash commands `/ignore` and `/unignore`. */

import { checkName } from "../../base/names.ts";
import type { RoomActor } from "../../client/chat/room-actions.ts";
import { type Answer, type Command, parseUser } from "./command.ts";

type Args = { readonly user: string };

export const ignore: Command<Args> = {
  usage: "/ignore NAME",
  parse: parseUser,
  run: (args, session) => change(args, session, true),
};

export const unignore: Command<Args> = {
  usage: "/unignore NAME",
  parse: parseUser,
  run: (args, session) => change(args, session, false),
};

async function change(args: Args, session: RoomActor, on: boolean): Promise<Answer> {
  const user = checkName(args.user, "person's name");
  await session.request("ignore", { user, on });
  const json = { kind: on ? "ignoring" : "unignored", user };
  return { json, text: (texts) => (on ? texts.nowIgnoring : texts.stoppedIgnoring)(user) };
}
