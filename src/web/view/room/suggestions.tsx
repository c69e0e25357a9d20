/** The list of completions above the composer. */

import { cleanText } from "../../../base/text.ts";
import { knownNames } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { usageFor } from "../../../ui/command.ts";
import { COMMANDS } from "../../../ui/commands.ts";
import type { Completion, CompletionSource } from "../../input/completion.ts";
import { commandSummary } from "../../input/slash.ts";
import { useTexts } from "../shell/context.tsx";
import { Avatar, Marks, usePerson } from "./person.tsx";

export function suggestionSource(
  model: Model,
  commands: readonly string[],
  emoji: CompletionSource["emoji"],
): CompletionSource {
  const rooms = [...model.rooms.values()].filter(({ kind }) => kind === "room");
  return { names: knownNames(model), rooms: rooms.map(({ name }) => name), commands, emoji };
}

function SuggestedName({ name }: { readonly name: string }) {
  const person = usePerson(name);
  return (
    <>
      <Avatar name={name} user={name} tint={person.tint} />@{name} <Marks person={person} />
    </>
  );
}

export interface SuggestionsProps {
  readonly completion: Completion;
  readonly at: number;
  readonly onChoose: (choice: string) => void;
}

export function Suggestions({ completion, at, onChoose }: SuggestionsProps) {
  const texts = useTexts();
  return (
    <div className="suggestions" id="suggestions" role="listbox" aria-label={texts.suggestions}>
      {completion.choices.map((choice, i) => {
        const name = choice.slice(1);
        const command = completion.kind === "command" ? COMMANDS[name] : undefined;
        const label = completion.labels?.[i];
        return (
          <div
            key={`${choice} ${label}`}
            id={`suggestion-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === at}
            className={i === at ? "option is-at" : "option"}
            onPointerDown={(event) => {
              event.preventDefault();
              onChoose(choice);
            }}
          >
            {completion.kind === "name" ? (
              <SuggestedName name={cleanText(name)} />
            ) : command === undefined ? (
              cleanText(choice)
            ) : (
              usageFor(command, "page")
            )}{" "}
            <span className="room-note">{label ?? (command && commandSummary(name, texts))}</span>
          </div>
        );
      })}
    </div>
  );
}
