import { unreachable } from "../base/assert.ts";
import { Fault, type FaultCode } from "../base/fault.ts";
import { formatTarget, type Name, parseTarget, type Target } from "../base/names.ts";
import type { ClientEvent } from "../client/event.ts";
import type { ChatRecord, RoomView } from "../core/chat-record.ts";
import { withMentions } from "../core/mentions.ts";
import type { Receipt } from "../core/outbox.ts";
import { LOBBY } from "../core/room.ts";
import { formatFingerprint } from "../wire/fingerprint.ts";
import type { PostBody } from "../wire/messages.ts";
import type { OpenClient } from "./_client.ts";
import { type Context, faultLine } from "./_context.ts";
import { Face, shownChatRecord } from "./_face.ts";
import { LineFiles } from "./_line-files.ts";
import { enterRoom } from "./_room-entry.ts";
import { runSlash } from "./_slash.ts";
import { placeOf, SAYINGS, unreadLine, unreadOf } from "./_unread.ts";
import { checkReaction, checkText } from "./send.ts";

/** The link went, not the wish. */
const LOST: ReadonlySet<FaultCode> = new Set(["link-closed", "shutting-down"]);

/** How long the end waits for what one said to come back as a record. */
const OWN_RECORDS_WITHIN_MS = 500;

/** How a line client ends. */
type Ending = { readonly exitCode: number } | { readonly fault: Fault };

/** `chat join` line by line: what is typed goes out, what happens is printed. */
export class LineClient {
  readonly context: Context;
  readonly open: OpenClient;
  readonly face: Face;
  readonly files: LineFiles;
  /** Where a plain line goes. */
  current: Target;
  /** Where room commands go, also while one talks to a person. */
  room: Name;
  readonly #rooms: readonly Name[];
  readonly #ended = Promise.withResolvers<Ending>();
  #hasEnded = false;
  /** The last words are said. */
  #isOver = false;
  #ackedSeq = 0;
  #shownSeq = 0;
  #onShown = () => {};
  #onLost = () => {};
  /** A log-in on this link is said as such, not as a new connection. */
  #loggingIn: PromiseWithResolvers<void> | undefined;
  #wasConnected = false;
  /** Settled and made anew whenever a connection is ready. */
  #ready = Promise.withResolvers<void>();

  constructor(
    context: Context,
    open: OpenClient,
    rooms: readonly [Name, ...Name[]] | readonly Name[],
  ) {
    this.context = context;
    this.open = open;
    this.#rooms = rooms;
    this.face = new Face(context);
    this.files = new LineFiles(this);
    const [first] = rooms;
    this.room = first ?? LOBBY;
    this.current = { kind: "room", name: this.room };
  }

  async run(): Promise<number> {
    const { client } = this.open;
    const release = this.context.onSignal((signal) =>
      this.#end(
        signal === "SIGINT"
          ? { fault: new Fault("interrupted", "interrupted") }
          : { exitCode: 143 },
      ),
    );
    const watching = this.#watch().catch((error: unknown) => this.#break(error));
    this.#enterRooms()
      .then(() => this.#read())
      .catch((error: unknown) => this.#break(error));
    try {
      const ending = await this.#ended.promise;
      if ("exitCode" in ending) return ending.exitCode;
      throw ending.fault;
    } finally {
      release();
      await client.close();
      await watching;
      await this.open.close();
      this.face.close();
      this.#isOver = true;
    }
  }

  /** Ends after everything sent so far is settled. */
  async quit(): Promise<void> {
    await this.open.client.drain();
    await this.files.settled();
    await this.#ownRecords();
    await this.face.drained();
    this.#end({ exitCode: 0 });
  }

  /** Sends words; what becomes of them is told when it is known. */
  async post(target: Target, body: PostBody): Promise<void> {
    const { text } = body;
    if (body.react === undefined) checkText(text);
    else checkReaction(body.react);
    const { client } = this.open;
    await client.ready();
    client.post(formatTarget(target), withMentions(body)).then(
      (receipt) => this.#acked(target, text, receipt),
      (error: unknown) => this.fail(error),
    );
  }

  #acked(target: Target, text: string, { seq, queued }: Receipt): void {
    this.recorded(seq);
    const place = target.kind === "room" ? { room: target.name } : { to: target.name };
    const offline = queued === true ? { queued } : {};
    const sentence =
      queued === true ? `${target.name} is offline; it will be delivered later` : undefined;
    this.face.tell({ kind: "ack", seq, ...place, text, ...offline }, sentence);
  }

