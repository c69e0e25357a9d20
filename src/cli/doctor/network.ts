/** Checks of the connection to a server, and of a cluster. */

import { Fault } from "../../base/fault.ts";
import { CHECK_TIMEOUT_MS, CLOCK_SKEW_MS_MAX } from "../../base/limits.ts";
import { CLUSTER_LAG_HIGH } from "../../base/limits-cluster.ts";
import { counted, formatElapsed, formatSize } from "../../base/sizes.ts";
import { quoteText } from "../../base/text.ts";
import { DAY_MS } from "../../base/time.ts";
import type { GreetedServer } from "../../client/link/greeting.ts";
import { missingIssuer } from "../../crypto/certificate.ts";
import { lineage } from "../../crypto/succession.ts";
import { RefusedByNats } from "../../io/cluster/majority.ts";
import type { NatsSettings } from "../../io/nats/monitor.ts";
import type { ProbeTarget, TlsInfo } from "../../io/probe/network-probe.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import { formatAddress, type ServerAddress, type ServerSpec } from "../../wire/invite.ts";
import type { ClusterMembership } from "../membership.ts";
import {
  type ClusterInspection,
  majorityFault,
  surveyFault,
  twinsFault,
  twinsIn,
} from "../serve/survey.ts";
import { quoteArgument } from "../shell-quote.ts";
import {
  type CheckBody,
  type CheckRunner,
  type Finding,
  failed,
  ok,
  skipped,
  warning,
  warningFrom,
} from "./check.ts";

export interface NetworkProbes {
  resolve(host: string): Promise<readonly string[]>;
  localAddressFor(address: string): Promise<string>;
  connectTcp(target: ProbeTarget): Promise<void>;
  shakeHands(target: ProbeTarget): Promise<TlsInfo>;
  serverTime(target: ProbeTarget): Promise<number | undefined>;
  greet(address: string): Promise<GreetedServer>;
  readonly greetOverUdp: ((address: string) => Promise<GreetedServer>) | undefined;
  unixMs(): number;
}

export interface ExpectedIdentity {
  readonly server: ServerSpec;
  readonly requested: Fingerprint | undefined;
  readonly pinned: Fingerprint | undefined;
  readonly requiresUdp: boolean;
}

/** A proxy such as haproxy answers 503 only after 3 s of attempts to reach its server. */
export const GREETING_TIMEOUT_MS = 2 * CHECK_TIMEOUT_MS;
/** A resolver may try several name servers, with a timeout for each. */
const RESOLVE_TIMEOUT_MS = 2 * CHECK_TIMEOUT_MS;
/** The TCP check tries several addresses, with a timeout for each. */
const TCP_TIMEOUT_MS = 4 * CHECK_TIMEOUT_MS;
/** Added to a probe's own timeout, so that the probe fails first with its specific message. */
const GRACE_MS = 500;

/** If a check fails, the checks that depend on it are skipped. */
export async function checkNetwork(
  examination: CheckRunner,
  probes: NetworkProbes,
  expected: ExpectedIdentity,
): Promise<void> {
  await new NetworkCheck(probes, expected).run(examination);
}

/** Certificates of public authorities are renewed about a month before they end. */
const CERTIFICATE_DAYS_MIN = 14;

class NetworkCheck {
  #addresses: readonly string[] = [];
  #address = "";
  #greeted: GreetedServer | undefined;
  #versionFault: Fault | undefined;

  constructor(
    private readonly probes: NetworkProbes,
    private readonly expected: ExpectedIdentity,
  ) {}

