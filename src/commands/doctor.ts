/** `chat doctor`, which checks a machine, a server or a cluster. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { unlessFault } from "../base/fault.ts";
import { CHECK_TIMEOUT_MS } from "../base/limits.ts";
import { cleanText, tsvLineOfPaths } from "../base/text.ts";
import { defineVerb, stringFlag } from "../cli/command.ts";
import type { ClientFlags } from "../cli/connect/client.ts";
import { candidates, onlyServer, type ServerCandidate } from "../cli/connect/discover.ts";
import { type Context, printNotice } from "../cli/context.ts";
import { type CheckResult, CheckRunner, ok, skipped, warningFrom } from "../cli/doctor/check.ts";
import {
  checkData,
  checkDiscovery,
  checkDisk,
  checkExpiry,
  checkHome,
  checkIrc,
  checkMulticast,
  checkTerminal,
  type MachineProbes,
  machineProbes,
  networkProbes,
} from "../cli/doctor/machine.ts";
import {
  checkCluster,
  checkMachines,
  checkMembership,
  checkNats,
  checkNetwork,
  type ExpectedIdentity,
} from "../cli/doctor/network.ts";
import {
  checkLease,
  checkMlsLibrary,
  checkPackages,
  checkSealedDevices,
  checkSealedFile,
  checkSealedRooms,
  querySealedDevices,
  readSealedState,
  type SealedDevices,
  type SealedState,
  testMlsLibrary,
} from "../cli/doctor/sealed.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS, serverOptions } from "../cli/flags.ts";
import { readMembership } from "../cli/membership.ts";
import { clockColor } from "../cli/output/color.ts";
import { renderJson, styleOf } from "../cli/output/render.ts";
import { printJson } from "../cli/output/result.ts";
import { clusterConfig, NATS_FLAGS, SAFETY_FLAGS } from "../cli/serve/cluster-config.ts";
import { inspectCluster } from "../cli/serve/survey.ts";
import { readSmallFile } from "../io/disk/data-folder.ts";
import { absolutePath } from "../io/disk/working-folder.ts";
import { readNatsSettings } from "../io/nats/monitor.ts";
import { probeIrc } from "../io/probe/network-probe.ts";
import { ClientState } from "../io/state/client-state.ts";
import { findLocalServers } from "../io/state/local-servers.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import { formatAddress, type ServerAddress, type ServerSpec } from "../wire/invite.ts";

const DATA_DEFAULT = "./data";
/** Longer than for other checks, so that a slow disk can be measured. */
const DISK_TIMEOUT_MS = 2 * CHECK_TIMEOUT_MS;
const LIBRARY_TIMEOUT_MS = 12 * CHECK_TIMEOUT_MS;
/** Longer than for other checks, because NATS servers first elect a leader. */
const CLUSTER_TIMEOUT_MS = 4 * CHECK_TIMEOUT_MS;

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    data: stringFlag("DIR", "Data folder of a server to check"),
    ...NATS_FLAGS,
    natsMonitor: SAFETY_FLAGS.natsMonitor,
    ...SERVER_FLAGS,
  },
  details: "Fix the first failed check first. It also determines the exit code.",
  async run(args, context) {
    const runner = new CheckRunner(context, (result) => printResult(context, result));
    const options = serverOptions(context, args, args.at);
    const target = serverToCheck(context, options.address);
    await runner.check("server", CHECK_TIMEOUT_MS, () =>
      target === undefined
        ? skipped("no server given or known; checking only this machine")
        : ok(`${formatAddress(target.server)}, ${target.reason}`),
    );
    if (target !== undefined) {
      const { server, pinned } = target;
      const requested = options.fingerprint ?? server.fingerprint;
      const requiresUdp = options.transport === "udp";
      const expected = { server, requested, pinned, requiresUdp };
      const probes = networkProbes(context, server);
      await checkNetwork(runner, probes, expected);
      if (target.machines.length > 1) {
        await runner.check("machines", 2 * CHECK_TIMEOUT_MS, () =>
          checkMachines(probes, target.machines),
        );
      }
    }
    await checkClusterOf(runner, context, args);
    await checkMachine(runner, context, args.data);
    await checkSealed(runner, context, args, target);
    return printSummary(context, runner, target?.server);
  },
});

