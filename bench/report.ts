/** Report writer for bench/performance.md and its chart, from the newest results of each part. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bar, drawChart } from "./chart.ts";
import { formatGoal, GOALS, type Goal, measureGoal, type Subject, verdictOf } from "./goals.ts";
import type { PartResult } from "./results.ts";
import { type Sample, SampleSet, type Spread } from "./samples.ts";

interface Column {
  readonly title: string;
  readonly value: string;
  readonly scale?: number;
  readonly digits?: number;
  /** Fields of the samples in this column; the other fields identify the row. */
  readonly at?: Sample["row"];
}

interface Section {
  readonly title: string;
  readonly text: string;
  readonly table: string;
  readonly columns: readonly Column[];
}

const TITLES: Readonly<Record<Subject, string>> = {
  messages: "Deliveries per server CPU second",
  latency: "At 20,000 deliveries/s",
  sends: "Durable sends",
  files: "Files",
  people: "Registration",
  start: "Start on a million records",
  commands: "Commands",
  log: "Log",
  idle: "Idle memory",
  load: "Load",
  screen: "Full screen",
  page: "Page",
};

const READERS = [10, 100, 1_000];
const SENDERS = [1, 64, 512];

const SECTIONS: readonly Section[] = [
  {
    title: "Fan-out",
    text:
      "Four senders post 100-character messages to one room over TLS. M/CPU s: million " +
      "deliveries per CPU second of the server at full speed. p99: from sender to reader at " +
      "20,000 deliveries a second; empty if a server cannot reach this rate. Each server has " +
      "durable history as its documentation recommends. The floor on Bun is `publish + TLS + " +
      "fdatasync`: one write and one sync per batch.",
    table: "fan-out",
    columns: [
      ...READERS.map((readers) => ({
        title: `M/CPU s, ${readers}`,
        value: "deliveriesPerCpuSecond",
        scale: 1e-6,
        digits: 3,
        at: { readers },
      })),
      ...READERS.map((readers) => ({
        title: `p99 ms, ${readers}`,
        value: "p99Ms",
        at: { readers },
      })),
      {
        title: "peak MB",
        value: "serverPeakBytes",
        scale: 1e-6,
        digits: 0,
        at: { readers: 1_000 },
      },
      { title: "after a crash", value: "guarantee", at: {} },
    ],
  },
  {
    title: "Durable sends",
    text:
      "1, 64 and 512 senders in rooms of their own wait for each acknowledgement. " +
      "`write + fdatasync` is the disk's rate with one writer.",
    table: "sends",
    columns: [
      ...SENDERS.map((senders) => ({
        title: `per second, ${senders}`,
        value: "perSecond",
        digits: 0,
        at: { senders },
      })),
      { title: "p99 ms, 64", value: "p99Ms", at: { senders: 64 } },
      { title: "CPU µs each, 64", value: "serverCpuUsEach", digits: 0, at: { senders: 64 } },
    ],
  },
  {
    title: "Files",
    text:
      "Each program sends one random file of 1 GiB from a warm page cache over loopback. Times " +
      "include process starts. `send-file` ends when the file is on the server's disk, and " +
      "`send + follow`, through the server, when it is on the receiver's.",
    table: "files",
    columns: [
      { title: "seconds", value: "seconds", digits: 2 },
      { title: "CPU s", value: "cpuSeconds", digits: 2 },
      { title: "peak MB sender", value: "senderPeakMb", digits: 0 },
      { title: "receiver", value: "receiverPeakMb", digits: 0 },
      { title: "server", value: "serverPeakMb", digits: 0 },
    ],
  },
];

const LOAD_SOAK = "soak-load.md";

/** @param results those of a part newest first */
export function writeReport(results: readonly PartResult[], folder: string): string[] {
  const runs = runsOf(results);
  const chart = drawChart("Results relative to the goals", GOALS.map(barOf(runs)));
  const files = { "performance.md": renderDocument(results, runs), "performance.svg": chart };
  return Object.entries(files).map(([name, text]) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  });
}

/** The newest result of each part makes the first run, the second newest the second. */
function runsOf(results: readonly PartResult[]): SampleSet[] {
  const byPart = Object.values(Object.groupBy(results, ({ part }) => part));
  const count = Math.max(0, ...byPart.map((all = []) => all.length));
  return Array.from(
    { length: count },
    (_, run) => new SampleSet(byPart.flatMap((all = []) => all[run]?.samples ?? [])),
  );
}

