/** Addresses of this machine's network interfaces. */

import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";

/** Addresses of this machine by interface; empty if the system refuses (EMFILE). */
export function interfaceAddresses(
  list: typeof networkInterfaces = networkInterfaces,
): readonly (readonly NetworkInterfaceInfo[])[] {
  try {
    return Object.values(list()).flatMap((addresses) =>
      addresses === undefined ? [] : [addresses],
    );
  } catch {
    return [];
  }
}
