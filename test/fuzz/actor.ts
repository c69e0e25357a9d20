import { Fault } from "../../src/base/fault.ts";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { packValue } from "../../src/wire/codec.ts";
import type { RequestKind } from "../../src/wire/messages.ts";
import { SEALED_FILE_NAME } from "../../src/wire/messages-sealed.ts";
import { within } from "../event.ts";
import { type Keys, newKeys } from "../server/guest.ts";
import { GROUP } from "../server/sealed/sealed-lab.ts";
import type { SeededRandom } from "../worlds/seeded-random.ts";
import { Caller, type Outcome } from "./caller.ts";
import {
  type Asker,
  anyNotice,
  anyRequest,
  anyTransferNotice,
  type Case,
  CHANNEL_KINDS,
  commitOf,
  EMPTY_DIGEST,
  mayWait,
  SEALED_KINDS,
  sealedPost,
} from "./cases.ts";
import type { Facts } from "./facts.ts";

export type Role = "stranger" | "member" | "operator";
export const ROLES: readonly Role[] = ["stranger", "member", "operator"];

export interface ActorOptions {
  readonly random: SeededRandom;
  readonly facts: Facts;
  readonly done: Set<string>;
  readonly port: () => number;
  readonly operatorToken: () => string;
  readonly makeOperator: (user: string) => Promise<void>;
  readonly openDoor: () => Promise<void>;
}

const EMPTY = { size: 0, chunks: 0, digest: EMPTY_DIGEST };

const BROKEN: ReadonlySet<string> = new Set(["internal", "store-failed", "log-corrupt"]);

export class Finding extends Error {
  override readonly name = "Finding";
}

export class Actor implements Asker {
  readonly role: Role;
  readonly random: SeededRandom;
  readonly facts: Facts;
  readonly #options: ActorOptions;
  #keys: Keys = newKeys();
  #user = "";
  #caller: Caller | undefined;
  ownRoom = "lobby";
  file = "fAAAAAAAAAAA";
  sealedRoom = "lobby";
  epoch = 0;
  said: Case[] = [];

  constructor(role: Role, place: ActorOptions) {
    this.role = role;
    this.#options = place;
    this.random = place.random;
    this.facts = place.facts;
  }

  get token(): string {
    return this.role === "operator" ? this.#options.operatorToken() : "no token";
  }

  async asks(cases: readonly Case[]): Promise<number> {
    this.said = [];
    const caller = await this.#ready();
    await this.#asks(caller, cases);
    this.#check(caller);
    if (caller.phase !== "member" || this.role === "stranger") this.#hangUp();
    return cases.length;
  }

  draw(count: number, kinds?: readonly string[]): Case[] {
    return Array.from({ length: count }, () => anyRequest(this, kinds));
  }

  /** Transfers over a data channel: one valid file among random requests. */
  async transfers(count: number): Promise<number> {
    const lane = await this.#readyChannel();
    this.file = `f${this.random.bytes(8).toBase64({ alphabet: "base64url", omitPadding: true })}`;
    const file = { file: this.file };
    this.said = [];
    const asks = (cases: readonly Case[]) => this.#asks(lane, cases);
    const draws = () => this.draw(count / 3, CHANNEL_KINDS);
    await asks([{ kind: "offer", fields: { ...file, to: ["lobby"], name: "a file" } }]);
    await asks(draws());
    await asks([{ kind: "finish", fields: { ...file, ...EMPTY } }]);
    await this.#posts("lobby", { text: "", files: [{ ...file, ...EMPTY }] });
    this.facts.learn("file", this.file);
    await asks([{ kind: "fetch", fields: { ...file, from: 0, window: CHUNK_BYTES } }]);
    await asks(draws());
    const sealed = { file: `${this.file.slice(0, -1)}-` };
    const to = [this.sealedRoom];
    await asks([{ kind: "offer", fields: { ...sealed, to, name: SEALED_FILE_NAME } }]);
    await asks([{ kind: "finish", fields: { ...sealed, ...EMPTY } }]);
    const { fields } = sealedPost(this, this.sealedRoom);
    const files = [{ ...sealed, ...EMPTY }];
    await this.#posts(this.sealedRoom, { ...(fields["body"] as object), files });
    for (let i = 0; i < count / 3 && this.random.chance(0.8); i++) {
      const one = anyTransferNotice(this);
      this.said.push(one);
      lane.raw(packValue({ kind: one.kind, ...one.fields }));
    }
    await asks(draws());
    this.#check(lane);
    lane.close();
    return this.said.length;
  }

