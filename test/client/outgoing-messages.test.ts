import { expect, test } from "bun:test";
import { toBase64Url } from "../../src/base/bytes.ts";
import { Fault } from "../../src/base/fault.ts";
import { type FileId, ID_BYTES } from "../../src/base/ids.ts";
import { FILES_UPLOADED_TOGETHER_MAX, WAITING_MESSAGES_MAX } from "../../src/base/limits.ts";
import type { Connection } from "../../src/client/link/connection.ts";
import { OutboxQueue, type OutboxQueueStore } from "../../src/client/outbox-queue.ts";
import { OutgoingMessages } from "../../src/client/outgoing-messages.ts";
import type { AccountSession } from "../../src/client/session.ts";
import type { WaitingMessage } from "../../src/core/client/outgoing.ts";
import type { WaitingView } from "../../src/core/model/state.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Source } from "../../src/io/blob/interfaces.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import type { MessageStore } from "../../src/io/state/message-store.ts";
import type { OutboxChange } from "../../src/io/state/outbox-store.ts";
import type { RequestFields } from "../../src/wire/messages.ts";
import { sent as sourceOf } from "../io/file-carrier.ts";
import { rejection } from "../rejection.ts";
import { tempFolder } from "../temp-folder.ts";
import { VirtualClock } from "./virtual-clock.ts";

const OWNER = { fingerprint: "server", user: "ana" };
const TEXT = "look at these";

/** Server that records each post of an outbox once, and what it was sent. */
class LoggingServer {
  readonly log: { readonly to: string; readonly text: string; readonly files: number }[] = [];
  readonly withdrawn: string[] = [];
  refusal: (to: string) => Fault | undefined = () => undefined;
  uploadFault: (name: string) => Fault | undefined = () => undefined;
  uploading = 0;
  uploadingMax = 0;
  readonly #known = new Set<string>();

  connection(life: Life): Connection {
    const requestThen = (
      _: string,
      { outbox, counter, to, body }: RequestFields<"post">,
      then: (outcome: unknown) => void,
    ) => {
      if (!life.isAlive) return;
      const fault = this.refusal(to);
      const answer = () => {
        if (!life.isAlive) return;
        if (fault !== undefined) then({ kind: "refused", fault });
        else then({ kind: "answered", answer: { seq: 1, n: 1, time: 0 } });
      };
      const key = `${outbox}.${counter}`;
      if (fault === undefined && !this.#known.has(key)) {
        this.#known.add(key);
        this.log.push({ to, text: body.text, files: body.files?.length ?? 0 });
      }
      queueMicrotask(answer);
    };
    return { isClosed: false, requestThen } as unknown as Connection;
  }
}

/** Process of a home, which ends after a number of writes. */
class Life {
  readonly shown = new Map<string, WaitingView>();
  readonly returned: string[] = [];
  readonly acks: string[] = [];
  readonly waiting: OutgoingMessages<string>;
  readonly window = toBase64Url(systemEntropy()(ID_BYTES));
  writes = 0;
  readonly #outboxes = new Set<string>();
  readonly #queue: OutboxQueue;

