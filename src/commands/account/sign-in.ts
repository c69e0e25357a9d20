/** `chat register`, `chat login`, `chat logout` and `chat unregister`. */

import { counted } from "../../base/sizes.ts";
import type { Verb } from "../../cli/command.ts";
import { clientVerb, type OpenClient } from "../../cli/connect/client.ts";
import { eraseAll } from "../../cli/connect/lists.ts";
import { confirmAction, YES_FLAG } from "../../cli/flags.ts";
import { printResult } from "../../cli/output/result.ts";
import type { Credentials } from "../../client/login.ts";

interface AccountVerb {
  readonly mode: Credentials["mode"];
  readonly kind: string;
  readonly message: (user: string) => string;
  readonly action?: (open: OpenClient) => Promise<void>;
}

function accountVerb({ mode, kind, message, action }: AccountVerb): Verb {
  return clientVerb({
    mode,
    requiresPassword: true,
    setsDefaults: action === undefined, // A user who logs out probably does not return.
    args: {},
    async run(_args, context, open) {
      await action?.(open);
      const { user } = open;
      return printResult(context, { kind, user }, message(user));
    },
  });
}

export const register = accountVerb({
  mode: "register",
  kind: "registered",
  message: (user) => `registered ${user}; this device is signed in`,
});

export const login = accountVerb({
  mode: "login",
  kind: "logged-in",
  message: (user) => `signed in as ${user}`,
});

export const logout = accountVerb({
  mode: "login",
  kind: "logged-out",
  message: (user) => `signed out ${user}; signing in again requires the password`,
  action: ({ client }) => client.logout(true),
});

export const unregister = clientVerb({
  requiresPassword: true,
  args: YES_FLAG,
  details:
    "Deletes everything the account posted from the server: messages, reactions and files, " +
    "including direct messages. Then removes the account. Copies on other devices stay.",
  async run(args, context, { client, user }) {
    const question = `Permanently delete the account ${user} and everything it posted?`;
    if (!(await confirmAction(context, args, question))) return 130;
    const erased = await eraseAll(context, client, {});
    await client.request("unregister", {});
    const message = `deleted ${counted(erased, "message")} and the account ${user}`;
    return printResult(context, { kind: "unregistered", user, erased }, message);
  },
});
