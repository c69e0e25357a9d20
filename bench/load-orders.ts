/** What the load's coordinator and its processes say to each other: one JSON object a line. */
import { createInterface } from "node:readline";

export type LoadOrder =
  /** So many accounts log in, the first with this number. */
  | { readonly do: "enter"; readonly port: number; readonly first: number; readonly count: number }
  /** Each account whose number is below `below` enters the room of its number. */
  | { readonly do: "join"; readonly rooms: RoomPlan; readonly below: number }
  /** The accounts of `every` take turns; ends when all that was said is acknowledged. */
  | {
      readonly do: "chat";
      readonly rooms: RoomPlan;
      readonly below: number;
      readonly every: number;
      readonly perSecond: number;
      readonly seconds: number;
      /** So many links are cut and come back. */
      readonly dropsPerSecond?: number;
      /** A line `STREAM NUMBER` for each acknowledgement: a process that is killed leaves it. */
      readonly acksPath?: string;
    }
  /** All links end; they come back with the next `chat`. */
  | { readonly do: "rest" }
  /** Waits until each of them has heard all of its room. */
  | {
      readonly do: "check";
      readonly rooms: RoomPlan;
      readonly below: number;
      readonly said: readonly Said[];
    };

/** Account `i` is in the room `PREFIX-(i mod COUNT)`. Streams of one plan share a base. */
export interface RoomPlan {
  readonly prefix: string;
  readonly count: number;
  readonly streamBase: number;
}

/** A stream's room and how many texts were acknowledged. */
export interface Said {
  readonly stream: number;
  readonly room: number;
  readonly texts: number;
}

export interface LoadAnswer {
  readonly seconds: number;
  readonly said: readonly Said[];
  readonly lost: number;
  readonly doubled: number;
  readonly refusals: readonly string[];
  /** Deliveries by tenths of milliseconds. */
  readonly latencies: readonly (readonly [number, number])[];
  readonly awayMs: readonly number[];
}

export const NOTHING: LoadAnswer = {
  seconds: 0,
  said: [],
  lost: 0,
  doubled: 0,
  refusals: [],
  latencies: [],
  awayMs: [],
};

/** A process that takes orders. */
export class LoadProcess {
  readonly #child;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string, args: readonly string[] = []) {
    this.#child = Bun.spawn([process.execPath, program, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = linesOf(this.#child.stdout);
  }

  get pid(): number {
    return this.#child.pid;
  }

  async obey<Order extends object, Result>(order: Order): Promise<Result> {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    this.#child.stdin.flush();
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`a load process ended during ${JSON.stringify(order)}`);
    const result = JSON.parse(value);
    if (result.failure !== undefined) throw new Error(result.failure);
    return result;
  }

  async kill(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    this.#child.kill(signal);
    await this.#child.exited;
  }
}

/** Answers each order of standard input, one after the other; the end of input is the end. */
export async function answerOrders<Order>(
  answer: (order: Order) => Promise<object>,
): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const result = await answer(JSON.parse(line)).catch((error) => ({
      failure: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }));
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  process.exit(0);
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  return undefined;
}
