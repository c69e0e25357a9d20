/** Help dialog: commands, shortcuts and formatting. */

import { usageFor } from "../../../ui/command.ts";
import { COMMANDS } from "../../../ui/commands.ts";
import { commandSummary } from "../../input/slash.ts";
import { ProgramOffer } from "../login/program-offer.tsx";
import { usePage } from "./context.tsx";
import { Dialog } from "./dialog.tsx";

export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const { texts } = usePage();
  const keys: readonly (readonly [string, string])[] = [
    ["Ctrl+Enter", texts.keySend],
    ["/", texts.keyComposer],
    ["Ctrl+K", texts.keySwitcher],
    ["Ctrl+Shift+F", texts.keySearch],
    ["Alt+↑ Alt+↓", texts.keyRooms],
    ["↑", texts.keyEdit],
    ["↑ ↓", texts.keyMessages],
    ["Home End", texts.keyEnds],
    ["Esc", texts.keyEscape],
  ];
  return (
    <Dialog title={texts.help} onClose={onClose}>
      <dl className="help">
        {keys.map(([key, text]) => (
          <div key={text}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <h3>{texts.commands}</h3>
      <dl className="help">
        {Object.entries(COMMANDS).map(([name, command]) => (
          <div key={name}>
            <dt>
              <code>{usageFor(command, "page")}</code>
            </dt>
            <dd>{commandSummary(name, texts)}</dd>
          </div>
        ))}
      </dl>
      <ProgramOffer />
    </Dialog>
  );
}
