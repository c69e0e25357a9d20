import {
  defineGroup,
  defineVerb,
  type FlagDefs,
  type FlagValues,
  type Verb,
} from "../../cli/command.ts";
import { confirmed, YES_FLAG } from "../../cli/confirm.ts";
import { ADMIN_FLAGS, done, roomOf, withOperator } from "../../cli/connect/operator.ts";
import type { Context } from "../../cli/context.ts";

const ROOM = { room: { type: "positional", description: "Which" } } as const satisfies FlagDefs;
const PLAIN_ARGS = { ...ROOM, ...ADMIN_FLAGS };

const rename = defineVerb({
  args: {
    ...ROOM,
    to: { type: "positional", description: "The new name" },
    ...ADMIN_FLAGS,
  },
  details: "Who is in stays in, and the old name still leads there.",
  async run(args, context) {
    const [room, to] = [roomOf(args.room), roomOf(args.to)];
    return withOperator(context, args, async ({ client }) => {
      await client.request("rename", { room, to });
      return done(context, { kind: "renamed", room, name: to }, `${room} is called ${to} now`);
    });
  },
});

const close = defineVerb({
  args: PLAIN_ARGS,
  details: "Its members read on, and others may still enter.",
  run: (args, context) => setClosed(context, args, true),
});

const reopen = defineVerb({
  args: PLAIN_ARGS,
  run: (args, context) => setClosed(context, args, false),
});

function setClosed(
  context: Context,
  args: FlagValues<typeof PLAIN_ARGS>,
  on: boolean,
): Promise<number> {
  const room = roomOf(args.room);
  return withOperator(context, args, async ({ client }) => {
    const { seq } = await client.request("close", { room, on });
    const sentence = on ? `${room} is closed for writing` : `${room} is open again`;
    return done(context, { kind: on ? "closed" : "reopened", room, seq }, sentence);
  });
}

const remove = defineVerb({
  args: { ...ROOM, ...YES_FLAG, ...ADMIN_FLAGS },
  details: "It can no longer be read. Its records stay in the data folder; erase words first.",
  async run(args, context) {
    const room = roomOf(args.room);
    if (!(await confirmed(context, args, `Remove the room ${room} for good?`))) return 130;
    return withOperator(context, args, async ({ client }) => {
      await client.request("remove", { room });
      return done(context, { kind: "removed", room }, `the room ${room} is removed`);
    });
  },
});

const of = (command: Verb) => () => Promise.resolve({ command });

export const command = defineGroup({
  rename: {
    summary: "Give a room another name",
    examples: ["chat admin room rename lab workshop"],
    load: of(rename),
  },
  close: {
    summary: "Stop new messages in a room",
    examples: ["chat admin room close lab"],
    load: of(close),
  },
  reopen: {
    summary: "Allow new messages there again",
    examples: ["chat admin room reopen lab"],
    load: of(reopen),
  },
  remove: { summary: "Remove a room", examples: ["chat admin room remove lab"], load: of(remove) },
});
