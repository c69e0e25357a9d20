import { equalBytes } from "../../src/base/bytes.ts";
import { Fault, type FaultCode } from "../../src/base/fault.ts";
import type { FileId } from "../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { deviceKeys, nativeHashing } from "../../src/cli/connect/keys.ts";
import { Client } from "../../src/client/client.ts";
import type { ReaderEvent } from "../../src/client/event.ts";
import { MemorySink } from "../../src/client/files/memory-sink.ts";
import type { Receipt } from "../../src/core/client/outbox.ts";
import { filesIn } from "../../src/core/rooms/files.ts";
import type { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Source } from "../../src/io/blob/interfaces.ts";
import type { Link } from "../../src/io/link/link.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import type { OutboxStore } from "../../src/io/state/outbox-store.ts";
import type { PostBody } from "../../src/wire/messages.ts";
import { parseBody } from "../../src/wire/record.ts";
import { sendFile } from "../client/send-file.ts";
import { identityOfSeed } from "../crypto/seed-identity.ts";
import { sent } from "../io/file-carrier.ts";
import { mutated } from "./captures.ts";
import { InvariantViolation, textOf } from "./disk-world.ts";
import { Life } from "./life.ts";
import { IDENTITY, type Machine, SERVER } from "./machine.ts";
import type { Platform } from "./platform.ts";
import { type DisplayedRecords, Reader } from "./reader.ts";
import { check, HOSTILE } from "./reference-model.ts";
import type { RequestedChange, SettingChange } from "./settings.ts";
import { withFields } from "./with-fields.ts";

const TRANSIENT_CODES: ReadonlySet<FaultCode> = new Set([
  "unreachable",
  "timeout",
  "link-closed",
  "shutting-down",
  "store-full",
  "store-failed",
  "too-many",
  "no-majority",
]);
/** Codes after which it is unknown whether a post was recorded. */
const UNCERTAIN_CODES: ReadonlySet<FaultCode> = new Set([
  "store-failed",
  "interrupted",
  "not-logged-in",
]);

export class Home {
  readonly user: string;
  readonly name: string;
  isSignedOut = false;
  /** Whether the device receives pushes, according to the last answer; `undefined` if unknown. */
  isPushed: boolean | undefined = false;
  #pushes = 0;
  /** Number of programs that are logging out. Until they end, the subscription is unknown. */
  leaving = 0;
  readonly #state: ClientState;
  readonly device: Identity;
  readonly reader: Reader;
  readonly writers: Device[] = [];

  get isSent(): boolean {
    const { fingerprint } = IDENTITY;
    return this.#state.outboxes.adopt({ fingerprint, user: this.user }).length === 0;
  }

  markSignedOut(): void {
    this.isSignedOut = true;
    this.markPushUnknown();
  }

  markPushUnknown(): void {
    this.#pushes += 1;
    this.isPushed = undefined;
  }

  async changePush(on: boolean, request: () => Promise<unknown>): Promise<void> {
    this.markPushUnknown();
    const changes = this.#pushes;
    await request();
    const isAlone = this.#pushes === changes && this.leaving === 0 && !this.isSignedOut;
    if (isAlone) this.isPushed = on;
  }

  open(life: Life): ProgramState {
    const { fingerprint } = IDENTITY;
    const hasCursor = this.#state.cursor(fingerprint, this.user) !== undefined;
    if (!hasCursor && this.writers.length === 1) this.reader.forget();
    return new ProgramState(this.#state, life);
  }

  constructor(platform: Platform, user: string, name: string) {
    this.user = user;
    this.name = name;
    const state = ClientState.inMemory();
    this.#state = platform.mutant.state?.(state) ?? state;
    this.device = identityOfSeed(platform.random.bytes(32));
    const key = identityOfSeed(platform.random.bytes(32));
    state.accountKey(IDENTITY.fingerprint, user, () => key.toPem());
    this.reader = new Reader(platform, user, name);
  }
}

export class ProgramState {
  readonly state: ClientState;
  readonly #heldOutboxes = new Set<string>();
  readonly #store: OutboxStore;

  constructor(state: ClientState, life: Life) {
    const store = state.outboxes;
    const heldOutboxes = this.#heldOutboxes;
    this.#store = store;
    const outboxes: Pick<OutboxStore, "write" | "adopt" | "release"> = {
      write: (id, change) => {
        if (!life.isAlive) return;
        store.write(id, change);
        heldOutboxes.add(id);
      },
      adopt: (owner) => {
        if (!life.isAlive) return [];
        const left = store.adopt(owner);
        for (const { id } of left) heldOutboxes.add(id);
        return left;
      },
      release: (id) => {
        if (!life.isAlive) return;
        store.release(id);
        heldOutboxes.delete(id);
      },
    };
    this.state = withFields(state, { outboxes: outboxes as OutboxStore });
  }

