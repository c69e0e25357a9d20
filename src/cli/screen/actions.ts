/** Executes the acts that keys request: messages, commands, clipboard, transfers, leaving. */

import { unreachable } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { notLoggedIn } from "../../client/link/retry.ts";
import { oneLine } from "../../core/markup/plain.ts";
import { isSameName } from "../../core/model/item.ts";
import { findItem } from "../../core/model/selectors.ts";
import type { Ending } from "../chat/ending.ts";
import { runSlash } from "../chat/slash.ts";
import type { ScreenChat } from "./chat.ts";
import { noRoomOpen, type ScreenCommands } from "./commands.ts";
import type { ScreenDrafts } from "./drafts.ts";
import { editorOf } from "./editor/editor.ts";
import { mayCarrySecret, type TypedHistory } from "./editor/typed-history.ts";
import type { ScreenFiles } from "./files.ts";
import type { FolderLists } from "./folder-lists.ts";
import { searchOf } from "./input/lists.ts";
import type { ScreenNotices, Stage } from "./notices.ts";
import type { ScreenQuestions } from "./questions.ts";
import type { Act } from "./state/act.ts";
import type { TerminalScreen } from "./terminal/screen.ts";

/** UTF-16 units of a command that its confirmation shows. */
const DONE_LENGTH = 60;

export interface ScreenActionsOptions {
  readonly chat: ScreenChat;
  readonly typed: TypedHistory;
  readonly stage: Stage;
  readonly terminal: TerminalScreen;
  readonly files: ScreenFiles;
  readonly folders: FolderLists;
  readonly commands: ScreenCommands;
  readonly questions: ScreenQuestions;
  readonly drafts: ScreenDrafts;
  readonly notices: ScreenNotices;
  readonly ending: Ending;
  /** Also stores the draft in the input. */
  readonly keepDrafts: () => void;
  /** Completes again after the folder was read. */
  readonly tab: () => void;
}

/** Reports whether the text is a slash command; `//` begins a message with a slash. */
export function isCommand(text: string): boolean {
  return text.startsWith("/") && !text.startsWith("//");
}

export class ScreenActions {
  readonly #options: ScreenActionsOptions;
  /** Key of the newest unsent post that the user was warned about when quitting. */
  #warnedUnsent: string | undefined;

  constructor(options: ScreenActionsOptions) {
    this.#options = options;
  }

  do(act: Act): void {
    const { chat, files, notices, terminal } = this.#options;
    switch (act.kind) {
      case "enter":
        return this.#entered(act);
      case "open":
        return chat.open(act.target);
      case "draft":
        return chat.setDraft(act.target, act.draft);
      case "reach":
        return chat.loadMore(act.side);
      case "bottom":
        return chat.scrollToBottom();
      case "jump":
        return chat.jump(act.target, act.seq);
      case "react": {
        const item = findItem(chat.model, act.seq);
        if (item !== undefined) chat.react(item, act.sign);
        return;
      }
      case "pin":
        return this.#await(chat.pin(act.seq, act.on));
      case "save":
        return this.#await(this.#saved(act));
      case "erase":
        return chat.erase(act.seq);
      case "fetch":
        return notices.attempt(() => files.get(act.file, ".", act.name));
      case "cancel-transfer":
        return files.cancel(act.id);
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
        void this.#options.folders.read(act.path).then(this.#options.tab);
        return;
      case "answered":
        return this.#options.questions.answered(act.answer);
      case "focus":
        return chat.setFocus(act.on);
      case "dismiss":
        return notices.forget();
      case "redraw":
        return terminal.redraw();
      case "suspend":
        this.#options.keepDrafts(); // The process may be killed while it is stopped.
        void terminal.suspend();
        return;
      case "leave":
        return this.#left(act.exitCode);
      default:
        return unreachable(act);
    }
  }

  /**
   * Warns of unsent posts, once for the same posts. `insists`: the user was warned before.
   * @param isSending the program ends by itself once they are sent
   */
  leaving(isSending: boolean): "free" | "warned" | "insists" {
    const { chat, notices } = this.#options;
    const unsent = chat.model.pending.filter(
      ({ state: { kind } }) => kind === "storing" || kind === "waiting",
    );
    const newest = unsent.at(-1)?.key;
    if (newest === undefined) return "free";
    if (newest === this.#warnedUnsent) return "insists";
    this.#warnedUnsent = newest;
    notices.note(({ sendingAtQuit, unsentAtQuit }) => {
      return (isSending ? sendingAtQuit : unsentAtQuit)(unsent.length);
    });
    return "warned";
  }

  #await(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#options.notices.fail(error));
  }

  #entered({ text, re, edits }: Extract<Act, { kind: "enter" }>): void {
    const { chat, typed, folders, stage, notices } = this.#options;
    void typed.add(text);
    folders.forget();
    if (isCommand(text)) {
      if (!this.#searched(text)) this.#await(this.#command(text));
      return;
    }
    const { open, me } = chat.model;
    if (open === undefined) {
      stage.put({ editor: editorOf(text) }); // The unsent text is not lost.
      return notices.fail(me === undefined ? notLoggedIn() : noRoomOpen());
    }
    const words = text.startsWith("//") ? text.slice(1) : text;
    const links = {
      ...(re === undefined ? {} : { re }),
      ...(edits === undefined ? {} : { edits }),
    };
    chat.send(open, { text: words, ...links });
    this.#options.drafts.sent();
  }

  /**
   * Runs a command. A command without output is confirmed unless its effect is visible in the open
   * room.
   */
  async #command(text: string): Promise<void> {
    const { chat, commands, notices } = this.#options;
    const { answers, room } = commands;
    const { open } = chat.model;
    await runSlash(commands, text.slice(1));
    const isSeen = isSameName(chat.model.open, open) && isSameName(open, room);
    if (isSeen || commands.answers > answers) return;
    const [word = text] = text.split(/\s/, 1);
    notices.note((texts) => texts.done(mayCarrySecret(text) ? word : oneLine(text, DONE_LENGTH)));
  }

  /** `/search WORDS` opens the search list. Returns whether the text is that command. */
  #searched(text: string): boolean {
    const [, words] = /^\/search\s+(\S.*)$/s.exec(text) ?? [];
    const { chat, stage } = this.#options;
    const query = words === undefined ? undefined : searchOf(words, chat.model.open);
    if (words === undefined || query === undefined) return false;
    chat.search(query);
    stage.put({ overlay: { kind: "search", query: editorOf(words), at: 0 } });
    return true;
  }

  async #saved({ room, seq, on }: Extract<Act, { kind: "save" }>): Promise<void> {
    await this.#options.chat.request("save", { room, seq, on });
    this.#options.notices.note((texts) => (on ? texts.savedNow : texts.notSaved));
  }

  #copied(text: string): void {
    const isCopied = this.#options.terminal.copy(text);
    this.#options.notices.note((texts) => (isCopied ? texts.copied : texts.tooLongToCopy));
  }

  #left(exitCode: 0 | 130): void {
    const { commands, ending } = this.#options;
    if (exitCode === 0) this.#await(commands.quit());
    else if (this.leaving(false) !== "warned") ending.put(new Fault("interrupted", "interrupted"));
  }
}
