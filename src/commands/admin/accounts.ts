/** `chat admin` commands `reset`, `rename`, `sign-out` and `remove`. */

import { formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { argument, defineVerb, type FlagDefs, flag, stringFlag } from "../../cli/command.ts";
import { confirmAction, YES_FLAG } from "../../cli/confirm.ts";
import { externalAddress } from "../../cli/connect/invite.ts";
import { ADMIN_FLAGS, expiryOf, userNameOf, withOperator } from "../../cli/connect/operator.ts";
import { printNotice } from "../../cli/context.ts";
import { formatTimestamp, styleOf } from "../../cli/output/render.ts";
import { printJson, printResult } from "../../cli/output/result.ts";
import { formatAddress, formatInvite, quoteInvite } from "../../wire/invite.ts";

const NAME = { name: argument("User name") } as const satisfies FlagDefs;

export const reset = defineVerb({
  args: {
    ...NAME,
    expires: stringFlag("TIME", "Lifetime: 30s, 10m, 2h or 7d (Default: 1d)"),
    signOut: flag("Sign out all devices when the code is used, for example after a theft"),
    ...ADMIN_FLAGS,
  },
  details: "Prints a code for chat passwd --reset, valid for one new password.",
  async run(args, context) {
    const options = defined({ expires: expiryOf(context, args.expires) });
    return withOperator(context, args, async (open) => {
      const request = { user: userNameOf(args.name), signOut: args.signOut, ...options };
      const { user, token, expires } = await open.client.request("reset", request);
      const server = externalAddress(context, open);
      const line = { ...server, secret: token };
      const web = `https://${formatAddress(server)}/#reset=${token}`;
      if (context.json) {
        const details = { user, code: token, url: formatInvite(line), web };
        printJson(context, { kind: "reset", ...details, expires: formatUtc(expires) });
        return 0;
      }
      context.stdout.write(`${quoteInvite(line)}\n`);
      printNotice(context, `have ${user} paste that code into 'chat passwd --reset'`);
      printNotice(context, `or open ${web}`);
      const until = formatTimestamp(expires, styleOf(context));
      printNotice(context, `valid for one new password, until ${until}; keep it secret`);
      return 0;
    });
  },
});

export const rename = defineVerb({
  args: { ...NAME, to: argument("New name"), ...ADMIN_FLAGS },
  details: "Their devices stay signed in, and the old name still works.",
  async run(args, context) {
    const [user, to] = [userNameOf(args.name), userNameOf(args.to)];
    return withOperator(context, args, async ({ client }) => {
      await client.request("rename", { user, to });
      return printResult(context, { kind: "renamed", user, name: to }, `renamed ${user} to ${to}`);
    });
  },
});

export const signOut = defineVerb({
  args: { ...NAME, ...YES_FLAG, ...ADMIN_FLAGS },
  details:
    "All devices need the password to sign in again, and IRC passwords stop working. If there is " +
    "no password, first run chat admin reset NAME --sign-out.",
  async run(args, context) {
    const user = userNameOf(args.name);
    const question = `Sign out all devices of ${user}?`;
    if (!(await confirmAction(context, args, question))) return 130;
    return withOperator(context, args, async ({ client }) => {
      await client.request("sign-out", { user });
      return printResult(
        context,
        { kind: "signed-out", user },
        `signed out all devices of ${user}`,
      );
    });
  },
});

export const remove = defineVerb({
  args: { ...NAME, ...YES_FLAG, ...ADMIN_FLAGS },
  details: "Their messages stay under their name. To block a user temporarily: chat admin ban.",
  async run(args, context) {
    const user = userNameOf(args.name);
    const question = `Permanently remove the account ${user}?`;
    if (!(await confirmAction(context, args, question))) return 130;
    return withOperator(context, args, async ({ client }) => {
      await client.request("remove", { user });
      return printResult(context, { kind: "removed", user }, `removed the account ${user}`);
    });
  },
});
