import { Fault } from "../../src/base/fault.ts";
import { type DiskCall, type DiskFailure, SimDisk } from "../io/disk/sim.ts";
import { MachineStopped } from "../io/disk/sim-tree.ts";
import { SWEEP_STEP } from "../samples.ts";
import { randomOf } from "./disk-world.ts";

/** Tries each fault at each call in the soak; otherwise the faults alternate. */
const IS_THOROUGH = SWEEP_STEP === 1;

export const TROUBLES = {
  fails: "EIO",
  "finds no space": "ENOSPC",
  "writes only a part": "short",
  "is the machine's last": "stop",
} as const satisfies Record<string, DiskFailure | "stop">;
export type Failing = (typeof TROUBLES)[keyof typeof TROUBLES];

export type Aftermath = "the process continues" | "a kill" | "a power loss";

interface Way {
  readonly isLasting: boolean;
  readonly aftermath: Aftermath;
}

const CRASHES: readonly Aftermath[] = ["a kill", "a power loss"];
const AFTERMATHS: readonly Aftermath[] = [...CRASHES, "the process continues"];

function waysOf(trouble: Failing): Way[] {
  if (trouble === "stop") return CRASHES.map((aftermath) => ({ isLasting: true, aftermath }));
  return [false, trouble !== "short"].flatMap((isLasting) =>
    AFTERMATHS.map((aftermath) => ({ isLasting, aftermath })),
  );
}

const GROWING: ReadonlySet<DiskCall> = new Set<DiskCall>([
  ...(["open", "makeFolder", "write", "sync", "syncFolder", "rename"] as const),
]);

export class FailingMachine {
  readonly disk: SimDisk;
  hasFailed = false;
  #trouble: Failing | undefined;
  #isLasting = false;
  #at = 0;

  constructor(seed: number) {
    this.disk = new SimDisk({
      random: randomOf(seed),
      failure: (call, _path, number) => this.#troubleOf(call, number),
    });
  }

  arm(trouble: Failing, isLasting: boolean, call: number): void {
    this.#trouble = trouble;
    this.#isLasting = isLasting;
    this.#at = this.disk.calls + call;
    this.hasFailed = false;
    if (trouble === "stop") this.disk.stopAt(this.#at);
  }

  disarm(): void {
    this.#trouble = undefined;
    this.hasFailed ||= this.disk.isStopped;
    if (!this.disk.isStopped) this.disk.stopAt(Number.POSITIVE_INFINITY);
  }

  get isPast(): boolean {
    return this.disk.calls < this.#at;
  }

  #troubleOf(call: DiskCall, number: number): DiskFailure | undefined {
    const trouble = this.#trouble;
    if (trouble === undefined || trouble === "stop" || number < this.#at) return undefined;
    if (!this.#isLasting && number > this.#at) return undefined;
    if (trouble === "short" && call !== "write") return undefined;
    if (trouble === "ENOSPC" && !GROWING.has(call)) return undefined;
    this.hasFailed = true;
    return trouble;
  }
}

export interface FailingWorld {
  readonly machine: FailingMachine;
  run(): Promise<void>;
  /**
   * Checks the data and runs the operation again without faults.
   * @throws if an invariant is violated
   */
  resume(aftermath: Aftermath): Promise<void>;
}

/**
 * Fails the first call of the operation, then the second, and so on up to the last.
 * @param stride for slow operations: only every `stride`-th call fails
 */
export async function failEach(
  trouble: Failing,
  make: (seed: number) => Promise<FailingWorld>,
  stride = 1,
): Promise<number> {
  const ways = waysOf(trouble);
  const step = IS_THOROUGH ? 1 : stride;
  const first = 1 + (Object.values(TROUBLES).indexOf(trouble) % step);
  for (let call = first; ; call += step) {
    const turn = ways[Math.floor(call / step) % ways.length];
    let isPast = false;
    for (const way of IS_THOROUGH || turn === undefined ? ways : [turn]) {
      const { isLasting, aftermath } = way;
      const how = `${trouble} at call ${call}${isLasting ? " and after it" : ""}, ${aftermath}`;
      try {
        isPast = await failOnce(await make(call), trouble, call, way);
      } catch (error) {
        throw new Error(`${how}: ${String(error)}`, { cause: error });
      }
    }
    if (isPast) return call - 1;
  }
}

async function failOnce(
  world: FailingWorld,
  trouble: Failing,
  call: number,
  { isLasting, aftermath }: Way,
): Promise<boolean> {
  const { machine } = world;
  machine.arm(trouble, isLasting, call);
  let fault: unknown;
  try {
    await world.run();
  } catch (error) {
    fault = error;
  }
  machine.disarm();
  const { isPast, hasFailed } = machine;
  const isExpected = hasFailed && (fault instanceof Fault || fault instanceof MachineStopped);
  if (fault !== undefined && !isExpected) throw fault;
  if (hasFailed || isPast) await world.resume(aftermath);
  return isPast;
}
