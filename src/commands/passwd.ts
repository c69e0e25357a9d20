import { Fault } from "../base/fault.ts";
import { untilConnected, withClient } from "./_client.ts";
import { say } from "./_context.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "./_flags.ts";
import { renderJson } from "./_render.ts";
import { makeSecret, NEW_PASSWORD } from "./_secrets.ts";
import { defineVerb } from "./_verb.ts";

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    newPasswordFile: { type: "string", valueHint: "F", description: "The new one; - is stdin" },
    ...SERVER_FLAGS,
  },
  async run(args, context) {
    const wish = { argument: args.at, mode: "login" } as const;
    return withClient(context, args, wish, async ({ client, user }) => {
      await untilConnected(client.events());
      const password = await makeSecret(
        context,
        NEW_PASSWORD,
        args.newPasswordFile,
        "New password",
      );
      if (password === undefined) {
        throw new Fault("usage", "there is no new password", {
          remedy: "set CHAT_NEW_PASSWORD or give --new-password-file",
        });
      }
      await client.passwd(password);
      if (context.json) context.stdout.write(renderJson({ kind: "password-changed", user }));
      else say(context, `the password of ${user} is changed`);
      return 0;
    });
  },
});
