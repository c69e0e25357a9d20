/** `chat admin announce`, which publishes or withdraws an announcement. */

import { Fault } from "../../base/fault.ts";
import { argument, defineVerb, flag } from "../../cli/command.ts";
import { ADMIN_FLAGS, withOperator } from "../../cli/connect/operator.ts";
import { printResult } from "../../cli/output/result.ts";

export const command = defineVerb({
  args: {
    text: argument("Announcement text", { required: false }),
    withdraw: flag("Withdraw the announcement"),
    ...ADMIN_FLAGS,
  },
  details: "Users see it above their rooms until it is replaced or withdrawn.",
  async run(args, context) {
    const text = args.text?.trim() ?? "";
    if ((text === "") !== args.withdraw) {
      throw new Fault("usage", "specify either a text or --withdraw", {
        remedy: "usage: chat admin announce 'TEXT', or chat admin announce --withdraw",
      });
    }
    return withOperator(context, args, async ({ client }) => {
      await client.request("announce", { text });
      return args.withdraw
        ? printResult(context, { kind: "announcement-withdrawn" }, "announcement withdrawn")
        : printResult(context, { kind: "announcement", text }, "announcement published");
    });
  },
});
