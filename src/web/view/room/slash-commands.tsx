import { unreachable } from "../../../base/assert.ts";
import { Fault } from "../../../base/fault.ts";
import { cleanText } from "../../../base/text.ts";
import { isSame } from "../../../core/model/item.ts";
import {
  isUnderWay,
  itemHere,
  lastWords,
  openRoom,
  roomOf,
} from "../../../core/model/selectors.ts";
import type { Draft } from "../../../core/model/state.ts";
import type { AllTexts } from "../../../ui/messages/en/parts.ts";
import { PageFault } from "../../../ui/text/page-fault.ts";
import { checkPerson } from "../../driver/people.ts";
import { type SlashCommand, slashCommand } from "../../input/slash.ts";
import type { PageValue } from "../shell/context.tsx";
import { confirm, confirmSeal } from "../shell/dialog.tsx";
import {
  CreateRoomDialog,
  helpDialog,
  ignoredDialog,
  inviteDialog,
  JoinDialog,
  logoutDialog,
  PinsDialog,
  RoomsDialog,
  SafetyDialog,
  SealedDialog,
  Switcher,
  savedDialog,
  settingsDialog,
  TopicDialog,
} from "../shell/lazy.tsx";

export interface CommandContext {
  readonly target: string;
  readonly open: (target: string) => void;
  readonly search: (text: string) => void;
  readonly jump: (target: string, seq: number) => void;
  /** Shows who is in the room. */
  readonly people: () => void;
}

type ValidCommand = Exclude<SlashCommand, { kind: "unknown" | "misused" }>;
type Moderating = Extract<SlashCommand, { kind: "ignore" | "kick" | "mute" | "grant" | "ban" }>;
type About = Extract<SlashCommand, { seq: number | undefined } | { kind: "edit" }>;

export type CommandOutcome =
  | { readonly kind: "done" }
  /** It is no command: to be sent as it is. */
  | { readonly kind: "text" }
  /** It cannot be run as it is written: it stays in the composer, beside this sentence. */
  | { readonly kind: "invalid"; readonly sentence: string };

/** A command that the server refuses is put back into the composer, if that is empty. */
export function runSlashCommand(
  page: PageValue,
  context: CommandContext,
  text: string,
  draft: Draft,
): CommandOutcome {
  const { texts, chat } = page;
  const command = slashCommand(text);
  if (command === undefined) return { kind: "text" };
  if (command.kind === "unknown") {
    return { kind: "invalid", sentence: texts.commandUnknown(cleanText(command.word)) };
  }
  if (command.kind === "misused") {
    // What it does is known once the parts are here.
    const known: Partial<AllTexts> = { ...page.lazy.parts?.texts, ...texts };
    const summary = known[command.summary];
    const usage = texts.commandMisused(command.usage);
    return { kind: "invalid", sentence: summary === undefined ? usage : `${usage}: ${summary}` };
  }
  const { target } = context;
  const isLater = isAbout(command) && isOwn(command) && isUnderWay(chat.model, target);
  if (isAbout(command) && !isLater && messageMeant(page, target, command) === undefined) {
    return { kind: "invalid", sentence: texts.messageGone };
  }
  const done = isAbout(command)
    ? performOn(page, context, command)
    : perform(page, context, command, draft);
  done?.catch((error: unknown) => {
    page.fail(error);
    if (!chat.model.drafts.has(context.target)) chat.setDraft(context.target, draft);
  });
  return { kind: "done" };
}

function isAbout(command: ValidCommand): command is About {
  return "seq" in command || command.kind === "edit";
}

/** As in the terminal: one's own last message to change or erase it, else that of another user. */
function messageMeant({ chat }: PageValue, target: string, command: About): number | undefined {
  if (command.kind !== "edit" && command.seq !== undefined) return command.seq;
  return lastWords(roomOf(chat.model, target), isOwn(command))?.seq;
}

function isOwn({ kind }: About): boolean {
  return kind === "edit" || kind === "erase";
}

/** What is still under way is the last one: it has no number yet. */
function allSaid({ chat }: PageValue, target: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const isLater = isUnderWay(chat.model, target);
      if (isLater && chat.model.connection.kind === "online") return;
      stop();
      if (isLater) reject(new Fault("link-closed", "there is no connection now"));
      else resolve();
    };
    const stop = chat.subscribe(look);
    look();
  });
}

async function performOn(
  page: PageValue,
  { target }: CommandContext,
  command: About,
): Promise<unknown> {
  const { chat, texts } = page;
  if (isOwn(command)) await allSaid(page, target);
  const seq = messageMeant(page, target, command);
  if (seq === undefined) throw new PageFault("not-found", "messageGone");
  const { saved } = chat.model;
  switch (command.kind) {
    case "reply":
      return void chat.send(target, { text: command.text, re: seq });
    case "edit": {
      // What was begun meanwhile stays.
      const begun = chat.model.drafts.get(target);
      chat.send(target, { text: command.text, edits: seq });
      return void chat.setDraft(target, begun);
    }
    case "react": {
      const { reactions = [] } = itemHere(chat.model, seq) ?? {};
      return void chat.react({ seq, reactions }, command.sign);
    }
    case "erase":
      return void confirm(page, {
        title: texts.eraseAsk,
        text: texts.eraseExplained,
        action: texts.erase,
        isDanger: true,
        onConfirm: () => chat.erase(seq),
      });
    case "pin":
      return chat.pin(seq, command.on);
    case "save": {
      const room = command.on ? roomOf(chat.model, target)?.id : saved.get(seq);
      if (room === undefined) throw new PageFault("not-found", "messageGone");
      return chat.request("save", { room, seq, on: command.on });
    }
    default:
      return unreachable(command);
  }
}

