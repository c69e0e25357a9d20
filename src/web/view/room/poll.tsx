/** Polls in the timeline, and the dialog that starts one. */

import { type CSSProperties, useEffect, useRef, useState } from "react";
import { POLL_OPTIONS_MAX } from "../../../base/limits.ts";
import { formatDuration } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../base/time.ts";
import { findItem, rightsIn } from "../../../core/model/selectors.ts";
import type { Item, PollView, RoomState } from "../../../core/model/state.ts";
import { POLL_HIDES, type PollHide } from "../../../core/rooms/polls.ts";
import { briefNames, personText } from "../../../ui/text/person-text.ts";
import { PEOPLE_NAMED_MAX, pollCounts, pollNote } from "../../../ui/text/poll-text.ts";
import { useAnnounce } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { type CloseProps, type PageValue, useModelValue, usePage } from "../shell/context.tsx";
import { Dialog, FormDialog } from "../shell/dialog.tsx";
import { Check, Field, SelectField } from "../shell/form.tsx";
import { type MenuItem, menuItem } from "../shell/menu.tsx";
import { FACES_MAX, Faces, useNames } from "./person.tsx";
import { RichText } from "./rich-text.tsx";

interface PollProps {
  readonly item: Item;
  readonly poll: PollView;
  readonly mayVote: boolean;
}

export function Poll({ item, poll, mayVote }: PollProps) {
  const { texts, times, chat, fail } = usePage();
  const names = useNames();
  const announce = useAnnounce();
  /** Until the vote arrives; in an anonymous poll longer, because its votes carry no name. */
  const [chosen, setChosen] = useState<readonly number[]>();
  const { question, options, many, anonymous, isClosed } = poll;
  const mine = options.flatMap(({ isMine }, index) => (isMine ? [index + 1] : []));
  const selected = chosen ?? mine;
  const arrived = mine.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a vote ends the choice
  useEffect(() => setChosen(undefined), [arrived]);
  const wasClosed = useRef(isClosed && !poll.isHidden);
  useEffect(() => {
    // The votes may arrive shortly after the end.
    const hasResults = isClosed && !poll.isHidden;
    if (hasResults && !wasClosed.current)
      announce("notice", texts.pollResult(cleanText(question), pollCounts(poll)));
    wasClosed.current = hasResults;
  }, [isClosed, question, poll, texts, announce]);
  // A hidden vote is not marked after a reload.
  const isCast = selected.length > 0 || (chosen === undefined && poll.hasVoted);
  const mayWithdraw = isCast && !isClosed && mayVote;
  const voters = Math.max(1, poll.voters);
  const vote = (choices: readonly number[]) => {
    setChosen(choices);
    chat.actions.vote(item.seq, choices).then(
      () => announce("result", choices.length > 0 ? texts.voteCounted : texts.voteWithdrawn),
      (error: unknown) => {
        setChosen(undefined);
        fail(error);
      },
    );
  };
  const toggle = (number: number, isOn: boolean) => {
    const others = many ? selected.filter((one) => one !== number) : [];
    vote(isOn ? [...others, number].sort((a, b) => a - b) : others);
  };
  return (
    <fieldset className="poll" disabled={isClosed || !mayVote}>
      <legend>
        <RichText text={question} mentions={item.mentions} />
      </legend>
      {options.map(({ option, count, by }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a foreign client can repeat an option
        <label key={index} className="poll-option">
          <input
            type={many ? "checkbox" : "radio"}
            name={`poll-${item.seq}`}
            checked={selected.includes(index + 1)}
            onChange={({ target }) => toggle(index + 1, target.checked)}
          />
          <span className="poll-text" dir="auto">
            {cleanText(option)}
          </span>
          {anonymous || count === undefined || count === 0 ? null : (
            <span className="poll-voters" title={briefNames(by, names, texts)}>
              <Faces names={by.slice(0, FACES_MAX)} />
              {count > FACES_MAX ? (
                <span aria-hidden="true">{` +${count - FACES_MAX}`}</span>
              ) : null}
              <span className="sr-only" dir="auto">
                {briefNames(by, names, texts)}
              </span>
            </span>
          )}
          {count === undefined ? null : <span className="poll-count">{count}</span>}
          <span
            className="poll-bar"
            style={{ "--part": `${(100 * (count ?? 0)) / voters}%` } as CSSProperties}
          />
        </label>
      ))}
      <p className="mark">
        {pollNote(poll, texts, times)}
        {!mayWithdraw ? null : (
          <Button variant="small quiet" onClick={() => vote([])}>
            {texts.withdrawVote}
          </Button>
        )}
      </p>
    </fieldset>
  );
}

interface PeopleGroup {
  readonly title: string;
  readonly people: readonly string[];
}

