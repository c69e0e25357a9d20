import { Fault } from "../../src/base/fault.ts";
import { deviceIdOf } from "../../src/crypto/device-id.ts";
import { Newcomer } from "./cluster/newcomer.ts";
import { perform } from "./deeds.ts";
import { Device, Home } from "./device.ts";
import { Machine } from "./machine.ts";
import type { Mutant, Platform } from "./platform.ts";
import type { Scene } from "./questions.ts";
import { recovers } from "./recovery.ts";
import { Simulation } from "./simulation.ts";
import { PEOPLE, type Temper, temperOf } from "./temper.ts";
import { demand, HOSTILE } from "./witness.ts";

/** Lets a sender at the rate limit drain its outbox; a quiet world ends earlier. */
const CALM_MS = 400_000;

export class World extends Simulation implements Scene {
  readonly temper: Temper;
  readonly machine: Machine;
  readonly devices: Device[] = [];
  readonly around: Platform;
  /** What lets the links go on that do not read at the moment. */
  readonly stalls: (() => void)[] = [];
  /** Before it links are slow, or not reached at all. */
  isCalm = false;
  readonly #newcomers: Newcomer[] = [];

  constructor(seed: number, mutant: Mutant = {}) {
    super(seed);
    this.temper = temperOf(this.dice);
    const { weights, roomSecret, postsPerSecond } = this.temper;
    this.around = this.platform({
      ...{ mutant, postsPerSecond, isDiskFine: weights.full + weights.disk === 0 },
      ...(roomSecret === undefined ? {} : { roomSecret }),
      pushed: (endpoint, text) => this.#pushed(endpoint, text),
      weather: {
        delayMs: () => this.dice.int(this.isCalm ? 5 : this.temper.delayMsMax),
        isReachable: () => this.isCalm || !this.dice.chance(this.temper.unreachable),
      },
    });
    this.machine = new Machine(this.around);
    this.#settle();
  }

  get honest(): Device[] {
    return this.devices.filter(({ isHostile }) => !isHostile);
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
    for (const device of this.honest) await this.#checkSettings(device);
    return this.trace.digest();
  }

  unixMs(): number {
    return this.clock.unixMs();
  }

  get newcomer(): string | undefined {
    return this.#newcomers.at(-1)?.name;
  }

  comes(secret: string): void {
    if (this.isCalm) return;
    const name = `guest${this.#newcomers.length}`;
    const isLeaving = this.dice.chance(0.5);
    const leaves = async (client: Device["client"]) => {
      const room = client.rooms[0]?.id ?? "";
      await client.request("prefs-set", { room, muted: 0 });
      if (isLeaving) await client.request("unregister", {});
    };
    this.#newcomers.push(
      new Newcomer(this.around, this.machine.dialFrom(name), {
        ...{ name, password: "secret", leaves },
        secret: secret === "" ? this.temper.roomSecret : secret,
      }),
    );
  }

  recovers(token: string): void {
    if (!this.isCalm) recovers(this.around, this.machine.dialFrom("lost"), token);
  }

  #pushed(endpoint: string, text: string) {
    const home = this.devices.find(({ home: { name } }) => endpoint.endsWith(`/${name}`))?.home;
    const { tag, from } = JSON.parse(text) as { readonly tag: string; readonly from?: string };
    this.around.guard(() => {
      demand(home !== undefined && home.isPushed !== false, () => `a push to ${endpoint}`);
      const members = this.witness.rooms.get(tag)?.members;
      const isIn = members?.has(this.witness.idOf(home.user) ?? "") === true;
      demand(isIn, () => `${home.name} is pushed what is said in '${tag}'`);
      demand(from !== home.user, () => `${home.name} is pushed its own words`);
    });
    this.trace.note(`${this.clock.now()} push ${endpoint} ${text}`);
    const status = this.isCalm ? 201 : this.dice.pick([201, 201, 503, 410]);
    if (status === 410) home?.mayNotPush();
    return { status, retryAfter: undefined };
  }

  restart(): void {
    const { restartAt } = this.machine;
    if (restartAt !== undefined && this.clock.now() >= restartAt)
      this.machine.start().catch(this.fail);
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

  async #found(room: string): Promise<void> {
    const first = this.dice.int(this.devices.length);
    for (const kind of ["create", "join"] as const) {
      for (const [by, device] of this.devices.entries()) {
        const isMeant = kind === "create" ? by === first : this.dice.chance(0.7);
        const create = kind === "create";
        if (isMeant) device.ask((of) => of.request("join", { room, create }));
      }
      await this.advance(100);
    }
  }

  async #step(): Promise<void> {
    const kind = this.dice.weighted(this.temper.weights);
    const device = this.dice.pick(this.devices);
    this.trace.note(`${this.clock.now()} ${kind} ${device.name}`);
    perform(kind, device, this);
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
    for (const newcomer of this.#newcomers) newcomer.end();
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
      for (const claims of device.claims) this.witness.settings.checkClaims(claims);
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

  /** What is set and pinned is the same on each device; nothing of it is what was erased. */
  async #checkSettings({ client, home, name }: Device): Promise<void> {
    const { witness } = this;
    // The wire's watch compares them with what was recorded.
    await this.#answered(client.request("prefs", {}));
    await this.#answered(client.request("ignored", {}));
    for (const room of client.rooms) {
      const target = room.kind === "person" ? `@${room.name}` : room.name;
      const { records } = await this.#answered(client.request("pins", { target }));
      const heads = records.map(({ head }) => JSON.parse(Buffer.from(head).toString()));
      const pins = heads.filter(({ kind }) => kind !== "edit").map(({ seq }) => seq as number);
      const is = [...witness.settings.pinsOf(room.id)].sort((a, b) => a - b);
      demand(Bun.deepEquals(pins, is), () => `${name}: pins of ${target} are ${pins}, not ${is}`);
      for (const { salt } of records) demand(salt !== undefined, () => `${name}: an erased pin`);
    }
    const { devices } = await this.#answered(client.request("devices", {}));
    const own = this.devices.filter(({ home: { user } }) => user === home.user);
    const ids = own.map((device) => deviceIdOf(device.home.device.publicKey));
    const mine = deviceIdOf(home.device.publicKey);
    for (const { device, current, online } of devices) {
      demand(ids.includes(device), () => `${name} has the device ${device} of somebody else`);
      demand(current === (device === mine), () => `${name} is said to be ${device}`);
      demand(online || !current, () => `${name} is said to be away`);
    }
    const { subscribed } = await this.#answered(client.request("push-key", {}));
    const { isPushed = subscribed } = home;
    demand(subscribed === isPushed, () => `${name} is said to take pushes: ${subscribed}`);
  }

  async #answered<Value>(asked: Promise<Value>): Promise<Value> {
    let outcome: Value | Fault | undefined;
    asked.then(
      (value) => {
        outcome = value;
      },
      (error: unknown) => {
        if (error instanceof Fault) outcome = error;
        else this.fail(error);
      },
    );
    for (let i = 0; outcome === undefined && i < 40; i++) await this.advance(50);
    if (outcome === undefined) throw new Error("nothing is answered");
    if (outcome instanceof Fault) throw outcome;
    return outcome;
  }
}
