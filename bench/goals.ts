/**
 * Performance goals: ratios of medians from the same run if a reference exists, otherwise limits.
 */
import { BACK_OVER_IRC, BACK_OVER_WEBSOCKET, NEW_IN_ONE_ROOM, START_RECORDS } from "./parts.ts";
import { type Sample, type SampleSet, type Spread, spreadOf } from "./samples.ts";

export interface Goal {
  readonly subject: Subject;
  readonly label: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly unit: string;
  readonly measure: (figures: SampleSet) => number | undefined;
  /** Breakdown of time or memory. The report shows it beside a missed goal. */
  readonly profile?: string;
}

export type Subject =
  | "messages"
  | "latency"
  | "sends"
  | "files"
  | "people"
  | "start"
  | "commands"
  | "log"
  | "idle"
  | "load"
  | "screen"
  | "page";

interface Cell {
  readonly table: string;
  readonly row: Sample["row"];
  readonly value: string;
}

const PROFILES = {
  delivery:
    "A post to 10 readers takes 28 µs, to 100 readers 62 µs: kernel and engine 19 %, sending " +
    "19 %, lines 14 %, receiving 12 %, hashes 7 %, event loop 17 %.",
  gateway: "With 1,000 readers, TLS writes take at least 10 ms per post, sessions 1.5 ms.",
  latency:
    "A post waits for its batch (4 ms apart if several write), its sync and, with 1,000 readers, " +
    "a broadcast of 5 ms.",
  steady:
    "Engine and JavaScript 52 %, socket calls 11 %, polling 7 %, syncs 17 %, garbage and " +
    "compiling 8 %.",
  sends: "Each send needs a TLS read, a TLS write and the engine.",
  upload:
    "Sender: JavaScript 26 %, socket calls 22 %, SHA-256 21 %, disk threads 13 %, compiling " +
    "10 %. Server: disk threads 21 %, SHA-256 18 %, unmasking 9 %.",
  download:
    "Receiver: disk threads 30 %, JavaScript 22 %, SHA-256 16 %, socket calls 11 %, copies 9 %.",
  relay:
    "Hashing, encryption, unmasking, copies and system calls take 1.6 s of 2.3 s: the server " +
    "receives, stores, reads and sends the content once more than scp.",
  joins: "The server sends 16 GB of joins; 40 to 60 MiB are garbage.",
  devices: "Log-in 60 %, upgrades 14 %, messages 8 %.",
  replay: "SHA-256 30 %, finding fields 25 %, outboxes 20 %, slices 10 %, other state 15 %.",
  commands:
    "Compiling JavaScript takes 20 of 59 ms of CPU time. Bytecode would avoid that, but " +
    "exceeds the limit for the program's size.",
  append: "Write and sync calls 57 %, building lines 14 %, sealing 8 %, answering 5 %.",
  lastRecords: "Choosing blocks 47 %, opening files 16 %, reading 11 %, checking lines 11 %.",
  scan:
    "For 653 MB, reading takes 60 to 110 ms of CPU time; the rest is one pass with vector " +
    "instructions.",
  connection:
    "JavaScript objects take 2.9 KB; the rest is TLS, sockets, fragments and 20 MiB once.",
  ircConnection:
    "TLS and its socket take 4.8 KB (5.0 for WebSocket), live objects 4.1 KB (2.3), and free " +
    "cells and garbage of the heap most of the rest.",
  server: "Pages of the program: 44 MiB.",
  screen: "The just-in-time compiler's thread takes a third.",
  screenMemory: "Live objects take 14 MB.",
  scroll: "At the newest message, the page renders only 400 px ahead.",
  page: "Style, layout and painting 40 %, computing rows 25 %, the WebSocket 10 %.",
} as const;

const CHAT = "chat serve";
const GATEWAY = "chat serve --irc-tls";
const FLOOR = "publish + TLS + fdatasync";
const SCP = "scp aes128-gcm";
const UPLOAD = "chat send-file";
const DOWNLOAD = "chat get-file";
const RELAY = "chat send + follow";
const RELAY_UNIT_BYTES = 268e6;

