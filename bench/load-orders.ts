/** Orders from the load's coordinator to its processes, and their answers, as lines of JSON. */
import { createInterface } from "node:readline";
import { linesOf } from "./harness.ts";

export type LoadOrder =
  | {
      readonly do: "register";
      readonly port: number;
      readonly first: number;
      readonly count: number;
    }
  | {
      readonly do: "join";
      readonly rooms: RoomPlan;
      readonly memberLimit: number;
      /** Maximum number of unanswered requests per process. */
      readonly concurrency?: number;
    }
  | { readonly do: "leave"; readonly rooms: RoomPlan }
  | {
      readonly do: "chat";
      readonly rooms: RoomPlan;
      readonly memberLimit: number;
      readonly senderStep: number;
      readonly perSecond: number;
      readonly seconds: number;
    }
  | {
      readonly do: "check";
      readonly rooms: RoomPlan;
      readonly memberLimit: number;
      readonly streams: readonly StreamCount[];
    };

export type OrderOf<Name extends LoadOrder["do"]> = Extract<LoadOrder, { do: Name }>;

/** Account `i` is in room `PREFIX-(i mod COUNT)`; its stream is `streamBase + i`. */
export interface RoomPlan {
  readonly prefix: string;
  readonly count: number;
  readonly streamBase: number;
  /** Accounts below this number are in the additional room `PREFIX-COUNT` instead. */
  readonly largeRoomMembers?: number;
}

export interface StreamCount {
  readonly stream: number;
  readonly room: number;
  readonly texts: number;
}

export interface LoadAnswer {
  readonly seconds: number;
  readonly streams: readonly StreamCount[];
  readonly lost: number;
  readonly doubled: number;
  readonly refusals: readonly string[];
  readonly latencies: readonly (readonly [number, number])[];
  readonly offlineMs: readonly number[];
}

export const EMPTY_ANSWER: LoadAnswer = {
  seconds: 0,
  streams: [],
  lost: 0,
  doubled: 0,
  refusals: [],
  latencies: [],
  offlineMs: [],
};

export class LoadProcess {
  readonly #child;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string, args: readonly string[] = []) {
    this.#child = Bun.spawn([process.execPath, program, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = linesOf(this.#child.stdout);
  }

  async execute<Order extends object, Result>(order: Order): Promise<Result> {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    this.#child.stdin.flush();
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`a load process ended during ${JSON.stringify(order)}`);
    const result = JSON.parse(value);
    if (result.failure !== undefined) throw new Error(result.failure);
    return result;
  }

  async kill(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }
}

export async function serveOrders<Order>(answer: (order: Order) => Promise<object>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const result = await answer(JSON.parse(line)).catch((error) => ({
      failure: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }));
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  process.exit(0);
}
