/** `chat cluster init`. */

import { Fault } from "../../base/fault.ts";
import { counted, formatSize } from "../../base/sizes.ts";
import { argument, defineVerb, flag } from "../../cli/command.ts";
import { type Context, say } from "../../cli/context.ts";
import { misuse } from "../../cli/errors.ts";
import { CounterLine } from "../../cli/output/counter.ts";
import { renderJson } from "../../cli/output/render.ts";
import {
  type ClusterPlace,
  clusterPlace,
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
    dir: argument("The data folder of a server", { valueHint: "DIR" }),
    ...NATS_FLAGS,
    ...SAFETY_FLAGS,
    acceptLoss: flag("Also if records are damaged: they stay so on each machine"),
  },
  details:
    "The server does not run meanwhile. What was broken off is gone on with by the same line.",
  async run(args, context) {
    if (args.nats.length === 0) {
      throw misuse("where is the stream?", "give --nats nats://HOST:4222");
    }
    const place = clusterPlace(args, args.unsafeNats);
    const path = checkDataFolder(args.dir);
    const kept = readMembership(path);
    if (kept !== undefined && kept.state === undefined) {
      throw new Fault("data-foreign", `${path} is of the cluster '${kept.cluster}' already`, {
        remedy: `start it: chat serve --data ${path} --nats URL; or let it leave first`,
      });
    }
    if (kept?.state === "filling" && kept.cluster !== place.name) {
      throw new Fault("data-foreign", `${path} is half brought into '${kept.cluster}'`, {
        remedy: `go on with --cluster ${kept.cluster}, or give it up: chat cluster leave ${path}`,
      });
    }
    const { clock } = context;
    const open = await openFolder({
      ...{ path, clock, entropy: systemEntropy(), certificate: undefined, hosts: [] },
      isStill: true,
      onTrouble: (fault) => say(context, `${fault.message}; ${fault.remedy}`),
    });
    try {
      const node = kept?.state === "filling" ? kept.node : newNodeName();
      return await bring(context, { open, place, node, acceptsLoss: args.acceptLoss });
    } finally {
      await open.close();
    }
  },
});

interface Brought {
  readonly open: OpenFolder;
  readonly place: ClusterPlace;
  readonly node: string;
  readonly acceptsLoss: boolean;
}

async function bring(
  context: Context,
  { open, place, node, acceptsLoss }: Brought,
): Promise<number> {
  const { clock } = context;
  const { history, accounts, identity } = open;
  const { path } = open.folder;
  const { name: cluster } = place;
  if (history.head() === 0) {
    throw new Fault("not-found", `there is no history in ${path} yet`, {
      remedy: `begin with it: chat serve --data ${path} --nats URL`,
    });
  }
  await checkSound(context, open, acceptsLoss);
  await checkNatsSync(context, place);
  const own = formatFingerprint(identity.fingerprint);
  const stream = await openJetStream({
    ...{ ...place, cluster, clock, identity: { own, make: () => Promise.resolve(own) } },
  });
  const progress = new CounterLine(context);
  const total = history.head() + accounts.head();
  const startedAt = clock.now();
  let position: Position;
  try {
    position = await publishLogs({
      ...{ stream, disk: systemDisk(), path, logs: { history, accounts }, clock, sha256 },
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
  const what = `${counted(total, "record")}, ${formatSize(bytes)}`;
  say(context, `the cluster '${cluster}' has all of ${path}: ${what}, in ${seconds} s`);
  const named = cluster === NATS_FLAGS.cluster.default ? "" : ` --cluster ${cluster}`;
  say(context, `start it: chat serve --data ${path} --nats ${place.servers.join(",")}${named}`);
  return 0;
}

/** All machines would copy the damage permanently. @throws Fault log-corrupt */
async function checkSound(context: Context, open: OpenFolder, acceptsLoss: boolean): Promise<void> {
  const { history, accounts, folder } = open;
  printRecovery(context, open);
  const later = await open.verify();
  printDamaged(context, later);
  const count = history.damaged.length + accounts.damaged.length + later.length;
  if (count === 0 || acceptsLoss) return;
  throw new Fault("log-corrupt", `${folder.path} has ${counted(count, "damaged record")}`, {
    remedy: "restore a backup, or accept the loss with --accept-loss",
  });
}
