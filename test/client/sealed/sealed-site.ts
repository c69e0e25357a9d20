import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { equalBytes } from "../../../src/base/bytes.ts";
import { nativeHashing } from "../../../src/cli/connect/hashing.ts";
import { deviceKeys } from "../../../src/cli/connect/keys.ts";
import { sealedHome } from "../../../src/cli/connect/sealed-home.ts";
import { Client, type ClientOptions } from "../../../src/client/client.ts";
import type { ClientEvent } from "../../../src/client/event.ts";
import type { FollowMode } from "../../../src/client/follower.ts";
import { askLink, grantLink, keepLinked } from "../../../src/client/linking.ts";
import type { SealedRooms } from "../../../src/client/sealed/rooms.ts";
import type { SealedHome } from "../../../src/client/sealed/sealing.ts";
import { bodyText, type ChatRecord, type RoomView } from "../../../src/core/client/chat-record.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { linkCodeHash } from "../../../src/crypto/link-code.ts";
import { LINK_CODE_BYTES } from "../../../src/crypto/link-form.ts";
import type { Clock } from "../../../src/io/clock.ts";
import { systemEntropy } from "../../../src/io/entropy.ts";
import type { Link } from "../../../src/io/link/link.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { SEALED_STATE_FILE } from "../../../src/io/state/sealed-store.ts";
import type { Answer, RequestFields, RequestKind } from "../../../src/wire/messages.ts";
import { Site, type SiteOptions } from "../../server/site.ts";
import { Liar } from "./liar.ts";

const ADDRESS = { host: "10.0.0.1", port: 2428 };
const MS_MAX = 30_000;

/** A real server on a simulated network, and real clients; their sealed state is on the disk. */
export class SealedSite implements AsyncDisposable {
  readonly site: Site;
  readonly #folders: string[] = [];
  readonly #people: Person[] = [];
  /** Clients ask the server for proofs, which it makes. */
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

  /** The one that came last. */
  get latest(): Person {
    const person = this.#people.at(-1);
    if (person === undefined) throw new Error("nobody has come");
    return person;
  }

  /** A new device in a home of its own. */
  device(): Device {
    const folder = mkdtempSync(join(tmpdir(), "chat-sealed-"));
    this.#folders.push(folder);
    const forget = () => {
      for (const end of ["", "-wal", "-shm"]) {
        rmSync(join(folder, `${SEALED_STATE_FILE}${end}`), { force: true });
      }
    };
    return { folder, identity: Identity.generate(), state: ClientState.inMemory(), forget };
  }

  /** The same device on another machine, or as it was: what it keeps now, in another folder. */
  copy(device: Device): Device {
    const folder = mkdtempSync(join(tmpdir(), "chat-sealed-"));
    this.#folders.push(folder);
    const path = join(device.folder, SEALED_STATE_FILE);
    using database = new Database(path, { readonly: true });
    database.run("VACUUM INTO ?", [join(folder, SEALED_STATE_FILE)]);
    return { ...device, folder };
  }

  async join(
    user: string,
    device = this.device(),
    host = `10.0.1.${user.length}`,
    follow: FollowMode = "all",
    { stocks = true } = {},
  ): Promise<Person> {
    const person = this.person(user, device, host, follow);
    await person.enter(stocks);
    return person;
  }

  /** One who is not connected yet. */
  person(
    user: string,
    device = this.device(),
    host = `10.0.1.${user.length}`,
    follow: FollowMode = "all",
    model?: (event: ModelEvent) => void,
  ): Person {
    const person = new Person(this, user, device, { host, follow, model });
    this.#people.push(person);
    return person;
  }

  /** A further device of somebody, with a certificate of the same account key. */
  async link(person: Person): Promise<Device> {
    const device = this.device();
    const { state, identity } = device;
    const client = clientOf(this.site, device, dialOf(this.site, "10.0.1.99"), {
      follow: "none",
      audits: false,
    });
    await this.wait(client.connect());
    const { fingerprint } = client;
    if (fingerprint === undefined) throw new Error("the server has no key");
    const code = new Uint8Array(systemEntropy()(LINK_CODE_BYTES));
    await this.wait(person.client.request("link-offer", { code: linkCodeHash(code) }));
    const place = { code, fingerprint };
    const answered = client.request("link", askLink(place, identity.publicKey));
    const asked = await person.until("the new device", () =>
      person.events
        .filter((event) => event.kind === "link-asked")
        .find((event) => equalBytes(event.code, linkCodeHash(code))),
    );
    const { clock } = this.site;
    const granter = { ...place, user: person.name, state: person.device.state, clock };
    const grant = grantLink({ ...granter, entropy: systemEntropy() }, asked);
    await this.wait(person.client.request("link-grant", grant));
    keepLinked(place, identity.publicKey, await this.wait(answered), state);
    await this.wait(client.close());
    return device;
  }

