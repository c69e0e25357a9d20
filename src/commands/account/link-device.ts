/** `chat link-device`, which adds a device with a link code. */

import { Fault } from "../../base/fault.ts";
import { LINK_CODE_MS } from "../../base/limits.ts";
import { formatUtc } from "../../base/time.ts";
import { defineVerb, flag } from "../../cli/command.ts";
import {
  connectionClosed,
  type OpenClient,
  untilConnected,
  untilEvent,
  withClient,
} from "../../cli/connect/client.ts";
import { externalAddress } from "../../cli/connect/invite.ts";
import { type Context, printNotice } from "../../cli/context.ts";
import { usageFault } from "../../cli/errors.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../../cli/flags.ts";
import { printData, printResult } from "../../cli/output/result.ts";
import type { ReaderEvent } from "../../client/event.ts";
import { accountKeyOf, grantLink, linkRequest, storeLinkedKey } from "../../client/linking.ts";
import { deviceIdOf } from "../../crypto/device-id.ts";
import { linkCodeHash } from "../../crypto/link-code.ts";
import { formatLinkCode, LINK_CODE_BYTES, parseLinkCode } from "../../crypto/link-form.ts";
import { systemEntropy } from "../../io/entropy.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { formatInvite, quoteInvite } from "../../wire/invite.ts";

const CODE_VARIABLE = "CHAT_LINK_CODE";

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    join: flag("Run on the new device, and enter the code"),
    ...SERVER_FLAGS,
  },
  details:
    "On a signed-in device: chat link-device. On the new one: chat link-device --join SERVER",
  async run(args, context) {
    if (!args.join) {
      const options = { argument: args.at, mode: "login" } as const;
      return withClient(context, args, options, (open) => offer(context, open));
    }
    const code = await readCode(context);
    const options = { argument: args.at, greetOnly: true } as const;
    return withClient(context, args, options, (open) => join(context, open, code));
  },
});

async function offer(context: Context, open: OpenClient): Promise<number> {
  const { client, user, state } = open;
  const events = client.read();
  const { fingerprint } = await untilConnected(events);
  accountKeyOf({ state }, { fingerprint, user });
  const entropy = systemEntropy();
  const code = new Uint8Array(entropy(LINK_CODE_BYTES));
  const expires = context.clock.unixMs() + LINK_CODE_MS;
  await client.request("link-offer", { code: linkCodeHash(code) });
  const codeText = formatLinkCode(code);
  const externalServer = externalAddress(context, open);
  const server = formatInvite(externalServer);
  const offered = { kind: "link-code", code: codeText, expires: formatUtc(expires), server };
  printData(context, offered, `${codeText}\n`);
  if (!context.json) {
    printNotice(context, "within 10 minutes, run this on the new device and enter the code:");
    context.stderr.write(`chat link-device --join ${quoteInvite(externalServer)}\n`);
    if (isLoopback(externalServer.host)) {
      printNotice(
        context,
        `${externalServer.host} works only on this machine; replace it elsewhere`,
      );
    }
  }
  const request = await waitForRequest(context, events);
  const grant = grantLink(
    { code, fingerprint, user, state, clock: context.clock, entropy },
    request,
  );
  await client.request("link-grant", grant);
  const device = deviceIdOf(request.deviceKey);
  const line = { kind: "linked", user, device };
  return printResult(context, line, `linked device ${device} to ${user}`);
}

async function waitForRequest(
  context: Context,
  events: AsyncIterator<ReaderEvent>,
): Promise<Extract<ReaderEvent, { kind: "link-asked" }>> {
  const timedOut = Promise.withResolvers<never>();
  const cancel = context.clock.after(LINK_CODE_MS, () =>
    timedOut.reject(
      new Fault("timeout", "no device connected in time", { remedy: "start linking again" }),
    ),
  );
  try {
    return await Promise.race([untilEvent(events, "link-asked"), timedOut.promise]);
  } finally {
    cancel();
  }
}

async function join(context: Context, open: OpenClient, code: Uint8Array): Promise<number> {
  const { client, state, device } = open;
  const { fingerprint } = client;
  if (fingerprint === undefined) throw connectionClosed();
  const offer = { code, fingerprint };
  const answer = await client.request("link", linkRequest(offer, device.publicKey));
  storeLinkedKey(offer, device.publicKey, answer, state);
  const { user } = await client.login({ user: answer.user, mode: "login" });
  const line = { kind: "linked", user, device: deviceIdOf(device.publicKey) };
  return printResult(context, line, `this device is linked to ${user}`);
}

/**
 * Does not accept the code as an argument, which all users of the machine could read.
 * @throws {Fault} usage
 */
async function readCode(context: Context): Promise<Uint8Array> {
  const codeText = context.env[CODE_VARIABLE];
  if (codeText) return parseLinkCode(codeText);
  if (context.terminal === undefined) {
    throw usageFault("no link code given", `set ${CODE_VARIABLE}`);
  }
  return parseLinkCode(await context.terminal.askText("Link code"));
}
