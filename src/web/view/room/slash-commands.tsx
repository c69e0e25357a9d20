import { unreachable } from "../../../base/assert.ts";
import { Fault } from "../../../base/fault.ts";
import { isName } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import { openRoom } from "../../../core/model/selectors.ts";
import type { Draft } from "../../../core/model/state.ts";
import { type SlashCommand, slashCommand } from "../../input/slash.ts";
import type { Texts } from "../../text/en.ts";
import type { PageValue } from "../shell/context.tsx";
import {
  helpDialog,
  inviteDialog,
  JoinDialog,
  logoutDialog,
  type Missing,
  RoomsDialog,
  SealedDialog,
  savedDialog,
  settingsDialog,
} from "../shell/lazy.tsx";

export interface CommandContext {
  readonly target: string;
  readonly open: (target: string) => void;
  readonly search: (text: string) => void;
  readonly jump: (target: string, seq: number) => void;
}

type ValidCommand = Exclude<SlashCommand, { kind: "unknown" | "misused" }>;
type Moderating = Extract<SlashCommand, { user: string; on: boolean }>;

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
  if (command.kind === "misused") return misused(command.usage, texts);
  if (command.kind === "msg" && !isName(command.user)) return misused("/msg NAME TEXT", texts);
  const done = perform(page, context, command, draft);
  done?.catch((error: unknown) => {
    page.fail(error);
    if (!chat.model.drafts.has(context.target)) chat.setDraft(context.target, draft);
  });
  return { kind: "done" };
}

function misused(usage: string, texts: Texts): CommandOutcome {
  return { kind: "invalid", sentence: texts.commandMisused(usage) };
}

function perform(
  page: PageValue,
  { target, open, search, jump }: CommandContext,
  command: ValidCommand,
  draft: Draft,
): Promise<unknown> | undefined {
  const { chat, show } = page;
  switch (command.kind) {
    case "say":
      return void chat.send(target, { ...draft, text: command.text });
    case "msg":
      if (command.text !== "") chat.send(`@${command.user}`, { text: command.text });
      return void open(`@${command.user}`);
    case "join":
      return join(page, command, open);
    case "leave":
      return chat.leave(target);
    case "topic":
      return chat.setTopic(target, command.text);
    case "search":
      return void search(command.text);
    case "ignore":
    case "kick":
    case "mute":
    case "grant":
      return moderate(page, target, command);
    case "invite":
      return invite(page, command.user);
    case "seal":
      return chat.seal(command.user);
    case "sealed":
      return void show((close) => <SealedDialog target={target} onClose={close} />);
    case "rooms":
      return void show((close) => <RoomsDialog onClose={close} onOpen={open} />);
    case "saved":
      return void show(savedDialog(jump));
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

const MISSING: ReadonlyMap<string, Missing> = new Map([
  ["room-unknown", "room"],
  ["room-password-wrong", "password"],
]);

/** Into the sealed room that is open; elsewhere by an address. */
async function invite(page: PageValue, user: string | undefined): Promise<void> {
  const { chat, texts, show, fail } = page;
  const room = openRoom(chat.model);
  if (user === undefined || room?.isSealed !== true) return void show(inviteDialog);
  const { missing } = await (await chat.sealedRooms()).invite(room, user);
  if (missing > 0) fail(texts.notYetIn(missing));
}

async function join(
  page: PageValue,
  { room, password, sealed }: Extract<SlashCommand, { kind: "join" }>,
  open: (target: string) => void,
): Promise<void> {
  try {
    open(await page.chat.join(room, password === undefined ? { sealed } : { password }));
  } catch (error) {
    const missing = error instanceof Fault ? MISSING.get(error.code) : undefined;
    if (missing === undefined) throw error;
    page.show((close) => (
      <JoinDialog onClose={close} onOpen={open} room={room} missing={missing} isSealed={sealed} />
    ));
  }
}

function moderate({ chat }: PageValue, target: string, command: Moderating): Promise<unknown> {
  const { kind, user, on } = command;
  const room = openRoom(chat.model)?.name ?? target;
  switch (kind) {
    case "ignore":
      return chat.ignore(user, on);
    case "kick":
      return chat.kick(room, user);
    case "mute":
      return chat.request("mute", { room, user, on });
    default:
      return chat.grant(room, user, on);
  }
}
