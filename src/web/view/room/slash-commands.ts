/** Runner for the composer's slash commands. */

import { Fault } from "../../../base/fault.ts";
import { boxNames } from "../../../base/names.ts";
import { parseTime, type TimeContext } from "../../../base/parse-time.ts";
import { cleanText } from "../../../base/text.ts";
import { defined } from "../../../base/values.ts";
import type { PutInCounts, PutInPlan } from "../../../client/put-in.ts";
import {
  canSetTopic,
  draftKey,
  type FileOfItem,
  isPostPending,
  lastMessage,
  openRoom,
  postTarget,
  roomOf,
} from "../../../core/model/selectors.ts";
import type { ComposerDraft, RoomState } from "../../../core/model/state.ts";
import { checkNotSealed } from "../../../core/rooms/not-encrypted.ts";
import type { Command, CommandAnswer, Host, JoinArgs, View, Views } from "../../../ui/command.ts";
import { type AccountFacts, accountInfoText, COMMANDS } from "../../../ui/commands.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { targetTitle } from "../../../ui/text/target-text.ts";
import { timesNow } from "../../../ui/text/times.ts";
import type { PostBody, Answer as WireAnswer } from "../../../wire/messages.ts";
import { helpOf } from "../../input/help-view.ts";
import { commandSummary, slashLine } from "../../input/slash.ts";
import { IrcPasswordsDialog } from "../account/irc-passwords.tsx";
import { PinsDialog } from "../attention/pins.tsx";
import { deleteFileQuestion } from "../files/delete-file.tsx";
import type { FinderStore } from "../finder/store.ts";
import type { PageValue } from "../shell/context.tsx";
import { confirm, confirmSeal, deleteQuestion, leaveQuestion } from "../shell/dialog.tsx";
import { listen } from "../shell/effects.ts";
import { InviteDialog } from "../shell/invite-dialog.tsx";
import { LogoutDialog, SettingsDialog, signOutHere } from "../shell/settings-dialog.tsx";
import { IgnoredDialog } from "./ignored.tsx";
import { CreateRoomDialog, JoinDialog, ProfileDialog, putInQuestion } from "./room-dialogs.tsx";
import { RulesDialog, sendAfterQuestion } from "./rules.tsx";
import { SavedDialog, ThreadsDialog } from "./saved.tsx";
import { SafetyDialog, SealedDialog } from "./sealed.tsx";

export interface CommandContext {
  readonly target: string;
  readonly open: (target: string) => void;
  readonly find: FinderStore["find"];
  readonly jump: (target: string, seq: number) => void;
  readonly people: () => void;
  readonly handed: (room: string) => void;
  /** Root of the thread in which the command was typed. */
  readonly thread?: number | undefined;
  /** Whether a post in the thread is shown in the room, too. */
  readonly isAlso?: boolean;
}

export type CommandOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "text" }
  | { readonly kind: "invalid"; readonly message: string };

/** Restores a refused command to the composer if the composer is empty. */
export function runSlashCommand(
  page: PageValue,
  context: CommandContext,
  text: string,
  draft: ComposerDraft,
): CommandOutcome {
  const { texts, chat } = page;
  const { target, thread, isAlso } = context;
  const line = slashLine(text);
  if (line === undefined) return { kind: "text" };
  if (line.kind === "message") {
    chat.actions.send(target, { ...draft, text: line.text }, thread, isAlso);
    return { kind: "done" };
  }
  if (line.kind === "room-message") {
    chat.actions.send(chat.actions.lastRoom, { text: line.text });
    return { kind: "done" };
  }
  if (line.kind === "unknown") {
    return { kind: "invalid", message: texts.commandUnknown(cleanText(line.word)) };
  }
  if (line.kind === "misused") {
    const usage = texts.commandUsage(line.usage);
    const summary = commandSummary(line.name, texts);
    return { kind: "invalid", message: summary === "" ? usage : `${usage}: ${summary}` };
  }
  const { command, order } = line;
  if (isMissing(page, target, command, order)) {
    const isOwn = command.defaultAuthor === "own";
    return { kind: "invalid", message: isOwn ? texts.noOwnMessage : texts.noOthersMessage };
  }
  const host = new PageHost(page, context, draft);
  command
    .run(order, chat, host)
    .finally(() => host.end())
    .then((answer) => {
      host.showAnswer(answer);
      if (command === COMMANDS["vote"]) {
        const { choices } = order as { readonly choices: readonly number[] };
        page.notify(choices.length > 0 ? texts.voteCounted : texts.voteWithdrawn);
      }
    })
    .catch((error: unknown) => {
      page.fail(error);
      const key = draftKey(target, thread);
      if (!chat.model.drafts.has(key)) chat.actions.setDraft(key, draft);
    });
  return { kind: "done" };
}

function isMissing(
  { chat }: PageValue,
  target: string,
  { defaultAuthor: about }: Command,
  order: unknown,
) {
  const isGiven = (order as { readonly seq?: number }).seq !== undefined;
  if (about === undefined || isGiven) return false;
  const isOwn = about === "own";
  const searched = isOwn ? postTarget(chat.model, target) : target;
  if (isOwn && isPostPending(chat.model, searched)) return false;
  return lastMessage(roomOf(chat.model, searched), isOwn) === undefined;
}

