/** Signs out the other devices of an account. */

import type { SendRequest } from "../../client/link/queries.ts";
import type { Answer } from "../../wire/messages.ts";

export type DeviceInfo = Answer<"devices">["devices"][number];

/** @returns the number of devices signed out */
export async function revokeOthers(request: SendRequest): Promise<number> {
  const { devices } = await request("devices", {});
  const otherDevices = devices.filter(({ current }) => !current);
  for (const { device } of otherDevices) await request("revoke", { device });
  return otherDevices.length;
}