  end(): void {
    for (const id of this.#heldOutboxes) this.#store.release(id);
    this.#heldOutboxes.clear();
  }
}

function contentOf(name: string, sizeBytes: number): Uint8Array {
  return new Uint8Array(sizeBytes).fill(0).map((_, at) => name.charCodeAt(at % name.length));
}

type PostState = "open" | "durable" | "refused" | "unknown";

export class Device {
  readonly home: Home;
  readonly name: string;
  readonly postStates = new Map<string, PostState>();
  readonly outboxes = new Map<string, number>();
  client: Client;
  link: Link | undefined;
  isPaused = false;
  isLoggedOut = false;
  isSent = false;
  isBusy = false;
  wallMs = 0;
  readonly requestedChanges: RequestedChange[][] = [[]];
  readonly #platform: Platform;
  readonly #machine: Pick<Machine, "dialFrom">;
  #life: Life;
  #received: DisplayedRecords;
  readonly #targets = new Map<string, string>();
  #texts = 0;
  #files = 0;
  #outbox = 0;
  #resume: (() => void) | undefined;

  constructor(platform: Platform, machine: Pick<Machine, "dialFrom">, home: Home, name: string) {
    this.#platform = platform;
    this.#machine = machine;
    this.home = home;
    home.writers.push(this);
    this.name = name;
    this.#life = this.#newLife();
    this.#received = home.reader.begin(this.name);
    this.client = this.#newClient();
  }

  start(): void {
    this.#life.end();
    this.#life = this.#newLife();
    this.isLoggedOut = false;
    this.isBusy = false;
    void this.#logInFirst(this.#life);
  }

  kill(isUnreported: boolean): void {
    this.#note(`kill ${isUnreported}`);
    this.#life.end();
    if (!isUnreported) this.link?.destroy();
    this.#end();
  }

  async close(): Promise<void> {
    const life = this.#life;
    this.#note("close");
    await life.hold(this.client.close());
    life.end();
    this.#end();
  }

  get isHostile(): boolean {
    return this.home.user === HOSTILE;
  }

  get isRunning(): boolean {
    return this.#life.isAlive;
  }

