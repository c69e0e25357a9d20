/** Actions on a message: its context and its menu items. */

import { copiedText } from "../../../core/markup/plain.ts";
import { canPin, listsFiles, openRoom, type RoomRights } from "../../../core/model/selectors.ts";
import type { Item } from "../../../core/model/state.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { inviteAddresses } from "../../input/invite-addresses.ts";
import { formatRoute, serverTag } from "../../input/route.ts";
import { pickEmoji } from "../emoji/button.tsx";
import { copy } from "../shell/clipboard.ts";
import type { PageValue } from "../shell/context.tsx";
import { isTouch } from "../shell/context.tsx";
import { confirmItem, deleteQuestion } from "../shell/dialog.tsx";
import { type MenuItem, menuGroups, menuItem } from "../shell/menu.tsx";
import type { Unfolded } from "../text/fold.tsx";
import { PersonCard } from "./person-card.tsx";
import { ReactionsDialog, VotersDialog } from "./poll.tsx";
import { TextDialog } from "./text-dialog.tsx";

export const THUMB = "👍";
export const QUICK_SIGNS = ["👍", "✅", "😂", "👏", "🤔", "❤️"] as const;

export interface MessageActions {
  readonly me: string | undefined;
  readonly target: string;
  readonly moderates: boolean;
  readonly rights: RoomRights;
  readonly unfolded: Unfolded;
  readonly receiptSeq: number | undefined;
  readonly reply: (item: Item) => void;
  readonly edit: (item: Item) => void;
  readonly react: (item: Item, sign: string) => void;
  readonly goTo: (seq: number) => void;
  readonly openThread: (seq: number) => void;
}

/** Items in the order of their use: answers, the content, the people, changes. */
export function messageItems(page: PageValue, item: Item, actions: MessageActions): MenuItem[] {
  return menuGroups(
    answerItems(page, item, actions),
    [...copyItems(page, item, actions), ...markItems(page, item, actions)],
    personItems(page, item, actions),
    changeItems(page, item, actions),
  );
}

function answerItems({ texts }: PageValue, item: Item, actions: MessageActions): MenuItem[] {
  const { replies } = item;
  const open = menuItem(texts.openThread, () => actions.openThread(item.seq), "thread");
  return [
    ...(actions.rights.mayPost ? [menuItem(texts.reply, () => actions.reply(item), "reply")] : []),
    { ...open, note: replies && texts.replies(replies.count) },
  ];
}

/** Opens the list of all emoji. */
export function chooseReaction(page: PageValue, item: Item, actions: MessageActions): void {
  pickEmoji(page, { title: page.texts.react, onChoose: (sign) => actions.react(item, sign) });
}

function copyItems(page: PageValue, item: Item, actions: MessageActions): MenuItem[] {
  const { texts, chat, openDialog } = page;
  const items: MenuItem[] = [];
  if (isText(item) || item.text !== "") {
    items.push(menuItem(texts.copyText, () => copy(page, copiedText(item.text)), "copy"));
    // A long press opens the menu, so that a finger cannot select a part of the text.
    if (isTouch())
      items.push(
        menuItem(texts.selectText, () => openDialog(TextDialog, { text: item.text }), "copy"),
      );
  }
  const [address] = inviteAddresses(location, chat.addresses, chat.isLocal);
  // The address of a `chat web` page works only on this computer.
  if (address !== undefined && !(chat.isLocal && address.isLoopback)) {
    const server = serverTag(chat.model.server?.fingerprint ?? "");
    const route = formatRoute({ target: actions.target, seq: item.seq, server });
    items.push(menuItem(texts.copyLink, () => copy(page, `${address.origin}/${route}`), "link"));
  }
  return items;
}

function isText({ kind }: Item): boolean {
  return kind === "text" || kind === "action";
}

function markItems(
  { texts, notify, chat }: PageValue,
  item: Item,
  actions: MessageActions,
): MenuItem[] {
  const room = openRoom(chat.model);
  if (room === undefined || chat.model.prefs === undefined) return [];
  const isSaved = chat.model.saved.has(item.seq);
  const save = () => {
    chat.store.reportFailure(chat.actions.save(room.id, item.seq, !isSaved));
    notify(isSaved ? texts.messageUnsaved : texts.messageSaved);
  };
  const markUnread = () => chat.actions.markUnread(actions.target, item.n);
  return [
    menuItem(isSaved ? texts.unsaveMessage : texts.saveMessage, save, "bookmark"),
    menuItem(texts.markUnread, markUnread, "unread"),
  ];
}

function personItems(page: PageValue, item: Item, actions: MessageActions): MenuItem[] {
  const { texts, chat, fail, openDialog } = page;
  const { from: user, poll } = item;
  const items: MenuItem[] = [];
  if (user !== undefined && item.imported === undefined) {
    const showCard = () => openDialog(PersonCard, { user });
    items.push(menuItem(texts.showProfile(personText(chat.model, user)), showCard, "person"));
  }
  if (poll?.isClosed === false && (item.isMine || actions.moderates)) {
    const end = () => void chat.actions.endPoll(item.seq).catch(fail);
    items.push(menuItem(texts.closePoll, end, "check"));
  }
  if (poll?.anonymous === false && !poll.isHidden && poll.voters > 0) {
    const show = () => openDialog(VotersDialog, { seq: item.seq });
    items.push(menuItem(texts.showVotes, show, "people"));
  }
  if (item.reactions.length > 0) {
    const show = () => openDialog(ReactionsDialog, { seq: item.seq });
    items.push(menuItem(texts.showReactions, show, "people"));
  }
  return items;
}

function changeItems(page: PageValue, item: Item, actions: MessageActions): MenuItem[] {
  const { texts, fail, chat } = page;
  const items: MenuItem[] = [];
  const room = openRoom(chat.model);
  const isEditable = item.isMine && item.poll === undefined && actions.rights.mayPost;
  if (isEditable && (isText(item) || item.kind === "file")) {
    const ofFile = item.text === "" ? texts.addCaption : texts.editCaption;
    items.push(menuItem(listsFiles(item) ? ofFile : texts.edit, () => actions.edit(item), "edit"));
  }
  if (room !== undefined && canPin(chat.model, room)) {
    const isPinned = room.pins.includes(item.seq);
    const pin = () => void chat.actions.pin(item.seq, !isPinned).catch(fail);
    items.push(menuItem(isPinned ? texts.unpin : texts.pin, pin, "pin"));
  }
  if (item.isMine || actions.moderates) {
    const question = deleteQuestion(page, () => chat.actions.erase(item.seq));
    items.push({ ...confirmItem(page, question), icon: "erase" });
  }
  return items;
}