  constructor(
    private readonly state: ClientState,
    readonly server: LoggingServer,
    private readonly clock: VirtualClock,
    private readonly writesMax = Number.POSITIVE_INFINITY,
    change = (of: OutboxChange) => of,
  ) {
    const store: OutboxQueueStore = {
      adopt: (owner) => {
        const adopted = state.outboxes.adopt(owner);
        for (const { id } of adopted) this.#outboxes.add(id);
        return adopted;
      },
      write: (id, written) => {
        this.#outboxes.add(id);
        this.#write(() => state.outboxes.write(id, change(written)));
      },
      release: () => undefined,
    };
    const messages: Pick<MessageStore, "adopt" | "get" | "add" | "update" | "remove" | "release"> =
      {
        adopt: (owner, window) => state.messages.adopt(owner, window),
        get: (key, window) => state.messages.get(key, window),
        add: (...row) => this.#write(() => state.messages.add(...row)),
        update: (...row) => this.#write(() => state.messages.update(...row)),
        remove: (...row) => this.#write(() => state.messages.remove(...row)),
        release: () => undefined,
      };
    const returned = (keys: readonly string[]) => void this.waiting.returned(keys);
    this.#queue = new OutboxQueue({
      clock,
      entropy: systemEntropy(),
      store,
      emit: () => undefined,
      messages: () => ({ window: this.window, returned }),
    });
    this.waiting = new OutgoingMessages<string>({
      clock,
      entropy: systemEntropy(),
      store: messages,
      window: this.window,
      session: () => ({ posts: this.#queue }) as unknown as AccountSession,
      transfers: {
        upload: ({ source, signal }) => this.#upload(source, signal),
        withdraw: async (file) => void server.withdrawn.push(file),
      },
      open: async ({ source }) => ({ source: sourceOf(source, new Uint8Array(9)), stored: source }),
      emit: (event) => {
        if (event.kind === "waiting") this.shown.set(event.message.key, event.message);
        else this.shown.delete(event.key);
      },
      listener: {
        sent: (_key, _message, to) => this.acks.push(to),
        returned: ({ text }) => this.returned.push(text),
      },
    });
  }

  get isAlive(): boolean {
    return this.writes <= this.writesMax;
  }

  async start(): Promise<void> {
    await this.#queue.open(OWNER, true);
    await this.waiting.open(OWNER);
    this.#queue.connected(this.server.connection(this));
    this.waiting.connected();
  }

  async send(to: readonly string[], names: readonly string[], text = TEXT): Promise<void> {
    const files = names.map((name) => {
      const source = sourceOf(name, new Uint8Array(9));
      return { name, size: 9, source: name, opened: async () => source };
    });
    await this.waiting.send({ to, text, files });
  }

  kill(): void {
    this.writes = Number.POSITIVE_INFINITY;
    for (const id of this.#outboxes) this.state.outboxes.release(id);
    this.state.messages.release(this.window);
  }

  #write(write: () => void): void {
    this.writes += 1;
    if (this.isAlive) write();
  }

  async #upload(source: Source, signal: AbortSignal | undefined) {
    const { server } = this;
    server.uploading += 1;
    server.uploadingMax = Math.max(server.uploadingMax, server.uploading);
    await new Promise<void>((resolve) => this.clock.after(10, resolve));
    server.uploading -= 1;
    signal?.throwIfAborted();
    const fault = server.uploadFault(source.name);
    if (fault !== undefined) throw fault;
    const id = `f${source.name}` as FileId;
    const digest = sha256(new Uint8Array(9));
    const content = { size: 9, chunks: 1, digest };
    const file = { id, name: source.name, sizeBytes: 9, chunks: 1, digest: "", resumedBytes: 0 };
    return { file: { ...file, changed: false }, entry: { file: id, ...content } };
  }
}

function rowsOf(state: ClientState): readonly WaitingMessage<string>[] {
  return state.messages.list(OWNER).map(({ body }) => JSON.parse(body));
}

function newScene() {
  const state = ClientState.inMemory();
  const server = new LoggingServer();
  const clock = new VirtualClock();
  const life = (writesMax?: number, change?: (of: OutboxChange) => OutboxChange) =>
    new Life(state, server, clock, writesMax, change);
  return { state, server, clock, life };
}

test("stores a message with one write, and posts it once when its files are complete", async () => {
  const { state, server, clock, life } = newScene();
  const ana = life();
  await ana.start();
  await ana.send(["lobby", "@ben"], ["a.txt", "b.txt"]);
  expect(ana.writes).toBe(1);
  expect([...ana.shown.values()]).toMatchObject([{ text: TEXT, files: [{ name: "a.txt" }, {}] }]);
  await clock.advance(1_000);
  const posted = { text: TEXT, files: 2 };
  expect(server.log).toEqual([
    { to: "lobby", ...posted },
    { to: "@ben", ...posted },
  ]);
  expect(ana.acks).toEqual(["lobby", "@ben"]);
  expect([ana.shown.size, rowsOf(state).length]).toEqual([0, 0]);
});

async function kills(change?: (of: OutboxChange) => OutboxChange): Promise<readonly string[][]> {
  const logs: string[][] = [];
  for (let writesMax = 1; ; writesMax++) {
    const { state, server, clock, life } = newScene();
    server.refusal = (to) => (to === "@eve" ? new Fault("muted", "you are muted") : undefined);
    const first = life(writesMax, change);
    await first.start();
    await first.send(["lobby", "@eve"], ["a.txt", "b.txt"]);
    await clock.advance(1_000);
    const isWhole = first.isAlive;
    first.kill();
    const second = life(undefined, change);
    await second.start();
    await clock.advance(1_000);
    const rows = rowsOf(state).flatMap(({ to, text, fault }) =>
      text === TEXT && fault?.code === "muted" ? to.map((target) => `row ${target}`) : ["?"],
    );
    logs.push([...server.log.map(({ to }) => to), ...rows]);
    if (isWhole) return logs;
  }
}

