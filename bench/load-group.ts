/** Groups of processes that share the load's accounts or transfers. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import {
  EMPTY_ANSWER,
  type LoadAnswer,
  type LoadOrder,
  LoadProcess,
  type OrderOf,
} from "./load-orders.ts";
import type { TransfersAnswer, TransfersOrder } from "./load-transfers.ts";
import { quantile } from "./samples.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

export const LOAD_PROCESSES = Math.max(2, Math.min(4, availableParallelism()));
/** Descriptors that the server needs beyond its connections. */
const OTHER_DESCRIPTORS = 1_000;

export class LoadGroup {
  readonly #processes: readonly LoadProcess[];

  constructor(processes = LOAD_PROCESSES) {
    const program = join(import.meta.dir, "load-members.ts");
    this.#processes = Array.from({ length: processes }, () => new LoadProcess(program));
  }

  get size(): number {
    return this.#processes.length;
  }

  async register(port: number, accounts: number, first = 0): Promise<LoadAnswer> {
    const each = Math.ceil(accounts / this.#processes.length);
    return await this.#executeAll((i) => {
      const count = Math.max(0, Math.min(each, accounts - i * each));
      return { do: "register", port, first: first + i * each, count };
    });
  }

  async execute(order: LoadOrder): Promise<LoadAnswer> {
    return await this.#executeAll(() => order);
  }

  /** Posts, then waits until each member has each acknowledged text of its room. */
  async chatAndCheck(order: Omit<OrderOf<"chat">, "do">): Promise<LoadAnswer> {
    const { seconds, streams: all } = await this.execute({ do: "chat", ...order });
    const streams = all.filter(({ texts }) => texts > 0);
    const { rooms, memberLimit } = order;
    const checked = await this.execute({ do: "check", rooms, memberLimit, streams });
    return { ...checked, seconds, streams };
  }

  async kill(): Promise<void> {
    for (const child of this.#processes) await child.kill();
  }

  async #executeAll(orderOf: (process: number) => LoadOrder): Promise<LoadAnswer> {
    const answers = await Promise.all(
      this.#processes.map((child, i) => child.execute<LoadOrder, LoadAnswer>(orderOf(i))),
    );
    return answers.reduce(
      (sum, answer) => ({
        seconds: Math.max(sum.seconds, answer.seconds),
        streams: [...sum.streams, ...answer.streams],
        lost: sum.lost + answer.lost,
        doubled: sum.doubled + answer.doubled,
        refusals: [...sum.refusals, ...answer.refusals],
        latencies: [...sum.latencies, ...answer.latencies],
        offlineMs: [...sum.offlineMs, ...answer.offlineMs],
      }),
      EMPTY_ANSWER,
    );
  }
}

export class TransferGroup {
  readonly #processes: readonly LoadProcess[];

  constructor() {
    const program = join(import.meta.dir, "load-transfers.ts");
    this.#processes = Array.from({ length: LOAD_PROCESSES }, () => new LoadProcess(program));
  }

  async register(port: number, clients: number): Promise<void> {
    const count = Math.ceil(clients / this.#processes.length);
    for (const [i, child] of this.#processes.entries()) {
      const order = { do: "register", port, name: `t${i}x`, count } as const;
      await child.execute<TransfersOrder, TransfersAnswer>(order);
    }
  }

  /** Half of the clients send a file; the others fetch one and compare its SHA-256. */
  async transfer(sizeBytes: number): Promise<TransfersAnswer> {
    const started = performance.now();
    const answers = await Promise.all(
      this.#processes.map((child) =>
        child.execute<TransfersOrder, TransfersAnswer>({ do: "transfer", sizeBytes }),
      ),
    );
    const sum = (field: "uploaded" | "downloaded") =>
      answers.reduce((total, answer) => total + answer[field], 0);
    return {
      uploaded: sum("uploaded"),
      downloaded: sum("downloaded"),
      seconds: (performance.now() - started) / 1000,
      failures: answers.flatMap(({ failures }) => failures),
    };
  }

  async kill(): Promise<void> {
    for (const child of this.#processes) await child.kill();
  }
}

export async function restartServer(
  server: ServerProcess,
  end: "kill" | "stop",
): Promise<{ readonly server: ServerProcess; readonly startSeconds: number }> {
  if (end === "kill") await server.kill();
  else await server.stop(true);
  const stopped = performance.now();
  const restarted = await startServer(undefined, server.folder, server.port);
  return { server: restarted, startSeconds: (performance.now() - stopped) / 1000 };
}

export function reconnectsOf({ offlineMs }: LoadAnswer) {
  const sorted = [...offlineMs].sort((a, b) => a - b);
  return {
    backP50Seconds: quantile(sorted, 0.5) / 1000,
    backWorstSeconds: quantile(sorted, 1) / 1000,
    cameBack: sorted.length,
  };
}

export function latenciesOf({ latencies }: LoadAnswer) {
  const sorted = [...latencies].sort(([a], [b]) => a - b);
  const count = sorted.reduce((sum, [, times]) => sum + times, 0);
  const at = (share: number) => {
    let cumulative = 0;
    for (const [tenth, times] of sorted) {
      cumulative += times;
      if (cumulative > count * share) return tenth / 10;
    }
    return (sorted.at(-1)?.[0] ?? 0) / 10;
  };
  return { deliveries: count, p50Ms: at(0.5), p99Ms: at(0.99), worstMs: at(1) };
}

export function requireDescriptors(connections: number): void {
  const needed = connections + OTHER_DESCRIPTORS;
  const limits = readFileSync("/proc/self/limits", "latin1");
  const limit = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? 0);
  if (limit >= needed) return;
  throw new Error(`limit of ${limit} open files is too low: run ulimit -n ${needed}`);
}
