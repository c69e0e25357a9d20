import { Fault, type FaultCode } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { checkName } from "../../../src/base/names.ts";
import { deviceKeys, nativeHashing } from "../../../src/cli/connect/keys.ts";
import { accountKeyOf, storeAccountKey } from "../../../src/client/account-key.ts";
import { Client } from "../../../src/client/client.ts";
import type { ReaderEvent } from "../../../src/client/event.ts";
import { sentWhole } from "../../../src/client/files/message.ts";
import { offerLink, requestLink } from "../../../src/client/linking.ts";
import { sealedEdit } from "../../../src/client/sealed/body.ts";
import type { SealedRooms } from "../../../src/client/sealed/rooms.ts";
import type { ChatRecord, RoomView } from "../../../src/core/client/chat-record.ts";
import type { PostOutcome } from "../../../src/core/client/outbox.ts";
import { Identity as Identities, type Identity } from "../../../src/crypto/identity.ts";
import { importStateKey, type StateKey } from "../../../src/crypto/seal/state-box.ts";
import type { Link } from "../../../src/io/link/link.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import type { PostBody } from "../../../src/wire/messages.ts";
import { identityOfSeed } from "../../crypto/seed-identity.ts";
import { ProgramState } from "../device.ts";
import { InvariantViolation } from "../disk-world.ts";
import { Life } from "../life.ts";
import { IDENTITY, type Machine, SERVER } from "../machine.ts";
import type { Platform } from "../platform.ts";
import { check } from "../reference-model.ts";
import type { SharedMessage } from "./shared-files.ts";
import { SealedRowsOnDisk } from "./store.ts";

/** Marker in each message, which must never appear outside the devices. */
export const CANARY = "canary";
const PASSING: ReadonlySet<FaultCode> = new Set([
  "unreachable",
  "timeout",
  "link-closed",
  "shutting-down",
]);
const WRONG: ReadonlySet<FaultCode> = new Set(["internal", "frame-malformed", "seal-broken"]);

const LIFETIME = /not within Lifetime/;

/** `unknown`: the program ended, and a later program reports the result. */
export type Fate = "open" | "acked" | "refused" | "unknown";

type Work = (rooms: SealedRooms, client: Client) => Promise<unknown>;

export interface SealedHomeOptions {
  readonly user: string;
  readonly name: string;
  readonly storeDelayMsMax: number;
}

export class SealedHome {
  readonly user: string;
  readonly name: string;
  readonly identity: Identity;
  readonly state = ClientState.inMemory();
  readonly disk: SealedRowsOnDisk;
  readonly stateKey: Promise<StateKey>;
  readonly programs: SealedMember[] = [];
  lostAt = 0;
  hasLost = false;
  /** Restores of the server that this device has not accepted. Their last one never may be. */
  pendingRestore: "open" | "never" | undefined;
  /** Records that the device knows of the history that it has not accepted. */
  common = 0;
  /** Newest acceptance, which the device's rooms apply when they are next used. */
  acceptedAt = 0;
  /** Whether the server may hand out key packages again that it has handed out before. */
  hasRepeatedPackages = false;
  /** Rooms whose keys belonged to a history that the server has lost. */
  readonly outdatedRooms = new Set<string>();
  readonly shown = new Map<number, ChatRecord>();
  /** `seq` of the edited record, which may be no message, by the text of the edit. */
  readonly edits = new Map<string, number>();
  /** `seq` of the edited record by that of the edit, as far as the server has confirmed it. */
  readonly editTargets = new Map<number, number>();
  /** Error of the device's clock. */
  wallMs = 0;
  /** Whether the clock is wrong, or was until recently. */
  hasWrongClock = false;
  /** Whether the user does not enter the rooms to which they are invited. */
  isHesitant = false;
  /** Messages with files whose command a crash or a refusal has ended. */
  readonly interrupted = new Set<SharedMessage>();

  constructor(platform: Platform, { user, name, storeDelayMsMax }: SealedHomeOptions) {
    const { random } = platform;
    this.user = user;
    this.name = name;
    this.identity = identityOfSeed(random.bytes(32));
    this.disk = new SealedRowsOnDisk(random, storeDelayMsMax);
    this.stateKey = importStateKey(random.bytes(32));
    const account = identityOfSeed(random.bytes(32));
    this.state.accountKey(IDENTITY.fingerprint, user, () => account.toPem());
  }

