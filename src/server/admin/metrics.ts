/** Server metrics in the text format of Prometheus. */

import type { DiskSpace } from "../../base/disk-space.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { Log } from "../../io/log/log.ts";
import { MemoryProbe } from "../../io/probe/process-memory.ts";
import type { Answer } from "../../wire/messages.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { DataChannels } from "../files/data-channels.ts";
import type { FileService } from "../files/file-service.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { ClusterHealth } from "../kernel/sequencer.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import type { PushCounters, PushService } from "../push/service.ts";
import type { FanOut } from "../rooms/broadcast.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { DiskWatch } from "./disk-watch.ts";
import { Samples } from "./samples.ts";
import { TransportMetrics } from "./transport-metrics.ts";

interface MetricsOptions extends ServerContext {
  readonly fanOut: FanOut;
  readonly channels: Pick<DataChannels, "count">;
  readonly files: Pick<FileService, "counters"> | undefined;
  readonly push: Pick<PushService, "counters"> | undefined;
  readonly disk: Pick<DiskWatch, "state"> | undefined;
}

export class Metrics {
  readonly #options: MetricsOptions;
  readonly #startedAt: number;
  readonly #sinceMs: number;
  #posts = 0;
  #receivedBytes = 0;
  #sentBytes = 0;
  readonly #transports = new TransportMetrics();
  readonly #samples: Samples;
  readonly #memory = new MemoryProbe();

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#sinceMs = options.clock.unixMs();
    this.#samples = new Samples(this.#sinceMs);
  }

  readonly handlers = {
    samples: ({ after = 0 }) => this.#samples.page(after),
  } satisfies SomeHandlers;

  tick(): void {
    const { clock, files, disk } = this.#options;
    const { links, online, receivedBytes, sentBytes } = this.#links();
    this.#samples.add({
      time: clock.unixMs(),
      posts: this.#posts,
      receivedBytes,
      sentBytes: sentBytes + (files?.counters.webSentBytes ?? 0),
      links,
      online,
      memoryBytes: this.#memory.read().residentBytes,
      diskFreeBytes: disk?.state?.freeBytes,
    });
  }

  onRecord(_room: Room, { head }: LogRecord): void {
    if (head.id !== "") this.#posts++;
  }

  onClosed(client: ClientConnection): void {
    this.#transports.onClosed(client);
    const { receivedBytes, sentBytes } = client.link.counters();
    this.#receivedBytes += receivedBytes;
    this.#sentBytes += sentBytes;
  }

  format(): string {
    const { sequencer, peers, disk, push } = this.#options;
    const health = sequencer.health?.();
    return (
      formatRows(this.#rows()) +
      this.#transports.format(peers.all()) +
      formatRows(diskRows(disk?.state)) +
      formatRows(pushRows(push?.counters)) +
      (health === undefined ? "" : formatRows(healthRows(health)) + formatLeader(health))
    );
  }

  stats(): Answer<"stats"> {
    const { disk, history, accounts, settings } = this.#options;
    const m = this.#measures();
    const { freeBytes, keepFreeBytes, isLow } = disk?.state ?? {};
    return {
      version: settings.version,
      runtime: `bun ${Bun.version}`,
      platform: `${process.platform} ${process.arch}`,
      since: this.#sinceMs,
      ...(freeBytes === undefined ? {} : { diskFreeBytes: freeBytes }),
      ...(keepFreeBytes === undefined ? {} : { keepFreeBytes }),
      ...(isLow === undefined ? {} : { diskLow: isLow }),
      memoryBytes: m.residentBytes,
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
      sentBytes: m.sentBytes + m.webSentBytes,
      receivedBytes: m.receivedBytes,
      queuedBytes: m.queuedBytes,
    };
  }

  #measures() {
    const { clock, rooms, registry, history, accounts, kernel } = this.#options;
    const { fanOut, channels, files } = this.#options;
    return {
      ...this.#links(),
      accounts: registry.activeCount,
      rooms: rooms.namedCount,
      conversations: rooms.directCount,
      historyRecords: history.head(),
      accountRecords: accounts.head(),
      posts: this.#posts,
      ...fanOut.counters,
      lanes: channels.count,
      ...(files?.counters ?? NO_FILES),
      pendingWritesUnderWay: kernel.writes.inFlight,
      pendingWrites: kernel.writes.timing.count,
      pendingWritesTookMs: kernel.writes.timing.durationMs,
      clockPlausible: Number(clock.status().plausible),
      upMs: clock.now() - this.#startedAt,
      ...this.#memory.read(),
    };
  }

  #rows(): readonly Row[] {
    const m = this.#measures();
    return [
      ["chat_links", "gauge", "Connections, logged in or not.", m.links],
      ["chat_sessions", "gauge", "Connections that are logged in.", m.sessions],
      ["chat_accounts_online", "gauge", "Accounts that are online.", m.online],
      ["chat_accounts", "gauge", "Registered accounts.", m.accounts],
      ["chat_rooms", "gauge", "Named rooms.", m.rooms],
      ["chat_conversations", "gauge", "Direct conversations.", m.conversations],
      ["chat_history_records", "gauge", "Records in the history log.", m.historyRecords],
      ["chat_account_records", "gauge", "Records in the accounts log.", m.accountRecords],
      ["chat_posts_total", "counter", "Messages recorded since the start.", m.posts],
      ["chat_published_total", "counter", "Messages published to rooms.", m.publishedMessages],
      [
        "chat_published_bytes_total",
        "counter",
        "Bytes of published messages, counted once.",
        m.publishedBytes,
      ],
      ["chat_received_bytes_total", "counter", "Bytes of messages received.", m.receivedBytes],
      ["chat_sent_bytes_total", "counter", "Bytes of messages sent.", m.sentBytes],
      ["chat_gathered_bytes", "gauge", "Bytes packed for publishing.", m.gatheredBytes],
      ["chat_queued_bytes", "gauge", "Bytes queued for clients.", m.queuedBytes],
      ["chat_lanes", "gauge", "Data channels.", m.lanes],
      ["chat_files", "gauge", "Posted files.", m.files],
      ["chat_file_bytes", "gauge", "Bytes of posted files.", m.fileBytes],
      ["chat_unfinished_files", "gauge", "Unfinished uploads.", m.unfinishedFiles],
      [
        "chat_unfinished_file_bytes",
        "gauge",
        "Bytes of unfinished uploads.",
        m.unfinishedFileBytes,
      ],
      ["chat_file_queued_bytes", "gauge", "Bytes of files queued for the disk.", m.fileQueuedBytes],
      [
        "chat_file_received_bytes_total",
        "counter",
        "Bytes of files received.",
        m.fileReceivedBytes,
      ],
      ["chat_file_sent_bytes_total", "counter", "Bytes of files sent.", m.fileSentBytes],
      ["chat_appends_under_way", "gauge", "Writes in progress.", m.pendingWritesUnderWay],
      ["chat_append_seconds_count", "counter", "Completed writes.", m.pendingWrites],
      [
        "chat_append_seconds_sum",
        "counter",
        "Total duration of completed writes.",
        m.pendingWritesTookMs / 1_000,
      ],
      ["chat_clock_plausible", "gauge", "Whether the clock is believed.", m.clockPlausible],
      ["chat_up_seconds", "gauge", "Uptime.", m.upMs / 1_000],
      ["process_resident_memory_bytes", "gauge", "Resident memory.", m.residentBytes],
      ["process_heap_bytes", "gauge", "JavaScript heap in use.", m.heapBytes],
    ];
  }

  #links() {
    const online = new Set<string>();
    let [links, sessions, queuedBytes] = [0, 0, 0];
    let [receivedBytes, sentBytes] = [this.#receivedBytes, this.#sentBytes];
    for (const { account, link } of this.#options.peers.all()) {
      const counters = link.counters();
      links++;
      if (account !== undefined) sessions++;
      if (account !== undefined) online.add(account.id);
      queuedBytes += link.queuedBytes();
      receivedBytes += counters.receivedBytes;
      sentBytes += counters.sentBytes;
    }
    return { links, sessions, online: online.size, queuedBytes, receivedBytes, sentBytes };
  }
}