interface ServerToCheck extends Pick<ExpectedIdentity, "server" | "pinned"> {
  readonly reason: string;
  readonly machines: readonly ServerAddress[];
}

/**
 * Neither prompts nor creates files.
 * @throws {Fault} usage if there are several candidates
 */
function serverToCheck(
  context: Context,
  namesWith: ServerSpec | undefined,
): ServerToCheck | undefined {
  const { data } = context.settings().folders;
  using state = stateIn(data);
  const candidate = namesWith === undefined ? onlyServer(candidates(context, state)) : undefined;
  const server = namesWith ?? candidate?.address;
  if (server === undefined) return undefined;
  const pinned = state?.pin(formatAddress(server))?.fingerprint as Fingerprint | undefined;
  const machines = pinned === undefined ? [] : (state?.serverAddresses(pinned)?.reported ?? []);
  return {
    server,
    pinned,
    machines,
    reason: candidate === undefined ? "as specified" : reasonOf(candidate),
  };
}

/** Returns `undefined` on errors, which the check of CHAT_HOME reports. */
function stateIn(home: string): ClientState | undefined {
  if (!existsSync(join(home, "state.sqlite"))) return undefined;
  return unlessFault(() => ClientState.open(home));
}

function reasonOf({ isLast }: ServerCandidate): string {
  return isLast ? "last used" : "running on this machine";
}

type ClusterArgs = Parameters<typeof clusterConfig>[0] & { readonly data: string | undefined };

async function checkClusterOf(
  runner: CheckRunner,
  context: Context,
  args: ClusterArgs,
): Promise<void> {
  const folder = args.data ?? DATA_DEFAULT;
  // The check of the data folder reports errors.
  const membership = unlessFault(() => readMembership(folder));
  if (args.nats.length === 0) {
    if (membership === undefined) return;
    await runner.check("cluster", CHECK_TIMEOUT_MS, () => checkMembership(folder, membership));
    return;
  }
  const { clock } = context;
  const { monitors, ...config } = await clusterConfig(args, true);
  if (monitors.length > 0) {
    await runner.check("nats", 2 * CHECK_TIMEOUT_MS, async () =>
      checkNats(await Promise.all(monitors.map(readNatsSettings))),
    );
  }
  await runner.check("cluster", CLUSTER_TIMEOUT_MS, async () => {
    const state = await inspectCluster(config, clock, { testsPermissions: true });
    return checkCluster(
      state,
      membership?.cluster === config.name ? membership : undefined,
      config.servers.length,
    );
  });
}

async function checkMachine(
  runner: CheckRunner,
  context: Context,
  data: string | undefined,
): Promise<void> {
  const probes: MachineProbes = machineProbes(context);
  const { folders } = context.settings();
  const { stdout, env } = context;
  const check = runner.check.bind(runner);
  await check("multicast", 2 * CHECK_TIMEOUT_MS, () => checkMulticast(probes));
  await check("discovery", CHECK_TIMEOUT_MS, () => checkDiscovery(probes));
  const folder = data ?? DATA_DEFAULT;
  await check("data", CHECK_TIMEOUT_MS, () => checkData(probes, folder, data !== undefined));
  const clockFile = readSmallFile(join(folder, "clock.json"));
  if (clockFile !== undefined) {
    const now = context.clock.unixMs();
    await check("expiry", CHECK_TIMEOUT_MS, () => checkExpiry(clockFile, now));
  }
  await check("home", CHECK_TIMEOUT_MS, () => checkHome(probes, folders));
  const disk = data ?? folders.data;
  await check("disk", DISK_TIMEOUT_MS, () => checkDisk(probes, disk));
  const screen = {
    isTerminal: stdout.isTerminal,
    columns: stdout.columns(),
    platform: process.platform,
  };
  await check("terminal", CHECK_TIMEOUT_MS, () => checkTerminal(screen, env));
  const servers = findLocalServers(env).filter(({ data: path, irc = [] }) => {
    return irc.length > 0 && (data === undefined || path === absolutePath(data));
  });
  const count = servers.flatMap(({ irc = [] }) => irc).length;
  if (count === 0) return;
  await check("irc", (count + 1) * CHECK_TIMEOUT_MS, () => checkIrc(servers, probeIrc));
}

