import type { RoomId } from "../../../src/base/ids.ts";
import { IDLE_TIMEOUT_MS } from "../../../src/base/limits.ts";
import type { ChatRecord, RoomView } from "../../../src/core/client/chat-record.ts";
import { filesIn } from "../../../src/core/rooms/files.ts";
import type { DiskBackup } from "../../io/disk/sim.ts";
import { Machine } from "../machine.ts";
import type { Platform } from "../platform.ts";
import { check } from "../reference-model.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { Simulation } from "../simulation.ts";
import { CANARY, SealedHome, SealedMember } from "./device.ts";
import { LateKeys } from "./late-keys.ts";
import { Newcomers } from "./newcomers.ts";
import type { SealedMutant } from "./planted.ts";
import { SharedFiles } from "./shared-files.ts";
import { Troubles } from "./troubles.ts";
import {
  Contents,
  checkAcked,
  checkKept,
  checkRead,
  isCurrent,
  outdatedRoomsOf,
  type SealedTruth,
  storedRoomOf,
  truthOf,
} from "./truth.ts";

const ROOM = "vault";
const PEOPLE = ["ana", "ben", "eve", "dan"];
/** Longer than the delay between two attempts and the server's timeout. */
const CALM_MS = 200_000;
/** Longer than a client's timeout for a silent link and a reconnection. */
const SILENCE_MS = IDLE_TIMEOUT_MS + 15_000;

export type Temper = ReturnType<typeof temperOf>;

function temperOf(random: SeededRandom) {
  const some = (weight: number, probability = 0.5) => (random.chance(probability) ? weight : 0);
  return {
    steps: 20 + random.int(30),
    people: 2 + random.int(3),
    devicesMax: random.pick([1, 1, 2]),
    pauseMsMax: random.pick([20, 100, 400, 2_000]),
    delayMsMax: random.pick([1, 20, 150]),
    restores: random.pick([0, 0, 1, 1, 2]),
    storeDelayMsMax: random.pick([0, 0, 3, 40]),
    unreachable: random.pick([0, 0, 0.2]),
    files: 0.5,
    weights: {
      say: 30,
      burst: some(3),
      edit: some(4),
      react: some(4),
      invite: 14,
      kick: some(4),
      leave: some(4),
      join: 4,
      make: 2,
      conversation: some(5),
      history: some(2),
      search: some(2),
      cut: some(6, 0.8),
      kill: some(5, 0.8),
      "kill-within": some(5, 0.8),
      close: some(3),
      lose: some(2),
      crash: some(4, 0.7),
      stop: some(2),
      "stop-within": some(2),
    },
  };
}

export class SealedWorld extends Simulation {
  readonly machine: Machine;
  readonly members: SealedMember[] = [];
  readonly platform: Platform;
  readonly #temper: Temper;
  readonly #troubles: Troubles;
  readonly #newcomers: Newcomers;
  readonly #lateKeys: LateKeys;
  readonly files: SharedFiles;
  #isCalm = true;
  /** Whether the server has GroupInfos, with which a device that loses its keys can rejoin. */
  #hasGroupInfos = true;
  /** Messages that are there again since a restore, but that devices have erased. */
  readonly #lostErasures = new Set<number>();

