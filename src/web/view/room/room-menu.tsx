/** The menu of a room or conversation. */

import { useEffect, useState } from "react";
import { HOUR_MS } from "../../../base/time.ts";
import { subtitleOf } from "../../../core/client/chat-record.ts";
import { isSameName } from "../../../core/model/item.ts";
import {
  adderIn,
  canPin,
  canSetTitle,
  canSetTopic,
  isBoxOf,
  isModerator,
  postRule,
  roomList,
  roomNotifyLevel,
  roomOf,
  writeLimitIn,
} from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { LOBBY } from "../../../core/rooms/rooms.ts";
import { plainTopic } from "../../../ui/text/event-text.ts";
import { placeTitle, withoutSign } from "../../../ui/text/target-text.ts";
import { formatDoorRoute } from "../../input/wall-route.ts";
import { ReceiptsDialog } from "../attention/readers.tsx";
import { useFind } from "../finder/store.ts";
import { Button } from "../shell/button.tsx";
import { type CloseProps, type PageValue, useModelValue, usePage } from "../shell/context.tsx";
import { confirm, confirmSeal, Dialog, leaveQuestion } from "../shell/dialog.tsx";
import { Check } from "../shell/form.tsx";
import { Menu, type MenuItem, menuGroups, menuItem } from "../shell/menu.tsx";
import { RenameDialog } from "../shell/rename-dialog.tsx";
import { showsPictures, switchedPictures } from "../shell/settings.ts";
import { wallModule } from "../wall/wall-module.ts";
import { handItem } from "./lesson.tsx";
import { personItems } from "./members.tsx";
import { Avatar, useShownName, useTitle } from "./person.tsx";
import { pollItem } from "./poll.tsx";
import {
  DateDialog,
  inviteTo,
  ProfileDialog,
  profileText,
  RoomDetailsDialog,
} from "./room-dialogs.tsx";
import { RulesDialog } from "./rules.tsx";
import { SealedDialog } from "./sealed.tsx";
import { RoomTile } from "./tile.tsx";

const MUTE_HOURS = [1, 8, 72] as const;

interface RoomMenuProps extends CloseProps {
  readonly target: string;
  readonly anchor: HTMLElement;
}

export function RoomMenu({ target, anchor, onClose }: RoomMenuProps) {
  const page = usePage();
  const find = useFind();
  const room = useModelValue((model) => roomOf(model, target));
  const isMissing = room === undefined;
  useEffect(() => {
    if (isMissing) onClose();
  }, [isMissing, onClose]);
  if (isMissing) return null;
  const label = page.texts.actionsFor(
    withoutSign(target, placeTitle(page.chat.model, target, page.texts)),
  );
  return (
    <Menu
      label={label}
      items={roomItems(page, room, find)}
      anchor={anchor}
      onClose={onClose}
      head={<Subject room={room} />}
    />
  );
}

