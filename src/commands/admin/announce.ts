/** `chat admin announce`. */

import { Fault } from "../../base/fault.ts";
import { argument, defineVerb, flag } from "../../cli/command.ts";
import { ADMIN_FLAGS, withOperator } from "../../cli/connect/operator.ts";
import { printResult } from "../../cli/output/result.ts";

export const command = defineVerb({
  args: {
    text: argument("What all users are to know", { required: false }),
    withdraw: flag("Take back what they are told now"),
    ...ADMIN_FLAGS,
  },
  details:
    "Everybody who is in sees it above their rooms, and whoever comes in, until it is replaced " +
    "or taken back.",
  async run(args, context) {
    const text = args.text?.trim() ?? "";
    if ((text === "") !== args.withdraw) {
      throw new Fault("usage", "an announcement is a text, or is taken back", {
        remedy: "write chat admin announce 'TEXT', or chat admin announce --withdraw",
      });
    }
    return withOperator(context, args, async ({ client }) => {
      await client.request("announce", { text });
      return args.withdraw
        ? printResult(
            context,
            { kind: "announcement-withdrawn" },
            "nobody is told anything any more",
          )
        : printResult(context, { kind: "announcement", text }, "all users are told");
    });
  },
});
