/** Questions of people and their answers, which a field finds by any words. */

import { Fragment, useState } from "react";
import { HELP_ASK_EN, HELP_EN } from "../../../ui/help/en.ts";
import { findAnswers, type HelpEntry, type HelpTexts } from "../../../ui/help/help.ts";
import { HELP_ASK_ID, HELP_ID } from "../../../ui/help/id.ts";
import { Announced } from "./announced.tsx";
import { usePage } from "./context.tsx";

/** Code and labels in an answer. */
const MARKED = /(`[^`]+`|\*\*[^*]+\*\*)/;

export function AnswerText({ text }: { readonly text: string }) {
  return (
    <p>
      {text.split(MARKED).map((part, i) => {
        const Tag = part.startsWith("`") ? "code" : part.startsWith("**") ? "b" : Fragment;
        // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
        return <Tag key={i}>{part.replace(/^(?:`|\*\*)|(?:`|\*\*)$/g, "")}</Tag>;
      })}
    </p>
  );
}

function Questions({ entries }: { readonly entries: readonly HelpEntry[] }) {
  return entries.map(({ question, answer }) => (
    <details key={question} className="question" name="question">
      <summary>{question}</summary>
      <AnswerText text={answer} />
    </details>
  ));
}

export function HelpQuestions() {
  const { texts } = usePage();
  const [query, setQuery] = useState("");
  const isIndonesian = texts.lang === "id";
  const help: HelpTexts = isIndonesian ? HELP_ID : HELP_EN;
  const ask = isIndonesian ? HELP_ASK_ID : HELP_ASK_EN;
  const found = findAnswers(help, query);
  const { write, ...others } = help;
  return (
    <>
      <input
        type="search"
        className="help-field"
        aria-label={ask}
        placeholder={ask}
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
      {query.trim() === "" ? (
        <>
          <Questions entries={Object.values(write.entries)} />
          {Object.values(others).map(({ title, entries }) => (
            <details key={title} className="help-part">
              <summary>{title}</summary>
              <Questions entries={Object.values<HelpEntry>(entries)} />
            </details>
          ))}
        </>
      ) : (
        <>
          <Announced kind="result" className="hint">
            {found.length === 0 ? texts.noMatches : ""}
          </Announced>
          <Questions entries={found} />
        </>
      )}
    </>
  );
}