  /** Accepts the restored history. */
  accept(): void {
    const { logPins } = this.state;
    const reader = { fingerprint: IDENTITY.fingerprint, formers: [], user: this.user };
    logPins.storePin(reader, { origin: "chat/old", size: 1, root: new Uint8Array(32), note: "" });
    logPins.setAlarm(reader, "restored", this.common);
    this.state.acceptHistory(IDENTITY.fingerprint);
    this.acceptedAt = logPins.replaced(reader).at(-1)?.at ?? 0;
    this.pendingRestore = undefined;
  }

  confirm(text: string, seq: number): void {
    const target = this.edits.get(text);
    if (target !== undefined) this.editTargets.set(seq, target);
  }

  follows(first: SealedHome): void {
    const { fingerprint } = IDENTITY;
    const pem = first.state.accountKey(fingerprint, first.user, () => "");
    this.state.setAccountKey(fingerprint, this.user, Identities.fromPem(pem).toPem());
  }

  /** A user interface requests what it has shown as unreadable, also when it starts again. */
  showsAgain(id?: RoomId): void {
    for (const [seq, { room, sealed }] of this.shown)
      if (sealed === "closed" && (id ?? room.id) === room.id) this.shown.delete(seq);
  }

  /** The device becomes one of a new account key. */
  forgetAccount(seed: Uint8Array): void {
    this.state.setAccountKey(IDENTITY.fingerprint, this.user, identityOfSeed(seed).toPem());
  }

  get device(): string {
    return this.identity.publicKey.toBase64({ alphabet: "base64url", omitPadding: true });
  }
}

export class SealedMember {
  readonly home: SealedHome;
  readonly name: string;
  readonly postStates = new Map<string, Fate>();
  client: Client;
  isSent = false;
  readonly #links = new Set<Link>();
  readonly #platform: Platform;
  readonly #machine: Machine;
  #life: Life;
  #texts = 0;
  #last = new Map<RoomId, number>();
  readonly #open = new Set<string>();
  readonly #sending: SharedMessage[] = [];
  #endOffer: () => void = () => undefined;

  constructor(platform: Platform, machine: Machine, home: SealedHome, name: string) {
    this.#platform = platform;
    this.#machine = machine;
    this.home = home;
    home.programs.push(this);
    this.name = name;
    this.#life = new Life(platform.clock, () => home.wallMs);
    this.client = this.#newClient();
  }

  get isRunning(): boolean {
    return this.#life.isAlive;
  }

  get isIn(): boolean {
    return this.isRunning && this.client.isConnected && this.client.user !== undefined;
  }