  /** Lets time pass until it is done. */
  async wait<Value>(promise: Promise<Value>): Promise<Value> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    promise.then(done, done);
    await this.until("a promise", () => isDone || undefined);
    return promise;
  }

  async until<Value>(what: string, look: () => Value | undefined): Promise<Value> {
    // Keys are computed by threads, in real time: the virtual one goes on beside it.
    const startedAt = performance.now();
    for (let passedMs = 0; passedMs < MS_MAX; ) {
      const seen = look();
      if (seen !== undefined) return seen;
      const due = Math.floor(performance.now() - startedAt) - passedMs;
      passedMs += due;
      await this.site.time.advance(due);
    }
    throw new Error(`${what} never came`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const person of this.#people) await this.wait(person.leave());
    await this.site.stop();
    for (const folder of this.#folders) rmSync(folder, { recursive: true });
  }
}

export interface Device {
  readonly folder: string;
  readonly identity: Identity;
  readonly state: ClientState;
  /** Stands between the client and what it keeps of sealed rooms. */
  readonly between?: ((home: SealedHome) => SealedHome) | undefined;
  /** Undefined: that of the site. */
  readonly clock?: Clock | undefined;
  /** It loses all that it has of sealed rooms. */
  forget(): void;
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

/** One client, and all that it was told. */
export class Person {
  readonly name: string;
  readonly device: Device;
  readonly events: ClientEvent[] = [];
  /** Between this client and the server. */
  readonly liar = new Liar();
  readonly client: Client;
  readonly world: SealedSite;
  #link: Link | undefined;

  constructor(
    world: SealedSite,
    name: string,
    device: Device,
    {
      host,
      follow,
      model,
    }: {
      readonly host: string;
      readonly follow: FollowMode;
      readonly model: ((event: ModelEvent) => void) | undefined;
    },
  ) {
    this.world = world;
    this.name = name;
    this.device = device;
    const dial = async () => {
      const link = await dialOf(world.site, host)();
      this.#link = link;
      return this.liar.stand(link);
    };
    const credentials = { user: name, mode: "either" } as const;
    const { audits } = world;
    const face = model === undefined ? {} : { model };
    this.client = clientOf(world.site, device, dial, { follow, credentials, audits, ...face });
  }

  async enter(stocks = true): Promise<void> {
    await this.world.wait(this.client.connect());
    void (async () => {
      for await (const event of this.client.events()) this.events.push(event);
    })();
    await this.until("caught up", () => this.events.find(({ kind }) => kind === "caught-up"));
    // Others can let it in.
    if (!stocks) return;
    const rooms = await this.world.wait(this.client.sealedRooms());
    await this.world.wait(rooms.stock());
  }

  /** The link breaks; the client comes back. */
  async loses(): Promise<void> {
    const seen = this.events.length;
    this.#link?.destroy();
    await this.until("back", () =>
      this.events.slice(seen).find(({ kind }) => kind === "caught-up"),
    );
  }

  leave(): Promise<void> {
    return this.client.close();
  }

  until<Value>(what: string, look: () => Value | undefined): Promise<Value> {
    return this.world.until(`${what} of ${this.name}`, look);
  }

  async sealed<Value>(work: (rooms: SealedRooms) => Promise<Value>): Promise<Value> {
    return this.world.wait(this.client.sealedRooms().then(work));
  }

  room(name: string): RoomView {
    const bare = name.replace("@", "");
    const kind = name === bare ? "room" : "person";
    const room = this.client.rooms.find((one) => one.kind === kind && one.name === bare);
    if (room === undefined) throw new Error(`${this.name} knows no ${name}`);
    return room;
  }

  /** Makes a sealed room and its group. */
  async makes(room: string): Promise<void> {
    const join = { room, create: true, sealed: true };
    await this.world.wait(this.client.request("join", join));
    await this.until(`the room ${room}`, () => this.client.rooms.find(({ name }) => name === room));
    await this.sealed((rooms) => rooms.create(this.room(room)));
  }

  /** Lets somebody in, who comes. */
  async letsIn(person: Person, room: string): Promise<void> {
    await this.sealed((rooms) => rooms.invite(this.room(room), person.name));
    await person.until("the invitation", () =>
      person.events.find((event) => event.kind === "invited" && event.room === room),
    );
    await this.world.wait(person.client.request("join", { room }));
    await person.until("the room", () => person.client.rooms.find(({ name }) => name === room));
  }

  asks<Kind extends RequestKind>(kind: Kind, fields: RequestFields<Kind>): Promise<Answer<Kind>> {
    return this.world.wait(this.client.request(kind, fields));
  }

  say(to: string, text: string): Promise<unknown> {
    return this.world.wait(this.client.post(to, { text }));
  }

  get records(): ChatRecord[] {
    return this.events.flatMap((event) => (event.kind === "record" ? [event.record] : []));
  }

  texts(room: string): string[] {
    return this.records
      .filter((record) => record.room.name === room && record.kind === "text")
      .map((record) => `${record.from}: ${bodyText(record)}`);
  }

  /** How often it was told that what it kept was no longer good. */
  anew(reason: "copy" | "damaged"): number {
    return this.events.filter((one) => one.kind === "came-anew" && one.reason === reason).length;
  }

  hears(room: string, text: string): Promise<string> {
    return this.until(`'${text}'`, () => this.texts(room).find((one) => one.endsWith(text)));
  }
}