  async #posts(to: string, body: object): Promise<void> {
    const { fields } = sealedPost(this, to);
    await this.#asks(await this.#ready(), [{ kind: "post", fields: { ...fields, body } }]);
  }

  async seals(count: number): Promise<number> {
    const caller = await this.#ready();
    this.said = [];
    const asks = (cases: readonly Case[]) => this.#asks(caller, cases);
    const signature = this.random.bytes(64);
    const leave = { room: this.sealedRoom, epoch: this.epoch, signature };
    // Excludes the lobby, in which the other actors post.
    if (this.sealedRoom !== "lobby") await asks([{ kind: "leave", fields: leave }]);
    const room = `seal-${this.random.int(2 ** 31).toString(36)}`;
    this.sealedRoom = room;
    this.epoch = 0;
    await asks([{ kind: "join", fields: { room, create: true, sealed: true } }]);
    const first = { target: room, group: GROUP, commitId: "first", info: this.random.bytes(100) };
    await asks([{ kind: "group-create", fields: first }]);
    this.facts.learn("sealedRoom", room);
    await asks([{ kind: "group", fields: { target: room } }]);
    for (let i = 0; i < 3; i++) {
      const commits = ["one", "other"].map((name) => commitOf(this, `${name}-${i}`));
      await asks([...commits, sealedPost(this, room)]);
      await asks([sealedPost(this, room), ...this.draw(count / 3, SEALED_KINDS)]);
    }
    this.#check(caller);
    return this.said.length;
  }

  async oddities(count: number): Promise<number> {
    this.said = [];
    for (let i = 0; i < count; i++) {
      const { port } = this.#options;
      const isGreeted = this.random.chance(0.7);
      const caller = await (isGreeted ? Caller.greeted(port()) : Caller.bare(port()));
      if (isGreeted && this.random.chance(0.4)) await this.#enter(caller);
      caller.raw(this.#oddBytes());
      if (this.random.chance(0.5)) caller.raw(this.#oddBytes());
      const answered = caller.ask("rooms", {});
      await within("the end of an odd link", Promise.race([answered, caller.ended]));
      caller.close();
    }
    return count;
  }

  #oddBytes(): Uint8Array {
    const { random } = this;
    const isNotice = random.chance(0.6);
    const one = isNotice ? anyNotice(this) : anyRequest(this);
    this.said.push(one);
    const refs = [0, 1, 2, -1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, Number.NaN, "1", null];
    const ref = isNotice && random.chance(0.8) ? undefined : random.pick(refs);
    const odd = random.chance(0.1)
      ? { [random.pick(["__proto__", "constructor", "kind"])]: {} }
      : {};
    const value = { kind: one.kind, ...(ref === undefined ? {} : { ref }), ...one.fields, ...odd };
    const bytes = packValue(value);
    if (random.chance(0.2)) bytes[random.int(bytes.length)] = random.int(256);
    if (random.chance(0.1)) return bytes.subarray(0, random.int(bytes.length + 1));
    return bytes;
  }

  async #asks(caller: Caller, cases: readonly Case[]): Promise<void> {
    this.said.push(...cases);
    await Promise.all(cases.map((item) => this.#asked(caller, item)));
  }

  async #asked(caller: Caller, one: Case): Promise<void> {
    const outcome = caller.ask(one.kind as RequestKind, one.fields);
    if (mayWait(one.kind)) return void outcome.then((came) => this.#learn(one, came));
    const what = `an answer to ${describe(one)} of a ${this.role}`;
    this.#learn(one, await within(what, outcome));
  }

  #learn(one: Case, outcome: Outcome): void {
    if (outcome.kind === "answered") {
      this.#options.done.add(one.kind);
      for (const what of sealedIn(one)) this.#options.done.add(what);
      if (one.kind === "group-commit" && one.fields["target"] === this.sealedRoom) {
        this.epoch = Number(outcome.answer["epoch"]);
      }
      if (one.kind === "post") this.facts.learn("postSeq", outcome.answer["seq"]);
      return this.facts.learnFrom(outcome.answer);
    }
    const { code, message } = outcome.fault;
    if (!BROKEN.has(code)) return;
    throw new Finding(`${describe(one)} of a ${this.role} came to ${code}: ${message}`);
  }

  #check(caller: Caller): void {
    if (caller.wrong === undefined) return;
    const { code, message } = caller.wrong;
    throw new Finding(`the server must not send this to a ${this.role}: ${code}: ${message}`);
  }

  async #ready(): Promise<Caller> {
    if (this.#caller !== undefined && !this.#caller.isEnded) return this.#caller;
    this.#caller = await Caller.greeted(this.#options.port(), this.#keys);
    if (this.role === "stranger") return this.#caller;
    const caller = await this.#entered();
    this.#caller = caller;
    if (this.role === "operator") await this.#options.makeOperator(this.#user);
    await this.#ownsRoom(caller);
    if (this.random.chance(0.5)) await caller.ask("watch", { on: true });
    return caller;
  }

  async #entered(): Promise<Caller> {
    const { port, openDoor } = this.#options;
    for (let i = 0; i < 5; i++) {
      const caller = await Caller.greeted(port(), this.#keys);
      if (this.#user !== "" && (await caller.login(this.#user)).kind === "answered") {
        this.#options.done.add("login");
        return caller;
      }
      caller.close();
      const newcomer = await Caller.greeted(port(), newKeys());
      if (await this.#enter(newcomer)) return newcomer;
      newcomer.close();
      await openDoor();
    }
    throw new Finding(`a ${this.role} cannot log in any more`);
  }

  async #enter(caller: Caller): Promise<boolean> {
    const name = `${this.role[0]}${this.random.int(2 ** 31).toString(36)}`;
    const outcome = await caller.register(name);
    if (outcome.kind === "refused") return false;
    this.#options.done.add("register");
    this.facts.learn("user", name);
    this.#keys = caller.keys;
    this.#user = name;
    this.facts.learn("certified", { user: name, device: caller.keys.device.publicKey });
    return true;
  }

  async #ownsRoom(caller: Caller): Promise<void> {
    const room = `own-${this.random.int(2 ** 31).toString(36)}`;
    const outcome = await caller.ask("join", { room, create: true });
    if (outcome.kind === "refused") return;
    this.ownRoom = room;
    this.facts.learn("roomName", room);
    this.facts.learn("roomId", outcome.answer["room"]);
  }

  async #readyChannel(): Promise<Caller> {
    for (let i = 0; i < 5; i++) {
      const caller = await this.#ready();
      const came = await caller.ask("ticket", {});
      if (came.kind === "answered") {
        const lane = await caller.lane().catch((error: unknown) => {
          if (error instanceof Fault && error.code === "unreachable") return undefined;
          throw error;
        });
        const outcome = await lane?.ask("lane", { ticket: came.answer["ticket"] });
        if (lane !== undefined && outcome?.kind === "answered") {
          this.#options.done.add("lane");
          return lane;
        }
        lane?.close();
      }
      this.#hangUp();
    }
    throw new Finding(`a ${this.role} is given no lane`);
  }

  #hangUp(): void {
    this.#caller?.close();
    this.#caller = undefined;
  }
}

function sealedIn({ kind, fields }: Case): string[] {
  const body = fields["body"] as { sealed?: unknown; files?: unknown } | undefined;
  if (kind === "post" && body?.sealed !== undefined)
    return body.files === undefined ? ["sealed post"] : ["sealed file"];
  return kind === "leave" && fields["signature"] !== undefined ? ["signed leave"] : [];
}

export function describe({ kind, fields }: Case): string {
  const shown = JSON.stringify(fields, (_, value: unknown) => {
    if (value instanceof Uint8Array) return `bytes(${value.length})`;
    if (typeof value === "string") return value.slice(0, 60);
    return typeof value === "number" ? String(value) : value;
  });
  return `${kind} ${shown.slice(0, 600)}`;
}
