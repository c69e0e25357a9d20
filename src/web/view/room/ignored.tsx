/** Dialog that lists ignored users. */

import { cleanText } from "../../../base/text.ts";
import { Button } from "../shell/button.tsx";
import { FaultLine, useModelValue, usePage, useTask } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";

export function IgnoredDialog({ onClose }: { readonly onClose: () => void }) {
  const { texts, chat } = usePage();
  const task = useTask();
  const ignored = useModelValue((model) => model.ignored);
  const names = [...ignored].sort();
  return (
    <Dialog title={texts.ignoredList} onClose={onClose} className="dialog-small">
      {names.length === 0 ? <p className="hint">{texts.ignoredNone}</p> : null}
      <ul className="plain-list">
        {names.map((name) => (
          <li key={name} className="device">
            <strong dir="auto">{cleanText(name)}</strong>
            <Button
              variant="small"
              aria-label={texts.unignoreOf(cleanText(name))}
              onClick={() => task.run(() => chat.actions.ignore(name, false))}
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
