/** Cluster checks for a named cluster or for the cluster of a data folder. */

import { Fault } from "../../base/fault.ts";
import { CLUSTER_LAG_HIGH } from "../../base/limits-cluster.ts";
import { counted, formatSize } from "../../base/sizes.ts";
import { noMajority } from "../../io/cluster/majority.ts";
import type { NatsSettings } from "../../io/nats/monitor.ts";
import type { Membership } from "../serve/membership.ts";
import type { ClusterInspection } from "../serve/survey.ts";
import { type Finding, failed, ok, skipped, warning } from "./check.ts";

export function checkMembership(path: string, { cluster, state }: Membership): Finding {
  const name = `the cluster '${cluster}'`;
  if (state === "left") return ok(`${path} has left ${name}`);
  if (state === undefined) return skipped(`${path} belongs to ${name}; add --nats to check it`);
  const remedy = `run chat cluster init ${path} again, or chat cluster leave ${path}`;
  return warning(`${path} was only partly moved into ${name}`, remedy);
}

/**
 * @param own membership of the checked folder; `undefined` without a folder
 * @param servers number of NATS servers named by the user
 */
export function checkCluster(
  cluster: ClusterInspection,
  own: Membership | undefined,
  servers: number,
): Finding {
  const { stream, nodes, areRootsEqual, silent } = cluster;
  const { leader, replicas, current } = stream;
  if (!stream.hasMajority) return failed(noMajority({ servers: silent, total: servers }));
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
    return warning(message, "start the others, or wait for them to catch up");
  }
  const size = `${counted(stream.last, "message")}, ${formatSize(stream.bytes)}`;
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
