/** Table of all metrics, in the text format of Prometheus. */

import type { Measures, TrafficStats } from "./metrics.ts";

type Labelled = readonly (readonly [label: string, value: number])[];

/** `undefined` for a metric of a service that is disabled. */
type Value = number | Labelled | Summary | undefined;
interface Summary {
  readonly count: number;
  readonly sum: number;
}
type NumberKey = {
  [Key in keyof Measures]: Measures[Key] extends number | undefined ? Key : never;
}[keyof Measures];
type Row = readonly [
  name: string,
  help: string,
  value: NumberKey | ((measures: Measures) => Value),
];

const TRANSPORTS = ["tcp", "udp", "http", "irc"] as const;

const transports =
  (key: keyof TrafficStats) =>
  ({ transports }: Measures): Labelled =>
    TRANSPORTS.filter((name) => name === "udp" || !key.endsWith("Packets")).map((name) => {
      return [`transport="${name}"`, transports.get(name)?.[key] ?? 0];
    });

/** Cluster values that are known only while the stream responds. */
const cluster =
  (value: (health: NonNullable<Measures["cluster"]>) => Value) =>
  ({ cluster: health }: Measures): Value =>
    health?.reachable === true ? value(health) : undefined;

/** The name of a NATS server may contain characters that would end the label. */
const leader = cluster(({ leader: name }) =>
  name === "" ? [] : [[`server="${name.replaceAll(/["\\\n]/g, "_")}"`, 1]],
);

const flag = (value: boolean | undefined) => (value === undefined ? undefined : Number(value));

const refusedLinks = ({ refusedLinks: counts }: Measures): Labelled =>
  Object.entries(counts).map(([limit, count]) => [`limit="${limit}"`, count]);

