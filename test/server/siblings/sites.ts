import type { Fault } from "../../../src/base/fault.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { Replica } from "../../../src/io/cluster/replica.ts";
import { ReplicatedLog } from "../../../src/io/cluster/replicated-log.ts";
import type { Sequencer } from "../../../src/server/kernel/sequencer.ts";
import {
  parseSiblingMessage,
  type SiblingMessage,
  type Siblings,
} from "../../../src/server/kernel/siblings.ts";
import { newestVersion, type Version } from "../../../src/wire/since.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { MemoryBucket } from "../../io/bucket/memory.ts";
import { SimStream } from "../../io/cluster/sim-stream.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { type SharedSite, Site, type SiteOptions } from "../site.ts";

export class Sites {
  readonly buckets: Readonly<Record<"groups" | "keys" | "leases", MemoryBucket>>;
  isOut = false;
  meanwhile: (() => Promise<unknown>) | undefined;
  /** Error of the clock that stamps the stream's messages. */
  streamSkewMs = 0;
  majorityFault: Fault | undefined;
  knownVersion: Version = newestVersion();
  readonly #sites: Site[] = [];
  readonly #stream: SimStream;
  readonly #random: () => number;
  readonly #time = new VirtualClock();
  readonly #listeners = new Map<number, (node: string, news: SiblingMessage) => void>();

  private constructor(seed: number) {
    this.#random = randomOf(seed);
    this.#stream = new SimStream(this.#random, () => this.#time.unixMs() + this.streamSkewMs);
    const bucket = () => new MemoryBucket(this.#random);
    this.buckets = { groups: bucket(), keys: bucket(), leases: bucket() };
  }

  static async open(count: number, options: SiteOptions = {}): Promise<Sites> {
    const sites = new Sites(options.seed ?? 1);
    for (let at = 0; at < count; at++) {
      const siteOptions = { time: sites.#time, seed: at + 1, shared: sites.#shared(at) };
      sites.#sites.push(await Site.open({ ...options, ...siteOptions }));
    }
    return sites;
  }

  site(at: number): Site {
    const site = this.#sites[at];
    if (site === undefined) throw new Error(`there is no site ${at}`);
    return site;
  }

  #shared(at: number): SharedSite {
    const entropy = (sizeBytes: number) =>
      Uint8Array.from({ length: sizeBytes }, () => this.#random() * 256);
    return {
      open: async (mirrors) => {
        const stream = this.#stream.connect();
        const replica = await Replica.open({
          stream,
          mirrors,
          clock: this.#time,
          entropy,
          sha256,
          storePositions: () => undefined,
          onStopped: (fault) => {
            throw fault;
          },
        });
        return {
          history: new ReplicatedLog(replica, mirrors, "history"),
          accounts: new ReplicatedLog(replica, mirrors, "accounts"),
          sequencer: this.#sequencer(replica),
          siblings: this.#siblings(at),
          sealed: this.buckets,
        };
      },
    };
  }

  #sequencer(replica: Replica): Sequencer {
    const reached = async () => replica.waitUntilApplied(await this.#stream.connect().last());
    const current = async () => {
      const { meanwhile } = this;
      this.meanwhile = undefined;
      await meanwhile?.();
      await reached();
      return !this.isOut && replica.failure === undefined;
    };
    return {
      isShared: true,
      isOwn: (seq) => replica.isOwn(seq),
      stoppedBy: () => replica.failure,
      majorityFault: () => this.majorityFault,
      knownVersion: () => this.knownVersion,
      waitForSeq: reached,
      waitUntilCurrent: current,
    };
  }

  #siblings(at: number): Siblings {
    return {
      publish: (message) => {
        const received = parseSiblingMessage(JSON.parse(JSON.stringify(message)));
        if (received === undefined) throw new Error("another server cannot read this");
        for (const [other, listener] of this.#listeners) {
          if (other !== at) queueMicrotask(() => listener(`${at}`, received));
        }
      },
      listen: (onNews) => {
        this.#listeners.set(at, onNews);
        return () => this.#listeners.delete(at);
      },
    };
  }

  async stop(): Promise<void> {
    for (const site of this.#sites) await site.stop();
  }
}