  get open(): readonly string[] {
    return [...this.#open];
  }

  /** Whether the queued posts wait for an admin of their room. */
  get isWaiting(): boolean {
    return this.client.unsentFault()?.code === "admin-pending";
  }

  askWhenSent(): void {
    const { client } = this;
    this.isSent = false;
    if (client.user === undefined) return;
    client.drain().then(
      () => {
        if (client === this.client) this.isSent = true;
      },
      (error: unknown) => {
        if (!(error instanceof Fault) || error.code !== "admin-pending") this.#platform.fail(error);
      },
    );
  }

  get openPosts(): number {
    return [...this.postStates.values()].filter((postState) => postState === "open").length;
  }

  start(): void {
    if (this.isRunning) this.kill(true);
    this.#life = new Life(this.#platform.clock, () => this.home.wallMs);
    this.#open.clear();
    this.home.showsAgain();
    void this.#getIn(this.#life);
  }

  kill(isSilent: boolean): void {
    if (!this.isRunning) return;
    this.note(`kill ${isSilent}`);
    this.#life.end();
    if (!isSilent) for (const link of this.#links) link.destroy();
    this.#ended();
  }

  killWithin(steps: number, isSilent: boolean, killed: () => void): void {
    this.home.disk.stopWithin(this.#life, steps, () => {
      this.kill(isSilent);
      killed();
    });
  }

  async close(): Promise<void> {
    const life = this.#life;
    this.note("close");
    await life.hold(this.client.close());
    life.end();
    this.#ended();
  }

  #ended(): void {
    this.#links.clear();
    for (const message of this.#sending.splice(0)) this.home.interrupted.add(message);
    for (const [text, postState] of this.postStates)
      if (postState === "open") this.postStates.set(text, "unknown");
  }

  room(name: string): RoomView | undefined {
    const bare = name.replace("@", "");
    const kind = name === bare ? "room" : "person";
    return this.client.rooms.find((item) => item.kind === kind && item.name === bare);
  }

  say(target: string): string {
    const text = `${CANARY} ${this.name}.${this.#texts++}`;
    this.#post(target, { text }, text);
    return text;
  }

  edit(target: string, seq: number): void {
    const text = `${CANARY} ${this.name}.${this.#texts++} better`;
    this.home.edits.set(text, seq);
    this.#post(target, sealedEdit(seq, text), text);
  }

  react(target: string, seq: number): void {
    this.#post(target, { text: "", react: "+1", re: seq });
  }

  /** Sends files as one command. */
  sendFiles(message: SharedMessage): void {
    const life = this.#life;
    const { transfers } = this.client;
    const { target, text, files } = message;
    const names = [text, ...files.map(({ source }) => source.name)];
    this.home.interrupted.delete(message);
    this.#sending.push(message);
    for (const name of names) this.postStates.set(name, "open");
    const send = async () => {
      const request = { to: [target], body: { text }, files, isCommand: true };
      sentWhole(await transfers.sendMessage(request));
    };
    const settled = (postState: Fate, why = "") => {
      if (!life.isAlive) return;
      this.note(`${postState} ${why} ${text}`);
      this.#sending.splice(this.#sending.indexOf(message), 1);
      if (postState !== "acked") this.home.interrupted.add(message);
      for (const name of names) this.postStates.set(name, postState);
    };
    send().then(
      () => settled("acked"),
      (error: unknown) => {
        if (!(error instanceof Fault)) return this.#platform.fail(error);
        if (life.isAlive) this.#check(error);
        settled("unknown", `${error.code} ${error.message}`);
      },
    );
  }

  #post(target: string, body: PostBody, text?: string): void {
    const life = this.#life;
    if (text !== undefined) this.postStates.set(text, "open");
    const settled = (postState: Fate, why: string) => {
      if (!life.isAlive) return;
      this.note(`${postState} ${why} ${text ?? "reaction"}`);
      if (text !== undefined) this.postStates.set(text, postState);
    };
    this.client.post(target, body).then(
      ({ seq }) => {
        if (life.isAlive && text !== undefined) this.home.confirm(text, seq);
        settled("acked", String(seq));
      },
      (error: unknown) => {
        if (!(error instanceof Fault)) return this.#platform.fail(error);
        if (life.isAlive) this.#check(error);
        settled("refused", `${error.code} ${error.message}`);
      },
    );
  }

  ask(what: string, work: Work): void {
    void this.attempt(what, work);
  }

  /** Resolves to the fault of the work. Never settles if the program ends. */
  attempt(what: string, work: Work): Promise<Fault | undefined> {
    const life = this.#life;
    const { client } = this;
    this.#open.add(what);
    const ended = (how: string) => {
      if (!life.isAlive) return;
      this.#open.delete(what);
      this.note(`${what}: ${how}`);
    };
    const run = async () => work(await client.sealedRooms(), client);
    return new Promise((resolve) => {
      run().then(
        () => {
          ended("done");
          if (life.isAlive) resolve(undefined);
        },
        (error: unknown) => {
          if (!(error instanceof Fault)) return this.#platform.fail(error);
          if (life.isAlive) this.#check(error);
          ended(`${error.code} ${error.message}`);
          if (life.isAlive) resolve(error);
        },
      );
    });
  }

