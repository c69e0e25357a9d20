/** A first visit to a server: who is here, the rooms to join, and a greeting in one tap. */

import { useContext, useEffect, useState } from "react";
import { isSameName } from "../../../core/model/item.ts";
import { rightsIn, roomOf } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { shownFace } from "../../../core/rooms/profiles.ts";
import { LOBBY } from "../../../core/rooms/rooms.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { withoutSign } from "../../../ui/text/target-text.ts";
import type { ListedRoom } from "../../driver/room-lists.ts";
import { useFind } from "../finder/store.ts";
import { Button } from "../shell/button.tsx";
import { useModelValue, useOnline, usePage } from "../shell/context.tsx";
import { whenSettled } from "../shell/effects.ts";
import { useFaceTexts } from "./face-fields.tsx";
import { Avatar, useNames } from "./person.tsx";
import { AskDialog, JoinDialog } from "./room-dialogs.tsx";
import { RoomListsContext, titleOfEntry } from "./room-list.ts";
import { RoomTile } from "./tile.tsx";

const FACES_SHOWN = 7;
const ROOMS_SHOWN = 4;
/** The message of the button, the same in every language. */
const GREETING = "👋";

/** Names of the others who are here. A large lobby does not tell them. */
function othersHere(model: Model): readonly string[] {
  const online = roomOf(model, LOBBY)?.online ?? new Set<string>();
  return [...online].filter((name) => !isSameName(name, model.me));
}

export function PeopleHere() {
  const texts = useFaceTexts();
  const names = useNames();
  const here = useModelValue((model) => othersHere(model).join(" "));
  // Keeps its height while the server has not told who is here.
  if (here === "") return <div className="people-here" />;
  const people = here.split(" ");
  return (
    <div className="people-here">
      <p className="hint">{texts.hereNow(people.length)}</p>
      <span className="faces hello-faces" aria-hidden="true">
        {people.slice(0, FACES_SHOWN).map((name) => (
          <Avatar key={name} name={personText(names, name)} user={name} tint={tintOf(name)} />
        ))}
        {people.length > FACES_SHOWN ? (
          <span className="room-note">+{people.length - FACES_SHOWN}</span>
        ) : null}
      </span>
    </div>
  );
}

export function RoomsToJoin() {
  const lists = useContext(RoomListsContext);
  const texts = useFaceTexts();
  const find = useFind();
  const isOnline = useOnline();
  const [rooms, setRooms] = useState<readonly ListedRoom[]>([]);
  useEffect(() => {
    if (!isOnline || lists === undefined) return;
    // Without the list, the finder still has the rooms.
    return whenSettled(lists.recent(), setRooms, () => {});
  }, [lists, isOnline]);
  const others = rooms
    .filter(({ room, joined }) => !joined && room !== LOBBY)
    .sort((a, b) => b.members - a.members);
  if (others.length === 0) return null;
  return (
    <section className="rooms-to-join">
      <h3>
        {texts.roomsToJoin} <span className="room-note">{others.length}</span>
        <Button variant="small quiet" onClick={() => find({ group: "rooms" })}>
          {texts.showAll}
        </Button>
      </h3>
      <ul className="plain-list">
        {others.slice(0, ROOMS_SHOWN).map((entry) => (
          <RoomToJoin key={entry.room} entry={entry} />
        ))}
      </ul>
    </section>
  );
}

function RoomToJoin({ entry }: { readonly entry: ListedRoom }) {
  const { chat, texts: page, openDialog, fail } = usePage();
  const texts = useFaceTexts();
  const { room, members, locked: isLocked, sealed: isSealed, approval = false } = entry;
  const title = withoutSign(room, titleOfEntry(entry));
  const face = shownFace(entry.face);
  const onOpen = (target: string) => chat.actions.open(target);
  const enter = () => {
    if (approval) return openDialog(AskDialog, { entry, onOpen });
    if (isLocked) return openDialog(JoinDialog, { room, isLocked, onOpen });
    chat.actions.join(room).then(onOpen, fail);
  };
  const about = isLocked ? texts.needsPassword : approval ? texts.moderatorAdmits : "";
  return (
    <li>
      <RoomTile
        line={{
          id: undefined,
          kind: "room",
          name: room,
          post: undefined,
          isLocked,
          isSealed,
          face,
        }}
      />
      <span>
        <span className="list-main" dir="auto">
          {title}
        </span>{" "}
        <span className="list-note">{about === "" ? texts.people(members) : about}</span>
      </span>
      <Button
        variant="small"
        aria-label={approval ? texts.askRoom(title) : texts.joinRoom(title)}
        onClick={enter}
      >
        {approval ? texts.ask : page.join}
      </Button>
    </li>
  );
}

/** Buttons that greet, until the user has written in the lobby. */
export function GreetingButtons() {
  const { chat, fail } = usePage();
  const texts = useFaceTexts();
  const mayPost = useModelValue(
    (model) => rightsIn(model, roomOf(model, LOBBY), Date.now()).mayPost,
  );
  // The buttons wait for the connection in their place.
  const mayGreet = useModelValue((model) => {
    const lobby = roomOf(model, LOBBY);
    if (lobby === undefined || (lobby.rules.post !== undefined && !lobby.moderates)) return false;
    const hasPosted = lobby.tail.items.some(
      ({ kind, from }) => kind === "text" && isSameName(from, model.me),
    );
    return !hasPosted && !model.pending.some(({ to }) => isSameName(to, LOBBY));
  });
  if (!mayGreet) return null;
  const greet = () => {
    // A draft in the composer stays.
    chat.actions.submit(LOBBY, { text: GREETING }).catch(fail);
    chat.actions.showPosted(LOBBY, {});
  };
  const write = () => document.querySelector<HTMLElement>(".composer textarea")?.focus();
  return (
    <>
      <Button variant="main" disabled={!mayPost} onClick={greet}>
        {GREETING} {texts.sayHello}
      </Button>
      <Button disabled={!mayPost} onClick={write}>
        {texts.writeMessage}
      </Button>
    </>
  );
}
