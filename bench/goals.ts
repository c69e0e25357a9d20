/**
 * Performance goals: ratios of medians from the same run if a reference exists, otherwise limits.
 */
import { BACK_OVER_IRC, BACK_OVER_WEBSOCKET, NEW_IN_ONE_ROOM, START_RECORDS } from "./parts.ts";
import type { Sample, SampleSet } from "./samples.ts";

export interface Goal {
  readonly subject: Subject;
  readonly label: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly unit: string;
  readonly measure: (figures: SampleSet) => number | undefined;
}

export type Subject =
  | "messages"
  | "latency"
  | "sends"
  | "files"
  | "people"
  | "start"
  | "log"
  | "idle"
  | "load"
  | "screen";

interface Cell {
  readonly table: string;
  readonly row: Sample["row"];
  readonly value: string;
}

const CHAT = "chat serve";
const FLOOR = "publish + TLS + fdatasync";

function median(figures: SampleSet, { table, row, value }: Cell): number | undefined {
  return figures.median(table, row, value);
}

function ratio(ours: Cell, theirs: Cell): Goal["measure"] {
  return (figures) => {
    const [numerator, denominator] = [median(figures, ours), median(figures, theirs)];
    return numerator === undefined || denominator === undefined
      ? undefined
      : numerator / denominator;
  };
}

function deliveryGoal(readers: number, name: string, atLeast: number): Goal {
  const cell = (contestant: string): Cell => ({
    table: "fan-out",
    row: { name: contestant, readers },
    value: "deliveriesPerCpuSecond",
  });
  return {
    subject: "messages",
    label: `deliveries / CPU s, ${readers} readers, vs ${name}`,
    atLeast,
    unit: "",
    measure: ratio(cell(CHAT), cell(name)),
  };
}

function latencyGoal(readers: number, name: string, atMost: number): Goal {
  const cell = (contestant: string): Cell => ({
    table: "fan-out",
    row: { name: contestant, readers },
    value: "p99Ms",
  });
  return {
    subject: "latency",
    label: `p99, ${readers} readers, vs ${name}`,
    atMost,
    unit: "",
    measure: ratio(cell(CHAT), cell(name)),
  };
}

function sendGoal(senders: number, name: string, theirSenders: number, atLeast: number): Goal {
  const cell = (row: Cell["row"]): Cell => ({ table: "sends", row, value: "perSecond" });
  const theirs = name === CHAT ? "one" : name;
  return {
    subject: "sends",
    label: `${senders} ${senders === 1 ? "sender" : "senders"} vs ${theirs}`,
    atLeast,
    unit: "",
    measure: ratio(cell({ name: CHAT, senders }), cell({ name, senders: theirSenders })),
  };
}

function transferGoal(label: string, ours: string, theirs: string, atLeast: number): Goal {
  const cell = (name: string): Cell => ({ table: "files", row: { name }, value: "seconds" });
  return {
    subject: "files",
    label: `${label} vs ${theirs}`,
    atLeast,
    unit: "",
    measure: ratio(cell(theirs), cell(ours)),
  };
}

function boundGoal(
  subject: Subject,
  label: string,
  cell: Cell,
  limit: { readonly atLeast?: number; readonly atMost?: number },
  unit: string,
): Goal {
  return { subject, label, ...limit, unit, measure: (figures) => median(figures, cell) };
}

const append = (name: string, value: string): Cell => ({ table: "append", row: { name }, value });
const idle = (clients: string, value: string): Cell => ({
  table: "idle",
  row: { clients, connections: 10_000 },
  value,
});
const scan = (name: string): Cell => ({ table: "scan", row: { name }, value: "overRg" });
const screen = (name: string, value: string): Cell => ({ table: "screen", row: { name }, value });
const slowLine = (name: string): Cell => ({ table: "slow-line", row: { name }, value: "bytes" });
const people = (value: string): Cell => ({ table: "people", row: { people: 10_000 }, value });

