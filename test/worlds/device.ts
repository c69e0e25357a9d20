import { equalBytes } from "../../src/base/bytes.ts";
import { Fault, type FaultCode } from "../../src/base/fault.ts";
import type { FileId } from "../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { nativeHashing } from "../../src/cli/connect/hashing.ts";
import { deviceKeys } from "../../src/cli/connect/keys.ts";
import { MemorySink } from "../../src/cli/export/memory-sink.ts";
import { Client } from "../../src/client/client.ts";
import type { ReaderEvent } from "../../src/client/event.ts";
import type { Receipt } from "../../src/core/client/outbox.ts";
import type { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Source } from "../../src/io/blob/interfaces.ts";
import type { Link } from "../../src/io/link/link.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import type { OutboxStore } from "../../src/io/state/outbox-store.ts";
import { parseBody } from "../../src/wire/record.ts";
import { identityOfSeed } from "../crypto/seed-identity.ts";
import { sent } from "../io/file-carrier.ts";
import { mutated } from "./captures.ts";
import { BrokenPromise, textOf } from "./disk-world.ts";
import { Life } from "./life.ts";
import { IDENTITY, type Machine, SERVER } from "./machine.ts";
import type { Platform } from "./platform.ts";
import { Reader, type Shown } from "./reader.ts";
import type { Claim, Wish } from "./settings.ts";
import { withFields } from "./with-fields.ts";
import { demand, HOSTILE } from "./witness.ts";

/** With these a first attempt to get in may end while the weather is bad. */
const PASSING: ReadonlySet<FaultCode> = new Set([
  "unreachable",
  "timeout",
  "link-closed",
  "shutting-down",
  "store-full",
  "store-failed",
  "too-many",
  "no-majority",
]);
/** After these nobody knows whether it is recorded: the disk, or the person, gave up half-way. */
const UNKNOWN: ReadonlySet<FaultCode> = new Set(["store-failed", "interrupted", "not-logged-in"]);

export class Home {
  readonly user: string;
  readonly name: string;
  isSignedOut = false;
  /** Whether pushes go to it, as far as its last answer tells; undefined: that is not known. */
  isPushed: boolean | undefined = false;
  #pushes = 0;
  /** Programs that are about to log out: from when on that holds is not known here. */
  leaving = 0;
  readonly #state: ClientState;
  readonly device: Identity;
  readonly reader: Reader;
  readonly writers: Device[] = [];

  get isSent(): boolean {
    const { fingerprint } = IDENTITY;
    return this.#state.outboxes.adopt({ fingerprint, user: this.user }).length === 0;
  }

  maySignOut(): void {
    this.isSignedOut = true;
    this.mayNotPush();
  }

  /** It has gone out, or was signed out, or a push service says that nobody is there. */
  mayNotPush(): void {
    this.#pushes += 1;
    this.isPushed = undefined;
  }

  async pushes(on: boolean, ask: () => Promise<unknown>): Promise<void> {
    this.mayNotPush();
    const asked = this.#pushes;
    await ask();
    const isAlone = this.#pushes === asked && this.leaving === 0 && !this.isSignedOut;
    if (isAlone) this.isPushed = on;
  }

  open(life: Life): ProgramState {
    // Without a cursor the next program is a newcomer, and gets what newcomers get.
    const { fingerprint } = IDENTITY;
    const hasCursor = this.#state.cursor(fingerprint, this.user) !== undefined;
    if (!hasCursor && this.writers.length === 1) this.reader.forget();
    return new ProgramState(this.#state, life);
  }

  constructor(around: Platform, user: string, name: string) {
    this.user = user;
    this.name = name;
    const state = ClientState.inMemory();
    this.#state = around.mutant.state?.(state) ?? state;
    this.device = identityOfSeed(around.dice.bytes(32));
    const key = identityOfSeed(around.dice.bytes(32));
    state.accountKey(IDENTITY.fingerprint, user, () => key.toPem());
    this.reader = new Reader(around, user, name);
  }
}

export class ProgramState {
  readonly state: ClientState;
  readonly #held = new Set<string>();
  readonly #store: OutboxStore;

