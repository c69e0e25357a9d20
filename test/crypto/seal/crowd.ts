/**
 * Random changes to one group by many devices of many users. All devices read the server's list in
 * order, some of them late. In each epoch, all members must agree and decrypt each other's
 * messages, and removed devices must not, with any state they ever had.
 */
import { equalBytes, utf8Decode, utf8Encode } from "../../../src/base/bytes.ts";
import type { SealCommit, SealIntent } from "../../../src/crypto/seal/engine.ts";
import type { SealedGroup } from "../../../src/crypto/seal/group.ts";
import type { KeyPackagePair } from "../../../src/crypto/seal/key-packages.ts";
import { wipe } from "../../../src/crypto/seal/secrets.ts";
import { importStateKey, type StateKey } from "../../../src/crypto/seal/state-box.ts";
import type { SeededRandom } from "../../worlds/seeded-random.ts";
import { opensNext } from "./attacker.ts";
import { ROOM, TestDevice } from "./devices.ts";

const LEASE = "1";
const WATCHED = 3;
const STORED_STATES = 3;
const LAG = 0.2;

type Entry =
  | { readonly kind: "commit"; readonly commit: Uint8Array; readonly bound: Uint8Array }
  | {
      readonly kind: "text";
      readonly message: Uint8Array;
      readonly bound: Uint8Array;
      readonly text: string;
      readonly from: TestDevice;
    };

interface Person {
  readonly device: TestDevice;
  group: SealedGroup | undefined;
  read: number;
  savedGroups: SealedGroup[];
}

export interface CrowdTally {
  commits: number;
  texts: number;
  reloads: number;
  attempts: number;
}

export class Crowd {
  readonly tally: CrowdTally = { commits: 0, texts: 0, reloads: 0, attempts: 0 };
  readonly #dice: SeededRandom;
  readonly #people: Person[];
  readonly #key: StateKey;
  readonly #log: Entry[] = [];
  #counter = 0;

  private constructor(dice: SeededRandom, people: Person[], key: StateKey) {
    this.#dice = dice;
    this.#people = people;
    this.#key = key;
  }

  /** @param users number of users. Every third user has two devices, all others one. */
  static async gather(dice: SeededRandom, users: number): Promise<Crowd> {
    const people: Person[] = [];
    for (let i = 0; i < users; i++) {
      const device = await TestDevice.make({ user: `user-${i}` });
      people.push(outside(device));
      if (i % 3 !== 0) continue;
      const second = await TestDevice.make({ user: device.user, account: device.account });
      people.push(outside(second));
    }
    const [first] = people;
    if (first === undefined) throw new Error("a crowd has somebody");
    const admins = people.map(({ device }) => device.accountId);
    const policy = first.device.policy({ admins: [...new Set(admins)].slice(0, 64) });
    first.group = (await first.device.engine.create(policy)).group;
    return new Crowd(dice, people, await importStateKey(new Uint8Array(32).fill(1)));
  }

  async step(): Promise<void> {
    const by = await this.#member();
    const group = groupOf(by);
    const outsiders = this.#people.filter((person) => person.group === undefined);
    const others = this.#members().filter((person) => person !== by);
    const roll = this.#dice.int(100);
    if (roll < 30 && outsiders.length > 0) return this.#add(by, this.#some(outsiders, 4));
    if (roll < 50 && others.length > 0) return this.#remove(by, this.#some(others, 3));
    if (roll < 65) return this.#simple(by, { kind: "update" });
    if (roll < 72 && others.length > 0) return this.#race(by, this.#dice.pick(others));
    if (roll < 80) return this.#rejoin(by);
    if (roll < 88) return this.#link();
    if (roll < 92) {
      const policy = { ...group.policy, web: !group.policy.web };
      return this.#simple(by, { kind: "policy", policy });
    }
    return this.#reload(by);
  }

