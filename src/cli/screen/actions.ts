/** Runs the actions that key handlers return. */

import { unreachable } from "../../base/assert.ts";
import { defined } from "../../base/values.ts";
import type { ChatClient, LinkedSession } from "../../client/chat-client.ts";
import { notLoggedIn } from "../../client/link/retry.ts";
import { withMentions } from "../../core/client/mentions.ts";
import { handStep } from "../../core/model/hands.ts";
import { isSameName } from "../../core/model/item.ts";
import {
  draftKey,
  findItem,
  openThreadRoot,
  refusedPosts,
  threadOfPost,
  unsentPosts,
} from "../../core/model/selectors.ts";
import type { PendingPost } from "../../core/model/state.ts";
import { readOnlyReason } from "../../ui/text/rules-text.ts";
import { type TypedLine, typedLine } from "../../ui/typed-line.ts";
import { leftByInterrupt } from "../chat/chat-exit.ts";
import { isSlashCommand, runSlash } from "../chat/slash.ts";
import { expandAlias } from "../chat/slash-grammar.ts";
import { noRoomOpen, type ScreenCommands } from "./commands.ts";
import type { ScreenDrafts } from "./drafts.ts";
import { editorOf } from "./editor/editor.ts";
import { type InputHistory, mayContainSecret } from "./editor/input-history.ts";
import type { FolderLists, ScreenFiles } from "./files.ts";
import type { ScreenHost, ScreenNotices } from "./notices.ts";
import type { ScreenQuestions } from "./questions.ts";
import type { Action } from "./state/screen-state.ts";
import type { TerminalScreen } from "./terminal/screen.ts";

export interface ScreenActionsOptions {
  readonly chat: ChatClient<LinkedSession>;
  readonly history: InputHistory;
  readonly host: ScreenHost;
  readonly terminal: TerminalScreen;
  readonly files: ScreenFiles;
  readonly folders: FolderLists;
  readonly commands: ScreenCommands;
  readonly questions: ScreenQuestions;
  readonly drafts: ScreenDrafts;
  readonly notices: ScreenNotices;
  readonly saveDrafts: () => void;
  readonly completeAgain: () => void;
}

/**
 * `warned`: posts are being sent, and the client leaves when it is done. `asked`: posts were
 * refused, and it leaves if the user repeats the request. `confirmed`: the user has repeated it.
 */
export type Confirmation = "all-sent" | "warned" | "asked" | "confirmed";

export class ScreenActions {
  /** Newest post that was unsent when the user was last warned. */
  #warnedUnsent: string | undefined;
  #warnedRefused: string | undefined;

  constructor(private readonly options: ScreenActionsOptions) {}

  run(action: Action): void {
    const { chat, files, host, notices, terminal } = this.options;
    switch (action.kind) {
      case "enter":
        return this.#submit(action);
      case "open":
        return chat.actions.open(action.target);
      case "draft":
        return chat.actions.setDraft(action.target, action.draft);
      case "reach":
        if (openThreadRoot(chat.model) !== undefined) return chat.actions.loadOlderReplies();
        return chat.actions.loadMore(action.direction);
      case "bottom":
        return chat.actions.scrollToBottom();
      case "thread":
        return chat.actions.openThread(action.seq);
      case "jump":
        return chat.actions.jump(action.target, action.seq);
      case "react": {
        const item = findItem(chat.model, action.seq);
        if (item !== undefined) chat.actions.react(item, action.sign);
        return;
      }
      case "pin":
        return this.#reportFailure(chat.actions.pin(action.seq, action.on));
      case "save":
        return this.#reportFailure(this.#save(action));
      case "erase":
        return chat.actions.erase(action.seq);
      case "fetch":
        return notices.attempt(() => files.get(action.file, ".", action.name));
      case "cancel-transfer":
        return files.cancel(action.id);
      case "resend":
        if (files.command(action.key, { kind: "retry" })) return;
        return chat.actions.resend(action.key);
      case "discard":
        if (files.command(action.key, { kind: "discard" })) return;
        return chat.actions.discard(action.key);
      case "waiting":
        return this.#command(action);
      case "copy":
        return this.#copy(action.text);
      case "find-messages":
        return host.findMessages(action.query);
      case "finder-opened":
        return host.prepareFinder();
      case "set":
        return notices.attempt(() => host.set(action.setting));
      case "search-more":
        return chat.actions.searchMore();
      case "list-folder":
        void this.options.folders.read(action.path).then(this.options.completeAgain);
        return;
      case "answered":
        return this.options.questions.answered(action.answer);
      case "focus":
        return chat.actions.setFocus(action.on);
      case "inbox":
        return host.openInbox();
      case "all-read":
        return chat.actions.allRead([action.target]);
      case "undo-read":
        return host.undoRead();
      case "mute":
        return this.#reportFailure(chat.actions.notify(action.target, "nothing"));
      case "step-hand":
        return this.#stepHand();
      case "dismiss":
        return notices.clear();
      case "turn-page":
        return chat.actions.turnPage();
      case "redraw":
        return terminal.redraw();
      case "suspend":
        this.options.saveDrafts(); // A stopped process may be killed before it saves.
        void terminal.modes.suspend();
        return;
      case "leave":
        return this.#leave(action.exitCode);
      default:
        return unreachable(action);
    }
  }

