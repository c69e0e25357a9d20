/** `chat admin` kick, mute, unmute, grant and revoke. */

import {
  argument,
  defineVerb,
  type FlagDefs,
  type FlagValues,
  stringFlag,
} from "../../cli/command.ts";
import {
  ADMIN_FLAGS,
  done,
  FOR_FLAG,
  personOf,
  ROOM_FLAG,
  roomOf,
  withOperator,
} from "../../cli/connect/operator.ts";
import type { Context } from "../../cli/context.ts";
import { inUtc, untilOf } from "../../core/duration.ts";

const NAME = { name: argument("Who") } as const satisfies FlagDefs;

export const kick = defineVerb({
  args: { ...NAME, ...ROOM_FLAG, ...ADMIN_FLAGS },
  async run(args, context) {
    return withOperator(context, args, async ({ client }) => {
      const [user, room] = [personOf(args.name), roomOf(args.room)];
      const { seq } = await client.request("kick", { room, user });
      return done(context, { kind: "kicked", user, room, seq }, `${user} is out of ${room}`);
    });
  },
});

const MUTE_ARGS = { ...NAME, ...ROOM_FLAG, ...FOR_FLAG, ...ADMIN_FLAGS };

export const mute = defineVerb({
  args: MUTE_ARGS,
  async run(args, context) {
    const until =
      args.for === undefined ? {} : { until: untilOf(args.for, context.clock.unixMs()) };
    return withOperator(context, args, async ({ client }) => {
      const [user, room] = [personOf(args.name), roomOf(args.room)];
      const { seq } = await client.request("mute", { room, user, on: true, ...until });
      const line = { kind: "muted", user, room, seq, ...inUtc(until, "until") };
      return done(context, line, `${user} is muted`);
    });
  },
});

export const unmute = defineVerb({
  args: { ...NAME, ...ROOM_FLAG, ...ADMIN_FLAGS },
  async run(args, context) {
    return withOperator(context, args, async ({ client }) => {
      const [user, room] = [personOf(args.name), roomOf(args.room)];
      const { seq } = await client.request("mute", { room, user, on: false });
      return done(context, { kind: "unmuted", user, room, seq }, `${user} may speak in ${room}`);
    });
  },
});

const GRANT_ARGS = {
  ...NAME,
  room: stringFlag("ROOM", "Moderates there; else operates"),
  ...ADMIN_FLAGS,
} as const satisfies FlagDefs;

export const grant = defineVerb({
  args: GRANT_ARGS,
  run: (args, context) => setRole(context, args, true),
});

export const revoke = defineVerb({
  args: GRANT_ARGS,
  run: (args, context) => setRole(context, args, false),
});

function setRole(
  context: Context,
  args: FlagValues<typeof GRANT_ARGS>,
  on: boolean,
): Promise<number> {
  return withOperator(context, args, async ({ client }) => {
    const user = personOf(args.name);
    const place = args.room === undefined ? {} : { room: roomOf(args.room) };
    await client.request("grant", { user, on, ...place });
    const role = args.room === undefined ? "operator" : "moderator";
    const where = args.room === undefined ? "" : ` of ${roomOf(args.room)}`;
    const sentence = `${user} is ${on ? "now" : "no longer"} ${role}${where}`;
    return done(context, { kind: on ? "granted" : "revoked", user, role, ...place }, sentence);
  });
}
