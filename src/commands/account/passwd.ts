/** `chat passwd`, which sets a password. */

import { Fault } from "../../base/fault.ts";
import { defineVerb, type FlagDefs, type FlagValues, flag, stringFlag } from "../../cli/command.ts";
import { untilConnected, withClient } from "../../cli/connect/client.ts";
import type { Context } from "../../cli/context.ts";
import { usageFault } from "../../cli/errors.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../../cli/flags.ts";
import { printResult } from "../../cli/output/result.ts";
import { RESET, readNewPassword, readSecret } from "../../cli/secrets.ts";
import { formatInvite, parseServerSpec, trimCopied } from "../../wire/invite.ts";

const ARGS = {
  at: SERVER_ARGUMENT,
  reset: flag("Reset a lost password with a code from chat admin reset"),
  resetFile: stringFlag("FILE", "Reset code file; - for stdin"),
  newPasswordFile: stringFlag("FILE", "New-password file; - for stdin"),
  ...SERVER_FLAGS,
} as const satisfies FlagDefs;

export const command = defineVerb({
  args: ARGS,
  details: `If the account has a password, provide it by CHAT_PASSWORD, --password-file or a prompt.
CHAT_RESET or --reset-file provide the reset code, CHAT_NEW_PASSWORD the new password.`,
  async run(args, context) {
    if (args.reset || args.resetFile !== undefined) return recover(args, context);
    const options = { argument: args.at, mode: "login" } as const;
    return withClient(context, args, options, async ({ client, user, password }) => {
      await untilConnected(client.read());
      const current = password ?? (await currentPassword(context, user));
      await client.passwd(await newPassword(context, args.newPasswordFile), current);
      return printChanged(context, user, "");
    });
  },
});

/** Needs no login: the reset code names the server, and the server returns the user. */
async function recover(args: FlagValues<typeof ARGS>, context: Context): Promise<number> {
  const line = await readSecret(context, RESET, args.resetFile, "Reset code");
  if (line === undefined) {
    throw new Fault("usage", "no reset code given", {
      remedy:
        "set CHAT_RESET or add --reset-file; operators create codes with chat admin reset NAME",
    });
  }
  const { token, server } = readResetLine(line);
  const password = await newPassword(context, args.newPasswordFile);
  const flags = { ...args, server: args.server ?? server };
  const options = { argument: args.at, greetOnly: true } as const;
  return withClient(context, flags, options, async ({ client }) => {
    const { user } = await client.request("recover", { token, password });
    await client.login({ user, password, mode: "login", requiresPassword: true });
    return printChanged(context, user, `; this device is signed in as ${user}`);
  });
}

function printChanged(context: Context, user: string, suffix: string): number {
  const line = { kind: "password-changed", user };
  return printResult(context, line, `changed the password of ${user}${suffix}`);
}

/** An empty answer means that no password is set. */
async function currentPassword(context: Context, user: string): Promise<string | undefined> {
  const question = `Current password of ${user} (leave empty if not set)`;
  return (await context.terminal?.askSecret(question)) || undefined;
}

async function newPassword(context: Context, file: string | undefined): Promise<string> {
  const password = await readNewPassword(context, file);
  if (password !== undefined) return password;
  throw usageFault("no new password given", "set CHAT_NEW_PASSWORD or add --new-password-file");
}

/** Parses a reset code, a reset address for browsers, or only the token, with or without quotes. */
export function readResetLine(text: string): { readonly token: string; readonly server?: string } {
  const line = trimCopied(text);
  const [, host, secret] = /^https?:\/\/([^/#]+)\/?#reset=(.+)$/.exec(line) ?? [];
  if (host !== undefined && secret !== undefined) return { token: secret, server: host };
  if (!line.startsWith("chat://")) return { token: line };
  const { secret: token, ...address } = parseServerSpec(line);
  if (token !== undefined) return { token, server: formatInvite(address) };
  throw usageFault("the reset code is incomplete", "copy the whole code");
}