  /** Something done here has this place in the log, and comes back as a record. */
  recorded(seq: number): void {
    this.#ackedSeq = Math.max(this.#ackedSeq, seq);
  }

  /**
   * What was said here so far is recorded and shown: for what asks about one's own last words.
   * @throws Fault link-closed when the connection goes meanwhile
   */
  async said(): Promise<void> {
    const { client } = this.open;
    const lost = new Promise<void>((resolve) => {
      this.#onLost = resolve;
    });
    if (client.isConnected) await Promise.race([client.drain(), lost]);
    if (!client.isConnected) throw new Fault("link-closed", "there is no connection now");
    await this.#ownRecords();
  }

  /** A fault that ends nothing. */
  fail(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    if (this.#isOver) return;
    const { code, blame, message } = error;
    this.face.tell({ kind: "fault", code, blame, message }, faultLine(error));
  }

  enter(target: Target): void {
    this.current = target;
    if (target.kind === "room") this.room = target.name;
    const user = this.open.client.user;
    this.face.prompt(user === undefined ? "> " : `${formatTarget(target)}> `);
  }

  /** Runs a log-in whose `connected` is said as `logged-in`; the next line waits for that. */
  async loggingIn(work: () => Promise<unknown>): Promise<void> {
    const said = Promise.withResolvers<void>();
    this.#loggingIn = said;
    try {
      await work();
    } catch (error) {
      this.#loggingIn = undefined;
      throw error;
    }
    await said.promise;
  }

  #break(error: unknown): void {
    if (error instanceof Fault) this.#end({ fault: error });
    else this.#ended.reject(error);
  }