const METRICS: readonly Row[] = [
  ["chat_links", "Connections, logged in or not.", "links"],
  ["chat_links_refused_total", "Connections that were refused, by the limit.", refusedLinks],
  ["chat_sessions", "Connections that are logged in.", "sessions"],
  ["chat_accounts_online", "Accounts that are online.", "online"],
  ["chat_accounts", "Registered accounts.", "accounts"],
  ["chat_rooms", "Named rooms.", "rooms"],
  ["chat_conversations", "Direct conversations.", "conversations"],
  ["chat_history_records", "Records in the history log.", "historyRecords"],
  ["chat_account_records", "Records in the accounts log.", "accountRecords"],
  ["chat_posts_total", "Messages recorded since the start.", "posts"],
  ["chat_published_total", "Messages published to rooms.", "publishedMessages"],
  ["chat_published_bytes_total", "Bytes of published messages, counted once.", "publishedBytes"],
  ["chat_received_bytes_total", "Bytes of messages received.", "receivedBytes"],
  ["chat_sent_bytes_total", "Bytes of messages sent.", "messageSentBytes"],
  ["chat_gathered_bytes", "Bytes packed for publishing.", "gatheredBytes"],
  ["chat_queued_bytes", "Bytes queued for clients.", "queuedBytes"],
  ["chat_lanes", "Data channels.", "lanes"],
  ["chat_files", "Posted files.", "files"],
  ["chat_file_bytes", "Bytes of posted files.", "fileBytes"],
  ["chat_unfinished_files", "Unfinished uploads.", "unfinishedFiles"],
  ["chat_unfinished_file_bytes", "Bytes of unfinished uploads.", "unfinishedFileBytes"],
  ["chat_file_queued_bytes", "Bytes of files queued for the disk.", "fileQueuedBytes"],
  ["chat_file_received_bytes_total", "Bytes of files received.", "fileReceivedBytes"],
  ["chat_file_sent_bytes_total", "Bytes of files sent.", "fileSentBytes"],
  ["chat_appends_under_way", "Writes in progress.", (m) => m.writes.inFlight],
  [
    "chat_append_seconds",
    "Durations of completed writes.",
    ({ writes: { timing } }) => ({ count: timing.count, sum: timing.durationMs / 1_000 }),
  ],
  ["chat_clock_plausible", "Whether the clock is believed.", (m) => flag(m.isClockPlausible)],
  [
    "chat_certificate_failed",
    "Whether the files of --cert and --key are invalid.",
    (m) => flag(m.hasCertificateFailed),
  ],
  ["chat_up_seconds", "Uptime.", (m) => m.upMs / 1_000],
  ["process_resident_memory_bytes", "Resident memory.", "memoryBytes"],
  ["process_heap_bytes", "JavaScript heap in use.", "heapBytes"],
  ["chat_transport_links", "Connections and data channels.", transports("links")],
  [
    "chat_transport_received_bytes_total",
    "Bytes of messages received.",
    transports("receivedBytes"),
  ],
  ["chat_transport_sent_bytes_total", "Bytes of messages sent.", transports("sentBytes")],
  ["chat_transport_received_packets_total", "Datagrams received.", transports("receivedPackets")],
  ["chat_transport_sent_packets_total", "Datagrams sent.", transports("sentPackets")],
  ["chat_transport_lost_packets_total", "Datagrams lost and resent.", transports("lostPackets")],
  ["chat_disk_free_bytes", "Free bytes on the disk with the files.", "diskFreeBytes"],
  ["chat_disk_keep_free_bytes", "Free bytes below which files are refused.", "keepFreeBytes"],
  ["chat_disk_low", "Whether free space is running low.", (m) => flag(m.diskLow)],
  ["chat_push_devices", "Devices with push notifications.", (m) => m.push?.subscriptions],
  ["chat_pushes_waiting", "Pushes queued for sending or a retry.", (m) => m.push?.queued],
  ["chat_pushes_sent_total", "Pushes accepted by push services.", (m) => m.push?.sent],
  ["chat_pushes_failed_total", "Pushes that failed after all retries.", (m) => m.push?.failed],
  ["chat_pushes_dropped_total", "Pushes dropped while queued.", (m) => m.push?.dropped],
  [
    "chat_cluster_reachable",
    "Whether the shared stream responds.",
    (m) => flag(m.cluster?.reachable),
  ],
  [
    "chat_cluster_follows",
    "Whether this server receives new records from the cluster.",
    (m) => flag(m.cluster?.follows),
  ],
  [
    "chat_cluster_nodes",
    "Servers that respond, including this one.",
    cluster(({ nodes }) => nodes),
  ],
  [
    "chat_cluster_lag_messages",
    "Cluster messages that this server has not yet processed.",
    cluster(({ lag }) => lag),
  ],
  [
    "chat_cluster_roots_equal",
    "Whether all servers have the same history.",
    cluster((health) => flag(health.rootsEqual)),
  ],
  ["chat_cluster_stream_messages", "Messages in the stream.", cluster(({ messages }) => messages)],
  [
    "chat_cluster_stream_bytes",
    "Bytes of the stream on one NATS server.",
    cluster(({ bytes }) => bytes),
  ],
  [
    "chat_cluster_stream_replicas",
    "NATS servers that should hold the stream.",
    cluster(({ replicas }) => replicas),
  ],
  [
    "chat_cluster_stream_current",
    "NATS servers that hold the whole stream.",
    cluster(({ current }) => current),
  ],
  ["chat_cluster_leader", "The NATS server that leads the stream.", leader],
];

export function formatMetrics(measures: Measures): string {
  return METRICS.map(([name, help, source]) => {
    const value = typeof source === "string" ? measures[source] : source(measures);
    if (value === undefined) return "";
    return `# HELP ${name} ${help}\n# TYPE ${name} ${typeOf(name, value)}\n${linesOf(name, value)}`;
  }).join("");
}

function typeOf(name: string, value: Exclude<Value, undefined>): string {
  if (isSummary(value)) return "summary";
  return name.endsWith("_total") ? "counter" : "gauge";
}

function linesOf(name: string, value: Exclude<Value, undefined>): string {
  if (isSummary(value)) return `${name}_count ${value.count}\n${name}_sum ${value.sum}\n`;
  if (typeof value === "number") return `${name} ${value}\n`;
  return value.map(([label, number]) => `${name}{${label}} ${number}\n`).join("");
}

function isSummary(value: Value): value is Summary {
  return typeof value === "object" && "count" in value;
}
