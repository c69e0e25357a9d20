import { unreachable } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { isName } from "../../base/names.ts";
import { cleanText } from "../../base/text.ts";
import { openRoom } from "../../core/model-select.ts";
import type { Draft } from "../../core/model-state.ts";
import { type SlashOrder, slashOrder } from "../slash.ts";
import {
  helpDialog,
  inviteDialog,
  JoinDialog,
  logoutDialog,
  RoomsDialog,
  settingsDialog,
} from "./later.tsx";
import type { PageValue } from "./page-context.tsx";
import type { Missing } from "./room-dialogs.tsx";

export interface OrderPlace {
  readonly target: string;
  readonly open: (target: string) => void;
  readonly search: (text: string) => void;
}

type Moderating = Extract<SlashOrder, { user: string; on: boolean }>;

/** @returns false: it was no order, and is to be sent as it stands */
export function obey(page: PageValue, place: OrderPlace, text: string, draft: Draft): boolean {
  const order = slashOrder(text);
  if (order === undefined) return false;
  const done = perform(page, place, order, draft);
  done?.catch(page.fail);
  return true;
}

function perform(
  page: PageValue,
  { target, open, search }: OrderPlace,
  order: SlashOrder,
  draft: Draft,
): Promise<unknown> | undefined {
  const { chat, texts, show, fail } = page;
  switch (order.kind) {
    case "say":
      return void chat.send(target, { ...draft, text: order.text });
    case "msg":
      if (!isName(order.user))
        return Promise.reject(misused(texts.commandMisused("/msg NAME TEXT")));
      if (order.text !== "") chat.send(`@${order.user}`, { text: order.text });
      return void open(`@${order.user}`);
    case "join":
      return join(page, order, open);
    case "leave":
      return chat.leave(target);
    case "topic":
      return chat.setTopic(target, order.text);
    case "search":
      return void search(order.text);
    case "ignore":
    case "kick":
    case "mute":
    case "grant":
      return moderate(page, target, order);
    case "invite":
      return void show(inviteDialog);
    case "rooms":
      return void show((close) => <RoomsDialog onClose={close} onOpen={open} />);
    case "passwd":
      return void show(settingsDialog);
    case "logout":
      return void show(logoutDialog);
    case "help":
      return void show(helpDialog);
    case "unknown":
      return void fail(misused(texts.commandUnknown(cleanText(order.word))));
    case "misused":
      return void fail(misused(texts.commandMisused(order.usage)));
    default:
      return unreachable(order);
  }
}

function misused(sentence: string): Fault {
  return new Fault("usage", sentence.replace(/\.$/, ""), { remedy: "/help" });
}

const MISSING: ReadonlyMap<string, Missing> = new Map([
  ["room-unknown", "room"],
  ["room-password-wrong", "password"],
]);

async function join(
  page: PageValue,
  { room, password }: Extract<SlashOrder, { kind: "join" }>,
  open: (target: string) => void,
): Promise<void> {
  try {
    open(await page.chat.join(room, password === undefined ? {} : { password }));
  } catch (error) {
    const missing = error instanceof Fault ? MISSING.get(error.code) : undefined;
    if (missing === undefined) throw error;
    page.show((close) => (
      <JoinDialog onClose={close} onOpen={open} room={room} missing={missing} />
    ));
  }
}

function moderate({ chat }: PageValue, target: string, order: Moderating): Promise<unknown> {
  const { kind, user, on } = order;
  const room = openRoom(chat.model)?.name ?? target;
  switch (kind) {
    case "ignore":
      return chat.ignore(user, on);
    case "kick":
      return chat.request("kick", { room, user });
    case "mute":
      return chat.request("mute", { room, user, on });
    default:
      return chat.request("grant", { room, user, on });
  }
}