  constructor(state: ClientState, life: Life) {
    const store = state.outboxes;
    const held = this.#held;
    this.#store = store;
    const outboxes: Pick<OutboxStore, "write" | "adopt" | "release"> = {
      write: (id, change) => {
        if (!life.isAlive) return;
        store.write(id, change);
        held.add(id);
      },
      adopt: (owner) => {
        if (!life.isAlive) return [];
        const left = store.adopt(owner);
        for (const { id } of left) held.add(id);
        return left;
      },
      release: (id) => {
        if (!life.isAlive) return;
        store.release(id);
        held.delete(id);
      },
    };
    this.state = withFields(state, { outboxes: outboxes as OutboxStore });
  }

  end(): void {
    for (const id of this.#held) this.#store.release(id);
    this.#held.clear();
  }
}

function contentOf(name: string, sizeBytes: number): Uint8Array {
  return new Uint8Array(sizeBytes).fill(0).map((_, at) => name.charCodeAt(at % name.length));
}

type Fate = "open" | "durable" | "refused" | "unknown";

export class Device {
  readonly home: Home;
  readonly name: string;
  readonly fates = new Map<string, Fate>();
  readonly outboxes = new Map<string, number>();
  client: Client;
  link: Link | undefined;
  isAway = false;
  isLoggedOut = false;
  isSent = false;
  isBusy = false;
  wallMs = 0;
  readonly claims: Claim[][] = [[]];
  readonly #around: Platform;
  readonly #machine: Pick<Machine, "dialFrom">;
  #life: Life;
  #run: Shown;
  readonly #targets = new Map<string, string>();
  #texts = 0;
  #files = 0;
  #outbox = 0;
  #wake: (() => void) | undefined;

  constructor(around: Platform, machine: Pick<Machine, "dialFrom">, home: Home, name: string) {
    this.#around = around;
    this.#machine = machine;
    this.home = home;
    home.writers.push(this);
    this.name = name;
    this.#life = this.#newLife();
    this.#run = home.reader.begin(this.name);
    this.client = this.#newClient();
  }

  start(): void {
    this.#life.end();
    this.#life = this.#newLife();
    this.isLoggedOut = false;
    this.isBusy = false;
    void this.#getIn(this.#life);
  }

