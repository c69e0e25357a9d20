/** Answer to a question: steps, a picture, the button that leads there, and a person to ask. */

import { Fragment, type ReactNode } from "react";
import {
  answerSentences,
  type HelpAnswer,
  type HelpId,
  relatedAnswers,
} from "../../../ui/help/help.ts";
import { firstName } from "../../../ui/text/event-text.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { helpOf } from "../../input/help-view.ts";
import { useFind } from "../finder/store.ts";
import { RoomTile } from "../room/tile.tsx";
import { Button } from "../shell/button.tsx";
import { useModel, usePage } from "../shell/context.tsx";
import { Icon } from "../shell/icons.tsx";
import { hasSteps, type LeadContext, leadOf, moderatorFor } from "./leads.ts";
import { useHelpTexts } from "./texts.ts";

/** Code and labels in an answer. */
const MARKED = /(`[^`]+`|\*\*[^*]+\*\*)/;

function MarkedText({ text }: { readonly text: string }) {
  return text.split(MARKED).map((part, i) => {
    const Tag = part.startsWith("`") ? "code" : part.startsWith("**") ? "b" : Fragment;
    // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
    return <Tag key={i}>{part.replace(/^(?:`|\*\*)|(?:`|\*\*)$/g, "")}</Tag>;
  });
}

/** The text of an answer, as steps if it has them. */
export function AnswerText({ entry }: { readonly entry: HelpAnswer }) {
  if (!hasSteps(entry.id)) {
    return (
      <p>
        <MarkedText text={entry.answer} />
      </p>
    );
  }
  return (
    <ol className="answer-steps">
      {answerSentences(entry).map((sentence) => (
        <li key={sentence}>
          <span>
            <MarkedText text={sentence} />
          </span>
        </li>
      ))}
    </ol>
  );
}

interface HelpAnswerProps extends Pick<LeadContext, "onOpen" | "setPlace"> {
  readonly entry: HelpAnswer;
  readonly onQuestion: (id: string) => void;
}

export function HelpAnswerView({ entry, onOpen, setPlace, onQuestion }: HelpAnswerProps) {
  const page = usePage();
  const model = useModel();
  const { own, questions } = useHelpTexts();
  const find = useFind();
  const { chat } = page;
  const lead = leadOf(entry.id, { page, onOpen, setPlace, find });
  const moderator = moderatorFor(model);
  const ask = (user: string) => {
    const target = `@${user}`;
    const { text: before = "" } = model.drafts.get(target) ?? {};
    if (before === "") chat.actions.setDraft(target, { text: entry.question });
    helpOf(page).close();
    onOpen(target);
  };
  const related = relatedAnswers(questions, entry);
  return (
    <div className="answer">
      <HelpPicture id={entry.id} />
      <AnswerText entry={entry} />
      <div className="answer-actions">
        {lead === undefined ? null : (
          <Button variant="main" onClick={lead.run}>
            {lead.label}
          </Button>
        )}
        {moderator === undefined ? null : (
          <Button onClick={() => ask(moderator)}>
            {own.ask(firstName(personText(model, moderator)))}
          </Button>
        )}
        {entry.guide === undefined ? null : (
          <a href={`/help/${entry.guide}`} target="_blank" rel="noopener">
            {own.more}
          </a>
        )}
      </div>
      {related.length === 0 ? null : (
        <section className="answer-related">
          <h3>{own.related}</h3>
          {related.map(({ id, question }) => (
            <button key={id} type="button" className="question" onClick={() => onQuestion(id)}>
              <span>{question}</span>
              <Icon name="next" />
            </button>
          ))}
        </section>
      )}
    </div>
  );
}

/** Parts of the page, which do nothing: they have the reader's theme, language and size. */
function HelpPicture({ id }: { readonly id: HelpId }) {
  const { texts } = usePage();
  const { own } = useHelpTexts();
  const { picture } = own;
  switch (id) {
    case "handIn":
      return (
        <Picture label={picture.handIn} isWork top={<Chip mark="3" text={texts.handedInMenu} />}>
          <Composer text={picture.work} mark="2" />
        </Picture>
      );
    case "hand":
      return (
        <Picture
          label={picture.hand}
          top={
            <span className="lesson-button">
              <Icon name="hand" />
              <span className="lesson-word">{texts.raiseHand}</span>
            </span>
          }
        />
      );
    case "media":
      return (
        <Picture label={picture.media}>
          <Composer text="" mark="1" />
        </Picture>
      );
    case "findAgain":
      return (
        <Picture
          label={picture.findAgain}
          top={
            <span className="find">
              <Icon name="search" />
              {picture.words}
            </span>
          }
        />
      );
    default:
      return null;
  }
}

interface PictureProps {
  readonly label: string;
  /** Whether the room is an assignment, which is the first step. */
  readonly isWork?: boolean;
  readonly top?: ReactNode;
  readonly children?: ReactNode;
}

function Picture({ label, isWork = false, top, children }: PictureProps) {
  const { own } = useHelpTexts();
  const { room: name } = own.picture;
  const line = { id: undefined, kind: "room", name, isSealed: false, isLocked: false } as const;
  return (
    <div className="help-picture board" inert role="img" aria-label={label}>
      <div className="help-picture-top">
        <span className="help-marked">
          <RoomTile line={{ ...line, post: isWork ? "private" : undefined }} />
          {isWork ? <span className="help-mark">1</span> : null}
        </span>
        <span className="room-name">{name}</span>
        {top}
      </div>
      {children === undefined ? null : <div className="help-picture-sheet">{children}</div>}
    </div>
  );
}

function Chip({ mark, text }: { readonly mark: string; readonly text: string }) {
  return (
    <span className="help-marked">
      <span className="work-state">
        <Icon name="check" />
        {text}
      </span>
      <span className="help-mark">{mark}</span>
    </span>
  );
}

function Composer({ text, mark }: { readonly text: string; readonly mark: string }) {
  return (
    <span className="help-composer">
      <Icon name="plus" />
      <span>{text}</span>
      <span className="help-marked">
        <Icon name={text === "" ? "mic" : "send"} />
        <span className="help-mark">{mark}</span>
      </span>
    </span>
  );
}