  async settle(): Promise<void> {
    for (const person of this.#members()) await this.#catchUp(person);
    this.#checkAgreement();
  }

  async #add(by: Person, added: readonly Person[]): Promise<void> {
    const pairs: (KeyPackagePair | undefined)[] = [];
    for (const { device } of added) pairs.push((await device.engine.makeKeyPackages(1))[0]);
    const keyPackages = pairs.map((pair) => pair?.keyPackage ?? new Uint8Array(0));
    const made = await this.#commit(by, { kind: "add", keyPackages });
    await this.#take(by, made, []);
    for (const [i, person] of added.entries()) {
      const { device } = person;
      const secretOf = (ref: string) => (pairs[i]?.ref === ref ? pairs[i]?.secret : undefined);
      const place = { room: ROOM, gid: made.group.gid, ...device.accountChecks() };
      person.group = (
        await device.engine.join(made.welcome ?? this.#bound(), secretOf, place)
      ).group;
      person.read = this.#log.length;
    }
    await this.#talk();
  }

  async #remove(by: Person, removed: readonly Person[]): Promise<void> {
    const devices = removed.map(({ device }) => device.id);
    const made = await this.#commit(by, { kind: "remove", devices });
    await this.#take(by, made, removed);
    await this.#talk();
  }

  async #simple(by: Person, intent: SealIntent): Promise<void> {
    await this.#take(by, await this.#commit(by, intent), []);
    await this.#talk();
  }

  async #race(winner: Person, loser: Person): Promise<void> {
    await this.#catchUp(loser);
    await this.#commit(loser, { kind: "update" });
    const won = await this.#commit(winner, { kind: "update" });
    await this.#take(winner, won, []);
    await this.#catchUp(loser);
    await this.#take(loser, await this.#commit(loser, { kind: "update" }), []);
    await this.#talk();
  }

  async #rejoin(by: Person): Promise<void> {
    const [other = by] = this.#members().filter((person) => person !== by);
    await this.#catchUp(other);
    const info = await other.device.engine.groupInfo(groupOf(other));
    const bound = this.#bound();
    const place = { room: ROOM, bound, gid: groupOf(by).gid, ...by.device.accountChecks() };
    await this.#take(by, { ...(await by.device.engine.rejoin(info, place)), bound }, []);
    await this.#talk();
  }

  async #link(): Promise<void> {
    const accounts = new Set(this.#members().map(({ device }) => device.accountId));
    const newcomers = this.#people.filter(
      ({ group, device }) => group === undefined && accounts.has(device.accountId),
    );
    if (newcomers.length === 0) return;
    const member = await this.#member();
    const info = await member.device.engine.groupInfo(groupOf(member));
    const person = this.#dice.pick(newcomers);
    const bound = this.#bound();
    const place = { room: ROOM, bound, ...person.device.accountChecks() };
    await this.#take(person, { ...(await person.device.engine.rejoin(info, place)), bound }, []);
    await this.#talk();
  }

  async #reload(person: Person): Promise<void> {
    const { engine } = person.device;
    const { gid } = groupOf(person);
    const bytes = await engine.save(groupOf(person), { key: this.#key, lease: LEASE });
    const load = () => engine.load(bytes, { key: this.#key, lease: LEASE, gid });
    person.group = await load();
    person.savedGroups = [await load(), ...person.savedGroups].slice(0, STORED_STATES);
    this.tally.reloads++;
  }

  async #commit(by: Person, intent: SealIntent) {
    const bound = this.#bound();
    const context = { bound, ...by.device.accountChecks() };
    return { ...(await by.device.engine.commit(groupOf(by), intent, context)), bound };
  }

  async #take(
    by: Person,
    made: SealCommit & { readonly bound: Uint8Array },
    removed: readonly Person[],
  ): Promise<void> {
    // Copies the state as a thief would, because wiping memory does not affect a copy on disk.
    for (const person of removed) {
      await this.#catchUp(person);
      person.savedGroups = [await this.#copy(person), ...person.savedGroups].slice(
        0,
        STORED_STATES,
      );
    }
    const before = by.group;
    const { commit, bound } = made;
    this.#log.push({ kind: "commit", commit, bound });
    by.group = made.group;
    by.read = this.#log.length;
    this.tally.commits++;
    for (const person of removed) {
      const { device } = person;
      const context = { bound, ...device.accountChecks() };
      const out = await device.engine.process(groupOf(person), commit, context);
      if (out.kind !== "removed") throw new Error(`${device.user} not removed: ${out.kind}`);
      person.group = undefined;
      this.#watched = [person, ...this.#watched.filter((one) => one !== person)].slice(0, WATCHED);
    }
    for (const person of this.#members()) {
      if (person !== by && !this.#dice.chance(LAG)) await this.#catchUp(person);
    }
    if (before !== undefined) await this.#attack(by, commit, before);
    wipe(made.consumed);
  }

  #watched: Person[] = [];

  async #attack(by: Person, commit: Uint8Array, before: SealedGroup): Promise<void> {
    const next = groupOf(by);
    const content = { body: utf8Encode("unseen"), sentAtUnixMs: 1, count: 1 };
    const { message } = await by.device.engine.encrypt(next, content, { bound: this.#bound() });
    for (const { device, group, savedGroups } of this.#watched) {
      if (group !== undefined) continue;
      for (const state of savedGroups) {
        this.tally.attempts++;
        if (await opensNext(device, state, { commit, before, next, message })) {
          throw new Error(`${device.user} was removed, but opens epoch ${next.epoch}`);
        }
      }
    }
  }

  async #talk(): Promise<void> {
    const from = await this.#member();
    const text = `text ${++this.#counter}`;
    const bound = this.#bound();
    const content = { body: utf8Encode(text), sentAtUnixMs: 1, count: this.#counter };
    const sent = await from.device.engine.encrypt(groupOf(from), content, { bound });
    from.group = sent.group;
    wipe(sent.consumed);
    this.#log.push({ kind: "text", message: sent.message, bound, text, from: from.device });
    from.read = this.#log.length;
    this.tally.texts++;
    for (const person of this.#some(this.#members(), 4)) await this.#catchUp(person);
    this.#checkAgreement();
  }

  async #catchUp(person: Person): Promise<void> {
    const { device } = person;
    for (const entry of this.#log.slice(person.read)) {
      const group = groupOf(person);
      const { bound } = entry;
      if (entry.kind === "commit") {
        const context = { bound, atUnixMs: Date.now(), ...device.accountChecks() };
        const done = await device.engine.process(group, entry.commit, context);
        if (done.kind !== "applied") {
          throw new Error(`${device.user} at ${group.epoch}: ${JSON.stringify(done)}`, {
            cause: "cause" in done ? done.cause : undefined,
          });
        }
        person.group = done.group;
        wipe(done.consumed);
      } else {
        const read = await device.engine.decrypt(group, entry.message, { bound });
        const { body, sender } = read.message;
        if (utf8Decode(body) !== entry.text || sender.device !== entry.from.id) {
          throw new Error(`${device.user} read another text than was sent`);
        }
        person.group = read.group;
        wipe(read.consumed);
      }
      person.read++;
    }
  }

  #checkAgreement(): void {
    const expected = this.#members().map(({ device }) => device.id);
    const current = this.#members().filter(({ read }) => read === this.#log.length);
    const [first] = current;
    if (first === undefined) return;
    for (const person of current) {
      const group = groupOf(person);
      const secret = ({ mls }: SealedGroup) => mls.keySchedule.epochAuthenticator;
      const found = group.members.map(({ device }) => device);
      const isSame =
        equalBytes(secret(group), secret(groupOf(first))) &&
        found.sort().join() === expected.sort().join();
      if (!isSame) throw new Error(`${person.device.user} disagrees at epoch ${group.epoch}`);
    }
  }

  async #copy(person: Person): Promise<SealedGroup> {
    const { engine } = person.device;
    const place = { key: this.#key, lease: LEASE };
    const bytes = await engine.save(groupOf(person), place);
    return engine.load(bytes, { ...place, gid: groupOf(person).gid });
  }

  async #member(): Promise<Person> {
    const person = this.#dice.pick(this.#members());
    await this.#catchUp(person);
    return person;
  }

  #members(): Person[] {
    return this.#people.filter(({ group }) => group !== undefined);
  }

  #some<T>(list: readonly T[], most: number): T[] {
    const remaining = [...list];
    const count = Math.min(remaining.length, 1 + this.#dice.int(most));
    return Array.from(
      { length: count },
      () => remaining.splice(this.#dice.int(remaining.length), 1)[0] as T,
    );
  }

  #bound(): Uint8Array {
    return utf8Encode(`post ${++this.#counter}`);
  }
}

function outside(device: TestDevice): Person {
  return { device, group: undefined, read: 0, savedGroups: [] };
}

function groupOf({ group, device }: Person): SealedGroup {
  if (group === undefined) throw new Error(`${device.user} is outside`);
  return group;
}
