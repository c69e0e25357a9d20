/** Card of a room to whose door a message has a link. */

import { useContext, useEffect, useState } from "react";
import { isSameName } from "../../../core/model/item.ts";
import { isOnline, postRule, roomOf } from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { shownFace } from "../../../core/rooms/profiles.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { roomTitle, withoutSign } from "../../../ui/text/target-text.ts";
import { doorLines } from "../../../ui/wall/door-lines.ts";
import type { ListedRoom } from "../../driver/room-lists.ts";
import { formatRoute } from "../../input/route.ts";
import { useModelValue, useOnline, usePage } from "../shell/context.tsx";
import { whenSettled } from "../shell/effects.ts";
import { chalkOf } from "./chalk.ts";
import { useFaceTexts } from "./face-fields.tsx";
import { Avatar, useNames } from "./person.tsx";
import { RoomListsContext, titleOfEntry } from "./room-list.ts";
import { RoomMark, type Tiled } from "./tile.tsx";

const FACES_SHOWN = 3;

interface DoorCardProps {
  readonly target: string;
}

/** Nothing for a room that the reader has to ask for, or that needs a password. */
export function RoomDoorCard({ target }: DoorCardProps) {
  const room = useModelValue((model) => roomOf(model, target));
  return room === undefined ? <ListedCard target={target} /> : <JoinedCard room={room} />;
}

function JoinedCard({ room }: { readonly room: RoomState }) {
  const { texts } = usePage();
  if (room.kind !== "room" || room.people !== undefined) return null;
  const { id, members = [], topic, face } = room;
  return (
    <Card
      target={room.target}
      line={{ ...room, kind: "room", post: postRule(room) }}
      style={chalkOf(id, face)}
      title={withoutSign(room.target, roomTitle(room))}
      topic={topic}
      people={members.length}
      faces={members.map(({ name }) => name)}
      action={texts.openExisting}
    />
  );
}

function ListedCard({ target }: DoorCardProps) {
  const { texts } = usePage();
  const lists = useContext(RoomListsContext);
  const isConnected = useOnline();
  const [entry, setEntry] = useState<ListedRoom>();
  useEffect(() => {
    if (!isConnected || lists === undefined) return;
    const find = (rooms: readonly ListedRoom[]) =>
      setEntry(rooms.find(({ room }) => isSameName(room, target)));
    // Without the list, the link stays a link.
    return whenSettled(lists.recent(), find, () => {});
  }, [lists, target, isConnected]);
  if (entry === undefined || entry.locked || entry.approval === true || entry.joined) return null;
  const { room, sealed: isSealed, topic, members } = entry;
  const face = shownFace(entry.face);
  return (
    <Card
      target={room}
      line={{ kind: "room", isSealed, isLocked: false, post: undefined, face }}
      style={chalkOf(room, face)}
      title={withoutSign(room, titleOfEntry(entry))}
      topic={topic}
      people={members}
      faces={[]}
      action={texts.join}
    />
  );
}

interface CardProps {
  readonly target: string;
  readonly line: Tiled;
  readonly style: ReturnType<typeof chalkOf>;
  readonly title: string;
  readonly topic: string;
  /** Number of members; 0 if it is unknown. */
  readonly people: number;
  readonly faces: readonly string[];
  readonly action: string;
}

function Card({ target, line, style, title, topic, people, faces, action }: CardProps) {
  const texts = useFaceTexts();
  const names = useNames();
  const here = useModelValue((model) =>
    faces
      .filter((name) => isOnline(model, name))
      .slice(0, FACES_SHOWN)
      .join(" "),
  );
  const href = formatRoute({ target, seq: undefined });
  return (
    <section className="door-card" style={style} translate="no" aria-label={title}>
      <span className="door-card-face" aria-hidden="true">
        <RoomMark {...line} />
      </span>
      <div className="door-card-words">
        <strong className="door-card-name" dir="auto">
          {title}
        </strong>
        <ul className="door-card-lines">
          {doorLines(topic).map((text) => (
            <li key={text} dir="auto">
              {text}
            </li>
          ))}
        </ul>
        <div className="door-card-foot">
          {here === "" ? null : (
            <span className="faces">
              {here.split(" ").map((name) => (
                <Avatar key={name} name={personText(names, name)} user={name} tint={tintOf(name)} />
              ))}
            </span>
          )}
          <span className="door-card-people">{people === 0 ? "" : texts.people(people)}</span>
          <a className="button" href={href}>
            {action}
          </a>
        </div>
      </div>
    </section>
  );
}