export const GOALS: readonly Goal[] = [
  ...[10, 100, 1_000].flatMap((readers) => [
    deliveryGoal(readers, "Prosody", 3),
    deliveryGoal(readers, "ejabberd", 3),
  ]),
  deliveryGoal(10, "ngIRCd + TLS", 0.5),
  deliveryGoal(100, "ngIRCd + TLS", 1),
  deliveryGoal(1_000, "ngIRCd + TLS", 1),
  deliveryGoal(100, "server.publish + TLS", 0.7),
  deliveryGoal(1_000, "server.publish + TLS", 0.7),
  ...[10, 100, 1_000].map((readers) => latencyGoal(readers, FLOOR, 2)),
  sendGoal(1, "write + fdatasync", 1, 0.33),
  sendGoal(64, FLOOR, 64, 0.4),
  sendGoal(64, CHAT, 1, 10),
  sendGoal(512, CHAT, 1, 20),
  transferGoal("upload", "chat send-file", "scp aes128-gcm", 1.5),
  transferGoal("upload", "chat send-file", "rsync -W over it", 2),
  transferGoal("upload", "chat send-file", "magic-wormhole", 2),
  transferGoal("upload", "chat send-file", "bare prototype", 0.9),
  transferGoal("download", "chat get-file", "scp aes128-gcm", 1.2),
  transferGoal("relay", "chat send + follow", "scp aes128-gcm", 1),
  boundGoal(
    "people",
    "10,000 accounts register in one room",
    people("seconds"),
    { atMost: 60 },
    " s",
  ),
  boundGoal(
    "people",
    "server peak memory after 10,000 registrations",
    people("peakMib"),
    { atMost: 250 },
    " MiB",
  ),
  boundGoal(
    "people",
    "300 known devices reconnect after a restart",
    { table: "devices", row: { devices: 300 }, value: "seconds" },
    { atMost: 1 },
    " s",
  ),
  boundGoal(
    "start",
    "chat serve on a million records, with snapshot",
    { table: "start-log", row: { records: START_RECORDS, snapshot: "with" }, value: "ms" },
    { atMost: 500 },
    " ms",
  ),
  boundGoal(
    "start",
    "chat serve on a million records, without snapshot",
    { table: "start-log", row: { records: START_RECORDS, snapshot: "without" }, value: "ms" },
    { atMost: 500 },
    " ms",
  ),
  {
    subject: "log",
    label: "log only, 1 client: p50 vs write + fdatasync",
    atMost: 1.1,
    unit: "",
    measure: ratio(append("clients 1", "p50Ms"), append("write + fdatasync", "p50Ms")),
  },
  ...(
    [
      [64, 20],
      [512, 30],
    ] as const
  ).map(
    ([clients, atLeast]): Goal => ({
      subject: "log",
      label: `log only, ${clients} clients vs one`,
      atLeast,
      unit: "",
      measure: ratio(append(`clients ${clients}`, "perSecond"), append("clients 1", "perSecond")),
    }),
  ),
  boundGoal("log", "scan for a rare word vs ripgrep", scan("scan-rare"), { atMost: 1 }, ""),
  boundGoal("log", "scan for an absent word vs ripgrep", scan("scan-absent"), { atMost: 1 }, ""),
  boundGoal(
    "log",
    "case-insensitive scan vs ripgrep",
    scan("scan-ignore-case"),
    { atMost: 1.2 },
    "",
  ),
  {
    subject: "log",
    label: "last 50 records of a room, minus tail",
    atMost: 10,
    unit: " ms",
    measure: (figures) => {
      const median = (name: string) => figures.median("last-50", { name }, "ms");
      const [ours, tail] = [median("a busy room"), median("tail -n 50")];
      return ours === undefined || tail === undefined ? undefined : ours - tail;
    },
  },
  {
    subject: "load",
    label: "texts lost or duplicated under load",
    atMost: 0,
    unit: " texts",
    measure: (figures) => {
      const rows = figures.rows("load");
      const errors = rows.flatMap((row) => [
        figures.spread("load", row, "lost")?.max ?? 0,
        figures.spread("load", row, "doubled")?.max ?? 0,
      ]);
      return rows.length === 0 ? undefined : errors.reduce((sum, count) => sum + count, 0);
    },
  },
  boundGoal(
    "idle",
    "memory per idle TLS connection, at 10,000",
    idle(NEW_IN_ONE_ROOM, "kibEach"),
    { atMost: 12 },
    " KiB",
  ),
  {
    subject: "idle",
    label: "memory per idle IRC connection vs WebSocket, at 10,000",
    atMost: 1,
    unit: "",
    measure: ratio(idle(BACK_OVER_IRC, "kibEach"), idle(BACK_OVER_WEBSOCKET, "kibEach")),
  },
  boundGoal(
    "idle",
    "10,000 IRC clients are back after kill -9",
    idle(BACK_OVER_IRC, "connectSeconds"),
    { atMost: 60 },
    " s",
  ),
  boundGoal("screen", "first frame", screen("first frame", "ms"), { atMost: 250 }, " ms"),
  boundGoal(
    "screen",
    "key echo at 1,000 messages/s, p99",
    screen("1,000 messages/s", "p99Ms"),
    { atMost: 30 },
    " ms",
  ),
  boundGoal(
    "screen",
    "CPU of one core at 1,000 messages/s",
    screen("1,000 messages/s", "cpuPercent"),
    { atMost: 25 },
    " %",
  ),
  boundGoal(
    "screen",
    "memory after 100,000 messages",
    screen("after 100,000 messages", "rssMib"),
    { atMost: 160 },
    " MiB",
  ),
  {
    subject: "screen",
    label: "bytes for 100 messages vs WeeChat",
    atMost: 2,
    unit: "",
    measure: ratio(slowLine("chat join"), slowLine("WeeChat")),
  },
];

export type Verdict = "met" | "missed" | "not measured";

export function verdictOf({ atLeast, atMost }: Goal, value: number | undefined): Verdict {
  if (value === undefined) return "not measured";
  const isMet = value >= (atLeast ?? value) && value <= (atMost ?? value);
  return isMet ? "met" : "missed";
}

export function formatGoal({ atLeast, atMost, unit }: Goal): string {
  return atLeast === undefined ? `≤ ${atMost}${unit}` : `≥ ${atLeast}${unit}`;
}
