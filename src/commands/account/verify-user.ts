/** `chat verify-user`, which compares safety numbers. */

import { verifyUser } from "../../cli/chat/identity-lines.ts";
import { argument, defineVerb, flag, stringFlag } from "../../cli/command.ts";
import { untilConnected, withClient } from "../../cli/connect/client.ts";
import { userNameOf } from "../../cli/connect/operator.ts";
import { usageFault } from "../../cli/errors.ts";
import { SERVER_FLAGS } from "../../cli/flags.ts";
import { printResult } from "../../cli/output/result.ts";
import { ENGLISH_TERMINAL } from "../../ui/messages/en/terminal.ts";

export const command = defineVerb({
  args: {
    name: argument("The user", { required: true, parse: userNameOf }),
    confirm: stringFlag("DIGITS", "Digits shown on their side"),
    accept: flag("Accept their new key"),
    ...SERVER_FLAGS,
  },
  details: `Both of you should see the same 60 digits. Compare them by voice or in person, not over
this server. While a user's new key is unverified, they cannot be added to encrypted rooms, and
nobody can post to encrypted rooms that they are in; accept the new key or confirm its digits.`,
  async run(args, context) {
    const { name: user, accept, confirm: digits } = args;
    if (accept && digits !== undefined) {
      throw usageFault("--accept and --confirm cannot be combined", "use only one of them");
    }
    return withClient(context, args, { mode: "login" }, async ({ client }) => {
      await untilConnected(client.read());
      const confirmation = accept ? "accept" : { digits };
      const command = `chat verify-user ${user} --confirm`;
      const { json, text, rows } = await verifyUser(client, user, confirmation, command);
      if (!context.json) context.stdout.write(rows.map((row) => `${row}\n`).join(""));
      return printResult(context, json, text(ENGLISH_TERMINAL));
    });
  },
});
