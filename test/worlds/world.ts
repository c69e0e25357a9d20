import { VirtualClock } from "../client/virtual-clock.ts";
import { Device, Home } from "./device.ts";
import { Dice, Trace } from "./dice.ts";
import { Machine } from "./machine.ts";
import { drawOperation, type Operation, PEOPLE, type Temper, temperOf } from "./operation.ts";
import { perform } from "./performance.ts";
import type { Mutant, Platform } from "./platform.ts";
import { Captures } from "./stranger.ts";
import { demand, HOSTILE, Witness } from "./witness.ts";

/** Longer than the longest pause between two attempts, and than any silence is borne. */
const CALM_MS = 150_000;

export interface WorldOptions {
  readonly mutant?: Mutant;
  /** Keeps what happened, for reading. */
  readonly isTold?: boolean;
}

/** The real server and real clients in one process, under one seed. */
export class World {
  readonly clock = new VirtualClock();
  readonly dice: Dice;
  readonly trace: Trace;
  readonly witness: Witness;
  readonly temper: Temper;
  readonly machine: Machine;
  readonly devices: Device[] = [];
  readonly around: Platform;
  /** What lets the links go on that do not read at the moment. */
  readonly stalls: (() => void)[] = [];
  /** Before it links are slow, or not reached at all. */
  isCalm = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(seed: number, options: WorldOptions = {}) {
    const { clock } = this;
    this.dice = new Dice(seed);
    this.trace = new Trace(options.isTold === true);
    this.witness = new Witness(clock);
    this.temper = temperOf(this.dice);
    const fail = this.fail.bind(this);
    this.around = {
      clock,
      dice: this.dice,
      trace: this.trace,
      witness: this.witness,
      captures: new Captures(),
      mutant: options.mutant ?? {},
      isDiskFine: this.temper.weights.full + this.temper.weights.disk === 0,
      postsPerSecond: this.temper.postsPerSecond,
      weather: {
        delayMs: () => this.dice.int(this.isCalm ? 5 : this.temper.delayMsMax),
        isReachable: () => this.isCalm || !this.dice.chance(this.temper.unreachable),
      },
      fail,
      guard: (check) => {
        try {
          check();
        } catch (error) {
          fail(error);
        }
      },
    };
    this.machine = new Machine(this.around);
    this.#settle();
  }

  /** Those who keep to the protocol, and of whom something is promised. */
  get honest(): Device[] {
    return this.devices.filter(({ isHostile }) => !isHostile);
  }

  /** Also for what nobody awaits: a rejection without a handler. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** First faults, then calm. @returns what tells this run from any other */
  async run(): Promise<string> {
    void this.machine.start();
    await this.advance(50);
    for (const device of this.devices) device.start();
    await this.advance(this.dice.pick([0, 400, 3_000]));
    for (const room of this.temper.rooms) await this.#found(room);
    for (let i = 0; i < this.temper.steps; i++) await this.#step();
    await this.#calm();
    this.check();
    await this.#checkPresence();
    return this.trace.digest();
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    if (this.#failure !== undefined) throw this.#failure.error;
    const { restartAt } = this.machine;
    if (restartAt !== undefined && this.clock.now() >= restartAt) void this.#restart();
  }

  #settle(): void {
    const people = this.temper.isBetrayed ? [...PEOPLE, HOSTILE] : PEOPLE;
    for (const user of people) {
      const homes = user === HOSTILE ? 1 : 1 + this.dice.int(this.temper.homesMax);
      for (let i = 0; i < homes; i++) {
        const home = new Home(this.around, user, `${user}${i}`);
        const programs = this.dice.chance(0.15) ? 2 : 1;
        for (let j = 0; j < programs; j++) {
          const name = `${home.name}${"ab"[j]}`;
          this.devices.push(new Device(this.around, this.machine, home, name));
        }
      }
    }
  }

  async #restart(): Promise<void> {
    try {
      await this.machine.start();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Somebody makes a room, and most others come. */
  async #found(room: string): Promise<void> {
    const first = this.dice.int(this.devices.length);
    for (const kind of ["create", "join"] as const) {
      for (const by of this.devices.keys()) {
        const isMeant = kind === "create" ? by === first : this.dice.chance(0.7);
        if (isMeant) perform({ kind, by, room }, this);
      }
      await this.advance(100);
    }
  }

  async #step(): Promise<void> {
    const operation: Operation = drawOperation(this.dice, this.temper, this.devices.length);
    this.trace.note(`${this.clock.now()} ${JSON.stringify(operation)}`);
    perform(operation, this);
    await this.advance(this.dice.int(this.temper.pauseMsMax));
  }

  async #calm(): Promise<void> {
    this.trace.note(`${this.clock.now()} calm`);
    this.isCalm = true;
    Object.assign(this.machine.weather, { fullPercent: 0, shortPercent: 0, brokenPercent: 0 });
    this.machine.disk.leave(1 << 30);
    this.machine.stopWithin(Number.POSITIVE_INFINITY);
    for (const device of this.devices) {
      device.look();
      if (device.isHostile) device.kill(false);
    }
    for (const release of this.stalls.splice(0)) release();
    const until = this.clock.now() + CALM_MS;
    for (let i = 0; this.clock.now() < until; i++) {
      for (const device of this.honest) device.askWhenSent();
      await this.advance(i < 20 ? 50 : 500);
      for (const device of this.honest) {
        if (!device.isRunning) device.start();
        if (device.isLoggedOut && !device.isBusy) device.ask(() => device.logIn());
      }
      if (this.#isQuiet()) break;
    }
    await this.advance(1_000);
  }

  /** Everybody is in, and nothing waits. */
  #isQuiet(): boolean {
    const { honest: devices, machine } = this;
    const running = devices.filter(({ client }) => client.isConnected && client.user !== undefined);
    const open = devices.reduce((sum, device) => sum + device.openPosts, 0);
    return (
      machine.isUp &&
      devices.every(({ isSent }) => isSent) &&
      open === 0 &&
      running.length === devices.length &&
      this.#linksIn() === devices.length &&
      devices.every(({ name }) => this.#hasLink(name))
    );
  }

  /** The server, too, believes it to be in: its client may not know yet that a link is gone. */
  #hasLink(name: string): boolean {
    const links = [...this.machine.watch.links];
    return links.some(({ user, link }) => user !== undefined && link.remote.host === name);
  }

  #linksIn(): number {
    const links = [...this.machine.watch.links];
    return links.filter(({ user }) => user !== undefined).length;
  }

  check(): void {
    for (const device of this.honest) {
      const { client, name, openPosts } = device;
      demand(client.isConnected && client.user !== undefined, () => `${name} is not in`);
      demand(device.isSent && device.home.isSent, () => `${name} has unsent posts`);
      demand(openPosts === 0, () => `${name} has ${openPosts} posts that nobody settled`);
    }
    const links = this.#linksIn();
    demand(links === this.honest.length, () => `${links} links of ${this.honest.length} are in`);
    this.machine.watch.checkComplete();
    for (const device of this.honest) {
      device.home.reader.checkComplete();
      this.witness.checkOrder(device);
    }
  }

  /** Whoever has a program that is in is online, and nobody else. */
  async #checkPresence(): Promise<void> {
    const asked = this.honest[0]?.client.request("who", {});
    asked?.catch(() => undefined);
    await this.advance(1_000);
    for (const { user, online } of (await asked)?.users ?? []) {
      const isIn = this.honest.some(({ home }) => home.user === user);
      demand(online === isIn, () => `${user} is said to be ${online ? "online" : "offline"}`);
    }
  }
}
