/** Full-screen client, which connects model, screen state, keyboard and terminal. */

import { AssertionFailure, unreachable } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import { type Fault, ignoreFault, unlessFault } from "../../base/fault.ts";
import { SCREEN_FOCUS_MS } from "../../base/limits-screen.ts";
import type { Name } from "../../base/names.ts";
import { cleanText } from "../../base/text.ts";
import { MINUTE_MS } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import type { ChatEffect } from "../../client/chat-client.ts";
import type { Client } from "../../client/client.ts";
import type { ClientEvent, LinkInfo } from "../../client/event.ts";
import { MemorySink } from "../../client/files/memory-sink.ts";
import { keyChangedFault } from "../../client/sealed/identities.ts";
import type { WaitingMessage } from "../../core/client/outgoing.ts";
import { isSameName } from "../../core/model/item.ts";
import { placeKey } from "../../core/model/places.ts";
import { RowBuilder } from "../../core/model/rows.ts";
import { draftKey, isMuted, openRoom, roomOf, threadOfPost } from "../../core/model/selectors.ts";
import type { FileView, Model, SearchQuery } from "../../core/model/state.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { DraftOwner } from "../../io/state/home-tables.ts";
import type { TerminalDevice } from "../../io/terminal/device.ts";
import type { TerminalMessage, TerminalTexts } from "../../ui/messages/en/terminal.ts";
import { sealedRemarkFault } from "../../ui/text/notice-text.ts";
import { targetText, targetTitle } from "../../ui/text/target-text.ts";
import { type Times, timesIn } from "../../ui/text/times.ts";
import { formatAddress } from "../../wire/invite.ts";
import { characterLocale } from "../character-locale.ts";
import { ChatExit } from "../chat/chat-exit.ts";
import { slashRows } from "../chat/slash.ts";
import { sendLine, slashSummary } from "../chat/slash-grammar.ts";
import type { OpenClient } from "../connect/client.ts";
import { nativeHashing } from "../connect/keys.ts";
import type { Context } from "../context.ts";
import { toFault } from "../errors.ts";
import type { PathSource } from "../files/outgoing-files.ts";
import { type Confirmation, ScreenActions } from "./actions.ts";
import { ScreenCatchUp } from "./catch-up.ts";
import { Collector } from "./collector.ts";
import { ScreenCommands } from "./commands.ts";
import { MutedList, ScreenDrafts, type UnsavedDraft } from "./drafts.ts";
import { editorOf } from "./editor/editor.ts";
import type { InputHistory } from "./editor/input-history.ts";
import { FolderLists, ScreenFiles } from "./files.ts";
import { ScreenFinder } from "./finder.ts";
import { loadInbox } from "./inbox.ts";
import { type FinderOpening, openFinder } from "./input/finder.ts";
import { follow, type PreviousModel } from "./input/follow.ts";
import {
  currentDraft,
  draftActions,
  type HandlerContext,
  inputKey,
  type UpdateResult,
} from "./input/handler.ts";
import { Keymap } from "./input/keymap.ts";
import type { Key } from "./input/keys.ts";
import { selectionKeys } from "./input/selection.ts";
import { update } from "./input/update.ts";
import { Keyboard } from "./keyboard.ts";
import { type ScreenHost, ScreenNotices } from "./notices.ts";
import { PICTURE_FAMILIES } from "./pictures/cells.ts";
import { ScreenQuestions } from "./questions.ts";
import { type ScreenPreferences, SETTING_NAMES } from "./settings/preferences.ts";
import type { InboxList } from "./state/inbox.ts";
import { paneModel } from "./state/pane.ts";
import {
  type Action,
  clearsNotes,
  FIRST_STATE,
  type ScreenSettings,
  type ScreenState,
  type SelectionKey,
} from "./state/screen-state.ts";
import { GROUND_QUERY, type Ground, groundIn, groundOf } from "./terminal/ground.ts";
import { TerminalScreen } from "./terminal/screen.ts";
import { faultLineIn, languageOf, type ScreenTexts, screenTexts } from "./text/texts.ts";
import { FrameComposer, type Layout, type PaneView, type ViewProps } from "./view/composition.ts";
import { depthOf } from "./view/palette.ts";
import { memo } from "./view/style.ts";
import { PicturePaths, VisiblePictures } from "./visible-pictures.ts";
import { parseWidths, terminalWidths, WIDTH_QUERY } from "./width/measured.ts";

const SCREEN_NOTES_MAX = 5;