function logStats(log: Pick<Log, "head" | "sizeBytes">): Answer<"stats">["history"] {
  const bytes = log.sizeBytes?.();
  return { records: log.head(), ...(bytes === undefined ? {} : { bytes }) };
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

type Row = readonly [name: string, type: "gauge" | "counter", help: string, value: number];

function pushRows(pushes: PushCounters | undefined): readonly Row[] {
  if (pushes === undefined) return [];
  const { sent, failed, dropped, queued, subscriptions } = pushes;
  return [
    ["chat_push_devices", "gauge", "Devices with push notifications.", subscriptions],
    ["chat_pushes_waiting", "gauge", "Pushes queued for sending or a retry.", queued],
    ["chat_pushes_sent_total", "counter", "Pushes accepted by push services.", sent],
    ["chat_pushes_failed_total", "counter", "Pushes that failed after all retries.", failed],
    ["chat_pushes_dropped_total", "counter", "Pushes dropped while queued.", dropped],
  ];
}

function diskRows(disk: DiskSpace | undefined): readonly Row[] {
  if (disk === undefined) return [];
  const { freeBytes, keepFreeBytes, isLow } = disk;
  return [
    ["chat_disk_free_bytes", "gauge", "Free bytes on the disk with the files.", freeBytes],
    [
      "chat_disk_keep_free_bytes",
      "gauge",
      "Free bytes below which files are refused.",
      keepFreeBytes,
    ],
    ["chat_disk_low", "gauge", "Whether free space is running low.", Number(isLow)],
  ];
}

function healthRows(health: ClusterHealth): readonly Row[] {
  const { reachable, follows } = health;
  const rows: Row[] = [
    ["chat_cluster_reachable", "gauge", "Whether the shared stream responds.", Number(reachable)],
    [
      "chat_cluster_follows",
      "gauge",
      "Whether this server receives new records from the cluster.",
      Number(follows),
    ],
  ];
  if (!reachable) return rows;
  const { nodes, lag, messages, bytes, replicas, current, rootsEqual } = health;
  rows.push(
    ["chat_cluster_nodes", "gauge", "Servers that respond, including this one.", nodes],
    [
      "chat_cluster_lag_messages",
      "gauge",
      "Cluster messages that this server has not yet processed.",
      lag,
    ],
    [
      "chat_cluster_roots_equal",
      "gauge",
      "Whether all servers have the same history.",
      Number(rootsEqual),
    ],
    ["chat_cluster_stream_messages", "gauge", "Messages in the stream.", messages],
    ["chat_cluster_stream_bytes", "gauge", "Bytes of the stream on one NATS server.", bytes],
    [
      "chat_cluster_stream_replicas",
      "gauge",
      "NATS servers that should hold the stream.",
      replicas,
    ],
    ["chat_cluster_stream_current", "gauge", "NATS servers that hold the whole stream.", current],
  );
  return rows;
}

function formatLeader({ reachable, leader }: ClusterHealth): string {
  if (!reachable) return "";
  // The name of a NATS server may contain characters that would end the label.
  const label = leader.replaceAll(/["\\\n]/g, "_");
  return (
    "# HELP chat_cluster_leader The NATS server that leads the stream.\n" +
    "# TYPE chat_cluster_leader gauge\n" +
    (leader === "" ? "" : `chat_cluster_leader{server="${label}"} 1\n`)
  );
}

function formatRows(rows: readonly Row[]): string {
  const lines = rows.map(([name, type, help, value]) => {
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`;
  });
  return lines.join("");
}
