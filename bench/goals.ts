/**
 * What each measurement should reach, in one place. A goal is a ratio of two medians of the same
 * run where there is something to compare with, and a plain bound elsewhere.
 */
import { START_RECORDS } from "./parts.ts";
import type { Figures, Sample } from "./samples.ts";

export interface Goal {
  /** The section of the document. */
  readonly subject: Subject;
  readonly what: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Follows the number: ` s`, ` MiB`, or nothing for a ratio. */
  readonly unit: string;
  /** @returns undefined if it was not measured */
  readonly measure: (figures: Figures) => number | undefined;
}

export type Subject =
  | "word"
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

function median(figures: Figures, { table, row, value }: Cell): number | undefined {
  return figures.median(table, row, value);
}

function ratio(ours: Cell, theirs: Cell): Goal["measure"] {
  return (figures) => {
    const [one, other] = [median(figures, ours), median(figures, theirs)];
    return one === undefined || other === undefined ? undefined : one / other;
  };
}

/** Deliveries for each second of the server's CPU time. */
function delivered(readers: number, name: string, atLeast: number): Goal {
  const cell = (contestant: string): Cell => ({
    table: "fan-out",
    row: { name: contestant, readers },
    value: "deliveriesPerCpuSecond",
  });
  return {
    subject: "word",
    what: `deliveries / CPU s, ${readers} readers, beside ${name}`,
    atLeast,
    unit: "",
    measure: ratio(cell(CHAT), cell(name)),
  };
}

function late(readers: number, name: string, atMost: number): Goal {
  const cell = (contestant: string): Cell => ({
    table: "fan-out",
    row: { name: contestant, readers },
    value: "p99Ms",
  });
  return {
    subject: "latency",
    what: `p99, ${readers} readers, beside ${name}`,
    atMost,
    unit: "",
    measure: ratio(cell(CHAT), cell(name)),
  };
}

function sent(what: string, ours: string, theirs: string, atLeast: number): Goal {
  const cell = (name: string): Cell => ({ table: "sends", row: { name }, value: "perSecond" });
  return { subject: "sends", what, atLeast, unit: "", measure: ratio(cell(ours), cell(theirs)) };
}

/** As many times as fast, whole: process start to the end of the last process. */
function brought(what: string, ours: string, theirs: string, atLeast: number): Goal {
  const cell = (name: string): Cell => ({ table: "files", row: { name }, value: "seconds" });
  return {
    subject: "files",
    what: `${what} beside ${theirs}`,
    atLeast,
    unit: "",
    measure: ratio(cell(theirs), cell(ours)),
  };
}

function bound(
  subject: Subject,
  what: string,
  cell: Cell,
  limit: { readonly atLeast?: number; readonly atMost?: number },
  unit: string,
): Goal {
  return { subject, what, ...limit, unit, measure: (figures) => median(figures, cell) };
}

const append = (name: string, value: string): Cell => ({ table: "append", row: { name }, value });
const scan = (name: string): Cell => ({ table: "scan", row: { name }, value: "overRg" });
const screen = (name: string, value: string): Cell => ({ table: "screen", row: { name }, value });
const slowLine = (name: string): Cell => ({ table: "slow-line", row: { name }, value: "bytes" });
const people = (value: string): Cell => ({ table: "people", row: { people: 10_000 }, value });

