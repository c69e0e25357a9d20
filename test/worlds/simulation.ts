import { VirtualClock } from "../client/virtual-clock.ts";
import { MachineStopped } from "../io/disk/sim-tree.ts";
import { Captures } from "./captures.ts";
import type { Platform } from "./platform.ts";
import { ReferenceModel } from "./reference-model.ts";
import { SeededRandom, Trace } from "./seeded-random.ts";

export abstract class Simulation {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly trace = new Trace(process.env["CHAT_TRACE"] !== undefined);
  readonly model = new ReferenceModel(this.clock);
  abstract readonly platform: Platform;
  #failure: { readonly error: unknown } | undefined;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  abstract run(): Promise<string>;

  protected abstract restart(): void;

  protected createPlatform(own: Pick<Platform, "weather"> & Partial<Platform>): Platform {
    const { clock, random, trace, model } = this;
    return {
      clock,
      random,
      trace,
      model,
      captures: new Captures(),
      sentKinds: new Set(),
      mutant: {},
      isDiskFine: true,
      postsPerSecond: undefined,
      fail: this.fail,
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

  /** Also handles rejections of promises that nothing awaits. */
  readonly fail = (error: unknown): void => {
    if (error instanceof MachineStopped) return;
    this.#failure ??= { error };
  };

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    if (this.#failure !== undefined) throw this.#failure.error;
    this.restart();
  }
}
