/** Criteria and report of `npm run soak -- load`. */
import { renderTable } from "../../bench/samples.ts";
import { describeRun, growthOf, renderVerdicts, type Verdict } from "./report.ts";

export interface Storm {
  readonly cameBack: number;
  readonly backP50Seconds: number;
  readonly backWorstSeconds: number;
}

export interface LoadRound {
  readonly seconds: number;
  /** Total since the start. */
  readonly acked: number;
  readonly lost: number;
  readonly doubled: number;
  readonly joinSeconds: number;
  readonly uploaded: number;
  readonly downloaded: number;
  readonly afterKill: Storm;
  readonly afterStop: Storm;
  readonly residentMib: number;
  readonly descriptors: number;
  /** Latency of texts while nothing else happens. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Latency of texts during joins and transfers. */
  readonly busyP99Ms: number;
}

export interface LoadRun {
  readonly seconds: number;
  readonly commit: string;
  readonly connections: number;
  readonly joins: number;
  readonly transfers: number;
  readonly rounds: readonly LoadRound[];
  readonly refusals: readonly string[];
  /** Failures of joins, transfers and rounds. */
  readonly failures: readonly string[];
}

/** Two rounds per third, because garbage collection and other processes disturb single rounds. */
const GROWTH_ROUNDS_MIN = 6;
const PROBLEMS_PRINTED = 10;

interface Growth {
  readonly subject: string;
  readonly unit: string;
  readonly measure: (round: LoadRound) => number;
  readonly share: number;
  readonly amount: number;
}

const GROWTHS: readonly Growth[] = [
  {
    subject: "resident memory",
    unit: " MiB",
    measure: ({ residentMib }) => residentMib,
    share: 0.1,
    amount: 8,
  },
  {
    subject: "descriptors",
    unit: "",
    measure: ({ descriptors }) => descriptors,
    share: 0,
    amount: 2,
  },
  { subject: "p99 latency", unit: " ms", measure: ({ p99Ms }) => p99Ms, share: 0.25, amount: 10 },
];

export function correctnessVerdicts(run: LoadRun): Verdict[] {
  const { rounds, connections, transfers, joins, refusals, failures } = run;
  const sum = (count: (round: LoadRound) => number) =>
    rounds.reduce((total, round) => total + count(round), 0);
  const [lost, doubled] = [sum((round) => round.lost), sum((round) => round.doubled)];
  const acked = rounds.at(-1)?.acked ?? 0;
  const transferred = sum(({ uploaded, downloaded }) => uploaded + downloaded);
  const storms = rounds.flatMap(({ afterKill, afterStop }) => [afterKill, afterStop]);
  const cameBackMin = storms.length === 0 ? 0 : Math.min(...storms.map(({ cameBack }) => cameBack));
  const backWorst = Math.max(0, ...storms.map(({ backWorstSeconds }) => backWorstSeconds));
  const joinWorst = Math.max(0, ...rounds.map(({ joinSeconds }) => joinSeconds));
  return [
    {
      subject: "acknowledged texts",
      criterion: "each reaches each member of its room once; none is refused",
      found: `${acked} acknowledged, ${lost} lost, ${doubled} repeated, ${refusals.length} refused`,
      isMet: acked > 0 && lost + doubled + refusals.length === 0,
    },
    {
      subject: "joins and transfers",
      criterion:
        `in each round, ${joins} accounts join and ${transfers} transfers succeed; ` +
        "each download has the SHA-256 of its source",
      found:
        `${transferred} transfers, ${failures.length} failures; ` +
        `all joins answered within ${joinWorst.toFixed(1)} s`,
      isMet: failures.length === 0 && transferred >= transfers * rounds.length && rounds.length > 0,
    },
    {
      subject: "reconnects",
      criterion: `all ${connections} return after a kill and after a stop`,
      found: `${cameBackMin} or more, the last after ${backWorst.toFixed(1)} s`,
      isMet: cameBackMin >= connections,
    },
  ];
}

export function growthVerdicts(rounds: readonly LoadRound[]): Verdict[] {
  return GROWTHS.map(({ subject, unit, measure, share, amount }) => {
    const values = rounds.map(measure);
    const { from, to } = growthOf(values);
    const range = `between ${Math.min(...values).toFixed(0)} and ${Math.max(...values).toFixed(0)}`;
    return {
      subject,
      criterion:
        `in ${GROWTH_ROUNDS_MIN} or more rounds, the median of the last third is ≤ that of ` +
        `the first + ${share === 0 ? "" : `${share * 100} % + `}${amount}${unit}`,
      found: `${from.toFixed(0)} to ${to.toFixed(0)}${unit} in ${rounds.length} rounds, ${range}`,
      isMet: rounds.length >= GROWTH_ROUNDS_MIN && to <= from * (1 + share) + amount,
    };
  });
}

export function renderLoadReport(run: LoadRun, verdicts: readonly Verdict[]): string {
  const { seconds, commit, connections, rounds, refusals, failures } = run;
  return `${[
    "# Result of the soak under load",
    `${describeRun("npm run soak -- load", seconds, commit)}\n` +
      `${connections} connections each post one text per minute. Each round kills and restarts ` +
      "the server, stops and\nrestarts it, talks undisturbed, then talks during joins and " +
      "transfers; then memory and descriptors are measured.",
    renderVerdicts(verdicts),
    renderTable(
      [
        ...["minute", "MiB", "descriptors", "p50 ms", "p99 ms", "p99 ms during transfers"],
        ...["joins s", "back after a kill: p50, last s", "back after a stop: p50, last s", "texts"],
      ],
      rounds.map((round) => [
        (round.seconds / 60).toFixed(1),
        round.residentMib.toFixed(0),
        String(round.descriptors),
        ...[round.p50Ms, round.p99Ms, round.busyP99Ms, round.joinSeconds].map((value) =>
          value.toFixed(1),
        ),
        ...[round.afterKill, round.afterStop].map(
          ({ backP50Seconds, backWorstSeconds }) =>
            `${backP50Seconds.toFixed(1)}, ${backWorstSeconds.toFixed(1)}`,
        ),
        String(round.acked),
      ]),
    ),
    ...[...refusals, ...failures].slice(0, PROBLEMS_PRINTED).map((line) => `- ${line}`),
  ].join("\n\n")}\n`;
}
