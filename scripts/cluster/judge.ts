/** What has to hold whatever happened to the machines, once they are all well again. */
import { until } from "../../test/event.ts";
import { type Machine, statusOf } from "./machines.ts";
import type { Typist } from "./typist.ts";
import { missedBy, textsOf, type Words, wordsOf } from "./words.ts";

const SETTLED_WITHIN_MS = 120_000;
const WATCHED_EVERY_MS = 5_000;

export interface Judgement {
  readonly acked: number;
  readonly lost: number;
  readonly doubled: number;
  readonly disordered: number;
  /** Texts that a client has not shown, or shown twice, or not in their order. */
  readonly missedByReaders: number;
  /** From the end of the trouble until all was answered. */
  readonly settledMs: number;
  readonly complaints: readonly string[];
  /** A node does not follow any more: there is no next round. */
  readonly isOver: boolean;
}

export async function judge(
  machines: readonly Machine[],
  typists: readonly Typist[],
): Promise<Judgement> {
  const complaints: string[] = [];
  const began = performance.now();
  // Nothing settles any more with a node that has stopped to follow.
  let stopped: readonly string[] = [];
  const watching = setInterval(async () => {
    const nodes = await nodesOf(machines);
    stopped = nodes.filter(({ state }) => state !== "follows").map(({ address }) => address);
  }, WATCHED_EVERY_MS);
  const within = async (what: string, look: () => boolean | Promise<boolean>) => {
    try {
      await until(what, () => stopped.length > 0 || look(), SETTLED_WITHIN_MS);
    } catch (error) {
      complaints.push(String(error));
    }
  };
  await within("all is answered", () => typists.every(({ acked, typed }) => acked.length >= typed));
  const settledMs = performance.now() - began;
  for (const name of ["history", "accounts"] as const) {
    await within(`the same ${name} everywhere`, () => {
      return new Set(machines.map((machine) => machine.log(name))).size === 1;
    });
  }
  await within("all follow, with one root", () => areAlike(machines));
  for (const machine of machines) {
    const { exitCode, out, err } = await machine.chat(machine.disk("nats"), ...verify(machine));
    if (exitCode !== 0) complaints.push(`${machine.name}: verify: ${exitCode} ${out}${err}`);
  }
  const logs = machines.map((machine) => machine.log("history"));
  const texts = textsOf(logs.find((one, i) => logs.indexOf(one) < i) ?? logs[0] ?? "");
  const counts = typists.map(({ name, acked }) => wordsOf(name, acked, texts));
  const sum = (of: (count: Words) => number) => counts.reduce((all, one) => all + of(one), 0);
  await within("all readers have the last word", () =>
    typists.every(({ shown }) => shown.at(-1)?.seq === texts.at(-1)?.seq),
  );
  clearInterval(watching);
  for (const address of stopped) complaints.push(`${address} does not follow any more`);
  const missed = typists.map(({ shown, skipped }) => missedBy(shown, texts, skipped));
  for (const { name, isRunning, acked, complaints: own } of typists) {
    const twice = acked.length - new Set(acked.map(({ text }) => text)).size;
    if (twice > 0) complaints.push(`${name} was told of ${twice} texts again`);
    if (!isRunning) complaints.push(`${name} has ended`);
    complaints.push(...[...new Set(own.splice(0))].map((line) => `${name}: ${line}`));
  }
  return {
    acked: typists.reduce((all, { acked }) => all + acked.length, 0),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    disordered: sum(({ disordered }) => disordered),
    missedByReaders: missed.reduce((all, one) => all + one, 0),
    ...{ settledMs, complaints, isOver: stopped.length > 0 },
  };
}

function verify({ data }: Machine): string[] {
  return ["verify", "--data", data];
}

async function nodesOf([first]: readonly Machine[]) {
  const status = first === undefined ? [] : await statusOf(first);
  return status.filter((one) => one.kind === "node");
}

async function areAlike(machines: readonly Machine[]): Promise<boolean> {
  const nodes = await nodesOf(machines);
  return (
    nodes.length === machines.length &&
    nodes.every(({ state, lag }) => state === "follows" && lag === 0) &&
    new Set(nodes.map(({ root }) => root)).size === 1
  );
}
