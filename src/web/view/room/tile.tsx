/** Square sign of a room. */

import type { RoomListEntry } from "../../../core/model/selectors.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { initialsOf } from "../../../ui/text/initials.ts";
import { Icon } from "../shell/icons.tsx";
import { Avatar, chalkOf, useShownName } from "./person.tsx";

/** Initial of who wrote last. Two do not fit. */
function Face({ name }: { readonly name: string }) {
  const [first = ""] = initialsOf(useShownName(name));
  return <Avatar name={first} user={undefined} tint={tintOf(name)} />;
}

interface TileProps {
  readonly line: Pick<RoomListEntry, "id" | "kind" | "name" | "isSealed" | "isLocked">;
  readonly author?: string | undefined;
}

export function RoomTile({ line, author }: TileProps) {
  const { id, kind, name, isSealed, isLocked } = line;
  const sealedIcon = isSealed ? "lock" : isLocked ? "key" : undefined;
  const icon = kind === "group" ? "people" : sealedIcon;
  return (
    <span className="tile" style={chalkOf(id ?? name)} aria-hidden="true">
      {icon === undefined ? "#" : <Icon name={icon} />}
      {author === undefined ? null : <Face name={author} />}
    </span>
  );
}
