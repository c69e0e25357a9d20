import { equalBytes } from "../../../src/base/bytes.ts";
import type { Client } from "../../../src/client/client.ts";
import type { Place } from "../../../src/core/cluster/claims.ts";
import { readStream } from "../../../src/core/cluster/messages.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { verifyLog } from "../../../src/io/log/verify.ts";
import type { LogRecord } from "../../../src/wire/record.ts";
import { requestOf } from "../actions.ts";
import { Device, Home } from "../device.ts";
import { OPERATOR_TOKEN } from "../machine.ts";
import type { Platform } from "../platform.ts";
import { drawRequest } from "../profile.ts";
import { check } from "../reference-model.ts";
import { type RequestChoice, type RequestContext, sendRequest } from "../requests.ts";
import { Simulation } from "../simulation.ts";
import { Newcomer, type NewcomerOptions } from "./newcomer.ts";
import { type Cluster, type ClusterMutant, ClusterNode, ROOM_PASSWORD } from "./node.ts";
import { FINE, REFUSAL_CODES, SimNats } from "./sim-nats.ts";

const PLACES: readonly Place[] = ["accounts", "history"];
/** Longer than the longest delay between two attempts. */
const CALM_MS = 150_000;
const PEOPLE = ["ana", "bob", "eve"];
const ROOMS = ["lobby", "lobby", "one", "two"];
const TARGETS = [...ROOMS, "@ana", "@bob"];

/** Requests with effects that must be the same on each node. */
const QUESTIONS: readonly RequestChoice["kind"][] = [
  ...(["prefs-set", "prefs-twice", "save", "follow", "toggle", "pin", "pins", "receipts"] as const),
  ...(["receipts-here", "readers", "typing", "ignore", "ignored", "prefs", "announce"] as const),
  ...(["rules", "rules", "rules-of-operator", "knock", "invite-user", "hand"] as const),
];

type Weights = Readonly<Record<string, number>>;

/**
 * Several real servers on simulated disks, a simulated stream, and real clients that connect to any
 * server, in one process with one seed.
 */
export class ClusterWorld extends Simulation implements Cluster {
  readonly platform: Platform;
  readonly nats: SimNats;
  readonly mutant: ClusterMutant;
  readonly nodes: ClusterNode[] = [];
  readonly devices: Device[] = [];
  readonly #newcomers: Newcomer[] = [];
  readonly #durableRecords: Record<Place, LogRecord[]> = { accounts: [], history: [] };
  readonly #weights: Weights;
  readonly #pauseMsMax: number;
  readonly #scene: RequestContext;
  #isCalm = false;
  #healsAt: number | undefined;

  constructor(seed: number, mutant: ClusterMutant = {}) {
    super(seed);
    const { clock, random } = this;
    // Servers check slow mode independently, with clocks that differ.
    this.model.checksSlowMode = false;
    this.mutant = mutant;
    const delayMsMax = random.pick([1, 10, 60]);
    this.platform = this.createPlatform({
      isDiskFine: false,
      roomSecret: ROOM_PASSWORD,
      weather: { delayMs: () => random.int(this.#isCalm ? 3 : delayMsMax) },
    });
    this.nats = new SimNats(clock, random);
    const count = random.pick([2, 3, 3, 3, 4]);
    for (let i = 0; i < count; i++) this.nodes.push(new ClusterNode(this, `node${i}`));
    const dialFrom = (host: string) => this.#dialFrom(host);
    for (const user of PEOPLE) {
      const home = new Home(this.platform, user, user);
      this.devices.push(new Device(this.platform, { dialFrom }, home, user));
    }
    const { model, devices } = this;
    this.#scene = {
      model,
      devices,
      newcomer: undefined,
      unixMs: () => clock.unixMs(),
      addNewcomer: () => undefined,
      addRecovery: () => undefined,
    };
    const some = (weight: number, probability = 0.5) => (random.chance(probability) ? weight : 0);
    this.#pauseMsMax = random.pick([20, 100, 400]);
    this.#weights = {
      post: 30,
      join: 4,
      create: 4,
      leave: some(3),
      topic: some(3),
      edit: some(6),
      erase: some(6),
      react: some(3),
      passwd: some(2),
      kick: some(3),
      mute: some(3),
      ban: some(4),
      invite: some(4),
      twins: some(4),
      cut: some(4),
      close: some(2),
      kill: some(2),
      crash: some(5),
      stop: some(3),
      "stop-within": some(4),
      partition: some(5),
      leader: some(5),
      weather: some(5),
      power: some(4, 0.6),
      wall: some(2, 0.3),
      question: some(random.pick([10, 40]), 0.6),
    };
  }

