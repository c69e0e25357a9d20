import { Database } from "bun:sqlite";
import { test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checkName } from "../../../src/base/names.ts";
import { deviceKeys, nativeHashing, sealedHome } from "../../../src/cli/connect/keys.ts";
import { accountKeyOf, storeAccountKey } from "../../../src/client/account-key.ts";
import { Client, type ClientOptions } from "../../../src/client/client.ts";
import type { ClientEvent, ReaderEvent } from "../../../src/client/event.ts";
import type { FollowMode } from "../../../src/client/follower.ts";
import { offerLink, requestLink } from "../../../src/client/linking.ts";

// The client imports this module on demand, which takes real time while virtual time passes.
import "../../../src/client/sealed/code.ts";
import { sealedEdit } from "../../../src/client/sealed/body.ts";
import type { SealedRooms } from "../../../src/client/sealed/rooms.ts";
import { type ArchivedRow, contentKey } from "../../../src/client/sealed/rows.ts";
import type { SealedHome } from "../../../src/client/sealed/sealing.ts";
import { type ChatRecord, fieldsIn, type RoomView } from "../../../src/core/client/chat-record.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import type { Clock } from "../../../src/io/clock.ts";
import { systemEntropy } from "../../../src/io/entropy.ts";
import type { Link } from "../../../src/io/link/link.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { SEALED_STATE_FILE } from "../../../src/io/state/sealed-store.ts";
import type { Answer, PostBody, RequestFields, RequestKind } from "../../../src/wire/messages.ts";
import { Site, type SiteOptions } from "../../server/site.ts";
import { MEMORY_FOLDER } from "../../temp-folder.ts";
import { screenModel } from "../client-fixture.ts";
import { TamperingLink, type WireMessage } from "./liar.ts";

const ADDRESS = { host: "10.0.0.1", port: 2428 };

export class SealedSite implements AsyncDisposable {
  readonly site: Site;
  readonly #folders: string[] = [];
  readonly #people: Person[] = [];
  readonly audits: boolean;

  private constructor(site: Site, audits: boolean) {
    this.site = site;
    this.audits = audits;
  }

  static async open(options: SiteOptions = {}): Promise<SealedSite> {
    const site = await Site.open(options);
    // The library compares key packages with the machine's own clock.
    site.skewMs = Date.now() - site.time.unixMs();
    return new SealedSite(site, options.signs === true);
  }

  device(): Device {
    const folder = this.#folder();
    const forget = () => {
      for (const end of ["", "-wal", "-shm"]) {
        rmSync(join(folder, `${SEALED_STATE_FILE}${end}`), { force: true });
      }
    };
    return { folder, identity: Identity.generate(), state: ClientState.inMemory(), forget };
  }

  copy(device: Device): Device {
    const folder = this.#folder();
    const path = join(device.folder, SEALED_STATE_FILE);
    using database = new Database(path, { readonly: true });
    database.run("VACUUM INTO ?", [join(folder, SEALED_STATE_FILE)]);
    return { ...device, folder };
  }

