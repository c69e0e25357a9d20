/** `chat admin irc-password`, which creates, lists and revokes IRC passwords. */

import { defined } from "../../base/values.ts";
import { argument, flag, stringFlag } from "../../cli/command.ts";
import { operatorVerb, userNameOf } from "../../cli/connect/operator.ts";
import type { Context } from "../../cli/context.ts";
import { printNotice } from "../../cli/context.ts";
import { usageFault } from "../../cli/errors.ts";
import { formatTimestamp, renderJson, styleOf } from "../../cli/output/render.ts";
import { printList, printResult } from "../../cli/output/result.ts";
import type { Client } from "../../client/client.ts";

export const command = operatorVerb({
  args: {
    name: argument("User name"),
    label: stringFlag("TEXT", "Name of the IRC client, shown in the list"),
    list: flag("List IRC passwords"),
    revoke: stringFlag("ID", "Revoke this IRC password", {
      integer: { min: 1, max: Number.MAX_SAFE_INTEGER },
    }),
  },
  details: "Prints a random password for one IRC client of the user. It cannot be shown again.",
  async run({ name, label, list: isList, revoke }, context, client) {
    if ([label !== undefined, isList, revoke !== undefined].filter(Boolean).length > 1) {
      throw usageFault("--label, --list and --revoke cannot be combined", "use only one of them");
    }
    const user = userNameOf(name);
    if (isList) return await list(context, client, user);
    if (revoke === undefined) return await create(context, client, defined({ user, label }));
    await client.request("irc-password-revoke", { user, id: revoke });
    const line = { kind: "irc-password-revoked", user, id: revoke };
    return printResult(context, line, `revoked IRC password ${revoke} of ${user}`);
  },
});

async function create(
  context: Context,
  client: Client,
  fields: { readonly user: string; readonly label?: string },
): Promise<number> {
  const { user, id, password } = await client.request("irc-password", fields);
  if (context.json) {
    context.stdout.write(renderJson({ kind: "irc-password", ...fields, user, id, password }));
    return 0;
  }
  context.stdout.write(`${password}\n`);
  printNotice(context, `IRC password ${id} of ${user}; it cannot be shown again`);
  return 0;
}

async function list(context: Context, client: Client, of: string): Promise<number> {
  const style = styleOf(context);
  const { user, passwords } = await client.request("irc-passwords", { user: of });
  const entries = passwords.map(({ since, ...entry }) => {
    return { user, ...entry, since: formatTimestamp(since, style) };
  });
  return printList(context, entries, {
    json: (entry) => ({ kind: "irc-password", ...entry }),
    columns: {
      id: ({ id }) => id,
      since: ({ since }) => since,
      online: ({ online }) => (online ? "online" : "offline"),
      label: ({ label }) => label,
    },
  });
}