  typedLine(text: string): TypedLine {
    const { aliases } = this.options.commands.context.settings();
    return typedLine(text, (word) => isSlashCommand(word) || aliases.has(word));
  }

  /** Says only once that the same posts are unsent or refused. */
  confirmLeave(): Confirmation {
    const { chat, notices } = this.options;
    const unsent = unsentPosts(chat.model);
    const newest = unsent.at(-1)?.key;
    if (newest === undefined) return this.#confirmRefused(refusedPosts(chat.model));
    if (newest === this.#warnedUnsent) return "confirmed";
    this.#warnedUnsent = newest;
    notices.note(({ sendingAtQuit }) => sendingAtQuit(unsent.length));
    return "warned";
  }

  #confirmRefused(refused: readonly PendingPost[]): Confirmation {
    const newest = refused.at(-1)?.key;
    if (newest === undefined) return "all-sent";
    if (newest === this.#warnedRefused) return "confirmed";
    this.#warnedRefused = newest;
    this.options.notices.note(({ refusedAtQuit }) => refusedAtQuit(refused.length));
    return "asked";
  }

  #stepHand(): void {
    const { chat, notices } = this.options;
    const step = handStep(chat.model);
    if (step === undefined) return notices.note((texts) => texts.noHands);
    const { target } = step;
    switch (step.kind) {
      case "own":
        return this.#reportFailure(chat.actions.toggleHand(target, undefined, step.isRaised));
      case "call":
        return this.#reportFailure(chat.actions.callOn(target, step.user));
      case "end":
        return this.#reportFailure(chat.actions.toggleHand(target, step.user));
      default:
        return unreachable(step);
    }
  }

  #reportFailure(promise: Promise<unknown>): void {
    promise.catch((error: unknown) => this.options.notices.fail(error));
  }

  #submit({ text, re, edits }: Extract<Action, { kind: "enter" }>): void {
    const { chat, history, folders, host, notices, commands } = this.options;
    folders.clear();
    const typed = this.typedLine(text);
    if (typed.kind === "command") {
      const { aliases } = commands.context.settings();
      const line = `/${expandAlias(typed.line, aliases)}`;
      if (!mayContainSecret(line)) void history.add(text);
      this.#reportFailure(runSlash(commands, typed.line));
      return;
    }
    void history.add(text);
    const { open, me } = chat.model;
    if (open === undefined) {
      host.patch({ editor: editorOf(text) }); // Not sent, so the text returns to the input.
      return notices.fail(me === undefined ? notLoggedIn() : noRoomOpen());
    }
    const message = typed.text;
    const root = openThreadRoot(chat.model);
    const { screenTexts, times } = host;
    const refusal = readOnlyReason(
      chat.model,
      open,
      screenTexts,
      times,
      commands.context.clock.unixMs(),
    );
    if (refusal !== undefined) {
      chat.actions.setDraft(draftKey(open, root), defined({ text, re, edits }));
      host.patch({ editor: editorOf(text) });
      return notices.note(() => refusal.text);
    }
    const send = () => {
      chat.actions.send(open, defined({ text: message, re, edits }), root);
      this.options.drafts.deleteSent();
    };
    const body = withMentions({ text: message });
    const question = edits === undefined ? commands.postQuestion(open, body) : undefined;
    if (question === undefined) return send();
    void commands.chatConsole
      .confirm(() => question)
      .then((isConfirmed) => {
        if (isConfirmed) return send();
        // A letter that was typed in the meantime stays behind the text.
        const typed = isSameName(chat.model.open, open) ? host.state.editor.text : "";
        chat.actions.setDraft(open, defined({ text: text + typed, re }));
        if (isSameName(chat.model.open, open)) host.patch({ editor: editorOf(text + typed) });
      });
  }

  async #save({ room, seq, on }: Extract<Action, { kind: "save" }>): Promise<void> {
    await this.options.chat.actions.save(room, seq, on);
    this.options.notices.note((texts) => (on ? texts.messageSaved : texts.messageUnsaved));
  }

  #command({ key, command }: Extract<Action, { kind: "waiting" }>): void {
    const { chat, files, notices, saveDrafts } = this.options;
    const message = chat.model.waiting.find((each) => each.key === key);
    const [target = ""] = message?.to ?? [];
    saveDrafts();
    const draft = chat.model.drafts.get(draftKey(target, threadOfPost(message ?? {})));
    const isTyping = draft !== undefined && draft.text !== "";
    if (command.kind === "edit" && isTyping) return notices.note((texts) => texts.inputNotEmpty);
    files.command(key, command);
  }

  #copy(text: string): void {
    const isCopied = this.options.terminal.copy(text);
    this.options.notices.note((texts) => (isCopied ? texts.copied : texts.tooLongToCopy));
  }

  #leave(exitCode: 0 | 130): void {
    const { commands } = this.options;
    this.#reportFailure(commands.quit(exitCode === 0 ? 0 : leftByInterrupt()));
  }
}
