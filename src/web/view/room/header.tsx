/** Header of the open room: name, topic and actions. */

import { type MouseEvent, memo, useCallback, useState } from "react";
import { PRESENCE_MEMBERS_MAX } from "../../../base/limits.ts";
import { formatDuration } from "../../../base/sizes.ts";
import { subtitleOf } from "../../../core/client/chat-record.ts";
import { isBoxOf, postRule } from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { plainTopic } from "../../../ui/text/event-text.ts";
import { withoutSign } from "../../../ui/text/target-text.ts";
import { PinsDialog } from "../attention/pins.tsx";
import { useFind } from "../finder/store.ts";
import { useNarrow, useOnline, usePage } from "../shell/context.tsx";
import { Icon, IconButton } from "../shell/icons.tsx";
import { isSameExceptMessages } from "../shell/same-room.ts";
import { WorkArrows } from "./assignment.tsx";
import type { Side } from "./chat-page.tsx";
import { AccountName, Avatar, useShownName, useTitle } from "./person.tsx";
import { RichLine } from "./rich-text.tsx";
import { RoomDetailsDialog } from "./room-dialogs.tsx";
import { RoomMenu } from "./room-menu.tsx";
import { isPanelTab } from "./room-panel.tsx";
import { SealedDialog } from "./sealed.tsx";
import { RoomTile } from "./tile.tsx";

export interface RoomHeadProps {
  readonly room: RoomState | undefined;
  readonly target: string | undefined;
  readonly side: Side;
  readonly unread: number;
  readonly onDrawer: () => void;
  readonly onPeople: () => void;
  readonly onHanded: (room: string) => void;
}

function HeadTile({ target, room }: { readonly target: string; room: RoomState | undefined }) {
  const user = target.startsWith("@") ? target.slice(1) : undefined;
  const name = useShownName(user ?? "");
  if (user !== undefined) return <Avatar name={name} user={user} tint={tintOf(user)} />;
  if (room === undefined) return null;
  const kind = room.people === undefined ? room.kind : "group";
  return <RoomTile line={{ ...room, kind, post: postRule(room) }} />;
}

/** Members of a room, and how many of them are here; `undefined` if they are not listed. */
function usePeopleCount(room: RoomState | undefined) {
  const isOnline = useOnline();
  if (room?.kind !== "room" || room.members === undefined) return undefined;
  const { members } = room;
  const isKnown = isOnline && members.length <= PRESENCE_MEMBERS_MAX;
  const here = isKnown ? members.filter((member) => member.isOnline).length : undefined;
  return { all: members.length, here };
}

interface PeopleButtonProps extends Pick<RoomHeadProps, "side" | "onPeople"> {
  readonly count: ReturnType<typeof usePeopleCount>;
}

function PeopleButton({ count, side, onPeople }: PeopleButtonProps) {
  const { texts } = usePage();
  return (
    <button
      type="button"
      className="icon-button people-button"
      aria-label={texts.openPeople}
      title={count === undefined ? texts.openPeople : texts.peopleHere(count.all, count.here)}
      aria-pressed={isPanelTab(side)}
      data-count={count?.all}
      onClick={onPeople}
    >
      <Icon name="people" />
    </button>
  );
}

export const RoomHead = memo(function RoomHead(props: RoomHeadProps) {
  const { room, target, side, unread, onDrawer, onPeople, onHanded } = props;
  const page = usePage();
  const find = useFind();
  const { texts } = page;
  const count = usePeopleCount(room);
  const isNarrow = useNarrow();
  const [anchor, setAnchor] = useState<HTMLElement | undefined>(undefined);
  const close = useCallback(() => setAnchor(undefined), []);
  const title = useTitle(target ?? "");
  const isBox = isBoxOf(target ?? "");
  // The tile shows the sign of a box's room, which the title has inside.
  const shownTitle = isBox ? title.replace(" #", " ") : withoutSign(target, title);
  const subtitle = room === undefined ? "" : subtitleOf(room);
  // A phone has no room for both, and the topic is in the details.
  const people = isNarrow && count ? texts.peopleHere(count.all, count.here) : undefined;
  const showDetails = ({ target: tapped }: MouseEvent<HTMLElement>) => {
    if (room === undefined) return;
    if (tapped instanceof Element && tapped.closest("a, button") !== null) return;
    page.openDialog(RoomDetailsDialog, { target: room.target });
  };
  return (
    <header className="room-head">
      <IconButton
        className="only-narrow"
        icon="back"
        label={unread > 0 ? `${texts.openRooms}, ${texts.unread(unread)}` : texts.openRooms}
        onPress={onDrawer}
      />
      {target === undefined ? null : <HeadTile target={target} room={room} />}
      <div className="room-title">
        <h1 dir="auto" aria-label={title}>
          {target === undefined ? "" : shownTitle}
        </h1>
        {target?.startsWith("@") === true ? <AccountName user={target.slice(1)} /> : null}
        {people === undefined && subtitle === "" ? null : (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the room's menu offers the same to keys
          // biome-ignore lint/a11y/noStaticElementInteractions: the topic may contain links
          <div className="topic" title={people ?? plainTopic(subtitle)} onClick={showDetails}>
            {people ?? <RichLine text={subtitle} />}
          </div>
        )}
      </div>
      {room?.keepMs === undefined ? null : (
        <span className="topic">{texts.retention(texts.span(formatDuration(room.keepMs)))}</span>
      )}
      {target !== undefined && isBox ? <WorkArrows target={target} onHanded={onHanded} /> : null}
      {room === undefined || room.pins.length === 0 || !isNarrow ? null : (
        <IconButton
          icon="pin"
          label={`${texts.pins}: ${room.pins.length}`}
          onPress={() => page.openDialog(PinsDialog, { room })}
        />
      )}
      {room?.isSealed === true ? (
        <IconButton
          icon="lock"
          label={texts.membersAndEncryption}
          onPress={() => page.openDialog(SealedDialog, { target: room.target })}
        />
      ) : null}
      {isBox ? null : (
        <IconButton
          icon="search"
          label={isNarrow ? texts.search : texts.searchInRoom}
          onPress={() => find(target === undefined ? {} : { target })}
        />
      )}
      {room?.kind === "room" ? (
        <PeopleButton count={count} side={side} onPeople={onPeople} />
      ) : null}
      {room === undefined ? null : (
        <button
          type="button"
          className="icon-button"
          aria-haspopup="menu"
          aria-label={texts.actionsFor(withoutSign(target, title))}
          onClick={(event) => setAnchor(event.currentTarget)}
        >
          <Icon name="more" />
        </button>
      )}
      {room === undefined || anchor === undefined ? null : (
        <RoomMenu target={room.target} anchor={anchor} onClose={close} />
      )}
    </header>
  );
}, isSameExceptMessages);
