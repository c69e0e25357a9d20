/** `chat doctor`: checks a machine, a server or a cluster. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../base/fault.ts";
import { CHECK_TIMEOUT_MS } from "../base/limits.ts";
import { cleanText, tsvLine } from "../base/text.ts";
import { defineVerb, stringFlag } from "../cli/command.ts";
import type { ClientFlags } from "../cli/connect/client.ts";
import { type Candidate, candidates, onlyServer } from "../cli/connect/default-server.ts";
import { type Context, say } from "../cli/context.ts";
import { type CheckResult, Examination, ok, skipped, troubled } from "../cli/doctor/check.ts";
import { checkCluster, checkMembership, checkNats } from "../cli/doctor/cluster.ts";
import {
  checkData,
  checkDiscovery,
  checkDisk,
  checkHome,
  checkMulticast,
  checkTerminal,
  type MachineProbes,
} from "../cli/doctor/machine.ts";
import { checkMachines, checkNetwork, type Expected } from "../cli/doctor/network.ts";
import { machineProbes, networkProbes } from "../cli/doctor/probes.ts";
import {
  checkLease,
  checkLibrary,
  checkPackages,
  checkSealedDevices,
  checkSealedFile,
  checkSealedRooms,
  type SealedDevices,
  type SealedLook,
} from "../cli/doctor/sealed.ts";
import { askSealed, lookAtSealed, tryLibrary } from "../cli/doctor/sealed-probes.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS, serverOptions } from "../cli/flags.ts";
import { clockColor } from "../cli/output/color.ts";
import { renderJson, styleOf } from "../cli/output/render.ts";
import { printJson } from "../cli/output/result.ts";
import { clusterPlace, NATS_FLAGS, SAFETY_FLAGS } from "../cli/serve/cluster.ts";
import { lookAtCluster } from "../cli/serve/look.ts";
import { type Membership, readMembership } from "../cli/serve/membership.ts";
import { readNatsSettings } from "../io/nats/monitor.ts";
import { ClientState } from "../io/state/client-state.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import { formatAddress, type ServerAddress, type ServerSpec } from "../wire/invite.ts";

const DATA_DEFAULT = "./data";
/** Long: the check must be able to measure a slow disk. */
const DISK_WITHIN_MS = 2 * CHECK_TIMEOUT_MS;
/** Long: the check only computes, which takes many times longer on a busy machine. */
const LIBRARY_WITHIN_MS = 12 * CHECK_TIMEOUT_MS;
/** Long: NATS servers that have just started elect a leader first. */
const CLUSTER_TIMEOUT_MS = 4 * CHECK_TIMEOUT_MS;

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    data: stringFlag("DIR", "A server's folder to look at"),
    ...NATS_FLAGS,
    natsMonitor: SAFETY_FLAGS.natsMonitor,
    ...SERVER_FLAGS,
  },
  details: "Repair what the first line with failed names; the exit code is that of its fault.",
  async run(args, context) {
    const examination = new Examination(context.clock, (result) => tell(context, result));
    const options = serverOptions(context, args, args.at);
    const about = whom(context, options.address);
    await examination.check("server", CHECK_TIMEOUT_MS, () =>
      about === undefined
        ? skipped("none is named, and none is known: only this machine is looked at")
        : ok(`${formatAddress(about.server)}, ${about.why}`),
    );
    if (about !== undefined) {
      const { server, pinned } = about;
      const given = options.fingerprint ?? server.fingerprint;
      const isUdpWanted = options.transport === "udp";
      const expected = { server, given, pinned, isUdpWanted };
      const probes = networkProbes(context, server.port);
      await checkNetwork(examination, probes, expected);
      if (about.machines.length > 1) {
        await examination.check("machines", 2 * CHECK_TIMEOUT_MS, () =>
          checkMachines(probes, about.machines),
        );
      }
    }
    await checkShared(examination, context, args);
    await checkMachine(examination, context, args.data);
    await checkSealed(examination, context, args, about);
    return finish(context, examination, about?.server);
  },
});

interface About extends Pick<Expected, "server" | "pinned"> {
  readonly why: string;
  /** The server's latest report on its cluster's majority. */
  readonly machines: readonly ServerAddress[];
}

/**
 * Asks no question and creates no file: a home that does not exist yet knows no server.
 * @throws Fault usage if several servers could be meant
 */
function whom(context: Context, named: ServerSpec | undefined): About | undefined {
  const { data } = context.settings().folders;
  using state = stateIn(data);
  const known = named === undefined ? onlyServer(candidates(context, state)) : undefined;
  const server = named ?? known?.address;
  if (server === undefined) return undefined;
  const pinned = state?.pin(formatAddress(server))?.fingerprint as Fingerprint | undefined;
  const machines = pinned === undefined ? [] : (state?.serverAddresses(pinned)?.reported ?? []);
  return { server, pinned, machines, why: known === undefined ? "as named" : whyTaken(known) };
}

/** `undefined` if the home has no state yet, or none that can be read: its own check tells why. */
function stateIn(home: string): ClientState | undefined {
  try {
    return existsSync(join(home, "state.sqlite")) ? ClientState.open(home) : undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return undefined;
  }
}

function whyTaken({ isLast }: Candidate): string {
  return isLast ? "the last one used" : "which you run on this machine";
}

type SharedArgs = Parameters<typeof clusterPlace>[0] & { readonly data: string | undefined };

