/** Measures of a server and their samples, for `/metrics` and for the operator console. */

import type { UserId } from "../../base/ids.ts";
import { SAMPLES_PAGE_MAX, SAMPLES_STORED_MAX } from "../../base/limits-page.ts";
import { defined } from "../../base/values.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { Transport } from "../../io/link/link.ts";
import type { Log } from "../../io/log/log.ts";
import type { Answer } from "../../wire/messages.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { DataChannels } from "../files/data-channels.ts";
import type { FileService } from "../files/file-service.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import type { PushService } from "../push/service.ts";
import type { FanOut } from "../rooms/broadcast.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { LinkRefusals } from "../session/link-refusals.ts";
import type { DiskWatch } from "./disk-watch.ts";
import { formatMetrics } from "./metric-table.ts";

interface MetricsOptions extends ServerContext {
  readonly fanOut: FanOut;
  readonly channels: Pick<DataChannels, "count">;
  readonly files: Pick<FileService, "counters"> | undefined;
  readonly push: Pick<PushService, "counters"> | undefined;
  readonly disk: Pick<DiskWatch, "state"> | undefined;
  readonly linkRefusals: Pick<LinkRefusals, "counts">;
}

export type Measures = ReturnType<Metrics["measures"]>;

export class Metrics {
  readonly #startedAt;
  readonly #sinceMs;
  #posts = 0;
  /** Traffic of closed clients. */
  readonly #closed = new Map<Transport, TrafficStats>();
  readonly #samples;
  readonly #memory = new MemoryProbe();

  constructor(private readonly options: MetricsOptions) {
    this.#startedAt = options.clock.now();
    this.#sinceMs = options.clock.unixMs();
    this.#samples = new Samples(this.#sinceMs);
  }

  readonly handlers = {
    samples: ({ after = 0 }) => this.#samples.page(after),
  } satisfies SomeHandlers;

  tick(): void {
    this.#samples.add({ time: this.options.clock.unixMs(), ...this.measures() });
  }

  onRecord(_room: Room, { head }: LogRecord): void {
    if (head.id !== "" && head.kind !== "kick") this.#posts++;
  }

