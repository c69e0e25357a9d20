/** List of what the members of an assignment room have handed in. */

import { useEffect, useState } from "react";
import { boxNames } from "../../../base/names.ts";
import type { HandedIn } from "../../../client/actions.ts";
import { isSameName } from "../../../core/model/item.ts";
import { postTarget } from "../../../core/model/selectors.ts";
import type { Model, RoomState } from "../../../core/model/state.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { dueTime, handedState, privacyText } from "../../../ui/text/rules-text.ts";
import { targetText } from "../../../ui/text/target-text.ts";
import { downloadArchive } from "../files/download.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { type CloseProps, FaultLine, useModelValue, usePage, useTask } from "../shell/context.tsx";
import { Dialog, FormDialog } from "../shell/dialog.tsx";
import { Field } from "../shell/form.tsx";
import { useNames } from "./person.tsx";

interface HandedProps extends CloseProps {
  readonly room: string;
  readonly onOpen: (target: string) => void;
}

export function HandedDialog({ room, onOpen, onClose }: HandedProps) {
  const { chat, texts, openDialog } = usePage();
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
  const missing = (users ?? []).filter(({ messages, left }) => messages === 0 && left !== true);
  const remind = () => openDialog(RemindDialog, { room, missing });
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
        <div className="dialog-actions">
          {missing.length === 0 ? null : (
            <Button onClick={remind}>{texts.remind(missing.length)}</Button>
          )}
          <Button disabled={handed.length === 0 || task.isBusy} onClick={download}>
            {texts.downloadAll}
          </Button>
        </div>
      )}
    </Dialog>
  );
}

interface RemindProps extends CloseProps {
  readonly room: string;
  readonly missing: readonly HandedIn[];
}

/** Asks what to write into the boxes of those who have handed in nothing. */
function RemindDialog({ room, missing, onClose }: RemindProps) {
  const { chat, texts, notify } = usePage();
  const due = missing[0]?.due;
  const [text, setText] = useState(texts.remindText(due === undefined ? "" : dueTime(due)));
  const send = async () => {
    const users = missing.map(({ user }) => user);
    chat.actions.remind(room, users, text.trim());
    notify(texts.reminded(users.length));
  };
  return (
    <FormDialog
      title={texts.remind(missing.length)}
      action={texts.send}
      onSubmit={send}
      onClose={onClose}
    >
      <p className="hint">{texts.remindExplained}</p>
      <Field id="remind" label={texts.message} value={text} onChange={setText} isRequired isFirst />
    </FormDialog>
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
    ...(left ? [texts.hasLeft] : []),
  ];
  return (
    <span className="list-note">
      {state === undefined ? null : (
        <>
          <span className={`work-state is-${state}`}>{texts.handedBy(state)}</span>{" "}
        </>
      )}
      {facts.join(" · ")}
    </span>
  );
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