const NOTICES: Readonly<
  Record<string, (json: NonNullable<CommandAnswer["json"]>, texts: Texts) => string | undefined>
> = {
  banned: (_, texts) => texts.userBanned,
  dnd: ({ on }, texts) => (on === true ? texts.dnd : texts.changeSaved),
  save: ({ on }, texts) => (on === true ? texts.messageSaved : texts.messageUnsaved),
  follow: ({ on }, texts) => (on === true ? texts.threadFollowed : texts.threadUnfollowed),
  ignoring: ({ user }, texts) => texts.ignoredHere(cleanText(String(user))),
  unignored: ({ user }, texts) => texts.ignoredNoMore(cleanText(String(user))),
  keywords: ({ words }, texts) =>
    Array.isArray(words) && words.length > 0
      ? `${texts.keywords}: ${cleanText(words.join(", "))}`
      : texts.noKeywords,
  "put-in": (json, texts) => texts.putIn(json as unknown as PutInCounts),
  reminded: ({ users }, texts) => texts.reminded(Array.isArray(users) ? users.length : 0),
  status: (_, texts) => texts.changeSaved,
  "display-name": (_, texts) => texts.changeSaved,
  sort: (_, texts) => texts.changeSaved,
  quiet: (_, texts) => texts.changeSaved,
  cleared: (_, texts) => texts.cleared,
  joined: ({ unlocked, assignment }, texts) => {
    if (unlocked === true) return texts.noRoomPassword;
    return assignment === true ? texts.existingAssignment : undefined;
  },
  whois: (json, texts) => accountInfoText(json as unknown as AccountFacts, texts),
  "let-in": ({ missing }, texts) =>
    missing === 0 ? undefined : texts.devicesPending(Number(missing)),
};

class PageHost implements Host {
  readonly undoesRead = true;
  readonly #open: string | undefined;
  #hasTyped = false;
  readonly end: () => void;

  constructor(
    private readonly page: PageValue,
    private readonly context: CommandContext,
    private readonly draft: ComposerDraft,
  ) {
    this.#open = page.chat.model.open;
    const onInput = () => {
      this.#hasTyped = true;
    };
    this.end = listen(globalThis.document, "input", onInput, { capture: true });
  }