  onClosed(client: ClientConnection): void {
    count(this.#closed, client);
  }

  format(): string {
    return formatMetrics(this.measures());
  }

  stats(): Answer<"stats"> {
    const { history, accounts, settings } = this.options;
    const m = this.measures();
    return {
      version: settings.version,
      runtime: `bun ${Bun.version}`,
      platform: `${process.platform} ${process.arch}`,
      since: this.#sinceMs,
      ...defined({
        diskFreeBytes: m.diskFreeBytes,
        keepFreeBytes: m.keepFreeBytes,
        diskLow: m.diskLow,
      }),
      memoryBytes: m.memoryBytes,
      heapBytes: m.heapBytes,
      history: logStats(history),
      accounts: logStats(accounts),
      files: {
        files: m.files,
        bytes: m.fileBytes,
        unfinished: m.unfinishedFiles,
        unfinishedBytes: m.unfinishedFileBytes,
      },
      links: m.links,
      sessions: m.sessions,
      online: m.online,
      lanes: m.lanes,
      users: m.accounts,
      rooms: m.rooms,
      posts: m.posts,
      sentBytes: m.sentBytes,
      receivedBytes: m.receivedBytes,
      queuedBytes: m.queuedBytes,
    };
  }

  measures() {
    const { clock, rooms, registry, history, accounts, kernel } = this.options;
    const { fanOut, channels, files, disk, push, sequencer } = this.options;
    const { residentBytes: memoryBytes, heapBytes } = this.#memory.read();
    const { freeBytes: diskFreeBytes, keepFreeBytes, isLow: diskLow } = disk?.state ?? {};
    const online = new Set<UserId>();
    const transports = new Map([...this.#closed].map(([name, sum]) => [name, { ...sum }]));
    let [links, sessions, queuedBytes] = [0, 0, 0];
    for (const client of this.options.peers.all()) {
      count(transports, client).links++;
      links++;
      queuedBytes += client.link.queuedBytes();
      if (client.account === undefined) continue;
      sessions++;
      online.add(client.account.id);
    }
    const { webSentBytes, ...fileCounters } = files?.counters ?? NO_FILES;
    const messages = { sentBytes: 0, receivedBytes: 0 };
    for (const sum of transports.values()) {
      messages.sentBytes += sum.sentBytes;
      messages.receivedBytes += sum.receivedBytes;
    }
    return {
      links,
      refusedLinks: this.options.linkRefusals.counts,
      sessions,
      online: online.size,
      accounts: registry.activeCount,
      rooms: rooms.namedCount,
      conversations: rooms.directCount,
      historyRecords: history.head(),
      accountRecords: accounts.head(),
      posts: this.#posts,
      ...fanOut.counters,
      messageSentBytes: messages.sentBytes,
      sentBytes: messages.sentBytes + webSentBytes,
      receivedBytes: messages.receivedBytes,
      queuedBytes,
      lanes: channels.count,
      ...fileCounters,
      writes: kernel.writes,
      isClockPlausible: clock.status().plausible,
      hasCertificateFailed: this.options.settings.hasCertificateFailed?.(),
      upMs: clock.now() - this.#startedAt,
      memoryBytes,
      heapBytes,
      transports,
      diskFreeBytes,
      keepFreeBytes,
      diskLow,
      push: push?.counters,
      cluster: sequencer.health?.(),
    };
  }
}

/** Adds the traffic of a client to the sums of its transport. */
function count(
  sums: Map<Transport, TrafficStats>,
  { link, channel }: ClientConnection,
): TrafficStats {
  const sum = sums.get(link.transport) ?? { ...NO_TRAFFIC };
  sums.set(link.transport, sum);
  const counters = link.counters();
  sum.receivedBytes += counters.receivedBytes;
  sum.sentBytes += counters.sentBytes;
  // Data channels share the connection, and its packets, with their session.
  if (channel !== undefined) return sum;
  sum.receivedPackets += counters.receivedPackets ?? 0;
  sum.sentPackets += counters.sentPackets ?? 0;
  sum.lostPackets += counters.lostPackets ?? 0;
  return sum;
}

const NO_TRAFFIC = {
  links: 0,
  receivedBytes: 0,
  sentBytes: 0,
  receivedPackets: 0,
  sentPackets: 0,
  lostPackets: 0,
};

export type TrafficStats = typeof NO_TRAFFIC;

function logStats(log: Pick<Log, "head" | "sizeBytes">): Answer<"stats">["history"] {
  return defined({ records: log.head(), bytes: log.sizeBytes?.() });
}

const NO_FILES: FileService["counters"] = {
  files: 0,
  fileBytes: 0,
  unfinishedFiles: 0,
  unfinishedFileBytes: 0,
  fileQueuedBytes: 0,
  fileReceivedBytes: 0,
  fileSentBytes: 0,
  webSentBytes: 0,
};

interface ProcessMemory {
  readonly residentBytes: number;
  readonly heapBytes: number;
}

/** Returns the previous values if the system refuses to read (EMFILE). */
class MemoryProbe {
  readonly #read: () => NodeJS.MemoryUsage;
  #last: ProcessMemory = { residentBytes: 0, heapBytes: 0 };

  constructor(read: () => NodeJS.MemoryUsage = process.memoryUsage) {
    this.#read = read;
  }

  read(): ProcessMemory {
    try {
      const { rss, heapUsed } = this.#read();
      this.#last = { residentBytes: rss, heapBytes: heapUsed };
    } catch {
      // Bun reads /proc, which fails if no descriptor is free.
    }
    return this.#last;
  }
}

/** @internal */
export interface Sample {
  readonly time: number;
  readonly posts: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly links: number;
  readonly online: number;
  readonly memoryBytes: number;
  readonly diskFreeBytes: number | undefined;
}

const COLUMNS = [
  ...(["time", "posts", "receivedBytes", "sentBytes"] as const),
  ...(["links", "online", "memoryBytes", "diskFreeBytes"] as const),
] as const satisfies readonly (keyof Sample)[];
const COUNTERS: ReadonlySet<keyof Sample> = new Set(["posts", "receivedBytes", "sentBytes"]);

/**
 * Samples are numbered from 1. Readers pass the number of the last sample received.
 * @internal
 */
export class Samples {
  readonly #sinceMs: number;
  readonly #columns = new Map(COLUMNS.map((name) => [name, new Float64Array(SAMPLES_STORED_MAX)]));
  #previous: Sample | undefined;
  #last = 0;

  constructor(sinceMs: number) {
    this.#sinceMs = sinceMs;
  }

  add(sample: Sample): void {
    if (this.#previous?.diskFreeBytes === undefined && sample.diskFreeBytes !== undefined) {
      this.#columns.get("diskFreeBytes")?.fill(sample.diskFreeBytes);
    }
    for (const [name, column] of this.#columns) {
      const value = sample[name] ?? 0;
      const before = COUNTERS.has(name) ? (this.#previous?.[name] ?? value) : 0;
      column[this.#last % SAMPLES_STORED_MAX] = Math.max(0, Math.floor(value - before));
    }
    this.#previous = sample;
    this.#last++;
  }

  page(after: number): Answer<"samples"> {
    const oldest = Math.max(0, this.#last - SAMPLES_STORED_MAX);
    const from = after > this.#last ? oldest : Math.max(after, oldest);
    const to = Math.min(this.#last, from + SAMPLES_PAGE_MAX);
    const columns = [...this.#columns]
      .filter(([name]) => name !== "diskFreeBytes" || this.#previous?.diskFreeBytes !== undefined)
      .map(([name, column]) => {
        const at = (index: number) => column[(from + index) % SAMPLES_STORED_MAX] ?? 0;
        return [name, Array.from({ length: to - from }, (_, index) => at(index))];
      });
    const position = { since: this.#sinceMs, last: to, more: to < this.#last };
    return { ...position, ...Object.fromEntries(columns) };
  }
}
