/** Report writer for bench/performance.md and its chart, from the newest result of each part. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bar, drawChart } from "./chart.ts";
import { formatGoal, GOALS, type Goal, type Subject, verdictOf } from "./goals.ts";
import type { PartResult } from "./results.ts";
import { type Sample, SampleSet, type Spread } from "./samples.ts";

interface Column {
  readonly title: string;
  readonly value: string;
  readonly scale?: number;
  readonly digits?: number;
}

interface Section {
  readonly subject: Subject;
  readonly title: string;
  readonly text: string;
  readonly tables: readonly { readonly table: string; readonly columns: readonly Column[] }[];
}

const AFTER_CRASH = { title: "after a crash", value: "guarantee" };
const PEAK = { title: "peak MB", value: "serverPeakBytes", scale: 1e-6, digits: 0 };

const SECTIONS: readonly Section[] = [
  {
    subject: "messages",
    title: "Messages",
    text:
      "Four senders post 100-character messages to one room over TLS. Compare CPU times only: " +
      "servers and readers share one machine. Each server is configured for durable history as " +
      "its documentation recommends. `publish + TLS + fdatasync` is the floor on Bun: one write " +
      "and one sync per batch. `server.publish + TLS` stores nothing, and `io/ws-listener` adds " +
      "our link layer. A server that syncs each message is measured for five seconds.",
    tables: [
      {
        table: "fan-out",
        columns: [
          {
            title: "M deliveries / CPU s",
            value: "deliveriesPerCpuSecond",
            scale: 1e-6,
            digits: 3,
          },
          PEAK,
          AFTER_CRASH,
        ],
      },
    ],
  },
  {
    subject: "latency",
    title: "Latency",
    text:
      "Time from sender to reader in the same room, at 20,000 deliveries a second. Servers that " +
      "cannot reach this rate have no times.",
    tables: [
      {
        table: "fan-out",
        columns: [
          { title: "p50 ms", value: "p50Ms", digits: 2 },
          { title: "p99 ms", value: "p99Ms", digits: 2 },
          { title: "server CPU %", value: "serverCpuPercent", digits: 0 },
        ],
      },
    ],
  },
  {
    subject: "sends",
    title: "Durable sends",
    text:
      "Each sender waits until the server acknowledges its text before it sends the next one. " +
      "Senders run in a separate process, each in a room of its own. `write + fdatasync` is the " +
      "disk's rate with one writer.",
    tables: [
      {
        table: "sends",
        columns: [
          { title: "per second", value: "perSecond", digits: 0 },
          { title: "p50 ms", value: "p50Ms", digits: 2 },
          { title: "p99 ms", value: "p99Ms", digits: 2 },
          { title: "server CPU µs each", value: "serverCpuUsEach", digits: 0 },
          { title: "server CPU %", value: "serverCpuPercent", digits: 0 },
          { title: "senders' CPU %", value: "loadCpuPercent", digits: 0 },
          { title: "peak MiB", value: "serverPeakMib", digits: 0 },
          AFTER_CRASH,
        ],
      },
    ],
  },
  {
    subject: "files",
    title: "Files",
    text:
      "Each program sends one random file from a warm page cache over loopback. Times include " +
      "process starts, and the bench compares the received file. `send-file` ends when the file " +
      "is on the server's disk, and `send + follow` when it is on the receiver's.",
    tables: [
      {
        table: "files",
        columns: [
          { title: "seconds", value: "seconds", digits: 2 },
          { title: "CPU s, all ends", value: "cpuSeconds", digits: 2 },
          { title: "peak MB sender", value: "senderPeakMb", digits: 0 },
          { title: "receiver", value: "receiverPeakMb", digits: 0 },
          { title: "server", value: "serverPeakMb", digits: 0 },
        ],
      },
    ],
  },
  {
    subject: "people",
    title: "Registration",
    text:
      "All users register in one room at the same time. The run ends when each user has " +
      "received all joins. `devices` are known devices that reconnect together after a restart.",
    tables: [
      {
        table: "people",
        columns: [
          { title: "registered, s", value: "enteredSeconds", digits: 1 },
          { title: "all received, s", value: "seconds", digits: 1 },
          { title: "server CPU s", value: "cpuSeconds", digits: 1 },
          { title: "peak MiB", value: "peakMib", digits: 0 },
        ],
      },
      {
        table: "devices",
        columns: [
          { title: "all reconnected, s", value: "seconds", digits: 2 },
          { title: "server CPU s", value: "cpuSeconds", digits: 2 },
          { title: "records lost", value: "lost", digits: 0 },
          { title: "records duplicated", value: "twice", digits: 0 },
        ],
      },
    ],
  },
  {
    subject: "start",
    title: "Start",
    text:
      "Time from the start of `chat serve` to its first line, with and without the snapshot in " +
      "`data/cache`, and from the start of `chat join` to its `connected` line.",
    tables: [
      {
        table: "start-log",
        columns: [
          { title: "ms", value: "ms", digits: 0 },
          { title: "CPU s", value: "cpuSeconds", digits: 2 },
          { title: "resident MB", value: "rssMb", digits: 0 },
        ],
      },
      { table: "start", columns: [{ title: "ms", value: "ms", digits: 0 }] },
    ],
  },
  {
    subject: "log",
    title: "The log",
    text:
      "Appends wait for the disk. A scan reads the whole log and parses only the hits; ripgrep " +
      "counts hits in the same files. They alternate, five times each.",
    tables: [
      {
        table: "append",
        columns: [
          { title: "per second", value: "perSecond", digits: 0 },
          { title: "p50 ms", value: "p50Ms", digits: 2 },
        ],
      },
      {
        table: "scan",
        columns: [
          { title: "ms", value: "ms", digits: 0 },
          { title: "ripgrep ms", value: "rgMs", digits: 0 },
          { title: "times ripgrep", value: "overRg", digits: 2 },
        ],
      },
      { table: "last-50", columns: [{ title: "ms", value: "ms", digits: 2 }] },
    ],
  },
  {
    subject: "idle",
    title: "Idle connections",
    text:
      "Clients are logged in over TLS and idle for five seconds: new accounts in one room, and " +
      "accounts in rooms of twenty that reconnect after `kill -9`. Their time to connect includes " +
      "the server's start.",
    tables: [
      {
        table: "idle",
        columns: [
          { title: "KiB each", value: "kibEach", digits: 1 },
          { title: "server CPU %", value: "cpuPercent", digits: 1 },
          { title: "server peak MiB", value: "peakMib", digits: 0 },
          { title: "time to connect, s", value: "connectSeconds", digits: 1 },
        ],
      },
    ],
  },
  {
    subject: "load",
    title: "Sustained load",
    text:
      "Four processes run 10,000 accounts over TLS and compete with the server for the cores. " +
      "The bench counts each acknowledged text at each member of its room. After a restart, " +
      "latencies include the downtime. `start s` is the time from the end of one server to the " +
      "next one's first line.",
    tables: [
      {
        table: "load",
        columns: [
          { title: "seconds", value: "seconds", digits: 1 },
          { title: "p50 ms", value: "p50Ms", digits: 1 },
          { title: "p99 ms", value: "p99Ms", digits: 1 },
          { title: "worst ms", value: "worstMs", digits: 0 },
          { title: "start s", value: "startSeconds", digits: 1 },
          { title: "reconnect p50 s", value: "backP50Seconds", digits: 1 },
          { title: "reconnect worst s", value: "backWorstSeconds", digits: 1 },
          { title: "files MB/s", value: "mbPerSecond", digits: 0 },
          { title: "lost", value: "lost", digits: 0 },
          { title: "duplicated", value: "doubled", digits: 0 },
          { title: "server CPU s", value: "cpuSeconds", digits: 1 },
          { title: "resident MiB", value: "residentMib", digits: 0 },
          { title: "descriptors", value: "descriptors", digits: 0 },
        ],
      },
    ],
  },
  {
    subject: "screen",
    title: "The full screen",
    text:
      "`chat join` runs on a terminal of 90x24, with a server on loopback. Key latency ends with " +
      "the echo. Memory is resident memory three seconds after the last message. In the test of " +
      "bytes, two people post a hundred messages, ten a second, on a line of 4,800 bytes a " +
      "second; WeeChat shows its list of buffers and no list of nicks.",
    tables: [
      {
        table: "screen",
        columns: [
          { title: "ms", value: "ms", digits: 0 },
          { title: "p50 ms", value: "p50Ms", digits: 1 },
          { title: "p99 ms", value: "p99Ms", digits: 1 },
          { title: "CPU %", value: "cpuPercent", digits: 1 },
          { title: "MiB", value: "rssMib", digits: 0 },
          { title: "peak MiB", value: "peakMib", digits: 0 },
        ],
      },
      { table: "slow-line", columns: [{ title: "bytes", value: "bytes", digits: 0 }] },
    ],
  },
];

export function writeReport(results: readonly PartResult[], folder: string): string[] {
  const figures = new SampleSet(results.flatMap(({ samples }) => samples));
  const chart = drawChart("Results relative to the goals", GOALS.map(barOf(figures)));
  const files = { "performance.md": renderDocument(results, figures), "performance.svg": chart };
  return Object.entries(files).map(([name, text]) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  });
}

function renderDocument(results: readonly PartResult[], figures: SampleSet): string {
  return `${[
    "# Performance",
    wrapText(
      "`npm run bench -- all --markdown` writes this page; " +
        "[CONTRIBUTING](../CONTRIBUTING.md#bench) explains how to repeat one part. " +
        "[Notes](notes.md) explains the results, and [soak-result.md](soak-result.md) has the " +
        "last soak. Only ratios within a table carry over to other machines. A cell is the " +
        "median of its rounds, with minimum and maximum in brackets if they differ.",
    ),
    wrapText(machineText(results)),
    "![Results relative to the goals](performance.svg)",
    "## Goals",
    goalsTable(figures),
    ...SECTIONS.flatMap((section) => renderSection(section, figures)),
    "## Other load on the machine",
    renderNoise(results),
  ].join("\n\n")}\n`;
}

function wrapText(text: string): string {
  return text.replaceAll(/(.{1,116})(?: +|$)/g, "$1\n").trimEnd();
}

function machineText(results: readonly PartResult[]): string {
  const machines = results.map(
    ({ machine: { cores, cpu, kernel, memoryGib, bun } }) =>
      `${cores} cores (${cpu}), ${memoryGib} GiB of memory, ${kernel}, Bun ${bun}`,
  );
  const [newest] = [...results].sort((a, b) => b.at.localeCompare(a.at));
  if (newest === undefined) return "Nothing has been measured.";
  const syncs = results.map(({ machine }) => machine.syncMs).sort((a, b) => a - b);
  const sync = (syncs[syncs.length >> 1] ?? 0).toFixed(2);
  return (
    `Measurements ended on ${newest.at.replace("T", " ")} UTC. ` +
    `Machine: ${[...new Set(machines)].join("; ")}; ` +
    `writing and syncing one line takes ${sync} ms. Commits: ` +
    `${[...new Set(results.map(({ commit }) => commit))].join(", ")}.` +
    (results.some(({ isQuick }) => isQuick)
      ? " **Some parts are quick runs, which only show that the bench works.**"
      : "")
  );
}

function goalsTable(figures: SampleSet): string {
  const rows = GOALS.map((goal) => {
    const value = goal.measure(figures);
    const verdict = verdictOf(goal, value);
    return [
      goal.label,
      formatGoal(goal),
      formatValue(goal, value),
      verdict === "missed" ? "**missed**" : verdict,
    ];
  });
  return table(["measurement", "goal", "measured", ""], rows);
}

function renderSection({ title, text, tables }: Section, figures: SampleSet): string[] {
  const tableTexts = tables.flatMap(({ table: name, columns }) => {
    const rows = figures.rows(name);
    return rows.length === 0 ? [] : [samplesTable(figures, name, rows, columns)];
  });
  return [
    `## ${title}`,
    wrapText(text),
    ...(tableTexts.length === 0 ? ["Not measured."] : tableTexts),
  ];
}

function samplesTable(
  figures: SampleSet,
  name: string,
  rows: readonly Sample["row"][],
  columns: readonly Column[],
): string {
  const fields = Object.keys(rows[0] ?? {});
  const sorted = [...rows].sort((a, b) => sortKey(a) - sortKey(b));
  const lines = sorted.map((row) => {
    const head = fields.map((field) => (row[field] ?? "").toLocaleString("en"));
    const missing = figures.missing(name, row);
    if (missing !== undefined) return [...head, missing, ...columns.slice(1).map(() => "")];
    return [...head, ...columns.map((column) => renderCell(figures, name, row, column))];
  });
  return table([...fields.map(fieldTitle), ...columns.map(({ title }) => title)], lines);
}

function sortKey(row: Sample["row"]): number {
  return Number(row["readers"] ?? row["senders"] ?? 0);
}

function fieldTitle(field: string): string {
  return field === "name" ? "" : field;
}

function renderCell(
  figures: SampleSet,
  name: string,
  row: Sample["row"],
  { value, scale = 1, digits = 1 }: Column,
): string {
  const text = figures.text(name, row, value);
  if (text !== undefined) return text;
  const spread = figures.spread(name, row, value);
  return spread === undefined ? "" : formatSpread(spread, scale, digits);
}

function formatSpread({ median, min, max, rounds }: Spread, scale: number, digits: number): string {
  const number = (value: number) =>
    (value * scale).toLocaleString("en", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  const isRange = rounds > 1 && number(min) !== number(max);
  return isRange ? `${number(median)} (${number(min)}–${number(max)})` : number(median);
}

function renderNoise(results: readonly PartResult[]): string {
  const rows = results.map(({ part, at, commit, isQuick, noise, failure }) => [
    part,
    at.replace("T", " "),
    commit,
    noise.seconds.toFixed(0),
    `${noise.otherCpuSeconds.toFixed(0)}`,
    [...(isQuick ? ["quick"] : []), ...(failure === undefined ? [] : [failure])].join(", "),
  ]);
  const shared = rows.filter(([, , , , other, note]) => other !== "0" || note !== "");
  const titles = ["part", "ended, UTC", "commit", "seconds", "other CPU s"];
  return [
    wrapText(
      "CPU seconds used by other processes on all cores while a part ran. They make its wall " +
        "times less meaningful. The other parts ran alone.",
    ),
    table([...titles, ""], shared),
  ].join("\n\n");
}

function barOf(figures: SampleSet): (goal: Goal) => Bar {
  return (goal) => {
    const value = goal.measure(figures);
    const verdict = verdictOf(goal, value) === "missed" ? ", missed" : "";
    const note = `${formatValue(goal, value)} (goal ${formatGoal(goal)}${verdict})`;
    const ratio = value === undefined ? undefined : goalRatio(goal, value);
    return { group: sectionTitle(goal), label: goal.label, ratio, note };
  };
}

function goalRatio({ atLeast, atMost = 0 }: Goal, value: number): number {
  if (atLeast !== undefined) return value / atLeast;
  return value <= 0 ? Number.POSITIVE_INFINITY : atMost / value;
}

function sectionTitle({ subject }: Goal): string {
  return SECTIONS.find((section) => section.subject === subject)?.title ?? subject;
}

function formatValue({ unit }: Goal, value: number | undefined): string {
  if (value === undefined) return "not measured";
  const digits = Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)}${unit === "" ? " ×" : unit}`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}