  /** The program ends from one moment to the next; `isSilent`: the server hears nothing of it. */
  kill(isSilent: boolean): void {
    this.#note(`kill ${isSilent}`);
    this.#life.end();
    if (!isSilent) this.link?.destroy();
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

  look(): void {
    this.isAway = false;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  post(target: string, sizeChars: number): void {
    const text = `${this.name}.${this.#texts++} ${"x".repeat(sizeChars)}`;
    const life = this.#life;
    this.fates.set(text, "open");
    this.outboxes.set(text, this.#outbox);
    this.#targets.set(text, target);
    this.client.post(target, { text }).then(
      (receipt) => {
        if (life.isAlive) this.#around.guard(() => this.#durable(text, receipt));
      },
      (error: unknown) => {
        if (life.isAlive) this.#around.guard(() => this.#refused(text, error));
      },
    );
  }

  /** Asks, and takes whatever comes of it; only a fault may. */
  ask(question: (client: Client) => Promise<unknown>): void {
    const life = this.#life;
    question(this.client).catch((error: unknown) => {
      if (life.isAlive && !(error instanceof Fault)) this.#around.fail(error);
    });
  }

  /**
   * This is asked for now. @param user whose setting it is; left out: its own
   * @returns what is called when it is acknowledged
   */
  claim(wish: Wish, user = this.#around.witness.idOf(this.home.user) ?? ""): () => void {
    const { witness } = this.#around;
    const life = this.#life;
    const granted = witness.settings.claim(this.claims.at(-1) ?? [], user, wish);
    return () => {
      if (life.isAlive) granted();
    };
  }

  async uploads(to: string, number: number): Promise<void> {
    const name = `${this.name}.f${this.#files++}`;
    const bytes = contentOf(name, number % 20 === 0 ? 300_000 : number * 4);
    const text = number % 3 === 0 ? undefined : `${name} ${"y".repeat(number % 90)}`;
    const life = this.#life;
    const request = { source: sent(name, bytes), to: [to], text };
    const { id, posted } = await this.client.transfers.send(request);
    if (!life.isAlive) return;
    for (const { seq } of posted) {
      const record = this.#around.witness.records[seq - 1];
      const body = record && parseBody(record);
      const isSo = body?.["name"] === name && (body["text"] ?? undefined) === text;
      demand(isSo || this.isHostile, () => `file '${name}' is said to be seq ${seq}`);
    }
    if (posted.length > 0) await this.fetches(id);
  }

  /** One that never ends by itself. @param withdraws it is given up, else only let go of */
  async holdsUpload(to: string, withdraws: boolean): Promise<void> {
    const { client } = this;
    const { clock } = this.#life;
    const stop = new AbortController();
    let file: FileId | undefined;
    const source: Source = {
      ...sent(`${this.name}.held`, contentOf(this.name, 1_000)),
      sizeBytes: undefined,
      read: (index) => (index === 0 ? held.read(0) : new Promise(() => undefined)),
    };
    const held = sent(this.name, contentOf(this.name, CHUNK_BYTES));
    clock.after(2_000, () => {
      if (withdraws && file !== undefined) this.ask((of) => of.transfers.withdraw(file as FileId));
      stop.abort();
    });
    const onProgress = ({ id }: { readonly id: FileId }) => {
      file = id;
    };
    await client.transfers.send({ source, to: [to], signal: stop.signal, onProgress });
  }

  async fetches(file: FileId): Promise<void> {
    const sink = new MemorySink(1 << 20, sha256);
    const life = this.#life;
    const request = { file, into: "", openSink: () => Promise.resolve(sink) };
    const { name } = await this.client.transfers.get(request);
    if (!life.isAlive) return;
    const bytes = sink.bytes();
    const isSame = equalBytes(bytes, contentOf(name, bytes.length));
    const size = this.#around.witness.files.get(file);
    demand(isSame && bytes.length === size, () => `'${name}' has ${bytes.length} wrong bytes`);
  }

  /** Out and in again, as the same account. @param forget the device signs itself out */
  async comeAndGo(forget = false): Promise<void> {
    if (this.isBusy || this.isLoggedOut) return;
    this.isBusy = true;
    this.home.leaving += 1;
    this.home.mayNotPush();
    if (forget) this.home.maySignOut();
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
      if (!(error instanceof Fault)) this.#around.fail(error);
    }
    this.isBusy = false;
    this.home.leaving -= 1;
  }

  async logIn(): Promise<void> {
    await this.client.login({ user: this.home.user, mode: "login", password: "secret" });
    this.isLoggedOut = false;
  }

  /** Everything is sent, what earlier runs left as well. */
  askWhenSent(): void {
    const { client } = this;
    this.isSent = false;
    if (client.user === undefined) return;
    client.drain().then(() => {
      if (client === this.client) this.isSent = true;
    });
  }

  /** All that was written is settled, one way or the other. */
  get openPosts(): number {
    let open = 0;
    for (const fate of this.fates.values()) if (fate === "open") open += 1;
    return open;
  }

  #end(): void {
    this.link = undefined;
    this.look();
    for (const [text, fate] of this.fates) if (fate === "open") this.fates.set(text, "unknown");
  }

  #event(run: Shown, event: ReaderEvent): void {
    run.event(event);
    if (event.kind === "record" && event.record.n % 3 === 0)
      this.client.reading?.markRead(event.record);
    if (event.kind !== "settled") return;
    const { adopted, outcome } = event;
    const text = adopted?.body.text ?? "";
    if (text === "") return; // A reaction says nothing.
    const writer = this.home.writers.find(({ fates }) => fates.has(text));
    demand(writer !== undefined, () => `'${text}' is adopted, and nobody here wrote it`);
    this.#note(`adopted ${outcome.kind}`);
    const fate = writer.fates.get(text);
    demand(fate === "unknown", () => `'${text}' is adopted, and was ${fate}`);
    if (outcome.kind === "durable") writer.#durable(text, outcome.receipt);
    else writer.#refused(text, outcome.fault);
  }

  #durable(text: string, { seq, n }: Receipt): void {
    if (this.isHostile) return;
    const record = this.#around.witness.records[seq - 1];
    demand(record !== undefined, () => `'${text}' is said to be seq ${seq}: not durable`);
    demand(textOf(record) === text, () => `'${text}' is said to be seq ${seq}: another one`);
    demand(record.head.n === n, () => `'${text}' has n ${record.head.n}, and not ${n}`);
    this.fates.set(text, "durable");
    this.#note(`durable ${seq}`);
  }

