/** The menu of a room or conversation. */

import { useEffect } from "react";
import { cleanText } from "../../../base/text.ts";
import { isSameName } from "../../../core/model/item.ts";
import { canPin, roomList, roomNotifyLevel, roomOf } from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { LOBBY } from "../../../core/rooms/rooms.ts";
import { targetText } from "../../../ui/text/target-text.ts";
import { ReceiptsDialog } from "../attention/readers.tsx";
import { Button } from "../shell/button.tsx";
import { type CloseProps, type PageValue, useModelValue, usePage } from "../shell/context.tsx";
import { confirm, confirmSeal, Dialog } from "../shell/dialog.tsx";
import { Menu, type MenuItem } from "../shell/menu.tsx";
import { RenameDialog } from "../shell/rename-dialog.tsx";
import { showsPictures, switchedPictures } from "../shell/settings.ts";
import { personItems } from "./members.tsx";
import { DateDialog, inviteTo, RoomDetailsDialog, TopicDialog } from "./room-dialogs.tsx";
import { SealedDialog } from "./sealed.tsx";

const HOUR_MS = 60 * 60_000;
const MUTE_HOURS = [1, 8, 72] as const;

interface RoomMenuProps extends CloseProps {
  readonly target: string;
  /** Shows the search panel. */
  readonly onSearch: () => void;
  readonly anchor: HTMLElement;
}

export function RoomMenu({ target, anchor, onSearch, onClose }: RoomMenuProps) {
  const page = usePage();
  const room = useModelValue((model) => roomOf(model, target));
  const isMissing = room === undefined;
  useEffect(() => {
    if (isMissing) onClose();
  }, [isMissing, onClose]);
  if (isMissing) return null;
  const label = page.texts.actionsFor(cleanText(target));
  return (
    <Menu label={label} items={roomItems(page, room, onSearch)} anchor={anchor} onClose={onClose} />
  );
}

function roomItems(page: PageValue, room: RoomState, onSearch: () => void): MenuItem[] {
  const { texts, chat, openDialog } = page;
  const isNamed = room.kind === "room";
  const own = isNamed ? namedItems(page, room) : conversationItems(page, room);
  const invite: MenuItem = {
    label: `${texts.invite}…`,
    icon: "invite",
    onChoose: () => inviteTo(page, room),
  };
  const details: MenuItem = {
    label: texts.roomDetails,
    icon: "list",
    onChoose: () => openDialog(RoomDetailsDialog, { target: room.target }),
  };
  const files: MenuItem = {
    label: texts.roomFiles,
    icon: "file",
    onChoose: () => {
      chat.actions.search({ text: "", target: room.target, files: true });
      onSearch();
    },
  };
  return [
    ...arrangingItems(page, room),
    ...(isNamed && !room.isClosed ? [invite] : []),
    ...(isNamed ? [details] : []),
    files,
    picturesItem(page, room),
    dateItem(page, room),
    ...receiptsItems(page, room),
    ...own,
  ];
}

function picturesItem({ texts, settings, change }: PageValue, { target }: RoomState): MenuItem {
  return {
    label: showsPictures(settings, target) ? texts.picturesHide : texts.picturesShow,
    icon: "picture",
    onChoose: () => change(switchedPictures(settings, target)),
  };
}

function dateItem({ texts, openDialog }: PageValue, { target }: RoomState): MenuItem {
  const onChoose = () => openDialog(DateDialog, { target });
  return { label: texts.goToDate, icon: "calendar", onChoose };
}

function receiptsItems({ texts, chat, openDialog }: PageValue, room: RoomState): MenuItem[] {
  if (!canPin(chat.model, room) || isSameName(room.name, chat.model.me)) return [];
  const onChoose = () => openDialog(ReceiptsDialog, { room });
  return [{ label: texts.receipts, icon: "people", onChoose }];
}

