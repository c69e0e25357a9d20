/** Probes for the checks of `chat doctor`. */

import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { CHECK_TIMEOUT_MS } from "../../base/limits.ts";
import { checkDataFolder } from "../../io/disk/data-folder.ts";
import { type LockHolder, readLockHolder } from "../../io/disk/lock.ts";
import { findOnLan } from "../../io/lan/discovery.ts";
import type { Dial } from "../../io/link/link.ts";
import {
  checkWritable,
  freeBytes,
  modeOf,
  nearestFolder,
  syncMs,
  tryMulticast,
} from "../../io/probe/host-probe.ts";
import {
  connectTcp,
  handshakeTls,
  localAddressFor,
  resolveHost,
  serverTime,
} from "../../io/probe/network-probe.ts";
import { QuicDialer } from "../../io/quic/dial.ts";
import { ClientState } from "../../io/state/client-state.ts";
import { wsDial } from "../../io/ws/dial.ts";
import { greetServer } from "../connect/dial.ts";
import type { Context } from "../context.ts";
import type { MachineProbes } from "./machine.ts";
import type { NetworkProbes } from "./network.ts";

/** Short, because the user waits for the results. */
const DISCOVERY_MS = 1_200;

export function networkProbes(context: Context, port: number): NetworkProbes {
  const { clock } = context;
  const greet = (dial: Dial, host: string) => {
    return greetServer(clock, () => dial({ host, port, timeoutMs: CHECK_TIMEOUT_MS }));
  };
  return {
    resolve: resolveHost,
    localAddressFor,
    connectTcp,
    shakeHands: handshakeTls,
    serverTime,
    greet: (address) => greet(wsDial(), address),
    greetOverUdp: async (address) => {
      const dialer = new QuicDialer();
      try {
        return await greet(dialer.dial, address);
      } finally {
        dialer.close();
      }
    },
    unixMs: () => clock.unixMs(),
  };
}

export function machineProbes({ clock }: Context): MachineProbes {
  return {
    multicast: () => tryMulticast(Math.random(), CHECK_TIMEOUT_MS),
    findServers: () => findOnLan({ clock, forMs: DISCOVERY_MS }),
    exists: existsSync,
    nearestFolder,
    checkWritable,
    checkDataFolder,
    lockHolder: readLockHolder,
    isAlive,
    freeBytes,
    modeOf,
    openState: (folder) => ClientState.open(folder).close(),
    syncMs: (folder) => syncMs(folder, () => clock.now()),
  };
}

/** Returns true for a process on another machine, which this machine cannot check. */
function isAlive({ pid, host }: LockHolder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