  resumeReading(): void {
    this.isPaused = false;
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  post(target: string, sizeChars: number): void {
    this.#post(target, { text: `${this.name}.${this.#texts++} ${"x".repeat(sizeChars)}` });
  }

  postPoll(target: string, poll: PostBody["poll"]): void {
    this.#post(target, { text: `Which ${this.name}.${this.#texts++}?\n1. a\n2. b\n3. c`, poll });
  }

  postStamp(target: string, stamp: PostBody["stamp"]): void {
    this.#post(target, { text: `Stamp ${this.name}.${this.#texts++}`, stamp });
  }

  #post(target: string, body: PostBody): void {
    const { text } = body;
    const life = this.#life;
    this.postStates.set(text, "open");
    this.outboxes.set(text, this.#outbox);
    this.#targets.set(text, target);
    this.client.post(target, body).then(
      (receipt) => {
        if (life.isAlive) this.#platform.guard(() => this.#durable(text, receipt));
      },
      (error: unknown) => {
        if (life.isAlive) this.#platform.guard(() => this.#refused(text, error));
      },
    );
  }

  request(question: (client: Client) => Promise<unknown>): void {
    const life = this.#life;
    question(this.client).catch((error: unknown) => {
      if (life.isAlive && !(error instanceof Fault)) this.#platform.fail(error);
    });
  }

  expectChange(
    wish: SettingChange,
    user = this.#platform.model.idOf(this.home.user) ?? "",
  ): () => void {
    const { model } = this.#platform;
    const life = this.#life;
    const acknowledge = model.settings.expectChange(this.requestedChanges.at(-1) ?? [], user, wish);
    return () => {
      if (life.isAlive) acknowledge();
    };
  }

  async upload(to: string, number: number): Promise<void> {
    const names = Array.from({ length: 1 + (number % 2) }, () => `${this.name}.f${this.#files++}`);
    const [first = ""] = names;
    const files = names.map((name, i) => {
      const bytes = contentOf(name, (number + i) % 20 === 0 ? 300_000 : number * 4);
      return { source: sent(name, bytes) };
    });
    const text = number % 3 === 0 ? "" : `${first} ${"y".repeat(number % 90)}`;
    const life = this.#life;
    const message = { to: [to], body: { text }, files, isCommand: number % 5 === 0 };
    const { files: results, posted, refused } = await this.client.transfers.sendMessage(message);
    const complete = results.flatMap((file) => (file instanceof Fault ? [] : [file]));
    for (const file of results) if (file instanceof Fault && posted.length === 0) throw file;
    for (const { fault } of refused) throw fault;
    if (!life.isAlive) return;
    for (const { seq } of posted) {
      const record = this.#platform.model.records[seq - 1];
      const body = record && parseBody(record);
      const listed = filesIn(body).map((file) => file.name);
      const expected = complete.map((file) => file.name);
      const isSo = `${listed}` === `${expected}` && (body?.["text"] ?? "") === text;
      check(isSo || this.isHostile, () => `files '${expected}' are said to be seq ${seq}`);
    }
    for (const { id } of posted.length > 0 ? complete : []) await this.fetchFile(id);
  }

  async holdUpload(to: string, withdraws: boolean): Promise<void> {
    const { client } = this;
    const { clock } = this.#life;
    const stop = new AbortController();
    let file: FileId | undefined;
    const source: Source = {
      ...sent(`${this.name}.held`, contentOf(this.name, 1_000)),
      sizeBytes: undefined,
      read: (index) => (index === 0 ? heldOutboxes.read(0) : new Promise(() => undefined)),
    };
    const heldOutboxes = sent(this.name, contentOf(this.name, CHUNK_BYTES));
    clock.after(2_000, () => {
      if (withdraws && file !== undefined)
        this.request((of) => of.transfers.withdraw(file as FileId));
      stop.abort();
    });
    const onProgress = ({ id }: { readonly id: FileId }) => {
      file = id;
    };
    await sendFile(client.transfers, { source, to: [to], signal: stop.signal, onProgress });
  }

  async fetchFile(file: FileId): Promise<void> {
    const sink = new MemorySink(1 << 20, sha256);
    const life = this.#life;
    const triesSmall = file.charCodeAt(1) % 2 === 0;
    const request = { file, into: "", openSink: () => Promise.resolve(sink), triesSmall };
    const { name } = await this.client.transfers.get(request);
    if (!life.isAlive) return;
    const bytes = sink.bytes();
    const isSame = equalBytes(bytes, contentOf(name, bytes.length));
    const size = this.#platform.model.files.get(file);
    check(isSame && bytes.length === size, () => `'${name}' has ${bytes.length} wrong bytes`);
  }

  async relogin(forget = false): Promise<void> {
    if (this.isBusy || this.isLoggedOut) return;
    this.isBusy = true;
    this.home.leaving += 1;
    this.home.markPushUnknown();
    if (forget) this.home.markSignedOut();
    const life = this.#life;
    const { client } = this;
    try {
      await life.hold(client.logout(forget));
      this.isLoggedOut = true;
      this.#outbox += 1;
      this.#note("logged out");
      await new Promise<void>((resolve) => life.clock.after(100, resolve));
      await life.hold(this.logIn());
    } catch (error) {
      if (!(error instanceof Fault)) this.#platform.fail(error);
    }
    this.isBusy = false;
    this.home.leaving -= 1;
  }

  async logIn(): Promise<void> {
    await this.client.login({ user: this.home.user, mode: "login", password: "secret" });
    this.isLoggedOut = false;
  }

  checkSent(): void {
    const { client } = this;
    this.isSent = false;
    if (client.user === undefined) return;
    client.drain().then(() => {
      if (client === this.client) this.isSent = true;
    });
  }

  get openPosts(): number {
    let open = 0;
    for (const postState of this.postStates.values()) if (postState === "open") open += 1;
    return open;
  }

  #end(): void {
    this.link = undefined;
    this.resumeReading();
    for (const [text, postState] of this.postStates)
      if (postState === "open") this.postStates.set(text, "unknown");
  }

  #event(run: DisplayedRecords, event: ReaderEvent): void {
    run.event(event);
    if (event.kind === "record" && event.record.n % 3 === 0)
      this.client.reportRead(event.record.room.id, { n: event.record.n });
    if (event.kind !== "settled") return;
    const { adopted, outcome } = event;
    const { text = "", files } = adopted?.body ?? {};
    // `upload` compares the record of a message with files, unless the device was killed.
    if (text === "" || files !== undefined) return;
    const writer = this.home.writers.find(({ postStates }) => postStates.has(text));
    check(writer !== undefined, () => `'${text}' is adopted, and nobody here wrote it`);
    this.#note(`adopted ${outcome.kind}`);
    const postState = writer.postStates.get(text);
    check(postState === "unknown", () => `'${text}' is adopted, and was ${postState}`);
    if (outcome.kind === "durable") writer.#durable(text, outcome.receipt);
    else writer.#refused(text, outcome.fault);
  }

