/** Slash commands in the full-screen client. */

import { asFault, Fault, msg } from "../../base/fault.ts";
import { parseTarget } from "../../base/names.ts";
import { parseTime } from "../../base/parse-time.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { foldedList } from "../../core/model/folded-boxes.ts";
import { isSameName } from "../../core/model/item.ts";
import { foundItems } from "../../core/model/page.ts";
import { inThread, openThreadRoot, roomOf } from "../../core/model/selectors.ts";
import type { SearchQuery } from "../../core/model/state.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import type { View, Views } from "../../ui/command.ts";
import type { TerminalMessage } from "../../ui/messages/en/terminal.ts";
import { postQuestion } from "../../ui/text/rules-text.ts";
import { targetTitle } from "../../ui/text/target-text.ts";
import type { PostBody } from "../../wire/messages.ts";
import { QUIT_TIMEOUT_MS } from "../chat/chat-exit.ts";
import { showView } from "../chat/slash.ts";
import { type SlashRow, slashSummary } from "../chat/slash-grammar.ts";
import { type SlashConsole, SlashHost } from "../chat/slash-host.ts";
import type { OpenClient } from "../connect/client.ts";
import type { Context } from "../context.ts";
import { usageFault } from "../errors.ts";
import type { ScreenClient } from "./client.ts";
import type { ScreenFiles } from "./files.ts";
import type { FinderOpening } from "./input/finder.ts";
import type { ScreenNotices } from "./notices.ts";
import type { ScreenQuestions } from "./questions.ts";
import type { ScreenQuestion } from "./state/screen-state.ts";
import { isTargetMuted } from "./view/panels.ts";

export type CommandScreen = Pick<
  ScreenClient,
  | ("texts" | "screenTexts" | "settings" | "hidesJoins" | "hideJoins")
  | ("set" | "mute" | "confirmLeave" | "end" | "openInbox" | "openFinder" | "noteReplaced")
  | ("inputs" | "isTyping")
> & {
  readonly notices: Pick<
    ScreenNotices,
    "note" | "fault" | "noteLeftRoom" | "showText" | "showMessages" | "text"
  >;
  readonly questions: Pick<ScreenQuestions, "begin" | "end" | "ask">;
};

export interface ScreenCommandsOptions {
  readonly context: Context;
  readonly open: OpenClient;
  readonly files: ScreenFiles;
  readonly screen: CommandScreen;
}

/**
 * Maximum length of a result below the timeline, in UTF-16 code units. A longer result opens in an
 * overlay.
 */
const NOTE_LENGTH_MAX = 400;

const LISTED_FILES_MAX = 50;
/** Rooms that Alt and a digit open. */
const NUMBERED_ROOMS = 10;

export function noRoomOpen(): Fault {
  return new Fault("not-member", msg`no room is open`, { remedy: msg`join one: ${"/join ROOM"}` });
}

export class ScreenCommands extends SlashHost {
  readonly chatConsole: SlashConsole;
  readonly files: SlashHost["files"];
  readonly undoesRead = true;
  #isLoggingIn = false;

  constructor(private readonly options: ScreenCommandsOptions) {
    const { context, open, files } = options;
    // Commands receive no terminal, because the screen reads the keyboard.
    super({ ...context, terminal: undefined, json: false }, open);
    this.chatConsole = this.#console();
    this.files = {
      send: (path, target, message) => files.send(path, target, message),
      get: (id, out) => files.get(id, out),
      list: (target) => this.#listFiles(target),
      waiting: { command: (key, command) => void files.command(key, command) },
    };
  }

  get current(): string {
    const { open } = this.chat.model;
    if (open === undefined) throw noRoomOpen();
    return open;
  }

  list(command: string, records: readonly ChatRecord[]): number {
    const found = foundItems(records, this.me);
    if (found.length > 0) this.options.screen.notices.showMessages(command, found);
    return found.length;
  }

  override get thread(): number | undefined {
    return openThreadRoot(this.chat.model);
  }

  override openThread(seq: number): void {
    this.chat.actions.openThread(seq);
  }

  search(query: SearchQuery): void {
    void this.show({ kind: "search", query });
  }

  inbox(): void {
    this.options.screen.openInbox();
  }

  show(view: View): Promise<undefined> {
    const replaced = this.#inFinder(view);
    if (replaced === undefined) return showView(this, view);
    const { command, key, ...opening } = replaced;
    this.options.screen.openFinder(opening);
    if (key !== undefined) this.options.screen.noteReplaced(command, key);
    return Promise.resolve(undefined);
  }

