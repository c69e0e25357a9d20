import { expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../src/base/fault.ts";
import { nativeHashing } from "../../src/cli/connect/hashing.ts";
import { deviceKeys } from "../../src/cli/connect/keys.ts";
import { Client } from "../../src/client/client.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import type { Request } from "../../src/wire/messages.ts";
import { ANA, ClientFixture, PINNED_ADDRESS } from "./client-fixture.ts";

/** Processes of one home that come and are killed, over a network that fails: as plain data. */
type Step =
  | { readonly kind: "post"; readonly process: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "cut" | "server-away" | "server-back" | "not-now" }
  | { readonly kind: "kill" | "quit"; readonly process: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("post"), process: fc.nat({ max: 1 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("wait"), ms: fc.nat({ max: 400 }) }) },
  fc.record({ kind: fc.constantFrom("cut", "server-away", "server-back", "not-now") }),
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("kill", "quit"), process: fc.nat({ max: 1 }) }),
  },
) as fc.Arbitrary<Step>;

/** One run of the program. Killed, it reaches neither the disk nor the network any more. */
class Run {
  readonly client: Client;
  readonly written: string[] = [];
  /** Those that reached the disk. */
  readonly kept: string[] = [];
  readonly ready: Promise<unknown>;
  isDead = false;

  constructor(fixture: ClientFixture) {
    const dial = fixture.network.dialFrom("home");
    const { outboxes } = fixture.state;
    const own = {
      write: (...args: Parameters<typeof outboxes.write>) => {
        if (this.isDead) return;
        outboxes.write(...args);
        for (const { body } of args[1].added) this.kept.push(String(JSON.parse(body).text));
      },
      adopt: (...args: Parameters<typeof outboxes.adopt>) => outboxes.adopt(...args),
      release: (id: string) => {
        if (!this.isDead) outboxes.release(id);
      },
    };
    const state = new Proxy(fixture.state, {
      get: (target, name) => {
        if (name === "outboxes") return own;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const parts = {
      clock: fixture.clock,
      entropy: systemEntropy(),
      state,
      keys: deviceKeys(fixture.device, state),
      hashing: nativeHashing(),
      dial: () =>
        this.isDead
          ? Promise.reject(new Fault("unreachable", "dead"))
          : dial({ host: "server", port: 2428, timeoutMs: 1_000 }),
    };
    const options = {
      address: PINNED_ADDRESS,
      program: "t",
      follow: "none",
      credentials: ANA,
    } as const;
    this.client = new Client(parts, options);
    this.ready = this.client.connect().catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
    });
  }

  post(text: string): void {
    if (this.isDead || this.client.user === undefined) return;
    this.written.push(text);
    this.client.post("lobby", { text }).catch(() => undefined);
  }
}

class World {
  readonly fixture = new ClientFixture();
  readonly runs: Run[] = [];
  readonly #slots: (Run | undefined)[] = [undefined, undefined];
  #isUp = true;
  #count = 0;

  async step(step: Step): Promise<void> {
    const { fixture } = this;
    switch (step.kind) {
      case "post":
        return (await this.#run(step.process)).post(`text ${this.#count++}`);
      case "wait":
        return fixture.clock.advance(step.ms);
      case "cut":
        return fixture.network.cut();
      case "server-away":
        if (this.#isUp) await fixture.outcome(fixture.server.stop());
        fixture.network.cut();
        this.#isUp = false;
        return;
      case "server-back":
        if (!this.#isUp) fixture.server.start();
        this.#isUp = true;
        return;
      case "not-now":
        fixture.server.mischief.onRequest = this.#notNow(fixture.clock.now() + 300);
        return;
      default:
        return this.#end(step.process, step.kind);
    }
  }

  /** Refuses posts for a while, and after a refused one all later ones until it comes again. */
  #notNow(until: number): (request: Request) => Fault | undefined {
    const held = new Map<string, number>();
    return (request) => {
      if (request.kind !== "post") return undefined;
      const { outbox, counter } = request;
      const isBehind = counter > (held.get(outbox) ?? Number.POSITIVE_INFINITY);
      if (!isBehind) held.delete(outbox);
      if (!isBehind && this.fixture.clock.now() >= until) return undefined;
      if (!isBehind) held.set(outbox, counter);
      return new Fault("too-fast", "wait", { retryAfterMs: 100 });
    };
  }

  async #run(slot: number): Promise<Run> {
    const known = this.#slots[slot];
    if (known !== undefined) return known;
    const run = new Run(this.fixture);
    this.runs.push(run);
    this.#slots[slot] = run;
    for (let i = 0; i < 20 && run.client.user === undefined; i++)
      await this.fixture.clock.advance(1);
    if (run.client.user === undefined) this.#slots[slot] = undefined; // Nobody answered.
    return run;
  }

  async #end(slot: number, how: "kill" | "quit"): Promise<void> {
    const run = this.#slots[slot];
    this.#slots[slot] = undefined;
    if (run === undefined) return;
    if (how === "quit") await this.fixture.outcome(run.client.close());
    run.isDead = true;
    // The system takes the locks of this process only.
    const held = this.#slots.filter((other) => other !== undefined);
    this.fixture.state.outboxes.close();
    for (const other of held) other.post(`text ${this.#count++}`); // They hold theirs again.
    await this.fixture.clock.advance(1);
    if (how === "kill") this.fixture.network.cut();
  }

  /** The faults stop; everybody quits; one more run brings what is left. */
  async calm(): Promise<string[]> {
    const { fixture } = this;
    await this.step({ kind: "server-back" });
    fixture.server.mischief = {};
    await fixture.clock.advance(70_000);
    for (const slot of [0, 1]) await this.#end(slot, "quit");
    const last = new Run(fixture);
    await fixture.outcome(last.ready);
    await fixture.outcome(last.client.drain());
    return fixture.server.texts();
  }
}

test("whatever ends, by itself or by force: what was kept is said once, each run's in order", () =>
  fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 60, size: "max" }), async (steps) => {
      const world = new World();
      for (const step of steps) await world.step(step);
      const said = await world.calm();
      expect(new Set(said).size).toBe(said.length);
      for (const { written, kept } of world.runs) {
        expect(kept.filter((text) => !said.includes(text))).toEqual([]);
        const own = said.filter((text) => written.includes(text));
        expect(own).toEqual(written.filter((text) => said.includes(text)));
      }
    }),
    { numRuns: 60 },
  ));