function arrangingItems(page: PageValue, room: RoomState): MenuItem[] {
  const { texts, chat, show } = page;
  const { target, kind } = room;
  const { prefs } = chat.model;
  if (prefs === undefined) return [];
  const { favourite } = prefs.get(room.id) ?? {};
  const { rooms, people } = roomList(chat.model);
  const line = [...rooms, ...people].find((entry) => entry.target === target);
  const items: MenuItem[] = [
    (line?.unread ?? 0) > 0
      ? { label: texts.markRead, icon: "check", onChoose: () => chat.actions.markRead(target) }
      : {
          label: texts.markUnread,
          icon: "unread",
          onChoose: () => chat.actions.markUnread(target),
        },
    {
      label: favourite === true ? texts.removeFavourite : texts.addFavourite,
      icon: "star",
      onChoose: () =>
        chat.actions.setPrefs(target, { favourite: favourite === true ? undefined : true }),
    },
    {
      label: texts.notifyRoom,
      icon: "quiet",
      onChoose: () => show((close) => <NotifyDialog room={room} onClose={close} />),
    },
  ];
  if (kind === "person") {
    items.push({ label: texts.hideRoom, icon: "close", onChoose: () => chat.actions.hide(target) });
  }
  return items;
}

const NOTIFY_LEVELS = ["all", "mentions", "nothing"] as const;

function NotifyDialog({ room, onClose }: { readonly room: RoomState } & CloseProps) {
  const { chat, texts } = usePage();
  const { target } = room;
  const name = room.kind === "room" ? `#${cleanText(target)}` : cleanText(target);
  const muted = chat.model.prefs?.get(room.id)?.muted;
  const level = muted ? undefined : roomNotifyLevel(chat.model, room);
  const choice = (label: string, isChosen: boolean, choose: () => void) => {
    const onClick = () => {
      choose();
      onClose();
    };
    return (
      <Button key={label} aria-pressed={isChosen} onClick={onClick}>
        {label}
      </Button>
    );
  };
  return (
    <Dialog title={texts.notifyRoomAsk(name)} onClose={onClose} className="dialog-small">
      <p>{texts.notifyRoomExplained}</p>
      <div className="choices">
        {NOTIFY_LEVELS.map((one) => {
          const choose = () => chat.actions.setNotifyLevel(target, one);
          return choice(texts.notifyLevel(one), one === level, choose);
        })}
        {MUTE_HOURS.map((hours) => {
          const until = Date.now() + hours * HOUR_MS;
          const choose = () => chat.actions.setPrefs(target, { muted: until });
          return choice(texts.nothingForHours(hours), false, choose);
        })}
      </div>
    </Dialog>
  );
}

function membersItem({ texts, openDialog }: PageValue, { target }: RoomState): MenuItem {
  return {
    label: texts.membersAndEncryption,
    icon: "lock",
    onChoose: () => openDialog(SealedDialog, { target }),
  };
}

function conversationItems(page: PageValue, room: RoomState): MenuItem[] {
  const { texts } = page;
  const person = { name: room.name, role: "member", room: undefined, moderates: false };
  const sealing: MenuItem = {
    label: texts.sealConversation,
    icon: "lock",
    onChoose: () => confirmSeal(page, room.name),
  };
  return [room.isSealed ? membersItem(page, room) : sealing, ...personItems(page, person).slice(1)];
}

function namedItems(page: PageValue, room: RoomState): MenuItem[] {
  const { texts, chat, fail, openDialog } = page;
  const isRaised = room.hands.some((name) => isSameName(name, chat.model.me));
  const rename: MenuItem = {
    label: `${texts.rename}…`,
    icon: "edit",
    onChoose: () => openDialog(RenameDialog, { subject: { room: room.name } }),
  };
  return [
    {
      label: isRaised ? texts.lowerOwnHand : texts.raiseHand,
      icon: "hand",
      onChoose: () => void chat.actions.toggleHand(room.target).catch(fail),
    },
    ...(chat.model.isOperator && room.target !== LOBBY ? [rename] : []),
    room.isSealed
      ? membersItem(page, room)
      : {
          label: texts.changeTopic,
          icon: "edit",
          onChoose: () => openDialog(TopicDialog, { room }),
        },
    {
      label: texts.leaveRoom,
      isDanger: true,
      onChoose: () =>
        confirm(page, {
          title: texts.leaveAsk(targetText(room.name)),
          text: texts.leaveExplained,
          action: texts.leaveRoom,
          isDanger: true,
          onConfirm: () => chat.actions.leave(room.name),
        }),
    },
  ];
}