export const GOALS: readonly Goal[] = [
  delivered(10, "ngIRCd", 0.5),
  delivered(100, "ngIRCd", 1.3),
  delivered(1_000, "ngIRCd", 1),
  delivered(100, "InspIRCd", 1),
  delivered(1_000, "InspIRCd", 1),
  delivered(100, "server.publish + TLS", 0.7),
  delivered(1_000, "server.publish + TLS", 0.7),
  late(100, "ngIRCd", 1.5),
  late(1_000, "ngIRCd", 1.5),
  sent("1 sender beside write + fdatasync", "senders 1", "write + fdatasync", 0.33),
  sent("64 senders beside one", "senders 64", "senders 1", 10),
  sent("512 senders beside one", "senders 512", "senders 1", 20),
  brought("up", "chat send-file", "scp aes128-gcm", 1.5),
  brought("up", "chat send-file", "rsync -W over it", 2),
  brought("up", "chat send-file", "magic-wormhole", 2),
  brought("up", "chat send-file", "bare prototype", 0.9),
  brought("down", "chat get-file", "scp aes128-gcm", 1.2),
  brought("through", "chat send + follow", "scp aes128-gcm", 1),
  bound("people", "10,000 register into one room", people("seconds"), { atMost: 60 }, " s"),
  bound("people", "and the server's peak memory", people("peakMib"), { atMost: 250 }, " MiB"),
  bound(
    "people",
    "300 known devices are back after a restart",
    { table: "devices", row: { devices: 300 }, value: "seconds" },
    { atMost: 1 },
    " s",
  ),
  bound(
    "start",
    "chat serve on a million records, with its snapshot",
    { table: "start-log", row: { records: START_RECORDS, snapshot: "with" }, value: "ms" },
    { atMost: 500 },
    " ms",
  ),
  bound(
    "start",
    "and without one",
    { table: "start-log", row: { records: START_RECORDS, snapshot: "without" }, value: "ms" },
    { atMost: 500 },
    " ms",
  ),
  {
    subject: "log",
    what: "the log alone, 1 client: p50 beside write + fdatasync",
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
      what: `the log alone, ${clients} clients beside one`,
      atLeast,
      unit: "",
      measure: ratio(append(`clients ${clients}`, "perSecond"), append("clients 1", "perSecond")),
    }),
  ),
  bound("log", "scan for a rare word beside ripgrep", scan("scan-rare"), { atMost: 1 }, ""),
  bound("log", "scan for an absent word beside ripgrep", scan("scan-absent"), { atMost: 1 }, ""),
  bound("log", "scan in any case beside ripgrep", scan("scan-ignore-case"), { atMost: 1.2 }, ""),
  {
    subject: "log",
    what: "the last 50 records of a room, longer than tail",
    atMost: 10,
    unit: " ms",
    measure: (figures) => {
      const of = (name: string) => figures.median("last-50", { name }, "ms");
      const [ours, tail] = [of("a busy room"), of("tail -n 50")];
      return ours === undefined || tail === undefined ? undefined : ours - tail;
    },
  },
  {
    subject: "load",
    what: "texts lost or doubled in all of it",
    atMost: 0,
    unit: " texts",
    measure: (figures) => {
      const rows = figures.rows("load");
      const wrong = rows.flatMap((row) => [
        figures.spread("load", row, "lost")?.max ?? 0,
        figures.spread("load", row, "doubled")?.max ?? 0,
      ]);
      return rows.length === 0 ? undefined : wrong.reduce((sum, one) => sum + one, 0);
    },
  },
  bound(
    "idle",
    "memory of an idle connection with TLS, at 10,000",
    { table: "idle", row: { connections: 10_000 }, value: "kibEach" },
    { atMost: 12 },
    " KiB",
  ),
  bound("screen", "first frame", screen("first frame", "ms"), { atMost: 250 }, " ms"),
  bound(
    "screen",
    "key to its echo while 1,000 messages/s arrive, p99",
    screen("1,000 messages/s", "p99Ms"),
    { atMost: 30 },
    " ms",
  ),
  bound(
    "screen",
    "and the CPU of a core",
    screen("1,000 messages/s", "cpuPercent"),
    { atMost: 25 },
    " %",
  ),
  bound(
    "screen",
    "memory after 100,000 messages",
    screen("after 100,000 messages", "rssMib"),
    { atMost: 160 },
    " MiB",
  ),
  {
    subject: "screen",
    what: "bytes for 100 messages beside WeeChat",
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

export function goalText({ atLeast, atMost, unit }: Goal): string {
  return atLeast === undefined ? `≤ ${atMost}${unit}` : `≥ ${atLeast}${unit}`;
}