export interface ScreenClientOptions {
  readonly context: Context;
  readonly open: OpenClient;
  readonly device: TerminalDevice;
  readonly preferences: ScreenPreferences;
  readonly history: InputHistory;
}

/** Maximum number of keys stored until the first room opens. Later keys are ignored. */
const PENDING_KEYS_MAX = 1_000;

const SCREEN_TICK_MS = 1_000;
const NO_KEYS: readonly SelectionKey[] = [];
/** The inbox is shown at the start if the first unread message is older. */
const ABSENCE_MS = 30 * MINUTE_MS;
/** Older commands for which the finder stands. They work, and are not offered. */
const REPLACED_COMMANDS: ReadonlySet<string> = new Set(["help", "list", "rooms", "search"]);
const NO_INBOX = { kind: "inbox", selectedIndex: 0, unfolded: {} } as const;
/**
 * Delay of questions after the log-in. A session that has lasted this long rarely ends immediately.
 */
const QUESTIONS_DELAY_MS = 1_000;

export class ScreenClient implements ScreenHost {
  readonly #chat: Client;
  readonly #terminal: TerminalScreen;
  #composer = new FrameComposer();
  readonly #rows = new RowBuilder();
  readonly #paneRows = new RowBuilder();
  readonly #pane = memo<PaneView | undefined>();
  #previous: PreviousModel;
  #keys: ReturnType<typeof keysOf>;
  readonly #folders: FolderLists;
  readonly #slash = slashRows();
  readonly #files: ScreenFiles;
  readonly notices: ScreenNotices;
  readonly #actions: ScreenActions;
  readonly #keyboard: Keyboard;
  readonly #pictures: VisiblePictures;
  readonly #commands: ScreenCommands;
  readonly #exit = new ChatExit();
  #isUnresponsive = false;
  readonly #muted: MutedList;
  #accountMuted: readonly string[] = [];
  settings: ScreenSettings;
  hidesJoins: boolean;
  state: ScreenState = FIRST_STATE;
  #isStarting = true;
  #areRoomsChosen = true;
  #hasBegun = false;
  #pendingKeys: readonly Key[] = [];
  #isDrawing = false;
  #cancelTick: (() => void) | undefined;
  readonly questions: ScreenQuestions;
  readonly #drafts: ScreenDrafts;
  /** Set when the client ends. */
  unsavedDrafts: readonly UnsavedDraft[] = [];
  /** Messages with files that continue at the next start. Set when the client ends. */
  waitingCount = 0;
  readonly #collector: Collector;
  readonly #catchUp: ScreenCatchUp;
  readonly #finder: ScreenFinder;
  #hasDrawFailed = false;
  #link: LinkInfo | undefined;
  #transport: string | undefined;
  /** Takes the focus from a terminal that does not report it; `undefined` in others. */
  #cancelFocus: (() => void) | undefined;
  #reportsFocus = false;
  #isRenamed = false;
  #ground: Ground;
  /** Number of keys that typed or opened something. */
  inputs = 0;
  /** `inputs` when the last line was entered. */
  #enteredInputs: number | undefined;
  readonly #times = memo<Times>();
  readonly #selectionKeys = memo<readonly SelectionKey[]>();

