import type { RoomId } from "../../../src/base/ids.ts";
import { GROUP_INFO_BYTES_MAX } from "../../../src/base/limits-sealed.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import { copyGroupInfos, GROUP_INFOS } from "../../../src/io/backup/copy.ts";
import type { DiskBackup } from "../../io/disk/sim.ts";
import { OPERATOR_TOKEN } from "../machine.ts";
import { check } from "../reference-model.ts";
import { SeededRandom } from "../seeded-random.ts";
import { SealedHome, SealedMember } from "./device.ts";
import { truthOf } from "./truth.ts";
import type { SealedWorld } from "./world.ts";

const ROOM = "porch";
const USER = "fay";
const DATA = "/d";
const COPY = "/copy";
const DAY_MS = 86_400_000;
const EARLIER = "from before the link";
const READ_TRIES_MAX = 60;
const CLOCK_ERRORS_MS = [-200, -100, 100, 200].map((days) => days * DAY_MS);

/**
 * Devices that come after all others, in some worlds: one that was linked before the server was
 * restored, and one whose clock was wrong together with the server's. Has a random generator of its
 * own, and runs last, so that the rest of a world does not depend on it.
 */
export class Newcomers {
  readonly #random: SeededRandom;
  readonly #world: SealedWorld;
  readonly #hasRestore: boolean;
  readonly #hasClocks: boolean;

  constructor(seed: number, world: SealedWorld) {
    this.#random = new SeededRandom(seed ^ 0x9e3c0e);
    this.#world = world;
    this.#hasRestore = this.#random.chance(0.3);
    this.#hasClocks = this.#random.chance(0.3);
  }

  /** Call when all devices are connected, with correct clocks. */
  async run(active: readonly SealedMember[]): Promise<void> {
    const [maker] = active;
    if (maker === undefined) return;
    if (this.#hasRestore || this.#hasClocks) await this.#make(maker);
    if (this.#hasRestore) await this.#link(maker, active);
    if (this.#hasClocks) await this.#correctClocks(maker);
  }

  async #make(maker: SealedMember): Promise<void> {
    await this.#succeeds(maker, `make ${ROOM}`, async (rooms, client) => {
      const made = await client.request("join", { room: ROOM, create: true, sealed: true });
      const id = made.room as RoomId;
      const view = { kind: "room", name: ROOM, id, topic: "", isSealed: true } as const;
      await rooms.get(view).changes.create();
    });
  }