  async run(examination: CheckRunner): Promise<void> {
    const skipReason = "skipped: an earlier check failed";
    const probeMs = CHECK_TIMEOUT_MS + GRACE_MS;
    const check = (name: string, isPossible: boolean, timeoutMs: number, work: CheckBody) =>
      examination.check(name, timeoutMs, isPossible ? work : () => skipped(skipReason));
    const hasName = await check("name", true, RESOLVE_TIMEOUT_MS, () => this.#name());
    const hasRoute = await check("route", hasName, CHECK_TIMEOUT_MS, () => this.#route());
    const tcp = await check("tcp", hasRoute, TCP_TIMEOUT_MS + GRACE_MS, () => this.#tcp());
    const tls = await check("tls", tcp, probeMs, () => this.#tls());
    await check("identity", tls, GREETING_TIMEOUT_MS, () => this.#identity());
    const hasGreeting = this.#greeted !== undefined || this.#versionFault !== undefined;
    await check("version", hasGreeting, CHECK_TIMEOUT_MS, () => this.#version());
    const { majority, refusal } = this.#greeted?.welcome ?? {};
    if (majority === false) {
      await check("majority", true, CHECK_TIMEOUT_MS, () => failed(readOnlyFault(refusal)));
    }
    await check("clock", tls, probeMs, () => this.#clock());
    await check("udp", hasRoute, probeMs, () => this.#udp(tcp));
  }

  async #name(): Promise<Finding> {
    const { host } = this.expected.server;
    this.#addresses = await this.probes.resolve(host);
    this.#address = this.#addresses[0] ?? host;
    if (this.#address === host) return ok(`${host} is an IP address`);
    return ok(`${host} resolves to ${this.#addresses.join(", ")}`);
  }

  async #route(): Promise<Finding> {
    let fault: unknown;
    const reachable: string[] = [];
    let localAddress = "";
    for (const address of this.#addresses) {
      try {
        const local = await this.probes.localAddressFor(address);
        if (reachable.push(address) === 1) localAddress = local;
      } catch (error) {
        fault ??= error;
      }
    }
    const [first] = reachable;
    if (first === undefined) throw fault;
    this.#addresses = reachable;
    this.#address = first;
    return ok(`${localAddress} is the local address for ${first}`);
  }

  async #tcp(): Promise<Finding> {
    let fault: unknown;
    for (const address of this.#addresses) {
      try {
        await this.probes.connectTcp(this.#target(address));
        const isOther = address !== this.#address;
        const silent = this.#address;
        this.#address = address;
        const text = formatAddress({ host: address, port: this.expected.server.port });
        if (!isOther) return ok(`${text} accepts connections`);
        return warning(
          `${text} accepts connections, ${silent} does not`,
          "correct the name's addresses",
        );
      } catch (error) {
        fault ??= error;
      }
    }
    throw fault;
  }

  async #tls(): Promise<Finding> {
    const tls = await this.probes.shakeHands(this.#target());
    const { protocol, subject, expires, chainPem } = tls;
    const found = `${protocol}, certificate of ${quoteText(subject)} until ${quoteText(expires)}`;
    const leftMs = Date.parse(expires) - this.probes.unixMs();
    if (leftMs < CERTIFICATE_DAYS_MIN * DAY_MS) {
      return warning(found, "renew it, as browsers refuse it after that date; chat does not");
    }
    const issuer = chainPem === "" ? undefined : missingIssuer(chainPem);
    if (issuer === undefined || issuer === "") return ok(found);
    return warning(
      `${found}, sent without the certificate of its issuer ${quoteText(issuer)}`,
      "use the full chain, such as fullchain.pem; curl and some browsers refuse the leaf alone",
    );
  }

  async #identity(): Promise<Finding> {
    try {
      this.#greeted = await this.probes.greet(this.#address);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "version-unsupported") throw error;
      this.#versionFault = error;
      return skipped("skipped: incompatible protocol version");
    }
    return checkIdentity(this.#greeted, this.expected);
  }

  #version(): Finding {
    if (this.#versionFault !== undefined) return failed(this.#versionFault);
    return ok(`both sides use protocol version ${this.#greeted?.welcome.version}`);
  }

  async #clock(): Promise<Finding> {
    const serverUnixMs = await this.probes.serverTime(this.#target());
    if (serverUnixMs === undefined) return skipped("the server does not report its time");
    return checkClock(this.probes.unixMs() - serverUnixMs);
  }

  async #udp(isTcpWorking: boolean): Promise<Finding> {
    const { greetOverUdp } = this.probes;
    if (greetOverUdp === undefined) return skipped("skipped: this version supports TCP only");
    try {
      const { fingerprint } = await greetOverUdp(this.#address);
      if (this.#greeted === undefined || fingerprint === this.#greeted.fingerprint) {
        return ok("the server also answers over QUIC");
      }
      const other = formatFingerprint(fingerprint);
      throw new Fault("fingerprint-changed", `a different server answers over UDP: ${other}`);
    } catch (error) {
      const isOnlyUdpBlocked = error instanceof Fault && error.exitCode === 5 && isTcpWorking;
      if (!isOnlyUdpBlocked || this.expected.requiresUdp) throw error;
      const { message } = warningFrom(error);
      return warning(
        `UDP is blocked, TCP works (${message})`,
        `chat works; for lossy networks, allow UDP port ${this.expected.server.port}`,
      );
    }
  }

  #target(address = this.#address): ProbeTarget {
    const { host, port } = this.expected.server;
    return { host, address, port, timeoutMs: CHECK_TIMEOUT_MS };
  }
}

export async function checkMachines(
  probes: Pick<NetworkProbes, "resolve" | "connectTcp">,
  machines: readonly ServerAddress[],
): Promise<Finding> {
  const silent = await Promise.all(
    machines.map(async (machine) => {
      const { host, port } = machine;
      try {
        const [address = host] = await probes.resolve(host);
        await probes.connectTcp({ host, address, port, timeoutMs: CHECK_TIMEOUT_MS });
        return [];
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        return [formatAddress(machine)];
      }
    }),
  );
  const which = silent.flat();
  if (which.length === 0) return ok(`all ${machines.length} machines of the cluster answer`);
  const count = `${which.length} of ${machines.length}`;
  return warning(
    `${count} machines of the cluster do not answer: ${which.join(", ")}`,
    "start them",
  );
}

function readOnlyFault(refusal: string | undefined): Fault {
  const message =
    refusal === undefined
      ? "the server's cluster has no majority; it is read-only"
      : `the server is read-only, as it cannot record messages: ${refusal}`;
  const remedy = "the server's owner can find the cause: chat doctor --nats URL";
  return new Fault("no-majority", message, { remedy });
}

function checkIdentity(
  { fingerprint, welcome }: GreetedServer,
  { server, requested, pinned }: ExpectedIdentity,
): Finding {
  const predecessors = lineage(welcome.server.key, welcome.predecessors ?? []);
  const isKnownAs = (candidate: Fingerprint) =>
    candidate === fingerprint || predecessors.includes(candidate);
  const found = formatFingerprint(fingerprint);
  const name = quoteText(welcome.server.name);
  const address = formatAddress(server);
  for (const known of [pinned, requested]) {
    if (known === undefined || isKnownAs(known)) continue;
    const expected = formatFingerprint(known);
    const message = `${name} is a different server: expected ${expected}, found ${found}`;
    throw new Fault("fingerprint-changed", message, {
      remedy: `ask the server's owner; if correct, run chat trust accept ${address}`,
    });
  }
  if (pinned !== undefined) return ok(`${name} has the pinned fingerprint ${found}`);
  if (requested !== undefined) return ok(`${name} has the requested fingerprint ${found}`);
  return warning(
    `${name} has fingerprint ${found}, which this device does not trust yet`,
    "compare it with the fingerprint that the server's owner sees; " +
      "the first chat join will trust it",
  );
}

/**
 * @param skewMs this machine's clock minus the server's clock
 * @internal
 */
export function checkClock(skewMs: number): Finding {
  if (Math.abs(skewMs) < 2_500) return ok("the clocks of both machines agree");
  const which = skewMs > 0 ? "ahead of" : "behind";
  const skew = formatElapsed(Math.abs(skewMs));
  const message = `this machine's clock is ${skew} ${which} the server's`;
  if (Math.abs(skewMs) <= CLOCK_SKEW_MS_MAX) return ok(message);
  return warning(message, "correct the wrong clock; chat shows the server's times");
}

export function checkMembership(path: string, { cluster, state }: ClusterMembership): Finding {
  const name = `the cluster '${cluster}'`;
  if (state === "left") return ok(`${path} has left ${name}`);
  if (state === undefined) return skipped(`${path} belongs to ${name}; add --nats to check it`);
  const quoted = quoteArgument(path);
  const remedy = `run chat cluster init ${quoted} again, or chat cluster leave ${quoted}`;
  return warning(`${path} was only partly moved into ${name}`, remedy);
}

/**
 * @param own membership of the checked folder; `undefined` without a folder
 * @param servers number of NATS servers named by the user
 */
export function checkCluster(
  cluster: ClusterInspection,
  own: ClusterMembership | undefined,
  servers: number,
): Finding {
  const { stream, nodes, areRootsEqual, silent, denied = [] } = cluster;
  const { leader, replicas, current } = stream;
  const leaderless = majorityFault(cluster, servers);
  if (leaderless !== undefined) return failed(leaderless);
  const [firstDenied] = denied;
  if (firstDenied !== undefined) return failed(new RefusedByNats(firstDenied));
  if (!areRootsEqual) {
    return failed(new Fault("cluster-diverged", "the servers have different histories"));
  }
  if (nodes.length === 0) {
    return failed(
      new Fault("unreachable", "no server of the cluster answers", {
        remedy: "start one: chat serve --nats URL",
      }),
    );
  }
  const twins = twinsIn(nodes);
  if (twins !== undefined) return failed(twinsFault(twins));
  const refused = surveyFault(nodes);
  if (refused !== undefined) return failed(refused);
  const starting = nodes.find(({ state }) => state === "starts" || state === "restores");
  if (starting !== undefined) {
    const { name, state } = starting;
    const message =
      state === "starts" ? `${name} is starting` : `${name} restores messages that NATS has lost`;
    return warning(message, "wait until it has finished, and run this command again");
  }
  const stopped = nodes.find(({ state }) => state !== "follows");
  if (stopped !== undefined) {
    const { name, address, state } = stopped;
    const message = `${name} at ${address} stopped receiving records: ${state}`;
    return warning(message, "check its output, and restart it");
  }
  const isOwnSilent = own?.state === undefined && !nodes.some(({ name }) => name === own?.node);
  if (own !== undefined && isOwnSilent) {
    const verb = nodes.length === 1 ? "answers" : "answer";
    const message = `${counted(nodes.length, "server")} ${verb}, but this folder's server does not`;
    return warning(message, "start it: chat serve --nats URL");
  }
  const slow = nodes.find(({ lag }) => lag > CLUSTER_LAG_HIGH);
  if (slow !== undefined) {
    const message = `${slow.name} at ${slow.address} is ${slow.lag} messages behind`;
    return warning(message, "if this persists, check its disk and network");
  }
  const [settings] = stream.settings;
  if (settings !== undefined) return warningFrom(settings);
  if (replicas === 1) {
    return warning("only one NATS server holds the stream", "use three, on three machines");
  }
  if (silent.length > 0) {
    const silentServers = silent.join(", ");
    const message = `${silent.length} of ${servers} NATS servers do not answer: ${silentServers}`;
    return warning(message, "start them; one more failure may stop the cluster");
  }
  if (current < replicas) {
    const message = `only ${current} of ${replicas} NATS servers hold the complete stream`;
    return warning(
      message,
      "start the others, or wait for them to catch up; " +
        "for one that was replaced under another name, see docs/cluster.md",
    );
  }
  const size = `${counted(stream.messages, "message")}, ${formatSize(stream.bytes)}`;
  const agreement = `${counted(nodes.length, "server")} ${nodes.length === 1 ? "has" : "have"}`;
  const holders = `${replicas} NATS servers, leader ${leader}`;
  return ok(`${agreement} the same history; ${size}; ${holders}`);
}

export function checkNats(settings: readonly NatsSettings[]): Finding {
  const unsafe = settings.find(({ isSynced }) => !isSynced);
  if (unsafe === undefined) {
    return ok(`sync_interval is "always" on ${settings.map(({ name }) => name).join(", ")}`);
  }
  const message = `${unsafe.name} (${unsafe.version}) has no sync_interval: always`;
  return warning(
    message,
    "set it in the jetstream block; otherwise a power failure of all servers may lose messages",
  );
}
