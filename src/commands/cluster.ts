/** `chat cluster`, which creates, inspects or leaves a cluster of servers. */

import { Fault } from "../base/fault.ts";
import { counted, formatSize } from "../base/sizes.ts";
import { defined } from "../base/values.ts";
import { argument, defineGroup, defineVerb, flag, verbRow } from "../cli/command.ts";
import { type Context, printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import {
  type ClusterMembership,
  newNodeName,
  readMembership,
  removeMembership,
  retireLogs,
  writeMembership,
} from "../cli/membership.ts";
import { CounterLine } from "../cli/output/progress.ts";
import { printList, printResult } from "../cli/output/result.ts";
import {
  type ClusterConfig,
  clusterConfig,
  NATS_FLAGS,
  printCredentialsExpiry,
  SAFETY_FLAGS,
} from "../cli/serve/cluster-config.ts";
import { type OpenFolder, openFolder } from "../cli/serve/folder.ts";
import { checkNatsSync } from "../cli/serve/nats-sync.ts";
import { printDamaged, printRecovery } from "../cli/serve/recovery.ts";
import {
  inspectCluster,
  majorityFault,
  type Survey,
  surveyFault,
  twinsFault,
  twinsIn,
} from "../cli/serve/survey.ts";
import { quoteArgument } from "../cli/shell-quote.ts";
import { sha256 } from "../crypto/sha256.ts";
import { type Position, START } from "../io/cluster/position.ts";
import { publishLogs } from "../io/cluster/publication.ts";
import { checkDataFolder } from "../io/disk/data-folder.ts";
import { lockFolder } from "../io/disk/lock.ts";
import { systemDisk } from "../io/disk/system-disk.ts";
import { systemEntropy } from "../io/entropy.ts";
import { openJetStream } from "../io/nats/jetstream.ts";
import { formatFingerprint } from "../wire/fingerprint.ts";

const init = defineVerb({
  args: {
    dir: argument("Data folder of a server", { valueHint: "DIR" }),
    ...NATS_FLAGS,
    ...SAFETY_FLAGS,
    acceptLoss: flag("Continue despite damaged records; they stay damaged on every machine"),
  },
  details: "Stop the server first. To resume after an interruption, run the same command again.",
  async run(args, context) {
    if (args.nats.length === 0) {
      throw usageFault("missing --nats", "add --nats nats://HOST:4222");
    }
    const config = await clusterConfig(args, args.unsafeNats);
    const path = checkDataFolder(args.dir);
    const quoted = quoteArgument(path);
    const membership = readMembership(path);
    if (membership !== undefined && membership.state === undefined) {
      throw new Fault(
        "data-foreign",
        `${path} already belongs to the cluster '${membership.cluster}'`,
        { remedy: `start it: chat serve --data ${quoted} --nats URL; or run chat cluster leave` },
      );
    }
    if (membership?.state === "filling" && membership.cluster !== config.name) {
      const { cluster } = membership;
      throw new Fault(
        "data-foreign",
        `${path} was only partly moved into the cluster '${cluster}'`,
        { remedy: `resume with --cluster ${cluster}, or abort: chat cluster leave ${quoted}` },
      );
    }
    const { clock } = context;
    const open = await openFolder({
      path,
      clock,
      entropy: systemEntropy(),
      certificate: undefined,
      hosts: [],
      isFrozen: true,
      onWriteError: (fault) => printNotice(context, `${fault.message}; ${fault.remedy}`),
    });
    try {
      const node = membership?.state === "filling" ? membership.node : newNodeName();
      return await importFolder(context, { open, config, node, acceptsLoss: args.acceptLoss });
    } finally {
      await open.close();
    }
  },
});

interface ImportOptions {
  readonly open: OpenFolder;
  readonly config: ClusterConfig;
  readonly node: string;
  readonly acceptsLoss: boolean;
}

async function importFolder(
  context: Context,
  { open, config, node, acceptsLoss }: ImportOptions,
): Promise<number> {
  const { clock } = context;
  const { history, accounts, identity } = open;
  const { path } = open.folder;
  const quoted = quoteArgument(path);
  const { name: cluster } = config;
  if (history.head() === 0) {
    throw new Fault("not-found", `no history in ${path} yet`, {
      remedy: `start it: chat serve --data ${quoted} --nats URL`,
    });
  }
  await checkUndamaged(context, open, acceptsLoss);
  await checkNatsSync(context, config);
  const own = formatFingerprint(identity.fingerprint);
  const stream = await openJetStream({
    ...config,
    cluster,
    clock,
    identity: { own, make: () => Promise.resolve(own) },
  });
  const progress = new CounterLine(context);
  const total = history.head() + accounts.head();
  const startedAt = clock.now();
  let position: Position;
  try {
    position = await publishLogs({
      stream,
      disk: systemDisk(),
      path,
      logs: { history, accounts },
      clock,
      sha256,
      onBegin: () => writeMembership(path, { cluster, node, position: START, state: "filling" }),
      onProgress: (records) => progress.update(() => `${records} of ${counted(total, "record")} …`),
    });
    writeMembership(path, { cluster, node, position });
  } finally {
    progress.end();
    await stream.close();
  }
  const records = { history: history.head(), accounts: accounts.head() };
  const bytes = history.sizeBytes() + accounts.sizeBytes();
  const line = { kind: "brought", cluster, node, ...records, bytes, seq: position.seq };
  const seconds = ((clock.now() - startedAt) / 1_000).toFixed(1);
  const size = `${counted(total, "record")}, ${formatSize(bytes)}`;
  printResult(context, line, `copied ${path} to '${cluster}': ${size} in ${seconds} s`);
  if (context.json) return 0;
  const clusterFlag = cluster === NATS_FLAGS.cluster.default ? "" : ` --cluster ${cluster}`;
  printNotice(
    context,
    `start it: chat serve --data ${quoted} --nats ${config.servers.join(",")}${clusterFlag}`,
  );
  return 0;
}

/**
 * Prevents damaged logs from being copied to all machines permanently.
 * @throws {Fault} log-corrupt
 */
async function checkUndamaged(
  context: Context,
  open: OpenFolder,
  acceptsLoss: boolean,
): Promise<void> {
  const { history, accounts, folder } = open;
  printRecovery(context, open);
  const found = await open.verify();
  printDamaged(context, found);
  const count = history.damaged.length + accounts.damaged.length + found.length;
  if (count === 0 || acceptsLoss) return;
  throw new Fault("log-corrupt", `${folder.path} has ${counted(count, "damaged record")}`, {
    remedy: "restore a backup, or accept the loss with --accept-loss",
  });
}

const status = defineVerb({
  args: {
    ...NATS_FLAGS,
    nats: { ...NATS_FLAGS.nats, description: "NATS servers: nats://HOST:4222,..." },
  },
  details: "Fails if two servers have different histories, or if none answers.",
  async run(args, context) {
    if (args.nats.length === 0) {
      throw usageFault("missing --nats", "add --nats nats://HOST:4222");
    }
    // Skip the check of the NATS version, because an old version cannot harm a read-only command.
    const { name, ...config } = await clusterConfig(args, true);
    const inspection = await inspectCluster({ name, ...config }, context.clock);
    const { stream: state, nodes, areRootsEqual } = inspection;
    const { last, messages, bytes, leader, replicas, current, settings } = state;
    printList(context, nodes, {
      json: (node) => ({ kind: "node", ...node, leader }),
      columns: {
        name: (node) => node.name,
        address: ({ address }) => address,
        seq: ({ seq }) => seq,
        lag: ({ lag }) => lag,
        root: ({ root }) => root.slice(0, 12),
        leader: () => leader,
        state: ({ refused, state }) => (refused === undefined ? state : "refused"),
        version: ({ program, knows }) => program?.replace("chat/", "") ?? knows,
      },
    });
    const streamFields = { cluster: name, messages, last, bytes, leader, replicas, current };
    const expires = printCredentialsExpiry(context, config);
    printResult(
      context,
      defined({ kind: "stream", ...streamFields, rootsEqual: areRootsEqual, expires }),
      summaryOf(inspection),
    );
    for (const { message, remedy } of settings) printNotice(context, `${message}; ${remedy}`);
    const leaderless = majorityFault(inspection, config.servers.length);
    if (leaderless !== undefined) throw leaderless;
    if (nodes.length === 0) {
      throw new Fault("unreachable", `no server of the cluster '${name}' answers`);
    }
    const twins = twinsIn(nodes);
    if (twins !== undefined) throw twinsFault(twins);
    const refused = surveyFault(nodes);
    if (refused !== undefined) throw refused;
    if (areRootsEqual) return 0;
    throw new Fault("cluster-diverged", "the servers have different histories", {
      remedy: "find out which server clients have pinned (chat verify), and stop the others",
    });
  },
});

function summaryOf({ stream, nodes, areRootsEqual }: Survey): string {
  const { last, messages, bytes, leader, replicas, current, hasMajority } = stream;
  const holders =
    replicas === 1
      ? "on a single NATS server"
      : hasMajority
        ? `complete on ${current} of ${replicas} NATS servers, leader ${leader || "none"}`
        : "without a majority of its NATS servers";
  const roots = areRootsEqual ? "the same history" : "DIFFERENT histories";
  const count = messages === last ? "" : `${messages} of `;
  const size = `${count}${counted(last, "message")} (${formatSize(bytes)})`;
  const verb = nodes.length === 1 ? "has" : "have";
  return `${counted(nodes.length, "server")} ${verb} ${roots}. Stream: ${size}, ${holders}`;
}

const leave = defineVerb({
  args: { dir: argument("Data folder of the server", { valueHint: "DIR" }) },
  details: "Irreversible: later messages in this folder never reach the cluster.",
  run(args, context) {
    const path = checkDataFolder(args.dir);
    const quoted = quoteArgument(path);
    const lock = lockFolder(path, context.clock.unixMs());
    try {
      const membership = readMembership(path);
      if (membership === undefined || membership.state === "left") {
        const { cluster } = membership ?? {};
        const message =
          cluster === undefined
            ? `${path} is not in a cluster`
            : `${path} has already left '${cluster}'`;
        throw new Fault("not-found", message, { remedy: `start it: chat serve --data ${quoted}` });
      }
      const { cluster, node } = membership;
      // `chat cluster init` was interrupted. It has not changed the folder's logs, and the cluster
      // contains only copies of their messages.
      if (membership.state === "filling") removeMembership(path);
      else writeMembership(path, { ...membership, state: "left" });
      const line = { kind: "left", cluster, node, data: path };
      const text = `${path} has permanently left the cluster '${cluster}'`;
      printResult(context, line, text);
      if (!context.json) printNotice(context, `to run it alone: chat serve --data ${quoted}`);
      return Promise.resolve(0);
    } finally {
      lock.release();
    }
  },
});

const rejoin = defineVerb({
  args: { dir: argument("Data folder of the server", { valueHint: "DIR" }) },
  details:
    "Stop the server first. Its history moves to DIR/retired-1; the next start reads the rest.",
  run(args, context) {
    const path = checkDataFolder(args.dir);
    const lock = lockFolder(path, context.clock.unixMs());
    try {
      const { cluster, node } = memberOf(path);
      const retired = retireLogs(path);
      const line = { kind: "rejoining", cluster, node, data: path, retired };
      const text = `${path} will read the history of '${cluster}'; its former one is in ${retired}`;
      printResult(context, line, text);
      if (!context.json) printNotice(context, "start it with the same options as before");
      return Promise.resolve(0);
    } finally {
      lock.release();
    }
  },
});

const rename = defineVerb({
  args: { dir: argument("Data folder of the server", { valueHint: "DIR" }) },
  details: "Stop the server first. A copy of another server's data folder needs a name of its own.",
  run(args, context) {
    const path = checkDataFolder(args.dir);
    const lock = lockFolder(path, context.clock.unixMs());
    try {
      const membership = memberOf(path);
      const { cluster, node: before } = membership;
      const node = newNodeName();
      writeMembership(path, { ...membership, node });
      const line = { kind: "renamed", cluster, node, before, data: path };
      printResult(context, line, `${path} is ${node} in the cluster '${cluster}', not ${before}`);
      if (!context.json) printNotice(context, "start it with the same options as before");
      return Promise.resolve(0);
    } finally {
      lock.release();
    }
  },
});

/** @throws {Fault} not-found unless the folder belongs to a server of a cluster */
function memberOf(path: string): ClusterMembership {
  const membership = readMembership(path);
  if (membership?.state === undefined && membership !== undefined) return membership;
  throw new Fault("not-found", `${path} is not in a cluster`, {
    remedy: `start it: chat serve --data ${quoteArgument(path)}`,
  });
}

export const command = defineGroup({
  init: verbRow("Create a cluster from an existing server", init, [
    "chat cluster init ./data --nats nats://10.0.0.1:4222",
  ]),
  status: verbRow("Show the servers of a cluster and their state", status, [
    "chat cluster status --nats nats://10.0.0.1:4222",
  ]),
  rejoin: verbRow("Replace the history of a server that diverged by the cluster's", rejoin, [
    "chat cluster rejoin ./data",
  ]),
  rename: verbRow("Give a copy of a server's data folder its own name", rename, [
    "chat cluster rename ./data",
  ]),
  leave: verbRow("Remove a server from its cluster permanently", leave, [
    "chat cluster leave ./data",
  ]),
});
