/** What the soak's numbers mean: its criteria, its verdicts, and the text about them. */
import { writeFileSync } from "node:fs";
import { describeMachine } from "../bench/machine.ts";
import { spreadOf } from "../bench/samples.ts";

/** The server with few clients and nothing under way. */
export interface QuietPoint {
  readonly seconds: number;
  /** How many times the server has started. */
  readonly life: number;
  readonly residentMib: number;
  readonly descriptors: number;
  /** Folders of `files/`, and how many uploads were answered. */
  readonly storedFiles: number;
  readonly completedUploads: number;
  /** In the data folder, without logs, stored files and torn ends. */
  readonly otherFiles: number;
  /** Acknowledged texts. */
  readonly records: number;
}

export interface Tally {
  acked: number;
  typedAcked: number;
  /** Acknowledged, but not heard by the auditor within a minute. */
  unheard: number;
  lost: number;
  doubled: number;
  readonly refusals: string[];
  sent: number;
  got: number;
  interrupted: number;
  readonly failures: string[];
  sendersKilled: number;
  readonly troubles: Map<string, number>;
}

export interface SoakRun {
  readonly seconds: number;
  /** Of the server that ran. */
  readonly commit: string;
  readonly tally: Tally;
  readonly points: readonly QuietPoint[];
  /** So many may be under way, or not yet answered for, when their senders are killed. */
  readonly uploadsTogether: number;
}

export interface Verdict {
  readonly what: string;
  readonly criterion: string;
  readonly found: string;
  readonly isMet: boolean;
}

/** Quiet points of a life that do not count for its memory: the runtime warms up. */
const WARM_UP_POINTS = 2;
/** Three for each third: garbage that is not yet collected moves a single one by a fifth. */
const GROWTH_POINTS_MIN = 9;
const RESIDENT_GROWTH_SHARE = 0.1;
const RESIDENT_GROWTH_MIB = 8;
const COUNT_GROWTH = 2;
const POINTS_SHOWN = 24;

/** Prints and writes it. @returns whether every criterion is met */
export function writeSoakResult(run: SoakRun, path: string): boolean {
  const verdicts = verdictsOf(run);
  const text = textOf(run, verdicts);
  writeFileSync(path, text);
  process.stdout.write(`\n${text}`);
  return verdicts.every(({ isMet }) => isMet);
}

/** Each criterion, and whether it is met. */
export function verdictsOf({ tally, points, uploadsTogether }: SoakRun): Verdict[] {
  const wrong = tally.unheard + tally.lost + tally.doubled;
  const troubled = tally.refusals.length + tally.failures.length;
  const leftMax = tally.sendersKilled * uploadsTogether;
  const left = points.map(({ storedFiles, completedUploads }) => storedFiles - completedUploads);
  return [
    {
      what: "acknowledged texts",
      criterion: "each is heard, once",
      found:
        `${tally.acked + tally.typedAcked} acknowledged, ${tally.unheard} unheard, ` +
        `${tally.lost} lost, ${tally.doubled} doubled`,
      isMet: wrong === 0 && tally.acked > 0 && tally.typedAcked > 0,
    },
    {
      what: "posts and transfers",
      criterion: "none is refused, none fails",
      found: `${tally.refusals.length} refused, ${tally.failures.length} failed`,
      isMet: troubled === 0 && tally.sent > 0 && tally.got > 0,
    },
    memoryVerdict(points),
    growthVerdict("descriptors", points, "descriptors"),
    {
      what: "stored files beyond the answered uploads",
      criterion: `≤ ${leftMax}: those in progress when their senders were killed`,
      found: `${Math.min(...left)} to ${Math.max(...left)}`,
      isMet: Math.min(...left) >= 0 && Math.max(...left) <= leftMax,
    },
    growthVerdict("other files of the data folder", points, "otherFiles"),
  ];
}

