/** Lists the account's devices and signs out the others. */

import type { Ask } from "../../client/link/queries.ts";

export interface DeviceLine {
  readonly id: string;
  readonly sinceUnixMs: number;
  readonly isCertified: boolean;
  readonly isCurrent: boolean;
  readonly isOnline: boolean;
  /** Name that the device gave itself; `undefined` if the server is too old to store one. */
  readonly label: string | undefined;
  /** Start of the UTC day on which the device was last connected. */
  readonly seenUnixMs: number | undefined;
}

/** Devices of the account. @throws {Fault} */
export async function listDevices(ask: Ask): Promise<readonly DeviceLine[]> {
  const { devices } = await ask("devices", {});
  return devices.map(({ device, since, certified, current, online, client, seen }) => ({
    id: device,
    sinceUnixMs: since,
    isCertified: certified,
    isCurrent: current,
    isOnline: online,
    label: client,
    seenUnixMs: seen,
  }));
}

/** Signs out all other devices. @returns how many @throws {Fault} */
export async function revokeOthers(ask: Ask): Promise<number> {
  const others = (await listDevices(ask)).filter(({ isCurrent }) => !isCurrent);
  for (const { id } of others) await ask("revoke", { device: id });
  return others.length;
}
