/** `chat unregister`: removes the user's own account. */

import { counted } from "../../base/sizes.ts";
import { defineVerb } from "../../cli/command.ts";
import { confirmed, YES_FLAG } from "../../cli/confirm.ts";
import { untilConnected, withClient } from "../../cli/connect/client.ts";
import { eraseAll } from "../../cli/connect/erase-all.ts";
import { say } from "../../cli/context.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../../cli/flags.ts";
import { renderJson } from "../../cli/output/render.ts";

export const command = defineVerb({
  args: { at: SERVER_ARGUMENT, ...YES_FLAG, ...SERVER_FLAGS },
  details:
    "All that the account said is erased on the server: messages, reactions and files, those of " +
    "conversations too. Then the account is removed. What others have copied stays theirs.",
  async run(args, context) {
    const options = { argument: args.at, mode: "login", insist: true, enters: false } as const;
    return withClient(context, args, options, async ({ client, user }) => {
      await untilConnected(client.read());
      const question = `Erase all that ${user} said, and remove the account for good?`;
      if (!(await confirmed(context, args, question))) return 130;
      const erased = await eraseAll(context, client, {});
      await client.request("unregister", {});
      if (context.json) context.stdout.write(renderJson({ kind: "unregistered", user, erased }));
      else say(context, `erased ${counted(erased, "message")}; the account ${user} is removed`);
      return 0;
    });
  },
});