  constructor(
    seed: number,
    readonly mutant: SealedMutant = {},
  ) {
    super(seed);
    this.#temper = { ...temperOf(this.random), ...mutant.temper };
    this.#troubles = new Troubles(seed, this);
    this.#newcomers = new Newcomers(seed, this);
    this.#lateKeys = new LateKeys(seed, this);
    this.files = new SharedFiles(seed, this, this.#temper.files);
    this.platform = this.createPlatform({
      weather: {
        delayMs: () => this.random.int(this.#isCalm ? 5 : this.#temper.delayMsMax),
        isReachable: () => this.#isCalm || !this.random.chance(this.#temper.unreachable),
      },
    });
    this.machine = new Machine(this.platform);
    const { storeDelayMsMax } = this.#temper;
    for (const user of PEOPLE.slice(0, this.#temper.people)) {
      const devices = 1 + this.random.int(this.#temper.devicesMax);
      for (let i = 0; i < devices; i++) {
        const home = new SealedHome(this.platform, { user, name: `${user}${i}`, storeDelayMsMax });
        const programs = this.random.chance(0.15) ? 2 : 1;
        for (let j = 0; j < programs; j++) {
          const name = `${home.name}${"ab"[j]}`;
          this.members.push(new SealedMember(this.platform, this.machine, home, name));
        }
      }
    }
  }

  async run(): Promise<string> {
    this.#troubles.begin();
    await this.#settle();
    this.#isCalm = false;
    if (this.random.chance(0.9)) await this.#found();
    const { steps, restores } = this.#temper;
    const restoring = new Set(Array.from({ length: restores }, () => this.random.int(steps)));
    let backup: DiskBackup | undefined;
    for (let i = 0; i < steps; i++) {
      if (restores > 0 && this.machine.isUp && (backup === undefined || this.random.chance(0.05)))
        backup = this.machine.disk.backUp();
      if (backup !== undefined && restoring.has(i)) await this.#restore(backup);
      this.#step();
      this.#troubles.step();
      this.files.step();
      await this.advance(this.random.int(this.#temper.pauseMsMax));
      if (i % 10 === 9) await this.#look();
    }
    this.#troubles.correct();
    await this.#calm();
    await this.#last();
    if (this.#troubles.exist) await this.#checkTroubles();
    await this.#newcomers.run(this.#active);
    // Another addition would exceed the hourly limit.
    if (!this.#troubles.hasBudgets) await this.#lateKeys.run(this.#active);
    return this.trace.digest();
  }

  restart(): void {
    const { restartAt } = this.machine;
    if (restartAt !== undefined && this.clock.now() >= restartAt)
      this.machine.start().catch(this.fail);
  }

  /** Restores the server, after which each device accepts that sooner, later or never. */
  async #restore(backup: DiskBackup): Promise<void> {
    const { random, machine, members } = this;
    this.files.repeats = false;
    for (const member of members) if (member.isRunning) member.kill(false);
    for (let seq = 1; seq <= this.model.records.length; seq++)
      if (this.model.isErased(seq)) this.#lostErasures.add(seq);
    const files = new Map(backup);
    const sealed = [...machine.disk.backUp()].filter(([path]) => path.startsWith("/d/sealed"));
    const hasLost = members.some(({ home }) => home.hasLost);
    // A group ends if both the server and all devices have lost its state.
    const kind = random.pick(["backup", "copy", ...(hasLost ? [] : ["old backup", "loss"])]);
    this.trace.note(`${this.clock.now()} restore a ${kind}`);
    for (const path of files.keys()) {
      const isBackedUp = kind === "backup" && /^\/d\/sealed(\/[^/]+\.group)?$/.test(path);
      if (path.startsWith("/d/sealed") && kind !== "copy" && !isBackedUp) files.delete(path);
    }
    if (kind === "loss") for (const [path, bytes] of sealed) files.set(path, bytes);
    if (kind === "old backup" || kind === "loss") this.#hasGroupInfos = false;
    machine.restore(files, kind !== "copy");
    await this.until("the restored server", () => machine.isUp);
    const common = this.model.records.length - (kind === "copy" ? 0 : 1);
    for (const seq of this.#lostErasures) if (seq > common) this.#lostErasures.delete(seq);
    const homes = new Set(members.map(({ home }) => home));
    const connect = (home: SealedHome) => {
      if (home.pendingRestore !== "open") return;
      for (const program of home.programs) {
        program.start();
        // The user types before the device knows that the history is another.
        this.clock.after(random.int(200), () => {
          if (program.isRunning) program.say(ROOM);
        });
      }
    };
    for (const home of homes) {
      home.lostAt = Math.min(home.lostAt, common);
      if (kind === "copy") home.hasRepeatedPackages = true;
      for (const stored of [home.shown, home.editTargets])
        for (const seq of [...stored.keys()]) if (seq > common) stored.delete(seq);
      for (const room of await outdatedRoomsOf(home, common, kind === "copy"))
        home.outdatedRooms.add(room);
      // At least one device must accept.
      const isFirst = home === members[0]?.home;
      if (home.pendingRestore === undefined) home.common = common;
      home.common = Math.min(home.common, common);
      home.pendingRestore = !isFirst && random.chance(0.1) ? "never" : "open";
      if (home.pendingRestore === "never") continue;
      const accept = () => {
        // A second restore may have been accepted meanwhile, together with this one.
        if (home.pendingRestore !== "open") return;
        home.accept();
        for (const program of home.programs) program.start();
      };
      if (isFirst || random.chance(0.5)) {
        accept();
        continue;
      }
      const acceptsAfterMs = random.int(5_000);
      this.clock.after(acceptsAfterMs, accept);
      // The device connects before its user accepts.
      if (random.chance(0.5)) this.clock.after(random.int(acceptsAfterMs + 1), () => connect(home));
    }
  }

  async #settle(): Promise<void> {
    void this.machine.start();
    await this.advance(50);
    const firsts = new Map<string, SealedMember>();
    const linked = new Set<SealedHome>();
    for (const member of this.members) {
      const { home } = member;
      const first = firsts.get(home.user);
      if (first === undefined) {
        firsts.set(home.user, member);
        linked.add(home);
      } else if (!linked.has(home)) {
        linked.add(home);
        const offering = first.offersLink();
        offering.then((code) => member.links(code)).catch(this.platform.fail);
        await this.advance(100);
        await this.advance(300);
      }
      member.start();
      await this.advance(100);
    }
    await this.until("all to be in", () => this.members.every(({ isIn }) => isIn));
  }

  async #found(): Promise<void> {
    const member = this.random.pick(this.members);
    this.#make(member);
    await this.advance(400);
    const room = member.room(ROOM);
    if (room === undefined) return;
    for (const user of PEOPLE.slice(0, this.#temper.people)) {
      if (user === member.home.user || this.random.chance(0.3)) continue;
      member.ask(`invite ${user} to ${ROOM}`, (of) => of.get(room).changes.invite(user));
      if (this.random.chance(0.7)) await this.advance(300);
    }
  }

  #step(): void {
    const { random } = this;
    const kind = random.weighted(this.#temper.weights);
    const member = random.pick(this.members);
    const user = random.pick(PEOPLE.slice(0, this.#temper.people));
    const rooms = member.client.rooms.filter(({ isSealed }) => isSealed);
    const room = rooms.length === 0 ? undefined : random.pick(rooms);
    const awayMs = random.int(3_000);
    const isSilent = random.chance(0.3);
    const count = kind === "burst" ? 20 : 1;
    const back = 1 + random.int(10);
    const steps = 1 + random.int(9);
    this.trace.note(`${this.clock.now()} ${kind} ${member.name} ${user} ${room?.name}`);
    const { machine, clock } = this;
    switch (kind) {
      case "crash":
        if (machine.isUp) machine.crash(random.chance(0.7) ? "power" : "kill", isSilent, awayMs);
        return;
      case "stop":
        machine.stop(awayMs).catch(this.platform.fail);
        return;
      case "stop-within":
        return machine.stopWithin(steps);
      case "cut":
        machine.network.cut((end) => end.remote.host === member.name);
        return;
      default:
        break;
    }
    if (!member.isRunning) return;
    const start = () => clock.after(awayMs, () => member.isRunning || this.#start(member));
    const target = room?.kind === "person" ? `@${room.name}` : (room?.name ?? ROOM);
    switch (kind) {
      case "kill":
        member.kill(isSilent);
        start();
        return;
      case "kill-within":
        return member.killWithin(steps, isSilent, start);
      case "close":
        member.close().catch(this.platform.fail);
        start();
        return;
      case "lose":
        return this.#hasGroupInfos ? this.#lose(member.home) : undefined;
      case "make":
        return this.#make(member);
      case "join":
        return member.ask(`join ${ROOM}`, (_, client) => client.request("join", { room: ROOM }));
      case "conversation":
        if (user !== member.home.user) this.#converse(member, user);
        return;
      default:
        break;
    }
    if (room === undefined) return;
    const seq = this.model.records.length - back;
    switch (kind) {
      case "say":
      case "burst":
        for (let i = 0; i < count; i++) member.say(target);
        return;
      case "edit":
        return member.edit(target, ownTextOf(member, room, back) ?? Math.max(1, seq));
      case "react":
        return member.react(target, Math.max(1, seq));
      case "invite":
        return member.ask(`invite ${user} to ${target}`, (of) => of.get(room).changes.invite(user));
      case "kick":
        if (room.kind === "person") return;
        return member.ask(`kick ${user} from ${target}`, (of) => of.get(room).changes.kick(user));
      case "leave":
        if (room.kind === "person") return;
        return member.ask(`leave ${target}`, async (of, client) => {
          const word = (await of.get(room).leaveNotice()) ?? {};
          return client.request("leave", { room: room.name, ...word });
        });
      case "history":
        return member.ask("history", (_, client) => client.history({ target, limit: 50 }));
      case "search":
        return member.ask("search", (_, client) =>
          client.history({ target, grep: CANARY, limit: 5 }),
        );
      default:
        throw new Error(`what is ${kind}?`);
    }
  }

  /** A device stays offline while its user has not accepted a restored server. */
  #start(member: SealedMember): void {
    if (member.home.pendingRestore === undefined) member.start();
  }

  get #active(): readonly SealedMember[] {
    return this.members.filter(({ home }) => home.pendingRestore !== "never");
  }

  #make(member: SealedMember): void {
    member.ask(`make ${ROOM}`, async (rooms, client) => {
      await rooms.stockKeyPackages();
      const join = { room: ROOM, create: true, sealed: true };
      const made = await client.request("join", join);
      if (!made.created) return;
      const id = made.room as RoomId;
      const view = { kind: "room", name: ROOM, id, topic: "", isSealed: true } as const;
      await rooms.get(view).changes.create();
    });
  }

  #converse(member: SealedMember, user: string): void {
    member.ask(`seal @${user}`, async (rooms, client) => {
      const { room } = await client.request("group", { target: `@${user}` });
      const id = room as RoomId;
      const view = { kind: "person", name: user, id, topic: "", isSealed: true } as const;
      await rooms.get(view).changes.sealConversation([user]);
    });
  }

  #lose(home: SealedHome): void {
    const programs = this.members.filter((member) => member.home === home);
    for (const program of programs) program.kill(true);
    home.disk.rows.clear();
    home.hasLost = true;
    home.lostAt = this.model.records.length;
    for (const program of programs) this.#start(program);
  }

  async #look(): Promise<Map<string, number>> {
    const truths = truthOf(this.model);
    const read = new Map<string, Set<number>>();
    const contents = new Contents();
    for (const member of this.members) {
      for (const truth of truths.values()) {
        if (!(await isCurrent(member.home, truth.id))) continue;
        const kept = await storedRoomOf(member.home, truth.id);
        const seqs = new Set(truth.words.map(({ head }) => head.seq));
        const isNoMessage = (seq: number) => !seqs.has(seq) || this.wasErased(seq);
        const own = this.members.filter(({ home }) => home.user === member.home.user);
        checkKept(member, truth, kept, contents, {
          devices: own.map(({ home }) => home.device),
          wasErased: this.wasErased,
          isEditOfNoMessage: (seq, user) => this.#targetsOf(seq, user).some(isNoMessage),
        });
        for (const [seq, said] of kept.said) {
          if (said.kind !== "said") continue;
          const { text = "" } = said.body as { readonly text?: string };
          const names = filesIn(said.body).map(({ name }) => name);
          for (const word of [text, ...names])
            read.set(word, (read.get(word) ?? new Set()).add(seq));
        }
      }
    }
    return new Map([...read].map(([text, seqs]) => [text, seqs.size]));
  }

  readonly wasErased = (seq: number) => this.model.isErased(seq) || this.#lostErasures.has(seq);

  /** Records that the edit may change: several if its confirmation was lost. */
  #targetsOf(seq: number, user: string): readonly number[] {
    const members = this.members.filter(({ home }) => home.user === user);
    for (const { home } of members) {
      const target = home.editTargets.get(seq);
      if (target !== undefined) return [target];
    }
    const unconfirmed = members.flatMap(({ home, postStates }) =>
      [...postStates].flatMap(([text, state]) =>
        state === "open" || state === "unknown" ? (home.edits.get(text) ?? []) : [],
      ),
    );
    return unconfirmed;
  }

  async #calm(): Promise<void> {
    this.trace.note(`${this.clock.now()} calm`);
    this.#isCalm = true;
    this.machine.stopWithin(Number.POSITIVE_INFINITY);
    for (const { home } of this.members) home.disk.calm();
    await this.#settled();
    // An idle client detects a silently lost link late, and sends its queued messages later.
    await this.advance(SILENCE_MS);
    await this.#settled();
    await this.advance(2_000);
  }

  #settled(): Promise<void> {
    return this.until("all to be in, with nothing to do", () => {
      const mayWait = [...truthOf(this.model).values()].some((truth) => this.#lacksAdmin(truth));
      const isDone = ({ isIn, open, openPosts, isSent, isWaiting }: SealedMember) =>
        isIn && open.length === 0 && ((openPosts === 0 && isSent) || (mayWait && isWaiting));
      const areDone = this.machine.isUp && this.#active.every(isDone);
      for (const member of this.#active) {
        if (!member.isRunning) this.#start(member);
        if (member.isRunning) member.askWhenSent();
      }
      return areDone;
    });
  }

  async #last(): Promise<void> {
    const truths = truthOf(this.model);
    for (const member of this.#active) {
      for (const truth of truths.values()) {
        const room = member.client.rooms.find(({ id }) => id === truth.id);
        if (room === undefined) continue;
        const target = room.kind === "person" ? `@${room.name}` : room.name;
        const text = member.say(target);
        await this.until(
          `a last word of ${member.name} to ${target}`,
          () =>
            member.postStates.get(text) !== "open" || (member.isWaiting && this.#lacksAdmin(truth)),
        );
        const postState = member.postStates.get(text);
        const isIn = truth.devices.has(member.home.device);
        check(
          postState === "acked" || !isIn || (postState === "open" && this.#lacksAdmin(truth)),
          () => `${member.name} cannot speak in ${target}: ${postState}`,
        );
      }
    }
    await this.until("all to have read all", () =>
      [...truthOf(this.model).values()].every((truth) => {
        const last = truth.words.at(-1)?.head.seq ?? 0;
        const members = this.#active.filter((member) => this.#isMember(member, truth));
        return members.every(({ home }) => last === 0 || home.shown.has(last));
      }),
    );
    await this.advance(2_000);
    const read = await this.#look();
    checkAcked(this.#active, read);
    await this.#checkAgreement();
    await this.files.check(this.#active);
    this.#checkDisk();
  }

  /** All devices log in again, with correct clocks. */
  async #checkTroubles(): Promise<void> {
    for (const member of this.#active) member.start();
    await this.#settled();
    await this.advance(5_000);
    await this.#troubles.check(this.#active);
  }

  async #checkAgreement(): Promise<void> {
    for (const truth of truthOf(this.model).values()) {
      const authenticators = new Map<string, string>();
      for (const member of this.#active) {
        if (!this.#isMember(member, truth)) continue;
        const kept = await storedRoomOf(member.home, truth.id);
        checkRead(member, truth, kept, (seq) => this.model.isErased(seq), this.wasErased);
        const authenticator = kept.authenticator ?? "none";
        authenticators.set(authenticator, member.name);
      }
      const found = [...authenticators.values()].join(", ");
      check(authenticators.size <= 1, () => `${truth.id}: ${found} disagree`);
    }
  }

  /**
   * Whether the admin's devices are in the group, but none of them is connected any more, or the
   * admin has not entered the room.
   */
  #lacksAdmin(truth: SealedTruth): boolean {
    const { maker, devices } = truth;
    const admin = this.members.find(({ home }) => home.device === maker)?.home.user;
    const isAdmins = ({ home }: SealedMember) => home.user === admin && devices.has(home.device);
    if (!this.members.some(isAdmins)) return false;
    return !this.#active.some((member) => isAdmins(member) && this.#isMember(member, truth));
  }

  #isMember({ home, client }: SealedMember, truth: SealedTruth): boolean {
    return truth.devices.has(home.device) && client.rooms.some(({ id }) => id === truth.id);
  }

  #checkDisk(): void {
    const { disk } = this.machine;
    const look = (folder: string) => {
      for (const name of disk.list(folder)) {
        const path = `${folder}/${name}`;
        if (disk.kind(path) === "folder") look(path);
        else {
          const isOpen = Buffer.from(disk.fileAt(path).visible).includes(CANARY);
          check(!isOpen, () => `the server has a word in the clear in ${path}`);
        }
      }
    };
    look("/d");
  }

  async until(what: string, isDone: () => boolean): Promise<void> {
    const until = this.clock.now() + CALM_MS;
    for (let i = 0; this.clock.now() < until; i++) {
      if (isDone()) return;
      await this.advance(i < 40 ? 25 : 500);
    }
    const open = this.members.map(
      ({ name, isIn, open: begun, openPosts }) => `${name} ${isIn} ${openPosts} [${begun}]`,
    );
    check(false, () => `waits for ${what}: ${open.join("; ")}`);
  }
}

/** Returns one of the user's own texts in the room, except in some cases: clients refuse others. */
function ownTextOf({ home }: SealedMember, { id }: RoomView, draw: number): number | undefined {
  if (draw % 3 === 0) return undefined;
  const isOwn = ({ kind, room, from }: ChatRecord) =>
    kind === "text" && room.id === id && from === home.user;
  const own = [...home.shown.values()].filter(isOwn);
  return own[draw % own.length]?.seq;
}