/** Lists people of whom a message names only the first. */
function PeopleGroups({ groups }: { readonly groups: readonly PeopleGroup[] }) {
  const { texts } = usePage();
  const names = useNames();
  return groups.map(({ title, people }, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a foreign client can repeat an option
    <section key={index}>
      <h3 dir="auto">{title}</h3>
      <ul className="plain-list">
        {people.slice(0, PEOPLE_NAMED_MAX).map((user) => (
          <li key={user} dir="auto">
            {personText(names, user)}
          </li>
        ))}
      </ul>
      {people.length <= PEOPLE_NAMED_MAX ? null : (
        <p className="hint">{texts.andMore(people.length - PEOPLE_NAMED_MAX)}</p>
      )}
    </section>
  ));
}

type OfMessage = CloseProps & { readonly seq: number };

export function VotersDialog({ seq, onClose }: OfMessage) {
  const { texts } = usePage();
  const poll = useModelValue((model) => findItem(model, seq)?.poll);
  const groups = poll?.options.map(({ option, count, by }) => {
    return { title: [cleanText(option), count].join(" · "), people: by };
  });
  return (
    <Dialog title={texts.showVotes} onClose={onClose}>
      {groups === undefined ? <p>{texts.messageNotFound}</p> : <PeopleGroups groups={groups} />}
    </Dialog>
  );
}

export function ReactionsDialog({ seq, onClose }: OfMessage) {
  const { texts } = usePage();
  const reactions = useModelValue((model) => findItem(model, seq)?.reactions);
  const groups = reactions?.map(({ sign, by }) => {
    return { title: `${cleanText(sign)} ${by.length}`, people: by };
  });
  return (
    <Dialog title={texts.showReactions} onClose={onClose}>
      {groups === undefined ? <p>{texts.messageNotFound}</p> : <PeopleGroups groups={groups} />}
    </Dialog>
  );
}

const SPANS_MS = [0, 10 * MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS];

function PollDialog({ target, onClose }: CloseProps & { readonly target: string }) {
  const { texts, chat } = usePage();
  const names = { vote: texts.pollResultsVoted, end: texts.pollResultsEnd };
  const [question, setQuestion] = useState("");
  const [options, setOptions] = useState<readonly string[]>(["", ""]);
  const [many, setMany] = useState(false);
  const [anonymous, setAnonymous] = useState(false);
  const [spanMs, setSpanMs] = useState(0);
  const [chosenHide, setHide] = useState<PollHide | "">("");
  // An anonymous vote is unknown to its user's device, too.
  const hides = POLL_HIDES.filter((hide) => !anonymous || hide !== "vote");
  const hide = hides.find((one) => one === chosenHide);
  const change = (index: number, value: string) => {
    const changed = options.with(index, value);
    const isFull = changed.at(-1) !== "" && changed.length < POLL_OPTIONS_MAX;
    setOptions(isFull ? [...changed, ""] : changed);
  };
  const start = () => {
    const lines = options.map((option) => option.trim()).filter((option) => option !== "");
    const until = spanMs === 0 ? undefined : Date.now() + spanMs;
    return chat.actions.startPoll(target, question.trim(), lines, {
      many: many || undefined,
      anonymous: anonymous || undefined,
      until,
      hide,
    });
  };
  return (
    <FormDialog title={texts.pollTitle} action={texts.startPoll} onSubmit={start} onClose={onClose}>
      <Field
        id="poll-question"
        label={texts.pollQuestion}
        value={question}
        onChange={setQuestion}
        isRequired
        isFirst
      />
      {options.map((option, index) => (
        <Field
          // biome-ignore lint/suspicious/noArrayIndexKey: options have no other identity
          key={index}
          id={`poll-option-${index}`}
          label={texts.pollOption(index + 1)}
          value={option}
          onChange={(value) => change(index, value)}
          isRequired={index < 2}
        />
      ))}
      <SelectField
        id="poll-end"
        label={texts.pollEnd}
        value={spanMs}
        options={SPANS_MS.map((ms) => [
          ms,
          ms === 0 ? texts.pollNoEnd : texts.span(formatDuration(ms)),
        ])}
        onChange={setSpanMs}
      />
      <SelectField
        id="poll-results"
        label={texts.pollResults}
        value={hide ?? ""}
        options={[["", texts.pollResultsNow], ...hides.map((one) => [one, names[one]] as const)]}
        onChange={setHide}
      />
      {hide === undefined ? null : <p className="hint">{texts.pollResultsExplained}</p>}
      <Check label={texts.pollAllowMany} isOn={many} onChange={setMany} />
      <Check label={texts.pollHideNames} isOn={anonymous} onChange={setAnonymous} />
    </FormDialog>
  );
}

/** Menu item that starts a poll, where the user may. */
export function pollItem({ texts, chat, openDialog }: PageValue, room: RoomState): MenuItem[] {
  if (room.isSealed || !rightsIn(chat.model, room, Date.now()).mayPost) return [];
  const { target } = room;
  return [menuItem(texts.newPoll, () => openDialog(PollDialog, { target }), "poll")];
}
