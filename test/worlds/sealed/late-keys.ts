import type { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import type { SealedRooms } from "../../../src/client/sealed/rooms.ts";
import { deviceIdOf } from "../../../src/crypto/device-id.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { check } from "../reference-model.ts";
import { SeededRandom } from "../seeded-random.ts";
import { CANARY, SealedHome, SealedMember } from "./device.ts";
import {
  Contents,
  checkKept,
  checkRead,
  type SealedTruth,
  storedRoomOf,
  truthOf,
} from "./truth.ts";
import type { SealedWorld } from "./world.ts";

const ROOM = "den";
/** Time within which the last member decides about the new key. */
const DECISION_MS_MAX = 12_000;
const TALK_STEPS = 14;

type Attempt = readonly [
  member: SealedMember,
  what: string,
  work: Parameters<SealedMember["attempt"]>[1],
];

/**
 * In some worlds, a member registers again with a new key, and the others accept it one after
 * the other, while all of them talk. Has a random generator of its own, and runs last, so that the
 * rest of a world does not depend on it.
 */
export class LateKeys {
  readonly #random: SeededRandom;
  readonly #world: SealedWorld;
  readonly #isChosen: boolean;

  constructor(seed: number, world: SealedWorld) {
    this.#random = new SeededRandom(seed ^ 0x1a7e0);
    this.#world = world;
    this.#isChosen = this.#random.chance(0.5);
  }

  /** Call when all devices are connected, with correct clocks. */
  async run(active: readonly SealedMember[]): Promise<void> {
    const [maker] = active;
    const users = new Set(active.map(({ home }) => home.user));
    if (!this.#isChosen || maker === undefined) return;
    users.delete(maker.home.user);
    // All former devices of the member are replaced.
    const absent = this.#world.members.filter((member) => !active.includes(member));
    const names = [...users].filter((name) => absent.every(({ home }) => home.user !== name));
    if (users.size < 2 || names.length === 0) return;
    const user = this.#random.pick(names);
    for (const { home } of active) home.isHesitant = false;
    for (const member of active) member.start();
    await this.#world.until("all to be back", () => active.every(({ isIn }) => isIn));
    await this.#make(maker);
    for (const name of users)
      await this.#succeeds(maker, `invite ${name}`, (of) =>
        of.get(this.#room(maker)).changes.invite(name),
      );
    const former = active.filter(({ home }) => home.user === user);
    const others = active.filter(({ home }) => home.user !== user);
    await this.#world.until(`${ROOM} of all`, () =>
      active.every((one) => one.room(ROOM) !== undefined),
    );
    for (const member of active) await this.#posts(member, `${CANARY} hello of ${member.name}`);
    await this.#allRead(active);
    const again = await this.#replace(user, former);
    // The maker meets the new key.
    await this.#attempt(maker, `invite ${user}`, (of) =>
      of.get(this.#room(maker)).changes.invite(user),
    );
    await this.#succeeds(maker, `accept ${user}`, (of) => acceptOther(of, user));
    await this.#succeeds(maker, `invite ${user} again`, (of) =>
      of.get(this.#room(maker)).changes.invite(user),
    );
    await this.#talk(again, others, user);
    await this.#check([again, ...others]);
  }

  /** The new device replaces all former ones, whose account key is lost. */
  async #replace(user: string, former: readonly SealedMember[]): Promise<SealedMember> {
    const [first] = former;
    check(first !== undefined, () => `${user} has a device`);
    const { platform, machine } = this.#world;
    const home = new SealedHome(platform, { user, name: `${user}-again`, storeDelayMsMax: 0 });
    const again = new SealedMember(platform, machine, home, home.name);
    let isLinked = false;
    const linking = first.offersLink().then((code) => again.links(code));
    linking.then(() => {
      isLinked = true;
    }, this.#world.fail);
    await this.#world.until("the link", () => isLinked);
    home.forgetAccount(this.#random.bytes(32));
    for (const member of former) member.kill(false);
    again.start();
    await this.#world.until("the new device", () => again.isIn);
    const devices = new Set(former.map((member) => member.home.identity.publicKey));
    for (const key of devices)
      await this.#succeeds(again, "revoke", (_, client) =>
        client.request("revoke", { device: deviceIdOf(key, sha256) }),
      );
    return again;
  }

  async #talk(again: SealedMember, others: readonly SealedMember[], user: string): Promise<void> {
    const random = this.#random;
    const { clock, machine } = this.#world;
    for (const home of new Set(others.map((member) => member.home))) {
      clock.after(random.int(DECISION_MS_MAX), () => {
        const program = random.pick(home.programs);
        if (program.isIn) program.ask(`accept ${user}`, (of) => acceptOther(of, user));
      });
    }
    const all = [again, ...others];
    for (let step = 0; step < TALK_STEPS; step++) {
      await this.#world.advance(random.int(1_500));
      const member = random.pick(all);
      const kind = random.weighted({ say: 10, edit: 2, cut: 1, kill: 2, crash: 1 });
      const isTalking = member.isIn && member.room(ROOM) !== undefined;
      if (kind === "crash" && machine.isUp) machine.crash("kill", false, random.int(2_000));
      else if (kind === "cut") machine.network.cut((end) => end.remote.host === member.name);
      else if (kind === "kill" && member.isRunning) {
        member.killWithin(1 + random.int(9), random.chance(0.3), () => member.start());
      } else if (isTalking && kind === "say") member.say(ROOM);
      else if (isTalking && kind === "edit") {
        const own = [...member.home.shown.values()].findLast(
          ({ kind: shown, from, room }) =>
            shown === "text" && from === member.home.user && room.name === ROOM,
        );
        if (own !== undefined) member.edit(ROOM, own.seq);
      }
    }
    for (const { home } of all) home.disk.calm();
    await this.#settled(all);
    for (const member of others)
      await this.#succeeds(member, `accept ${user}`, (of) => acceptOther(of, user));
    await this.#settled(all);
    for (const member of all) await this.#posts(member, `${CANARY} last of ${member.name}`);
    await this.#allRead(all);
  }

  /** Every record that another member reads is read by those who have accepted the key late. */
  async #check(all: readonly SealedMember[]): Promise<void> {
    const { members, model, wasErased } = this.#world;
    const truth = this.#truth;
    const words = new Contents();
    for (const member of all) {
      const kept = await storedRoomOf(member.home, truth.id);
      const own = [...members, member].filter(({ home }) => home.user === member.home.user);
      checkKept(member, truth, kept, words, {
        devices: own.map(({ home }) => home.device),
        wasErased,
        isEditOfNoMessage: () => true,
      });
      checkRead(member, truth, kept, (seq) => model.isErased(seq), wasErased);
    }
  }

  get #truth(): SealedTruth {
    const { members, model } = this.#world;
    const id = members.map((member) => member.room(ROOM)?.id).find((one) => one !== undefined);
    const truth = truthOf(model).get(id ?? "");
    check(truth !== undefined, () => `nobody knows ${ROOM}`);
    return truth;
  }

  #settled(all: readonly SealedMember[]): Promise<void> {
    return this.#world.until("all to be back, with nothing to do", () => {
      for (const member of all) if (!member.isRunning) member.start();
      return (
        this.#world.machine.isUp &&
        all.every(({ isIn, open, openPosts }) => isIn && open.length === 0 && openPosts === 0)
      );
    });
  }

  async #allRead(all: readonly SealedMember[]): Promise<void> {
    const last = this.#truth.words.at(-1)?.head.seq ?? 0;
    await this.#world.until(`all to have read ${last}`, () =>
      all.every(({ home }) => home.shown.get(last)?.sealed === "open"),
    );
  }

  async #make(maker: SealedMember): Promise<void> {
    await this.#succeeds(maker, `make ${ROOM}`, async (rooms, client) => {
      const made = await client.request("join", { room: ROOM, create: true, sealed: true });
      const id = made.room as RoomId;
      const view = { kind: "room", name: ROOM, id, topic: "", isSealed: true } as const;
      await rooms.get(view).changes.create();
    });
    await this.#world.until(`${ROOM} of ${maker.name}`, () => maker.room(ROOM) !== undefined);
  }

  #room(member: SealedMember) {
    const room = member.room(ROOM);
    check(room !== undefined, () => `${member.name} does not see ${ROOM}`);
    return room;
  }

  async #posts(member: SealedMember, text: string): Promise<void> {
    await this.#world.until(`${ROOM} of ${member.name}`, () => member.room(ROOM) !== undefined);
    await this.#succeeds(member, text, (_, client) => client.post(ROOM, { text }));
  }

  async #succeeds(...[member, what, work]: Attempt): Promise<void> {
    const fault = await this.#attempt(member, what, work);
    check(fault === undefined, () => `${member.name}, ${what}: ${fault?.code} ${fault?.message}`);
  }

  async #attempt(...[member, what, work]: Attempt): Promise<Fault | undefined> {
    let result: { readonly fault: Fault | undefined } | undefined;
    const attempt = member.attempt(what, work).then((fault) => {
      result = { fault };
    });
    attempt.catch(this.#world.fail);
    await this.#world.until(what, () => result !== undefined);
    return result?.fault;
  }
}

/** A user decides only about a key that the device has met. */
async function acceptOther(rooms: SealedRooms, user: string): Promise<void> {
  const { former } = await rooms.safetyNumber(user);
  if (former !== undefined) await rooms.acceptIdentity(user);
}
