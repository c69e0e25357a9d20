import { VirtualClock } from "../client/virtual-clock.ts";
import { MachineStopped } from "../io/disk/sim-tree.ts";
import { Captures } from "./captures.ts";
import { Dice, Trace } from "./dice.ts";
import type { Platform } from "./platform.ts";
import { Witness } from "./witness.ts";

export abstract class Simulation {
  readonly clock = new VirtualClock();
  readonly dice: Dice;
  /** `CHAT_TELL=1` keeps the lines, for reading. */
  readonly trace = new Trace(process.env["CHAT_TELL"] !== undefined);
  readonly witness = new Witness(this.clock);
  abstract readonly around: Platform;
  #failure: { readonly error: unknown } | undefined;

  constructor(seed: number) {
    this.dice = new Dice(seed);
  }

  /** First faults, then calm. @returns what tells this run from any other */
  abstract run(): Promise<string>;

  protected abstract restart(): void;

  protected platform(own: Pick<Platform, "weather"> & Partial<Platform>): Platform {
    const { clock, dice, trace, witness } = this;
    return {
      ...{ clock, dice, trace, witness, captures: new Captures(), asked: new Set(), mutant: {} },
      ...{ isDiskFine: true, postsPerSecond: undefined, fail: this.fail },
      guard: (check) => {
        try {
          check();
        } catch (error) {
          this.fail(error);
        }
      },
      ...own,
    };
  }

  /** Also for what nobody awaits: a rejection without a handler. */
  readonly fail = (error: unknown): void => {
    if (error instanceof MachineStopped) return; // Of a server that is gone.
    this.#failure ??= { error };
  };

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    if (this.#failure !== undefined) throw this.#failure.error;
    this.restart();
  }
}
