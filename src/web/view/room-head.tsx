import { cleanText } from "../../base/text.ts";
import type { RoomState } from "../../core/model-state.ts";
import { confirm } from "./dialog.tsx";
import { IconButton } from "./icons.tsx";
import { TopicDialog } from "./later.tsx";
import { Menu, type MenuItem, useMenu } from "./menu.tsx";
import { type PageValue, usePage } from "./page-context.tsx";
import { personItems } from "./people.tsx";
import { Words } from "./words.tsx";

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

const NOBODY: readonly string[] = [];

function roomItems(page: PageValue, room: RoomState): MenuItem[] {
  const { texts, chat, show } = page;
  if (room.kind === "person") {
    const person = { name: room.name, role: "member", room: undefined, moderates: false };
    return personItems(page, person).slice(1);
  }
  return [
    {
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
  const menu = useMenu();
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
            <Words text={room.topic} mentions={NOBODY} me={undefined} />
          </div>
        )}
      </div>
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
        <button
          type="button"
          className="icon-button"
          aria-haspopup="menu"
          aria-label={texts.actionsFor(title)}
          onClick={(event) => menu.open(event.currentTarget)}
        >
          …
        </button>
      )}
      {menu.anchor === undefined || room === undefined ? null : (
        <Menu
          label={texts.actionsFor(title)}
          items={roomItems(page, room)}
          anchor={menu.anchor}
          onClose={menu.close}
        />
      )}
    </header>
  );
}
