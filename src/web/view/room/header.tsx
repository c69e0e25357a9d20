import { formatLeft } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { type PageValue, usePage } from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import { IconButton } from "../shell/icons.tsx";
import { SealedDialog, TopicDialog } from "../shell/lazy.tsx";
import { MenuButton, type MenuItem } from "../shell/menu.tsx";
import { personItems } from "./members.tsx";
import { RichLine } from "./rich-text.tsx";

export interface RoomHeadProps {
  readonly room: RoomState | undefined;
  readonly target: string | undefined;
  readonly side: "people" | "search" | undefined;
  /** In all rooms: told beside the button that opens their list. */
  readonly unread: number;
  readonly onDrawer: () => void;
  readonly onPeople: () => void;
  readonly onSearch: () => void;
}

function roomItems(page: PageValue, room: RoomState): MenuItem[] {
  const { texts, chat, show } = page;
  const reading: MenuItem = {
    label: texts.whoCanRead,
    icon: "lock",
    onChoose: () => show((close) => <SealedDialog target={room.target} onClose={close} />),
  };
  if (room.kind === "person") {
    const person = { name: room.name, role: "member", room: undefined, moderates: false };
    const sealing: MenuItem = {
      label: texts.sealThis,
      icon: "lock",
      onChoose: () =>
        confirm(page, {
          title: texts.sealThis,
          text: texts.sealExplained(cleanText(room.name)),
          action: texts.sealThis,
          onConfirm: () => chat.seal(room.name),
        }),
    };
    return [room.isSealed ? reading : sealing, ...personItems(page, person).slice(1)];
  }
  return [
    room.isSealed
      ? reading
      : {
          label: texts.changeTopic,
          icon: "edit",
          onChoose: () => show((close) => <TopicDialog room={room} onClose={close} />),
        },
    {
      label: texts.leaveRoom,
      isDanger: true,
      onChoose: () =>
        confirm(page, {
          title: texts.leaveAsk(cleanText(room.name)),
          text: texts.leaveExplained,
          action: texts.leaveRoom,
          isDanger: true,
          onConfirm: () => chat.leave(room.name),
        }),
    },
  ];
}

export function RoomHead(props: RoomHeadProps) {
  const { room, target, side, unread, onDrawer, onPeople, onSearch } = props;
  const page = usePage();
  const { texts } = page;
  const title = target === undefined ? "" : cleanText(target);
  return (
    <header className="room-head">
      <IconButton
        className="only-narrow"
        icon="menu"
        label={unread > 0 ? `${texts.openRooms}, ${texts.unread(unread)}` : texts.openRooms}
        onPress={onDrawer}
      />
      {unread > 0 ? <span className="only-narrow head-dot" aria-hidden="true" /> : null}
      <div className="room-title">
        <h1 dir="auto">{room?.kind === "room" ? `#${title}` : title}</h1>
        {room === undefined || room.topic === "" ? null : (
          <div className="topic" title={cleanText(room.topic)}>
            <RichLine text={room.topic} />
          </div>
        )}
      </div>
      {room?.keepMs === undefined ? null : (
        <span className="topic">{texts.keptFor(formatLeft(room.keepMs))}</span>
      )}
      {room?.isSealed === true ? (
        <IconButton
          icon="lock"
          label={texts.whoCanRead}
          onPress={() =>
            page.show((close) => <SealedDialog target={room.target} onClose={close} />)
          }
        />
      ) : null}
      <IconButton className="only-narrow" icon="search" label={texts.search} onPress={onSearch} />
      {room?.kind === "room" ? (
        <IconButton
          icon="people"
          label={texts.openPeople}
          isPressed={side === "people"}
          onPress={onPeople}
        />
      ) : null}
      {room === undefined ? null : (
        <MenuButton label={texts.actionsFor(title)} items={() => roomItems(page, room)} />
      )}
    </header>
  );
}