/** In each life that is long enough: its last third beside its first. */
function memoryVerdict(points: readonly QuietPoint[]): Verdict {
  const lives = [...Map.groupBy(points, ({ life }) => life).values()]
    .map((all) => all.slice(WARM_UP_POINTS))
    .filter((all) => all.length >= GROWTH_POINTS_MIN);
  const growths = lives.map((all) => {
    const third = Math.ceil(all.length / 3);
    const median = (some: readonly QuietPoint[]) =>
      spreadOf(some.map(({ residentMib }) => residentMib))?.median ?? 0;
    return { from: median(all.slice(0, third)), to: median(all.slice(-third)), all };
  });
  const isMet = growths.every(
    ({ from, to }) => to <= from * (1 + RESIDENT_GROWTH_SHARE) + RESIDENT_GROWTH_MIB,
  );
  const found = growths.map(
    ({ from, to, all }) =>
      `${from.toFixed(0)} to ${to.toFixed(0)} MiB in ${all.length} points ` +
      `(${slopeMibPerHour(all).toFixed(0)} MiB/h)`,
  );
  return {
    what: "resident memory",
    criterion:
      `in each life of the server with ${GROWTH_POINTS_MIN} points and more, after ` +
      `${WARM_UP_POINTS} others, the median of the last third is ≤ that of the first + ` +
      `${RESIDENT_GROWTH_SHARE * 100} % + ${RESIDENT_GROWTH_MIB} MiB`,
    found: found.length === 0 ? "no life was long enough" : found.join("; "),
    isMet: isMet && found.length > 0,
  };
}

/** What is left open or behind in each cycle moves the median; a link that closes late does not. */
function growthVerdict(
  what: string,
  points: readonly QuietPoint[],
  field: "descriptors" | "otherFiles",
): Verdict {
  const counts = points.map((point) => point[field]);
  const third = Math.ceil(counts.length / 3);
  const [from, to] = [counts.slice(0, third), counts.slice(-third)].map(
    (some) => spreadOf(some)?.median ?? Number.NaN,
  );
  const range = `between ${Math.min(...counts)} and ${Math.max(...counts)}`;
  return {
    what,
    criterion: `the median of the last third is ≤ that of the first + ${COUNT_GROWTH}`,
    found: `${from} to ${to}, ${range}`,
    isMet: from !== undefined && to !== undefined && to <= from + COUNT_GROWTH,
  };
}

/** Least squares. */
function slopeMibPerHour(points: readonly QuietPoint[]): number {
  const mean = (of: (point: QuietPoint) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [time, memory] = [mean(({ seconds }) => seconds), mean((point) => point.residentMib)];
  const above = points.reduce(
    (sum, point) => sum + (point.seconds - time) * (point.residentMib - memory),
    0,
  );
  const below = points.reduce((sum, point) => sum + (point.seconds - time) ** 2, 0);
  return below === 0 ? 0 : (above / below) * 3_600;
}

function textOf({ seconds, commit, tally, points }: SoakRun, verdicts: readonly Verdict[]): string {
  const { cores, cpu, bun } = describeMachine();
  const at = new Date().toISOString().slice(0, 16).replace("T", " ");
  const step = Math.ceil(points.length / POINTS_SHOWN);
  const shown = points.filter((_, i) => i % step === 0 || i === points.length - 1);
  const troubles = [...tally.troubles].map(([what, times]) => `${what}: ${times}`).join(", ");
  return `${[
    "# Result of the soak",
    `\`npm run soak\` ran for ${(seconds / 60).toFixed(0)} minutes until ${at} UTC, on ` +
      `${cores} cores (${cpu}), Bun ${bun}, commit ${commit}.\n` +
      `Cycles per fault: ${troubles}.\n` +
      `${tally.sent} files were uploaded, ${tally.got} downloaded, ` +
      `${tally.interrupted} uploads interrupted and resumed.`,
    table(
      ["what", "criterion", "found", ""],
      verdicts.map(({ what, criterion, found, isMet }) => [
        what,
        criterion,
        found,
        isMet ? "met" : "**missed**",
      ]),
    ),
    table(
      ["minute", "life", "MiB", "descriptors", "stored files", "other files", "texts"],
      shown.map((point) => [
        (point.seconds / 60).toFixed(1),
        String(point.life),
        point.residentMib.toFixed(0),
        String(point.descriptors),
        String(point.storedFiles),
        String(point.otherFiles),
        String(point.records),
      ]),
    ),
    ...[...tally.refusals, ...tally.failures].slice(0, 10).map((one) => `- ${one}`),
  ].join("\n\n")}\n`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}