test("posts once, and keeps a refused text, if it is killed after any write", async () => {
  const logs = await kills();
  expect(logs.length).toBeGreaterThan(4);
  expect(logs).toEqual(logs.map(() => ["lobby", "row @eve"]));
});

test("a hand-over that leaves the message would post it twice", async () => {
  const logs = await kills((change) => ({ ...change, queued: [] }));
  expect(logs.some((log) => log.filter((place) => place === "lobby").length > 1)).toBe(true);
});

test("two processes of a home never continue the same message", async () => {
  const server = new LoggingServer();
  const clock = new VirtualClock();
  const folder = tempFolder();
  const life = () => new Life(ClientState.open(folder), server, clock);
  server.uploadFault = () => new Fault("quota-reached", "full");
  const [one, two] = [life(), life()];
  await one.start();
  await one.send(["lobby"], ["a.txt"]);
  await clock.advance(1_000);
  await two.start();
  expect(two.shown.size).toBe(0);
  one.kill();
  const three = life();
  await three.start();
  expect([...three.shown.values()]).toMatchObject([
    { files: [{ fault: { code: "quota-reached" } }] },
  ]);
});

test("keeps the others of a message while one file has failed", async () => {
  const { state, server, clock, life } = newScene();
  server.uploadFault = (name) => (name === "b.bin" ? new Fault("too-large", "limited") : undefined);
  const ana = life();
  await ana.start();
  await ana.send(["lobby"], ["a.txt", "b.bin"]);
  await ana.send(["lobby"], [], "later");
  await clock.advance(1_000);
  expect(server.log).toMatchObject([{ text: "later", files: 0 }]);
  const [key = ""] = ana.shown.keys();
  expect(ana.shown.get(key)?.files.map(({ isComplete }) => isComplete)).toEqual([true, false]);
  ana.waiting.command(key, { kind: "send-without" });
  await clock.advance(1_000);
  expect(server.log).toMatchObject([{}, { text: TEXT, files: 1 }]);
  expect(rowsOf(state)).toEqual([]);
});

test("returns the text to the composer, and withdraws its files", async () => {
  const { state, server, clock, life } = newScene();
  server.uploadFault = (name) => (name === "b.bin" ? new Fault("too-large", "limited") : undefined);
  const ana = life();
  await ana.start();
  await ana.send(["lobby"], ["a.txt", "b.bin"]);
  await clock.advance(1_000);
  const [key = ""] = ana.shown.keys();
  ana.waiting.command(key, { kind: "edit" });
  expect(ana.returned).toEqual([TEXT]);
  expect(server.withdrawn).toEqual(["fa.txt"]);
  expect([rowsOf(state).length, ana.shown.size]).toEqual([0, 0]);
});

test("waits offline, and limits messages and concurrent uploads", async () => {
  const { server, clock, life } = newScene();
  const ana = life();
  await ana.waiting.open(OWNER);
  for (let i = 0; i < WAITING_MESSAGES_MAX; i++) await ana.send(["lobby"], ["a.txt"], `${i}`);
  const refused = await rejection(ana.send(["lobby"], ["a.txt"]));
  expect(refused).toMatchObject({ code: "too-many" });
  await clock.advance(1_000);
  expect(server.uploadingMax).toBe(0);
  await ana.start();
  await clock.advance(10_000);
  expect(server.log.map(({ text }) => text)).toEqual(
    Array.from({ length: WAITING_MESSAGES_MAX }, (_, i) => `${i}`),
  );
  expect(server.uploadingMax).toBeGreaterThan(FILES_UPLOADED_TOGETHER_MAX); // Small files.
});

test("uploads again, under another counter, what the server has deleted meanwhile", async () => {
  const { state, server, clock, life } = newScene();
  let refusals = 1;
  server.refusal = () => (refusals-- > 0 ? new Fault("file-unknown", "no such file") : undefined);
  const ana = life();
  await ana.start();
  await ana.send(["lobby"], ["a.txt"]);
  await clock.advance(2_000);
  expect(server.log).toMatchObject([{ text: TEXT, files: 1 }]);
  expect(rowsOf(state)).toEqual([]);
});

test("deletes the messages of an account from which the device was removed", async () => {
  const { state, life } = newScene();
  const ana = life();
  await ana.waiting.open(OWNER);
  await ana.send(["lobby"], ["a.txt"]);
  state.messages.removeAll({ ...OWNER, user: "ANA" });
  expect(rowsOf(state)).toEqual([]);
});
