import { AssertionFailure, unreachable } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { SCREEN_ESC_MS } from "../../base/limits-screen.ts";
import type { Name } from "../../base/names.ts";
import { cleanText } from "../../base/text.ts";
import type { SessionEvent } from "../../client/event.ts";
import type { LinkInfo } from "../../client/follower.ts";
import { notLoggedIn } from "../../client/link/retry.ts";
import { isSame, isWords } from "../../core/model/item.ts";
import { RowMaker } from "../../core/model/rows.ts";
import { isQuiet, itemHere, openRoom } from "../../core/model/selectors.ts";
import type { Model, ShownFault, TransferView } from "../../core/model/state.ts";
import type { FileBody } from "../../core/rooms/files.ts";
import { oneLine } from "../../core/words/plain.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Clock } from "../../io/clock.ts";
import type { DraftOwner } from "../../io/state/draft-store.ts";
import { type SeenFile, seenFile } from "../../io/state/seen-files.ts";
import type { TerminalDevice } from "../../io/terminal/device.ts";
import type { Message, TerminalTexts } from "../../ui/messages/en/terminal.ts";
import { briefText } from "../../ui/text/event-text.ts";
import { timesIn } from "../../ui/text/times.ts";
import { Ending } from "../chat/ending.ts";
import { runSlash, slashRows } from "../chat/slash.ts";
import { slashSummary } from "../chat/slash-grammar.ts";
import { elsewhere, type OpenClient } from "../connect/client.ts";
import { nativeHashing } from "../connect/hashing.ts";
import { enterRoom, untilEntered } from "../connect/join-room.ts";
import type { Context } from "../context.ts";
import { faultOf } from "../errors.ts";
import { MemorySink } from "../export/memory-sink.ts";
import type { Notified, ScreenChat, ScreenEffect } from "./chat.ts";
import { Collector } from "./collector.ts";
import { type CommandScreen, noRoomOpen, ScreenCommands, stillLoading } from "./commands.ts";
import { ScreenDrafts } from "./drafts.ts";
import { editorOf } from "./editor/editor.ts";
import { mayCarrySecret, type TypedHistory } from "./editor/typed-history.ts";
import { ScreenFiles } from "./files.ts";
import { FolderLists } from "./folder-lists.ts";
import { type Before, follow } from "./input/follow.ts";
import { Keymap } from "./input/keymap.ts";
import { type Key, KeyDecoder } from "./input/keys.ts";
import { searchOf } from "./input/lists.ts";
import { draftAct, draftNow, type Parts, type Updated } from "./input/parts.ts";
import { update } from "./input/update.ts";
import { ScreenMuted } from "./muted.ts";
import { PassingFaults } from "./passing-faults.ts";
import { PicturePlaces } from "./picture-places.ts";
import { PICTURE_FAMILIES } from "./pictures/cells.ts";
import type { ScreenPreferences } from "./preferences.ts";
import { ScreenQuestions, type WhenGone } from "./questions.ts";
import { SETTING_NAMES } from "./settings/values.ts";
import { ShownPictures } from "./shown-pictures.ts";
import { type Act, isNext } from "./state/act.ts";
import { choicesOf } from "./state/choices.ts";
import { FIRST_STATE, type Note, type Question, type ScreenState } from "./state/screen-state.ts";
import type { ScreenSettings } from "./state/settings.ts";
import { DesktopNotifier } from "./terminal/notification.ts";
import { TerminalScreen } from "./terminal/screen.ts";
import { faceTexts, languageOf } from "./text/faces.ts";
import { saidFault } from "./text/said.ts";
import { Composer, type Layout, type ViewProps } from "./view/composition.ts";
import { nameOf } from "./view/header.ts";
import { depthOf } from "./view/palette.ts";
import { isMuted } from "./view/rooms.ts";
import { terminalWidths, WIDTH_QUESTION, widthsIn } from "./width/measured.ts";

/** Maximum notes below the timeline; the oldest go first. */
const SCREEN_NOTES_MAX = 5;
/** A click within this time after the window got the focus only gave it the focus. */
const SCREEN_FOCUS_CLICK_MS = 200;

export interface ScreenClientOptions {
  readonly context: Context;
  readonly open: OpenClient;
  readonly chat: ScreenChat;
  readonly device: TerminalDevice;
  readonly preferences: ScreenPreferences;
  readonly typed: TypedHistory;
}

/** While something on the screen counts down, or a transfer is under way. */
const TICK_MS = 1_000;

