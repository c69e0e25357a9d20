/** Actions on a message: its context and its menu items. */

import { cleanText } from "../../../base/text.ts";
import { canPin, openRoom } from "../../../core/model/selectors.ts";
import type { Item } from "../../../core/model/state.ts";
import { inviteAddresses } from "../../input/invite-addresses.ts";
import { formatRoute, serverTag } from "../../input/route.ts";
import { pickEmoji } from "../emoji/button.tsx";
import { copy } from "../shell/clipboard.ts";
import type { PageValue } from "../shell/context.tsx";
import { confirmItem, deleteQuestion } from "../shell/dialog.tsx";
import type { MenuItem } from "../shell/menu.tsx";
import type { Unfolded } from "../text/fold.tsx";
import { PersonCard } from "./person-card.tsx";

export const THUMB = "👍";
export const QUICK_SIGNS = ["👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "✅"] as const;

export interface MessageActions {
  readonly me: string | undefined;
  readonly target: string;
  readonly moderates: boolean;
  readonly unfolded: Unfolded;
  readonly receiptSeq: number | undefined;
  readonly reply: (item: Item) => void;
  readonly edit: (item: Item) => void;
  readonly react: (item: Item, sign: string) => void;
  readonly goTo: (seq: number) => void;
}

export function messageItems(page: PageValue, item: Item, actions: MessageActions): MenuItem[] {
  const { texts, notify, fail, chat } = page;
  const isText = item.kind === "text" || item.kind === "action";
  const items: MenuItem[] = [
    {
      label: texts.addReaction,
      icon: "smile",
      onChoose: () =>
        pickEmoji(page, { title: texts.react, onChoose: (sign) => actions.react(item, sign) }),
    },
    { label: texts.reply, icon: "reply", onChoose: () => actions.reply(item) },
  ];
  if (isText || item.text !== "") {
    items.push({ label: texts.copyText, icon: "copy", onChoose: () => copy(page, item.text) });
  }
  const [address] = inviteAddresses(location, chat.addresses, chat.isLocal);
  // The address of a `chat web` page works only on this computer.
  if (address !== undefined && !(chat.isLocal && address.isLoopback)) {
    const server = serverTag(chat.model.server?.fingerprint ?? "");
    const route = formatRoute({ target: actions.target, seq: item.seq, server });
    items.push({
      label: texts.copyLink,
      icon: "link",
      onChoose: () => copy(page, `${address.origin}/${route}`),
    });
  }
  const { from: user } = item;
  if (user !== undefined && item.imported === undefined) {
    items.push({
      label: texts.showProfile(cleanText(user)),
      icon: "people",
      onChoose: () => page.openDialog(PersonCard, { user }),
    });
  }
  const room = openRoom(chat.model);
  if (room !== undefined && chat.model.prefs !== undefined) {
    const isSaved = chat.model.saved.has(item.seq);
    items.push(
      {
        label: isSaved ? texts.unsaveMessage : texts.saveMessage,
        icon: "bookmark",
        onChoose: () => {
          chat.store.reportFailure(chat.actions.save(room.id, item.seq, !isSaved));
          notify(isSaved ? texts.messageUnsaved : texts.messageSaved);
        },
      },
      {
        label: texts.markUnread,
        icon: "unread",
        onChoose: () => chat.actions.markUnread(actions.target, item.n),
      },
    );
  }
  if (item.isMine && (isText || item.file !== undefined)) {
    const ofFile = item.text === "" ? texts.addCaption : texts.editCaption;
    const label = isText ? texts.edit : ofFile;
    items.push({ label, icon: "edit", onChoose: () => actions.edit(item) });
  }
  if (room !== undefined && canPin(chat.model, room)) {
    const isPinned = room.pins.includes(item.seq);
    items.push({
      label: isPinned ? texts.unpin : texts.pin,
      icon: "pin",
      onChoose: () => void chat.actions.pin(item.seq, !isPinned).catch(fail),
    });
  }
  if (item.isMine || actions.moderates) {
    const question = deleteQuestion(page, () => chat.actions.erase(item.seq));
    items.push({ ...confirmItem(page, question), icon: "erase" });
  }
  return items;
}