function perform(
  page: PageValue,
  { target, open, search, jump, people }: CommandContext,
  command: Exclude<ValidCommand, About>,
  draft: Draft,
): Promise<unknown> | undefined {
  const { chat, show, change } = page;
  const room = openRoom(chat.model);
  switch (command.kind) {
    case "say":
      return void chat.send(target, { ...draft, text: command.text });
    case "msg":
      if (command.to.startsWith("@")) return write(page, command, open);
      if (command.text !== "") chat.send(command.to, { text: command.text });
      return join(page, { room: command.to, password: undefined, sealed: false }, open);
    case "join":
      return join(page, command, open);
    case "leave":
      if (command.room === undefined && target.startsWith("@")) return leave(page, target);
      return chat.leave(command.room ?? target);
    case "topic": {
      if (room?.isSealed === true) {
        return Promise.reject(new PageFault("sealed-room", "topicInSealed"));
      }
      const isShown = command.text === "" && room?.kind === "room";
      if (!isShown) return chat.setTopic(target, command.text);
      return void show((close) => <TopicDialog room={room} onClose={close} />);
    }
    case "search":
      return void search(command.text);
    case "ignore":
    case "kick":
    case "mute":
    case "grant":
      return moderate(page, target, command);
    case "ban":
      return moderate(page, target, command).then(() => page.notify(page.texts.banMade));
    case "invite":
      return invite(page, command.user);
    case "seal":
      return void confirmSeal(page, command.user);
    case "quiet":
      return void change({ isQuiet: command.on });
    case "receipts":
      return chat.request("receipts", { target, on: command.on });
    case "notify": {
      const heard = command.target ?? target;
      if (chat.model.prefs === undefined || roomOf(chat.model, heard) === undefined) {
        return Promise.reject(new Fault("not-member", `you are not in ${heard}`));
      }
      return void chat.arrange(heard, { muted: command.on ? undefined : 0 });
    }
    case "verify":
      return void show((close) => <SafetyDialog user={command.user} onClose={close} />);
    case "who":
      return void people();
    case "files":
      chat.search({ text: "", target, files: true });
      return void search("");
    case "send":
      return void document.querySelector<HTMLElement>(".composer input[type=file]")?.click();
    case "pins":
      if (room === undefined) return undefined;
      return void show((close) => <PinsDialog room={room} onClose={close} />);
    case "list":
      return void show((close) => <Switcher isPeople onClose={close} onOpen={open} />);
    case "sealed":
      return void show((close) => <SealedDialog target={target} onClose={close} />);
    case "rooms":
      return void show((close) => <RoomsDialog onClose={close} onOpen={open} />);
    case "saved":
      return void show(savedDialog(jump));
    case "ignored":
      return void show(ignoredDialog);
    case "set":
    case "passwd":
      return void show(settingsDialog);
    case "logout":
      return void show(logoutDialog);
    case "help":
      return void show(helpDialog);
    default:
      return unreachable(command);
  }
}

/** Opens a conversation; offline without knowing whether the person exists. */
async function write(
  { chat }: PageValue,
  { to, text }: Extract<SlashCommand, { kind: "msg" }>,
  open: (target: string) => void,
): Promise<void> {
  const isAsked = roomOf(chat.model, to) === undefined && chat.model.connection.kind === "online";
  if (isAsked) await checkPerson(chat, to);
  if (text !== "") chat.send(to, { text });
  open(to);
}

/** A conversation cannot be left: it goes from the list until something is said in it. */
async function leave(page: PageValue, target: string): Promise<void> {
  const { chat } = page;
  // What comes behind would bring it back.
  await allSaid(page, target).catch(() => undefined);
  if (roomOf(chat.model, target) !== undefined) return chat.hide(target);
  if (isSame(chat.model.open, target)) chat.open(undefined);
}

/** Into the sealed room that is open; elsewhere by an address. */
async function invite(page: PageValue, user: string | undefined): Promise<void> {
  const { chat, texts, show, notify } = page;
  const room = openRoom(chat.model);
  if (user === undefined || room?.isSealed !== true) return void show(inviteDialog);
  const { missing } = await (await chat.sealedRooms()).invite(room, user);
  if (missing > 0) notify(texts.notYetIn(missing));
}

async function join(
  page: PageValue,
  { room, password, sealed }: Omit<Extract<SlashCommand, { kind: "join" }>, "kind">,
  open: (target: string) => void,
): Promise<void> {
  try {
    open(await page.chat.join(room, password === undefined ? { sealed } : { password }));
  } catch (error) {
    const code = error instanceof Fault ? error.code : undefined;
    const given = { room, password: password ?? "" };
    if (code === "room-password-wrong") {
      page.show((close) => <JoinDialog {...given} isLocked onClose={close} onOpen={open} />);
    } else if (code === "room-unknown") {
      const wanted = { ...given, isSealed: sealed };
      page.show((close) => <CreateRoomDialog {...wanted} onClose={close} onOpen={open} />);
    } else throw error;
  }
}

function moderate({ chat }: PageValue, target: string, command: Moderating): Promise<unknown> {
  const room = openRoom(chat.model)?.name ?? target;
  switch (command.kind) {
    case "ignore":
      return chat.ignore(command.user, command.on);
    case "kick":
      return chat.kick(room, command.user);
    case "mute": {
      const { user, on } = command;
      return chat.request("mute", { room, user, on, ...untilOf(command) });
    }
    case "ban": {
      const { whom, reason } = command;
      const why = reason === undefined ? {} : { reason };
      return chat.request("ban", { ...whom, ...why, ...untilOf(command), on: true });
    }
    default:
      return chat.grant(room, command.user, command.on);
  }
}

function untilOf({ forMs }: { readonly forMs?: number }): { readonly until?: number } {
  return forMs === undefined ? {} : { until: Date.now() + forMs };
}
