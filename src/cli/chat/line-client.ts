/** Line client, which `chat join` runs instead of the full-screen client. */

import { unreachable } from "../../base/assert.ts";
import { decodeJson } from "../../base/decode.ts";
import { Fault, ignoreFault, msg, unlessFault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { KNOWN_FILES_MAX } from "../../base/limits.ts";
import {
  foldName,
  formatTarget,
  isName,
  type Name,
  parseTarget,
  type Target,
} from "../../base/names.ts";
import { parseTime } from "../../base/parse-time.ts";
import { cleanText } from "../../base/text.ts";
import type { ChatEffect } from "../../client/chat-client.ts";
import type { ConnectedEvent, ReaderEvent } from "../../client/event.ts";
import { queryInbox, searchFields } from "../../client/link/queries.ts";
import { noMajority } from "../../client/link/retry.ts";
import { type ChatRecord, fieldsIn, titleOf } from "../../core/client/chat-record.ts";
import { readInbox, withoutMuted } from "../../core/client/inbox.ts";
import type { Receipt } from "../../core/client/outbox.ts";
import { shownName } from "../../core/model/people.ts";
import { withSealed } from "../../core/model/sealed-inbox.ts";
import {
  hasOpened,
  isBoxOf,
  isIgnored,
  openRoom,
  postTarget,
  roomOf,
} from "../../core/model/selectors.ts";
import type { RoomState, SearchQuery } from "../../core/model/state.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { type KnownFile, knownFile } from "../../io/state/home-tables.ts";
import type { View, Views } from "../../ui/command.ts";
import { ENGLISH_RULES } from "../../ui/messages/en/rules.ts";
import { noticeText, sealedRemarkFault } from "../../ui/text/notice-text.ts";
import { dueTime, readOnlyReason } from "../../ui/text/rules-text.ts";
import { targetTitle } from "../../ui/text/target-text.ts";
import { type TypedLine, typedLine } from "../../ui/typed-line.ts";
import { formatFingerprint } from "../../wire/fingerprint.ts";
import { formatAddress } from "../../wire/invite.ts";
import { IGNORABLE_KINDS, OPEN_MESSAGE_KINDS } from "../../wire/kinds.ts";
import type { PostBody } from "../../wire/messages.ts";
import { accountChangedJson, type OpenClient } from "../connect/client.ts";
import { type Context, faultLine } from "../context.ts";
import { faultJson, usageFault } from "../errors.ts";
import { DamageReport } from "../output/damage.ts";
import { inboxJson, inboxLines } from "../output/inbox.ts";
import { displayFiles, renderJson } from "../output/render.ts";
import { ChatExit, QUIT_TIMEOUT_MS } from "./chat-exit.ts";
import { ChatConsole, displayChatRecord, displayRecords, isQuit } from "./console.ts";
import { LineFiles } from "./files.ts";
import { LineQueue } from "./line-queue.ts";
import { PageReader } from "./page-reader.ts";
import { destinationOfTarget, unsentLine } from "./post.ts";
import { type InputLine, ScriptLines } from "./script-lines.ts";
import { isSlashCommand, runSlash, showView } from "./slash.ts";
import { type JoinRoomOptions, type joinRoom, SlashHost } from "./slash-host.ts";
import { HISTORY, HISTORY_DEFAULT, history } from "./slash-views.ts";
import { unreadOf } from "./unread.ts";

const OWN_RECORDS_TIMEOUT_MS = 5_000;
const READ_MESSAGES_SHOWN = 10;
/** Messages before and behind the one that `/go` prints. */
const AROUND = 2;
/** Settings of line mode, with their values; the first is the default. */
const LINE_SETTINGS = { numbers: ["off", "on"], start: ["new", "all"] } as const satisfies Readonly<
  Record<string, readonly string[]>
>;
type LineSetting = keyof typeof LINE_SETTINGS;
type LineSettings = Readonly<Partial<Record<LineSetting, string>>>;
const KEEPS_DESTINATION =
  /^\/(invite|kick|who|whois|names|list|rooms|files|history|search|stats|sealed|verify|topic)\b/i;

export class LineClient extends SlashHost {
  readonly chatConsole: ChatConsole;
  readonly files: LineFiles;
  #current: Target;
  readonly #failedChanges = new Set<"room" | "login">();
  readonly #script: ScriptLines;
  readonly #exit = new ChatExit();
  readonly #damage = new DamageReport();
  /** False once the reader of standard output has exited. */
  #hasReader = true;
  #isFinished = false;
  /** True if the user wants to quit and the server does not answer. */
  #isUnresponsive = false;
  #onUnresponsive = (): void => {};
  #isReading = false;
  #ackedSeq = 0;
  #printedSeq = 0;
  readonly #printedJoins = new Map<string, number>();
  /** Newest seq printed before a pending join, by room. The join's own record has a higher seq. */
  readonly #pendingJoins = new Map<string, number>();
  #onPrinted = () => {};
  #onLost = () => {};
  #pendingLogin: PromiseWithResolvers<void> | undefined;
  #wasConnected = false;
  readonly #firstLink = Promise.withResolvers<void>();
  #connectFault = "";
  /** Message about a server that records nothing. */
  #outage: string | undefined;
  /** Remark in the prompt about readers of the user's messages; `undefined` without a prompt. */
  #promptedRemark: string | undefined;
  /** Messages that the server has not confirmed, in typed order. The outbox limits their number. */
  readonly #unconfirmed = new Set<{ readonly to: string; readonly text: string }>();
  readonly #unread: PageReader;
  /** The message that `/go` has printed, which `/reply` answers. */
  #went: { readonly target: string; readonly seq: number } | undefined;
  readonly #newFiles: KnownFile[] = [];
  #isCaughtUp = false;
  #hasCaughtUp = false;

  constructor(
    context: Context,
    open: OpenClient,
    private readonly rooms: readonly Name[],
  ) {
    super(context, open);
    this.chatConsole = new ChatConsole(context, { isSpoken: true });
    const { stdout } = context;
    this.#unread = new PageReader({
      client: open.client,
      chatConsole: this.chatConsole,
      me: () => this.me,
      size: () => ({ columns: stdout.columns(), rows: stdout.rows() }),
    });
    this.chatConsole.hasNumbers = this.#settings.numbers === "on";
    this.chatConsole.nameOf = (account) => shownName(this.chat.model, account);
    this.#script = new ScriptLines(!this.chatConsole.isInteractive);
    open.guessDelays.displayOverride = (text) => this.chatConsole.note(text);
    this.chatConsole.isQuiet = open.state.preference("quiet") === "on";
    this.files = new LineFiles(this);
    const [first = LOBBY] = rooms;
    this.#current = { kind: "room", name: first };
    this.chat.present(this);
    this.chat.actions.open(first);
  }

  perform(effect: ChatEffect): void {
    if (effect.kind === "refused") this.fail(effect.fault);
  }

  isDisplayed(seq: number): boolean {
    return this.chatConsole.recent.has(seq);
  }

  get current(): string {
    this.#checkDestination();
    return formatTarget(this.#current);
  }

  async run(): Promise<number> {
    const { client } = this.open;
    // The input is still posted if the reader of the output exits, as `| head` does.
    if (!this.context.stdin.isTerminal) {
      this.context.continueWithoutOutput(() => {
        this.#hasReader = false;
        client.stopMarking();
      });
    }
    const release = this.context.onSignal(this.#exit.onSignal);
    const unsubscribe = this.chat.store.subscribe(() => {
      const prompted = this.#promptedRemark;
      const isStale = prompted !== undefined && prompted !== this.#promptRemark;
      if (isStale) this.prompt();
    });
    const watching = this.#readEvents().catch(this.#exit.fail);
    const joined = this.joinRooms(this.rooms).then(() => this.prompt());
    joined.catch(this.#exit.fail);
    const { chatConsole } = this;
    // On a terminal, a command may ask questions, whose answers must not be read ahead.
    const queue = chatConsole.isInteractive ? undefined : new LineQueue(() => chatConsole.line());
    this.#onUnresponsive = () => void this.#readLines(queue).catch(this.#exit.fail);
    queue?.quit.then(() => this.#quitWhenUnresponsive()).catch(this.#exit.fail);
    const ready = this.open.isConnecting ? this.#showRead() : joined;
    ready.then(() => this.#readLines(queue)).catch(this.#exit.fail);
    try {
      return await this.#exit.exitCode;
    } finally {
      release();
      unsubscribe();
      const { waiting } = this.files;
      this.files.close();
      await client.close(this.#isUnresponsive);
      await watching;
      await this.open.close();
      const count = waiting.messages.length;
      if (count > 0) this.chatConsole.note((texts) => texts.continuesLater(count));
      this.chatConsole.close();
      this.#isFinished = true;
    }
  }

  /** Shows the newest messages that this device has read, before the client has connected. */
  async #showRead(): Promise<void> {
    const { chatConsole, me, open } = this;
    chatConsole.setUser(me);
    const { id, topic = "", title, tail } = openRoom(this.chat.model) ?? {};
    const messages = tail?.items.filter(({ kind }) => kind === "text" || kind === "action") ?? [];
    for (const item of messages.slice(-READ_MESSAGES_SHOWN)) {
      if (id === undefined) break;
      const view = {
        room: { ...this.#current, id, topic, title },
        id: "",
        body: { text: item.text },
      };
      chatConsole.record(displayChatRecord({ ...item, ...view }, me));
    }
    chatConsole.note((texts) => texts.connectingTo(formatAddress(open.address)));
    this.prompt();
  }

  /**
   * Ends the session, at once if the server does not answer. Posts that it has not confirmed stay
   * in the outbox for the next start.
   */
  async quit(): Promise<void> {
    const { client } = this.open;
    const unresponsive = this.#isUnresponsive
      ? Promise.resolve()
      : client.untilUnresponsive(QUIT_TIMEOUT_MS);
    const stopped = unresponsive.then(() => {
      this.#isUnresponsive = true;
      if (this.#exit.hasEnded) return;
      const fault = client.unsentFault();
      if (fault === undefined) this.#exit.end(this.#script.exitCode);
      else this.#reportUnsent(fault);
    });
    await Promise.race([this.#finish(), stopped]);
  }

  async #finish(): Promise<void> {
    try {
      await this.open.client.drain();
    } catch (error) {
      return this.#reportUnsent(error);
    }
    await this.files.settled();
    await this.#waitForOwnRecords();
    await this.open.client.addable();
    await this.open.client.auditSettled();
    await this.chatConsole.drained();
    const { exitCode } = this.#script;
    // On a terminal, the user has seen what was left out.
    const code = this.input === undefined ? exitCode : this.files.exitCode(exitCode);
    this.#exit.end(this.#damage.fault ?? code);
  }

  #reportUnsent(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    if (this.#isFinished) return;
    for (const { to, text } of this.#unconfirmed) {
      const destination = destinationOfTarget(parseTarget(to));
      this.chatConsole.print({ kind: "unsent", ...destination, text }, unsentLine(to, text));
    }
    this.#isFinished = true;
    this.#exit.end(error);
  }

  set(argument: string): void {
    const [name = "", value = ""] = argument.split(/\s+/);
    const values: readonly string[] = Object.hasOwn(LINE_SETTINGS, name)
      ? LINE_SETTINGS[name as LineSetting]
      : [];
    if (!this.chatConsole.isInteractive || !values.includes(value)) {
      throw usageFault(
        "in line mode, /set takes numbers on|off and start new|all on a terminal",
        "run without --plain for the other settings, or edit config.toml",
      );
    }
    const { state } = this.open;
    state.changePreference("line-mode", (stored) =>
      JSON.stringify({ ...storedSettings(stored), [name]: value }),
    );
    this.chatConsole.hasNumbers = this.#settings.numbers === "on";
    this.chatConsole.note(`${name} is ${value}`);
  }

  get #settings(): LineSettings {
    return storedSettings(this.open.state.preference("line-mode"));
  }

  get #printsAll(): boolean {
    return !this.chatConsole.isInteractive || this.#settings.start === "all";
  }

  /** Opens the room of a numbered message, and prints the message between two others. */
  override async go(number: number): Promise<void> {
    const entry = this.#unread.listed[number - 1];
    if (entry === undefined) {
      throw usageFault(`the last list has no number ${number}`, "list what is new: /inbox");
    }
    const { target, seq } = entry;
    if (roomOf(this.chat.model, target) === undefined) {
      throw new Fault("not-member", msg`you are not in ${target}`, {
        remedy: msg`join it: ${`/join ${target}`}`,
      });
    }
    this.switchTo(target);
    if (seq === undefined) return;
    const { client } = this.open;
    const query = { target, kinds: [...OPEN_MESSAGE_KINDS] };
    const [before, after] = await Promise.all([
      client.history({ ...query, before: seq + 1, limit: AROUND + 1 }),
      client.history({ ...query, after: seq, limit: AROUND }),
    ]);
    for (const record of [...before.records, ...after.records])
      this.chatConsole.record(displayChatRecord(record, this.me));
    this.#went = { target, seq };
  }

  override get answered(): number | undefined {
    return this.#went?.target === formatTarget(this.#current) ? this.#went.seq : undefined;
  }

  /** Prints the messages from there on. */
  jump(to: Views["jump"]["to"]): Promise<void> {
    const from =
      typeof to === "number" ? { after: to - 1 } : { after: 0, since: parseTime(to, this.times) };
    return history(this, { target: this.current, ...from, limit: HISTORY_DEFAULT });
  }

  /** Without `in:`, searches only the current room, whose server may not learn the text. */
  search(query: SearchQuery): Promise<void> {
    const fields = { target: this.current, ...searchFields(query) };
    return history(this, { ...fields, limit: HISTORY_DEFAULT }, "/search");
  }

  /** Line mode displays every message, so only the levels of the account apply. */
  async notify({ level, target }: Views["notify"]): Promise<void> {
    if (level === undefined || level === "off") {
      const command = level === undefined ? "/notify" : "/notify off";
      throw usageFault(`${command} works only in full screen`, "use /notify nothing [TARGET]");
    }
    if (level === "on") await this.chat.actions.notify(target, level);
    const name = targetTitle(this.chat.store.current, target);
    this.chatConsole.note((texts) =>
      level === "on" ? texts.unmuted(name) : texts.notifyLevelSet(name, level),
    );
  }

  async inbox(): Promise<void> {
    const { chatConsole, context } = this;
    this.open.client.reportPrinted();
    const pages = await queryInbox(this.open.client.request);
    const whole = withSealed(readInbox(pages, sha256, this.me), this.open.client.model);
    const listed = withoutMuted(whole);
    if (context.json) return chatConsole.data(inboxJson(listed).map(renderJson).join(""));
    const isEmpty = listed.callCount === 0 && listed.unread === 0;
    if (isEmpty) return chatConsole.note((texts) => texts.nothingNew);
    if (chatConsole.isInteractive) return this.#unread.list(whole);
    chatConsole.data(inboxLines(listed));
  }

  show(view: View): Promise<undefined> {
    return showView(this, view);
  }

  list(command: string, records: readonly ChatRecord[]): number {
    const rows = displayRecords(records, this.me);
    if (this.chatConsole.isInteractive && command !== HISTORY) {
      this.#unread.listed = records.map(({ room, seq }) => ({ target: formatTarget(room), seq }));
      this.chatConsole.numbered(rows);
      return rows.length;
    }
    for (const row of rows) this.chatConsole.record(row);
    return rows.length;
  }

  protected async submit(to: string, body: PostBody): Promise<void> {
    if (this.#failedChanges.has("login")) throw this.#notSentFault("/login");
    const { client } = this.open;
    const { input } = this;
    await client.ready();
    const { text } = body;
    if (!(await this.#mayHaveReaders(to, body))) return this.chatConsole.note(unsentLine(to, text));
    const post = { to, text };
    this.#unconfirmed.add(post);
    client.post(to, body).then(
      (receipt) => {
        this.#unconfirmed.delete(post);
        this.reportAck(to, receipt, { text }, "queuedMessage");
      },
      (error: unknown) => {
        this.#unconfirmed.delete(post);
        // The line that was typed is no longer visible.
        if (this.chatConsole.isInteractive) this.chatConsole.note(unsentLine(to, text));
        this.fail(error, input);
      },
    );
  }

  /** @throws {Fault} not-allowed if nobody can be asked */
  async #mayHaveReaders(to: string, body: PostBody): Promise<boolean> {
    const { model } = this.chat;
    if (body.react !== undefined || !hasOpened(model, to)) return true;
    if (this.chatConsole.isInteractive) {
      return this.chatConsole.confirm(({ askOpened }) => askOpened(roomOf(model, to)?.name ?? to));
    }
    const message = msg`not sent: until now, only moderators saw your messages in '${to}'`;
    throw new Fault("not-allowed", message, {
      remedy: msg`start again to write to everyone there`,
    });
  }

  /** Each command keeps its own input line, so that a late fault refers to the right line. */
  get input(): InputLine | undefined {
    return this.#script.current;
  }

  reportAck(
    to: string,
    { seq, queued }: Pick<Receipt, "seq" | "queued">,
    fields: object,
    queuedText: "queuedMessage" | "queuedFile",
  ): void {
    this.recorded(seq);
    const target = parseTarget(to);
    const offline = queued === true ? { queued } : {};
    this.chatConsole.print(
      { kind: "ack", seq, ...destinationOfTarget(target), ...fields, ...offline },
      queued === true ? (texts) => texts[queuedText](target.name) : undefined,
    );
  }

  override recorded(seq: number): void {
    this.#ackedSeq = Math.max(this.#ackedSeq, seq);
  }

  /**
   * Waits until all posts are recorded, for commands that refer to the user's last message.
   * @throws {Fault} link-closed if the connection closes
   */
  async waitUntilConfirmed(): Promise<void> {
    const { client } = this.open;
    const lost = new Promise<void>((resolve) => {
      this.#onLost = resolve;
    });
    const sent = async () => {
      await this.files.sent();
      await client.drain();
    };
    if (client.isConnected) await Promise.race([sent(), lost]);
    if (!client.isConnected) throw new Fault("link-closed", msg`not connected`);
    await this.#waitForOwnRecords();
  }

  fail(error: unknown, input?: InputLine): void {
    if (!(error instanceof Fault)) throw error;
    if (this.#isFinished) return;
    if (input === undefined) return this.chatConsole.print(faultJson(error), faultLine(error));
    this.#script.refused(input, error);
    this.chatConsole.print(
      { ...faultJson(error), ...input },
      `line ${input.line}: ${faultLine(error)}`,
    );
  }

  protected override async joinRoom(options: JoinRoomOptions): ReturnType<typeof joinRoom> {
    const before = this.#printedSeq;
    const answer = await super.joinRoom(options);
    if (answer.joined) this.#pendingJoins.set(answer.room, before);
    return answer;
  }

  switchTo(target: string): void {
    this.#failedChanges.delete("room");
    this.#current = parseTarget(target);
    this.chat.actions.open(target);
    this.prompt();
  }

  /** Returns the room of an event as it is now; `undefined` if the user has left it since. */
  roomOf({ room }: { readonly room: RoomId }): RoomState | undefined {
    return this.chat.store.current.rooms.get(room);
  }

  isCurrent({ kind, name }: RoomState): boolean {
    return kind === this.#current.kind && name === this.#current.name;
  }

  leftRoom(room: string): void {
    if (this.#failedChanges.has("room")) return;
    this.chat.actions.leftRoom(room);
    const { open } = this.chat.model;
    if (open !== undefined) this.switchTo(open);
  }

  /**
   * After a failed change, the following lines of a script would reach the wrong destination, so
   * the client rejects them. On a terminal, the prompt shows the current destination.
   */
  override changeFailed(change: "room" | "login"): void {
    if (!this.chatConsole.isInteractive) this.#failedChanges.add(change);
  }

  #checkDestination(): void {
    if (this.#failedChanges.has("login")) throw this.#notSentFault("/login");
    if (this.#failedChanges.has("room")) throw this.#notSentFault("/join or /msg");
  }

  #notSentFault(command: string): Fault {
    return new Fault("not-member", msg`not sent because ${command} failed`, {
      remedy: msg`run ${command} again`,
    });
  }

  override prompt(): void {
    const current = formatTarget(this.#current);
    const { user } = this.open.client;
    const view = roomOf(this.chat.store.current, current);
    const title = view?.kind === "room" ? cleanText(titleOf(view)) : current;
    const lock = view?.isSealed === true ? " (encrypted)" : "";
    const remark = this.#promptRemark;
    this.#promptedRemark = remark;
    this.chatConsole.prompt(user === undefined ? "> " : `${title}${lock}${remark}> `);
  }

  /** Why nobody can read what the user posts, or that only moderators can. */
  get #promptRemark(): string {
    const reason = this.#readOnlyText;
    if (reason !== undefined) return ` (${reason.replace(/\.$/, "")})`;
    return this.#hasBoxReaders ? " (only moderators see your messages)" : "";
  }

  get #readOnlyText(): string | undefined {
    const target = formatTarget(this.#current);
    const now = this.context.clock.unixMs();
    return readOnlyReason(this.chat.model, target, ENGLISH_RULES, { full: dueTime }, now)?.text;
  }

  /** Whether only moderators read what the user posts in the current conversation. */
  get #hasBoxReaders(): boolean {
    return isBoxOf(postTarget(this.chat.model, formatTarget(this.#current)));
  }

  async runLogin(login: () => Promise<unknown>): Promise<void> {
    const reported = Promise.withResolvers<void>();
    this.#pendingLogin = reported;
    try {
      await login();
    } catch (error) {
      this.#pendingLogin = undefined;
      throw error;
    }
    this.#failedChanges.delete("login");
    await reported.promise;
  }

  /** Waits for the user's own records, because the next run would print them as new. */
  async #waitForOwnRecords(): Promise<void> {
    await Promise.resolve(); // Lets the handlers of the last post run first.
    if (this.#areOwnRecordsPrinted()) return;
    await new Promise<void>((resolve) => {
      const cancel = this.context.clock.after(OWN_RECORDS_TIMEOUT_MS, resolve);
      this.#onPrinted = () => {
        if (!this.#areOwnRecordsPrinted()) return;
        cancel();
        resolve();
      };
    });
  }

  #areOwnRecordsPrinted(): boolean {
    for (const [room, before] of this.#pendingJoins) {
      if ((this.#printedJoins.get(room) ?? 0) > before) this.#pendingJoins.delete(room);
    }
    return this.#ackedSeq <= this.#printedSeq && this.#pendingJoins.size === 0;
  }

  async #readEvents(): Promise<void> {
    for await (const event of this.open.client.read()) {
      this.#onEvent(event);
      await this.chatConsole.drained();
    }
  }

  async #readLines(queue: LineQueue | undefined): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const { chatConsole } = this;
    chatConsole.onQuit = () => {
      if (!this.#exit.hasEnded) this.quit().catch(this.#exit.fail);
    };
    while (!this.#exit.hasEnded) {
      try {
        this.#script.begin();
        const line = await (queue?.next() ?? chatConsole.line());
        if (line === undefined) break;
        this.#script.read(line);
        const handled = this.#handleLine(line);
        handled.catch(ignoreFault); // QUIT may end the wait for it.
        if (!(await this.#isHandled(handled))) this.#abandon(line);
      } catch (error) {
        if (error instanceof Fault && error.code === "interrupted") throw error;
        if (!this.#exit.hasEnded) this.fail(error, this.input);
      }
    }
    if (this.#exit.hasEnded) return;
    await (chatConsole.isInteractive ? this.quit() : this.#finish());
  }

  /** Call when QUIT has been read behind lines that are still handled. */
  async #quitWhenUnresponsive(): Promise<void> {
    await this.#firstLink.promise; // A script may end before its first link is open.
    await this.open.client.untilUnresponsive(QUIT_TIMEOUT_MS);
    this.#isUnresponsive = true;
    this.#onUnresponsive();
  }

  /** Returns false if QUIT follows and the server does not answer. */
  #isHandled(handled: Promise<void>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#onUnresponsive = () => resolve(false);
      if (this.#isUnresponsive) resolve(false);
      handled.then(() => resolve(true), reject);
    });
  }

  /** The texts behind a command that may change their destination must not be sent. */
  #abandon(line: string): void {
    const isCommand = line.startsWith("/") && !line.startsWith("//");
    if (isCommand && !KEEPS_DESTINATION.test(line)) this.changeFailed("room");
  }

  async #handleLine(line: string): Promise<void> {
    if (line.trim() === "")
      return this.chatConsole.isInteractive ? this.#unread.readOn() : undefined;
    if (isQuit(line)) return runSlash(this, "quit");
    const typed = this.#typedLine(line);
    if (typed.kind === "command") return runSlash(this, typed.line);
    const { client } = this.open;
    const reason = this.chatConsole.isInteractive ? this.#readOnlyText : undefined;
    if (reason !== undefined) return this.chatConsole.note(`not sent: ${reason}`);
    if (client.isConnected && client.user !== undefined) this.chatConsole.eraseEntered();
    return this.post({ text: typed.text });
  }

  /** In a script, only a line that begins with a slash is a command. */
  #typedLine(line: string): TypedLine {
    const { aliases } = this.context.settings();
    const isKnown = (word: string) => isSlashCommand(word) || aliases.has(word);
    return typedLine(line, this.chatConsole.isInteractive ? isKnown : () => false);
  }

  /** Saves new files in batches during a catch-up, because each write waits for the disk. */
  #addKnownFile(record: ChatRecord): void {
    if (record.kind !== "file") return;
    this.#newFiles.push(...displayFiles(displayChatRecord(record, "")).map(knownFile));
    if (this.#isCaughtUp || this.#newFiles.length >= KNOWN_FILES_MAX) this.#saveKnownFiles();
  }

  #saveKnownFiles(): void {
    this.#isCaughtUp = true;
    const { client, state } = this.open;
    const files = this.#newFiles.splice(0);
    if (client.fingerprint !== undefined) state.knownFiles.add(client.fingerprint, files);
  }

  #onEvent(event: ReaderEvent): void {
    const { chatConsole } = this;
    switch (event.kind) {
      case "connected":
        return this.#connected(event);
      case "record":
        this.#printRecord(event.record);
        this.#addKnownFile(event.record);
        this.#printedSeq = Math.max(this.#printedSeq, event.record.seq);
        return this.#onPrinted();
      case "caught-up":
        this.#saveKnownFiles();
        return this.#caughtUp();
      case "skipped":
        return this.#skipped(event);
      case "presence": {
        const { user, online } = event;
        const { client } = this.open;
        const room = this.roomOf(event);
        if (room === undefined || user === client.user || isIgnored(client.model, user)) return;
        const line = { kind: "presence", ...destinationOfTarget(room), user, online };
        return chatConsole.print(
          line,
          this.isCurrent(room) && !(chatConsole.isQuiet && chatConsole.isInteractive)
            ? noticeText(event, "someone")
            : undefined,
        );
      }
      case "settled": {
        const { adopted, outcome } = event;
        if (outcome.kind === "refused") return this.fail(outcome.fault);
        if (adopted === undefined) return;
        const { to, body } = adopted;
        return this.reportAck(to, outcome.receipt, { text: body.text }, "queuedMessage");
      }
      case "offered":
        return this.files.reportOffered(event);
      case "lost":
        this.#onLost();
        return chatConsole.print({ kind: "lost" }, noticeText(event, "someone"));
      case "elsewhere":
        return chatConsole.print({ ...event }, noticeText(event, "someone"));
      case "closed":
        this.#exit.end(event.fault ?? 0);
        return;
      case "read": {
        const { kind, n } = event;
        const room = this.roomOf(event);
        if (room === undefined) return;
        const { unread } = room;
        return chatConsole.print({ kind, ...destinationOfTarget(room), n, unread }, undefined);
      }
      case "room-gone":
        this.#pendingJoins.delete(event.room);
        return this.#onPrinted();
      case "invited": {
        const { room, by } = event;
        return chatConsole.print({ kind: "may-join", room, by }, noticeText(event, "someone"));
      }
      case "announced": {
        const { kind, text, by } = event;
        return chatConsole.print({ kind, text, by }, noticeText(event, "someone"));
      }
      case "disk-low": {
        const { kind, on, freeBytes, keepFreeBytes } = event;
        const fields = { kind, on, freeBytes, keepFreeBytes };
        return chatConsole.print(fields, noticeText(event, "someone"));
      }
      case "majority":
        return this.#majority(event);
      case "rejoined": {
        const { reason } = event;
        return chatConsole.print({ kind: "came-anew", reason }, noticeText(event, "someone"));
      }
      case "sealed-fault":
        return this.fail(event.fault);
      case "sealed-remark": {
        const sentence = event.remark.text;
        const text = faultLine(sealedRemarkFault(event.remark));
        return chatConsole.print({ kind: "sealed-remark", sentence }, text);
      }
      case "handover": {
        const { kind, name, step, messages, total, sizeBytes, device } = event;
        const fields = { kind, name, step, messages, total, sizeBytes, device };
        return chatConsole.print(fields, noticeText(event, "someone"));
      }
      case "identity-changed": {
        const { kind, user, sentence } = event;
        return chatConsole.print({ kind, user }, sentence);
      }
      case "account-changed":
        return chatConsole.print(accountChangedJson(event), noticeText(event, "someone"));
      case "retrying":
        return this.#retrying(event.fault);
      case "member-added":
      case "pinned":
      case "moved":
      case "room":
        return;
      default:
        return unreachable(event);
    }
  }

  #skipped(event: Extract<ReaderEvent, { kind: "skipped" }>): void {
    const room = this.roomOf(event);
    if (room !== undefined && !this.#unread.isListing)
      this.chatConsole.note(skippedLine(room, event.count));
  }

  /** Says once why the first connection fails. */
  #retrying({ message }: Fault): void {
    if (this.#wasConnected || message === this.#connectFault) return;
    this.#connectFault = message;
    this.chatConsole.note(`${message}; retrying`);
  }

  /** The server repeats the state after each connection, so only changes are printed. */
  #majority(event: Extract<ReaderEvent, { kind: "majority" }>): void {
    const { on, refusal } = event;
    const { message } = noMajority(refusal);
    const outage = on ? undefined : message;
    if (outage === this.#outage) return;
    this.#outage = outage;
    const text = noticeText(event, "someone");
    if (on) return this.chatConsole.print({ kind: "majority", on }, text);
    const fault = new Fault("no-majority", message, {
      remedy: "messages are queued and sent when it recovers",
    });
    this.chatConsole.print(faultJson(fault), text);
  }

  #printRecord(record: ChatRecord): void {
    const { client } = this.open;
    const isHidden = IGNORABLE_KINDS.has(record.kind) && isIgnored(client.model, record.from);
    const displayed = displayChatRecord(record, this.me);
    const isListed = this.#unread.isListing;
    if (!isHidden && !isListed) this.chatConsole.record(displayed);
    this.#damage.add([displayed]);
    if (record.kind === "join" && record.from === client.user) {
      this.#printedJoins.set(record.room.id, record.seq);
    }
    this.#followRename(record);
    if (!this.#hasReader || isListed) return;
    if (this.#unread.printed(record)) client.markPrinted(record);
    const { re, thread } = fieldsIn(record);
    if (thread === true && re !== undefined && !this.#unread.isThreadUnread(re))
      client.markReplyPrinted(re, record.seq);
  }

  #caughtUp(): void {
    const isFirst = !this.#hasCaughtUp;
    this.#hasCaughtUp = true;
    this.#unread.caughtUp(isFirst, this.#printsAll).catch((error: unknown) => {
      if (!(error instanceof Fault)) this.#exit.fail(error);
      else if (error.code !== "link-closed") this.fail(error);
    });
  }

  #followRename(record: ChatRecord): void {
    const { was: oldName = "", name = "", user } = fieldsIn(record);
    if (record.kind !== "rename" || !isName(oldName) || !isName(name)) return;
    const isPerson = user !== undefined;
    const { kind: current, name: currentName } = this.#current;
    if ((current === "person") !== isPerson || foldName(currentName) !== foldName(oldName)) return;
    this.#current = { kind: current, name };
    this.prompt();
  }

  #connected(event: ConnectedEvent): void {
    const { server, user, transport, fingerprint, welcome } = event;
    const rooms = event.rooms.filter((room) => room.kind === "room").map((room) => room.name);
    const unread = unreadOf(this.chat.store.current, event.rooms);
    this.chatConsole.setUser(user);
    if (this.#pendingLogin !== undefined) {
      this.#pendingLogin.resolve();
      this.#pendingLogin = undefined;
      this.chatConsole.print({ kind: "logged-in", user, rooms }, `logged in as ${user}`);
      return this.prompt();
    }
    const line = {
      kind: "connected",
      server,
      user,
      room: this.#current.name,
      rooms,
      transport: transport === "udp" ? "udp" : "tcp",
      fingerprint: formatFingerprint(fingerprint),
      welcome,
      unread: unread.length === 0 ? undefined : unread,
    };
    this.chatConsole.print(
      line,
      this.#wasConnected ? "reconnected" : `logged in as ${user} on '${server}'`,
    );
    this.#unread.connected(this.#printsAll);
    if (!this.#wasConnected && welcome !== undefined && !this.context.json) {
      const [first = "", ...more] = welcome.split(/\r?\n/);
      this.chatConsole.note(first, more);
    }
    this.#wasConnected = true;
    this.#firstLink.resolve();
    this.ready();
  }
}

function storedSettings(stored: string | undefined): LineSettings {
  const value = unlessFault(() => decodeJson(stored ?? "{}"));
  if (typeof value !== "object" || value === null) return {};
  const { numbers, start }: { readonly numbers?: unknown; readonly start?: unknown } = value;
  return { numbers: numbers === "on" ? "on" : "off", start: start === "all" ? "all" : "new" };
}

function skippedLine({ kind, target }: RoomState, count: number): string {
  const option = `${kind === "room" ? "--room" : "--with"} ${target}`;
  const messages = count === 1 ? "1 earlier message" : `${count} earlier messages`;
  const state = count === 1 ? "is not shown; to see it" : "are not shown; to see them";
  return `${messages} in ${target} ${state}: chat history ${option}`;
}