/** The room that a sheet is about. */
function Subject({ room }: { readonly room: RoomState }) {
  const { target, people } = room;
  const title = useTitle(target);
  const user = target.startsWith("@") ? target.slice(1) : undefined;
  const shown = useShownName(user ?? "");
  const topic = plainTopic(subtitleOf(room));
  const kind = people === undefined ? room.kind : "group";
  return (
    <>
      {user === undefined ? (
        <RoomTile line={{ ...room, kind, post: postRule(room) }} />
      ) : (
        <Avatar name={shown} user={user} tint={tintOf(user)} />
      )}
      <span>
        <span className="menu-title is-room" dir="auto">
          {title.replace(/^#/, "")}
        </span>
        {topic === "" ? null : (
          <span className="menu-about" dir="auto">
            {topic}
          </span>
        )}
      </span>
    </>
  );
}

function roomItems(page: PageValue, room: RoomState, find: ReturnType<typeof useFind>): MenuItem[] {
  const { texts, chat, openDialog, settings, change } = page;
  const { target } = room;
  const isNamed = room.kind === "room";
  const isGroup = room.people !== undefined;
  const searchFiles = () => find({ target, group: "files" });
  const picturesText = showsPictures(settings, target) ? texts.picturesHide : texts.picturesShow;
  const switchPictures = () => change(switchedPictures(settings, target));
  const hasReceipts = canPin(chat.model, room) && !isSameName(room.name, chat.model.me);
  const about = [
    isNamed
      ? menuItem(texts.roomDetails, () => openDialog(RoomDetailsDialog, { target }), "info")
      : [],
    menuItem(texts.roomFiles, searchFiles, "folder"),
    menuItem(texts.goToDate, () => openDialog(DateDialog, { target }), "calendar"),
    menuItem(picturesText, switchPictures, "picture"),
    hasReceipts
      ? menuItem(texts.receipts, () => openDialog(ReceiptsDialog, { room }), "check")
      : [],
  ].flat();
  const people =
    isNamed && !room.isClosed && !isBoxOf(target)
      ? [
          menuItem(
            `${isGroup ? texts.addPeople : texts.invite}…`,
            () => inviteTo(page, room),
            "invite",
          ),
        ]
      : [];
  const others = isNamed ? namedItems(page, room) : conversationItems(page, room);
  const all = [...people, ...others];
  return menuGroups(handItem(page, room), arrangingItems(page, room), about, all);
}

function arrangingItems(page: PageValue, room: RoomState): MenuItem[] {
  const { texts, chat, show } = page;
  const { target, kind } = room;
  const { prefs } = chat.model;
  if (prefs === undefined) return [];
  const { favourite } = prefs.get(room.id) ?? {};
  const { rooms, people } = roomList(chat.model);
  const lines = [...rooms, ...people];
  const line = lines.find((entry) => entry.target === target);
  const isUnreadElsewhere = lines.some((entry) => entry !== line && entry.unread > 0);
  const { actions } = chat;
  const favouriteText = favourite === true ? texts.removeFavourite : texts.addFavourite;
  const switchFavourite = () =>
    actions.setPrefs(target, { favourite: favourite === true ? undefined : true });
  const chooseLevel = () => show((close) => <NotifyDialog room={room} onClose={close} />);
  const { muted } = prefs.get(room.id) ?? {};
  const level = texts.notifyLevelShort(
    muted === undefined ? roomNotifyLevel(chat.model, room) : "nothing",
  );
  return [
    { ...menuItem(texts.notifyRoom, chooseLevel, "bell"), note: level },
    menuItem(favouriteText, switchFavourite, "star"),
    (line?.unread ?? 0) > 0
      ? menuItem(texts.markRead, () => actions.markRead(target), "check")
      : menuItem(texts.markUnread, () => actions.markUnread(target), "unread"),
    isUnreadElsewhere ? menuItem(texts.markAllRead, () => actions.allRead(), "check") : [],
    kind === "person" ? menuItem(texts.hideRoom, () => actions.hide(target), "close") : [],
  ].flat();
}

const NOTIFY_LEVELS = ["all", "mentions", "nothing"] as const;

function NotifyDialog({ room, onClose }: { readonly room: RoomState } & CloseProps) {
  const { chat, texts } = usePage();
  const { target } = room;
  const name = placeTitle(chat.model, target, texts);
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
  return menuItem(texts.membersAndEncryption, () => openDialog(SealedDialog, { target }), "lock");
}

function sealItem(page: PageValue, { target }: RoomState): MenuItem {
  const { chat, texts, fail } = page;
  const ask = () =>
    void chat.actions.checkSealable(target).then(() => confirmSeal(page, target), fail);
  return menuItem(texts.sealConversation, ask, "lock");
}

function conversationItems(page: PageValue, room: RoomState): MenuItem[] {
  const person = { name: room.name, role: "member", room: undefined, moderates: false };
  const { model } = page.chat;
  const isNotes = isSameName(model.me, room.name);
  const mayWrite = writeLimitIn(model, room.target) === undefined;
  const first = room.isSealed
    ? [membersItem(page, room)]
    : [...pollItem(page, room), ...(isNotes || !mayWrite ? [] : [sealItem(page, room)])];
  return [...first, ...personItems(page, person).slice(1)];
}

interface IgnoreChoiceProps {
  readonly label: string;
  /** The state belongs to the dialog, whose action reads it. */
  readonly choice: { ignores: boolean };
}

function IgnoreChoice({ label, choice }: IgnoreChoiceProps) {
  const [isOn, setOn] = useState(choice.ignores);
  const change = (next: boolean) => {
    choice.ignores = next;
    setOn(next);
  };
  return <Check label={label} isOn={isOn} onChange={change} />;
}

function namedItems(page: PageValue, room: RoomState): MenuItem[] {
  // The members, rules and name of a box are those of its room.
  if (isBoxOf(room.target)) return pollItem(page, room);
  const { texts, chat, fail, openDialog } = page;
  const isGroup = room.people !== undefined;
  const rename = () => openDialog(RenameDialog, { subject: { room: room.name } });
  const adder = adderIn(chat.model, room.target);
  const choice = { ignores: false };
  const steer = async () => {
    const { SteerDialog } = await wallModule.fetch();
    openDialog(SteerDialog, { target: room.target });
  };
  const printDoor = () => {
    location.hash = formatDoorRoute(room.name);
  };
  const confirmLeave = async () => {
    const isLast = await chat.actions.isLastModerator(room.target);
    const question = leaveQuestion(page, room.target, isLast);
    confirm(page, {
      ...question,
      text: isGroup ? texts.leaveGroupExplained : question.text,
      children: adder && <IgnoreChoice label={texts.leaveAndIgnore(adder)} choice={choice} />,
      onConfirm: async () => {
        await chat.actions.leave(room.name);
        if (adder !== undefined && choice.ignores) await chat.actions.ignore(adder, true);
      },
    });
  };
  const leave: MenuItem = {
    label: texts.leaveRoom,
    icon: "leave",
    isDanger: true,
    onChoose: () => void confirmLeave().catch(fail),
  };
  return [
    pollItem(page, room),
    isGroup && !room.isSealed ? sealItem(page, room) : [],
    isModerator(chat.model, room)
      ? [
          menuItem(texts.showOnWall, () => void steer().catch(fail), "dashboard"),
          menuItem(texts.printDoor, printDoor, "qr"),
        ]
      : [],
    menuItem(texts.rules, () => openDialog(RulesDialog, { target: room.target }), "list"),
    chat.model.isOperator && !isGroup && room.target !== LOBBY
      ? menuItem(`${texts.rename}…`, rename, "edit")
      : [],
    room.isSealed ? membersItem(page, room) : [],
    canSetTitle(chat.model, room) || canSetTopic(chat.model, room, Date.now())
      ? menuItem(
          profileText(chat.model, room, texts),
          () => openDialog(ProfileDialog, { room }),
          "edit",
        )
      : [],
    leave,
  ].flat();
}
