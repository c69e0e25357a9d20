/** `chat devices`, which lists and revokes devices. */

import { Fault } from "../../base/fault.ts";
import { formatUtc } from "../../base/time.ts";
import { stringFlag } from "../../cli/command.ts";
import { clientVerb } from "../../cli/connect/client.ts";
import { formatTimestamp, styleOf } from "../../cli/output/render.ts";
import { printList, printResult } from "../../cli/output/result.ts";
import type { Client } from "../../client/client.ts";

const DAY_CHARS = 10;

export const command = clientVerb({
  args: { revoke: stringFlag("DEVICE", "Sign this device out") },
  details: "Devices that signed in with a password cannot use encrypted rooms.",
  async run({ revoke: device }, context, { client }) {
    if (device !== undefined) {
      await client.request("revoke", { device });
      await removeRevoked(client);
      return printResult(context, { kind: "revoked", device }, `signed out device ${device}`);
    }
    const style = styleOf(context);
    const { devices } = await client.request("devices", {});
    const entries = devices.map(({ seen, ...entry }) => ({
      ...entry,
      since: formatTimestamp(entry.since, style),
      seen: seen === undefined ? undefined : formatUtc(seen).slice(0, DAY_CHARS),
    }));
    return printList(context, entries, {
      json: (entry) => ({ kind: "device", ...entry }),
      columns: {
        device: (entry) => entry.device,
        since: ({ since }) => since,
        by: ({ certified }) => (certified ? "account key" : "password"),
        online: ({ online }) => (online ? "online" : "offline"),
        "": ({ current }) => (current ? "this device" : ""),
        "last seen": ({ seen }) => seen,
        program: ({ client: program }) => program,
      },
    });
  },
});
/** If the removal fails, the account's other devices remove the device when they next connect. */
async function removeRevoked(client: Client): Promise<void> {
  const sealed = client.rooms.filter(({ isSealed }) => isSealed === true);
  if (sealed.length === 0) return;
  try {
    const rooms = await client.sealedRooms();
    for (const room of sealed) await rooms.get(room).changes.removeRevoked();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
}