  readonly note = (place: Place, record: LogRecord): void => {
    const records = this.#durableRecords[place];
    const known = records[record.head.seq - 1];
    if (known === undefined) {
      records.push(record);
      this.model.note(place, record);
      return;
    }
    const isSame = equalBytes(known.headBytes, record.headBytes);
    check(isSame, () => `${place} ${record.head.seq} is another record on another node`);
  };

  async run(): Promise<string> {
    for (const node of this.nodes) this.#start(node);
    await this.advance(300);
    for (const device of this.devices) device.start();
    await this.advance(this.random.pick([200, 1_500]));
    const steps = 25 + this.random.int(35);
    for (let i = 0; i < steps; i++) {
      this.#step();
      await this.advance(this.random.int(this.#pauseMsMax));
    }
    await this.#calm();
    await this.#check();
    return this.trace.digest();
  }

  restart(): void {
    const now = this.clock.now();
    for (const node of this.nodes) {
      if (node.restartAt !== undefined && now >= node.restartAt) this.#start(node);
    }
    if (this.#healsAt !== undefined && now >= this.#healsAt) {
      const isWhole = this.nodes.every(
        ({ isUp, replica }) => isUp && replica?.isRestoring === false,
      );
      if (isWhole) this.#healsAt = undefined;
    }
  }

  #start(node: ClusterNode): void {
    node.start().catch(this.fail);
  }

  #dialFrom(host: string): ReturnType<ClusterNode["dialFrom"]> {
    return (options) => {
      const up = this.nodes.filter(({ isUp }) => isUp);
      const node = this.random.pick(up.length === 0 || this.random.chance(0.1) ? this.nodes : up);
      return node.dialFrom(host)(options);
    };
  }

  #step(): void {
    const { random } = this;
    const kind = random.weighted(this.#weights);
    const device = random.pick(this.devices);
    const node = random.pick(this.nodes);
    this.trace.note(`${this.clock.now()} ${kind} ${device.name} ${node.name}`);
    if (this.#ofNodes(kind, node)) return;
    if (device.isRunning) this.#ofDevice(kind, device);
  }

  #ofDevice(kind: string, device: Device): void {
    const { random, model, clock } = this;
    const room = random.pick(ROOMS);
    const user = random.pick(PEOPLE);
    const seq = Math.max(1, model.records.length - random.int(8));
    const about = { room, user, seq, on: random.chance(0.6) };
    const request = requestOf(kind, about) ?? (() => Promise.resolve());
    switch (kind) {
      case "post": {
        const count = random.chance(0.05) ? 60 : 1 + random.int(5);
        for (let i = 0; i < count; i++) device.post(random.pick(TARGETS), random.int(60));
        return;
      }
      case "kick":
      case "mute":
        return this.#operate(device, request);
      case "ban": {
        const { name } = this.#newcomers.at(-1) ?? {};
        if (name === undefined) return;
        return this.#operate(device, (of) => of.request("ban", { user: name, on: true }));
      }
      case "question":
        return sendRequest(drawRequest(random, QUESTIONS), device, this.#scene);
      case "invite":
        return this.#invite(device);
      case "twins": {
        const name = `t${this.#newcomers.length}`;
        for (const password of ["first one", "second one"]) {
          this.#addNewcomer({ name, secret: ROOM_PASSWORD, password });
        }
        return;
      }
      case "cut":
        for (const { network } of this.nodes) network.cut((end) => end.remote.host === device.name);
        return;
      case "kill":
      case "close":
        if (device.isBusy) return;
        if (kind === "kill") device.kill(false);
        else device.close().catch(this.fail);
        clock.after(random.int(3_000), () => {
          if (!device.isRunning) device.start();
        });
        return;
      default:
        return device.request(request);
    }
  }

  #ofNodes(kind: string, node: ClusterNode): boolean {
    const { random, clock, nats } = this;
    const isQuiet = this.#healsAt !== undefined || nats.isOut;
    const awayMs = random.int(3_000);
    switch (kind) {
      case "crash":
        if (node.isAlive && !isQuiet) node.crash(random.chance(0.7) ? "power" : "kill", awayMs);
        return true;
      case "stop":
        if (!isQuiet) node.stop(awayMs).catch(this.fail);
        return true;
      case "stop-within":
        if (node.isAlive && !isQuiet) node.stopWithin(1 + random.int(12));
        return true;
      case "partition":
        if (isQuiet || this.nodes.filter(({ isCut }) => isCut).length > 0) return true;
        node.cut(true);
        clock.after(random.pick([300, 2_000, 6_000]), () => node.cut(false));
        return true;
      case "leader":
        nats.loseLeader(random.pick([100, 1_000, 4_000]));
        return true;
      case "weather":
        nats.weather = {
          delayMsMax: random.pick([2, 40, 300]),
          requestLost: random.pick([0, 0.1]),
          answerLost: random.pick([0, 0.1, 0.3]),
          hangs: random.pick([0, 0.1]),
          lagMax: random.pick([0, 3]),
          refusedBy: random.chance(0.3) ? random.pick(REFUSAL_CODES) : undefined,
        };
        clock.after(random.pick([500, 5_000]), () => {
          nats.weather = FINE;
        });
        return true;
      case "power":
        if (!isQuiet) this.#losePower();
        return true;
      case "wall":
        node.wallMs += random.int(20_000) - 10_000;
        return true;
      default:
        return false;
    }
  }

