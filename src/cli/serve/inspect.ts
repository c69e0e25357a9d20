/** External inspection of a cluster, for `chat cluster status` and `chat doctor`. */

import { Fault } from "../../base/fault.ts";
import type { Clock } from "../../io/clock.ts";
import { noMajority } from "../../io/cluster/majority.ts";
import { openJetStream } from "../../io/nats/jetstream.ts";
import { unresponsiveServers } from "../../io/nats/monitor.ts";
import type { ClusterConfig } from "./cluster.ts";
import { type Survey, surveyCluster } from "./survey.ts";

export interface ClusterInspection extends Survey {
  readonly silent: readonly string[];
}

/**
 * Returns within a few seconds even if servers do not answer.
 * @throws {Fault} unreachable, not-found; no-majority, naming the silent NATS servers
 */
export async function inspectCluster(
  config: Omit<ClusterConfig, "monitors">,
  clock: Clock,
): Promise<ClusterInspection> {
  const silent = await unresponsiveServers(config.servers);
  try {
    const stream = await openJetStream({ ...config, cluster: config.name, clock });
    const survey = await surveyCluster(stream).finally(() => stream.close());
    return { ...survey, silent };
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "no-majority") throw error;
    throw noMajority({ servers: silent, total: config.servers.length });
  }
}
