/** Checks on this machine for `chat doctor`, which leave no files behind. */

import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { withTimeout } from "../clock.ts";
import { onDisk } from "../disk/disk.ts";
import { removePath } from "../disk/open-elsewhere.ts";
import { systemDisk } from "../disk/system-disk.ts";
import { absolutePath } from "../disk/working-folder.ts";
import { openMulticast } from "../lan/multicast.ts";

const SYNC_BYTES = 4096;
const SYNC_COUNT = 9;
export const MULTICAST_GROUP = "224.1.1.1";
const PORT_FIRST = 49_152;

export function nearestFolder(path: string): string {
  let folder = absolutePath(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

export function checkWritable(folder: string): void {
  onDisk(folder, () => accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK));
}

export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(nearestFolder(folder));
  return bavail * bsize;
}

export async function syncMs(folder: string, now: () => number): Promise<number> {
  const path = join(folder, `.chat-doctor-${process.pid}`);
  return await onDisk(path, async () => {
    const file = systemDisk().open(path, "write");
    const durationsMs: number[] = [];
    try {
      for (let i = 0; i < SYNC_COUNT; i++) {
        const from = now();
        file.write(new Uint8Array(SYNC_BYTES), i * SYNC_BYTES);
        await file.sync();
        durationsMs.push(now() - from);
      }
    } finally {
      file.close();
      removePath(path);
    }
    return durationsMs.sort((a, b) => a - b)[SYNC_COUNT >> 1] ?? 0;
  });
}

/**
 * Joins a multicast group and receives its own datagram, which never leaves the local network.
 * @returns the addresses that joined
 * @throws {Fault} unreachable if no interface can join, timeout if no datagram arrives
 */
export async function tryMulticast(chance: number, timeoutMs: number): Promise<readonly string[]> {
  const port = PORT_FIRST + Math.floor(chance * (65_536 - PORT_FIRST));
  const payload = new TextEncoder().encode(`chat doctor ${process.pid} ${chance}`);
  const received = Promise.withResolvers<void>();
  const multicast = await openMulticast(
    { group: MULTICAST_GROUP, port, ttl: 1, scope: "all" },
    (bytes) => {
      if (Buffer.from(bytes).equals(payload)) received.resolve();
    },
  );
  try {
    await multicast.send(payload);
    await withTimeout(received.promise, timeoutMs, () => {
      throw new Fault("timeout", "this machine did not receive its own multicast datagram", {
        remedy: "a firewall on this machine may drop UDP; chat lan and chat discover need it",
      });
    });
    return multicast.interfaces;
  } finally {
    await multicast.close();
  }
}