/** A longer welcome would not fit into the third of a small terminal that notices have. */
const WELCOME_NOTE_LENGTH_MAX = 240;
const WELCOME_NOTE_LINES_MAX = 5;

/** UTF-16 units of a command that is confirmed. */
const DONE_LENGTH = 60;

/** `chat join` on the full screen: one model, one state of the screen, and keys that move both. */
export class ScreenClient implements CommandScreen {
  readonly #options: ScreenClientOptions;
  readonly #terminal: TerminalScreen;
  readonly #desktop = new DesktopNotifier();
  #composer = new Composer();
  readonly #rows = new RowMaker();
  readonly #keys = new KeyDecoder();
  /** The model that the state has followed. */
  #before: Before;
  #keymap: Keymap;
  readonly #folders: FolderLists;
  readonly #slash = slashRows();
  /** What is pressed to fetch the newest file, and to unfold a text: it is selected first. */
  #fetchKey: string;
  #foldKey: string;
  readonly #files: ScreenFiles;
  readonly #pictures: ShownPictures;
  readonly #commands: ScreenCommands;
  readonly #passing: PassingFaults<Note | ShownFault | TransferView>;
  readonly #ending = new Ending();
  readonly #muted: ScreenMuted;
  /** Targets that the account has muted, on all of its devices. */
  #quiet: readonly string[] = [];
  #settings: ScreenSettings;
  #hidesJoins: boolean;
  #state: ScreenState = FIRST_STATE;
  /** When the window got the focus. */
  #focusedAt = Number.NEGATIVE_INFINITY;
  #wasWelcomed = false;
  /** Key of the newest unsent post that the user was warned of when quitting. */
  #warnedUnsent: string | undefined;
  /** No room has been open yet: those of the command line are still being entered. */
  #isStarting = true;
  #isDrawing = false;
  #cancelEsc: (() => void) | undefined;
  #cancelTick: (() => void) | undefined;
  readonly #questions: ScreenQuestions;
  readonly #drafts: ScreenDrafts;
  readonly #collector: Collector;
  /** The last screen could not be made: this one is tried again at the next change. */
  #isBroken = false;
  #ready = Promise.withResolvers<void>();
  #transport: string | undefined;
  /** The present link. */
  #link: LinkInfo | undefined;
  /** What was noted last of what operators tell everybody, and of when it is. */
  #announced = "";
  /** Room and seq that the model was told of last as seen. */
  #seen = "";
  /** Files of which this home knows, and the items that were searched for them, by seq. */
  readonly #notedFiles = new WeakSet<FileBody>();
  #looked = { room: "", from: 0, to: 0 };

