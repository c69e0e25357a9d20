/** Signs out the other devices of an account. */

import type { SendRequest } from "../../client/link/queries.ts";
import type { Answer } from "../../wire/messages.ts";

export type DeviceInfo = Answer<"devices">["devices"][number];

/** Signs out all other devices. @returns how many @throws {Fault} */
export async function revokeOthers(ask: SendRequest): Promise<number> {
  const { devices } = await ask("devices", {});
  const others = devices.filter(({ current }) => !current);
  for (const { device } of others) await ask("revoke", { device });
  return others.length;
}
