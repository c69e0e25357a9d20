/** Help dialog: questions, shortcuts and commands. */

import { useState } from "react";
import { usageFor } from "../../../ui/command.ts";
import { COMMANDS, helpTopics } from "../../../ui/commands.ts";
import { commandSummary } from "../../input/slash.ts";
import { ProgramOffer } from "../login/program-offer.tsx";
import { Button } from "./button.tsx";
import { usePage } from "./context.tsx";
import { Dialog } from "./dialog.tsx";
import { LazyModule, useModule } from "./lazy.ts";

const questions = new LazyModule(() => import("./help-questions.tsx"));

const ALL = "all";

function usageOf(name: string): string {
  const command = COMMANDS[name];
  return command === undefined ? "" : usageFor(command, "page");
}

interface HelpDialogProps {
  readonly onClose: () => void;
  /** Argument of `/help`: empty, `all` or a command. */
  readonly input?: string;
}

export function HelpDialog({ onClose, input = "" }: HelpDialogProps) {
  const { texts } = usePage();
  const [topic, setTopic] = useState(input);
  const { HelpQuestions } = useModule(questions) ?? {};
  const names = Object.keys(COMMANDS);
  const topics = helpTopics(topic, names) ?? names;
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
      {HelpQuestions === undefined || input !== "" ? null : <HelpQuestions />}
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
        {topics.map((name) => (
          <div key={name}>
            <dt>
              <code>{usageOf(name)}</code>
            </dt>
            <dd>{commandSummary(name, texts)}</dd>
          </div>
        ))}
      </dl>
      {topics.length < names.length && (
        <Button onClick={() => setTopic(ALL)}>{texts.allCommands}</Button>
      )}
      <p>
        <a href="/help" target="_blank" rel="noopener">
          {texts.guides}
        </a>
      </p>
      <ProgramOffer />
    </Dialog>
  );
}