async function checkSealed(
  runner: CheckRunner,
  context: Context,
  args: ClientFlags & { readonly at: string | undefined },
  target: ServerToCheck | undefined,
): Promise<void> {
  const check = runner.check.bind(runner);
  let state: SealedState | undefined;
  await check("sealed", DISK_TIMEOUT_MS, async () => {
    state = await readSealedState(context, target?.pinned);
    if (state === undefined) return skipped("this device has joined no encrypted rooms");
    return checkSealedFile(state);
  });
  const sealed = state;
  if (sealed !== undefined && target?.pinned !== undefined) {
    await check("lease", CHECK_TIMEOUT_MS, () => checkLease(sealed, context.clock.unixMs()));
    await check("rooms", CHECK_TIMEOUT_MS, () => checkSealedRooms(sealed));
    const skipReason = "skipped: server not reached";
    const isReached = runner.results.some(
      ({ name, state }) => name === "identity" && state === "ok",
    );
    let devices: SealedDevices | undefined;
    await check("devices", 2 * CHECK_TIMEOUT_MS, async () => {
      if (!isReached) return skipped(skipReason);
      try {
        devices = await querySealedDevices(context, args, args.at);
        return checkSealedDevices(devices);
      } catch (error) {
        return warningFrom(error); // A password may be required, and this command does not prompt.
      }
    });
    await check("packages", CHECK_TIMEOUT_MS, () =>
      devices === undefined ? skipped(skipReason) : checkPackages(devices),
    );
  }
  await check("library", LIBRARY_TIMEOUT_MS, () => checkMlsLibrary(() => testMlsLibrary(context)));
}

const NAME_WIDTH = 10;
const STATE_WIDTH = 8;

function printResult(context: Context, { name, state, message, remedy, ms }: CheckResult): void {
  const { stdout, color } = context;
  const { format } = styleOf(context);
  if (format === "json") {
    return stdout.write(renderJson({ kind: "check", name, state, message, remedy, ms }));
  }
  if (format === "tsv")
    return stdout.write(
      tsvLineOfPaths([name, state, message, remedy ?? "", `${ms}`], process.platform),
    );
  const head = state.padEnd(STATE_WIDTH) + name.padEnd(NAME_WIDTH);
  const duration = clockColor(`(${ms} ms)`, color);
  stdout.write(`${head} ${cleanText(message)} ${duration}\n`);
  if (remedy === undefined) return;
  stdout.write(`${" ".repeat(head.length)} -> ${cleanText(remedy)}\n`);
}

function printSummary(
  context: Context,
  { results, exitCode }: CheckRunner,
  server: ServerSpec | undefined,
): number {
  const namesWith = (state: string) =>
    results.filter((result) => result.state === state).map(({ name }) => name);
  const [failed, warnings] = [namesWith("failed"), namesWith("warning")];
  const config = server && formatAddress(server);
  const isOk = failed.length === 0;
  printJson(context, { kind: "doctor", ok: isOk, server: config, failed, warnings, exitCode });
  if (failed.length > 0) printNotice(context, `fix first: ${failed[0]}`);
  else if (warnings.length > 0)
    printNotice(context, `everything works; warnings: ${warnings.join(", ")}`);
  else printNotice(context, "no problems found");
  return exitCode;
}
