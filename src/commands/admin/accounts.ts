/** `chat admin` reset, rename, sign-out and remove. */

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

const NAME = { name: argument("Who") } as const satisfies FlagDefs;

export const reset = defineVerb({
  args: {
    ...NAME,
    expires: stringFlag("TIME", "After 30s, 10m, 2h or 7d; else 1d"),
    signOut: flag("Its use signs out all devices, for example after a theft"),
    ...ADMIN_FLAGS,
  },
  details: "Prints a line for chat passwd --reset, which sets one new password.",
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
      printNotice(context, `${user} pastes that line where 'chat passwd --reset' asks for it`);
      printNotice(context, `or opens ${web}`);
      const until = formatTimestamp(expires, styleOf(context));
      printNotice(context, `it sets one new password, until ${until}; hand it over like a key`);
      return 0;
    });
  },
});

export const rename = defineVerb({
  args: {
    ...NAME,
    to: argument("The new name"),
    ...ADMIN_FLAGS,
  },
  details: "Their devices stay signed in, and the old name still leads to them.",
  async run(args, context) {
    const [user, to] = [userNameOf(args.name), userNameOf(args.to)];
    return withOperator(context, args, async ({ client }) => {
      await client.request("rename", { user, to });
      return printResult(
        context,
        { kind: "renamed", user, name: to },
        `${user} is called ${to} now`,
      );
    });
  },
});

export const signOut = defineVerb({
  args: { ...NAME, ...YES_FLAG, ...ADMIN_FLAGS },
  details:
    "All devices: they come in again with the password. Without one, chat admin reset NAME " +
    "--sign-out sets it first.",
  async run(args, context) {
    const user = userNameOf(args.name);
    const question = `Sign all devices of ${user} out?`;
    if (!(await confirmAction(context, args, question))) return 130;
    return withOperator(context, args, async ({ client }) => {
      await client.request("sign-out", { user });
      return printResult(
        context,
        { kind: "signed-out", user },
        `all devices of ${user} are signed out`,
      );
    });
  },
});

export const remove = defineVerb({
  args: { ...NAME, ...YES_FLAG, ...ADMIN_FLAGS },
  details: "What they said stays under their name. chat admin ban keeps a user out for a while.",
  async run(args, context) {
    const user = userNameOf(args.name);
    const question = `Remove the account ${user} for good?`;
    if (!(await confirmAction(context, args, question))) return 130;
    return withOperator(context, args, async ({ client }) => {
      await client.request("remove", { user });
      return printResult(context, { kind: "removed", user }, `the account ${user} is removed`);
    });
  },
});
