/** List of what the members of an assignment room have handed in. */

import { useEffect, useState } from "react";
import { boxNames } from "../../../base/names.ts";
import type { HandedIn } from "../../../client/actions.ts";
import { isSameName } from "../../../core/model/item.ts";
import { postTarget } from "../../../core/model/selectors.ts";
import type { Model, RoomState } from "../../../core/model/state.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { handedState, privacyText } from "../../../ui/text/rules-text.ts";
import { targetText } from "../../../ui/text/target-text.ts";
import { downloadArchive } from "../files/download.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { type CloseProps, FaultLine, useModelValue, usePage, useTask } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { useNames } from "./person.tsx";

interface HandedProps extends CloseProps {
  readonly room: string;
  readonly onOpen: (target: string) => void;
}

export function HandedDialog({ room, onOpen, onClose }: HandedProps) {
  const { chat, texts } = usePage();
  const task = useTask();
  const names = useNames();
  const [users, setUsers] = useState<readonly HandedIn[]>();
  const newest = useModelValue((model) => newestWork(model, room));
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested again after each new record
  useEffect(() => {
    task.run(async () => setUsers(await chat.actions.handed(room)));
  }, [newest]);
  const download = () =>
    task.run(async () => {
      const { path } = await chat.request("collect", { room });
      downloadArchive(path, `${room}.zip`);
    });
  const open = (user: string) => {
    onClose();
    onOpen(`${room}@${user}`);
  };
  const handed = (users ?? []).filter(({ messages }) => messages > 0);
  return (
    <Dialog title={texts.handedIn(targetText(room))} onClose={onClose}>
      {users === undefined ? null : (
        <Announced kind="result">{texts.handedCount(handed.length, users.length)}</Announced>
      )}
      <ul className="plain-list">
        {(users ?? []).map((one) => (
          <li key={one.user} className="room-entry">
            <div className="room-entry-text">
              <span className="list-main" dir="auto">
                {personText(names, one.user)}
              </span>
              <HandedNote {...one} />
            </div>
            <Button
              aria-label={texts.openRoom(personText(names, one.user))}
              onClick={() => open(one.user)}
            >
              {texts.open}
            </Button>
          </li>
        ))}
      </ul>
      <FaultLine fault={task.fault} />
      {users === undefined ? null : (
        <Button disabled={handed.length === 0 || task.isBusy} onClick={download}>
          {texts.downloadAll}
        </Button>
      )}
    </Dialog>
  );
}

/** Returns the `seq` of the newest record of the room and its boxes. */
function newestWork({ rooms }: Model, room: string): number {
  const isPart = ({ name, target }: RoomState) =>
    isSameName(name, room) || isSameName(boxNames(target)?.room, room);
  return Math.max(0, ...[...rooms.values()].filter(isPart).map(({ lastSeq }) => lastSeq));
}

function HandedNote(one: HandedIn) {
  const { messages, files, at, left } = one;
  const state = handedState(one);
  const { texts, times } = usePage();
  const note = at === undefined ? texts.nothingHanded : texts.handedFacts(messages, files);
  const facts = [
    note,
    ...(at === undefined ? [] : [times.full(at)]),
    ...(state === undefined ? [] : [texts.handedBy(state)]),
    ...(left ? [texts.hasLeft] : []),
  ];
  return <span className="list-note">{facts.join(" · ")}</span>;
}

interface PrivacyProps {
  readonly model: Model;
  readonly target: string;
  readonly room: RoomState | undefined;
  readonly onOpen: (target: string) => void;
}

/** States before anything is written who will see it. */
export function Privacy({ model, target, room, onOpen }: PrivacyProps) {
  const { texts, openDialog } = usePage();
  const text = privacyText(model, target, texts);
  const to = postTarget(model, target);
  if (text !== undefined) {
    return (
      <p className="hint">
        {text}{" "}
        {to === target ? null : (
          <Button variant="small" onClick={() => onOpen(to)}>
            {texts.ownWork}
          </Button>
        )}
      </p>
    );
  }
  if (room?.rules.post !== "private") return null;
  const show = () => openDialog(HandedDialog, { room: room.name, onOpen });
  return (
    <p className="hint">
      {texts.assignmentRoom}{" "}
      <Button variant="small" onClick={show}>
        {texts.handedInMenu}
      </Button>
    </p>
  );
}
