/** Runner for the composer's slash commands. */

import { Fault } from "../../../base/fault.ts";
import { cleanText } from "../../../base/text.ts";
import { isSameName } from "../../../core/model/item.ts";
import {
  findItem,
  isPostPending,
  lastMessage,
  openRoom,
  roomOf,
} from "../../../core/model/selectors.ts";
import type { Draft } from "../../../core/model/state.ts";
import type {
  Answer,
  Command,
  Host,
  JoinArgs,
  MessageAuthor,
  View,
  Views,
} from "../../../ui/command.ts";
import { type AccountFacts, accountInfoText, topic } from "../../../ui/commands.ts";
import type { Texts } from "../../../ui/messages/en/first.ts";
import { PageFault } from "../../../ui/text/page-fault.ts";
import type { PostBody, Answer as WireAnswer } from "../../../wire/messages.ts";
import { commandSummary, slashLine } from "../../input/slash.ts";
import type { PageValue } from "../shell/context.tsx";
import { confirm, confirmSeal, deleteQuestion } from "../shell/dialog.tsx";

export interface CommandContext {
  readonly target: string;
  readonly open: (target: string) => void;
  readonly search: (text: string) => void;
  readonly jump: (target: string, seq: number) => void;
  readonly people: () => void;
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
  draft: Draft,
): CommandOutcome {
  const { texts, chat } = page;
  const { target } = context;
  const line = slashLine(text);
  if (line === undefined) return { kind: "text" };
  if (line.kind === "message") {
    chat.send(target, { ...draft, text: line.text });
    return { kind: "done" };
  }
  if (line.kind === "unknown") {
    return { kind: "invalid", message: texts.commandUnknown(cleanText(line.word)) };
  }
  if (line.kind === "misused") {
    const usage = texts.commandUsage(line.usage);
    const summary = commandSummary(line.name, { ...page.lazy.module?.texts, ...texts });
    return { kind: "invalid", message: summary === "" ? usage : `${usage}: ${summary}` };
  }
  const { command, order } = line;
  if (isMissing(page, target, command, order)) {
    return { kind: "invalid", message: texts.messageNotFound };
  }
  const host = new PageHost(page, context, draft);
  command
    .run(order, chat, host)
    .then((answer) => host.showAnswer(answer))
    .catch((error: unknown) => {
      page.fail(command === topic ? topicFault(error) : error);
      if (!chat.model.drafts.has(target)) chat.setDraft(target, draft);
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
  if (isOwn && isPostPending(chat.model, target)) return false;
  return lastMessage(roomOf(chat.model, target), isOwn) === undefined;
}

function topicFault(error: unknown): unknown {
  const isSealed = error instanceof Fault && error.code === "sealed-room";
  return isSealed ? new PageFault("sealed-room", "topicInSealed") : error;
}

const NOTICES: Readonly<
  Record<string, (json: NonNullable<Answer["json"]>, texts: Texts) => string | undefined>
> = {
  banned: (_, texts) => texts.userBanned,
  whois: (json, texts) => accountInfoText(json as unknown as AccountFacts, texts),
  "let-in": ({ missing }, texts) =>
    missing === 0 ? undefined : texts.devicesPending(Number(missing)),
};

class PageHost implements Host {
  readonly #page: PageValue;
  readonly #context: CommandContext;
  readonly #draft: Draft;

  constructor(page: PageValue, context: CommandContext, draft: Draft) {
    this.#page = page;
    this.#context = context;
    this.#draft = draft;
  }

  get current(): string {
    return this.#context.target;
  }

  get room(): string {
    const { target } = this.#context;
    const room = openRoom(this.#page.chat.model);
    if (target.startsWith("@")) throw new Fault("room-unknown", "a conversation is open");
    return room?.name ?? target;
  }

  unixMs(): number {
    return Date.now();
  }

  async post(body: PostBody): Promise<void> {
    const { re } = this.#draft;
    this.#page.chat.sendBody(this.current, re === undefined ? body : { re, ...body });
  }

  async react(seq: number, sign: string): Promise<void> {
    const { chat } = this.#page;
    const { reactions = [] } = findItem(chat.model, seq) ?? {};
    chat.react({ seq, reactions }, sign);
  }

  async edit(seq: number, text: string): Promise<undefined> {
    const { chat } = this.#page;
    const draft = chat.model.drafts.get(this.current);
    chat.send(this.current, { text, edits: seq });
    chat.setDraft(this.current, draft);
  }

  async erase(seq: number): Promise<undefined> {
    confirm(
      this.#page,
      deleteQuestion(this.#page, () => this.#page.chat.erase(seq)),
    );
  }

  async resolveSeq(seq: number | undefined, author: MessageAuthor): Promise<number> {
    const isOwn = author === "own";
    if (isOwn) await this.#sent();
    const resolved = seq ?? lastMessage(roomOf(this.#page.chat.model, this.current), isOwn)?.seq;
    if (resolved === undefined) throw new PageFault("not-found", "messageNotFound");
    return resolved;
  }

  /**
   * Waits until all messages are sent and numbered.
   * @throws {Fault} link-closed
   */
  #sent(): Promise<void> {
    const { chat } = this.#page;
    return new Promise((resolve, reject) => {
      const check = () => {
        const isPending = isPostPending(chat.model, this.current);
        if (isPending && chat.model.connection.kind === "online") return;
        stop();
        if (isPending) reject(new Fault("link-closed", "there is no connection now"));
        else resolve();
      };
      const stop = chat.subscribe(check);
      check();
    });
  }

  async join({ room, password, sealed }: JoinArgs): Promise<WireAnswer<"join"> | undefined> {
    const { openDialog, chat } = this.#page;
    const onOpen = this.#context.open;
    try {
      const options = password === undefined ? { sealed } : { password };
      return await chat.request("join", { room, ...options });
    } catch (error) {
      const code = error instanceof Fault ? error.code : undefined;
      const options = { room, password: password ?? "", onOpen };
      if (code === "room-password-wrong") {
        openDialog("Join", { ...options, isLocked: true });
      } else if (code === "room-unknown") {
        openDialog("CreateRoom", { ...options, isSealed: sealed });
      } else throw error;
      return undefined;
    }
  }

  /** Hides the conversation until its next message, because users cannot leave a conversation. */
  async leaveConversation(): Promise<undefined> {
    const { chat } = this.#page;
    // Waits first, because queued messages would make the conversation visible again.
    await this.#sent().catch(() => undefined);
    if (roomOf(chat.model, this.current) !== undefined) chat.hide(this.current);
    else if (isSameName(chat.model.open, this.current)) chat.open(undefined);
  }

  hideJoins(on: boolean): void {
    this.#page.change({ isQuiet: on });
  }

  async roomOfSaved(seq: number, isSaved: boolean): Promise<string> {
    const { model } = this.#page.chat;
    const room = isSaved ? model.saved.get(seq) : roomOf(model, this.current)?.id;
    if (room === undefined) throw new PageFault("not-found", "messageNotFound");
    return room;
  }

  async show(view: View): Promise<undefined> {
    const viewer = VIEWERS[view.kind] as Viewer<View["kind"]>;
    await viewer(view, this.#page, this.#context, this);
  }

  showAnswer(answer: Answer | undefined): void {
    const { json, roomToOpen: enter } = answer ?? {};
    if (enter !== undefined) this.#context.open(enter);
    const notice = json && NOTICES[json.kind]?.(json, this.#page.texts);
    if (notice !== undefined) this.#page.notify(notice);
  }
}

type Viewer<Kind extends keyof Views> = (
  view: Views[Kind],
  page: PageValue,
  context: CommandContext,
  host: PageHost,
) => Promise<void> | void;

const VIEWERS: { readonly [Kind in keyof Views]: Viewer<Kind> } = {
  who: (_, _page, { people }) => people(),
  list: (_, { openDialog }, { open }) => openDialog("Switcher", { isPeople: true, onOpen: open }),
  rooms: (_, { openDialog }, { open }) => openDialog("Rooms", { onOpen: open }),
  saved: (_, { openDialog }, { jump }) => openDialog("Saved", { onJump: jump }),
  ignored: (_, { openDialog }) => openDialog("Ignored"),
  pins(_, { chat, openDialog }) {
    const room = openRoom(chat.model);
    if (room !== undefined) openDialog("Pins", { room });
  },
  files(_, { chat }, { target, search }) {
    chat.search({ text: "", target, files: true });
    search("");
  },
  topic(_, { chat, openDialog }) {
    const room = openRoom(chat.model);
    if (room?.kind !== "room") throw new Fault("room-unknown", "no room is open");
    if (room.isSealed) throw new PageFault("sealed-room", "topicInSealed");
    openDialog("Topic", { room });
  },
  passwd: (_, { openDialog }) => openDialog("Settings"),
  "irc-password": (_, { openDialog }) => openDialog("IrcPasswords"),
  set: (_, { openDialog }) => openDialog("Settings"),
  logout: (_, { openDialog }) => openDialog("Logout"),
  quit: (_, { openDialog }) => openDialog("Logout"),
  help: (_, { openDialog }) => openDialog("Help"),
  invite: (_, { openDialog }) => openDialog("Invite"),
  search: ({ text }, _page, { search }) => search(text),
  send: () => document.querySelector<HTMLElement>(".composer input[type=file]")?.click(),
  seal: ({ user }, page) => confirmSeal(page, user),
  sealed: (_, { openDialog }, { target }) => openDialog("Sealed", { target }),
  verify: ({ user }, { openDialog }) => openDialog("Safety", { user }),
  notify({ on, target }, { chat }, context) {
    const muted = target?.replace(/^#/, "") ?? context.target;
    if (chat.model.prefs === undefined || roomOf(chat.model, muted) === undefined) {
      throw new Fault("not-member", `you are not in ${muted}`);
    }
    chat.setPrefs(muted, { muted: on === true ? undefined : 0 });
  },
  /** While offline, opens the conversation without checking that the user exists. */
  async msg({ to, text }, { chat }, { open }, host) {
    const isPerson = to.startsWith("@");
    const isKnown = roomOf(chat.model, to) !== undefined;
    if (isPerson && !isKnown && chat.model.connection.kind === "online") {
      await chat.checkPerson(to);
    }
    if (text !== "") chat.send(to, { text });
    if (isPerson) return open(to);
    const joined = await host.join({ room: to, password: undefined, sealed: false });
    if (joined !== undefined) open(joined.name);
  },
};