  async offersLink(): Promise<string> {
    const { clock, random } = this.#platform;
    const { state, user } = this.home;
    const { fingerprint } = IDENTITY;
    const [name, device] = [checkName(user), this.home.identity];
    const account = accountKeyOf({ state, clock, fingerprint, user: name, device });
    const sendRequest = this.client.request;
    const { code, answer } = await offerLink({ ...account, random: random.bytes, sendRequest });
    this.#endOffer();
    this.#endOffer = this.client.subscribe((event) => {
      if (event.kind === "code-asked") answer(event);
    });
    return code;
  }

  async links(code: string): Promise<void> {
    const life = this.#life;
    const client = this.#newClient(false);
    await life.hold(client.connect());
    const { fingerprint } = IDENTITY;
    const { publicKey: deviceKey } = this.home.identity;
    const sendRequest = client.request;
    const parties = { fingerprint, random: this.#platform.random.bytes, sendRequest };
    const account = await life.hold(requestLink(parties, code, { deviceKey, kind: "cli" }));
    storeAccountKey(this.home.state, fingerprint, account);
    await life.hold(client.close());
    life.end();
  }

  note(what: string): void {
    this.#platform.trace.note(`${this.#platform.clock.now()} ${this.name} ${what}`);
  }

  #check(fault: Fault): void {
    if (!WRONG.has(fault.code)) return;
    // The library has the correct time even if the device's clock is wrong.
    if (this.home.hasWrongClock && LIFETIME.test(String(fault.cause))) return;
    this.#platform.fail(
      new InvariantViolation(`${this.name} came to ${fault.code}: ${fault.message} ${fault.cause}`),
    );
  }

  #newClient(logsIn = true): Client {
    const life = this.#life;
    const { random } = this.#platform;
    const { home } = this;
    const dial = this.#machine.dialFrom(this.name);
    this.#last = new Map();
    const { state } = home;
    const program = new ProgramState(state, life);
    life.onEnd(() => program.end());
    const sealed = {
      exists: () => home.disk.rows.size > 0,
      open: () => home.disk.open(life),
      stateKey: () => home.stateKey,
    };
    return new Client(
      {
        clock: life.clock,
        entropy: random.bytes,
        dial: async () => {
          const link = await life.hold(dial({ ...SERVER, timeoutMs: 1_000 }));
          this.#links.add(link);
          const closed = () => this.#links.delete(link);
          return life.link(link, { sent: (bytes) => this.#sent(bytes), closed });
        },
        state: program.state,
        keys: deviceKeys(home.identity, state),
        hashing: nativeHashing(),
        sealed,
      },
      {
        address: "server:2428",
        program: "chat/world",
        follow: "all",
        ...(logsIn ? { credentials: { user: home.user, mode: "either" } } : {}),
      },
    );
  }

  async #getIn(life: Life): Promise<void> {
    while (life.isAlive) {
      const client = this.#newClient();
      this.client = client;
      this.#read(life, client).catch(this.#platform.fail);
      try {
        await life.hold(client.connect());
        this.note("in");
        return;
      } catch (error) {
        if (!(error instanceof Fault) || !PASSING.has(error.code))
          return this.#platform.fail(error);
        await new Promise<void>((resolve) => life.clock.after(700, resolve));
      }
    }
  }

  async #read(life: Life, client: Client): Promise<void> {
    for await (const event of client.read()) {
      if (!life.isAlive) return;
      this.#platform.guard(() => this.#event(event));
    }
  }

  #event(event: ReaderEvent): void {
    switch (event.kind) {
      case "record":
        return this.#shown(event.record);
      case "room-gone":
        this.#last.delete(event.room);
        return;
      case "connected": {
        const rooms = new Set(event.rooms.map(({ id }) => id));
        for (const id of this.#last.keys()) if (!rooms.has(id)) this.#last.delete(id);
        return this.note(event.kind);
      }
      case "room":
      case "caught-up":
        return this.note(event.kind);
      case "settled": {
        const { adopted, outcome } = event;
        const text = adopted?.body.text ?? "";
        const writer = this.home.programs.find(({ postStates }) => postStates.has(text));
        writer?.postStates.set(text, fateOf(outcome));
        if (outcome.kind === "durable") this.home.confirm(text, outcome.receipt.seq);
        else this.#check(outcome.fault);
        return this.note(`adopted ${text} ${outcome.kind}`);
      }
      case "handover":
        // A user interface requests the records that are readable now.
        this.home.showsAgain(event.room);
        return this.note(`${event.step} ${event.messages} messages handed over`);
      case "invited": {
        this.note(`invited to ${event.room}`);
        const { room } = event;
        if (this.home.isHesitant) return;
        return this.ask(`join ${room}`, (_, client) => client.request("join", { room }));
      }
      case "closed": {
        const { fault } = event;
        if (fault !== undefined && !PASSING.has(fault.code)) this.#platform.fail(fault);
        return;
      }
      default:
        return;
    }
  }

  #shown(record: ChatRecord): void {
    const { room, n, seq, sealed } = record;
    if (room.isSealed !== true) return;
    const last = this.#last.get(room.id);
    check(last === undefined || n > last, () => `${this.name}: n ${n} of ${room.name} again`);
    this.#last.set(room.id, n);
    this.note(`shows ${seq} ${record.kind} ${sealed ?? "as it is"}`);
    this.home.shown.set(seq, record);
  }

  #sent(bytes: Uint8Array): Uint8Array {
    const isOpen = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(CANARY);
    if (isOpen)
      this.#platform.fail(new InvariantViolation(`${this.name} sends a word in the clear`));
    return bytes;
  }
}

/** A client asks its user to check whether an expired message has arrived. */
function fateOf(outcome: PostOutcome): Fate {
  if (outcome.kind === "durable") return "acked";
  return outcome.fault.code === "interrupted" ? "unknown" : "refused";
}