  #folder(): string {
    const folder = mkdtempSync(join(MEMORY_FOLDER, "chat-sealed-"));
    this.#folders.push(folder);
    return folder;
  }

  async join(user: string, device?: Device, options?: PersonOptions): Promise<Person> {
    const person = this.person(user, device, options);
    await person.enter();
    return person;
  }

  async joinAll<const Names extends readonly string[]>(...names: Names) {
    const people: Person[] = [];
    for (const name of names) people.push(await this.join(name));
    return people as { [At in keyof Names]: Person };
  }

  person(user: string, device = this.device(), options: PersonOptions = {}): Person {
    const host = `10.0.1.${this.#people.length + 1}`;
    const person = new Person(this, user, device, { follow: "all", host, ...options });
    this.#people.push(person);
    return person;
  }

  async link(person: Person, device = this.device()): Promise<Device> {
    const { state, identity } = device;
    const client = clientOf(this.site, device, dialOf(this.site, "10.0.2.1"), {
      follow: "none",
      audits: false,
    });
    await this.wait(client.connect());
    const { fingerprint } = client;
    if (fingerprint === undefined) throw new Error("the server has no key");
    const random = systemEntropy();
    const { clock } = this.site;
    const account = accountKeyOf({
      ...person.device,
      device: person.device.identity,
      clock,
      fingerprint,
      user: checkName(person.name),
    });
    const offering = offerLink({ ...account, random, sendRequest: person.client.request });
    const { code, answer } = await this.wait(offering);
    const release = person.client.subscribe((event) => {
      if (event.kind === "code-asked") answer(event);
    });
    const newDevice = { deviceKey: identity.publicKey, kind: "cli" } as const;
    const parties = { fingerprint, random, sendRequest: client.request };
    storeAccountKey(state, fingerprint, await this.wait(requestLink(parties, code, newDevice)));
    release();
    await this.wait(client.close());
    return device;
  }

  wait<Value>(promise: Promise<Value>): Promise<Value> {
    return this.site.wait(promise);
  }

  until<Value>(what: string, read: () => Value | undefined | false): Promise<Value> {
    return this.site.until(what, () => read() || undefined);
  }

  pass(ms: number): Promise<void> {
    return this.site.time.advance(ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const person of this.#people) await person.quit();
    await this.site.stop();
    for (const folder of this.#folders) rmSync(folder, { recursive: true });
  }
}

type Scene<Names extends string> = { readonly world: SealedSite } & Readonly<Record<Names, Person>>;

export const GREETING = "ready";

interface VaultOptions extends SiteOptions {
  /** True if new members can read earlier messages. */
  readonly history?: boolean;
  readonly isGreeted?: boolean;
}

/**
 * Registers tests with a separate site, in which ana has created the sealed room "vault" and added
 * these users.
 */
export function vaultTest<const Name extends string>(
  names: readonly Name[],
  { isGreeted = false, history = false, ...options }: VaultOptions = {},
) {
  return (title: string, run: (scene: Scene<Name | "ana">) => Promise<unknown>) =>
    test(title, async () => {
      await using world = await SealedSite.open(options);
      const [ana, ...others] = await world.joinAll("ana", ...names);
      await ana.createSealedRoom("vault", history);
      for (const person of others) await ana.addMember(person);
      if (isGreeted) await ana.postTo(GREETING, ...others);
      await world.site.quiet();
      for (const { events } of [ana, ...others]) events.length = 0;
      const members = [ana, ...others].map((person) => [person.name, person] as const);
      await run({ world, ...Object.fromEntries(members) } as unknown as Scene<Name | "ana">);
    });
}

export interface Device {
  readonly folder: string;
  readonly identity: Identity;
  readonly state: ClientState;
  readonly between?: ((home: SealedHome) => SealedHome) | undefined;
  readonly clock?: Clock | undefined;
  forget(): void;
}

interface PersonOptions {
  readonly follow?: FollowMode;
  readonly listener?: (event: ClientEvent) => void;
  readonly stocks?: boolean;
  readonly hasModel?: boolean;
  readonly password?: string;
}

function dialOf(site: Site, host: string): () => Promise<Link> {
  return () => site.network.dialFrom(host)({ ...ADDRESS, timeoutMs: 5_000 });
}

function clientOf(
  site: Site,
  { state, identity, folder, between = (home) => home, clock = site.clock }: Device,
  dial: () => Promise<Link>,
  options: Pick<ClientOptions, "follow" | "credentials" | "audits" | "model">,
): Client {
  return new Client(
    {
      clock,
      entropy: systemEntropy(),
      dial,
      state,
      keys: deviceKeys(identity, state),
      hashing: nativeHashing(),
      sealed: between(sealedHome(folder, identity, clock)),
    },
    { address: "server:2428", program: "chat/test", ...options },
  );
}

export class Person {
  readonly name: string;
  readonly device: Device;
  readonly events: ReaderEvent[] = [];
  readonly tamperingLink = new TamperingLink();
  readonly client: Client;
  readonly world: SealedSite;
  readonly #options: PersonOptions;
  #link: Link | undefined;

  constructor(
    world: SealedSite,
    name: string,
    device: Device,
    options: PersonOptions & { readonly host: string; readonly follow: FollowMode },
  ) {
    this.world = world;
    this.name = name;
    this.device = device;
    this.#options = options;
    const { host, follow, listener, password, hasModel = false } = options;
    const dial = async () => {
      const link = await dialOf(world.site, host)();
      this.#link = link;
      return this.tamperingLink.stand(link);
    };
    const credentials = { user: name, mode: "either", password } as const;
    const { audits } = world;
    const model = hasModel ? screenModel(world.site.clock) : undefined;
    this.client = clientOf(world.site, device, dial, { follow, credentials, audits, model });
    if (listener !== undefined) this.client.subscribe(listener);
  }

  async enter(): Promise<void> {
    await this.world.wait(this.client.connect());
    void (async () => {
      for await (const event of this.client.read()) this.events.push(event);
    })();
    await this.until("caught up", () => this.events.find(({ kind }) => kind === "caught-up"));
    if (this.#options.stocks === false) return;
    await this.sealed((rooms) => rooms.stockKeyPackages());
  }

  async loseLink(): Promise<void> {
    const observed = this.events.length;
    this.#link?.destroy();
    await this.until("back", () =>
      this.events.slice(observed).find(({ kind }) => kind === "caught-up"),
    );
  }

  quit(): Promise<void> {
    return this.world.wait(this.client.close());
  }

  async restart(device = this.device): Promise<Person> {
    await this.quit();
    return this.world.join(this.name, device);
  }

  until<Value>(what: string, read: () => Value | undefined | false): Promise<Value> {
    return this.world.until(`${what} of ${this.name}`, read);
  }

  request<Kind extends RequestKind>(
    kind: Kind,
    fields: RequestFields<Kind>,
  ): Promise<Answer<Kind>> {
    return this.world.wait(this.client.request(kind, fields));
  }

  sealed<Value>(work: (rooms: SealedRooms) => Promise<Value>): Promise<Value> {
    return this.world.wait(this.client.sealedRooms().then(work));
  }

  room(name = "vault"): RoomView {
    const bare = name.replace("@", "");
    const kind = name === bare ? "room" : "person";
    const room = this.client.rooms.find((one) => one.kind === kind && one.name === bare);
    if (room === undefined) throw new Error(`${this.name} knows no ${name}`);
    return room;
  }

  waitForRoom(name = "vault"): Promise<RoomView> {
    const find = () => this.client.rooms.find((room) => room.name === name);
    return this.until(`the room ${name}`, find);
  }

  async createSealedRoom(room: string, history = false): Promise<void> {
    await this.request("join", { room, create: true, sealed: true });
    await this.waitForRoom(room);
    await this.sealed((rooms) => rooms.get(this.room(room)).changes.create(history));
  }

  async addMember(person: Person, room = "vault"): Promise<void> {
    await this.invite(person.name, room);
    await person.until("the invitation", () =>
      person.events.find((event) => event.kind === "invited" && event.room === room),
    );
    await person.request("join", { room });
    await person.waitForRoom(room);
  }

  invite(user: string, room = "vault") {
    return this.sealed((rooms) => rooms.get(this.room(room)).changes.invite(user));
  }

  kick(user: string, room = "vault"): Promise<number | undefined> {
    return this.world.wait(this.client.actions.kick(room, user));
  }

  makeAdmin(user: string, on = true): Promise<void> {
    return this.sealed((rooms) => rooms.get(this.room()).changes.setAdmin(user, on));
  }

  async leavesRoom(room = "vault"): Promise<void> {
    const leave = await this.sealed((rooms) => rooms.get(this.room(room)).leaveNotice());
    await this.request("leave", { room, ...leave });
  }

  entersRoom(room = "vault"): Promise<void> {
    return this.sealed((rooms) => rooms.get(this.room(room)).changes.sync());
  }

  status() {
    return this.sealed((rooms) => rooms.get(this.room()).status());
  }

  async members(): Promise<Record<string, number>> {
    const { members } = await this.status();
    return Object.fromEntries(members.map(({ user, devices }) => [user, devices.length]));
  }

  post(body: PostBody, to = "vault") {
    return this.world.wait(this.client.post(to, body));
  }

  postText(text: string, to = "vault") {
    return this.post({ text }, to);
  }

  edit(seq: number, text: string, to?: string) {
    return this.post(sealedEdit(seq, text), to);
  }

  /** The work is done after the edit is encrypted, but before it is sent. */
  async editDuring(work: () => Promise<unknown>, seq: number, text: string) {
    let isEncrypted = false;
    const hold = (question: WireMessage) => {
      if (question.kind !== "post") return question;
      isEncrypted = true;
      return undefined;
    };
    this.tamperingLink.tampering = { onRequest: hold };
    const posting = this.client.post("vault", sealedEdit(seq, text));
    await this.until("the encrypted edit", () => isEncrypted);
    await work();
    this.tamperingLink.tampering = {};
    await this.loseLink();
    return this.world.wait(posting);
  }

  /** As a modified program, which takes the message for one of its user. */
  async forgeEdit(seq: number, text: string): Promise<{ readonly seq: number }> {
    const body = { kind: "text", text: "" };
    const head = { n: 0, timeUnixMs: 0, post: "", sentAtUnixMs: 0, device: "" };
    const row: ArchivedRow = { kind: "said", user: this.name, body, ...head };
    await this.sealed((rooms) =>
      rooms.get(this.room()).run(({ vault, room }) => vault.put(contentKey(room, seq), row)),
    );
    return this.edit(seq, text);
  }

  async postTo(text: string, ...others: readonly Person[]): Promise<void> {
    await this.postText(text);
    for (const person of others) await person.waitForText(text);
  }

  waitForText(text: string, room = "vault"): Promise<string> {
    return this.until(`'${text}'`, () => this.texts(room).find((one) => one.endsWith(text)));
  }

  get records(): ChatRecord[] {
    return this.events.flatMap((event) => (event.kind === "record" ? [event.record] : []));
  }

  texts(room = "vault"): string[] {
    return this.records
      .filter((record) => record.room.name === room && record.kind === "text")
      .map((record) => `${record.from}: ${fieldsIn(record).text ?? ""}`);
  }

  history(query: Partial<RequestFields<"history">> = {}) {
    return this.world.wait(this.client.history({ target: "vault", limit: 100, ...query }));
  }

  async past(): Promise<unknown[]> {
    const { records } = await this.history();
    return records.flatMap(({ kind, body }) => (kind === "text" ? [body?.["text"]] : []));
  }

  get changes(): unknown[] {
    return this.records.flatMap(({ kind, body }) => (kind === "group" ? [body?.["change"]] : []));
  }

  get remarks(): string[] {
    return this.events.flatMap((event) =>
      event.kind === "sealed-remark" ? [event.remark.text] : [],
    );
  }

  rejoins(reason?: "copy" | "damaged"): number {
    return this.events.filter(
      (event) => event.kind === "rejoined" && event.reason === (reason ?? event.reason),
    ).length;
  }
}
