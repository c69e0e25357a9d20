/** Evaluation of the soak's measurements: criteria, verdicts, and the report. */
import { writeFileSync } from "node:fs";
import { describeRun, growthOf, renderTable, renderVerdicts, type Verdict } from "./soak-report.ts";

export interface QuietPoint {
  readonly seconds: number;
  readonly serverProcess: number;
  readonly residentMib: number;
  readonly descriptors: number;
  readonly storedFiles: number;
  readonly completedUploads: number;
  /** Excludes logs, stored files and torn tails. */
  readonly otherFiles: number;
  readonly records: number;
}

export interface Tally {
  acked: number;
  typedAcked: number;
  undelivered: number;
  lost: number;
  doubled: number;
  readonly refusals: string[];
  uploaded: number;
  downloaded: number;
  interrupted: number;
  readonly failures: string[];
  sendersKilled: number;
  readonly disruptions: Map<string, number>;
}

export interface SoakRun {
  readonly seconds: number;
  readonly commit: string;
  readonly tally: Tally;
  readonly points: readonly QuietPoint[];
  readonly concurrentUploads: number;
}

/** Number of quiet points to ignore after a server process starts, while the runtime warms up. */
const WARM_UP_POINTS = 2;
/** Three points per third, because uncollected garbage makes a single point vary by a fifth. */
const GROWTH_POINTS_MIN = 9;
const RESIDENT_GROWTH_SHARE = 0.1;
const RESIDENT_GROWTH_MIB = 8;
const COUNT_GROWTH = 2;
const POINTS_PRINTED = 8;

export function writeSoakResult(run: SoakRun, path: string): boolean {
  const verdicts = verdictsOf(run);
  const text = renderReport(run, verdicts);
  writeFileSync(path, text);
  process.stdout.write(`\n${text}`);
  return verdicts.every(({ isMet }) => isMet);
}

export function verdictsOf({ tally, points, concurrentUploads }: SoakRun): Verdict[] {
  const deliveryErrors = tally.undelivered + tally.lost + tally.doubled;
  const failureCount = tally.refusals.length + tally.failures.length;
  const leftMax = tally.sendersKilled * concurrentUploads;
  const left = points.map(({ storedFiles, completedUploads }) => storedFiles - completedUploads);
  return [
    {
      subject: "acknowledged texts",
      criterion: "each is received once",
      found:
        `${tally.acked + tally.typedAcked} acknowledged, ${tally.undelivered} undelivered, ` +
        `${tally.lost} lost, ${tally.doubled} repeated`,
      isMet: deliveryErrors === 0 && tally.acked > 0 && tally.typedAcked > 0,
    },
    {
      subject: "posts and transfers",
      criterion: "none is refused, none fails",
      found: `${tally.refusals.length} refused, ${tally.failures.length} failed`,
      isMet: failureCount === 0 && tally.uploaded > 0 && tally.downloaded > 0,
    },
    memoryVerdict(points),
    growthVerdict("descriptors", points, "descriptors"),
    {
      subject: "stored files beyond the answered uploads",
      criterion: `≤ ${leftMax}: those in progress when their senders were killed`,
      found: `${Math.min(...left)} to ${Math.max(...left)}`,
      isMet: Math.min(...left) >= 0 && Math.max(...left) <= leftMax,
    },
    growthVerdict("other files of the data folder", points, "otherFiles"),
  ];
}

/** Compares the last third of each sufficiently long server process with the first. */
function memoryVerdict(points: readonly QuietPoint[]): Verdict {
  const lives = [...Map.groupBy(points, ({ serverProcess }) => serverProcess).values()]
    .map((all) => all.slice(WARM_UP_POINTS))
    .filter((all) => all.length >= GROWTH_POINTS_MIN);
  const growths = lives.map((all) => ({
    ...growthOf(all.map(({ residentMib }) => residentMib)),
    all,
  }));
  const isMet = growths.every(
    ({ from, to }) => to <= from * (1 + RESIDENT_GROWTH_SHARE) + RESIDENT_GROWTH_MIB,
  );
  const found = growths.map(
    ({ from, to, all }) =>
      `${from.toFixed(0)} to ${to.toFixed(0)} MiB in ${all.length} points ` +
      `(${slopeMibPerHour(all).toFixed(0)} MiB/h)`,
  );
  return {
    subject: "resident memory",
    criterion:
      `in each server process with ${GROWTH_POINTS_MIN} or more points, after the first ` +
      `${WARM_UP_POINTS}, the median of the last third is ≤ that of the first + ` +
      `${RESIDENT_GROWTH_SHARE * 100} % + ${RESIDENT_GROWTH_MIB} MiB`,
    found: found.length === 0 ? "no server process ran long enough" : found.join("; "),
    isMet: isMet && found.length > 0,
  };
}

/** Compares medians, which a leak in each cycle moves and a link that closes late does not. */
function growthVerdict(
  subject: string,
  points: readonly QuietPoint[],
  field: "descriptors" | "otherFiles",
): Verdict {
  const counts = points.map((point) => point[field]);
  const { from, to } = growthOf(counts);
  const range = `between ${Math.min(...counts)} and ${Math.max(...counts)}`;
  return {
    subject,
    criterion: `the median of the last third is ≤ that of the first + ${COUNT_GROWTH}`,
    found: `${from} to ${to}, ${range}`,
    isMet: to <= from + COUNT_GROWTH,
  };
}

function slopeMibPerHour(points: readonly QuietPoint[]): number {
  const mean = (measure: (point: QuietPoint) => number) =>
    points.reduce((sum, point) => sum + measure(point), 0) / points.length;
  const [time, memory] = [mean(({ seconds }) => seconds), mean((point) => point.residentMib)];
  const numerator = points.reduce(
    (sum, point) => sum + (point.seconds - time) * (point.residentMib - memory),
    0,
  );
  const denominator = points.reduce((sum, point) => sum + (point.seconds - time) ** 2, 0);
  return denominator === 0 ? 0 : (numerator / denominator) * 3_600;
}

function renderReport(
  { seconds, commit, tally, points }: SoakRun,
  verdicts: readonly Verdict[],
): string {
  const step = Math.ceil(points.length / POINTS_PRINTED);
  const printed = points.filter((_, i) => i % step === 0 || i === points.length - 1);
  const disruptions = [...tally.disruptions].map(([name, count]) => `${name}: ${count}`).join(", ");
  return `${[
    "# Result of the soak",
    `${describeRun("npm run soak", seconds, commit)}\n` +
      `Cycles per disruption: ${disruptions}.\n` +
      `${tally.uploaded} files were uploaded, ${tally.downloaded} downloaded, ` +
      `${tally.interrupted} uploads interrupted and resumed.`,
    renderVerdicts(verdicts),
    renderTable(
      ["minute", "server process", "MiB", "texts"],
      printed.map((point) => [
        (point.seconds / 60).toFixed(1),
        String(point.serverProcess),
        point.residentMib.toFixed(0),
        String(point.records),
      ]),
    ),
    ...[...tally.refusals, ...tally.failures].slice(0, 10).map((line) => `- ${line}`),
  ].join("\n\n")}\n`;
}
