/** `chat admin reset`: a code with which a user sets a new password. */

import { formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { flag } from "../../cli/command.ts";
import { externalAddress, resetPage } from "../../cli/connect/invite.ts";
import { accountNamed } from "../../cli/connect/named-account.ts";
import { durationFlag, expiryOf, operatorVerb, USER_ARGUMENT } from "../../cli/connect/operator.ts";
import { printNotice } from "../../cli/context.ts";
import { terminalQr } from "../../cli/output/qr.ts";
import { formatTimestamp, styleOf } from "../../cli/output/render.ts";
import { printData } from "../../cli/output/result.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { formatAddress, formatInvite, quoteInvite } from "../../wire/invite.ts";

export const reset = operatorVerb({
  summary: "Create a password reset code",
  examples: ["chat admin reset bob --expires 2h"],
  args: {
    name: USER_ARGUMENT,
    expires: durationFlag("Lifetime: 30s, 10m, 2h or 7d (Default: 1d)"),
    signOut: flag("Sign out all devices when the code is used, for example after a theft"),
  },
  details:
    "Prints a code with which the user sets a new password, once: in the page or for " +
    "chat passwd --reset. A display name is accepted after a question.",
  async run({ name, signOut, expires: forMs }, operator) {
    const { client, context } = operator;
    const named = await accountNamed(operator, name, {
      act: (account) => `Reset the password of ${account}?`,
      command: (user) => `chat admin reset ${user}`,
    });
    if (named === undefined) return 130;
    const limits = defined({ expires: expiryOf(context, forMs) });
    const request = { user: named, signOut, ...limits };
    const { user, token, expires } = await client.request("reset", request);
    const server = externalAddress(context, operator);
    const line = { ...server, secret: token };
    const web = resetPage(server, token);
    const details = { user, code: token, url: formatInvite(line), web };
    const json = { kind: "reset", ...details, expires: formatUtc(expires) };
    printData(context, json, `${quoteInvite(line)}\n`);
    if (context.json) return 0;
    const address = formatAddress(server);
    printNotice(context, `have ${user} scan this, or open the page and choose 'I have a code':`);
    context.stderr.write(
      ["", ...terminalQr(context, web), `  https://${address}`, `  ${token}`, "", ""].join("\n"),
    );
    printNotice(context, `or in a terminal: chat login ${address}, then the name and the code`);
    const until = formatTimestamp(expires, styleOf(context));
    printNotice(context, `works once, until ${until}; keep it secret`);
    if (isLoopback(server.host))
      printNotice(context, `${server.host} works only on this machine; replace it elsewhere`);
    return 0;
  },
});
