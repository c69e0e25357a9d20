import type { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import {
  KEY_PACKAGES_PER_HOUR,
  KEY_PACKAGES_PER_HOUR_ALL,
} from "../../../src/base/limits-sealed.ts";
import { OPERATOR_TOKEN } from "../machine.ts";
import { check } from "../reference-model.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { SealedHome, SealedMember } from "./device.ts";
import { truthOf } from "./truth.ts";
import type { SealedWorld } from "./world.ts";

const ROOM = "annex";
const DAY_MS = 86_400_000;
const CLOCK_ERRORS_MS = [-400, -100, 100, 200].map((days) => days * DAY_MS);
/** Longer than all short waits of a client for one rate-limited request. */
const REFUSAL_MS_MAX = 15_000;
/** Longer than a request takes in a calm world with a slow device. */
const REQUEST_MS_MAX = 10_000;
const CLAIMS_AT_ONCE = 6;

/**
 * Wrong clocks, removal of invited users and exhausted budgets. Has a random generator of its own,
 * so that worlds without troubles do not depend on it.
 */
export class Troubles {
  readonly hasClocks: boolean;
  readonly hasRemovals: boolean;
  readonly hasBudgets: boolean;
  readonly #hasErasures: boolean;
  readonly #random: SeededRandom;
  /** Separate, so that the other troubles do not depend on erasures. */
  readonly #erasing: SeededRandom;
  /** Separate, so that the other troubles do not depend on clocks that become wrong. */
  readonly #skewing: SeededRandom;
  readonly #world: SealedWorld;

  constructor(seed: number, world: SealedWorld) {
    this.#random = new SeededRandom(seed ^ 0x5ea1ed);
    this.#world = world;
    this.hasClocks = this.#random.chance(0.3);
    this.hasRemovals = this.#random.chance(0.3);
    this.hasBudgets = this.#random.chance(0.3);
    this.#erasing = new SeededRandom(seed ^ 0xe7a5ed);
    this.#skewing = new SeededRandom(seed ^ 0xc10c);
    this.#hasErasures = this.#erasing.chance(0.5);
  }

  get exist(): boolean {
    return this.hasClocks || this.hasRemovals || this.hasBudgets;
  }

  /** Call before the devices create key packages. */
  begin(): void {
    const random = this.#random;
    const { machine } = this.#world;
    if (this.hasClocks) {
      for (const home of this.#homes) {
        home.hasWrongClock = random.chance(0.4);
        if (home.hasWrongClock) home.wallMs = this.#clockError();
      }
      if (random.chance(0.3)) machine.wallMs = this.#clockError();
    }
    if (!this.hasRemovals) return;
    for (const home of this.#homes) home.isHesitant = random.chance(0.3);
  }

  /** Sometimes corrects a clock or removes a user who may have entered or not. */
  step(): void {
    const random = this.#random;
    const { machine, members } = this.#world;
    if (this.hasClocks && random.chance(0.1)) {
      const home = random.pick(this.#homes);
      this.note(`corrects the clock of ${home.name}`);
      home.wallMs = 0;
      if (random.chance(0.3)) machine.wallMs = 0;
    }
    if (this.hasClocks && this.#skewing.chance(0.05)) {
      const home = this.#skewing.pick(this.#homes);
      home.hasWrongClock = true;
      home.wallMs = this.#skewing.pick(CLOCK_ERRORS_MS);
      this.note(`the clock of ${home.name} becomes wrong by ${home.wallMs}`);
    }
    if (this.#hasErasures && this.#erasing.chance(0.3)) this.#erase();
    if (!this.hasRemovals || !random.chance(0.15)) return;
    const member = random.pick(members);
    const { user } = random.pick(this.#homes);
    const room = member.client.rooms.find(({ isSealed, kind }) => isSealed && kind === "room");
    if (!member.isRunning || room === undefined || user === member.home.user) return;
    if (random.chance(0.5)) {
      member.ask(`take ${user} back from ${room.name}`, (of) => of.get(room).changes.kick(user));
    } else
      member.ask(`operator's kick of ${user}`, (_, client) => this.#kick(client, room.name, user));
  }

  /**
   * Erases an edited message as its author, or as an operator, who may be outside of its room. If
   * there is none, edits a message.
   */
  #erase(): void {
    const random = this.#erasing;
    const { members, model } = this.#world;
    const asOperator = random.chance(0.3);
    const texts = members.flatMap((member) =>
      [...(member.isRunning ? member.home.shown.values() : [])]
        .filter(({ kind, room }) => room.isSealed === true && kind === "text")
        .filter(({ from }) => asOperator || from === member.home.user)
        .map(({ seq, from, room }) => ({ member, seq, from, room })),
    );
    if (texts.length === 0) return;
    const edited = texts.filter(({ seq, from }) =>
      members.some(
        ({ home }) => home.user === from && [...home.editTargets.values()].includes(seq),
      ),
    );
    if (edited.length === 0) {
      const { member, seq, from, room } = random.pick(texts);
      const target = room.kind === "person" ? `@${room.name}` : room.name;
      if (from === member.home.user) member.edit(target, seq);
      return;
    }
    const { member, seq } = random.pick(edited);
    member.ask(`erase ${seq}`, async (_, client) => {
      if (asOperator) {
        model.addOperator(client.user ?? "");
        await client.request("operate", { token: OPERATOR_TOKEN });
      }
      await client.request("erase", { seq });
    });
  }

  /** Call before the end, when the world must work for everyone. */
  correct(): void {
    for (const home of this.#homes) {
      home.wallMs = 0;
      home.hasWrongClock = false;
      home.isHesitant = false;
    }
    this.#world.machine.wallMs = 0;
  }

  /** Checks in a new room that the troubles have left no trace. All devices have just logged in. */
  async check(active: readonly SealedMember[]): Promise<void> {
    const [maker] = active;
    if (maker === undefined) return;
    await this.#make(maker);
    const users = new Set(active.map(({ home }) => home.user));
    users.delete(maker.home.user);
    const guest = users.size === 0 ? "" : this.#random.pick([...users]);
    for (const home of this.#homes) home.isHesitant = home.user === guest;
    for (const user of users) await this.#succeeds(`invite ${user}`, this.#invite(maker, user));
    if (guest === "") return;
    if (this.hasClocks) await this.#checkClocks(maker, guest, active);
    if (this.hasRemovals) await this.#checkRemovals(maker, guest, active);
    if (this.hasBudgets) {
      await this.#checkNeedlessInvites(maker, guest, active);
      await this.#checkBudgets(maker, guest);
    }
  }

  /** Members read an addition of the guest while their clocks are wrong, and post after it. */
  async #checkClocks(
    maker: SealedMember,
    guest: string,
    active: readonly SealedMember[],
  ): Promise<void> {
    const others = active.filter(({ home }) => ![guest, maker.home.user].includes(home.user));
    for (const { home } of others) {
      home.hasWrongClock = true;
      home.wallMs = this.#skewing.pick(CLOCK_ERRORS_MS);
    }
    await this.#succeeds(`take ${guest} back`, this.#takeBack(maker, guest));
    await this.#succeeds(`invite ${guest} again`, this.#invite(maker, guest));
    for (const other of others) {
      await this.#world.until(`${ROOM} of ${other.name}`, () => other.room(ROOM) !== undefined);
      await this.#succeeds(`a post of ${other.name}`, this.#post(other, "annex with any clock"));
    }
    for (const { home } of others) {
      home.hasWrongClock = false;
      home.wallMs = 0;
    }
  }

  async #checkRemovals(
    maker: SealedMember,
    guest: string,
    active: readonly SealedMember[],
  ): Promise<void> {
    await this.#succeeds(`take ${guest} back`, this.#takeBack(maker, guest));
    await this.#checkOutside(maker, guest, active);
    await this.#succeeds(`invite ${guest} again`, this.#invite(maker, guest));
    const operator = this.#random.pick(active.filter(({ home }) => home.user !== guest));
    const kick = operator.attempt("operator's kick", (_, client) =>
      this.#kick(client, ROOM, guest),
    );
    await this.#succeeds(`${operator.name}'s kick of ${guest} as an operator`, kick);
    await this.#succeeds("a post after the kick", this.#post(maker, "annex after kick"));
    await this.#checkOutside(maker, guest, active);
  }

  /** Checks that the guest's devices have no keys, and that the guest cannot enter. */
  async #checkOutside(
    maker: SealedMember,
    guest: string,
    active: readonly SealedMember[],
  ): Promise<void> {
    const room = maker.room(ROOM)?.id ?? "";
    const devices = truthOf(this.#world.model).get(room)?.devices;
    for (const { user, device, name } of this.#homes) {
      check(user !== guest || devices?.has(device) === false, () => `${name} still has keys`);
    }
    const member = active.find(({ home }) => home.user === guest);
    const join = member?.attempt("join", (_, client) => client.request("join", { room: ROOM }));
    const fault = join && (await this.#within(REQUEST_MS_MAX, "join", join));
    check(fault !== undefined, () => `${guest} enters after the invitation was withdrawn`);
  }

  /** Invites a guest who is there already, which must use none of the guest's key packages. */
  async #checkNeedlessInvites(
    maker: SealedMember,
    guest: string,
    active: readonly SealedMember[],
  ): Promise<void> {
    const member = active.find(({ home }) => home.user === guest);
    const countLeft = async () => {
      let count = 0;
      const counting = member?.attempt("count key packages", async (_, client) => {
        const time = this.#world.clock.unixMs();
        count = (await client.request("key-packages", { packages: [], time })).left;
      });
      if (counting !== undefined) await this.#succeeds("count key packages", counting);
      return count;
    };
    await this.#succeeds(`addition of ${guest}`, this.#invite(maker, guest));
    const before = await countLeft();
    for (let i = 0; i < 3; i++)
      await this.#succeeds(`needless invitation of ${guest}`, this.#invite(maker, guest));
    const after = await countLeft();
    check(after >= before, () => `needless invitations used ${before - after} key packages`);
  }

  async #checkBudgets(maker: SealedMember, guest: string): Promise<void> {
    for (let i = 0; i < KEY_PACKAGES_PER_HOUR + 2; i++) {
      await this.#succeeds(`addition ${i} of ${guest}`, this.#invite(maker, guest));
      await this.#succeeds(`removal ${i} of ${guest}`, this.#takeBack(maker, guest));
    }
    const claim = () =>
      maker.attempt(`claim of ${guest}`, (_, client) =>
        client.request("key-package", { user: guest }),
      );
    let claims = 0;
    for (
      let fault: Fault | undefined;
      fault === undefined && claims < 600;
      claims += CLAIMS_AT_ONCE
    ) {
      const all = Promise.all(Array.from({ length: CLAIMS_AT_ONCE }, claim));
      const faults = await this.#within(REFUSAL_MS_MAX, "claims beyond the limit", all);
      fault = faults.find((one) => one !== undefined);
      const isWait =
        fault === undefined || (fault.code === "too-fast" && (fault.retryAfterMs ?? 0) > 0);
      check(isWait, () => `a claim came to ${fault?.code} ${fault?.message}`);
    }
    check(claims < 600, () => `more than ${KEY_PACKAGES_PER_HOUR_ALL} claims were answered`);
    const pending = Promise.all(Array.from({ length: CLAIMS_AT_ONCE }, claim));
    await this.#succeeds("a post beside refused claims", this.#post(maker, "annex beside claims"));
    await this.#within(REFUSAL_MS_MAX, "the refused claims", pending);
  }

  async #make(maker: SealedMember): Promise<void> {
    const making = maker.attempt(`make ${ROOM}`, async (rooms, client) => {
      const made = await client.request("join", { room: ROOM, create: true, sealed: true });
      const id = made.room as RoomId;
      const view = { kind: "room", name: ROOM, id, topic: "", isSealed: true } as const;
      await rooms.get(view).changes.create();
    });
    await this.#succeeds("make a room", making);
  }

  #invite(maker: SealedMember, user: string): Promise<Fault | undefined> {
    const room = maker.room(ROOM);
    check(room !== undefined, () => `${maker.name} does not see its new room`);
    return maker.attempt(`invite ${user} to ${ROOM}`, (of) => of.get(room).changes.invite(user));
  }

  #takeBack(maker: SealedMember, user: string): Promise<Fault | undefined> {
    const room = maker.room(ROOM);
    check(room !== undefined, () => `${maker.name} does not see its room`);
    return maker.attempt(`kick ${user} from ${ROOM}`, (of) => of.get(room).changes.kick(user));
  }

  #post(maker: SealedMember, text: string): Promise<Fault | undefined> {
    return maker.attempt(`post to ${ROOM}`, (_, client) => client.post(ROOM, { text }));
  }

  async #kick(client: SealedMember["client"], room: string, user: string): Promise<void> {
    this.#world.model.addOperator(client.user ?? "");
    await client.request("operate", { token: OPERATOR_TOKEN });
    await client.request("kick", { room, user });
  }

  async #succeeds(what: string, work: Promise<Fault | undefined>): Promise<void> {
    const fault = await this.#within(REQUEST_MS_MAX, what, work);
    check(fault === undefined, () => `${what}: ${fault?.code} ${fault?.message}`);
  }

  async #within<Value>(waitMs: number, what: string, work: Promise<Value>): Promise<Value> {
    const { clock } = this.#world;
    let result: { readonly value: Value } | undefined;
    work.then((value) => {
      result = { value };
    });
    for (const until = clock.now() + waitMs; result === undefined && clock.now() < until; ) {
      await this.#world.advance(25);
    }
    check(result !== undefined, () => `${what} takes more than ${waitMs} ms`);
    return result.value;
  }

  get #homes(): readonly SealedHome[] {
    return [...new Set(this.#world.members.map(({ home }) => home))];
  }

  #clockError(): number {
    return this.#random.pick(CLOCK_ERRORS_MS);
  }

  note(what: string): void {
    this.#world.trace.note(`${this.#world.clock.now()} ${what}`);
  }
}
