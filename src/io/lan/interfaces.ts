/** Addresses of this machine's network interfaces. */

import { isIP } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";

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

/**
 * Connecting a UDP socket looks up the route without sending a packet.
 * @throws {Error} the system's error if there is no route
 */
export async function sendingAddress(address: string, port: number): Promise<string> {
  const { createSocket } = await import("node:dgram");
  const socket = createSocket(isIP(address) === 6 ? "udp6" : "udp4");
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      // Node also passes errors to this callback, contrary to its types.
      const done = (error?: Error) => (error === undefined ? resolve() : reject(error));
      socket.connect(port, address, done as () => void);
    });
    return socket.address().address;
  } finally {
    socket.close();
  }
}