  /** The new device is the first one to log in to the restored server. */
  async #link(maker: SealedMember, active: readonly SealedMember[]): Promise<void> {
    const world = this.#world;
    const newcomer = this.#newMember(maker.home.user, "new");
    newcomer.home.follows(maker.home);
    await this.#post(maker, EARLIER);
    const files = world.files.message(ROOM, maker);
    maker.sendFiles(files);
    await world.until("the files", () => maker.postStates.get(files.text) !== "open");
    let isLinked = false;
    const linking = maker.offersLink().then((code) => newcomer.links(code));
    linking.then(() => {
      isLinked = true;
    }, world.fail);
    await world.until("the link", () => isLinked);
    for (const member of active) member.kill(false);
    const isOld = this.#random.chance(0.4);
    this.#note(`restore ${isOld ? "a backup of version 0.2.0" : "a backup"}`);
    world.machine.restore(await this.#backUp(isOld), false);
    await world.until("the restored server", () => world.machine.isUp);
    newcomer.start();
    await world.until("the newcomer", () => newcomer.isIn);
    // Only another device has the state that a backup of version 0.2.0 lacks.
    if (isOld) maker.start();
    await world.until(`${newcomer.name} to join ${ROOM}`, () => this.#isInGroup(newcomer));
    for (const member of active) if (!member.isRunning) member.start();
    await world.until("all to be back", () => active.every(({ isIn }) => isIn));
    await this.#post(newcomer, "first words");
    await this.#post(maker, "an answer");
    if (this.#random.chance(0.5)) await this.#interrupt(maker, newcomer);
    await this.#reads(newcomer, EARLIER);
    const message = await this.#reads(newcomer, files.text);
    await world.files.checkMessage(newcomer, message);
    newcomer.kill(false);
  }

  /** Stops both devices while one hands earlier messages over to the other. */
  async #interrupt(maker: SealedMember, newcomer: SealedMember): Promise<void> {
    for (const member of [maker, newcomer]) {
      await this.#world.advance(1 + this.#random.int(3_000));
      member.start();
      await this.#world.until(`${member.name} again`, () => member.isIn);
    }
  }

  async #reads(member: SealedMember, text: string): Promise<ChatRecord> {
    let message: ChatRecord | undefined;
    for (let tries = 0; tries < READ_TRIES_MAX && message === undefined; tries++) {
      await this.#world.advance(2_000);
      await this.#succeeds(member, "read", async (_, client) => {
        const { records } = await client.history({ target: ROOM, limit: 100 });
        message = records.find(({ body }) => body?.["text"] === text);
      });
    }
    check(message !== undefined, () => `${member.name} was not handed '${text}'`);
    return message;
  }

  /** Returns what `chat restore` puts in place of the data folder. Nothing was lost. */
  async #backUp(isOld: boolean): Promise<DiskBackup> {
    const { machine, mutant } = this.#world;
    const { disk } = machine;
    const from = `${DATA}/${GROUP_INFOS.folder}`;
    const files = new Map([...disk.backUp()].filter(([path]) => !path.startsWith(`${from}/`)));
    if (isOld || mutant.isBackupWithoutGroups === true) return files;
    await copyGroupInfos(disk, { from, to: COPY, sizeBytesMax: GROUP_INFO_BYTES_MAX });
    for (const [path, entry] of disk.backUp())
      if (path.startsWith(COPY)) files.set(path.replace(COPY, from), entry);
    return files;
  }

  /** The newcomer has made its key packages while its clock and the server's were wrong. */
  async #correctClocks(maker: SealedMember): Promise<void> {
    const random = this.#random;
    const world = this.#world;
    const { machine } = world;
    const newcomer = this.#newMember(USER, USER);
    const { home } = newcomer;
    home.wallMs = random.pick(CLOCK_ERRORS_MS);
    home.hasWrongClock = true;
    home.isHesitant = random.chance(0.5);
    machine.wallMs = random.chance(0.7) ? home.wallMs : random.pick(CLOCK_ERRORS_MS);
    this.#note(`clocks are wrong by ${home.wallMs} and ${machine.wallMs}`);
    if (random.chance(0.6)) await this.#believe(maker);
    newcomer.start();
    await world.until("the newcomer", () => newcomer.isIn);
    await world.advance(2_000);
    home.wallMs = 0;
    machine.wallMs = 0;
    this.#note("clocks are right");
    if (random.chance(0.5)) newcomer.start();
    await world.until("the newcomer again", () => newcomer.isIn);
    await world.advance(2_000);
    await this.#succeeds(maker, `invite ${USER}`, (of) =>
      of.get(this.#roomOf(maker)).changes.invite(USER),
    );
    check(this.#isInGroup(newcomer), () => `${USER} was not added`);
    home.hasWrongClock = false;
    newcomer.kill(false);
  }

  /** An operator confirms the server's wrong clock. The server later doubts the right one. */
  async #believe(maker: SealedMember): Promise<void> {
    await this.#succeeds(maker, "accept the clock", async (_, client) => {
      this.#world.model.addOperator(client.user ?? "");
      await client.request("operate", { token: OPERATOR_TOKEN });
      await client.request("clock", { accept: true });
    });
  }

  #newMember(user: string, name: string): SealedMember {
    const { platform, machine } = this.#world;
    const home = new SealedHome(platform, { user, name, storeDelayMsMax: 0 });
    return new SealedMember(platform, machine, home, name);
  }

  #isInGroup({ home }: SealedMember): boolean {
    return [...truthOf(this.#world.model).values()].some(
      ({ id, devices }) => id === this.#roomId && devices.has(home.device),
    );
  }

  get #roomId(): string | undefined {
    for (const member of this.#world.members) {
      const id = member.room(ROOM)?.id;
      if (id !== undefined) return id;
    }
    return undefined;
  }

  #roomOf(member: SealedMember) {
    const room = member.room(ROOM);
    check(room !== undefined, () => `${member.name} does not see ${ROOM}`);
    return room;
  }

  async #post(member: SealedMember, what: string): Promise<void> {
    await this.#world.until(`${ROOM} of ${member.name}`, () => member.room(ROOM) !== undefined);
    await this.#succeeds(member, what, (_, client) => client.post(ROOM, { text: what }));
  }

  async #succeeds(
    member: SealedMember,
    what: string,
    work: Parameters<SealedMember["attempt"]>[1],
  ): Promise<void> {
    let isDone = false;
    const attempt = member.attempt(what, work).then((fault) => {
      isDone = true;
      check(fault === undefined, () => `${what}: ${fault?.code} ${fault?.message}`);
    });
    attempt.catch(this.#world.fail);
    await this.#world.until(what, () => isDone);
  }

  #note(what: string): void {
    this.#world.trace.note(`${this.#world.clock.now()} ${what}`);
  }
}
