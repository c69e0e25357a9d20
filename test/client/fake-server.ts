import { toBase64Url, utf8Encode } from "../../src/base/bytes.ts";
import { Fault } from "../../src/base/fault.ts";
import { defined } from "../../src/base/values.ts";
import type { AccountRecords } from "../../src/core/client/account-records.ts";
import type { PersonRecords } from "../../src/core/client/person-keys.ts";
import { Session, type SessionEffect } from "../../src/core/session/session.ts";
import { makeServerProof, verifyDeviceProof } from "../../src/crypto/greeting.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Address, Link, Listener } from "../../src/io/link/link.ts";
import type { MemoryNetwork } from "../../src/io/link/memory-network.ts";
import type { ServerAddress } from "../../src/wire/invite.ts";
import {
  type Answer,
  type NoticeOf,
  type Request,
  type RequestKind,
  type RequestOf,
  WIRE_VERSION,
  type WireRecord,
} from "../../src/wire/messages.ts";
import { commitment, leafHash } from "../../src/wire/record.ts";
import { newestVersion } from "../../src/wire/since.ts";
import { FakeFiles } from "./fake-files.ts";
import { FakeLog } from "./fake-log.ts";

type PersonQuery = NonNullable<RequestOf<"checkpoint">["person"]>;

interface Account {
  readonly user: string;
  password: string | undefined;
  readonly devices: Set<string>;
}

interface Stored {
  readonly seq: number;
  readonly n: number;
  readonly room: string;
  readonly record: WireRecord;
}

export interface Misbehaviour {
  /**
   * Called before the server handles a request. A fault refuses the request; `silent` never answers
   * it.
   */
  onRequest?: ((request: Request) => Fault | "silent" | undefined) | undefined;
  onRecord?: ((stored: Stored) => WireRecord | undefined) | undefined;
  signed?: number | undefined;
  withholds?: ((seq: number) => boolean) | undefined;
  onWelcome?: ((welcome: NoticeOf<"welcome">) => NoticeOf<"welcome">) | undefined;
}

const CERTIFICATE = new Uint8Array(32).fill(7);
const ADDRESS = { host: "server", port: 2428 };

export class FakeServer {
  identity: Identity;
  roomPassword: string | undefined = "sesame";
  misbehaviour: Misbehaviour = {};
  readonly accounts: Map<string, Account>;
  readonly records: Stored[];
  readonly requests: Request[] = [];
  readonly rooms = new Map([["r1", "lobby"]]);
  readonly files = new FakeFiles();
  places: ServerAddress[] | undefined;
  /** False simulates a server of an earlier version. */
  provesLog = true;
  /** Leaves of the accounts log; `undefined` simulates a server before 0.3. */
  accountLeaves: Uint8Array[] | undefined;
  /** Answers to requests that this server does not implement. */
  answers: ReadonlyMap<string, object> = new Map();
  proveOwn: ((known: number) => AccountRecords) | undefined;
  provePerson: ((asked: PersonQuery) => PersonRecords | undefined) | undefined;
  /** Ids of authors; `u1` is that of all others. */
  readonly accountIds = new Map<string, string>();
  readonly #network: MemoryNetwork;
  readonly #peers = new Set<FakePeer>();
  readonly #posted: Map<string, Stored>;
  readonly #address: Address;
  #listener: Listener | undefined;

  constructor(network: MemoryNetwork, host = ADDRESS.host, first?: FakeServer) {
    this.#network = network;
    this.#address = { ...ADDRESS, host };
    this.identity = first?.identity ?? Identity.generate();
    this.accounts = first?.accounts ?? new Map();
    this.records = first?.records ?? [];
    this.#posted = first === undefined ? new Map() : first.#posted;
    this.start();
  }