function median(figures: SampleSet, { table, row, value }: Cell): number | undefined {
  return figures.median(table, row, value);
}

type Combine = (ours: number, theirs: number) => number;

function combined(ours: Cell, theirs: Cell, combine: Combine): Goal["measure"] {
  return (figures) => {
    const [first, second] = [median(figures, ours), median(figures, theirs)];
    return first === undefined || second === undefined ? undefined : combine(first, second);
  };
}

const ratio = (ours: Cell, theirs: Cell) => combined(ours, theirs, (a, b) => a / b);
const difference = (ours: Cell, theirs: Cell) => combined(ours, theirs, (a, b) => a - b);

const fanOut = (name: string, readers: number, value: string): Cell => ({
  table: "fan-out",
  row: { name, readers },
  value,
});

function deliveryGoal(readers: number, name: string, atLeast: number, ours = CHAT): Goal {
  const cell = (contestant: string) => fanOut(contestant, readers, "deliveriesPerCpuSecond");
  return {
    subject: "messages",
    label: `${ours === CHAT ? "" : "IRC gateway, "}${readers} readers, vs ${name}`,
    atLeast,
    unit: "",
    measure: ratio(cell(ours), cell(name)),
    profile: ours === CHAT ? PROFILES.delivery : PROFILES.gateway,
  };
}

function latencyGoal(readers: number, name: string, atMost: number, ours = CHAT): Goal {
  const cell = (contestant: string) => fanOut(contestant, readers, "p99Ms");
  return {
    subject: "latency",
    label: `p99, ${ours === CHAT ? "" : "IRC gateway, "}${readers} readers, vs ${
      name === FLOOR ? "floor" : name
    }`,
    atMost,
    unit: "",
    measure: ratio(cell(ours), cell(name)),
    profile: ours === CHAT ? PROFILES.latency : PROFILES.gateway,
  };
}

function sendGoal(senders: number, name: string, atLeast: number): Goal {
  const cell = (row: Cell["row"]): Cell => ({ table: "sends", row, value: "perSecond" });
  return {
    subject: "sends",
    label: `${senders} ${senders === 1 ? "sender" : "senders"}, vs ${
      name === FLOOR ? "floor" : name
    }`,
    atLeast,
    unit: "",
    measure: ratio(cell({ name: CHAT, senders }), cell({ name, senders })),
    profile: PROFILES.sends,
  };
}

const files = (name: string, value: string): Cell => ({ table: "files", row: { name }, value });

function speedGoal(ours: string, theirs: string, atLeast: number, profile: string): Goal {
  return {
    subject: "files",
    label: `${ours}, speed vs ${theirs}`,
    atLeast,
    unit: "",
    measure: ratio(files(theirs, "seconds"), files(ours, "seconds")),
    profile,
  };
}

function fileCpuGoal(ours: string, profile: string): Goal {
  return {
    subject: "files",
    label: `${ours}, CPU vs ${SCP}`,
    atMost: 1,
    unit: "",
    measure: ratio(files(ours, "cpuSeconds"), files(SCP, "cpuSeconds")),
    profile,
  };
}

function boundGoal(
  subject: Subject,
  label: string,
  cell: Cell,
  limit: { readonly atLeast?: number; readonly atMost?: number },
  unit: string,
  profile?: string,
): Goal {
  const measure: Goal["measure"] = (figures) => median(figures, cell);
  return { subject, label, ...limit, unit, measure, ...(profile === undefined ? {} : { profile }) };
}

/** `bun -e 0` runs in turns with the commands, so its time is that of the same load. */
function commandGoals(name: string): Goal[] {
  const cell = (row: string): Cell => ({ table: "start", row: { name: row }, value: "ms" });
  const profile = PROFILES.commands;
  return [
    boundGoal("commands", name, cell(name), { atMost: 90 }, " ms", profile),
    {
      subject: "commands",
      label: `${name}, without Bun's start`,
      atMost: 30,
      unit: " ms",
      measure: difference(cell(name), cell("bun -e 0")),
      profile,
    },
  ];
}