  /** Whether the user has typed or opened something since the command. */
  get #isElsewhere(): boolean {
    const { open } = this.page.chat.model;
    // While the page starts, it opens the place in which the command was typed.
    const hasOpened = open !== this.#open && open !== this.context.target;
    return this.#hasTyped || hasOpened;
  }

  /** An answer that comes late does not move the user. */
  #follow(target: string): void {
    const { notify, texts, chat } = this.page;
    if (!this.#isElsewhere) return this.context.open(target);
    if (chat.model.open !== target) notify(texts.readyToOpen(targetTitle(chat.model, target)));
  }

  get current(): string {
    return this.context.target;
  }

  get thread(): number | undefined {
    return this.context.thread;
  }

  get times(): TimeContext {
    return timesNow();
  }

  unixMs(): number {
    return Date.now();
  }

  async post(body: PostBody, target = this.current): Promise<void> {
    const { re } = this.draft;
    const isHere = target === this.current;
    const sent = re === undefined || !isHere ? body : { re, ...body };
    const { thread, isAlso } = isHere ? this.context : {};
    sendAfterQuestion(this.page, target, sent, () => {
      this.page.chat.actions.sendBody(target, sent, thread, isAlso);
      if (!isHere) this.context.open(target);
    });
  }

  sent(): Promise<void> {
    return this.page.chat.actions.sent(this.current);
  }

  async erase(seq: number): Promise<undefined> {
    confirm(
      this.page,
      deleteQuestion(this.page, () => this.page.chat.actions.erase(seq)),
    );
  }

  async eraseFile(file: FileOfItem): Promise<undefined> {
    confirm(this.page, deleteFileQuestion(this.page, file));
  }

  async confirmDeparture(room: string): Promise<false> {
    confirm(this.page, leaveQuestion(this.page, room, true));
    return false;
  }

  async confirmPutIn(plan: PutInPlan): Promise<false> {
    confirm(this.page, putInQuestion(this.page, plan));
    return false;
  }

  async join({
    room,
    password,
    sealed = false,
    history,
    assignment,
    mayCreate,
  }: JoinArgs): Promise<WireAnswer<"join"> | undefined> {
    const { openDialog, chat } = this.page;
    const onOpen = this.context.open;
    try {
      const options = password === undefined ? { sealed } : { password };
      return await chat.actions.enter(defined({ room, ...options, assignment }));
    } catch (error) {
      const code = error instanceof Fault ? error.code : undefined;
      // A dialog would take the letters that are being typed.
      if (this.#isElsewhere) throw error;
      const isAssignment = assignment === true;
      const options = { room, password: password ?? "", onOpen, isAssignment };
      if (code === "room-password-wrong") {
        openDialog(JoinDialog, { ...options, isLocked: true });
      } else if (code === "room-unknown" && mayCreate !== false) {
        openDialog(CreateRoomDialog, {
          ...options,
          isSealed: sealed,
          hasHistory: history === true,
        });
      } else throw error;
      return undefined;
    }
  }

  noteRoom(room: string): void {
    this.page.notify(this.page.texts.appliesTo(room));
  }

  hideJoins(on: boolean): void {
    this.page.change({ hideJoins: on });
  }

  async show(view: View): Promise<undefined> {
    const viewer = VIEWERS[view.kind] as Viewer<View["kind"]>;
    await viewer(view, this.page, this.context);
  }

  showAnswer(answer: CommandAnswer | undefined): void {
    const { json, roomToOpen } = answer ?? {};
    if (roomToOpen !== undefined) this.#follow(roomToOpen);
    if (json?.kind === "poll-results" && !this.#isElsewhere)
      this.context.jump(this.current, Number(json["seq"]));
    const notice = json && NOTICES[json.kind]?.(json, this.page.texts);
    if (notice !== undefined) this.page.notify(notice);
  }
}

type Viewer<Kind extends keyof Views> = (
  view: Views[Kind],
  page: PageValue,
  context: CommandContext,
) => void | Promise<void>;

/** @throws {Fault} not-member, for example after the last room was left */
function lastRoom({ chat, notify, texts }: PageValue, { target }: CommandContext): RoomState {
  const name = chat.actions.lastRoom;
  const room = roomOf(chat.model, name);
  if (room === undefined) throw new Fault("not-member", "no room is open");
  if (target.startsWith("@")) notify(texts.appliesTo(name));
  return room;
}

const VIEWERS: { readonly [Kind in keyof Views]: Viewer<Kind> } = {
  who: (_, _page, { people }) => people(),
  list: (_, _page, { find }) => find({ group: "people" }),
  rooms: (_, _page, { find }) => find({ group: "rooms" }),
  saved: (_, { openDialog }, { jump }) => openDialog(SavedDialog, { onJump: jump }),
  threads: (_, { openDialog }, { jump }) => openDialog(ThreadsDialog, { onJump: jump }),
  ignored: (_, { openDialog }) => openDialog(IgnoredDialog),
  pins(_, { chat, openDialog }) {
    const room = openRoom(chat.model);
    if (room === undefined) throw new Fault("not-found", "no messages yet");
    openDialog(PinsDialog, { room });
  },
  files: (_, _page, { target, find }) => find({ target, group: "files" }),
  topic(_, page, context) {
    const { chat, openDialog, notify, texts } = page;
    const room = lastRoom(page, context);
    checkNotSealed(room);
    if (canSetTopic(chat.model, room, Date.now())) return openDialog(ProfileDialog, { room });
    notify(room.topic === "" ? texts.noTopic : cleanText(room.topic));
  },
  rules(_, page, context) {
    page.openDialog(RulesDialog, { target: lastRoom(page, context).target });
  },
  async handed(_, { chat }, { target, handed }) {
    const room = boxNames(target)?.room ?? chat.actions.lastRoom;
    await chat.actions.handed(room);
    handed(room);
  },
  passwd: (_, { openDialog }) => openDialog(SettingsDialog, { changesPassword: true }),
  "irc-password": (_, { openDialog }) => openDialog(IrcPasswordsDialog),
  set: (_, { openDialog }) => openDialog(SettingsDialog),
  logout: (_, page) => signOutHere(page),
  quit: (_, { openDialog }) => openDialog(LogoutDialog),
  help: ({ input }, page) =>
    helpOf(page).open(input === "" ? {} : { tab: "experts", topic: input }),
  invite: (_, { openDialog }) => openDialog(InviteDialog),
  search: ({ query }, _page, { find }) => find({ text: query?.input ?? "", group: "messages" }),
  thread: ({ seq }, { chat }) => chat.actions.openThread(seq),
  clear: () => {},
  send(_view, _page, { thread }) {
    const side = thread === undefined ? "main" : ".thread";
    document.querySelector<HTMLElement>(`${side} .composer input[type=file]`)?.click();
  },
  seal({ user, isConfirmed }, page, { target }) {
    const to = user === undefined ? target : `@${user}`;
    const { actions, model } = page.chat;
    const isHere = () => page.chat.model.open === model.open;
    return isConfirmed ? actions.seal(to, isHere) : confirmSeal(page, to);
  },
  sealed: (_, { openDialog }, { target }) => openDialog(SealedDialog, { target }),
  verify: ({ user }, { openDialog }) => openDialog(SafetyDialog, { user }),
  jump({ to }, { chat, fail }, { target, jump }) {
    if (typeof to === "number") return jump(target, to);
    const unixMs = parseTime(to, timesNow());
    const { open } = chat.model;
    const jumpHere = (to: string, seq: number) => {
      if (chat.model.open === open) jump(to, seq);
    };
    chat.actions.jumpToTime(target, unixMs, jumpHere).catch(fail);
  },
  async notify({ level, target }, { chat, notify, texts }) {
    if (level === "on" || level === "off")
      await chat.actions.notify(target, level === "off" ? "nothing" : level);
    notify(texts.changeSaved);
  },
};
