/** Square sign of a room. */

import { isEmoji } from "../../../base/emoji.ts";
import type { RoomListEntry } from "../../../core/model/selectors.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { shownFace } from "../../../core/rooms/profiles.ts";
import { initialsOf } from "../../../ui/text/initials.ts";
import { Icon } from "../shell/icons.tsx";
import { chalkOf } from "./chalk.ts";
import { Avatar, useShownName } from "./person.tsx";

/** Initial of who wrote last. Two do not fit. */
function Face({ name }: { readonly name: string }) {
  const [first = ""] = initialsOf(useShownName(name));
  return <Avatar name={first} user={undefined} tint={tintOf(name)} />;
}

type Signed = Pick<RoomListEntry, "kind" | "isSealed" | "isLocked" | "post">;

/** Tells kinds of rooms apart by a shape. */
export function RoomSign({ kind, isSealed, isLocked, post }: Signed) {
  if (kind === "group") return <Icon name="people" />;
  if (isSealed) return <Icon name="lock" />;
  if (isLocked) return <Icon name="key" />;
  if (post === "private") return <Icon name="edit" />;
  return post === "moderators" ? <Icon name="megaphone" /> : "#";
}

export type Tiled = Signed & Partial<Pick<RoomListEntry, "face">>;

/** Content of a room's tile: the chosen mark, or the sign of its kind. */
export function RoomMark(line: Tiled) {
  const { mark } = shownFace(line.face) ?? {};
  if (mark === undefined) return <RoomSign {...line} />;
  return (
    <span className={isEmoji(mark) ? "tile-emoji" : "tile-letters"} dir="auto">
      {mark}
    </span>
  );
}

interface TileProps {
  readonly line: Tiled & Pick<RoomListEntry, "id" | "name">;
  readonly author?: string | undefined;
}

export function RoomTile({ line, author }: TileProps) {
  const { id, name, face } = line;
  return (
    <span className="tile" style={chalkOf(id ?? name, face)} aria-hidden="true">
      <RoomMark {...line} />
      {author === undefined ? null : <Face name={author} />}
    </span>
  );
}