const append = (name: string, value: string): Cell => ({ table: "append", row: { name }, value });
const idle = (clients: string, value: string): Cell => ({
  table: "idle",
  row: { clients, connections: 10_000 },
  value,
});
const scan = (name: string): Cell => ({ table: "scan", row: { name }, value: "overRg" });
const lastRecords = (name: string): Cell => ({ table: "last-50", row: { name }, value: "ms" });
const screen = (name: string, value: string): Cell => ({ table: "screen", row: { name }, value });
const slowLine = (name: string): Cell => ({ table: "slow-line", row: { name }, value: "bytes" });
const page = (name: string, value: string): Cell => ({ table: "page", row: { name }, value });
const people = (value: string): Cell => ({ table: "people", row: { people: 10_000 }, value });
const startLog = (snapshot: string): Cell => ({
  table: "start-log",
  row: { records: START_RECORDS, snapshot },
  value: "ms",
});

export const GOALS: readonly Goal[] = [
  ...[10, 100, 1_000].flatMap((readers) => [
    deliveryGoal(readers, "Prosody", 3),
    deliveryGoal(readers, "ejabberd", 3),
    deliveryGoal(readers, "ngIRCd + TLS", readers === 10 ? 0.5 : 1),
  ]),
  deliveryGoal(100, "ngIRCd + TLS", 0.5, GATEWAY),
  deliveryGoal(1_000, "ngIRCd + TLS", 1, GATEWAY),
  boundGoal(
    "latency",
    "CPU at 2,000 posts/s, 10 readers",
    fanOut(CHAT, 10, "serverCpuPercent"),
    { atMost: 25 },
    " %",
    PROFILES.steady,
  ),
  ...[10, 100, 1_000].map((readers) => latencyGoal(readers, FLOOR, 2)),
  ...[100, 1_000].map((readers) => latencyGoal(readers, "ngIRCd + TLS", 1.5, GATEWAY)),
  sendGoal(1, "write + fdatasync", 0.33),
  sendGoal(64, FLOOR, 0.4),
  speedGoal(UPLOAD, SCP, 1.5, PROFILES.upload),
  fileCpuGoal(UPLOAD, PROFILES.upload),
  speedGoal(UPLOAD, "rsync -W over it", 2, PROFILES.upload),
  speedGoal(UPLOAD, "magic-wormhole", 2, PROFILES.upload),
  speedGoal(UPLOAD, "bare prototype", 0.9, PROFILES.upload),
  speedGoal(DOWNLOAD, SCP, 1.4, PROFILES.download),
  fileCpuGoal(DOWNLOAD, PROFILES.download),
  speedGoal(RELAY, SCP, 1, PROFILES.relay),
  {
    subject: "files",
    label: `${RELAY}, CPU per 268 MB`,
    atMost: 1.6,
    unit: " s",
    measure: combined(
      files(RELAY, "cpuSeconds"),
      files(RELAY, "bytes"),
      (seconds, bytes) => (seconds * RELAY_UNIT_BYTES) / bytes,
    ),
    profile: PROFILES.relay,
  },
  boundGoal("people", "10,000 accounts register", people("seconds"), { atMost: 60 }, " s"),
  boundGoal(
    "people",
    "peak memory of that server",
    people("peakMib"),
    { atMost: 250 },
    " MiB",
    PROFILES.joins,
  ),
  boundGoal(
    "people",
    "300 devices reconnect",
    { table: "devices", row: { devices: 300 }, value: "seconds" },
    { atMost: 1 },
    " s",
    PROFILES.devices,
  ),
  boundGoal("start", "with snapshot", startLog("with"), { atMost: 500 }, " ms"),
  boundGoal(
    "start",
    "without snapshot",
    startLog("without"),
    { atMost: 500 },
    " ms",
    PROFILES.replay,
  ),
  ...commandGoals("chat send"),
  boundGoal(
    "commands",
    "chat send, peak memory",
    { table: "start", row: { name: "chat send" }, value: "peakMib" },
    { atMost: 50 },
    " MiB",
  ),
  ...commandGoals("chat history to head"),
  {
    subject: "log",
    label: "append, 1 client: p50 vs write + fdatasync",
    atMost: 1.1,
    unit: "",
    measure: ratio(append("clients 1", "p50Ms"), append("write + fdatasync", "p50Ms")),
    profile: PROFILES.append,
  },
  ...(
    [
      [64, 20],
      [512, 30],
    ] as const
  ).map(
    ([clients, atLeast]): Goal => ({
      subject: "log",
      label: `append, ${clients} clients vs one`,
      atLeast,
      unit: "",
      measure: ratio(append(`clients ${clients}`, "perSecond"), append("clients 1", "perSecond")),
    }),
  ),
  ...(
    [
      ["rare word", "scan-rare", 1],
      ["absent word", "scan-absent", 1],
      ["any case", "scan-ignore-case", 1.2],
    ] as const
  ).map(([label, name, atMost]) =>
    boundGoal("log", `scan, ${label}, vs ripgrep`, scan(name), { atMost }, "", PROFILES.scan),
  ),
  {
    subject: "log",
    label: "last 50 records of a room, minus tail",
    atMost: 10,
    unit: " ms",
    measure: difference(lastRecords("a busy room"), lastRecords("tail -n 50")),
    profile: PROFILES.lastRecords,
  },
  {
    subject: "load",
    label: "texts lost or duplicated",
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
    "server, no connection",
    { table: "idle", row: { connections: 0 }, value: "residentMib" },
    { atMost: 70 },
    " MiB",
    PROFILES.server,
  ),
  boundGoal(
    "idle",
    "each of 10,000 TLS connections",
    idle(NEW_IN_ONE_ROOM, "kibEach"),
    { atMost: 12 },
    " KiB",
    PROFILES.connection,
  ),
  {
    subject: "idle",
    label: "memory per idle IRC connection vs WebSocket, at 10,000",
    atMost: 1,
    unit: "",
    profile: PROFILES.ircConnection,
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
    PROFILES.screen,
  ),
  boundGoal(
    "screen",
    "CPU at 1,000 messages/s",
    screen("1,000 messages/s", "cpuPercent"),
    { atMost: 20 },
    " %",
    PROFILES.screen,
  ),
  boundGoal(
    "screen",
    "peak memory, 100,000 messages",
    screen("after 100,000 messages", "peakMib"),
    { atMost: 130 },
    " MiB",
    PROFILES.screenMemory,
  ),
  {
    subject: "screen",
    label: "bytes for 100 messages vs WeeChat",
    atMost: 2,
    unit: "",
    measure: ratio(slowLine("chat join"), slowLine("WeeChat")),
  },
  boundGoal(
    "page",
    "own work in a frame, p95",
    page("frames", "p95Ms"),
    { atMost: 8 },
    " ms",
    PROFILES.page,
  ),
  boundGoal(
    "page",
    "blank steps, 100,000 messages, 12,000 px/s",
    page("scroll", "blank"),
    { atMost: 0 },
    " steps",
    PROFILES.scroll,
  ),
];

export type Verdict = "met" | "missed" | "not measured";

/** Measures each run by itself, because only values of one run are comparable. */
export function measureGoal({ measure }: Goal, runs: readonly SampleSet[]): Spread | undefined {
  return spreadOf(runs.map((run) => measure(run) ?? Number.NaN));
}

export function verdictOf({ atLeast, atMost }: Goal, value: number | undefined): Verdict {
  if (value === undefined) return "not measured";
  const isMet = value >= (atLeast ?? value) && value <= (atMost ?? value);
  return isMet ? "met" : "missed";
}

export function formatGoal({ atLeast, atMost, unit }: Goal): string {
  return atLeast === undefined ? `≤ ${atMost}${unit}` : `≥ ${atLeast}${unit}`;
}