function renderDocument(results: readonly PartResult[], runs: readonly SampleSet[]): string {
  const figures = new SampleSet(results.flatMap(({ samples }) => samples));
  return `${[
    "# Performance",
    wrapText(
      "`npm run bench -- all --markdown` writes this page from up to three runs; " +
        "[CONTRIBUTING](../CONTRIBUTING.md#bench) explains how to repeat one part, and " +
        "[notes](notes.md) explain the results. Only ratios carry over to other machines.",
    ),
    wrapText(machineText(results)),
    wrapText(noiseText(results)),
    "![Results relative to the goals](performance.svg)",
    "## Goals",
    wrapText(
      "The measured value is the median of the runs, with minimum and maximum in brackets. A " +
        "missed goal has a profile beside it: where the time or memory goes.",
    ),
    goalsTable(runs),
    ...SECTIONS.flatMap((section) => renderSection(section, figures)),
    ...renderSoak(),
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

/** CPU time of other processes makes wall times less meaningful. */
function noiseText(results: readonly PartResult[]): string {
  const cores = Math.max(1, ...results.map(({ machine }) => machine.cores));
  const shares = results.map(({ part, noise }) => {
    const percent = (100 * noise.otherCpuSeconds) / Math.max(1, noise.seconds * cores);
    return { part, percent };
  });
  const noisy = shares.sort((a, b) => b.percent - a.percent).filter(({ percent }) => percent >= 1);
  const [worst] = noisy;
  const failures = results.flatMap(({ part, failure }) =>
    failure === undefined ? [] : [`**${part} ${failure}.**`],
  );
  const other =
    worst === undefined
      ? "Other processes used less than 1 % of the CPU time."
      : `Other processes used 1 % or more of the CPU time in ${noisy.length} of ` +
        `${results.length} results, at most ${worst.percent.toFixed(0)} % (${worst.part}).`;
  return [other, ...new Set(failures)].join(" ");
}

function goalsTable(runs: readonly SampleSet[]): string {
  const rows: string[][] = [];
  const printed = new Set<string>();
  let subject: Subject | undefined;
  for (const goal of GOALS) {
    if (goal.subject !== subject) rows.push([`**${TITLES[goal.subject]}**`, "", "", ""]);
    subject = goal.subject;
    const spread = measureGoal(goal, runs);
    const verdict = verdictOf(goal, spread?.median);
    rows.push([
      goal.label,
      formatGoal(goal),
      spread === undefined ? "" : formatSpread(goal, spread),
      verdict === "missed" ? `**missed.** ${profileText(goal, printed)}` : verdict,
    ]);
  }
  return table(["measurement", "goal", "measured", "result"], rows);
}

function profileText({ profile }: Goal, printed: Set<string>): string {
  if (profile === undefined) return "Not profiled.";
  if (printed.has(profile)) return "As above.";
  printed.add(profile);
  return profile;
}

function renderSection({ title, text, table: name, columns }: Section, figures: SampleSet) {
  const rows = figures.rows(name);
  return [
    `## ${title}`,
    wrapText(text),
    rows.length === 0 ? "Not measured." : samplesTable(figures, name, rows, columns),
  ];
}

function samplesTable(
  figures: SampleSet,
  name: string,
  rows: readonly Sample["row"][],
  columns: readonly Column[],
): string {
  const across = new Set(columns.flatMap(({ at = {} }) => Object.keys(at)));
  const heads = rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([field]) => !across.has(field))),
  );
  const distinct = [...new Map(heads.map((row) => [JSON.stringify(row), row])).values()];
  const fields = Object.keys(distinct[0] ?? {});
  const lines = distinct.map((row) => {
    const missing = figures.missing(name, row);
    return [
      ...fields.map((field) => (row[field] ?? "").toLocaleString("en")),
      ...columns.map((column, i) =>
        missing !== undefined && i === columns.length - 1
          ? missing
          : renderCell(figures, name, { ...row, ...column.at }, column),
      ),
    ];
  });
  const titles = fields.map((field) => (field === "name" ? "" : field));
  return table([...titles, ...columns.map(({ title }) => title)], lines);
}

function renderCell(
  figures: SampleSet,
  name: string,
  row: Sample["row"],
  { value, scale = 1, digits = 1 }: Column,
): string {
  const median = figures.median(name, row, value);
  if (median === undefined) return figures.text(name, row, value) ?? "";
  return (median * scale).toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** Results of the soak under load, without its criteria and its table of rounds. */
function renderSoak(): string[] {
  const path = join(import.meta.dir, LOAD_SOAK);
  if (!existsSync(path)) return [];
  const [, text = "", verdicts = ""] = readFileSync(path, "utf8").split("\n\n");
  const rows = verdicts.split("\n").map((row) => row.split(" | ").toSpliced(1, 1).join(" | "));
  return ["## Soak under load", text, rows.join("\n"), `[Criteria and rounds](${LOAD_SOAK}).`];
}

function barOf(runs: readonly SampleSet[]): (goal: Goal) => Bar {
  return (goal) => {
    const spread = measureGoal(goal, runs);
    const value = spread?.median;
    const verdict = verdictOf(goal, value) === "missed" ? ", missed" : "";
    const measured = value === undefined ? "not measured" : formatNumber(value) + goal.unit;
    const note = `${measured} (goal ${formatGoal(goal)}${verdict})`;
    const ratio = value === undefined ? undefined : goalRatio(goal, value);
    return { group: TITLES[goal.subject], label: goal.label, ratio, note };
  };
}

function goalRatio({ atLeast, atMost = 0 }: Goal, value: number): number {
  if (atLeast !== undefined) return value / atLeast;
  return value <= 0 ? Number.POSITIVE_INFINITY : atMost / value;
}

function formatSpread({ unit }: Goal, { median, min, max }: Spread): string {
  const [lowest, highest] = [formatNumber(min), formatNumber(max)];
  const range = lowest === highest ? "" : ` (${lowest}–${highest})`;
  return `${formatNumber(median)}${unit}${range}`;
}

function formatNumber(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}