  #refused(text: string, error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    if (this.isHostile) return;
    this.#note(`refused ${error.code}`);
    const { witness, isDiskFine } = this.#around;
    if (error.code === "out-of-order" && isDiskFine && this.#targets.get(text) === "lobby") {
      const why = () => `'${text}' is refused as out of order, and nothing else was against it`;
      demand(!witness.hasAlwaysSpoken(this.home.user), why);
    }
    const isUnknown = UNKNOWN.has(error.code) || this.#isSignOut(error.code);
    this.fates.set(text, isUnknown ? "unknown" : "refused");
    if (!isUnknown) witness.refused(text);
  }

  #newLife(): Life {
    return new Life(this.#around.clock, () => this.wallMs);
  }

  #newClient(): Client {
    const life = this.#life;
    const { dice, mutant, roomSecret } = this.#around;
    const dial = this.#machine.dialFrom(this.name);
    this.#run = this.home.reader.begin(this.name);
    this.#outbox += 1;
    const state = this.home.open(life);
    life.onEnd(() => state.end());
    return new Client(
      {
        clock: life.clock,
        entropy: mutant.entropy?.(dice.bytes) ?? dice.bytes,
        dial: async () => {
          const link = await life.hold(dial({ ...SERVER, timeoutMs: 1_000 }));
          this.link = link;
          this.claims.push([]);
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
          ...{ user: this.home.user, mode: "either", password: "secret" },
          ...(roomSecret === undefined ? {} : { roomSecret }),
        },
        follow: "all",
      },
    );
  }

  async #getIn(life: Life): Promise<void> {
    const { fail } = this.#around;
    while (life.isAlive) {
      const client = this.#newClient();
      this.client = client;
      this.#read(life, client, this.#run).catch(fail);
      try {
        await life.hold(client.connect());
        this.#note("in");
        return;
      } catch (error) {
        if (!(error instanceof Fault)) return fail(error);
        this.#note(`not in ${error.code}`);
        const isPassing = this.isHostile || this.#mayEndBy(error.code);
        if (!isPassing) return fail(new BrokenPromise(`${this.name}: ${error.code}`));
        await new Promise<void>((resolve) => life.clock.after(700, resolve));
      }
    }
  }

  async #read(life: Life, client: Client, run: Shown): Promise<void> {
    for await (const event of client.read()) {
      if (!life.isAlive) return;
      if (!this.isHostile) this.#around.guard(() => this.#event(run, event));
      if (event.kind === "closed") this.#closed(client, event);
      if (!this.isAway) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #mayEndBy(code: FaultCode): boolean {
    return PASSING.has(code) || this.#isSignOut(code);
  }

  #isSignOut(code: FaultCode): boolean {
    return this.home.isSignedOut && code === "login-refused";
  }

  /** Only the person ends a program that was in once. */
  #closed(client: Client, { fault }: Extract<ReaderEvent, { kind: "closed" }>): void {
    if (client !== this.client || fault === undefined || PASSING.has(fault.code)) return;
    const { clock } = this.#life;
    if (this.isHostile) {
      clock.after(300, () => this.start());
      return;
    }
    if (this.#mayEndBy(fault.code)) {
      this.kill(false);
      this.#around.clock.after(300, () => {
        if (!this.isRunning) this.start();
      });
      return;
    }
    this.#around.fail(new BrokenPromise(`${this.name} was closed: ${fault.code} ${fault.message}`));
  }

  /** Strangers listen; a hostile member sends whatever comes to mind. */
  #sent(bytes: Uint8Array, link: Link): Uint8Array {
    const { captures, dice } = this.#around;
    if (!this.isHostile) {
      captures.add(bytes);
      return bytes;
    }
    if (dice.chance(0.05)) link.send(bytes);
    if (dice.chance(0.1)) link.send(captures.frame(dice) ?? bytes);
    return dice.chance(0.1) ? mutated(dice, bytes) : bytes;
  }

  #note(what: string): void {
    this.#around.trace.note(`${this.#around.clock.now()} ${this.name} ${what}`);
  }
}