  /** Query of the finder that stands for an older command. */
  #inFinder(view: View): (FinderOpening & { command: string; key?: string }) | undefined {
    const { finder } = this.options.screen.screenTexts.keys;
    switch (view.kind) {
      case "rooms":
        return { text: "#", command: "/rooms", key: "Ctrl-K #" };
      case "list":
        return { text: "@", command: "/list", key: "Ctrl-K @" };
      case "threads":
        return { text: "in:threads ", command: "/threads" };
      case "search":
        return { text: `${view.query.input} `, isSearch: true, command: "/search", key: "Ctrl-F" };
      case "help":
        if (view.input === "") return { text: "?", command: "/help", key: "F1" };
        return view.input === "all"
          ? { text: `?${finder.all.commands}`, command: "/help all", key: "Ctrl-K /" }
          : undefined;
      case "set":
        if (view.input !== "") return undefined;
        return { text: `?${finder.all.settings}`, command: "/set", key: "Ctrl-K /" };
      default:
        return undefined;
    }
  }

  protected async submit(to: string, content: PostBody): Promise<void> {
    const { chat } = this;
    const { screen } = this.options;
    // A stamp answers the work and not a thread.
    const isHere = content.stamp === undefined && isSameName(chat.model.open, to);
    const root = isHere ? this.thread : undefined;
    const body = inThread(content, root);
    const question = this.postQuestion(to, body);
    if (question !== undefined && !(await this.chatConsole.confirm(() => question))) return;
    const isVisible = isSameName(chat.model.open, to);
    const sent = chat.actions.submit(to, body);
    if (isVisible) return chat.actions.scrollToBottom(root !== undefined);
    void sent.then((receipt) => {
      if (receipt === undefined || isSameName(chat.model.open, to)) return;
      const isQueued = receipt.queued === true;
      screen.notices.note((texts) => {
        return isQueued
          ? texts.queuedMessage(parseTarget(to).name)
          : texts.sentTo(targetTitle(chat.model, to));
      });
    });
  }

  postQuestion(to: string, body: PostBody): string | undefined {
    return postQuestion(this.chat.model, to, body, this.chatConsole.texts)?.text;
  }

  async waitUntilConfirmed(): Promise<void> {
    const { client } = this.open;
    if (!client.isConnected) throw new Fault("link-closed", msg`not connected`);
    await client.drain();
  }

  switchTo(target: string): void {
    this.chat.actions.open(target);
  }

  override moment(): () => boolean {
    const { screen } = this.options;
    const { inputs } = screen;
    const { open } = this.chat.model;
    return () => screen.inputs === inputs && isSameName(this.chat.model.open, open);
  }

  override noteReady(target: string): void {
    const { model } = this.chat;
    if (isSameName(model.open, target)) return;
    const { rooms, people } = foldedList(model);
    const at = [...rooms, ...people].findIndex((line) => isSameName(line.target, target));
    const key = at >= 0 && at < NUMBERED_ROOMS ? `Alt-${(at + 1) % NUMBERED_ROOMS}` : "Alt-K";
    this.chatConsole.note((texts) => texts.readyAt(targetTitle(model, target), key));
  }

  leftRoom(room: string): void {
    this.chat.actions.leftRoom(room);
  }

  async runLogin(login: () => Promise<unknown>): Promise<void> {
    if (this.#isLoggingIn) {
      throw usageFault(msg`a log-in is already in progress`, msg`wait until it finishes`);
    }
    const { questions } = this.options.screen;
    this.#isLoggingIn = true;
    questions.begin();
    let isLoggedIn = false;
    try {
      await login();
      isLoggedIn = true;
    } finally {
      this.#isLoggingIn = false;
      questions.end(isLoggedIn);
    }
    this.chatConsole.note((texts) => texts.loggedInAs(this.open.client.user ?? ""));
    await this.#openRoomAfterLogin();
  }

  async #openRoomAfterLogin(): Promise<void> {
    const { chat, open } = this;
    const { name } = await this.joinRoom({ room: LOBBY, roomSecret: open.roomSecret });
    if (chat.model.open !== undefined) return;
    chat.actions.open(roomOf(chat.model, chat.actions.lastRoom)?.target ?? name);
  }

  set(argument: string): void {
    this.options.screen.set(argument);
  }

  async notify({ level, target }: Views["notify"]): Promise<void> {
    const { chat } = this;
    const { screen } = this.options;
    const { muted } = screen.settings;
    if (level === undefined) {
      const names = muted.map((target) => this.#displayName(target)).join(", ");
      return screen.notices.note((texts) =>
        names === "" ? texts.nothingMuted : texts.mutedList(names),
      );
    }
    const room = roomOf(chat.model, target);
    // The user may have left a muted target, or the target may have been renamed.
    if (room === undefined && !isTargetMuted(muted, target)) await chat.actions.checkTarget(target);
    if (level === "on") chat.actions.setPrefs(target, { muted: undefined });
    screen.mute(room?.target ?? target, level === "off");
    const name = this.#displayName(room?.target ?? target);
    const isMutedByFile = level !== "nothing" && isTargetMuted(screen.settings.muted, target);
    screen.notices.note((texts) => {
      if (level === "off") return texts.targetMuted(name);
      if (isMutedByFile) return texts.mutedBySetting(name);
      return level === "on" ? texts.unmuted(name) : texts.notifyLevelSet(name, level);
    });
  }

  async jump(to: Views["jump"]["to"]): Promise<void> {
    const { chat, current } = this;
    if (typeof to === "number") return chat.actions.jump(current, to);
    const isCurrent = this.moment();
    await chat.actions.jumpToTime(current, parseTime(to, this.times), (target, seq) => {
      if (isCurrent()) chat.actions.jump(target, seq);
      else this.chatConsole.note((texts) => texts.jumpReady(seq));
    });
  }

  #displayName(target: string): string {
    return /^[@#]/.test(target) ? target : `#${target}`;
  }

  /**
   * Ends the session after unsent posts, or at once if it is called again or the server does not
   * answer. Posts that the server has not confirmed stay in the outbox for the next start.
   */
  async quit(result: number | Fault = 0): Promise<void> {
    const { screen } = this.options;
    const { client } = this.open;
    const isInterrupt = result !== 0;
    const confirmation = screen.confirmLeave();
    if (confirmation === "confirmed" || (isInterrupt && confirmation === "all-sent"))
      return screen.end(result);
    if (confirmation === "asked") return;
    const stopped = client.untilUnresponsive(QUIT_TIMEOUT_MS).then(() => {
      screen.end(isInterrupt ? result : (client.unsentFault() ?? result), true);
    });
    await Promise.race([this.#finish(result), stopped]);
  }

  async #finish(result: number | Fault): Promise<void> {
    const { files, screen } = this.options;
    if (result === 0 && files.isBusy) {
      screen.notices.note((texts) => texts.finishingTransfers);
      await files.settled();
    }
    try {
      await this.open.client.drain();
    } catch (error) {
      return screen.end(result === 0 ? asFault(error) : result);
    }
    await this.open.client.auditSettled();
    // The last posts may have been refused.
    if (screen.confirmLeave() !== "asked") screen.end(result);
  }

  async #listFiles(target: string): Promise<void> {
    const query = { target, files: true, limit: LISTED_FILES_MAX };
    const { records, more } = await this.open.client.history(query);
    const isFile = ({ kind, state }: ChatRecord) => kind === "file" && state === "whole";
    if (this.list("/files", records.filter(isFile)) === 0)
      this.chatConsole.note((texts) => texts.noFiles);
    else if (more) this.chatConsole.note((texts) => texts.onlyLatest(LISTED_FILES_MAX));
  }

  #help(rows: readonly SlashRow[]): void {
    const { screen } = this.options;
    const [only, ...otherRows] = rows;
    if (only !== undefined && otherRows.length === 0) {
      return screen.notices.note((texts) => `${only.usage}: ${slashSummary(texts, only.name)}`);
    }
    const widest = Math.max(...rows.map(({ usage }) => usage.length));
    const lines = rows.map(({ name, usage }) => {
      return `${usage.padEnd(widest)}  ${slashSummary(screen.texts, name)}`;
    });
    screen.notices.showText((texts) => texts.slashHint, lines);
  }

  #console(): SlashConsole {
    const { screen } = this.options;
    const { notices } = screen;
    const note = (text: TerminalMessage, rows: readonly string[] = []) => {
      if (rows.length === 0) notices.note(text);
      else notices.showText(text, rows);
    };
    const ask = (
      kind: ScreenQuestion["kind"],
      question: TerminalMessage,
      first?: ScreenQuestion["first"],
    ) => {
      const isLogin = kind === "secret" && this.#isLoggingIn;
      if (!screen.isTyping || isLogin)
        return screen.questions.ask(kind, notices.text(question), first);
      // The letters that are being typed are meant for a text.
      notices.note((texts) => texts.notAsked(notices.text(question)));
      return Promise.resolve(undefined);
    };
    return {
      isInteractive: true,
      get texts() {
        return screen.texts;
      },
      get isQuiet() {
        return screen.hidesJoins;
      },
      set isQuiet(on: boolean) {
        screen.hideJoins(on);
      },
      print: ({ kind, room }, text, rows) => {
        if (text === undefined) return;
        const answer = text(screen.texts);
        if (kind === "left") notices.noteLeftRoom(String(room), text);
        else if (answer.length > NOTE_LENGTH_MAX) notices.showText(() => `/${kind}`, [answer]);
        else note(text, rows);
      },
      clear: () => {}, // The model has no visible messages now.
      note,
      fault: (fault) => notices.fault(fault),
      help: (rows) => this.#help(rows),
      confirm: async (question, first) => (await ask("yes-no", question, first)) === "yes",
      secret: async (question) => (await ask("secret", question)) || undefined,
    };
  }
}