/** Checks a named cluster, or that of the folder. */
async function checkShared(
  examination: Examination,
  context: Context,
  args: SharedArgs,
): Promise<void> {
  const folder = args.data ?? DATA_DEFAULT;
  const own = membershipOf(folder);
  if (args.nats.length === 0) {
    if (own === undefined) return;
    await examination.check("cluster", CHECK_TIMEOUT_MS, () => checkMembership(folder, own));
    return;
  }
  const { clock } = context;
  const { monitors, ...place } = clusterPlace(args, true);
  if (monitors.length > 0) {
    await examination.check("nats", 2 * CHECK_TIMEOUT_MS, async () =>
      checkNats(await Promise.all(monitors.map(readNatsSettings))),
    );
  }
  await examination.check("cluster", CLUSTER_TIMEOUT_MS, async () => {
    const look = await lookAtCluster(place, clock);
    return checkCluster(look, own?.cluster === place.name ? own : undefined, place.servers.length);
  });
}

/** The folder's own check reports errors of the folder itself. */
function membershipOf(folder: string): Membership | undefined {
  try {
    return readMembership(folder);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

async function checkMachine(
  examination: Examination,
  context: Context,
  data: string | undefined,
): Promise<void> {
  const probes: MachineProbes = machineProbes(context);
  const { folders } = context.settings();
  const { stdout, env } = context;
  const check = examination.check.bind(examination);
  await check("multicast", 2 * CHECK_TIMEOUT_MS, () => checkMulticast(probes));
  await check("discovery", CHECK_TIMEOUT_MS, () => checkDiscovery(probes));
  const folder = data ?? DATA_DEFAULT;
  await check("data", CHECK_TIMEOUT_MS, () => checkData(probes, folder, data !== undefined));
  await check("home", CHECK_TIMEOUT_MS, () => checkHome(probes, folders));
  const disk = data ?? folders.data;
  await check("disk", DISK_WITHIN_MS, () => checkDisk(probes, disk));
  const screen = {
    isTerminal: stdout.isTerminal,
    columns: stdout.columns(),
    platform: process.platform,
  };
  await check("terminal", CHECK_TIMEOUT_MS, () => checkTerminal(screen, env));
}

/** Only if this device was in a sealed room; the library check always runs. */
async function checkSealed(
  examination: Examination,
  context: Context,
  args: ClientFlags & { readonly at: string | undefined },
  about: About | undefined,
): Promise<void> {
  const check = examination.check.bind(examination);
  let look: SealedLook | undefined;
  await check("sealed", DISK_WITHIN_MS, async () => {
    look = await lookAtSealed(context, about?.pinned);
    if (look === undefined) return skipped("this device has been in no sealed room");
    return checkSealedFile(look);
  });
  const found = look;
  if (found !== undefined && about?.pinned !== undefined) {
    await check("lease", CHECK_TIMEOUT_MS, () => checkLease(found, context.clock.unixMs()));
    await check("rooms", CHECK_TIMEOUT_MS, () => checkSealedRooms(found));
    const why = "not asked: the server was not reached";
    const isReached = examination.results.some(
      ({ name, state }) => name === "identity" && state === "ok",
    );
    let devices: SealedDevices | undefined;
    await check("devices", 2 * CHECK_TIMEOUT_MS, async () => {
      if (!isReached) return skipped(why);
      try {
        devices = await askSealed(context, args, args.at);
        return checkSealedDevices(devices);
      } catch (error) {
        return troubled(error); // A password may be needed, and nobody is asked.
      }
    });
    await check("packages", CHECK_TIMEOUT_MS, () =>
      devices === undefined ? skipped(why) : checkPackages(devices),
    );
  }
  await check("library", LIBRARY_WITHIN_MS, () => checkLibrary(() => tryLibrary(context)));
}

/** Width of `multicast`, the longest name, and `skipped`. */
const NAME_WIDTH = 10;
const STATE_WIDTH = 8;

/** A line as soon as the result is known; on a terminal the remedy is below it. */
function tell(context: Context, { name, state, message, remedy, ms }: CheckResult): void {
  const { stdout, color } = context;
  const { format } = styleOf(context);
  if (format === "json") {
    return stdout.write(renderJson({ kind: "check", name, state, message, remedy, ms }));
  }
  if (format === "tsv") return stdout.write(tsvLine([name, state, message, remedy ?? "", `${ms}`]));
  const head = state.padEnd(STATE_WIDTH) + name.padEnd(NAME_WIDTH);
  const took = clockColor(`(${ms} ms)`, color);
  stdout.write(`${head} ${cleanText(message)} ${took}\n`);
  if (remedy === undefined) return;
  stdout.write(`${" ".repeat(head.length)} -> ${cleanText(remedy)}\n`);
}

function finish(
  context: Context,
  { results, exitCode }: Examination,
  server: ServerSpec | undefined,
): number {
  const named = (state: string) =>
    results.filter((result) => result.state === state).map(({ name }) => name);
  const [failed, warnings] = [named("failed"), named("warning")];
  const place = server && formatAddress(server);
  const isOk = failed.length === 0;
  printJson(context, { kind: "doctor", ok: isOk, server: place, failed, warnings, exitCode });
  if (failed.length > 0) say(context, `what to mend first: ${failed[0]}`);
  else if (warnings.length > 0) say(context, `it works; worth a look: ${warnings.join(", ")}`);
  else say(context, "nothing is wrong");
  return exitCode;
}
