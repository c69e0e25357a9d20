/** `chat devices`: lists and revokes devices. */

import { Fault } from "../../base/fault.ts";
import { formatUtc } from "../../base/time.ts";
import { defineVerb, stringFlag } from "../../cli/command.ts";
import { untilConnected, withClient } from "../../cli/connect/client.ts";
import { say } from "../../cli/context.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../../cli/flags.ts";
import { moment, renderJson, renderTable, styleOf } from "../../cli/output/render.ts";
import type { Client } from "../../client/client.ts";

/** `2026-11-20`: the server stores only the day. */
const DAY_CHARS = 10;

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    revoke: stringFlag("DEVICE", "Sign this device out"),
    ...SERVER_FLAGS,
  },
  details: "A device that came in by password reads and writes all but sealed rooms.",
  async run(args, context) {
    return withClient(context, args, { argument: args.at, mode: "login" }, async ({ client }) => {
      await untilConnected(client.read());
      const { revoke } = args;
      if (revoke !== undefined) {
        await client.request("revoke", { device: revoke });
        await removeRevoked(client);
        const line = { kind: "revoked", device: revoke };
        if (context.json) context.stdout.write(renderJson(line));
        else say(context, `the device ${revoke} is signed out`);
        return 0;
      }
      const { devices } = await client.request("devices", {});
      const style = styleOf(context);
      const shown = devices.map(({ seen, ...one }) => ({
        ...one,
        since: moment(one.since, style),
        ...(seen === undefined ? {} : { seen: formatUtc(seen).slice(0, DAY_CHARS) }),
      }));
      const out =
        style.format === "json"
          ? shown.map((one) => renderJson({ kind: "device", ...one })).join("")
          : renderTable(
              ["device", "since", "by", "online", "", "last here", "program"],
              shown.map(({ device, since, certified, current, online, seen = "", client = "" }) => [
                device,
                since,
                certified ? "account key" : "password",
                online ? "online" : "offline",
                current ? "this one" : "",
                seen,
                client,
              ]),
              style,
            );
      context.stdout.write(out);
      return 0;
    });
  },
});

/**
 * Removes the device from sealed rooms, too. If that fails, the account's other devices do it at
 * their next link.
 */
async function removeRevoked(client: Client): Promise<void> {
  const sealed = client.rooms.filter(({ isSealed }) => isSealed === true);
  if (sealed.length === 0) return;
  try {
    const rooms = await client.sealedRooms();
    for (const room of sealed) await rooms.removeRevoked(room);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
}
