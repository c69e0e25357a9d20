/** Checks of this machine: data folder, home, disk and multicast. */

import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Fault, type FaultCode } from "../../base/fault.ts";
import {
  CHECK_TIMEOUT_MS,
  FREE_BYTES_LOW,
  RESERVE_BYTES,
  SYNC_MS_SLOW,
} from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import { clockText } from "../../core/clock-check.ts";
import { checkDataFolder } from "../../io/disk/data-folder.ts";
import { type LockHolder, readLockHolder } from "../../io/disk/lock.ts";
import { type DiscoveryResult, findOnLan } from "../../io/lan/discovery.ts";
import type { Dial } from "../../io/link/link.ts";
import {
  checkWritable,
  freeBytes,
  nearestFolder,
  syncMs,
  tryMulticast,
} from "../../io/probe/host-probe.ts";
import {
  connectTcp,
  handshakeTls,
  type IrcTarget,
  localAddressFor,
  resolveHost,
  serverTime,
} from "../../io/probe/network-probe.ts";
import { QuicDialer } from "../../io/quic/dial.ts";
import { ClientState } from "../../io/state/client-state.ts";
import { isAppendOnly } from "../../io/terminal/terminal-type.ts";
import { wsDial } from "../../io/ws/dial.ts";
import { CLOCK_FILE } from "../../server/kernel/server-clock.ts";
import { parseJson } from "../../wire/field.ts";
import { formatAddress, type ServerAddress } from "../../wire/invite.ts";
import { characterLocale } from "../character-locale.ts";
import { greetServer } from "../connect/dial.ts";
import type { Context } from "../context.ts";
import { homeKeyWarning, type KeyWarning, serverKeyWarning } from "../exposure.ts";
import type { Environment, Folders } from "../settings.ts";
import { type Finding, failed, ok, skipped, warning, warningFrom } from "./check.ts";
import { GREETING_TIMEOUT_MS, type NetworkProbes } from "./network.ts";

export interface MachineProbes {
  multicast(): Promise<readonly string[]>;
  findServers(): Promise<DiscoveryResult>;
  exists(path: string): boolean;
  nearestFolder(path: string): string;
  checkWritable(folder: string): void;
  /** @throws {Fault} unless the folder belongs to a server and has a known format */
  checkDataFolder(folder: string): string;
  lockHolder(folder: string): LockHolder | undefined;
  isAlive(holder: LockHolder): boolean;
  freeBytes(folder: string): number;
  homeKeyWarning(home: string): KeyWarning | undefined;
  serverKeyWarning(folder: string): KeyWarning | undefined;
  openState(folder: string): void;
  syncMs(folder: string): Promise<number>;
}

/** Faults that mean "no server data", which is acceptable only for the default folder. */
const NO_DATA: ReadonlySet<FaultCode> = new Set(["not-found", "data-foreign"]);

export async function checkMulticast(probes: MachineProbes): Promise<Finding> {
  try {
    return ok(`multicast works on ${(await probes.multicast()).join(", ")}`);
  } catch (error) {
    const remedy = "check the network and firewall; chat lan and chat discover need multicast";
    return warning(warningFrom(error).message, remedy);
  }
}

export async function checkDiscovery(probes: MachineProbes): Promise<Finding> {
  try {
    const { servers } = await probes.findServers();
    if (servers.length === 0) return ok("multicast DNS works; no servers found");
    const [first] = servers;
    const firstText =
      first === undefined ? "" : `${quoteText(first.name)} at ${formatAddress(first)}`;
    const moreText = servers.length === 1 ? "" : ` and ${servers.length - 1} more`;
    return ok(`found ${firstText}${moreText}`);
  } catch (error) {
    return warningFrom(error);
  }
}

export function checkData(probes: MachineProbes, folder: string, isNamed: boolean): Finding {
  let path: string;
  try {
    path = probes.checkDataFolder(folder);
  } catch (error) {
    const isDataMissing = error instanceof Fault && NO_DATA.has(error.code);
    if (isNamed || !isDataMissing) throw error;
    return skipped(`no server data in ${folder}`);
  }
  probes.checkWritable(path);
  const free = probes.freeBytes(path);
  const space = `${sizeText(free)} free`;
  if (free < RESERVE_BYTES) return failed(new Fault("store-full", `${path}: only ${space}`));
  const holder = probes.lockHolder(path);
  const usageText = holder === undefined ? "no server is running" : holderText(probes, holder);
  if (free < FREE_BYTES_LOW) {
    return warning(`${path}: only ${space}; ${usageText}`, "free some disk space");
  }
  const exposed = probes.serverKeyWarning(path);
  if (exposed !== undefined) return warning(exposed.message, exposed.remedy);
  return ok(`${path}: supported format, ${space}; ${usageText}`);
}