  constructor(options: ScreenClientOptions) {
    this.#options = options;
    const { context, open, chat, device, preferences } = options;
    const { settings } = preferences;
    const isQuiet = open.state.preference("quiet") === "on";
    this.#hidesJoins = isQuiet || settings.hideJoins;
    this.#muted = new ScreenMuted(open.state.muted);
    this.#settings = this.#settled();
    const { mouse } = settings;
    this.#keymap = new Keymap(settings.keys);
    this.#fetchKey = selectedKey(this.#keymap, "fetch");
    this.#foldKey = selectedKey(this.#keymap, "fold");
    this.#before = { model: chat.model, shownKey: undefined, bottoms: 0 };
    this.#folders = new FolderLists(context.env["HOME"]);
    this.#terminal = new TerminalScreen({
      clock: context.clock,
      device,
      mouse,
      onResize: () => this.#draw(),
    });
    this.#passing = new PassingFaults(context.clock, (fault) => this.#passed(fault));
    const note = (text: Message) => this.note(text);
    const here = (file: string, path: string) => this.#pictures.here(file, path);
    this.#files = new ScreenFiles({ context, open, chat, note, here });
    this.#commands = new ScreenCommands({ context, open, chat, files: this.#files, screen: this });
    this.#pictures = this.#newPictures();
    this.#questions = new ScreenQuestions({
      current: () => this.#state.question,
      put: (question) => this.#put({ question }),
      texts: () => faceTexts(this.#language).screen,
    });
    this.#collector = new Collector(context.clock, {
      usedBytes: () => process.memoryUsage().heapUsed,
      collect: () => Bun.gc(true),
    });
    this.#drafts = new ScreenDrafts({
      clock: context.clock,
      store: open.state.drafts,
      collect: () => this.#collectDraft(),
      failed: (fault) => this.#fail(fault),
    });
    open.guessDelays.sayInstead = note;
  }

  /** @returns the exit code @throws Fault as the client ended */
  async run(rooms: readonly [Name, ...Name[]] | readonly Name[]): Promise<number> {
    const { context, open, chat, device } = this.#options;
    const release = context.onSignal(this.#ending.signalled);
    const unsubscribe = chat.subscribe(() => this.#changed());
    const unkeep = device.on("exit", () => this.#keepDrafts());
    // Before the first frame, which covers it; nothing waits for the answer.
    void this.#terminal.ask(WIDTH_QUESTION).then((answers) => this.#measured(answers));
    this.#terminal.enter();
    this.#restoreDrafts();
    this.#attempt(() => this.#hear(undefined));
    this.#draw();
    this.#enterRooms(rooms).catch(this.#ending.broken);
    chat.listen((event) => this.#received(event));
    this.#read().catch(this.#ending.broken);
    try {
      return await this.#ending.exitCode;
    } finally {
      this.#ending.put(0); // Also when it broke.
      this.#keepDrafts();
      this.#collector.end();
      unkeep();
      release();
      unsubscribe();
      this.#cancelTick?.();
      this.#cancelEsc?.();
      this.#passing.follow([]);
      this.#pictures.end();
      await this.#terminal.close();
      device.close();
      await open.client.close();
      await open.close();
    }
  }

  /** Most terminals are as the table has them: nothing is drawn anew. */
  #measured(answers: string | undefined): void {
    const widths = answers === undefined ? undefined : widthsIn(answers);
    if (widths === undefined || Object.keys(widths).length === 0) return;
    terminalWidths.measure(widths);
    this.#composer = new Composer();
    this.#terminal.redraw();
    this.#draw();
  }

  note(text: Message): void {
    const note: Note = { text: text(this.texts), tone: "plain" };
    this.#put({ notes: [...this.#state.notes, note] });
  }

  fault(fault: Fault): void {
    this.note(() => saidFault(fault, faceTexts(this.#language)));
  }

  left(room: string, text: Message): void {
    const others = this.#state.notes.filter(({ left }) => !isSame(left, room));
    const note: Note = { text: text(this.texts), tone: "plain", left: room };
    this.#put({ notes: [...others, note] });
  }

  show(title: Message, lines: readonly string[]): void {
    this.#put({ overlay: { kind: "text", title: title(this.texts), lines, top: 0 } });
  }

  ask(kind: Question["kind"], text: Message, whenGone?: WhenGone): Promise<string | undefined> {
    return this.#questions.ask(kind, text(this.texts), whenGone);
  }

  get loggingIn(): ScreenQuestions {
    return this.#questions;
  }

  get texts(): TerminalTexts {
    return faceTexts(this.#language).screen;
  }

  get hidesJoins(): boolean {
    return this.#hidesJoins;
  }

  hideJoins(on: boolean): void {
    this.#hidesJoins = on;
    this.#settings = this.#settled();
    this.#draw();
  }

  muted(): readonly string[] {
    return this.#settings.muted;
  }

  mute(target: string, on: boolean): void {
    this.#muted.mute(target, on);
    this.#quiet = quietTargets(this.#options.chat.model);
    this.#settings = this.#settled();
    this.#draw();
  }

  /** What was chosen for the device, for now, and for the account. */
  #settled(): ScreenSettings {
    const { settings } = this.#options.preferences;
    const muted = [...settings.muted, ...this.#muted.targets, ...this.#quiet];
    return { ...settings, hideJoins: this.#hidesJoins, muted };
  }

  set(words: string): void {
    const { preferences } = this.#options;
    const { hideJoins } = preferences.settings;
    const lines = preferences.set(words);
    if (preferences.settings.hideJoins !== hideJoins) {
      this.#hidesJoins = preferences.settings.hideJoins;
    }
    this.#settings = this.#settled();
    this.#terminal.setMouse(this.#settings.mouse);
    this.#keymap = new Keymap(this.#settings.keys);
    this.#fetchKey = selectedKey(this.#keymap, "fetch");
    this.#foldKey = selectedKey(this.#keymap, "fold");
    this.#pictures.choose(this.#settings);
    if (lines.length > 1) this.show(() => "/set", lines);
    else for (const line of lines) this.note(() => line);
  }

  end(exitCode: number): void {
    this.#ending.put(exitCode);
  }

  /** What the model wants, and only a screen can do. */
  perform(effect: ScreenEffect): void {
    switch (effect.kind) {
      case "notify":
        return this.#notified(effect);
      case "keep-draft":
        return this.#drafts.changed(effect.target, effect.draft);
      case "refused-elsewhere": {
        const texts = faceTexts(this.#language);
        const why = saidFault(effect.fault, texts);
        return this.#noteFault(texts.screen.notSentBecause(nameOf(effect.to), why));
      }
      default:
        return unreachable(effect);
    }
  }

  /** Somebody calls or writes to the user, who does not look. */
  #notified({ target, item }: Notified): void {
    const { bell, muted, notify } = this.#settings;
    if (isMuted(muted, target)) return;
    if (bell) this.#terminal.ring();
    const title = nameOf(target);
    const texts = faceTexts(this.#language);
    const said = briefText(item, texts, timesIn(texts));
    const text = isWords(item) && item.from !== undefined ? `${item.from}: ${said}` : said;
    if (notify === "notify-send") void this.#desktop.tell(title, text);
    else if (notify !== "off") this.#terminal.notify(title, text, notify);
  }

  #received(event: SessionEvent): void {
    try {
      this.#happened(event);
    } catch (error) {
      this.#ending.broken(error);
    }
  }

  #happened(event: SessionEvent): void {
    if (event.kind === "listing") this.#link = event.link;
    if (event.kind === "caught-up") {
      this.#transport = this.#link?.transport;
      if (this.#isStarting) this.#welcomed(this.#link?.welcome);
      const ready = this.#ready;
      this.#ready = Promise.withResolvers();
      ready.resolve();
    }
    if (event.kind === "invited") {
      const { server } = faceTexts(this.#language);
      this.note((texts) => texts.letIn(event.by ?? server, event.room));
    }
    if (event.kind === "announced") this.#noteAnnounced(event);
    if (event.kind === "disk-low") this.note((texts) => texts.disk({ ...event, isLow: event.on }));
    if (event.kind === "elsewhere") this.note(elsewhere(event));
    if (event.kind === "came-anew") this.note((texts) => texts.cameAnew[event.reason]);
    if (event.kind === "sealed-fault") this.#fail(event.fault);
    if (event.kind === "closed") {
      this.#ending.put(event.fault ?? 0);
    }
  }

  /** A text that is too long for the notices stands over the timeline. */
  #welcomed(welcome: string | undefined): void {
    if (welcome === undefined || this.#wasWelcomed) return;
    this.#wasWelcomed = true;
    const lines = welcome.split(/\r?\n/);
    const isShort =
      welcome.length <= WELCOME_NOTE_LENGTH_MAX && lines.length <= WELCOME_NOTE_LINES_MAX;
    if (isShort) this.#put({ notes: [...this.#state.notes, { text: welcome, tone: "plain" }] });
    else this.show(() => this.#options.chat.model.server?.name ?? "chat", lines);
  }

  /** It is told with each connection, and shown once. */
  #noteAnnounced({ text, by, time }: Extract<SessionEvent, { kind: "announced" }>): void {
    if (this.#announced === `${time} ${text}`) return;
    this.#announced = `${time} ${text}`;
    this.note((texts) => (text === "" ? texts.announcedGone(by) : `${by}: ${text}`));
  }

  /** Enters the rooms of the command line, once the server has listed the account's rooms. */
  async #enterRooms(rooms: readonly Name[]): Promise<void> {
    const nextLink = () => this.#ready.promise;
    await nextLink();
    const { chat, open } = this.#options;
    const { client, roomSecret } = open;
    for (const room of rooms) {
      const enter = () => enterRoom(client, { room, roomSecret });
      const { created, name } = await untilEntered(enter, nextLink);
      if (created) this.note((texts) => texts.roomMade(room));
      if (chat.model.open === undefined) chat.open(name);
    }
  }

  async #read(): Promise<void> {
    const { stdin, clock } = this.#options.context;
    // Also behind the end: the terminal's last answers are not the shell's.
    for (;;) {
      const bytes = await stdin.chunk();
      this.#cancelEsc?.();
      if (bytes === undefined) return this.end(0);
      this.#typed(this.#keys.feed(bytes));
      this.#awaitEsc(clock);
    }
  }

  /** What is held becomes keys after a moment, or when no answer of the terminal is due. */
  #awaitEsc(clock: Pick<Clock, "after">): void {
    if (!this.#keys.isWaiting) return;
    this.#cancelEsc = clock.after(SCREEN_ESC_MS, () => {
      this.#typed(this.#keys.flush(this.#terminal.isAnswerDue));
      this.#awaitEsc(clock);
    });
  }

  #typed(keys: readonly Key[]): void {
    const { open } = this.#options.chat.model;
    const { text: was } = draftNow(this.#state, this.#options.chat.model);
    for (const key of keys) {
      if (key.name === "report") this.#terminal.answered(key.text);
      if (key.name === "report" || this.#ending.isThere || this.#isFocusing(key)) continue;
      this.#attempt(() => this.#pressed(key));
    }
    if (this.#ending.isThere) return;
    this.#questions.showNext();
    this.#drafts.typed();
    if (this.#options.chat.model.open === open) this.#tellTyping(was);
    this.#draw();
  }

  /** The room is told that one writes there. @param was what stood there before these keys */
  #tellTyping(was: string): void {
    const { chat } = this.#options;
    const { open } = chat.model;
    const { text, edits } = draftNow(this.#state, chat.model);
    if (text === was || open === undefined || edits !== undefined || !this.#settings.typing) return;
    chat.typed(open, text);
  }

  /** A click that brought the focus is for the window, not for what stands there. */
  #isFocusing({ name }: Key): boolean {
    const now = this.#options.context.clock.now();
    if (name === "focus-in") this.#focusedAt = now;
    return name === "click" && now - this.#focusedAt < SCREEN_FOCUS_CLICK_MS;
  }

  #pressed(key: Key): void {
    const { state, acts } = this.#updated(key);
    this.#state = { ...state, notes: state.notes.slice(-SCREEN_NOTES_MAX) };
    if (acts.some(isNext)) this.#forget();
    for (const act of acts) this.#do(act);
  }

  /** Whatever cannot be shown: one can leave. */
  #updated(key: Key): Updated {
    try {
      return update(this.#state, key, this.#parts());
    } catch (error) {
      const exitCode = key.name === "ctrl-c" ? 130 : key.name === "ctrl-d" ? 0 : undefined;
      if (exitCode === undefined || error instanceof AssertionFailure) throw error;
      return { state: this.#state, acts: [{ kind: "leave", exitCode }] };
    }
  }

  /** The state follows the model: another room has another draft, a jump another place. */
  #changed(): void {
    const { chat } = this.#options;
    const { model } = chat;
    const before = this.#before;
    if (model === before.model) return;
    this.#collector.changed();
    this.#before = { ...before, model };
    if (model.open !== undefined) this.#isStarting = false;
    const isOther = model.me !== before.model.me;
    const isRenamed = isOther && chat.isRenamed && model.me !== undefined;
    const isLeft = isOther && !isRenamed && before.model.me !== undefined;
    if (isLeft) this.#keepDrafts(before.model);
    this.#attempt(() => this.#follow({ ...before, isLeft }));
    this.#draw();
    if (isRenamed) this.#drafts.renamed(this.#owner);
    else if (isOther) this.#restoreDrafts();
    this.#attempt(() => this.#hear(before.model));
    const was = before.model.open;
    if (was === undefined || model.open !== undefined || model.me === undefined) return;
    if (this.#state.notes.some(({ left }) => isSame(left, was))) return;
    this.left(was, (texts) => texts.noLongerIn(nameOf(was)));
  }

  /** What is muted follows the account, and the names of rooms. */
  #hear(before: Model | undefined): void {
    const { model } = this.#options.chat;
    const owner = this.#owner;
    const { targets } = this.#muted;
    if (owner !== undefined && model.me !== before?.me) this.#muted.open(owner);
    if (before !== undefined) this.#muted.follow(before, model);
    const quiet = quietTargets(model);
    const isSame = quiet.join(" ") === this.#quiet.join(" ");
    this.#quiet = quiet;
    if (!isSame || targets !== this.#muted.targets) this.#settings = this.#settled();
  }

  #follow(before: Before): void {
    const parts = this.#parts();
    const { shownKey, bottoms } = parts.rows;
    this.#before = { model: parts.model, shownKey, bottoms };
    const { state, acts } = follow(this.#state, before, parts);
    this.#state = state;
    for (const act of acts) this.#do(act);
  }

  get #owner(): DraftOwner | undefined {
    const { fingerprint } = this.#options.open.client;
    const { me: user } = this.#options.chat.model;
    return fingerprint === undefined || user === undefined ? undefined : { fingerprint, user };
  }

  /** What was half written when this account was here last. */
  #restoreDrafts(): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    const { chat } = this.#options;
    for (const [target, draft] of this.#drafts.open(owner)) {
      if (!chat.model.drafts.has(target)) chat.setDraft(target, draft);
    }
  }

  /** The model's drafts know what is in the input. */
  #collectDraft(): void {
    const { model } = this.#options.chat;
    this.#attempt(() => {
      for (const act of draftAct(model, draftNow(this.#state, model))) this.#do(act);
    });
  }

  /** On the disk, now: whatever comes next. @param model left out: the present one */
  #keepDrafts(model = this.#options.chat.model): void {
    for (const act of draftAct(model, draftNow(this.#state, model))) {
      if (act.kind === "draft") this.#drafts.changed(act.target, act.draft);
    }
    this.#drafts.keep();
  }

  #parts(): Parts {
    const props = this.#props();
    const { model, rows, settings } = props;
    const { layout } = this.#composer.compose(props);
    return {
      model,
      rows,
      settings,
      layout,
      heightOf: layout.heightOf,
      foldsOf: layout.foldsOf,
      hitAt: layout.hitAt,
      keymap: this.#keymap,
      typed: this.#options.typed.lines,
      source: {
        commands: this.#slash.map((row) => {
          return { ...row, summary: slashSummary(this.texts, row.name) };
        }),
        settings: SETTING_NAMES.map((text) => ({ text, hint: "" })),
        folder: (path) => this.#folders.of(path),
        language: this.#language,
      },
      texts: faceTexts(this.#language).keys,
    };
  }

  get #language(): "en" | "id" {
    return languageOf(this.#settings.language, this.#options.context.env);
  }

  #do(act: Act): void {
    const { chat } = this.#options;
    switch (act.kind) {
      case "enter":
        return this.#entered(act);
      case "open":
        return chat.open(act.target);
      case "draft":
        return chat.setDraft(act.target, act.draft);
      case "reach":
        return chat.reach(act.side);
      case "bottom":
        return chat.bottom();
      case "jump":
        return chat.jump(act.target, act.seq);
      case "react": {
        const item = itemHere(chat.model, act.seq);
        if (item !== undefined) chat.react(item, act.sign);
        return;
      }
      case "pin":
        chat.pin(act.seq, act.on).catch((error: unknown) => this.#fail(error));
        return;
      case "save":
        void this.#saved(act).catch((error: unknown) => this.#fail(error));
        return;
      case "erase":
        return chat.erase(act.seq);
      case "fetch":
        return this.#attempt(() => this.#files.get(act.file, ".", act.name));
      case "cancel-transfer":
        return this.#files.cancel(act.id);
      case "resend":
        return chat.resend(act.key);
      case "discard":
        return chat.discard(act.key);
      case "copy":
        return this.#copied(act.text);
      case "search":
        return chat.search(act.query);
      case "search-more":
        return chat.searchMore();
      case "list-folder":
        void this.#folders.read(act.path).then(() => this.#typed([{ name: "tab", text: "" }]));
        return;
      case "answered":
        return this.#questions.answered(act.answer);
      case "focus":
        return chat.setFocus(act.on);
      case "dismiss":
        return this.#forget();
      case "redraw":
        return this.#terminal.redraw();
      case "suspend":
        this.#keepDrafts(); // It may be killed before it goes on.
        void this.#terminal.suspend();
        return;
      case "leave":
        return this.#left(act.exitCode);
      default:
        return unreachable(act);
    }
  }

  #entered({ text, re, edits }: Extract<Act, { kind: "enter" }>): void {
    const { chat, typed } = this.#options;
    void typed.add(text);
    this.#folders.forget();
    if (text.startsWith("/") && !text.startsWith("//")) {
      if (this.#searched(text)) return;
      this.#command(text).catch((error: unknown) => this.#fail(error));
      return;
    }
    const { open, me } = chat.model;
    if (open === undefined) {
      this.#put({ editor: editorOf(text) }); // It is not lost.
      if (me === undefined) return this.#fail(notLoggedIn());
      return this.#fail(this.#isStarting ? stillLoading() : noRoomOpen());
    }
    const words = text.startsWith("//") ? text.slice(1) : text;
    const links = {
      ...(re === undefined ? {} : { re }),
      ...(edits === undefined ? {} : { edits }),
    };
    chat.send(open, { text: words, ...links });
    this.#drafts.sent();
  }

  /** Runs a command. One without an answer is confirmed unless the open room shows its effect. */
  async #command(text: string): Promise<void> {
    const { chat } = this.#options;
    const { answers, room } = this.#commands;
    const { open } = chat.model;
    await runSlash(this.#commands, text.slice(1));
    const isSeen = isSame(chat.model.open, open) && isSame(open, room);
    if (isSeen || this.#commands.answers > answers) return;
    const [word = text] = text.split(/\s/, 1);
    this.note((texts) => texts.done(mayCarrySecret(text) ? word : oneLine(text, DONE_LENGTH)));
  }

  /** What the line client prints, the screen shows in a list of its own. */
  #searched(text: string): boolean {
    const [, words] = /^\/search\s+(\S.*)$/s.exec(text) ?? [];
    const { chat } = this.#options;
    const query = words === undefined ? undefined : searchOf(words, chat.model.open);
    if (words === undefined || query === undefined) return false;
    chat.search(query);
    this.#put({ overlay: { kind: "search", query: editorOf(words), at: 0 } });
    return true;
  }

  async #saved({ room, seq, on }: Extract<Act, { kind: "save" }>): Promise<void> {
    await this.#options.chat.request("save", { room, seq, on });
    this.note((texts) => (on ? texts.savedNow : texts.notSaved));
  }

  #left(exitCode: 0 | 130): void {
    if (exitCode === 0) this.#commands.quit().catch((error: unknown) => this.#fail(error));
    else if (this.leaving(false) !== "warned") {
      this.#ending.put(new Fault("interrupted", "interrupted"));
    }
  }

  leaving(isSending: boolean): "free" | "warned" | "insists" {
    const unsent = this.#options.chat.model.pending.filter(
      ({ state: { kind } }) => kind === "storing" || kind === "waiting",
    );
    const newest = unsent.at(-1)?.key;
    if (newest === undefined) return "free";
    if (newest === this.#warnedUnsent) return "insists";
    this.#warnedUnsent = newest;
    this.note(({ sendingAtQuit, unsentAtQuit }) => {
      return (isSending ? sendingAtQuit : unsentAtQuit)(unsent.length);
    });
    return "warned";
  }

  #copied(text: string): void {
    const isCopied = this.#terminal.copy(text);
    this.note((texts) => (isCopied ? texts.copied : texts.tooLongToCopy));
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What a view or a handler did not expect is a line on the screen, and no end of it. */
  #fail(error: unknown): void {
    if (error instanceof AssertionFailure) return this.#ending.broken(error);
    if (this.#ending.isThere) return;
    this.#noteFault(saidFault(faultOf(error), faceTexts(this.#language)));
  }

  #noteFault(text: string): void {
    this.#put({ notes: [...this.#state.notes, { text, tone: "fault" }] });
  }

  /** What was said is about what was done before. */
  #forget(): void {
    const { chat } = this.#options;
    this.#state = { ...this.#state, notes: [] };
    for (const { id } of chat.model.faults) chat.dismissFault(id);
    for (const { id, state } of chat.model.transfers.values()) {
      if (state.kind === "failed") chat.transferGone(id);
    }
  }

  /** What went wrong goes by itself, once it was there long enough to be read. */
  #pass(): void {
    const { notes, isFocused } = this.#state;
    const faults = notes.filter(({ tone }) => tone === "fault");
    const { model } = this.#options.chat;
    const transfers = [...model.transfers.values()].filter(({ state }) => state.kind === "failed");
    this.#passing.follow(isFocused ? [...faults, ...model.faults, ...transfers] : []);
  }

  #passed(fault: Note | ShownFault | TransferView): void {
    const { chat } = this.#options;
    if ("fault" in fault) chat.dismissFault(fault.id);
    else if ("id" in fault) chat.transferGone(fault.id);
    else this.#put({ notes: this.#state.notes.filter((note) => note !== fault) });
  }

  #put(change: Partial<ScreenState>): void {
    const notes = (change.notes ?? this.#state.notes).slice(-SCREEN_NOTES_MAX);
    this.#state = { ...this.#state, ...change, notes };
    this.#draw();
  }

  /** Once, when all that happens now has happened. */
  #draw(): void {
    if (this.#isDrawing || this.#ending.isThere) return;
    this.#isDrawing = true;
    queueMicrotask(() => {
      this.#isDrawing = false;
      if (this.#ending.isThere) return;
      try {
        this.#show();
      } catch (error) {
        this.#cannotShow(error);
      }
    });
  }

  #show(): void {
    const { frame, layout } = this.#composer.compose(this.#props());
    this.#terminal.show(frame);
    this.#isBroken = false;
    this.#noteSeen(layout);
    this.#noteFiles(layout.files);
    this.#pictures.see(layout.files);
    this.#pass();
    this.#later();
  }

  /** Once more without all that one can close, and else with a line about it alone. */
  #cannotShow(error: unknown): void {
    if (error instanceof AssertionFailure) return this.#ending.broken(error);
    const { message } = faultOf(error);
    if (!this.#isBroken) {
      this.#isBroken = true;
      const { completion, recall, scroll, selected, selectedPost, overlay } = FIRST_STATE;
      this.#put({ completion, recall, scroll, selected, selectedPost, overlay, notes: [] });
      return this.#fail(error);
    }
    const text = faceTexts(this.#language).screen.cannotShow(message);
    this.#terminal.show({ lines: [cleanText(text)], cursor: undefined, title: "chat" });
  }

  /** Times that are shown go on, also while nothing happens. */
  #later(): void {
    const { chat, context } = this.#options;
    const { connection, transfers } = chat.model;
    if (connection.kind !== "offline" && transfers.size === 0) return;
    this.#cancelTick ??= context.clock.after(TICK_MS, () => {
      this.#cancelTick = undefined;
      this.#draw();
    });
  }

  #noteSeen({ seenSeq: seq, isAtBottom }: Layout): void {
    const { chat } = this.#options;
    const room = openRoom(chat.model);
    // New messages are read as they arrive: a second frame for that costs as much as the first.
    const isFollowing = isAtBottom && seq !== undefined && this.#state.scroll === undefined;
    if (room !== undefined) chat.atNewest(isFollowing && room.jump === undefined);
    if (seq === undefined || room === undefined || !this.#state.isFocused) return;
    const place = `${room.id} ${seq}`;
    if (place === this.#seen) return; // The model tells of each event: it would go on for ever.
    this.#seen = place;
    chat.seen(seq);
  }

  /** For completions in the shell. */
  #noteFiles(visible: readonly FileBody[]): void {
    const { chat, open } = this.#options;
    const { fingerprint } = open.client;
    const room = openRoom(chat.model);
    if (fingerprint === undefined || room === undefined) return;
    const { items } = room.tail;
    const { from, to } = this.#looked.room === room.id ? this.#looked : { from: 0, to: 0 };
    const older = items.slice(
      0,
      Math.max(
        0,
        items.findIndex(({ seq }) => seq >= from),
      ),
    );
    const newer = items.slice(items.findLastIndex(({ seq }) => seq <= to) + 1);
    this.#looked = { room: room.id, from: items[0]?.seq ?? 0, to: items.at(-1)?.seq ?? 0 };
    const found = [...older, ...newer].map(({ file }) => file);
    const files: SeenFile[] = [];
    // A visible one may have been opened since.
    for (const file of [...found, ...visible]) {
      if (file === undefined || this.#notedFiles.has(file)) continue;
      this.#notedFiles.add(file);
      files.push(seenFile({ id: file.file, name: file.name, sealed: room.isSealed === true }));
    }
    if (files.length > 0) open.state.seenFiles.note(fingerprint, files);
  }

  #props(): ViewProps {
    const { context, chat, open } = this.#options;
    const { model } = chat;
    const rows = this.#rows.rowsOf(model, context.offsetMinutes, this.#settings.hideJoins);
    const counters = open.client.stats?.counters;
    return {
      model,
      rows,
      state: this.#state,
      size: this.#terminal.size(),
      settings: this.#settings,
      nowUnixMs: context.clock.unixMs(),
      texts: faceTexts(this.#language),
      isStarting: this.#isStarting,
      depth: depthOf(context.env),
      status: {
        transport: this.#transport,
        roundTripMs: counters?.roundTripMs,
      },
      choices: choicesOf(this.#state.overlay),
      fetchKey: this.#fetchKey,
      foldKey: this.#foldKey,
      pictures: this.#pictures.sizes,
    };
  }

  #newPictures(): ShownPictures {
    const { context, open } = this.#options;
    const hashing = nativeHashing();
    return new ShownPictures({
      env: context.env,
      hashing,
      screen: this.#terminal,
      places: new PicturePlaces(open.state),
      settings: this.#settings,
      family: Math.floor(Math.random() * PICTURE_FAMILIES),
      fetch: async ({ file, size, digest }, signal) => {
        const sink = new MemorySink(size, sha256);
        try {
          const openSink = async () => sink;
          await open.client.transfers.get({ file, into: "", openSink, signal });
        } catch (error) {
          if (error instanceof Fault) return undefined; // It stays a line.
          throw error;
        }
        return toHex(sink.digest()) === digest ? sink.bytes() : undefined;
      },
      changed: () => this.#draw(),
    });
  }
}

function selectedKey(keymap: Keymap, command: "fetch" | "fold"): string {
  const chords = [keymap.chordOf("reading", "select"), keymap.chordOf("selected", command)];
  return chords.filter((chord) => chord !== undefined).join(" ");
}

function quietTargets(model: Model): readonly string[] {
  const { prefs = [], rooms } = model;
  return [...prefs].flatMap(([id]) => (isQuiet(model, id) ? (rooms.get(id)?.target ?? []) : []));
}