  #durable(text: string, { seq, n }: Receipt): void {
    if (this.isHostile) return;
    const record = this.#platform.model.records[seq - 1];
    check(record !== undefined, () => `'${text}' is said to be seq ${seq}: not durable`);
    check(textOf(record) === text, () => `'${text}' is said to be seq ${seq}: another one`);
    check(record.head.n === n, () => `'${text}' has n ${record.head.n}, and not ${n}`);
    this.postStates.set(text, "durable");
    this.#note(`durable ${seq}`);
  }

  #refused(text: string, error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    if (this.isHostile) return;
    this.#note(`refused ${error.code}`);
    const { model, isDiskFine } = this.#platform;
    if (error.code === "out-of-order" && isDiskFine && this.#targets.get(text) === "lobby") {
      const why = () => `'${text}' is refused as out of order, and nothing else was against it`;
      check(!model.couldAlwaysPost(this.home.user), why);
    }
    const isUnknown = UNCERTAIN_CODES.has(error.code) || this.#isSignOut(error.code);
    this.postStates.set(text, isUnknown ? "unknown" : "refused");
    if (!isUnknown) model.noteRefused(text);
  }

  #newLife(): Life {
    return new Life(this.#platform.clock, () => this.wallMs);
  }

  #newClient(): Client {
    const life = this.#life;
    const { random, mutant, roomSecret } = this.#platform;
    const dial = this.#machine.dialFrom(this.name);
    this.#received = this.home.reader.begin(this.name);
    this.#outbox += 1;
    const state = this.home.open(life);
    life.onEnd(() => state.end());
    return new Client(
      {
        clock: life.clock,
        entropy: mutant.entropy?.(random.bytes) ?? random.bytes,
        dial: async () => {
          const link = await life.hold(dial({ ...SERVER, timeoutMs: 1_000 }));
          this.link = link;
          this.requestedChanges.push([]);
          return life.link(link, { sent: (bytes) => this.#sent(bytes, link) });
        },
        state: state.state,
        keys: deviceKeys(this.home.device, state.state),
        hashing: nativeHashing(),
      },
      {
        address: "server:2428",
        program: "chat/world",
        credentials: {
          user: this.home.user,
          mode: "either",
          password: "secret",
          ...(roomSecret === undefined ? {} : { roomSecret }),
        },
        follow: "all",
      },
    );
  }

  async #logInFirst(life: Life): Promise<void> {
    const { fail } = this.#platform;
    while (life.isAlive) {
      const client = this.#newClient();
      this.client = client;
      this.#read(life, client, this.#received).catch(fail);
      try {
        await life.hold(client.connect());
        this.#note("in");
        return;
      } catch (error) {
        if (!(error instanceof Fault)) return fail(error);
        this.#note(`not in ${error.code}`);
        const isPassing = this.isHostile || this.#mayEndWith(error.code);
        if (!isPassing) return fail(new InvariantViolation(`${this.name}: ${error.code}`));
        await new Promise<void>((resolve) => life.clock.after(700, resolve));
      }
    }
  }

  async #read(life: Life, client: Client, run: DisplayedRecords): Promise<void> {
    for await (const event of client.read()) {
      if (!life.isAlive) return;
      if (!this.isHostile) this.#platform.guard(() => this.#event(run, event));
      if (event.kind === "closed") this.#closed(client, event);
      if (!this.isPaused) continue;
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    }
  }

  #mayEndWith(code: FaultCode): boolean {
    return TRANSIENT_CODES.has(code) || this.#isSignOut(code);
  }

  #isSignOut(code: FaultCode): boolean {
    return this.home.isSignedOut && code === "login-refused";
  }

  /** Handles a closed client. After the first log-in, only the user can end a program. */
  #closed(client: Client, { fault }: Extract<ReaderEvent, { kind: "closed" }>): void {
    if (client !== this.client || fault === undefined || TRANSIENT_CODES.has(fault.code)) return;
    const { clock } = this.#life;
    if (this.isHostile) {
      clock.after(300, () => this.start());
      return;
    }
    if (this.#mayEndWith(fault.code)) {
      this.kill(false);
      this.#platform.clock.after(300, () => {
        if (!this.isRunning) this.start();
      });
      return;
    }
    this.#platform.fail(
      new InvariantViolation(`${this.name} was closed: ${fault.code} ${fault.message}`),
    );
  }

  #sent(bytes: Uint8Array, link: Link): Uint8Array {
    const { captures, random } = this.#platform;
    if (!this.isHostile) {
      captures.add(bytes);
      return bytes;
    }
    if (random.chance(0.05)) link.send(bytes);
    if (random.chance(0.1)) link.send(captures.frame(random) ?? bytes);
    return random.chance(0.1) ? mutated(random, bytes) : bytes;
  }

  #note(what: string): void {
    this.#platform.trace.note(`${this.#platform.clock.now()} ${this.name} ${what}`);
  }
}