  constructor(private readonly options: ScreenClientOptions) {
    const { context, open, device, preferences, history } = options;
    const chat = open.client;
    this.#chat = chat;
    chat.actions.setThreadAlone(true);
    const { settings } = preferences;
    const isQuiet = open.state.preference("quiet") === "on";
    this.hidesJoins = isQuiet || settings.hideJoins;
    this.#muted = new MutedList(open.state.muted);
    this.#ground = groundOf(context.env);
    this.settings = this.#mergedSettings();
    const { mouse } = settings;
    this.#keys = keysOf(settings);
    this.#previous = { model: chat.model, jumpedKey: undefined, bottoms: 0, isEmpty: true };
    this.#folders = new FolderLists(context.env["HOME"]);
    this.#terminal = new TerminalScreen({
      clock: context.clock,
      device,
      mouse,
      onResize: () => this.#draw(),
    });
    const { clock, env } = context;
    const [terminal, exit] = [this.#terminal, this.#exit];
    this.#catchUp = new ScreenCatchUp({ clock, chat, host: this });
    this.#finder = new ScreenFinder({
      clock,
      chat,
      fetch: (file, signal) => this.#fetchFile(file, signal),
      language: characterLocale(env),
      onChange: () => this.#draw(),
    });
    this.notices = new ScreenNotices({ clock, env, chat, terminal, exit, host: this });
    this.#keyboard = new Keyboard({ context, terminal, onKeys: (keys) => this.#handleKeys(keys) });
    const note = (text: TerminalMessage) => this.notices.note(text);
    const addLocalFile = (file: string, path: string) => this.#pictures.addLocalFile(file, path);
    this.#files = new ScreenFiles({
      context,
      open,
      note,
      onLocalFile: addLocalFile,
      onReturned: (message) => this.#return(message),
    });
    this.#commands = new ScreenCommands({ context, open, files: this.#files, screen: this });
    this.#pictures = this.#createPictures();
    this.questions = new ScreenQuestions({
      current: () => this.state.question,
      patch: (question) => this.patch({ question }),
      unixMs: () => context.clock.unixMs(),
      texts: () => this.texts,
    });
    this.#collector = new Collector(context.clock, {
      usedBytes: () => process.memoryUsage().heapUsed,
      collect: () => Bun.gc(true),
    });
    this.#drafts = new ScreenDrafts({
      clock: context.clock,
      store: open.state.drafts,
      collect: () => this.#collectDraft(),
      onFailure: (fault) => this.notices.fail(fault),
    });
    this.#actions = new ScreenActions({
      chat,
      history,
      terminal,
      host: this,
      notices: this.notices,
      files: this.#files,
      folders: this.#folders,
      commands: this.#commands,
      questions: this.questions,
      drafts: this.#drafts,
      saveDrafts: () => this.#saveDrafts(),
      completeAgain: () => this.#handleKeys([{ name: "tab", text: "" }]),
    });
    open.guessDelays.displayOverride = note;
  }

  /**
   * @param areChosen whether the user has named the rooms. Otherwise the client begins with the
   * inbox, or in the room that this device showed last.
   */
  async run(rooms: readonly Name[], areChosen = true): Promise<number> {
    this.#areRoomsChosen = areChosen;
    const { context, open, device } = this.options;
    const chat = this.#chat;
    const release = context.onSignal(this.#exit.onSignal);
    const unsubscribe = chat.store.subscribe(() => this.#modelChanged());
    const removeExitListener = device.on("exit", () => this.#saveDrafts());
    void this.#terminal.ask(GROUND_QUERY + WIDTH_QUERY, "first-row").then((answers) => {
      this.#applyGround(answers);
      this.#applyWidths(answers);
    });
    const cancelQuestions = context.clock.after(QUESTIONS_DELAY_MS, () => {
      this.#terminal.allowQuestions();
    });
    this.#terminal.modes.enter();
    this.#noteKeys([]);
    this.#restoreDrafts();
    this.notices.attempt(() => this.#updateMuted(undefined));
    this.#draw();
    const [chosen] = rooms;
    const first = this.#lastRoom() ?? chosen;
    const isRestored = first !== undefined && roomOf(chat.model, first) !== undefined;
    if (isRestored) chat.actions.open(first);
    const onJoined = (room: string) => {
      if (chat.model.open === undefined) chat.actions.open(room);
    };
    this.#commands.joinRooms(rooms, onJoined).catch(this.#exit.fail);
    chat.present(this);
    this.#keyboard.read().then(() => this.end(0), this.#exit.fail);
    try {
      return await this.#exit.exitCode;
    } finally {
      this.#exit.end(0); // Runs after an error, too.
      this.#saveLastRoom();
      this.#saveDrafts();
      this.unsavedDrafts = this.#drafts.unsaved(open.state.isPresent());
      this.#drafts.close();
      this.#collector.end();
      removeExitListener();
      release();
      unsubscribe();
      this.#cancelTick?.();
      this.#cancelFocus?.();
      this.#catchUp.end();
      this.#finder.end();
      chat.actions.keepPlace();
      cancelQuestions();
      this.#keyboard.end();
      this.notices.end();
      this.#pictures.end();
      await this.#terminal.modes.close();
      device.close();
      this.waitingCount = this.#files.waiting.messages.length;
      this.#files.close();
      await open.client.close(this.#isUnresponsive);
      await open.close();
    }
  }

  #applyWidths(answers: string | undefined): void {
    const widths = answers === undefined ? undefined : parseWidths(answers);
    if (widths === undefined || Object.keys(widths).length === 0) return;
    terminalWidths.measure(widths);
    this.#composer = new FrameComposer();
    this.#terminal.redraw();
    this.#draw();
  }

  /** Without an answer, the ground stays that of the environment. */
  #applyGround(answers: string | undefined): void {
    const ground = groundIn(answers ?? "");
    if (ground === undefined || ground === this.#ground) return;
    this.#ground = ground;
    this.#draw();
  }

  confirmLeave(): Confirmation {
    return this.#actions.confirmLeave();
  }

  get texts(): TerminalTexts {
    return this.screenTexts.screen;
  }

  get screenTexts(): ScreenTexts {
    return screenTexts(this.#language);
  }

  get times(): Times {
    const texts = this.screenTexts;
    return this.#times([texts], () => timesIn(texts));
  }

  hideJoins(on: boolean): void {
    this.hidesJoins = on;
    this.settings = this.#mergedSettings();
    this.#draw();
  }

  mute(target: string, on: boolean): void {
    this.#muted.mute(target, on);
    this.#accountMuted = accountMutedTargets(this.#chat.model);
    this.settings = this.#mergedSettings();
    this.#draw();
  }

  #mergedSettings(): ScreenSettings {
    const { settings } = this.options.preferences;
    const muted = [...settings.muted, ...this.#muted.targets, ...this.#accountMuted];
    return { ...settings, hideJoins: this.hidesJoins, muted };
  }

  set(argument: string): void {
    const { preferences } = this.options;
    const { hideJoins } = preferences.settings;
    const lines = preferences.set(argument);
    if (preferences.settings.hideJoins !== hideJoins) {
      this.hidesJoins = preferences.settings.hideJoins;
    }
    this.settings = this.#mergedSettings();
    this.#terminal.modes.setMouse(this.settings.mouse);
    this.#keys = keysOf(this.settings);
    this.#pictures.applySettings(this.settings);
    if (lines.length > 1) this.notices.showText(() => "/set", lines);
    else for (const line of lines) this.notices.note(() => line);
  }

  /** @param isUnresponsive the server does not answer, so do not wait for it */
  end(result: number | Fault, isUnresponsive = false): void {
    this.#isUnresponsive ||= isUnresponsive;
    this.#exit.end(result);
  }

  perform(effect: ChatEffect): void {
    switch (effect.kind) {
      case "notify":
        return this.notices.notify(effect);
      case "keep-draft":
        return this.#drafts.setDraft(effect.target, effect.draft);
      case "refused": {
        // The open room shows the refusal beside the message.
        if (isSameName(this.#chat.model.open, effect.to)) return;
        const reason = faultLineIn(this.screenTexts, effect.fault);
        return this.notices.failure(
          this.texts.notSentBecause(targetTitle(this.#chat.model, effect.to), reason),
        );
      }
      default:
        return unreachable(effect);
    }
  }

  event(event: ClientEvent): void {
    try {
      this.#handle(event);
    } catch (error) {
      this.#exit.fail(error);
    }
  }

  #handle(event: ClientEvent): void {
    if (event.kind === "entered") this.#isRenamed = event.isRenamed === true;
    if (event.kind === "listing") this.#link = event.link;
    if (event.kind === "caught-up") {
      this.#begin();
      this.#transport = this.#link?.transport;
      this.notices.welcome(this.#link?.welcome);
      // A new user has typed nothing yet.
      const isNew = this.#isStarting && this.options.history.lines.length === 0;
      if (isNew) this.notices.note((texts) => texts.newUserHint);
      this.#commands.ready();
    }
    this.notices.showEvent(event);
    const fault = faultOf(event);
    if (fault !== undefined) this.#chat.store.enqueue({ kind: "fault", fault });
    if (event.kind === "closed") this.#exit.end(event.fault ?? 0);
  }

  openInbox(): void {
    this.patch({ overlay: { ...NO_INBOX, list: undefined }, completion: undefined });
    this.#loadInbox().then(
      (list) => {
        const { overlay } = this.state;
        if (overlay?.kind === "inbox") this.patch({ overlay: { ...overlay, list } });
      },
      (error: unknown) => {
        if (this.state.overlay?.kind === "inbox") this.patch({ overlay: undefined });
        this.notices.fail(error);
      },
    );
  }

  #loadInbox(): Promise<InboxList> {
    return loadInbox(this.#chat.request, this.#chat.model, this.settings.muted);
  }

  /** Shows the inbox after an absence, unless the user has done something since the start. */
  #begin(): void {
    if (this.#hasBegun || this.#areRoomsChosen) return;
    this.#hasBegun = true;
    const last = this.#lastRoom();
    if (this.#chat.model.open === undefined && last !== undefined) this.#chat.actions.open(last);
    this.#loadInbox().then(({ inbox, ...list }) => {
      const { overlay, question, editor, selected } = this.state;
      const isUntouched = overlay === undefined && question === undefined && editor.text === "";
      const { since = Number.POSITIVE_INFINITY } = inbox;
      const isNew = inbox.unread > 0 || inbox.callCount > 0;
      const isAway = this.options.context.clock.unixMs() - since >= ABSENCE_MS;
      if (!isUntouched || selected !== undefined || !isNew || !isAway) return;
      this.patch({ overlay: { ...NO_INBOX, list: { inbox, ...list } } });
    }, ignoreFault);
  }

  /** Target that this device showed last; `undefined` if it is not in the list of rooms. */
  #lastRoom(): string | undefined {
    const owner = this.#owner;
    if (owner === undefined || this.#areRoomsChosen) return undefined;
    const stored = lastRoomsIn(this.options.open.state.preference("last-room"));
    const target = stored[ownerKey(owner)];
    return target !== undefined && roomOf(this.#chat.model, target) !== undefined
      ? target
      : undefined;
  }

  #saveLastRoom(): void {
    const [owner, target] = [this.#owner, openRoom(this.#chat.model)?.target];
    if (owner === undefined || target === undefined) return;
    const { state } = this.options.open;
    if (!state.isPresent()) return;
    state.changePreference("last-room", (stored) =>
      JSON.stringify({ ...lastRoomsIn(stored), [ownerKey(owner)]: target }),
    );
  }

  #handleKeys(keys: readonly Key[]): void {
    const { open } = this.#chat.model;
    const { text: previousText } = currentDraft(this.state, this.#chat.model);
    const isCancelled = keys.some(({ name }) => name === "ctrl-c");
    const allKeys = [...(isCancelled ? [] : this.#pendingKeys), ...keys];
    this.#pendingKeys = [];
    for (const [index, key] of allKeys.entries()) {
      if (this.#exit.hasEnded) break;
      this.notices.attempt(() => {
        if (!this.#handleKey(key))
          this.#pendingKeys = allKeys.slice(index, index + PENDING_KEYS_MAX);
      });
      if (this.#pendingKeys.length > 0) break;
    }
    if (this.#exit.hasEnded) return;
    this.#noteKeys(keys);
    this.questions.showNext();
    this.#drafts.scheduleSave();
    if (this.#chat.model.open === open) this.#sendTyping(previousText);
    this.#draw();
  }

  /** A terminal that does not report its focus counts as focused for a while after a key. */
  #noteKeys(keys: readonly Key[]): void {
    const { actions } = this.#chat;
    this.#reportsFocus ||= keys.some(({ name }) => name.startsWith("focus-"));
    this.#cancelFocus?.();
    if (this.#reportsFocus) return;
    if (!this.#chat.model.isFocused) actions.setFocus(true);
    this.#cancelFocus = this.options.context.clock.after(SCREEN_FOCUS_MS, () => {
      if (!this.#reportsFocus) actions.setFocus(false);
    });
  }

  #sendTyping(previousText: string): void {
    const chat = this.#chat;
    const { open } = chat.model;
    const { text, edits } = currentDraft(this.state, chat.model);
    if (text === previousText || open === undefined || edits !== undefined || !this.settings.typing)
      return;
    chat.actions.reportTyping(open, text);
  }

  /** Whether the user has typed or opened something since the last line. */
  get isTyping(): boolean {
    return this.#enteredInputs !== undefined && this.#enteredInputs !== this.inputs;
  }

  /** @returns false if the client must keep the key until the first room opens */
  #handleKey(key: Key): boolean {
    const before = this.state;
    const { state, actions } = this.#updateFor(key);
    const isLoading = this.#isStarting && this.#chat.model.me !== undefined;
    const isMessage = (text: string) => this.#actions.typedLine(text).kind === "message";
    if (isLoading && actions.some((action) => action.kind === "enter" && isMessage(action.text)))
      return false;
    const earlier = this.state.notes;
    const isCleared = actions.some(clearsNotes);
    if (isCleared) this.notices.clear();
    const notes = isCleared ? state.notes.filter((note) => !earlier.includes(note)) : state.notes;
    this.state = { ...state, notes: notes.slice(-SCREEN_NOTES_MAX) };
    if (isInput(before, this.state, actions)) this.inputs++;
    if (actions.some(({ kind }) => kind === "enter")) this.#enteredInputs = this.inputs;
    for (const action of actions) this.#actions.run(action);
    return true;
  }

  /** Ctrl-C and Ctrl-D end the client even if the key handler fails. */
  #updateFor(key: Key): UpdateResult {
    try {
      return update(this.state, key, this.#handlerContext());
    } catch (error) {
      const exitCode = key.name === "ctrl-c" ? 130 : key.name === "ctrl-d" ? 0 : undefined;
      if (exitCode === undefined || error instanceof AssertionFailure) throw error;
      return { state: this.state, actions: [{ kind: "leave", exitCode }] };
    }
  }

  #modelChanged(): void {
    const chat = this.#chat;
    const { model } = chat;
    const before = this.#previous;
    if (model === before.model) return;
    this.#collector.modelChanged();
    if (model.pending !== before.model.pending) this.#drafts.keepRefused(model.pending);
    this.#previous = { ...before, model };
    if (model.open !== undefined) this.#isStarting = false;
    const isAccountChanged = model.me !== before.model.me;
    const isRenamed = isAccountChanged && this.#isRenamed && model.me !== undefined;
    const isLoggedOut = isAccountChanged && !isRenamed && before.model.me !== undefined;
    if (isLoggedOut) this.#saveDrafts(before.model);
    this.notices.attempt(() => this.#follow({ ...before, isLoggedOut }));
    this.#draw();
    if (isRenamed) this.#drafts.accountRenamed(this.#owner);
    else if (isAccountChanged) this.#restoreDrafts();
    this.notices.attempt(() => this.#updateMuted(before.model));
    if (!this.#isStarting && this.#pendingKeys.length > 0) this.#handleKeys([]);
    const closedRoom = before.model.open;
    if (closedRoom === undefined || model.open !== undefined || model.me === undefined) return;
    if (this.state.notes.some(({ leftRoom }) => isSameName(leftRoom, closedRoom))) return;
    this.notices.noteLeftRoom(closedRoom, (texts) => texts.noLongerIn(targetText(closedRoom)));
  }

  #updateMuted(before: Model | undefined): void {
    const { model } = this.#chat;
    const owner = this.#owner;
    const { targets } = this.#muted;
    if (owner !== undefined && model.me !== before?.me) this.#muted.open(owner);
    if (before !== undefined) this.#muted.follow(before, model);
    const accountMuted = accountMutedTargets(model);
    const isUnchanged = accountMuted.join(" ") === this.#accountMuted.join(" ");
    this.#accountMuted = accountMuted;
    if (!isUnchanged || targets !== this.#muted.targets) this.settings = this.#mergedSettings();
  }

  #follow(before: PreviousModel): void {
    const was = openRoom(before.model);
    this.#catchUp.follow(before.model, was && this.#chat.actions.placeOf(placeKey(was.id)));
    this.state = this.#catchUp.withNewMessages(this.state);
    const context = this.#handlerContext();
    const { rows, shownKey, bottoms } = context.rows;
    const isEmpty = rows.length === 0;
    this.#previous = { model: context.model, jumpedKey: shownKey, bottoms, isEmpty };
    const { state, actions } = follow(this.state, before, context);
    this.state = state;
    for (const action of actions) this.#actions.run(action);
    this.#catchUp.load();
  }

  findMessages(query: SearchQuery | undefined): void {
    this.#finder.find(query);
  }

  prepareFinder(): void {
    this.#finder.prepare();
  }

  openFinder(opening: FinderOpening): void {
    const { state, actions } = openFinder(this.state, opening, this.#handlerContext());
    this.patch(state);
    for (const action of actions) this.#actions.run(action);
  }

  /** Says once on this device what an older command is now. */
  noteReplaced(command: string, key: string): void {
    const { state } = this.options.open;
    const known = (state.preference("replaced-commands") ?? "").split(" ");
    if (known.includes(command)) return;
    state.changePreference("replaced-commands", (stored = "") => `${stored} ${command}`.trim());
    this.notices.note(() => this.screenTexts.keys.finder.wasCommand(command, key));
  }

  undoRead(): void {
    this.#catchUp.undo();
  }

  get #owner(): DraftOwner | undefined {
    const { fingerprint } = this.options.open.client;
    const { me: user } = this.#chat.model;
    return fingerprint === undefined || user === undefined ? undefined : { fingerprint, user };
  }

  #restoreDrafts(): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    const chat = this.#chat;
    for (const [target, draft] of this.#drafts.open(owner)) {
      if (!chat.model.drafts.has(target)) chat.actions.setDraft(target, draft);
    }
  }

  /** The input of the target is empty. */
  #return(message: WaitingMessage<PathSource>): void {
    const [target = ""] = message.to;
    const root = threadOfPost(message);
    const key = draftKey(target, root);
    const re = root === undefined ? message.re : undefined;
    const draft = defined({ text: sendLine(message, target), re });
    if (inputKey(this.#chat.model) === key) this.patch({ editor: editorOf(draft.text) });
    this.#chat.actions.setDraft(key, draft);
    this.#drafts.setDraft(key, draft);
    this.#drafts.save();
  }

  #collectDraft(): void {
    const { model } = this.#chat;
    this.notices.attempt(() => {
      for (const action of draftActions(model, currentDraft(this.state, model)))
        this.#actions.run(action);
    });
  }

  #saveDrafts(model = this.#chat.model): void {
    for (const action of draftActions(model, currentDraft(this.state, model))) {
      if (action.kind === "draft") this.#drafts.setDraft(action.target, action.draft);
    }
    this.#drafts.save();
  }

  #handlerContext(): HandlerContext {
    const props = this.#props();
    const { model, rows, settings } = props;
    const { layout } = this.#composer.compose(props);
    return {
      model,
      rows,
      settings,
      layout,
      keymap: this.#keys.keymap,
      inputHistory: this.options.history.lines,
      source: {
        commands: this.#slash
          .filter(({ name }) => !REPLACED_COMMANDS.has(name))
          .map((row) => ({ ...row, summary: slashSummary(this.texts, row.name) })),
        settings: SETTING_NAMES.map((text) => ({ text, hint: "" })),
        folder: (path) => this.#folders.of(path),
        language: this.#language,
      },
      texts: this.screenTexts.keys,
      titles: this.screenTexts,
      times: this.#commands.times,
      messages: this.#finder.messages,
      finderCache: this.#finder.cache,
      joinable: this.#finder.joinable,
    };
  }

  get #language(): "en" | "id" {
    return languageOf(this.settings.language, this.options.context.env);
  }

  patch(change: Partial<ScreenState>): void {
    const notes = (change.notes ?? this.state.notes).slice(-SCREEN_NOTES_MAX);
    this.state = { ...this.state, ...change, notes };
    this.#draw();
  }

  #draw(): void {
    if (this.#isDrawing || this.#exit.hasEnded) return;
    this.#isDrawing = true;
    queueMicrotask(() => {
      this.#isDrawing = false;
      if (this.#exit.hasEnded) return;
      try {
        this.#drawNow();
      } catch (error) {
        this.#recoverDrawing(error);
      }
    });
  }

  #drawNow(): void {
    const { state } = this;
    const { model } = this.#chat;
    const keys = this.#selectionKeys([state, model], () =>
      state.selected === undefined ? NO_KEYS : selectionKeys(state, this.#handlerContext()),
    );
    const { frame, layout } = this.#composer.compose(this.#props(keys));
    this.#terminal.show(frame);
    this.#hasDrawFailed = false;
    this.#noteVisible(layout);
    this.#files.offerForCompletion(layout.files);
    this.#pictures.setVisible(layout.files);
    this.#finder.preview(layout.previewed);
    this.notices.expire();
    this.#scheduleTick();
  }

  /** Retries without overlays and notes. If that fails as well, displays only an error line. */
  #recoverDrawing(error: unknown): void {
    if (error instanceof AssertionFailure) return this.#exit.fail(error);
    const { message } = toFault(error);
    if (!this.#hasDrawFailed) {
      this.#hasDrawFailed = true;
      const { completion, recall, scroll, selected, highlighted, overlay } = FIRST_STATE;
      this.patch({ completion, recall, scroll, selected, highlighted, overlay, notes: [] });
      return this.notices.fail(error);
    }
    const text = this.texts.drawingFailed(message);
    this.#terminal.show({ lines: [cleanText(text)], cursor: undefined, title: "chat" });
  }

  #scheduleTick(): void {
    const { context } = this.options;
    const chat = this.#chat;
    const { connection, transfers } = chat.model;
    const { slowUntilUnixMs = 0 } = openRoom(chat.model) ?? {};
    const nowUnixMs = context.clock.unixMs();
    const { leavesUntilUnixMs = 0 } = this.state;
    const isWaiting =
      connection.kind === "offline" || Math.max(slowUntilUnixMs, leavesUntilUnixMs) > nowUnixMs;
    if (!isWaiting && transfers.size === 0) return;
    this.#cancelTick ??= context.clock.after(SCREEN_TICK_MS, () => {
      this.#cancelTick = undefined;
      this.#draw();
    });
  }

  #noteVisible({ visible, place, isAtBottom }: Layout): void {
    const { actions, model } = this.#chat;
    const room = openRoom(model);
    const isFollowing = isAtBottom && this.state.scroll === undefined && room?.jump === undefined;
    const { overlay } = this.state;
    const shown = overlay === undefined && visible ? { ...visible, isFollowing } : undefined;
    const isInThread = room?.thread !== undefined;
    actions.setVisible(isInThread ? undefined : shown);
    actions.setVisibleReplies(isInThread ? shown : undefined);
    if (room === undefined || shown === undefined) return;
    actions.setPlace(placeKey(room.id, room.thread?.root), isFollowing ? undefined : place);
  }

  #props(keys: readonly SelectionKey[] = NO_KEYS): ViewProps {
    const { context, open } = this.options;
    const chat = this.#chat;
    const { model } = chat;
    const rows = this.#rows.rowsOf(model, context.offsetMinutes, this.settings.hideJoins, true);
    const counters = open.client.stats?.counters;
    return {
      selectionKeys: keys,
      ground: this.#ground,
      model,
      rows,
      state: this.state,
      size: this.#terminal.size(),
      settings: this.settings,
      nowUnixMs: context.clock.unixMs(),
      texts: this.screenTexts,
      times: this.times,
      isStarting: this.#isStarting,
      depth: depthOf(context.env),
      status: {
        address: formatAddress(open.address),
        transport: this.#transport,
        roundTripMs: counters?.roundTripMs,
      },
      fetchKey: this.#keys.fetchKey,
      foldKey: this.#keys.foldKey,
      pictures: this.#pictures.sizes,
      pane: this.#paneView(),
      fileTexts: this.#finder.fileTexts,
    };
  }

  #paneView(): PaneView | undefined {
    const { context } = this.options;
    const { model } = this.#chat;
    const { pane } = this.state;
    const { hideJoins } = this.settings;
    return this.#pane([model, pane, hideJoins], () => {
      if (pane === undefined) return undefined;
      const shown = paneModel(model, pane);
      const rows = this.#paneRows.rowsOf(shown, context.offsetMinutes, hideJoins, true);
      return { model: shown, rows, isLeft: pane.isLeft };
    });
  }

  #createPictures(): VisiblePictures {
    const { context, open } = this.options;
    const hashing = nativeHashing();
    return new VisiblePictures({
      env: context.env,
      hashing,
      screen: this.#terminal,
      paths: new PicturePaths(open.state),
      settings: this.settings,
      family: Math.floor(Math.random() * PICTURE_FAMILIES),
      fetch: (file, signal) => this.#fetchFile(file, signal),
      onChange: () => this.#draw(),
    });
  }

  async #fetchFile(
    { file, size, digest }: Pick<FileView, "file" | "size" | "digest">,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const sink = new MemorySink(size, sha256);
    const openSink = async () => sink;
    const { transfers } = this.options.open.client;
    // The file's name and size remain visible.
    await transfers.get({ file, into: "", openSink, signal }).catch(ignoreFault);
    return toHex(sink.digest()) === digest ? sink.bytes() : undefined;
  }
}