  #losePower(): void {
    const { random, clock, nats } = this;
    this.trace.note(`${clock.now()} power is lost`);
    nats.isOut = true;
    this.#healsAt = Number.POSITIVE_INFINITY;
    const isOfAll = random.chance(0.4);
    for (const node of this.nodes) {
      node.stopWithin(Number.POSITIVE_INFINITY);
      // A stopping node would end before it restores the stream.
      if ((isOfAll && node.isAlive) || node.isStopping) node.crash("power", random.int(800));
    }
    const back = () => {
      const lost = Math.min(nats.messages.length, random.pick([0, 1, 2, 5, 20, 1 << 20]));
      this.trace.note(`${clock.now()} power is back, without ${lost} of ${nats.messages.length}`);
      // All nodes that acknowledged a record are up; records of an absent node would return too
      // late.
      for (const node of this.nodes) {
        if (node.isCut) node.cut(false);
        if (!node.isAlive) this.#start(node);
      }
      nats.comeBack(lost);
      this.#healsAt = clock.now() + 1_000;
    };
    // Return late enough for running nodes to detect the loss.
    clock.after(3_000 + random.int(3_000), back);
  }

  #operate(device: Device, act: (client: Client) => Promise<unknown>): void {
    this.model.addOperator(device.home.user);
    device.request(async (client) => {
      await client.request("operate", { token: OPERATOR_TOKEN });
      await act(client);
    });
  }

  #invite(device: Device): void {
    this.#operate(device, async (client) => {
      const { token } = await client.request("invite", { uses: 2 });
      for (let i = 0; i < 3; i++) {
        const name = `g${this.#newcomers.length}`;
        this.#addNewcomer({ name, secret: token, password: "secret" });
      }
    });
  }

  #addNewcomer(options: NewcomerOptions): void {
    if (this.#isCalm) return;
    this.#newcomers.push(new Newcomer(this.platform, this.#dialFrom(options.name), options));
  }

  async #calm(): Promise<void> {
    this.trace.note(`${this.clock.now()} calm`);
    this.#isCalm = true;
    this.nats.weather = FINE;
    for (const node of this.nodes) {
      node.stopWithin(Number.POSITIVE_INFINITY);
      if (node.isCut) node.cut(false);
    }
    for (const newcomer of this.#newcomers) newcomer.end();
    const until = this.clock.now() + CALM_MS;
    for (let i = 0; this.clock.now() < until; i++) {
      for (const device of this.devices) device.checkSent();
      await this.advance(i < 20 ? 50 : 500);
      for (const device of this.devices) if (!device.isRunning) device.start();
      if (!this.#isQuiet()) continue;
      await this.advance(1_000);
      if (this.#isQuiet()) break;
    }
  }

  #isQuiet(): boolean {
    const { length } = this.nats.messages;
    return (
      this.#healsAt === undefined &&
      this.nodes.every(({ isUp, replica }) => isUp && replica?.seq === length) &&
      this.nodes.every(({ replica }) => replica?.isRestoring === false) &&
      this.devices.every(
        ({ client, isSent, openPosts }) =>
          client.isConnected && client.user !== undefined && isSent && openPosts === 0,
      )
    );
  }

  async #check(): Promise<void> {
    for (const { name, isUp, replica } of this.nodes) {
      check(isUp && replica?.failure === undefined, () => `${name} is not up`);
      const seq = replica?.seq ?? 0;
      const { length } = this.nats.messages;
      check(seq === length, () => `${name} has applied ${seq} of ${length} messages`);
    }
    for (const place of PLACES) this.#checkEqual(place);
    for (const device of this.devices) {
      const { client, name, openPosts } = device;
      check(client.isConnected && client.user !== undefined, () => `${name} is not in`);
      check(device.isSent && device.home.isSent, () => `${name} has unsent posts`);
      check(openPosts === 0, () => `${name} has ${openPosts} posts that nobody settled`);
      device.home.reader.checkComplete();
      this.model.checkOrder(device);
      for (const claims of device.requestedChanges) this.model.settings.checkAcknowledged(claims);
    }
    this.#checkNames();
    this.#checkBans();
    for (const node of this.nodes) await this.#verify(node);
  }

  #checkEqual(place: Place): void {
    const [first, ...others] = this.nodes;
    const durableCount = this.#durableRecords[place].length;
    const head = first?.mirrors?.[place].head() ?? 0;
    check(
      head === durableCount,
      () => `${place}: ${durableCount} were on a disk, and ${head} are left`,
    );
    for (const other of others) {
      const isSame = other.rootOf(place) === first?.rootOf(place);
      check(isSame, () => `${place} has another root on ${other.name}`);
      check(other.bytesOf(place) === first?.bytesOf(place), () => {
        return `${place} has other bytes on ${other.name}`;
      });
    }
  }

  #checkNames(): void {
    const counts = new Map<string, number>();
    for (const { name, secret, isIn } of this.#newcomers) {
      if (!isIn || secret === undefined) continue;
      for (const key of secret === ROOM_PASSWORD ? [name] : [name, secret]) {
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    for (const [key, count] of counts) {
      const isName = this.#newcomers.some(({ name }) => name === key);
      check(count <= (isName ? 1 : 2), () => `${key} was used by ${count} accounts`);
    }
    const used = new Map<string, number>();
    for (const { head } of this.#durableRecords.accounts) {
      if (head.kind === "invite-used") used.set(head.room, (used.get(head.room) ?? 0) + 1);
    }
    for (const [invite, count] of used) check(count <= 2, () => `${invite} let ${count} in`);
  }

  /** Checks bans in the order of the messages that the stream still has. */
  #checkBans(): void {
    const places = new Map<string, number>();
    for (const { seq, bytes } of this.nats.messages) {
      const message = readStream(bytes, { id: "chat test", sha256 });
      if (message.kind !== "proposals") continue;
      for (const { drafts } of message.message.proposals) {
        for (const { sealed } of drafts) {
          if (!places.has(sealed.commit)) places.set(sealed.commit, seq);
        }
      }
    }
    for (const { head } of this.#durableRecords.accounts) {
      if (head.kind !== "ban") continue;
      const banned = places.get(head.commit);
      if (banned === undefined) continue;
      for (const { head: said } of this.#durableRecords.history) {
        if (said.by !== head.room || said.kind !== "text") continue;
        const at = places.get(said.commit) ?? 0;
        check(at <= banned, () => `${head.room} was banned, and says ${said.seq}`);
      }
    }
  }

  async #verify(node: ClusterNode): Promise<void> {
    for (const place of PLACES) {
      const found = await verifyLog({
        disk: node.disk.boot(),
        folder: `/d/${place}`,
        sha256,
        isSigned: () => true,
      });
      check(found.findings.length === 0, () => `${node.name}: ${JSON.stringify(found.findings)}`);
    }
    const { mirrors } = node;
    if (mirrors === undefined) return;
    for (const place of PLACES) await this.model.checkErased(mirrors[place], place);
  }
}