/** A running server updates the file when it begins and ceases to doubt its clock. */
export function checkExpiry(text: string, nowUnixMs: number): Finding {
  const stored = parseJson(CLOCK_FILE, text);
  if (stored?.isDoubted !== true) return ok("the server believes its clock");
  const status = { plausible: false, now: nowUnixMs, newest: stored.believedMs };
  return warning(clockText(status), "set the clock, or run chat admin clock accept");
}

export function checkHome(probes: MachineProbes, folders: Folders): Finding {
  for (const folder of new Set([folders.data, folders.config, folders.state])) {
    if (folder === folders.data || probes.exists(folder)) {
      probes.checkWritable(probes.nearestFolder(folder));
    }
  }
  const { data } = folders;
  if (!probes.exists(join(data, "state.sqlite")))
    return ok(`${data}: will be created at first use`);
  probes.openState(data);
  const exposed = probes.homeKeyWarning(data);
  if (exposed !== undefined) return warning(exposed.message, exposed.remedy);
  return ok(`${data}: writable, state readable`);
}

export async function checkDisk(probes: MachineProbes, folder: string): Promise<Finding> {
  const syncMs = await probes.syncMs(probes.nearestFolder(folder));
  const speed = `a small synced write takes ${syncMs.toFixed(1)} ms`;
  if (syncMs <= SYNC_MS_SLOW) return ok(speed);
  return warning(speed, "a server here confirms slowly; put its data on another disk");
}

/** Narrower terminals cannot fit a name and a few words on one line. */
const COLUMNS_MIN = 40;

interface Screen {
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly platform: NodeJS.Platform;
}

export function checkTerminal(
  { isTerminal, columns, platform }: Screen,
  env: Environment,
): Finding {
  if (!isTerminal) return skipped("standard output is not a terminal");
  const term = env["TERM"] ?? "";
  const locale = characterLocale(env);
  if (platform !== "win32" && !/utf-?8/i.test(locale)) {
    const localeText =
      locale === "" ? "no locale is set" : `the locale ${quoteText(locale)} is not UTF-8`;
    return warning(
      `${localeText}; text may look wrong`,
      "set LANG=C.UTF-8, or your own locale with .UTF-8",
    );
  }
  if (isAppendOnly(env, platform)) {
    return warning(`the terminal only appends lines (TERM=${term})`, "use chat join --plain");
  }
  const isWidthKnown = columns > 0;
  if (isWidthKnown && columns < COLUMNS_MIN)
    return warning(`only ${columns} columns`, "widen the window");
  return ok(`${isWidthKnown ? `${columns} columns` : "width unknown"}, ${quoteText(term)}`);
}

function holderText(probes: MachineProbes, holder: LockHolder): string {
  const { pid, host, started } = holder;
  const processText = `process ${pid} on ${quoteText(host)} since ${quoteText(started)}`;
  return probes.isAlive(holder)
    ? `in use by ${processText}`
    : `${processText} used it and has exited`;
}

function sizeText(sizeBytes: number): string {
  const gib = sizeBytes / 2 ** 30;
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${Math.floor(sizeBytes / 2 ** 20)} MiB`;
}

interface IrcServer {
  /** Data folder, which tells the servers of a machine apart. */
  readonly data: string;
  /** `irc://HOST:PORT` or `ircs://HOST:PORT` */
  readonly irc?: readonly string[];
}

/**
 * Checks the IRC listeners of the servers on this machine.
 * @param probe returns the fingerprint of the certificate, if any
 */
export async function checkIrc(
  servers: readonly IrcServer[],
  probe: (target: IrcTarget) => Promise<string | undefined>,
): Promise<Finding> {
  const found: string[] = [];
  for (const [data, address] of servers.flatMap(addressesOf)) {
    const url = new URL(address);
    const fingerprint = await probe({
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: Number(url.port),
      isSecure: url.protocol === "ircs:",
      timeoutMs: CHECK_TIMEOUT_MS,
    });
    const certificate = fingerprint === undefined ? "" : `, certificate ${fingerprint}`;
    found.push(`${address} (${data})${certificate}`);
  }
  return ok(found.join("; "));
}

function addressesOf({ data, irc = [] }: IrcServer): (readonly [data: string, address: string])[] {
  return irc.map((address) => [data, address]);
}

/** Short, because the user waits for the results. */
const DISCOVERY_MS = 1_200;

export function networkProbes(
  { clock }: Pick<Context, "clock">,
  { host, port }: ServerAddress,
): NetworkProbes {
  const greet = (dial: Dial, address: string) => {
    return greetServer(clock, () => dial({ host, address, port, timeoutMs: GREETING_TIMEOUT_MS }));
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
    homeKeyWarning,
    serverKeyWarning,
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
