/** `chat admin` ban, unban and bans. */

import { argument, defineVerb, type FlagDefs, stringFlag } from "../../cli/command.ts";
import { allPages } from "../../cli/connect/lists.ts";
import { ADMIN_FLAGS, done, FOR_FLAG, withOperator } from "../../cli/connect/operator.ts";
import { moment, renderJson, renderTable, styleOf } from "../../cli/output/render.ts";
import { inUtc, untilOf } from "../../core/duration.ts";
import { whom } from "../../ui/commands/ban.ts";

const WHOM = {
  whom: argument("A name, or an address as in chat serve's output"),
} as const satisfies FlagDefs;

export const ban = defineVerb({
  args: {
    ...WHOM,
    ...FOR_FLAG,
    reason: stringFlag("TEXT", "Shown to the banned user"),
    ...ADMIN_FLAGS,
  },
  details: "An IPv6 address stands for its /64. This machine itself cannot be banned.",
  async run(args, context) {
    const until =
      args.for === undefined ? {} : { until: untilOf(args.for, context.clock.unixMs()) };
    const reason = args.reason === undefined ? {} : { reason: args.reason };
    const target = whom(args.whom);
    return withOperator(context, args, async ({ client }) => {
      await client.request("ban", { ...target, on: true, ...until, ...reason });
      const line = { kind: "banned", ...target, ...inUtc(until, "until"), ...reason };
      return done(context, line, `${args.whom} is banned`);
    });
  },
});

export const unban = defineVerb({
  args: { ...WHOM, ...ADMIN_FLAGS },
  async run(args, context) {
    const target = whom(args.whom);
    return withOperator(context, args, async ({ client }) => {
      await client.request("ban", { ...target, on: false });
      return done(context, { kind: "unbanned", ...target }, `${args.whom} may come in again`);
    });
  },
});

export const bans = defineVerb({
  args: ADMIN_FLAGS,
  async run(args, context) {
    return withOperator(context, args, async ({ client }) => {
      const all = await allPages(
        (after) => client.request("bans", after),
        (page) => page.bans,
      );
      const style = styleOf(context);
      const end = (until: number | undefined) => (until === undefined ? "" : moment(until, style));
      const out =
        style.format === "json"
          ? all.map((one) => renderJson({ kind: "ban", ...inUtc(one, "until") })).join("")
          : renderTable(
              ["whom", "until", "reason"],
              all.map((one) => [one.user ?? one.address ?? "", end(one.until), one.reason ?? ""]),
              style,
            );
      context.stdout.write(out);
      return 0;
    });
  },
});
