import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { systemClock } from "../../../src/io/clock.ts";
import type { Position } from "../../../src/io/cluster/position.ts";
import { Replica } from "../../../src/io/cluster/replica.ts";
import { ReplicatedLog } from "../../../src/io/cluster/replicated-log.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { systemEntropy } from "../../../src/io/entropy.ts";
import { openLog } from "../../../src/io/log/log-file.ts";
import { type JetStreamOptions, openJetStream } from "../../../src/io/nats/jetstream.ts";
import { draftOf } from "../log-fixture.ts";
import type { NatsServers } from "./nats-servers.ts";

const clock = systemClock();
const entropy = systemEntropy();

export function memberOf(nats: NatsServers, cluster: string): JetStreamOptions {
  const make = () => Promise.reject(new Error("no identity is made"));
  const identity = { own: "SHA256:ours", make };
  return { servers: nats.urls, cluster, identity, isUnsafe: true, clock };
}

export class NatsNode {
  readonly #options: JetStreamOptions;
  readonly #folder: string;
  #positions: readonly Position[] = [];

  constructor(options: JetStreamOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
  }

  async start() {
    const base = { disk: systemDisk(), clock, entropy, sha256, reserveBytes: 600 };
    const open = (log: string) => openLog({ ...base, folder: join(this.#folder, log) });
    const mirrors = { history: await open("history"), accounts: await open("accounts") };
    const stream = await openJetStream(this.#options);
    const replica = await Replica.open({
      stream,
      mirrors,
      clock,
      entropy,
      sha256,
      positions: this.#positions,
      storePositions: (positions) => {
        this.#positions = positions;
      },
      onStopped: (fault) => {
        throw fault;
      },
    });
    const history = new ReplicatedLog(replica, mirrors, "history");
    const close = async () => {
      await replica.close();
      await mirrors.history.close();
      await mirrors.accounts.close();
      await stream.close();
    };
    return { replica, stream, history, close };
  }

  get lines(): string {
    const history = join(this.#folder, "history");
    const [first = ""] = readdirSync(history).filter((name) => name.endsWith(".jsonl"));
    return readFileSync(join(history, first), "utf8");
  }
}

export type RunningNode = Awaited<ReturnType<NatsNode["start"]>>;

export async function post({ history }: RunningNode, text: string): Promise<void> {
  for (;;) {
    try {
      await history.append(draftOf(text));
      return;
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "no-majority") throw error;
    }
  }
}