  start(): void {
    this.#listener = this.#network.listen(
      { ...this.#address, certificateHash: CERTIFICATE },
      { accept: () => true, link: (link) => this.#peers.add(new FakePeer(this, link)) },
    );
  }

  async stop(): Promise<void> {
    await this.#listener?.stop();
    for (const peer of this.#peers) this.forget(peer);
  }

  dismiss(fault: Fault): void {
    for (const peer of [...this.#peers]) peer.close(fault);
  }

  forget(peer: FakePeer): void {
    this.#peers.delete(peer);
    this.files.closed(peer);
  }

  notify(notice: Parameters<Session["notify"]>[0]): void {
    for (const peer of this.#peers) peer.tell(notice);
  }

  addRecord(body: object, from = "server", kind = "text", room = "r1", id = ""): Stored {
    const seq = (this.records.at(-1)?.seq ?? 0) + 1;
    const n = (this.records.findLast((record) => record.room === room)?.n ?? 0) + 1;
    const salt = new Uint8Array(16).fill(seq);
    const bytes = utf8Encode(JSON.stringify(body));
    const commit = commitment(salt, bytes, sha256);
    const by = this.accountIds.get(from) ?? "u1";
    const head = { v: 1, seq, time: seq * 1000, kind, room, n, by, id, commit };
    const record = { head: utf8Encode(JSON.stringify(head)), salt, body: bytes, from };
    const stored = { seq, n, room, record };
    this.records.push(stored);
    for (const peer of this.#peers) peer.deliver(stored);
    return stored;
  }

  post(user: string, request: RequestOf<"post">): Stored {
    const { outbox, counter, body } = request;
    const id = `${outbox}.${counter}`;
    const known = this.#posted.get(id);
    if (known !== undefined) return known;
    const stored = this.addRecord({ text: body.text }, user, "text", "r1", id);
    this.#posted.set(id, stored);
    return stored;
  }

  get proofs(): FakeLog {
    return new FakeLog(
      this.identity,
      this.records.map(({ record }) => leafHash(record.head, sha256)),
    );
  }

  texts(): string[] {
    return this.records.flatMap(({ record }) => {
      const body: unknown = JSON.parse(new TextDecoder().decode(record.body));
      return [(body as { text?: string }).text ?? "-"];
    });
  }
}

export class FakePeer {
  readonly #server: FakeServer;
  readonly #link: Link;
  readonly #session = new Session("server", 0);
  readonly #nonce = crypto.getRandomValues(new Uint8Array(32));
  #clientNonce = new Uint8Array(32);
  #isAdmitted = false;
  #account: Account | undefined;

  constructor(server: FakeServer, link: Link) {
    this.#server = server;
    this.#link = link;
    link.receive({
      message: (bytes) => this.#perform(this.#session.receive(bytes, 0)),
      closed: (fault) => {
        this.#perform(this.#session.linkClosed(fault));
        server.forget(this);
      },
    });
  }

  deliver(stored: Stored): void {
    if (this.#account === undefined) return;
    const { onRecord } = this.#server.misbehaviour;
    const reported = onRecord === undefined ? stored.record : onRecord(stored);
    if (reported !== undefined) this.tell({ kind: "records", records: [reported] });
  }

  answer<Kind extends RequestKind>(ref: number, answer: Answer<Kind>): void {
    this.#perform(this.#session.answer<Kind>(ref, answer));
  }

  tell(notice: Parameters<Session["notify"]>[0]): void {
    this.#perform(this.#session.notify(notice));
  }

  close(fault?: Fault): void {
    this.#perform(this.#session.close(fault));
  }

  #perform(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "transmit") this.#link.send(effect.bytes, effect.tail);
      else if (effect.kind === "request") this.#request(effect.request);
      else if (effect.kind === "close") {
        this.#link.close();
        this.#server.forget(this);
      } else if (effect.kind === "notice") {
        const { notice } = effect;
        if (notice.kind === "hello") this.#hello(notice);
        if (notice.kind === "chunk" || notice.kind === "ack")
          this.#server.files.notice(this, notice);
      }
    }
  }

  #hello({ nonce }: NoticeOf<"hello">): void {
    const { identity, roomPassword, misbehaviour } = this.#server;
    this.#clientNonce = new Uint8Array(nonce);
    const welcome: NoticeOf<"welcome"> = {
      kind: "welcome",
      version: WIRE_VERSION,
      server: { name: "fake", key: identity.publicKey },
      nonce: this.#nonce,
      certificate: this.#link.certificateHash,
      proof: makeServerProof(identity, this.#greeting()),
      needs: roomPassword === undefined ? "open" : "password",
      limits: { messageBytes: 1_000_000, textBytes: 65_536 },
      knows: newestVersion(),
    };
    this.#perform(this.#session.notify(misbehaviour.onWelcome?.(welcome) ?? welcome));
  }

  #greeting() {
    const { certificateHash } = this.#link;
    return { certificateHash, clientNonce: this.#clientNonce, serverNonce: this.#nonce };
  }

  #request(request: Request): void {
    // Clients send these requests by themselves, so tests ignore them.
    if (request.kind !== "checkpoint" && request.kind !== "inclusion") {
      this.#server.requests.push(request);
    }
    const verdict = this.#server.misbehaviour.onRequest?.(request);
    if (verdict === "silent") return;
    try {
      if (verdict !== undefined) throw verdict;
      this.#serve(request);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#perform(this.#session.refuse(request.ref, error));
    }
  }

  #serve(request: Request): void {
    const { ref } = request;
    if (this.#server.files.serve(this, request)) return;
    switch (request.kind) {
      case "admit":
        if (request.secret !== this.#server.roomPassword) {
          throw new Fault("room-password-wrong", "another one");
        }
        this.#isAdmitted = true;
        return this.#perform(this.#session.answer<"admit">(ref, {}));
      case "register":
        return this.#register(request);
      case "login":
        return this.#login(request);
      case "post": {
        const { seq, n } = this.#server.post(this.#account?.user ?? "?", request);
        return this.#perform(this.#session.answer<"post">(ref, { seq, n, time: seq * 1000 }));
      }
      case "history": {
        const { records, rooms } = this.#server;
        const { before = Number.POSITIVE_INFINITY, limit } = request;
        const older = records.filter(({ seq }) => seq < before);
        const page = older.slice(-limit).map(({ record }) => record);
        const roomList = [...rooms].map(([room, name]) => ({ room, name }));
        const answer = { records: page, rooms: roomList, more: page.length < older.length };
        return this.#perform(this.#session.answer<"history">(ref, answer));
      }
      case "erase": {
        const { seq } = this.#server.addRecord({ seq: request.seq }, this.#account?.user, "erase");
        return this.#perform(this.#session.answer<"erase">(ref, { seq }));
      }
      case "logout":
        if (request.forget === true) this.#account?.devices.clear();
        this.#account = undefined;
        return this.#perform(this.#session.answer<"logout">(ref, {}));
      case "checkpoint": {
        if (!this.#server.provesLog) break;
        const { misbehaviour, proofs } = this.#server;
        if (request.from > (misbehaviour.signed ?? 0)) misbehaviour.signed = undefined;
        const { accountLeaves, identity } = this.#server;
        const own = this.#server.proveOwn?.(request.own ?? 0);
        const person = request.person && this.#server.provePerson?.(request.person);
        const answer = {
          ...proofs.checkpoint(request.from, misbehaviour.signed),
          ...defined({ own, person }),
        };
        if (accountLeaves !== undefined) {
          const accounts = new FakeLog(identity, accountLeaves);
          const note = proofs.note(misbehaviour.signed, accounts.state());
          const path = accounts.path(request.accounts ?? 0);
          const proved = { ...answer, note, accounts: path };
          return this.#perform(this.#session.answer<"checkpoint">(ref, proved));
        }
        return this.#perform(this.#session.answer<"checkpoint">(ref, answer));
      }
      case "inclusion": {
        if (!this.#server.provesLog) break;
        const { misbehaviour, proofs } = this.#server;
        const seqs = request.seqs.filter((seq) => misbehaviour.withholds?.(seq) !== true);
        const answer = proofs.inclusion(request.size, seqs);
        return this.#perform(this.#session.answer<"inclusion">(ref, answer));
      }
      default:
        break;
    }
    const answer = this.#server.answers.get(request.kind);
    if (answer !== undefined) return this.#perform(this.#session.answer(ref, answer as never));
    throw new Fault("kind-unknown", `no ${request.kind} here`);
  }

  #register({ ref, user, password, deviceKey }: RequestOf<"register">): void {
    const { accounts, roomPassword } = this.#server;
    if (roomPassword !== undefined && !this.#isAdmitted) {
      throw new Fault("room-password-wrong", "first admit");
    }
    if (accounts.has(user)) throw new Fault("name-taken", `${user} is taken`);
    if (password === "") throw new Fault("usage", "too short");
    const account = { user, password, devices: new Set([toBase64Url(deviceKey)]) };
    accounts.set(user, account);
    this.#enter(ref, account, undefined);
  }

  #login({ ref, user, deviceKey, signature, password, after }: RequestOf<"login">): void {
    const account = this.#server.accounts.get(user);
    const device = toBase64Url(deviceKey);
    const isRight =
      signature === undefined
        ? password !== undefined && account?.password === password
        : account?.devices.has(device) === true &&
          verifyDeviceProof(deviceKey, this.#greeting(), user, signature);
    if (account === undefined || !isRight) throw new Fault("login-refused", "no");
    account.devices.add(device);
    this.#enter(ref, account, after);
  }

  #enter(ref: number, account: Account, after: number | undefined): void {
    this.#account = account;
    const { records, rooms } = this.#server;
    const seq = records.at(-1)?.seq ?? 0;
    const answer = { account: `u-${account.user}`, user: account.user, seq };
    this.#perform(this.#session.answer<"login">(ref, answer));
    const { places } = this.#server;
    if (places !== undefined) this.#perform(this.#session.notify({ kind: "servers", places }));
    for (const [room, name] of rooms) this.#catchUp(room, name, after);
    this.#perform(this.#session.notify({ kind: "caught-up", seq }));
  }

  #catchUp(room: string, name: string, after: number | undefined): void {
    const all = this.#server.records.filter((record) => record.room === room);
    const missed = after === undefined ? all.slice(-50) : all.filter(({ seq }) => seq > after);
    const n = missed[0]?.n ?? all.length + 1;
    const notice = { kind: "room", room, name, n, skipped: 0 } as const;
    this.#perform(this.#session.notify(notice));
    for (const record of missed) this.deliver(record);
  }
}