  #end(ending: Ending): void {
    this.#hasEnded = true;
    this.#ended.resolve(ending);
  }

  /** What was said here is seen here: it is not to be told as news the next time. */
  async #ownRecords(): Promise<void> {
    await Promise.resolve(); // The last post's own handlers run first.
    if (this.#ackedSeq <= this.#shownSeq) return;
    await new Promise<void>((resolve) => {
      const cancel = this.context.clock.after(OWN_RECORDS_WITHIN_MS, resolve);
      this.#onShown = () => {
        if (this.#ackedSeq > this.#shownSeq) return;
        cancel();
        resolve();
      };
    });
  }

  async #watch(): Promise<void> {
    for await (const event of this.open.client.events()) {
      this.#show(event);
      await this.face.drained();
    }
  }

  /** The rooms of the command line, once the server has told which we are in already. */
  async #enterRooms(): Promise<void> {
    await this.#ready.promise;
    for (const room of this.#rooms) {
      const answer = await this.#enterRoom(room);
      if (answer.created) this.face.note(`the room '${room}' did not exist; you made it`);
    }
    this.enter(this.current);
  }

  /** A link that is lost on the way is no refusal: the next one is asked again. */
  async #enterRoom(room: Name): ReturnType<typeof enterRoom> {
    const { client, roomSecret } = this.open;
    for (;;) {
      const next = this.#ready.promise;
      try {
        return await enterRoom(client, { room, roomSecret });
      } catch (error) {
        if (!(error instanceof Fault) || !LOST.has(error.code)) throw error;
      }
      await next;
    }
  }

  async #read(): Promise<void> {
    while (!this.#hasEnded) {
      try {
        const line = await this.face.line();
        if (line === undefined) break;
        await this.#line(line);
      } catch (error) {
        if (error instanceof Fault && error.code === "interrupted") throw error;
        if (!this.#hasEnded) this.fail(error);
      }
    }
    if (!this.#hasEnded) await this.quit();
  }

  async #line(line: string): Promise<void> {
    if (line === "") return;
    if (line.trim() === "QUIT") return runSlash(this, "quit");
    if (line.startsWith("/") && !line.startsWith("//")) return runSlash(this, line.slice(1));
    const { client } = this.open;
    if (client.isConnected && client.user !== undefined) this.face.eraseEntered(line);
    return this.post(this.current, { text: line.startsWith("//") ? line.slice(1) : line });
  }

  #show(event: ClientEvent): void {
    const { face } = this;
    switch (event.kind) {
      case "connected":
        return this.#connected(event);
      case "record":
        this.#record(event.record);
        this.#shownSeq = Math.max(this.#shownSeq, event.record.seq);
        return this.#onShown();
      case "skipped":
        return face.note(skippedLine(event.room, event.count));
      case "presence": {
        const { room, user, online } = event;
        const { client } = this.open;
        if (user === client.user || client.reading.ignores(user)) return;
        const line = { kind: "presence", ...placeOf(room), user, online };
        return face.tell(
          line,
          room.name === this.current.name
            ? `${user} is ${online ? "online" : "offline"}`
            : undefined,
        );
      }
      case "adopted": {
        const { target, text, outcome } = event;
        if (outcome.kind === "refused") return this.fail(outcome.fault);
        return this.#acked(parseTarget(target), text, outcome.receipt);
      }
      case "offered":
        return this.files.offered(event);
      case "lost":
        this.#onLost();
        return face.tell(
          { kind: "lost" },
          `the connection is lost (${event.fault.message}); trying again`,
        );
      case "closed":
        this.#end(event.fault === undefined ? { exitCode: 0 } : { fault: event.fault });
        return;
      case "read": {
        const { room, n, unread } = event;
        return face.tell({ kind: "read", ...placeOf(room), n, unread }, undefined);
      }
      case "pinned":
      case "moved":
      case "link-asked":
      case "caught-up":
      case "room":
      case "room-gone":
      case "retrying":
        return; // Said elsewhere, or of no interest to somebody who reads lines.
      default:
        return unreachable(event);
    }
  }

  /** Words of somebody who is ignored count as seen, and are not shown. */
  #record(record: ChatRecord): void {
    const { client, user } = this.open;
    const isHidden = SAYINGS.has(record.kind) && client.reading.ignores(record.from);
    if (!isHidden) this.face.record(shownChatRecord(record, client.user ?? user));
    client.reading.seen(record);
  }

  #connected(event: Extract<ClientEvent, { kind: "connected" }>): void {
    const { server, user, transport, fingerprint, welcome } = event;
    const rooms = event.rooms.filter((room) => room.kind === "room").map((room) => room.name);
    const unread = unreadOf(this.open.client, event.rooms);
    this.face.iAm(user);
    if (this.#loggingIn !== undefined) {
      this.#loggingIn.resolve();
      this.#loggingIn = undefined;
      this.face.tell({ kind: "logged-in", user, rooms }, `you are ${user}`);
      return this.enter(this.current);
    }
    const line = {
      kind: "connected",
      server,
      user,
      room: this.current.name,
      rooms,
      transport: transport === "udp" ? "udp" : "tcp",
      fingerprint: formatFingerprint(fingerprint),
      ...(welcome === undefined ? {} : { welcome }),
      ...(unread.length === 0 ? {} : { unread }),
    };
    this.face.tell(line, this.#wasConnected ? "connected again" : `you are ${user} on '${server}'`);
    if (this.face.isTyped && unread.length > 0) this.face.note(unreadLine(unread));
    if (!this.#wasConnected && welcome !== undefined && !this.context.json) {
      this.face.note(welcome);
    }
    this.#wasConnected = true;
    const ready = this.#ready;
    this.#ready = Promise.withResolvers();
    ready.resolve();
  }
}

function skippedLine(room: RoomView, count: number): string {
  const where = room.kind === "room" ? `--room ${room.name}` : `--with @${room.name}`;
  const whose = room.kind === "room" ? room.name : `@${room.name}`;
  const what = count === 1 ? "1 earlier message" : `${count} earlier messages`;
  return `${what} of ${whose} ${count === 1 ? "is" : "are"} not shown: chat history ${where}`;
}
