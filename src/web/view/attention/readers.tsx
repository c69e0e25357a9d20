/** Read receipts: the readers of the user's last message, and the dialog for the setting. */

import { useState } from "react";
import type { RoomState } from "../../../core/model/state.ts";
import { briefNames, personText, withMore } from "../../../ui/text/person-text.ts";
import { useNames, useShownName } from "../room/person.tsx";
import {
  type CloseProps,
  FaultLine,
  useModelValue,
  useOnline,
  usePage,
  useTask,
} from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { Check } from "../shell/form.tsx";
import { usePolled } from "../shell/polling.ts";

const POLL_INTERVAL_MS = 5_000;

export function ReadersLine({ seq }: { readonly seq: number }) {
  const { texts, chat } = usePage();
  const [isOpen, setOpen] = useState(false);
  const [hasEveryoneRead, setEveryoneRead] = useState(false);
  const isOnline = useOnline();
  const shownNames = useNames();
  const fetchReaders = async () => {
    const answer = await chat.request("readers", { seq });
    setEveryoneRead(answer.readers >= answer.of);
    return answer;
  };
  const { value } = usePolled(fetchReaders, isOnline && !hasEveryoneRead, POLL_INTERVAL_MS);
  if (value === undefined) return null;
  const { readers, users } = value;
  if (readers === 0) return <span className="mark">{texts.readByNone}</span>;
  const names = users.map((name) => personText(shownNames, name));
  return (
    <>
      <button
        type="button"
        className="readers-button"
        aria-expanded={isOpen}
        title={briefNames(users, shownNames, texts, readers)}
        onClick={() => setOpen(!isOpen)}
      >
        {texts.readBy(readers)}
      </button>
      {isOpen ? <span className="mark">{`: ${withMore(names, readers, texts)}`}</span> : null}
    </>
  );
}

export function ReceiptsDialog({
  room: { id, kind, name: user, target },
  onClose,
}: CloseProps & { readonly room: RoomState }) {
  const { texts, chat } = usePage();
  const task = useTask();
  const isPerson = kind === "person";
  const name = useShownName(user);
  const isOn = useModelValue(({ rooms }) => {
    const room = rooms.get(id);
    return (isPerson ? room?.receiptsWanted : room?.receipts) === true;
  });
  const areBothOn = useModelValue(({ rooms }) => rooms.get(id)?.receipts === true);
  const setEnabled = (on: boolean) => task.run(() => chat.request("receipts", { target, on }));
  return (
    <Dialog title={texts.receipts} onClose={onClose}>
      <p>{isPerson ? texts.receiptsOfTwo(name) : texts.receiptsExplained}</p>
      <Check
        label={isPerson ? texts.receiptsMine : texts.receiptsHere}
        isOn={isOn}
        onChange={setEnabled}
      />
      {isPerson && isOn && !areBothOn ? <p className="hint">{texts.receiptsWait(name)}</p> : null}
      <FaultLine fault={task.fault} />
    </Dialog>
  );
}
