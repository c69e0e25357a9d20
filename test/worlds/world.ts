import { Fault } from "../../src/base/fault.ts";
import { deviceIdOf } from "../../src/crypto/device-id.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { perform } from "./actions.ts";
import { Newcomer } from "./cluster/newcomer.ts";
import { Device, Home } from "./device.ts";
import { IrcWorld } from "./irc-world.ts";
import { Machine } from "./machine.ts";
import type { Mutant, Platform } from "./platform.ts";
import { PEOPLE, type Profile, profileOf } from "./profile.ts";
import { recoverAccount } from "./recovery.ts";
import { check, HOSTILE } from "./reference-model.ts";
import type { RequestContext } from "./requests.ts";
import { Simulation } from "./simulation.ts";

/** Long enough for a sender at the rate limit to empty its outbox; an idle world ends earlier. */
const CALM_MS = 400_000;

export class World extends Simulation implements RequestContext {
  readonly temper: Profile;
  readonly machine: Machine;
  readonly devices: Device[] = [];
  readonly platform: Platform;
  readonly stalls: (() => void)[] = [];
  isCalm = false;
  readonly #irc: IrcWorld;
  readonly #newcomers: Newcomer[] = [];

  constructor(seed: number, mutant: Mutant = {}) {
    super(seed);
    this.temper = profileOf(this.random, seed);
    const { weights, roomSecret, postsPerSecond } = this.temper;
    // A clock that jumps ends a wait early.
    this.model.checksSlowMode = weights.wall === 0;
    this.platform = this.createPlatform({
      mutant,
      postsPerSecond,
      isDiskFine: weights.full + weights.disk === 0,
      ...(roomSecret === undefined ? {} : { roomSecret }),
      pushed: (endpoint, text) => this.#pushed(endpoint, text),
      weather: {
        delayMs: () => this.random.int(this.isCalm ? 5 : this.temper.delayMsMax),
        isReachable: () => this.isCalm || !this.random.chance(this.temper.unreachable),
      },
    });
    this.machine = new Machine(this.platform);
    this.#irc = new IrcWorld(seed, this.platform, this.machine);
    this.#settle();
  }

  get honest(): Device[] {
    return this.devices.filter(({ isHostile }) => !isHostile);
  }

  async run(): Promise<string> {
    void this.machine.start();
    await this.advance(50);
    for (const device of this.devices) device.start();
    await this.advance(this.random.pick([0, 400, 3_000]));
    for (const room of this.temper.rooms) await this.#found(room);
    this.#irc.start();
    for (let i = 0; i < this.temper.steps; i++) await this.#step();
    await this.#calm();
    this.check();
    await this.#irc.check((ms) => this.advance(ms));
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

  addNewcomer(secret: string): void {
    if (this.isCalm) return;
    const name = `guest${this.#newcomers.length}`;
    const isLeaving = this.random.chance(0.5);
    const leaves = async (client: Device["client"]) => {
      const room = client.rooms[0]?.id ?? "";
      await client.request("prefs-set", { room, muted: 0 });
      if (isLeaving) await client.request("unregister", {});
    };
    this.#newcomers.push(
      new Newcomer(this.platform, this.machine.dialFrom(name), {
        name,
        password: "secret",
        leaves,
        secret: secret === "" ? this.temper.roomSecret : secret,
      }),
    );
  }

  addRecovery(token: string): void {
    if (!this.isCalm) recoverAccount(this.platform, this.machine.dialFrom("lost"), token);
  }

