/** `chat register`, `chat login`, `chat logout` and `chat unregister`. */

import { counted } from "../../base/sizes.ts";
import type { Verb } from "../../cli/command.ts";
import { confirmAction, YES_FLAG } from "../../cli/confirm.ts";
import { clientVerb, type OpenClient } from "../../cli/connect/client.ts";
import { eraseAll } from "../../cli/connect/erase-all.ts";
import { printResult } from "../../cli/output/result.ts";
import type { Credentials } from "../../client/login.ts";

interface AccountVerb {
  readonly mode: Credentials["mode"];
  /** Kind of the line that `--json` prints. */
  readonly kind: string;
  readonly message: (user: string) => string;
  readonly action?: (open: OpenClient) => Promise<void>;
}

/** `chat register`, `login`, `logout`: logs in, acts, and prints one line. */
function accountVerb({ mode, kind, message, action }: AccountVerb): Verb {
  return clientVerb({
    ...{ mode, requiresPassword: true },
    enters: action === undefined, // A user who logs out does not intend to return.
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
  message: (user) => `${user} is registered, and this device signs in for that name`,
});

export const login = accountVerb({
  mode: "login",
  kind: "logged-in",
  message: (user) => `this device signs in as ${user}`,
});

export const logout = accountVerb({
  mode: "login",
  kind: "logged-out",
  message: (user) => `this device no longer signs in as ${user}; the password will be asked`,
  action: ({ client }) => client.logout(true),
});

export const unregister = clientVerb({
  requiresPassword: true,
  args: YES_FLAG,
  details:
    "All that the account said is erased on the server: messages, reactions and files, those of " +
    "conversations too. Then the account is removed. What others have copied stays theirs.",
  async run(args, context, { client, user }) {
    const question = `Erase all that ${user} said, and remove the account for good?`;
    if (!(await confirmAction(context, args, question))) return 130;
    const erased = await eraseAll(context, client, {});
    await client.request("unregister", {});
    const message = `erased ${counted(erased, "message")}; the account ${user} is removed`;
    return printResult(context, { kind: "unregistered", user, erased }, message);
  },
});
