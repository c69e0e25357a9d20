import type { Ask } from "../../client/link/queries.ts";

export interface DeviceLine {
  readonly id: string;
  readonly sinceUnixMs: number;
  readonly isCertified: boolean;
  readonly isCurrent: boolean;
  readonly isOnline: boolean;
  /** What it called itself; undefined: an older server keeps none. */
  readonly label: string | undefined;
  /** The beginning, in UTC, of the day on which it was there last. */
  readonly seenUnixMs: number | undefined;
}

/** Those of the account. @throws Fault */
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

/** Signs out everywhere else. @returns how many devices @throws Fault */
export async function revokeOthers(ask: Ask): Promise<number> {
  const others = (await listDevices(ask)).filter(({ isCurrent }) => !isCurrent);
  for (const { id } of others) await ask("revoke", { device: id });
  return others.length;
}
