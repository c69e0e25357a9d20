/** Growth and tables in the reports of the soaks. */
import { describeMachine } from "../../bench/machine.ts";
import { renderTable, spreadOf } from "../../bench/samples.ts";

export interface Verdict {
  readonly subject: string;
  readonly criterion: string;
  readonly found: string;
  readonly isMet: boolean;
}

/** Medians of the first and the last third; `NaN` if there are no values. */
export function growthOf(values: readonly number[]): {
  readonly from: number;
  readonly to: number;
} {
  const third = Math.ceil(values.length / 3);
  const median = (group: readonly number[]) => spreadOf(group)?.median ?? Number.NaN;
  return { from: median(values.slice(0, third)), to: median(values.slice(-third)) };
}

export function describeRun(command: string, seconds: number, commit: string): string {
  const { cores, cpu, bun } = describeMachine();
  const at = new Date().toISOString().slice(0, 16).replace("T", " ");
  return (
    `\`${command}\` ran for ${(seconds / 60).toFixed(0)} minutes until ${at} UTC,\n` +
    `on ${cores} cores (${cpu}), Bun ${bun}, commit ${commit}.`
  );
}

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  return renderTable(
    ["subject", "criterion", "measured", ""],
    verdicts.map(({ subject, criterion, found, isMet }) => [
      subject,
      criterion,
      found,
      isMet ? "met" : "**missed**",
    ]),
  );
}
