/** Messages listed in dialogs and panels: who wrote where and when, and the text. */

import type { ReactNode } from "react";
import { postRule, roomOf } from "../../../core/model/selectors.ts";
import type { Item, RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { withoutSign } from "../../../ui/text/target-text.ts";
import { useModelValue, usePage } from "../shell/context.tsx";
import { inkOf } from "../shell/ink.ts";
import { Avatar, useNames } from "./person.tsx";
import { PlainLine } from "./rich-text.tsx";
import { RoomTile } from "./tile.tsx";

interface ListedMessageProps {
  readonly item: Item;
  /** Room or conversation, if the list has messages of several. */
  readonly target?: string;
  readonly location?: string;
  readonly children?: ReactNode;
}

export function ListedMessage({ item, target, location, children }: ListedMessageProps) {
  const { texts, times } = usePage();
  const names = useNames();
  const { from, imported, timeUnixMs } = item;
  const author = authorText(item, texts, names);
  const tint = tintOf(imported === undefined ? (from ?? "") : author);
  return (
    <span className="listed">
      <Avatar name={author} user={imported === undefined ? from : undefined} tint={tint} />
      <span className="listed-text">
        <span className="list-note listed-about">
          <span className="listed-author" style={inkOf({ tint })} dir="auto">
            {author}
          </span>
          {location === undefined ? null : (
            <span className="listed-place" dir="auto">
              {target === undefined ? null : <PlaceTile target={target} />}
              <span>{withoutSign(target, location)}</span>
            </span>
          )}
          <time title={times.full(timeUnixMs)}>{times.brief(timeUnixMs)}</time>
        </span>
        <span className="list-main hit-text" dir="auto">
          {children ?? <PlainLine text={briefText(item, texts, times)} />}
        </span>
      </span>
    </span>
  );
}

/** Tile of a room or group; nothing for a conversation of two. */
export function PlaceTile({ target }: { readonly target: string }) {
  const room = useModelValue((model) => roomOf(model, target));
  if (room === undefined || (room.kind === "person" && room.people === undefined)) return null;
  return <RoomTile line={listedRoom(room)} />;
}

export function listedRoom(room: RoomState) {
  return {
    ...room,
    kind: room.people === undefined ? room.kind : "group",
    post: postRule(room),
  } as const;
}
