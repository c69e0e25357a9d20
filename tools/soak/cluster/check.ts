/** Checks of the cluster's guarantees after a disruption. */
import { until } from "../../../test/event.ts";
import { type Machine, statusOf } from "./machines.ts";
import { countReadErrors, countTexts, parseTexts, type TextCounts } from "./texts.ts";
import type { TypingClient } from "./typing-client.ts";

const SETTLE_TIMEOUT_MS = 120_000;
const STATUS_INTERVAL_MS = 5_000;

export interface CheckResult {
  readonly acked: number;
  readonly lost: number;
  readonly doubled: number;
  readonly disordered: number;
  readonly readErrors: number;
  readonly settledMs: number;
  readonly errors: readonly string[];
  /** Whether a node has become read-only, so that no further round is possible. */
  readonly hasStoppedNode: boolean;
}

export async function checkCluster(
  machines: readonly Machine[],
  clients: readonly TypingClient[],
): Promise<CheckResult> {
  const errors: string[] = [];
  const startedAt = performance.now();
  let stopped: readonly string[] = [];
  const statusTimer = setInterval(async () => {
    const nodes = await nodesOf(machines);
    stopped = nodes.filter(({ state }) => state !== "follows").map(({ address }) => address);
  }, STATUS_INTERVAL_MS);
  const check = async (description: string, condition: () => boolean | Promise<boolean>) => {
    try {
      await until(description, () => stopped.length > 0 || condition(), SETTLE_TIMEOUT_MS);
    } catch (error) {
      errors.push(String(error));
    }
  };
  await check("all texts are acknowledged", () =>
    clients.every(({ acked, typed }) => acked.length >= typed),
  );
  const settledMs = performance.now() - startedAt;
  for (const name of ["history", "accounts"] as const) {
    await check(`${name} logs are equal`, () => {
      return new Set(machines.map((machine) => machine.log(name))).size === 1;
    });
  }
  await check("all nodes follow with the same root", () => haveSameRoot(machines));
  for (const machine of machines) {
    const { exitCode, out, err } = await machine.chat(machine.disk("nats"), ...verify(machine));
    if (exitCode !== 0) errors.push(`${machine.name}: verify: ${exitCode} ${out}${err}`);
  }
  const logs = machines.map((machine) => machine.log("history"));
  const texts = parseTexts(logs.find((log, i) => logs.indexOf(log) < i) ?? logs[0] ?? "");
  const counts = clients.map(({ name, acked }) => countTexts(name, acked, texts));
  const sum = (field: (count: TextCounts) => number) =>
    counts.reduce((total, count) => total + field(count), 0);
  await check("all readers have the last text", () =>
    clients.every(({ displayed }) => displayed.at(-1)?.seq === texts.at(-1)?.seq),
  );
  clearInterval(statusTimer);
  for (const address of stopped) errors.push(`${address} stopped following`);
  const readErrors = clients.map(({ displayed, skipped }) =>
    countReadErrors(displayed, texts, skipped),
  );
  for (const { name, isRunning, acked, errors: clientErrors } of clients) {
    const twice = acked.length - new Set(acked.map(({ text }) => text)).size;
    if (twice > 0) errors.push(`${name} received ${twice} acknowledgements twice`);
    if (!isRunning) errors.push(`${name} exited`);
    errors.push(...[...new Set(clientErrors.splice(0))].map((line) => `${name}: ${line}`));
  }
  return {
    acked: clients.reduce((all, { acked }) => all + acked.length, 0),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    disordered: sum(({ disordered }) => disordered),
    readErrors: readErrors.reduce((total, count) => total + count, 0),
    settledMs,
    errors,
    hasStoppedNode: stopped.length > 0,
  };
}

function verify({ data }: Machine): string[] {
  return ["verify", "--data", data];
}

async function nodesOf([first]: readonly Machine[]) {
  const status = first === undefined ? [] : await statusOf(first);
  return status.filter((entry) => entry.kind === "node");
}

async function haveSameRoot(machines: readonly Machine[]): Promise<boolean> {
  const nodes = await nodesOf(machines);
  return (
    nodes.length === machines.length &&
    nodes.every(({ state, lag }) => state === "follows" && lag === 0) &&
    new Set(nodes.map(({ root }) => root)).size === 1
  );
}
