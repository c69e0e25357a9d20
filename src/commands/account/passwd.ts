/** `chat passwd`: sets a password. */

import { Fault } from "../../base/fault.ts";
import { defineVerb, flag, stringFlag } from "../../cli/command.ts";
import { type ClientFlags, untilConnected, withClient } from "../../cli/connect/client.ts";
import type { Context } from "../../cli/context.ts";
import { usageFault } from "../../cli/errors.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../../cli/flags.ts";
import { printResult } from "../../cli/output/result.ts";
import { RESET, readNewPassword, readSecret } from "../../cli/secrets.ts";
import { formatInvite, parseServerSpec, trimCopied } from "../../wire/invite.ts";

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    reset: flag("Use the line of chat admin reset, when the old password is lost"),
    resetFile: stringFlag("F", "That line; - is stdin"),
    newPasswordFile: stringFlag("F", "The new one; - is stdin"),
    ...SERVER_FLAGS,
  },
  details: `An account that has a password needs the current one: CHAT_PASSWORD, --password-file, or
typed. CHAT_RESET or --reset-file give the line, CHAT_NEW_PASSWORD the new password, unasked.`,
  async run(args, context) {
    if (args.reset || args.resetFile !== undefined) return recover(args, context);
    const options = { argument: args.at, mode: "login" } as const;
    return withClient(context, args, options, async ({ client, user, password: given }) => {
      await untilConnected(client.read());
      const current = given ?? (await currentPassword(context, user));
      await client.passwd(await newPassword(context, args.newPasswordFile), current);
      return printChanged(context, user, "");
    });
  },
});

interface Recovery extends ClientFlags {
  readonly at?: string | undefined;
  readonly resetFile?: string | undefined;
  readonly newPasswordFile?: string | undefined;
}

/** Without a login: the line names the server, and the server names the user. */
async function recover(args: Recovery, context: Context): Promise<number> {
  const line = await readSecret(context, RESET, args.resetFile, "Reset line");
  if (line === undefined) {
    throw new Fault("usage", "there is no reset line", {
      remedy: "set CHAT_RESET or give --reset-file; an operator makes it: chat admin reset NAME",
    });
  }
  const { token, server } = readResetLine(line);
  const password = await newPassword(context, args.newPasswordFile);
  const flags = { ...args, server: args.server ?? server };
  const options = { argument: args.at, greetOnly: true } as const;
  return withClient(context, flags, options, async ({ client }) => {
    const { user } = await client.request("recover", { token, password });
    await client.login({ user, password, mode: "login", requiresPassword: true });
    return printChanged(context, user, `, and this device signs in as ${user}`);
  });
}

function printChanged(context: Context, user: string, more: string): number {
  const line = { kind: "password-changed", user };
  return printResult(context, line, `the password of ${user} is changed${more}`);
}

/** Asks only if the account has a password. */
async function currentPassword(context: Context, user: string): Promise<string | undefined> {
  const question = `Current password of ${user} (empty if there is none)`;
  return (await context.terminal?.askSecret(question)) || undefined;
}

async function newPassword(context: Context, file: string | undefined): Promise<string> {
  const password = await readNewPassword(context, file);
  if (password !== undefined) return password;
  throw usageFault("there is no new password", "set CHAT_NEW_PASSWORD or give --new-password-file");
}

/** Accepts the line, the address for browsers, or only the code, quoted or not. */
export function readResetLine(text: string): { readonly token: string; readonly server?: string } {
  const line = trimCopied(text);
  const [, host, secret] = /^https?:\/\/([^/#]+)\/?#reset=(.+)$/.exec(line) ?? [];
  if (host !== undefined && secret !== undefined) return { token: secret, server: host };
  if (!line.startsWith("chat://")) return { token: line };
  const { secret: token, ...address } = parseServerSpec(line);
  if (token !== undefined) return { token, server: formatInvite(address) };
  throw usageFault("the reset line has no code at its end", "copy all of it");
}
