/** Help, a place of its own: questions with their answers, keys, and what experts use. */

import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { usageFor } from "../../../ui/command.ts";
import { COMMANDS, helpTopics } from "../../../ui/commands.ts";
import {
  findAnswers,
  type HelpAnswer,
  type HelpPart,
  helpEntries,
  helpEntriesOf,
} from "../../../ui/help/help.ts";
import { type HelpTab, type HelpView, helpAddress, helpOf } from "../../input/help-view.ts";
import { rove } from "../../input/keys.ts";
import { commandSummary } from "../../input/slash.ts";
import { ProgramOffer } from "../login/program-offer.tsx";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { isTouch, useLayer, useNarrow, usePage } from "../shell/context.tsx";
import { Icon, IconButton } from "../shell/icons.tsx";
import { HelpAnswerView } from "./answer.tsx";
import helpSheet from "./help.css" with { type: "file" };
import { type LeadContext, questionIcon } from "./leads.ts";
import { useHelpTexts } from "./texts.ts";

export { helpSheet };

export interface HelpPlaceProps extends Pick<LeadContext, "onOpen" | "setPlace"> {
  readonly view: HelpView;
}

const TABS: readonly HelpTab[] = ["questions", "keys", "experts"];

export function HelpPlace({ view, onOpen, setPlace }: HelpPlaceProps) {
  const page = usePage();
  const { texts } = page;
  const help = helpOf(page);
  const { own } = useHelpTexts();
  const isNarrow = useNarrow();
  const [query, setQuery] = useState("");
  useLayer(help.close, true, { isCover: true, address: helpAddress(view) });
  const { tab } = view;
  const tabs = TABS.filter((one) => one !== "keys" || !isTouch() || tab === "keys");
  const main = useRef<HTMLElement>(null);
  // A touch keyboard would hide the questions.
  useEffect(() => {
    const first = isTouch() ? null : main.current?.querySelector<HTMLElement>("input");
    (first ?? main.current)?.focus();
  }, []);
  return (
    <main
      ref={main}
      className="main help-place"
      id="messages"
      tabIndex={-1}
      aria-label={texts.help}
    >
      <div className="board">
        <header className="room-head">
          {isNarrow ? (
            <IconButton icon="back" label={own.back} onPress={help.close} />
          ) : (
            <span className="tile tile-board" aria-hidden="true">
              <Icon name="help" />
            </span>
          )}
          <div className="room-title">
            <h1>{texts.help}</h1>
            {isNarrow ? null : <div className="topic">{own.about}</div>}
          </div>
          {isNarrow ? null : <IconButton icon="close" label={texts.close} onPress={help.close} />}
        </header>
        {isNarrow && tab === "questions" ? (
          <div className="place-bar">
            <QuestionField query={query} setQuery={setQuery} />
          </div>
        ) : null}
        <nav className="place-bar" aria-label={texts.help}>
          <div className="filters">
            {tabs.map((one) => (
              <button
                key={one}
                type="button"
                className="filter"
                aria-pressed={one === tab}
                onClick={() => help.open({ tab: one })}
              >
                {own.tabs[one]}
              </button>
            ))}
          </div>
        </nav>
      </div>
      <div className="sheet">
        {tab === "questions" ? (
          <Questions
            chosen={view.question}
            query={query}
            setQuery={setQuery}
            onOpen={onOpen}
            setPlace={setPlace}
          />
        ) : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled by keys
          <section className="help-page" aria-label={own.tabs[tab]} tabIndex={0}>
            {tab === "keys" ? <Keys /> : <Experts key={view.topic} input={view.topic} />}
          </section>
        )}
      </div>
    </main>
  );
}

interface FieldProps {
  readonly query: string;
  readonly setQuery: (query: string) => void;
}

function QuestionField({ query, setQuery }: FieldProps) {
  const { ask } = useHelpTexts();
  return (
    <span className="help-field">
      <Icon name="search" />
      <input
        type="search"
        aria-label={ask}
        placeholder={ask}
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
    </span>
  );
}

interface QuestionsProps extends FieldProps, Omit<HelpPlaceProps, "view"> {
  /** Name of a question; empty or unknown for the first. */
  readonly chosen: string;
}

/** Parts behind the first, which everybody asks. */
const OTHER_PARTS: readonly HelpPart[] = ["teach", "run", "terminal"];