/** Whether a key has typed or opened something. An answer to a question has not. */
function isInput(before: ScreenState, after: ScreenState, actions: readonly Action[]): boolean {
  if (before.editor.text !== after.editor.text) return true;
  if (before.question !== undefined) return false;
  return (
    before.overlay !== after.overlay ||
    before.selected !== after.selected ||
    actions.some(({ kind }) => kind !== "focus")
  );
}

function ownerKey({ fingerprint, user }: DraftOwner): string {
  return `${fingerprint} ${user}`;
}

/** Accepts any text, because another version may have written it. */
function lastRoomsIn(stored: string | undefined): Readonly<Record<string, string>> {
  const value = unlessFault(() => decodeJson(stored ?? "{}"));
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([owner, target]: [string, unknown]) =>
      typeof target === "string" ? [[owner, target]] : [],
    ),
  );
}

/** Returns the fault that tells the user about a change of an encrypted room. */
function faultOf(event: ClientEvent): Fault | undefined {
  if (event.kind === "identity-changed") return keyChangedFault(event.user);
  if (event.kind !== "sealed-remark") return undefined;
  return sealedRemarkFault(event.remark);
}

function keysOf({ keys }: ScreenSettings) {
  const keymap = new Keymap(keys);
  const selectKey = keymap.chordOf("reading", "select");
  const keyOf = (command: "fetch" | "fold") =>
    [selectKey, keymap.chordOf("selected", command)]
      .filter((chord) => chord !== undefined)
      .join(" ");
  return { keymap, fetchKey: keyOf("fetch"), foldKey: keyOf("fold") };
}

function accountMutedTargets(model: Model): readonly string[] {
  const { prefs = [], rooms } = model;
  return [...prefs].flatMap(([id]) => (isMuted(model, id) ? (rooms.get(id)?.target ?? []) : []));
}
