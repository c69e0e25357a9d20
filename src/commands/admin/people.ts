/** `chat admin` commands `kick`, `mute`, `unmute`, `grant` and `revoke`. */

import { defined } from "../../base/values.ts";
import { argument, defineVerb, type FlagDefs, stringFlag, type Verb } from "../../cli/command.ts";
import {
  ADMIN_FLAGS,
  expiryOf,
  FOR_FLAG,
  operatorVerb,
  ROOM_FLAG,
  roomNameOf,
  userNameOf,
  withOperator,
} from "../../cli/connect/operator.ts";
import { printResult } from "../../cli/output/result.ts";
import { withUtcTime } from "../../core/duration.ts";

const NAME = { name: argument("User name") } as const satisfies FlagDefs;

export const kick = operatorVerb({
  args: { ...NAME, ...ROOM_FLAG, reason: stringFlag("TEXT", "Shown in the room") },
  async run(args, context, client) {
    const [user, room] = [userNameOf(args.name), roomNameOf(args.room)];
    const reason = defined({ reason: args.reason });
    const { seq } = await client.request("kick", { room, user, ...reason });
    return printResult(
      context,
      { kind: "kicked", user, room, seq, ...reason },
      `removed ${user} from ${room}`,
    );
  },
});

const MUTE_ARGS = { ...NAME, ...ROOM_FLAG, ...FOR_FLAG, ...ADMIN_FLAGS };

export const mute = defineVerb({
  args: MUTE_ARGS,
  async run(args, context) {
    const until = defined({ until: expiryOf(context, args.for) });
    return withOperator(context, args, async ({ client }) => {
      const [user, room] = [userNameOf(args.name), roomNameOf(args.room)];
      const { seq } = await client.request("mute", { room, user, on: true, ...until });
      const line = { kind: "muted", user, room, seq, ...withUtcTime(until, "until") };
      return printResult(context, line, `${user} is muted`);
    });
  },
});

export const unmute = operatorVerb({
  args: { ...NAME, ...ROOM_FLAG },
  async run(args, context, client) {
    const [user, room] = [userNameOf(args.name), roomNameOf(args.room)];
    const { seq } = await client.request("mute", { room, user, on: false });
    return printResult(
      context,
      { kind: "unmuted", user, room, seq },
      `${user} is unmuted in ${room}`,
    );
  },
});

export const grant = roleVerb(true);
export const revoke = roleVerb(false);

function roleVerb(on: boolean): Verb {
  return operatorVerb({
    args: {
      ...NAME,
      room: stringFlag("ROOM", "Room to moderate (Default: operator of the server)"),
    },
    async run(args, context, client) {
      const user = userNameOf(args.name);
      const room = args.room === undefined ? undefined : roomNameOf(args.room);
      await client.request("grant", { user, on, ...defined({ room }) });
      const role = room === undefined ? "operator" : `moderator`;
      const roomText = room === undefined ? "" : ` of ${room}`;
      const message = `${user} is ${on ? "now" : "no longer"} ${role}${roomText}`;
      return printResult(context, { kind: on ? "granted" : "revoked", user, role, room }, message);
    },
  });
}
