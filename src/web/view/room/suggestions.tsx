import { cleanText } from "../../../base/text.ts";
import { knownNames } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import type { AllTexts } from "../../../ui/messages/en/parts.ts";
import type { Completion, CompletionSource } from "../../input/completion.ts";
import { SLASH } from "../../input/slash.ts";
import { usePage } from "../shell/context.tsx";

export function suggestionSource(
  model: Model,
  commands: readonly string[],
  emoji: CompletionSource["emoji"],
): CompletionSource {
  const rooms = [...model.rooms.values()].filter(({ kind }) => kind === "room");
  return { names: knownNames(model), rooms: rooms.map(({ name }) => name), commands, emoji };
}

export interface SuggestionsProps {
  readonly completion: Completion;
  readonly at: number;
  readonly onChoose: (choice: string) => void;
}

/** The composer handles the keys: the focus stays in its field. */
export function Suggestions({ completion, at, onChoose }: SuggestionsProps) {
  const { lazy, texts } = usePage();
  // What a command does comes with the parts: until then its name has to do.
  const known: Partial<AllTexts> = { ...lazy.parts?.texts, ...texts };
  const summaryOf = (choice: string) => {
    const row = completion.kind === "command" ? SLASH.get(choice.slice(1)) : undefined;
    return row === undefined ? undefined : { usage: row.usage, text: known[row.summary] };
  };
  return (
    <div className="suggestions" id="suggestions" role="listbox" aria-label={texts.suggestions}>
      {completion.choices.map((choice, i) => {
        const summary = summaryOf(choice);
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
              event.preventDefault(); // The focus stays in the field.
              onChoose(choice);
            }}
          >
            {summary === undefined ? cleanText(choice) : summary.usage}{" "}
            <span className="room-note">{label ?? summary?.text}</span>
          </div>
        );
      })}
    </div>
  );
}
