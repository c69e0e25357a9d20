/** `chat admin` commands `ban`, `unban` and `bans`. */

import { defined } from "../../base/values.ts";
import { argument, defineVerb, type FlagDefs, stringFlag } from "../../cli/command.ts";
import { allPages } from "../../cli/connect/lists.ts";
import {
  ADMIN_FLAGS,
  expiryOf,
  FOR_FLAG,
  operatorVerb,
  withOperator,
} from "../../cli/connect/operator.ts";
import { printList, printResult, timeCell } from "../../cli/output/result.ts";
import { withUtcTime } from "../../core/duration.ts";
import { banTarget } from "../../ui/commands.ts";

const TARGET_ARGUMENT = {
  target: argument("User name, or address as in the output of chat serve"),
} as const satisfies FlagDefs;

export const ban = defineVerb({
  args: {
    ...TARGET_ARGUMENT,
    ...FOR_FLAG,
    reason: stringFlag("TEXT", "Shown to the banned user"),
    ...ADMIN_FLAGS,
  },
  details: "An IPv6 address bans its /64. This machine cannot be banned.",
  async run(args, context) {
    const until = defined({ until: expiryOf(context, args.for) });
    const { reason } = args;
    const target = banTarget(args.target);
    return withOperator(context, args, async ({ client }) => {
      await client.request("ban", { ...target, on: true, ...until, ...defined({ reason }) });
      const line = { kind: "banned", ...target, ...withUtcTime(until, "until"), reason };
      return printResult(context, line, `${args.target} is banned`);
    });
  },
});

export const unban = defineVerb({
  args: { ...TARGET_ARGUMENT, ...ADMIN_FLAGS },
  async run(args, context) {
    const target = banTarget(args.target);
    return withOperator(context, args, async ({ client }) => {
      await client.request("ban", { ...target, on: false });
      return printResult(context, { kind: "unbanned", ...target }, `${args.target} is unbanned`);
    });
  },
});

export const bans = operatorVerb({
  args: {},
  isQuery: () => true,
  async run(_args, context, client) {
    const bans = await allPages(
      (after) => client.request("bans", after),
      (page) => page.bans,
    );
    return printList(context, bans, {
      json: (entry) => ({ kind: "ban", ...withUtcTime(entry, "until") }),
      columns: {
        target: ({ user, address }) => user ?? address,
        until: ({ until }, style) => timeCell(until, style),
        reason: ({ reason }) => reason,
      },
    });
  },
});
