/** `chat cluster init`, which creates a cluster from a data folder. */

import { Fault } from "../../base/fault.ts";
import { counted, formatSize } from "../../base/sizes.ts";
import { argument, defineVerb, flag } from "../../cli/command.ts";
import { type Context, printNotice } from "../../cli/context.ts";
import { usageFault } from "../../cli/errors.ts";
import { CounterLine } from "../../cli/output/counter.ts";
import { renderJson } from "../../cli/output/render.ts";
import {
  type ClusterConfig,
  clusterConfig,
  NATS_FLAGS,
  SAFETY_FLAGS,
} from "../../cli/serve/cluster.ts";
import { type OpenFolder, openFolder } from "../../cli/serve/folder.ts";
import { newNodeName, readMembership, writeMembership } from "../../cli/serve/membership.ts";
import { checkNatsSync } from "../../cli/serve/nats-sync.ts";
import { printDamaged, printRecovery } from "../../cli/serve/print.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { type Position, START } from "../../io/cluster/position.ts";
import { publishLogs } from "../../io/cluster/publication.ts";
import { checkDataFolder } from "../../io/disk/data-folder.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import { systemEntropy } from "../../io/entropy.ts";
import { openJetStream } from "../../io/nats/jetstream.ts";
import { formatFingerprint } from "../../wire/fingerprint.ts";

export const command = defineVerb({
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
    const config = clusterConfig(args, args.unsafeNats);
    const path = checkDataFolder(args.dir);
    const membership = readMembership(path);
    if (membership !== undefined && membership.state === undefined) {
      throw new Fault(
        "data-foreign",
        `${path} already belongs to the cluster '${membership.cluster}'`,
        {
          remedy: `start it: chat serve --data ${path} --nats URL; or run chat cluster leave first`,
        },
      );
    }
    if (membership?.state === "filling" && membership.cluster !== config.name) {
      const { cluster } = membership;
      throw new Fault(
        "data-foreign",
        `${path} was only partly moved into the cluster '${cluster}'`,
        { remedy: `resume with --cluster ${cluster}, or abort: chat cluster leave ${path}` },
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
      return await importFolder(context, {
        open,
        config: config,
        node,
        acceptsLoss: args.acceptLoss,
      });
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
  const { name: cluster } = config;
  if (history.head() === 0) {
    throw new Fault("not-found", `no history in ${path} yet`, {
      remedy: `start it: chat serve --data ${path} --nats URL`,
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
  if (context.json) {
    context.stdout.write(
      renderJson({ kind: "brought", cluster, node, ...records, bytes, seq: position.seq }),
    );
    return 0;
  }
  const seconds = ((clock.now() - startedAt) / 1_000).toFixed(1);
  const size = `${counted(total, "record")}, ${formatSize(bytes)}`;
  printNotice(context, `copied ${path} to '${cluster}': ${size} in ${seconds} s`);
  const clusterFlag = cluster === NATS_FLAGS.cluster.default ? "" : ` --cluster ${cluster}`;
  printNotice(
    context,
    `start it: chat serve --data ${path} --nats ${config.servers.join(",")}${clusterFlag}`,
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
