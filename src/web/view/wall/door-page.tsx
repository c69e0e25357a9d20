/** Page that shows the door of a room, to print or to leave on a screen. */

import { useEffect } from "react";
import { cleanText, segmentsOf } from "../../../base/text.ts";
import { postRule, roomOf } from "../../../core/model/selectors.ts";
import type { RoomState } from "../../../core/model/state.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { roomTitle, withoutSign } from "../../../ui/text/target-text.ts";
import { doorLines } from "../../../ui/wall/door-lines.ts";
import { hasDoor } from "../../../ui/wall/wall-view.ts";
import { formatRoute } from "../../input/route.ts";
import { chalkOf } from "../room/chalk.ts";
import { useFaceTexts } from "../room/face-fields.tsx";
import { useNames } from "../room/person.tsx";
import { RoomMark } from "../room/tile.tsx";
import { Button } from "../shell/button.tsx";
import { useModelValue, usePage } from "../shell/context.tsx";
import { Icon } from "../shell/icons.tsx";
import { ServerTile } from "../shell/server-tile.tsx";
import { DoorQr, doorOrigin, OriginText, useNextStep } from "./door.tsx";
import { useWallTexts } from "./use-wall.ts";

/** Letters of a name from which on the large size would take more than two lines. */
const LONG_DOOR_TITLE = 17;
/** Maximum number of moderators whom a door names. */
const LEADS_MAX = 3;

interface DoorPageProps {
  readonly target: string;
}

export function DoorPage({ target }: DoorPageProps) {
  const { chat, layers } = usePage();
  const texts = useFaceTexts();
  const room = useModelValue((model) => roomOf(model, target));
  const isCaughtUp = useModelValue((model) => model.isCaughtUp);
  const back = formatRoute({ target, seq: undefined });
  const isMissing = isCaughtUp && room === undefined;
  const opened = room?.target;
  useEffect(() => layers.cover(), [layers]);
  useEffect(() => {
    // The list of members, who lead the room, is that of the open room.
    if (isCaughtUp && opened !== undefined) chat.actions.open(opened);
  }, [chat, isCaughtUp, opened]);
  useEffect(() => {
    if (isMissing) location.hash = back;
  }, [isMissing, back]);
  const title = room && withoutSign(target, roomTitle(room));
  useEffect(() => {
    if (title !== undefined) document.title = texts.doorOf(title);
  }, [texts, title]);
  if (room === undefined || title === undefined) return <main className="door-page" />;
  return (
    <div className="door-view">
      <div className="door-keys">
        <Button
          onClick={() => {
            location.hash = back;
          }}
        >
          <Icon name="back" /> {title}
        </Button>
        <Button variant="main" onClick={() => print()}>
          {texts.print}
        </Button>
      </div>
      <Sheet room={room} title={title} />
    </div>
  );
}

interface SheetProps {
  readonly room: RoomState;
  readonly title: string;
}

function Sheet({ room, title }: SheetProps) {
  const page = usePage();
  const texts = useFaceTexts();
  const wall = useWallTexts();
  const server = useModelValue((model) => cleanText(model.server?.name ?? ""));
  const next = useNextStep();
  const lines = useLines(room);
  const isLong = [...segmentsOf(title)].length >= LONG_DOOR_TITLE;
  const isOpen = hasDoor(room);
  const origin = isOpen ? doorOrigin(page) : undefined;
  return (
    <main className="door-page">
      <div className="door-face tile" style={chalkOf(room.id, room.face)} aria-hidden="true">
        <RoomMark {...room} kind="room" post={postRule(room)} />
      </div>
      <h1 className={isLong ? "door-name door-name-long" : "door-name"} dir="auto">
        {title}
      </h1>
      <ul className="door-lines">
        {lines.map((line) => (
          <li key={line} dir="auto">
            {line}
          </li>
        ))}
      </ul>
      {origin === undefined ? (
        <p className="door-none">{isOpen ? texts.noAddress : null}</p>
      ) : (
        <>
          <DoorQr origin={origin} room={room.name} />
          <ol className="door-steps">
            <li>
              <span>
                {wall.scan}{" "}
                <b>
                  <OriginText origin={origin} />
                </b>
              </span>
            </li>
            <li>
              <span>{next}</span>
            </li>
          </ol>
        </>
      )}
      <footer className="door-foot">
        <ServerTile name={server} />
        <span dir="auto">{server}</span>
      </footer>
    </main>
  );
}

/** Without a topic, the door says who leads the room. */
function useLines({ topic, members = [] }: RoomState): readonly string[] {
  const { times } = usePage();
  const texts = useFaceTexts();
  const names = useNames();
  const lines = doorLines(topic);
  if (lines.length > 0) return lines;
  const leads = members.filter(({ role, isInvited }) => role !== "member" && isInvited !== true);
  const shown = leads.slice(0, LEADS_MAX).map(({ name }) => personText(names, name));
  return shown.length === 0 ? [] : [texts.ledBy(times.list(shown))];
}