  #pushed(endpoint: string, text: string) {
    const home = this.devices.find(({ home: { name } }) => endpoint.endsWith(`/${name}`))?.home;
    const { tag, from } = JSON.parse(text) as { readonly tag: string; readonly from?: string };
    this.platform.guard(() => {
      check(home !== undefined && home.isPushed !== false, () => `a push to ${endpoint}`);
      const members = this.model.rooms.get(tag)?.members;
      const isIn = members?.has(this.model.idOf(home.user) ?? "") === true;
      check(isIn, () => `${home.name} is pushed what is said in '${tag}'`);
      check(from !== home.user, () => `${home.name} is pushed its own words`);
    });
    this.trace.note(`${this.clock.now()} push ${endpoint} ${text}`);
    const status = this.isCalm ? 201 : this.random.pick([201, 201, 503, 410]);
    if (status === 410) home?.markPushUnknown();
    return { status, retryAfter: undefined };
  }

  restart(): void {
    const { restartAt } = this.machine;
    if (restartAt !== undefined && this.clock.now() >= restartAt)
      this.machine.start().catch(this.fail);
  }

  #settle(): void {
    const people = this.temper.hasHostileMember ? [...PEOPLE, HOSTILE] : PEOPLE;
    for (const user of people) {
      const homes = user === HOSTILE ? 1 : 1 + this.random.int(this.temper.homesMax);
      for (let i = 0; i < homes; i++) {
        const home = new Home(this.platform, user, `${user}${i}`);
        const programs = this.random.chance(0.15) ? 2 : 1;
        for (let j = 0; j < programs; j++) {
          const name = `${home.name}${"ab"[j]}`;
          this.devices.push(new Device(this.platform, this.machine, home, name));
        }
      }
    }
  }

  async #found(room: string): Promise<void> {
    const first = this.random.int(this.devices.length);
    for (const kind of ["create", "join"] as const) {
      for (const [by, device] of this.devices.entries()) {
        const isMeant = kind === "create" ? by === first : this.random.chance(0.7);
        const create = kind === "create";
        if (isMeant) device.request((of) => of.request("join", { room, create }));
      }
      await this.advance(100);
    }
  }

  async #step(): Promise<void> {
    const kind = this.random.weighted(this.temper.weights);
    const device = this.random.pick(this.devices);
    this.trace.note(`${this.clock.now()} ${kind} ${device.name}`);
    perform(kind, device, this);
    this.#irc.step();
    await this.advance(this.random.int(this.temper.pauseMsMax));
  }

  async #calm(): Promise<void> {
    this.trace.note(`${this.clock.now()} calm`);
    this.isCalm = true;
    Object.assign(this.machine.weather, { fullPercent: 0, shortPercent: 0, brokenPercent: 0 });
    this.machine.disk.leave(1 << 30);
    this.machine.stopWithin(Number.POSITIVE_INFINITY);
    for (const device of this.devices) {
      device.resumeReading();
      if (device.isHostile) device.kill(false);
    }
    for (const newcomer of this.#newcomers) newcomer.end();
    this.#irc.calm();
    for (const release of this.stalls.splice(0)) release();
    const until = this.clock.now() + CALM_MS;
    for (let i = 0; this.clock.now() < until; i++) {
      for (const device of this.honest) device.checkSent();
      await this.advance(i < 20 ? 50 : 500);
      for (const device of this.honest) {
        if (!device.isRunning) device.start();
        if (device.isLoggedOut && !device.isBusy) device.request(() => device.logIn());
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
      this.#irc.isQuiet &&
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
    return links.filter(({ user, link }) => user !== undefined && link.transport !== "irc").length;
  }

  check(): void {
    for (const device of this.honest) {
      const { client, name, openPosts } = device;
      check(client.isConnected && client.user !== undefined, () => `${name} is not in`);
      check(device.isSent && device.home.isSent, () => `${name} has unsent posts`);
      check(openPosts === 0, () => `${name} has ${openPosts} posts that nobody settled`);
    }
    const links = this.#linksIn();
    check(links === this.honest.length, () => `${links} links of ${this.honest.length} are in`);
    this.machine.watch.checkComplete();
    for (const device of this.honest) {
      for (const claims of device.requestedChanges) this.model.settings.checkAcknowledged(claims);
      device.home.reader.checkComplete();
      this.model.checkOrder(device);
    }
  }

  async #checkPresence(): Promise<void> {
    const answer = this.honest[0]?.client.request("who", {});
    answer?.catch(() => undefined);
    await this.advance(1_000);
    for (const { user, online } of (await answer)?.users ?? []) {
      const isIn = this.#irc.isOnline(user) || this.honest.some(({ home }) => home.user === user);
      check(online === isIn, () => `${user} is said to be ${online ? "online" : "offline"}`);
    }
  }

  async #checkSettings({ client, home, name }: Device): Promise<void> {
    const { model } = this;
    await this.#answered(client.request("prefs", {}));
    await this.#answered(client.request("ignored", {}));
    for (const room of client.rooms) {
      const target = room.kind === "person" ? `@${room.name}` : room.name;
      const { records } = await this.#answered(client.request("pins", { target }));
      const heads = records.map(({ head }) => JSON.parse(Buffer.from(head).toString()));
      const pins = heads.filter(({ kind }) => kind !== "edit").map(({ seq }) => seq as number);
      const is = [...model.settings.pinsOf(room.id)].sort((a, b) => a - b);
      check(Bun.deepEquals(pins, is), () => `${name}: pins of ${target} are ${pins}, not ${is}`);
      for (const { salt } of records) check(salt !== undefined, () => `${name}: an erased pin`);
    }
    const { devices } = await this.#answered(client.request("devices", {}));
    const own = this.devices.filter(({ home: { user } }) => user === home.user);
    const ids = own.map((device) => deviceIdOf(device.home.device.publicKey, sha256));
    const mine = deviceIdOf(home.device.publicKey, sha256);
    for (const { device, current, online } of devices) {
      check(ids.includes(device), () => `${name} has the device ${device} of somebody else`);
      check(current === (device === mine), () => `${name} is said to be ${device}`);
      check(online || !current, () => `${name} is said to be away`);
    }
    const { subscribed } = await this.#answered(client.request("push-key", {}));
    const { isPushed = subscribed } = home;
    check(subscribed === isPushed, () => `${name} is said to take pushes: ${subscribed}`);
  }

  async #answered<Value>(answer: Promise<Value>): Promise<Value> {
    let outcome: Value | Fault | undefined;
    answer.then(
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
