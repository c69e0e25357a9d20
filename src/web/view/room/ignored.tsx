/** Dialog that lists ignored users. */

import { compareNames } from "../../../base/names.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { Button } from "../shell/button.tsx";
import { FaultLine, useModelValue, usePage, useTask } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { useNames } from "./person.tsx";

export function IgnoredDialog({ onClose }: { readonly onClose: () => void }) {
  const { texts, chat } = usePage();
  const task = useTask();
  const ignored = useModelValue((model) => model.ignored);
  const shownNames = useNames();
  const people = [...ignored]
    .map((user) => ({ user, name: personText(shownNames, user) }))
    .sort((a, b) => compareNames(a.name, b.name));
  return (
    <Dialog title={texts.ignoredList} onClose={onClose} className="dialog-small">
      {people.length === 0 ? <p className="hint">{texts.ignoredNone}</p> : null}
      <ul className="plain-list">
        {people.map(({ user, name }) => (
          <li key={user} className="device">
            <strong dir="auto">{name}</strong>
            <Button
              variant="small"
              aria-label={texts.unignoreOf(name)}
              onClick={() => task.run(() => chat.actions.ignore(user, false))}
            >
              {texts.unignore}
            </Button>
          </li>
        ))}
      </ul>
      <FaultLine fault={task.fault} />
    </Dialog>
  );
}