/** The questions beside the answer; on a phone, the answer below its question. */
function Questions(props: QuestionsProps) {
  const { chosen, query } = props;
  const help = helpOf(usePage());
  const { own, questions } = useHelpTexts();
  const isNarrow = useNarrow();
  const list = useRef<HTMLElement>(null);
  const found = query.trim() === "" ? undefined : findAnswers(questions, query);
  const listed = found ?? helpEntriesOf(questions, "write");
  const named = helpEntries(questions).find(({ id }) => id === chosen);
  const isListed = found?.some(({ id }) => id === named?.id) ?? true;
  const first = isNarrow && found === undefined ? undefined : listed[0];
  const shown = named !== undefined && isListed ? named : first;
  const toggle = (id: string) => help.open({ question: isNarrow && shown?.id === id ? "" : id });
  const onKeyDown = (event: KeyboardEvent) => {
    const buttons = [...(list.current?.querySelectorAll<HTMLElement>(".question, summary") ?? [])];
    const at = buttons.indexOf(event.target as HTMLElement);
    const next = buttons[rove(event.key, at, buttons.length) ?? -1];
    if (next === undefined || (event.target as HTMLElement).matches("input")) return;
    event.preventDefault();
    next.focus();
  };
  const rows = (entries: readonly HelpAnswer[]) =>
    entries.map((entry) => (
      <QuestionRow
        key={entry.id}
        {...props}
        entry={entry}
        isChosen={entry.id === shown?.id}
        onToggle={() => toggle(entry.id)}
      />
    ));
  return (
    <div className="help-columns">
      <nav ref={list} className="help-list" aria-label={own.tabs.questions} onKeyDown={onKeyDown}>
        {isNarrow ? null : <QuestionField {...props} />}
        {rows(listed)}
        {found === undefined
          ? OTHER_PARTS.map((part) => (
              <details key={part} className="help-part" open={shown?.part === part || undefined}>
                <summary>{questions[part].title}</summary>
                {rows(helpEntriesOf(questions, part))}
              </details>
            ))
          : null}
        {found === undefined ? null : (
          <Announced kind="result" className="help-none">
            {found.length === 0 ? `${own.none(query.trim())}. ${own.noneHint}` : ""}
          </Announced>
        )}
      </nav>
      {isNarrow || shown === undefined ? null : (
        <article className="help-answer" aria-label={shown.question}>
          <h2>{shown.question}</h2>
          <HelpAnswerView key={shown.id} entry={shown} {...props} onQuestion={toggle} />
        </article>
      )}
    </div>
  );
}

interface QuestionRowProps extends Omit<HelpPlaceProps, "view"> {
  readonly entry: HelpAnswer;
  readonly isChosen: boolean;
  readonly onToggle: () => void;
}

function QuestionRow({ entry, isChosen, onToggle, onOpen, setPlace }: QuestionRowProps) {
  const help = helpOf(usePage());
  const isNarrow = useNarrow();
  const row = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isChosen) row.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen]);
  const states = isNarrow ? { "aria-expanded": isChosen } : { "aria-current": isChosen };
  const button = (
    <button ref={row} type="button" className="question" {...states} onClick={onToggle}>
      <Icon name={questionIcon(entry.id)} />
      <span>{entry.question}</span>
      {isNarrow ? <Icon name="chevron" /> : null}
    </button>
  );
  if (!isNarrow) return button;
  return (
    <>
      <h2>{button}</h2>
      {isChosen ? (
        <HelpAnswerView
          entry={entry}
          onOpen={onOpen}
          setPlace={setPlace}
          onQuestion={(question) => help.open({ question })}
        />
      ) : null}
    </>
  );
}

function Keys() {
  const { texts } = usePage();
  const { own } = useHelpTexts();
  const keys: readonly (readonly [string, string])[] = [
    ["Ctrl+K", texts.keySwitcher],
    ["Ctrl+Shift+F", texts.keySearch],
    ["Ctrl+Enter", texts.keySend],
    ["Ctrl+Enter", own.keys.findSecond],
    ["F3", own.keys.walk],
    ["Ctrl+Z", own.keys.undo],
    ["Alt+↑ Alt+↓", texts.keyRooms],
    ["Alt+Shift+↑ Alt+Shift+↓", own.keys.unreadRooms],
    ["↑", texts.keyEdit],
    ["↑ ↓", texts.keyMessages],
    ["Home End", texts.keyEnds],
    ["/", texts.keyComposer],
    ["?", own.keys.help],
    ["Esc", texts.keyEscape],
  ];
  return (
    <dl className="help-facts">
      {keys.map(([key, text]) => (
        <div key={text}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

const ALL = "all";

function usageOf(name: string): string {
  const command = COMMANDS[name];
  return command === undefined ? "" : usageFor(command, "page");
}

/** @param input argument of `/help`: empty, `all` or a command */
function Experts({ input }: { readonly input: string }) {
  const { texts } = usePage();
  const [topic, setTopic] = useState(input);
  const names = Object.keys(COMMANDS);
  const topics = helpTopics(topic, names) ?? names;
  return (
    <>
      <h2>{texts.commands}</h2>
      <dl className="help-facts">
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
    </>
  );
}
