/** `chat verify-user`, which compares safety numbers. */

import { confirmHint, digitRows, identityLine } from "../../cli/chat/identity-lines.ts";
import { argument, defineVerb, flag, stringFlag } from "../../cli/command.ts";
import { untilConnected, withClient } from "../../cli/connect/client.ts";
import { userNameOf } from "../../cli/connect/operator.ts";
import { usageFault } from "../../cli/errors.ts";
import { SERVER_FLAGS } from "../../cli/flags.ts";
import { printResult } from "../../cli/output/result.ts";
import { ENGLISH_TERMINAL } from "../../ui/messages/en/terminal.ts";

export const command = defineVerb({
  args: {
    name: argument("The user", { required: true }),
    confirm: stringFlag("DIGITS", "Digits shown on their side"),
    accept: flag("Accept their new key"),
    ...SERVER_FLAGS,
  },
  details: `Both of you should see the same 60 digits. Compare them by voice or in person, not over
this server. While a user's new key is unverified, they cannot be added to encrypted rooms, and
nobody can post to encrypted rooms that they are in; accept the new key or confirm its digits.`,
  async run(args, context) {
    const user = userNameOf(args.name);
    if (args.accept === true && args.confirm !== undefined) {
      throw usageFault("--accept and --confirm cannot be combined", "use only one of them");
    }
    return withClient(context, args, { mode: "login" }, async ({ client }) => {
      await untilConnected(client.read());
      const rooms = await client.sealedRooms();
      if (args.accept === true) {
        await rooms.acceptIdentity(user);
        const line = { kind: "identity-accepted", user };
        return printResult(context, line, ENGLISH_TERMINAL.keyAccepted(user));
      }
      if (args.confirm !== undefined) await rooms.confirmDigits(user, args.confirm);
      const identity = await rooms.safetyNumber(user);
      const rows = digitRows(identity).map((row) => `${row}\n`);
      if (!context.json) context.stdout.write(rows.join(""));
      const hint = confirmHint(user, identity, `chat verify-user ${user} --confirm`);
      return printResult(context, identityLine(user, identity), hint(ENGLISH_TERMINAL));
    });
  },
});
