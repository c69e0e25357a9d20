/** `chat register`, `chat login` and `chat logout`. */

import { defineVerb, type Verb } from "../../cli/command.ts";
import { type OpenClient, untilConnected, withClient } from "../../cli/connect/client.ts";
import { type Context, say } from "../../cli/context.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../../cli/flags.ts";
import { renderJson } from "../../cli/output/render.ts";
import type { Credentials } from "../../client/login.ts";

interface AccountVerb {
  readonly mode: Credentials["mode"];
  /** Kind of the line that `--json` prints. */
  readonly kind: string;
  readonly sentence: (user: string) => string;
  readonly work?: (open: OpenClient, context: Context) => Promise<void>;
}

/** `chat register`, `login`, `logout`: logs in, acts, and prints one line. */
function accountVerb({ mode, kind, sentence, work }: AccountVerb): Verb {
  return defineVerb({
    args: { at: SERVER_ARGUMENT, ...SERVER_FLAGS },
    async run(args, context) {
      const enters = work === undefined; // A user who logs out does not intend to return.
      const options = { argument: args.at, mode, insist: true, enters };
      return withClient(context, args, options, async (open) => {
        await untilConnected(open.client.read());
        await work?.(open, context);
        const { user } = open;
        if (context.json) context.stdout.write(renderJson({ kind, user }));
        else say(context, sentence(user));
        return 0;
      });
    },
  });
}

export const register = accountVerb({
  mode: "register",
  kind: "registered",
  sentence: (user) => `${user} is registered, and this device signs in for that name`,
});

export const login = accountVerb({
  mode: "login",
  kind: "logged-in",
  sentence: (user) => `this device signs in as ${user}`,
});

export const logout = accountVerb({
  mode: "login",
  kind: "logged-out",
  sentence: (user) => `this device no longer signs in as ${user}; the password will be asked`,
  work: ({ client }) => client.logout(true),
});
